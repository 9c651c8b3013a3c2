"""From one line of a log back to what it came from: window, appliance, sources, package, signer, training data.

Each step says what was found, or what was looked for and where. Nothing is taken on trust from the line: documents
and packages count when their digest is the one that the line names, and a package is verified again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from time import time_ns
from typing import Any, NamedTuple

from trivet import canonical
from trivet.check.folder import documents_in, files_in, packages_in
from trivet.check.log import lines_of
from trivet.check.source import Source
from trivet.errors import DataError, FormatError, PackageError
from trivet.interface.digest import document_digest
from trivet.interface.library import shipped
from trivet.interface.text import compose
from trivet.package.admit import admit
from trivet.package.archive import Package, open_package
from trivet.package.provenance import Material, Provenance, read_provenance
from trivet.package.tree import parse
from trivet.package.trust import Trust
from trivet.pipeline.chain import KIND

FOUND, MISSING, DIFFERS = "found", "not found", "DIFFERS"

LARGEST_EXTRACT = 1 << 32
"""Most bytes of a file that is hashed to see whether it is an extract."""

Tree = Mapping[str, Any]


class Step(NamedTuple):
    """One step back.

    Attributes:
        name: Such as ``package``.
        verdict: ``found``, ``not found`` or ``DIFFERS``.
        facts: What is known.
        looked: Where was looked for what was not found.
    """

    name: str
    verdict: str
    facts: Tree
    looked: tuple[str, ...] = ()


class Place(NamedTuple):
    """A line and its neighbours.

    Attributes:
        where: ``FILE:NUMBER``, or ``-``.
        line: Its bytes, without newline.
        before: The line before, or None where there is none or it is not known.
        after: The line after, the same.
    """

    where: str
    line: bytes
    before: bytes | None = None
    after: bytes | None = None


class Search(NamedTuple):
    """Where things are looked for.

    Attributes:
        packages: Package files.
        folders: Folders with packages, documents and training extracts.
        trust: Whom this machine trusts.
        clock: The time [ns, UTC].
    """

    packages: tuple[Path, ...] = ()
    folders: tuple[Path, ...] = ()
    trust: Trust = Trust()
    clock: Callable[[], int] = time_ns

    @property
    def places(self) -> tuple[str, ...]:
        """For people."""
        return (*map(str, self.packages), *map(str, self.folders))


def place_of(path: Path, number: int | None) -> Place:
    """A line of a log by its number, or its last prediction.

    Raises:
        DataError: The log cannot be read, or has no such line.
    """
    found: Place | None = None
    before: bytes | None = None
    for count, raw in enumerate(lines_of(path), 1):
        line = raw.removesuffix(b"\n")
        if found is not None and found.line == before and found.after is None:
            found = found._replace(after=line)
            if number is not None:
                break
        if count == number or (number is None and b'"kind":"prediction"' in line):
            found = Place(f"{path}:{count}", line, before)
        before = line
    if found is None:
        what = "holds no prediction" if number is None else f"has no line {number}"
        raise DataError(what, where=str(path), hint="count from 1; an older file of the log may hold it")
    return found


def trace(place: Place, search: Search) -> list[Step]:
    """The steps back from a line.

    Raises:
        FormatError: The line is none that a run writes about a device.
        DocumentError: A folder cannot be read.
    """
    tree = parse(place.line, place.where, FormatError, "TRV-R031")
    if tree["kind"].text() == KIND:
        tree["kind"].fail("is a checkpoint, which is about no device", "name the line of a prediction or decision")
    line = tree.object()
    for key in ("time", "package", "interface", "device", "appliance"):
        tree[key].text(most=256)
    documents = [source for folder in search.folders for source in documents_in(folder)]
    package = _package(line, search)
    steps = [_line(place, line), _device(line, documents, search), *_sources(line, documents, search)]
    if package is None:
        looked = search.places or ("no package or folder was named: --package FILE, --in FOLDER",)
        return [*steps, Step("package", MISSING, {"digest": line["package"], "signer": line.get("signer")}, looked)]
    return [*steps, *_packaged(line, package, search), *_training(package, search)]


def _line(place: Place, line: Tree) -> Step:
    """What the line says, and whether its neighbours agree with it."""
    facts = {"where": place.where, "kind": line["kind"], "time": line["time"], "digest": canonical.sha256(place.line)}
    facts |= {key: line[key] for key in ("window", "outputs", "withheld", "rule", "state", "value") if key in line}
    facts["chain"], fits = _chained(place, line)
    return Step("line", FOUND if fits else DIFFERS, facts)


def _chained(place: Place, line: Tree) -> tuple[str, bool]:
    named, follower = line.get("previous"), None
    if place.before is not None and named != canonical.sha256(place.before):
        return "it does not follow the line before it; `trivet verify` the log", False
    if place.after is not None:
        try:
            follower = parse(place.after, "the line after", FormatError, "TRV-R031").object().get("previous")
        except PackageError:
            return "the line after it cannot be read; `trivet verify` the log", False
        if follower != canonical.sha256(place.line):
            return "the line after it names another one; `trivet verify` the log", False
    sides = [word for word, raw in (("before", place.before), ("after", place.after)) if raw is not None]
    return f"fits the lines {' and '.join(sides)} it" if sides else "its neighbours are not known", True


def _device(line: Tree, documents: Sequence[Source], search: Search) -> Step:
    facts = {key: line[key] for key in ("appliance", "site", "serial", "device") if line.get(key)}
    found = _by_digest(documents, "device", line["device"])
    if found:
        return Step("device", FOUND, {**facts, "document": found})
    return Step("device", MISSING, facts, _looked(search, f"{len(documents)} documents"))


def _sources(line: Tree, documents: Sequence[Source], search: Search) -> Iterator[Step]:
    """The endpoints, and the profiles that they were read by."""
    origins = line.get("origins")
    if not isinstance(origins, dict) or not origins:
        yield Step("sources", MISSING, {}, ("the line names no endpoints",))
        return
    for name, origin in origins.items():
        profile = origin.get("profile") if isinstance(origin, dict) else None
        if not isinstance(profile, dict):
            continue
        digest = str(profile.get("digest"))
        found = _by_digest(documents, "profile", digest) or _shipped(str(profile.get("id")), digest)
        facts = {"endpoint": str(name), "url": origin.get("url"), **{f"profile {k}": v for k, v in profile.items()}}
        facts |= {"session": origin["session"]} if isinstance(origin.get("session"), dict) else {}
        if found:
            yield Step("source", FOUND, {**facts, "document": found})
        else:
            yield Step("source", MISSING, facts, _looked(search, "the profiles that ship"))


def _package(line: Tree, search: Search) -> Package | None:
    """The package that the line names; others and those that cannot be read are passed over."""
    for path in (*search.packages, *(one for folder in search.folders for one in packages_in(folder))):
        try:
            package = open_package(path)
        except PackageError:
            continue
        if package.digest == line["package"]:
            return package
    return None


def _packaged(line: Tree, package: Package, search: Search) -> Iterator[Step]:
    """Package, signer and interface."""
    manifest = package.manifest
    facts = {"name": manifest.name, "version": manifest.version, "digest": package.digest, "window": manifest.window}
    yield Step("package", FOUND, facts)
    yield _signer(line, package, search)
    identity = manifest.interface
    agrees = identity.digest == line["interface"]
    yield Step(
        "interface",
        FOUND if agrees else DIFFERS,
        {"id": identity.id, "version": identity.version, "digest": identity.digest},
    )


def _signer(line: Tree, package: Package, search: Search) -> Step:
    """Who signed, as this machine sees it now."""
    facts: dict[str, Any] = {"line says": line.get("signer") or "nobody trusted (--unsigned)"}
    try:
        verified = admit(package, search.trust, development=True, rollback=True, clock=search.clock)
    except PackageError as error:
        facts["now"] = f"would not be admitted: {error}"
        return Step(
            "signer", DIFFERS if line.get("signer") else MISSING, facts, ("the trust store of the home folder",)
        )
    facts["verified"] = [one.name for one in verified.signers]
    times = [f"{one.signed_at:%Y-%m-%d %H:%M:%S} UTC" for one in verified.signers if one.signed_at]
    facts |= {"signed before": times} if times else {}
    same = line.get("signer") in (None, *facts["verified"])
    return Step("signer", FOUND if same else DIFFERS, facts)


def _training(package: Package, search: Search) -> Iterator[Step]:
    """Training, simulators and extracts, as the package's evidence has them."""
    try:
        told = read_provenance(package)
    except PackageError as error:
        yield Step("training", DIFFERS, {"now": str(error)})
        return
    if told is None:
        names = sorted(path for path in package.members if path.startswith("evidence/"))
        yield Step("training", MISSING, {"evidence": names}, ("evidence/provenance.json in the package",))
        return
    facts = {"builder": told.builder, **told.parameters, "tools": dict(told.tools)}
    times = {"started": told.started, "finished": told.finished}
    yield Step("training", FOUND, facts | {key: time for key, time in times.items() if time})
    for role in ("code", "simulator"):
        for one in told.of(role):
            yield Step(role, FOUND, {"name": one.name, "sha256": one.sha256, **one.facts})
    yield from _extracts(told, search)


