"""A folder as a whole: documents, inventories, changes against a branch, packages, golden frames; one verdict."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from trivet.check.affected import affected
from trivet.check.approvals import Approved
from trivet.check.breaking import compare, judged
from trivet.check.folder import documents_of, files_in
from trivet.check.history import base_of, changed_since, version_at
from trivet.check.lint import graded, lint_sources
from trivet.check.source import EVENTS, INVENTORY, Source, read_source, source_of
from trivet.check.verdict import Verdict, ordered
from trivet.device.frames import SUFFIX, check_frames, frames_beside, load_frames
from trivet.device.library import adapter
from trivet.errors import AdapterError, DocumentError, Finding, Message, PackageError
from trivet.package.admit import admit
from trivet.package.archive import open_package
from trivet.package.trust import Trust

COMPARED = ("interface", "profile", "device")


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a check of a folder takes besides the folder.

    Attributes:
        against: Branch that documents are compared with; empty for none.
        level: Breaks of this level and of those after it count.
        today: The day on which approvals must still hold.
        approved: Approvals, or None.
        strict: Whether versions below 1.0 count too.
        trust: Whose packages are good.
        unsigned: Whether a package that nobody trusted has signed is good.
        development: Whether a developer's signature counts.
    """

    against: str
    level: str
    today: date
    approved: Approved | None = None
    strict: bool = False
    trust: Trust = field(default_factory=Trust)
    unsigned: bool = False
    development: bool = False


def check_folder(folder: Path, wishes: Wishes) -> Verdict:
    """The verdict over everything below a folder.

    Raises:
        DocumentError: It is no folder, or holds too many files.
    """
    files = files_in(folder)
    sources = documents_of(files) + [read_source(path) for path in files if _is_table(path)]
    packages = [path for path in files if path.suffix == ".trivet"]
    linted = lint_sources(sources)
    compared, breaks = _compared(folder, sources, packages, wishes)
    refused = list(_packages(packages, wishes))
    golden = {path for path in files if path.name.endswith(SUFFIX)}
    played = [found for source in sources if (found := _frames(source, golden)) is not None]
    wrong = [finding for found in played for finding in found]
    facts = {f"compared with {wishes.against}": compared} if compared else {}
    facts |= {"packages verified": len(packages) - len(refused)} if packages else {}
    facts |= {"files of golden frames": len(played)} if played else {}
    found = ordered([*linted.findings, *breaks, *refused, *graded(wrong)])
    names = [*linted.subjects, *(str(path) for path in packages), *map(str, sorted(golden))]
    return Verdict("check", found, names, linted.texts, facts)


def _is_table(path: Path) -> bool:
    """Inventories, and events where a home folder keeps them; other JSON lines are what runs write."""
    return path.name.endswith(INVENTORY) or (path.suffix == EVENTS and path.parent.name == "events")


def _compared(
    folder: Path, sources: Sequence[Source], packages: Sequence[Path], wishes: Wishes
) -> tuple[int, list[Finding]]:
    """How many documents changed since the branch, and what that breaks."""
    if not wishes.against:
        return 0, []
    try:
        commit = base_of(wishes.against, folder)
        changed = changed_since(commit, folder)
    except DocumentError as error:
        return 0, [
            Finding(
                "TRV-B094",
                str(folder),
                Message("not compared: {reason}", reason=Message.of(error.message)),
                error.hint,
                "note",
            )
        ]
    count, found = 0, list[Finding]()
    for source in sources:
        path = Path(source.where)
        if source.kind not in COMPARED or source.parsed is None or path.resolve() not in changed:
            continue
        before = version_at(commit, path, exact=True)
        if before is not None:
            count += 1
            found += _one(source_of(before, f"{wishes.against}:{source.where}"), source, sources, packages, wishes)
    present = {Path(source.where).resolve() for source in sources}
    gone = sorted(path for path in changed - present if path.suffix in (".yaml", ".yml") and not path.exists())
    return count, found + list(_removed(gone, commit, wishes))


def _one(
    old: Source, new: Source, sources: Sequence[Source], packages: Sequence[Path], wishes: Wishes
) -> Iterator[Finding]:
    if old.parsed is None or old.kind != new.kind:
        return
    comparison = compare(old, new)
    yield from judged(comparison, wishes.level, wishes.approved, wishes.today, strict=wishes.strict)
    yield from affected(comparison, sources, packages)


def _removed(paths: Iterable[Path], commit: str, wishes: Wishes) -> Iterator[Finding]:
    """Interfaces and profiles that are not there any more."""
    for path in paths:
        data = version_at(commit, path, exact=True) if path.parent.is_dir() else None
        old = source_of(data, str(path)) if data is not None else None
        if old is None or old.parsed is None or old.kind not in ("interface", "profile"):
            continue
        early = old.document.version.startswith("0.") and not wishes.strict
        message = Message(
            "{kind} `{id}` {version} was removed", kind=old.kind, id=old.document.id, version=old.document.version
        )
        hint = "keep it for those who name it, or move it with its id"
        yield Finding("TRV-B097", str(path), message, hint, "warning" if early else "error")


def _packages(paths: Sequence[Path], wishes: Wishes) -> Iterator[Finding]:
    """Packages that are not good."""
    for path in paths:
        try:
            admit(open_package(path), wishes.trust, wishes.unsigned, development=wishes.development)
        except PackageError as error:
            yield Finding(error.rule, str(path), error.message, error.hint)


def _frames(source: Source, golden: set[Path]) -> list[Finding] | None:
    """What a profile reads otherwise than the golden frames beside it; None when nothing could be compared."""
    path = frames_beside(source.where)
    if source.kind != "profile" or source.parsed is None or path not in golden:
        return None
    try:
        show = adapter(source.document.adapter).show
        if show is None:
            return None
        return check_frames(source.document, load_frames(path), show, str(path))
    except (AdapterError, DocumentError) as error:
        return [Finding(error.rule, str(path), error.message, error.hint)]
