"""Interfaces and packages in the forms that other tools speak: one module a format.

An interface is exported as a ``Subject``, a package as a ``Parcel``.

Whatever a document says is escaped for the form that it goes into: a name or label can
never end a comment, a string or an element.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from trivet.device.library import ResolvedDevice
from trivet.errors import DocumentError
from trivet.interface.document import Interface

if TYPE_CHECKING:
    from trivet.export.parcel import Parcel

FORMATS: Mapping[str, str] = {
    "json-schema": "JSON Schema 2020-12 of the lines that a run writes, and of a frame",
    "c": "C99 and C++ header with a fixed-width frame",
    "typescript": "TypeScript types of lines and frames",
    "openapi": "OpenAPI 3.1: what a receiver of lines must accept",
    "asyncapi": "AsyncAPI 3.0: lines as messages",
    "wot": "W3C WoT Thing Model; with a device, its Thing Description",
    "nodeset": "OPC UA NodeSet2 vendor extension",
    "arrow": "Apache Arrow schema of frames, with units",
    "markdown": "a page of text",
    "html": "a page that stands alone",
}
"""Format of an interface to what it gives."""

PACKAGES: Mapping[str, str] = {
    "triton": "Triton model repository",
    "mlflow": "MLflow model folder",
    "oip": "Open Inference Protocol (KServe v2) metadata",
    "aasx": "Asset Administration Shell with the submodels IDTA 02058, 02059 and 02060",
    "cyclonedx": "CycloneDX 1.6 ML-BOM",
    "spdx": "SPDX 3.0.1 with its AI and dataset profiles",
    "oci": "OCI image layout with ModelPack's types, signatures as referrers",
}
"""Format of a package to what it gives."""

PAGES = ("markdown", "html")
"""The formats that people read."""


class Subject(NamedTuple):
    """What is exported.

    Attributes:
        interface: The document.
        digest: SHA-256 of its canonical form, in lower-case hexadecimal.
        device: A device of this interface, for formats that say where its values are; or None.
        language: Of titles and labels, where it exists; else English.
    """

    interface: Interface
    digest: str
    device: ResolvedDevice | None = None
    language: str = "en"

    @property
    def stem(self) -> str:
        """Begins the file names."""
        return f"{self.interface.id}-{self.interface.version}"

    def label(self, labels: Mapping[str, str], name: str) -> str:
        """A text in the wanted language, else in English, else any, else the name itself."""
        return labels.get(self.language) or labels.get("en") or next(iter(labels.values()), name)


def export(subject: Subject | Parcel, form: str) -> Mapping[str, bytes]:
    """The files of one format, by name; names of a package's files may have folders.

    Raises:
        DocumentError: There is no such format, or the interface cannot be written in it.
    """
    known = FORMATS if isinstance(subject, Subject) else PACKAGES
    if form not in known:
        kind = "an interface" if known is FORMATS else "a package"
        raise DocumentError(f"there is no format {form!r} of {kind}", hint="use one of " + ", ".join(known))
    module = importlib.import_module(f"trivet.export.{form.replace('-', '_')}")
    files: Mapping[str, bytes] = module.files(subject)
    return files
