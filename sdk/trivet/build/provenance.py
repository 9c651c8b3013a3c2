"""Where a model comes from, written down while it is trained: materials by SHA-256, seeds, tools, times.

::

    evidence["provenance"] = provenance(
        [
            extract("all_faults", {"values": recording.values, "levels": levels}, simulated=True, seed=101),
            sources("trivet_reference", "simulator", version=__version__),
            document("commercial-dishwasher", tree, version="0.9.1"),
        ],
        command="python -m trivet_reference.train",
        builder="urn:trivet:reference-models",
        seeds={"all_faults": 101},
        parameters={"machines": 600},
        tools=tools("numpy", "scikit-learn"),
    )

``seal`` makes the statement of it, whose subjects are the members. Leave times out, or take them from
``SOURCE_DATE_EPOCH``, and the same training gives the same bytes.
"""

from __future__ import annotations

import importlib.util
import platform
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from cryptography.hazmat.primitives.hashes import SHA256, Hash

from trivet import __version__, canonical
from trivet.errors import DataError
from trivet.package.provenance import BUILD_TYPE, MADE, MEMBER, Material, parse_provenance, statement

Array = np.ndarray[Any, Any]

CHUNK = 1 << 20


def provenance(
    materials: Iterable[Material],
    *,
    command: str,
    builder: str,
    seeds: Mapping[str, int],
    parameters: Mapping[str, Any] | None = None,
    tools: Mapping[str, str] | None = None,
    started: int | None = None,
    finished: int | None = None,
) -> dict[str, Any]:
    """The SLSA v1 predicate of one training, to be given as the evidence ``provenance``.

    Args:
        materials: What was learned from and by: every extract, the simulator, the interface, the code.
        command: What would do it again.
        builder: URI of who or what trained, such as ``urn:example:training``.
        seeds: Of every source of chance, by name.
        parameters: What else was chosen.
        tools: Name to version of the libraries that took part; see ``tools``.
        started: When it began [ns, UTC]; None leaves it out.
        finished: When it ended [ns, UTC].

    Raises:
        FormatError: There is no extract, a simulated one without a simulator, or a text or number out of bounds.
    """
    described = [one.descriptor for one in sorted(materials, key=lambda one: (one.role, one.name))]
    times = {key: _moment(time) for key, time in (("startedOn", started), ("finishedOn", finished)) if time is not None}
    predicate = {
        "buildDefinition": {
            "buildType": BUILD_TYPE,
            "externalParameters": {**(parameters or {}), "command": command, "seeds": dict(seeds)},
            "resolvedDependencies": described,
        },
        "runDetails": {
            "builder": {"id": builder, "version": {"trivet": __version__, **(tools or {})}},
            **({"metadata": times} if times else {}),
        },
    }
    parse_provenance(canonical.dumps(statement(predicate, {"model.onnx": "0" * 64})), MEMBER)
    return predicate


def sealed(predicate: Mapping[str, Any], members: Mapping[str, bytes]) -> bytes:
    """The member ``evidence/provenance.json`` of a package: the statement about what training made.

    Raises:
        FormatError: The predicate is not one of ``provenance``.
    """
    paths = {"model": "model.onnx", "features": "features.json", "interface": "interface.json"}
    subjects = {paths[role]: canonical.sha256(members[paths[role]]) for role in MADE}
    data = canonical.dumps(statement(predicate, subjects))
    parse_provenance(data, MEMBER)
    return data


def extract(name: str, arrays: Mapping[str, Array], **facts: Any) -> Material:
    """Arrays that were learned from, as a material; its digest is that of the file which ``keep`` writes.

    Args:
        name: Of the extract.
        arrays: Name to array of numbers, truth values or text of fixed width.
        facts: What else is known: ``simulated=True``, ``seed``, ``rows``, ``licence``.

    Raises:
        DataError: An array holds Python objects, which have no bytes of their own.
    """
    hashed = Hash(SHA256())
    for part in _parts(name, arrays):
        hashed.update(part)
    return Material(name, hashed.finalize().hex(), "extract", facts)


def keep(path: Path, name: str, arrays: Mapping[str, Array]) -> None:
    """Writes an extract to a file.

    Raises:
        DataError: It cannot be written, or an array holds Python objects.
    """
    try:
        with path.open("wb") as file:
            for part in _parts(name, arrays):
                file.write(part)
    except OSError as error:
        raise DataError(f"cannot be written ({error.strerror})", where=str(path), hint="check the folder") from error


def _parts(name: str, arrays: Mapping[str, Array]) -> Iterator[bytes]:
    """Each array in order of its name: canonical JSON of name, shape and type, then its values, little-endian."""
    for key in sorted(arrays):
        values = np.ascontiguousarray(arrays[key])
        if values.dtype.hasobject:
            raise DataError("holds Python objects", where=f"{name}: {key}", hint="give numbers or text of fixed width")
        values = values.astype(values.dtype.newbyteorder("<"), copy=False)
        yield canonical.dumps({"name": key, "shape": list(values.shape), "type": values.dtype.str})
        yield values.tobytes()


def recording(name: str, path: Path, **facts: Any) -> Material:
    """A file that was learned from, as a material.

    Raises:
        DataError: It cannot be read.
    """
    hashed = Hash(SHA256())
    try:
        with path.open("rb") as file:
            while part := file.read(CHUNK):
                hashed.update(part)
    except OSError as error:
        raise DataError(f"cannot be read ({error.strerror})", where=str(path), hint="check the path") from error
    return Material(name, hashed.finalize().hex(), "extract", facts)


def document(name: str, tree: Any, **facts: Any) -> Material:
    """The interface that a model is trained for, by its document digest."""
    return Material(name, canonical.digest(tree), "interface", facts)


def sources(module: str, role: str, **facts: Any) -> Material:
    """An installed Python package as a material: a simulator, or the code that trained.

    The digest is over the canonical JSON of path to SHA-256 of its ``.py`` files.

    Args:
        module: Name of the package, which is not imported for this; its parents are.
        role: ``simulator`` or ``code``.
        facts: ``version`` is needed for a simulator.

    Raises:
        DataError: There is no such package.
    """
    found = importlib.util.find_spec(module)
    folders = list(found.submodule_search_locations or ()) if found else []
    if not folders:
        raise DataError("is no Python package", where=module, hint="name the folder with its code as it is imported")
    folder = Path(folders[0])
    files = {path.relative_to(folder).as_posix(): canonical.sha256(path.read_bytes()) for path in folder.rglob("*.py")}
    return Material(module, canonical.digest(files), role, facts)


def tools(*libraries: str) -> dict[str, str]:
    """Versions of Python and of installed distributions, by their names.

    Raises:
        DataError: One is not installed.
    """
    found = {"python": platform.python_version()}
    for name in libraries:
        try:
            found[name] = version(name)
        except PackageNotFoundError as error:
            raise DataError("is not installed", where=name, hint="name a distribution as pip does") from error
    return found


def _moment(time: int) -> str:
    return datetime.fromtimestamp(time // 1_000_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
