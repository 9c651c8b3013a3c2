"""Packages as OCI artifacts with ModelPack's types: in a registry, both ways, or as a layout in a folder."""

from __future__ import annotations

from trivet.export.oci import layout
from trivet.export.parcel import Parcel


def files(parcel: Parcel) -> dict[str, bytes]:
    """The layout."""
    return layout.files(parcel.package)
