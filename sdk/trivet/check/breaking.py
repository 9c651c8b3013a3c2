"""What a change breaks for firmware, wire, data and model, and which version it asks for; pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from trivet.check.approvals import Approved
from trivet.check.changes.change import LEVELS, Change
from trivet.check.changes.device import device_changes
from trivet.check.changes.interface import interface_changes
from trivet.check.changes.package import KIND as PACKAGE
from trivet.check.changes.package import package_changes
from trivet.check.changes.profile import profile_changes
from trivet.check.source import KINDS, Source
from trivet.errors import DocumentError, Finding, Message
from trivet.interface.load import load
from trivet.interface.parsed import Json, Position
from trivet.interface.path import spell
from trivet.interface.rules import Rule, rules

BUMPS = ("patch", "minor", "major")
LONGEST_SHOWN = 80

_COMPARED: Mapping[str, Callable[[Any, Any], Iterator[Change]]] = {
    "interface": interface_changes,
    "profile": profile_changes,
    "device": device_changes,
}


def changes(old: Json, new: Json) -> list[Change]:
    """Every change from one document to another, given as JSON trees; defaults written out are none.

    Raises:
        DocumentError: A tree is not a document, or the two are not of one comparable kind.
    """
    kind = str(old.get("kind")) if isinstance(old, dict) else ""
    if isinstance(old, dict) and isinstance(new, dict) and kind == new.get("kind") == PACKAGE:
        return list(package_changes(old, new))
    if kind not in _COMPARED or not isinstance(new, dict) or new.get("kind") != kind:
        hint = Message("give two of one kind: {names}", names=", ".join(_COMPARED))
        raise DocumentError("these two documents cannot be compared", hint=hint)
    return list(_COMPARED[kind](load(old, KINDS[kind], "the old document"), load(new, KINDS[kind], "the new document")))


def breaks(change: Change) -> Mapping[str, str]:
    """Level to why it breaks, for the levels that a change breaks."""
    return rules()[change.rule].breaks


def bump_of(found: Sequence[Change]) -> str:
    """The largest part of the version that changes ask for; empty without changes."""
    asked = [BUMPS.index(rules()[change.rule].bump) for change in found]
    return BUMPS[max(asked)] if asked else ""


def asked_version(old: str, bump: str) -> str:
    """The least version after an old one that a bump allows; before 1.0 everything is one place further right."""
    major, minor, patch = (int(part) for part in old.partition("-")[0].split("."))
    if major == 0:
        bump = {"major": "minor", "minor": "patch"}.get(bump, bump)
    if bump == "major":
        return f"{major + 1}.0.0"
    return f"{major}.{minor + 1}.0" if bump == "minor" else f"{major}.{minor}.{patch + (bump == 'patch')}"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two versions of one document and what lies between them.

    Attributes:
        old: The document as it was.
        new: The document as it is.
        changes: Every change.
    """

    old: Source
    new: Source
    changes: tuple[Change, ...]

    @property
    def version(self) -> str:
        """The old version; empty for documents without one."""
        return getattr(self.old.document, "version", "")

    @property
    def exempt(self) -> bool:
        """Whether the old version promised nothing yet."""
        return self.version.startswith("0.")

    @property
    def asked(self) -> str:
        """The version that the changes ask for; empty when they ask for none."""
        bump = bump_of(self.changes)
        return asked_version(self.version, bump) if bump and self.version else ""


def compare(old: Source, new: Source) -> Comparison:
    """Two versions of a document.

    Raises:
        DocumentError: One of them cannot be read, or they are not of one comparable kind.
    """
    for source in (old, new):
        if source.parsed is None:
            raise DocumentError.of(source.findings)
    try:
        found = changes(old.tree, new.tree)
    except DocumentError as error:
        raise DocumentError(error.message, where=new.where, hint=error.hint, rule=error.rule) from error
    return Comparison(old, new, tuple(found))


