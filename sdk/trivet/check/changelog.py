"""A comparison as a changelog for readers, in Markdown; no verdict."""

from __future__ import annotations

from collections.abc import Iterator

from trivet.check.breaking import Comparison, breaks, movement
from trivet.check.changes.change import Change
from trivet.check.formats import shown
from trivet.interface.path import spell
from trivet.interface.rules import rules

HEADINGS = (("Breaking", "major"), ("New and changed", "minor"), ("Small", "patch"))


def changelog(comparison: Comparison) -> str:
    """The changes under headings, the ones that break first."""
    old, new = comparison.version, getattr(comparison.new.document, "version", "")
    versions = f" {old} to {new}" if old else ""
    parts = [f"# {_escaped(comparison.new.document.id)}{_escaped(versions)}"]
    for heading, bump in HEADINGS:
        entries = [change for change in comparison.changes if rules()[change.rule].bump == bump]
        if entries:
            parts.append("\n".join([f"## {heading}", "", *_entries(entries)]))
    if len(parts) == 1:
        parts.append("Nothing changed.")
    return "\n\n".join(parts) + "\n"


def _entries(found: list[Change]) -> Iterator[str]:
    for change in found:
        levels = " ".join(breaks(change))
        affects = f" Affects {levels}." if levels else ""
        yield f"- {_code(spell(change.path))}: {_code(movement(change))}. {rules()[change.rule].title}.{affects}"


def _code(text: str) -> str:
    return f"`{shown(text).replace('`', chr(39))}`"


def _escaped(text: str) -> str:
    return "".join(f"\\{letter}" if letter in "\\`*_[]<>#" else letter for letter in shown(text))
