"""Admission: what is checked before a package may judge anything.

Every start checks digests, signature and trust, and runs one golden vector. Before
that, the first sight of (package digest, trivet version, onnxruntime version, CPU)
walks the graph's operators and runs all golden vectors in a worker of bounded
memory and time, and leaves a record in the home folder.
"""

# Every start of a model waits for this module, and pathlib takes longer to import than all of it.
# ruff: noqa: PTH118, PTH123

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from trivet import __version__, canonical
from trivet.errors import DigestError, FormatError
from trivet.interface.document import Interface
from trivet.interface.load import load as load_document
from trivet.package.admit import Verified, admit
from trivet.package.archive import Package, open_package
from trivet.package.trust import home_name, load_trust
from trivet.runtime.golden import check_one
from trivet.runtime.model import Model
from trivet.runtime.session import VERSION

if TYPE_CHECKING:
    from pathlib import Path

    from trivet.package.standing import Kept

_AGAIN = "ask the maker for the package again"


def load(source: str | Path, **terms: Any) -> Model:
    """See ``Model.load``."""
    return load_verified(source, **terms)[0]


def load_verified(
    source: str | Path,
    *,
    keys: tuple[str | Path, ...] = (),
    unsigned: bool = False,
    home: str | Path | None = None,
    policy: str | Path | None = None,
    classes: tuple[str, ...] = (),
    development: bool = False,
    rollback: bool = False,
    remember: bool = False,
) -> tuple[Model, Package]:
    """As ``load``, with the package for whoever wants its golden vectors."""
    folder = home_name(home)
    trust = load_trust(folder, keys, policy)
    package = open_package(source)
    verified = admit(package, trust, unsigned, development=development, classes=classes, rollback=rollback)
    model = admitted(verified, os.path.join(folder, "admission"))
    if remember:
        from trivet.package import standing

        standing.remember(trust.revocation, verified)
    return model, verified.package


def admitted(verified: Verified, records: str) -> Model:
    """The model of a verified package, after the checks that this machine still owes it."""
    package = verified.package
    record = os.path.join(records, f"{canonical.digest(_circumstances(package))}.json")
    if not _known(record, package):
        from trivet.runtime.worker import judge_package

        judge_package(package.data)
        _write(record, _circumstances(package))
    model = make(package, verified.signer, verified.development, verified.lists)
    check_one(model, package)
    return model


def make(package: Package, signer: str | None, development: bool = False, lists: tuple[Kept, ...] = ()) -> Model:
    """The model of a package whose bytes are already trusted."""
    graph = bytes(package.members["model.onnx"])
    return Model(package.manifest, interface_of(package), graph, package.digest, signer, development, lists)


def interface_of(package: Package) -> Interface:
    """The package's own interface.

    Raises:
        DigestError: It is not the one that the manifest names.
        FormatError: It is not an interface document.
    """
    try:
        tree = json.loads(bytes(package.members["interface.json"]))
    except (KeyError, ValueError) as error:
        message = "the package has no readable interface"
        raise FormatError(message, where="interface.json", hint=_AGAIN, rule="TRV-R016") from error
    if canonical.sha256(package.members["interface.json"]) != package.manifest.interface.digest:
        raise DigestError(
            "the interface is not the one that the manifest names",
            where="interface.json",
            hint=_AGAIN,
            rule="TRV-R016",
        )
    return load_document(tree, Interface)


def _circumstances(package: Package) -> Mapping[str, Any]:
    versions = {"trivet": __version__, "onnxruntime": VERSION}
    return {"package": package.digest, **versions, "machine": platform.machine(), "cpu": cpu_model()}


_CPU_LINES = ("model name", "hardware")


def cpu_model() -> str:
    """The CPU model as the kernel names it, or the platform's own word."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as lines:
            names = (line.partition(":")[2].strip() for line in lines if line.lower().startswith(_CPU_LINES))
            return next(names, "") or platform.processor() or "unknown"
    except OSError:
        return platform.processor() or "unknown"


def _known(record: str, package: Package) -> bool:
    try:
        with open(record, "rb") as stream:
            written = json.loads(stream.read())
    except (OSError, ValueError):
        return False
    return bool(written == _circumstances(package))


def _write(record: str, content: Mapping[str, Any]) -> None:
    """Writes a record whole or not at all; a home folder that cannot be written only costs time."""
    import contextlib

    from trivet.package.whole import put

    with contextlib.suppress(OSError):
        os.makedirs(os.path.dirname(record), mode=0o700, exist_ok=True)  # noqa: PTH103, PTH120
        put(record, canonical.dumps(dict(content)))