def _extracts(told: Provenance, search: Search) -> Iterator[Step]:
    """The training data: what was simulated is not a file, what was recorded is looked for by its SHA-256."""
    recorded = [one for one in told.of("extract") if not one.simulated]
    files = dict(_hashed(search.folders, {one.sha256 for one in recorded})) if recorded else {}
    for one in told.of("extract"):
        facts = {"name": one.name, "sha256": one.sha256, **one.facts}
        if one.simulated:
            yield Step("training data", FOUND, facts | {"made by": _simulators(told)})
        elif one.sha256 in files:
            yield Step("training data", FOUND, facts | {"file": files[one.sha256]})
        else:
            yield Step("training data", MISSING, facts, _looked(search, "files by SHA-256"))


def _simulators(told: Provenance) -> str:
    def text(one: Material) -> str:
        return f"{one.name} {one.facts.get('version')}"

    return ", ".join(map(text, told.of("simulator")))


def _hashed(folders: Iterable[Path], wanted: set[str]) -> Iterator[tuple[str, str]]:
    from trivet.build.provenance import recording

    for folder in folders:
        for path in files_in(folder):
            if path.is_file() and path.stat().st_size <= LARGEST_EXTRACT:
                digest = recording("", path).sha256
                if digest in wanted:
                    yield digest, str(path)


def _by_digest(documents: Sequence[Source], kind: str, digest: str) -> str:
    """The file of a document, or empty."""
    same = (one for one in documents if one.kind == kind and one.parsed is not None)
    return next((one.where for one in same if document_digest(one.tree) == digest), "")


def _shipped(name: str, digest: str) -> str:
    """The name of a profile that ships with trivet, or empty."""
    file = shipped("profile").get(name)
    same = file is not None and document_digest(compose(file.read_bytes(), name).tree) == digest
    return f"{name}, which ships with trivet" if same else ""


def _looked(search: Search, what: str) -> tuple[str, ...]:
    folders = tuple(map(str, search.folders))
    return (what, *folders) if folders else (what, "no folder was named: --in FOLDER")