def judged(
    comparison: Comparison, level: str, approved: Approved | None, today: date, *, strict: bool = False
) -> Iterator[Finding]:
    """The changes as findings: a break is an error unless it is approved or the document still 0.x.

    Args:
        comparison: What changed.
        level: Breaks of this level and of those after it count.
        approved: Approvals, or None.
        today: The day on which approvals must still hold.
        strict: Whether 0.x counts too.
    """
    counted = LEVELS[LEVELS.index(level) :]
    used: set[int] = set()
    document = comparison.old.document.id
    for change in comparison.changes:
        severity, remark = "note", ""
        if set(counted) & set(breaks(change)):
            severity = "error"
            covering = approved.covering(change.rule, document, spell(change.path)) if approved else None
            if covering is not None:
                used.add(covering[0])
            if covering is not None and covering[1].last >= today:
                severity, remark = (
                    "note",
                    Message("approved until {until}: {reason}", until=covering[1].until, reason=covering[1].reason),
                )
            elif comparison.exempt and not strict:
                severity, remark = "warning", "no promise is broken before 1.0"
            elif covering is not None:
                remark = Message("its approval expired on {until}", until=covering[1].until)
        yield Finding(change.rule, _where(comparison, change), sentence(comparison, change), remark, severity)
    yield from _idle(approved, document, used)
    yield from _versions(comparison)


def _idle(approved: Approved | None, document: str, used: set[int]) -> Iterator[Finding]:
    """Approvals of this document that no change needed."""
    for index, approval in enumerate(approved.approvals if approved else ()):
        if approval.document == document and index not in used:
            message = Message(
                "approvals.{index}: `{rule}` at `{path}` did not happen",
                index=index,
                rule=approval.rule,
                path=approval.path or Message("any place"),
            )
            yield Finding("TRV-B096", approved.at(index) if approved else "", message, "remove it", "warning")


def _versions(comparison: Comparison) -> Iterator[Finding]:
    """Whether the version was raised as the changes ask."""
    asked, now = comparison.asked, getattr(comparison.new.document, "version", "")
    if asked and _numbers(now) < _numbers(asked):
        message = Message(
            "version: {now} is too low for these changes, {version} asks for {asked}",
            now=now,
            version=comparison.version,
            asked=asked,
        )
        where = comparison.new.parsed.at(("version",)) if comparison.new.parsed else comparison.new.where
        yield Finding("TRV-B098", where, message, "raise `version`", "warning")


def _numbers(version: str) -> tuple[int, ...]:
    parts = version.partition("-")[0].split(".")
    return tuple(int(part) for part in parts) if all(part.isdecimal() for part in parts) else (0,)


def _where(comparison: Comparison, change: Change) -> str:
    lines = comparison.new.lines
    line, column = lines.at(change.path) if lines is not None else Position(1, 1)
    return f"{comparison.new.where}:{line}:{column}"


def sentence(comparison: Comparison, change: Change) -> str:
    """One change in one line: what, what it does to each level, which version it asks for."""
    rule = rules()[change.rule]
    asked = asked_version(comparison.version, rule.bump) if comparison.version else _bumped(rule.bump)
    return Message(
        "{place}: {movement}; {consequences}; asks for {asked}",
        place=spell(change.path),
        movement=movement(change),
        consequences=consequences(rule),
        asked=asked,
    )


def _bumped(bump: str) -> str:
    return Message("a {bump} version", bump=bump)


def movement(change: Change) -> str:
    """From what to what, in short."""
    if change.old is None and change.new is None:
        said: str = Message("changed")
    elif change.old is None:
        said = Message("added") if change.new is True else Message("{part} is new", part=_shown(change.new))
    elif change.new is None:
        said = Message("removed") if change.old is True else Message("{part} is gone", part=_shown(change.old))
    else:
        said = Message("{old} -> {new}", old=_shown(change.old), new=_shown(change.new))
    return Message("{movement} ({detail})", movement=said, detail=change.detail) if change.detail else said


def consequences(rule: Rule) -> str:
    """What a change does to each level."""
    if not rule.breaks:
        return Message("breaks nothing")
    parts = [Message("{level}: {why}", level=level, why=Message(rule.breaks.get(level, "holds"))) for level in LEVELS]
    return Message.joined(parts, "{first}; {then}")


def _shown(value: object) -> str:
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 3] + "..."
