"""Every document by itself and against the others: all findings at once, ordered by file and line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from trivet import __version__
from trivet.check.characters import check_characters
from trivet.check.labels import check_labels
from trivet.check.promises import check_promises
from trivet.check.quantities import check_quantities
from trivet.check.source import STDIN_NAME, Source, read_source
from trivet.check.verdict import Verdict, ordered
from trivet.errors import DocumentError, Finding, Message
from trivet.interface.check import check
from trivet.interface.findings import Findings
from trivet.interface.rules import rules


def lint(paths: Sequence[str | Path]) -> Verdict:
    """Reads files and checks them, each by itself and against the others.

    Raises:
        DocumentError: A file cannot be read at all.
    """
    return lint_sources([read_source(path) for path in paths])


def lint_sources(sources: Sequence[Source]) -> Verdict:
    """The verdict over documents that were read already."""
    own = [own_findings(source) for source in sources]
    broken = {source.where for source, found in zip(sources, own, strict=True) if _contradicts(found)}
    found = [finding for part in own for finding in part]
    if any(source.kind not in ("", "interface") for source in sources):
        # Only these look at other documents, and at adapters, which takes longer to import than an interface to check.
        from trivet.check.together import together

        found += together(sources, broken)
    found += _doubles(sources)
    names = [source.where for source in sources]
    return Verdict("lint", ordered(graded(found)), names, {source.where: source.text for source in sources})


def mend(paths: Sequence[str | Path]) -> list[tuple[str, int]]:
    """Does the safe repairs in files; the name and number of repairs of each file that was changed.

    Raises:
        DocumentError: A file cannot be read or written.
    """
    from trivet.check.fix import fixed

    done = []
    for path in paths:
        source = read_source(path)
        after, count = fixed(source, own_findings)
        if count and source.where != STDIN_NAME:
            _write(Path(path), after.text)
            done.append((source.where, count))
    return done


def _write(path: Path, text: str) -> None:
    """Replaces a file whole or not at all."""
    file = path.resolve()
    new = file.with_name(f".{file.name}.new")
    try:
        with new.open("xb") as stream:
            stream.write(text.encode("utf-8"))
        new.chmod(file.stat().st_mode)
        new.replace(file)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise DocumentError(
            Message("cannot be written: {reason}", reason=reason), where=str(path), hint="check its rights"
        ) from error


def graded(findings: Sequence[Finding], version: str = __version__) -> list[Finding]:
    """Findings with the severity that the table of rules gives them in this version.

    A rule may be milder in one place than the table says (a label without English text), never stricter.
    """
    table = rules()
    out = []
    for finding in findings:
        rule = table.get(finding.rule)
        weight = rule.weight(version) if rule else finding.severity
        out.append(finding if weight == "error" else finding._replace(severity=weight))
    return out


def own_findings(source: Source) -> list[Finding]:
    """What is wrong with one document by itself."""
    return list(_one(source))


def _one(source: Source) -> Iterator[Finding]:
    """What is wrong with one document by itself."""
    yield from source.findings
    yield from check_characters(source)
    if source.parsed is None:
        return
    notes = Findings(source.document, source.document.id if hasattr(source.document, "id") else "", source.parsed)
    if source.kind == "interface":
        yield from check(source.parsed)
        check_labels(notes)
        check_quantities(notes)
        check_promises(notes)
    elif source.kind == "profile":
        from trivet.check.controllers import check_controller
        from trivet.device.check import check_profile

        yield from check_profile(source.parsed)
        check_controller(notes)
    elif source.kind == "device":
        from trivet.check.plants import check_plant
        from trivet.device.check import check_device

        yield from check_device(source.parsed)
        check_plant(notes)
    yield from notes.found


def _contradicts(findings: Sequence[Finding]) -> bool:
    """Whether a document is wrong in itself, so that nothing can be said of it and others."""
    return any(finding.severity == "error" and not finding.rule.startswith("TRV-L") for finding in findings)


def _doubles(sources: Sequence[Source]) -> Iterator[Finding]:
    """Documents of one kind that share an id (interfaces: an id and a version)."""
    seen: dict[tuple[str, ...], str] = {}
    for source in sources:
        if source.parsed is None or not hasattr(source.document, "id"):
            continue
        name = source.document.id
        version = source.document.version if source.kind in ("interface", "profile") else ""
        other = seen.setdefault((source.kind, name, version), source.where)
        if other != source.where:
            message = Message("id: `{name}` is also the id of {other}", name=name, other=other)
            yield Finding("TRV-L085", source.parsed.at(("id",)), message, "give each document its own id")
