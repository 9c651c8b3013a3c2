"""Safe repairs of a document's text: the smallest edit that mends a finding; comments and layout stay.

A repair is safe when it has one possible meaning: another spelling of the same unit, word,
tag or zone, limits in the right order, a number without quotes, letters nobody can see.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import NamedTuple

from trivet import units
from trivet.check.characters import INVISIBLE
from trivet.check.source import Source, source_of
from trivet.check.verdict import place, rows_of
from trivet.errors import Finding
from trivet.interface.parsed import Path, Position
from trivet.interface.path import Json

ROUNDS = 4

_PAIR = re.compile(r"\[\s*([^\[\],#\n]+?)(\s*,\s*)([^\[\],#\n]+?)\s*\]")
_OFFER = re.compile(r"write `([^`]+)`")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")


class Edit(NamedTuple):
    """A piece of one line and what takes its place; the line and column count from 1."""

    line: int
    column: int
    old: str
    new: str


def fixed(source: Source, findings: Callable[[Source], list[Finding]]) -> tuple[Source, int]:
    """A source with all safe repairs done, and how many there were.

    Args:
        source: The document.
        findings: Lints one document by itself; called again after each round of repairs.
    """
    done, found = 0, findings(source)
    for _ in range(ROUNDS):
        places = _places(source)
        edits = [edit for finding in found if (edit := _edit_of(source, finding, places)) is not None]
        text, count = applied(source.text, edits)
        if not count:
            break
        after = source_of(text.encode("utf-8"), source.where)
        left = findings(after)
        worse = source.parsed is not None and after.parsed is None
        if worse or _mendable(left) >= _mendable(found):
            break
        source, found, done = after, left, done + count
    return source, done


def _mendable(found: list[Finding]) -> int:
    """How many findings are of rules that have repairs; a repair may let others be seen for the first time."""
    return sum(finding.rule in REPAIRED for finding in found)


def applied(text: str, edits: list[Edit]) -> tuple[str, int]:
    """A text with edits done from the last to the first; one that no longer matches is left out."""
    rows = text.split("\n")
    count, before = 0, (len(rows) + 1, 0)
    for edit in sorted(set(edits), reverse=True):
        start, end = edit.column - 1, edit.column - 1 + len(edit.old)
        if not 1 <= edit.line <= len(rows) or rows[edit.line - 1][start:end] != edit.old:
            continue
        if edit.line == before[0] and end > before[1]:
            continue
        row = rows[edit.line - 1]
        rows[edit.line - 1] = row[:start] + edit.new + row[end:]
        count, before = count + 1, (edit.line, start)
    return "\n".join(rows), count


def _places(source: Source) -> dict[Position, list[Path]]:
    """What stands at each place of the text."""
    places: dict[Position, list[Path]] = {}
    for path, at in (source.lines.nodes if source.lines is not None else {}).items():
        places.setdefault(at, []).append(path)
    return places


def _edit_of(source: Source, finding: Finding, places: Mapping[Position, list[Path]]) -> Edit | None:
    """The repair of one finding, or None when there is no safe one."""
    _, line, column = place(finding)
    rows = rows_of(source.text)
    if not 1 <= line <= len(rows):
        return None
    if finding.rule in _LINES:
        return _LINES[finding.rule](rows[line - 1], line, column)
    if source.lines is None:
        return None
    for path in places.get(Position(line, column), ()):
        edit = _in_tree(source, finding, path, rows)
        if edit is not None:
            return edit
    return None


def _in_tree(source: Source, finding: Finding, path: Path, rows: list[str]) -> Edit | None:
    """The repair of a value, or of its key, at a place of the tree."""
    assert source.lines is not None  # noqa: S101 - the caller looked
    node = _at(source.tree, path)
    at = source.lines.nodes[path]
    if finding.rule in ("TRV-I033", "TRV-D033"):
        return _swapped(rows[at.line - 1], at, node)
    if finding.rule == "TRV-I025":
        return _tagged(rows, source.lines.keys.get(path), path)
    mend = _VALUES.get(finding.rule)
    new = mend(node, finding) if mend is not None else None
    old = _written(rows[at.line - 1][at.column - 1 :], node)
    if new is None or old is None:
        return None
    return Edit(at.line, at.column, old, new)


def _at(tree: Json, path: Path) -> Json:
    for key in path:
        tree = tree[key]
    return tree


def _written(rest: str, node: Json) -> str | None:
    """How a scalar is spelt at the beginning of a piece of a line."""
    if isinstance(node, str):
        quoted = node.replace("'", "''")
        spellings = [f"'{quoted}'", json.dumps(node, ensure_ascii=False), node]
    else:
        number = _NUMBER.match(rest)
        spellings = [number[0]] if number else ["true", "false"]
    return next((spelling for spelling in spellings if spelling and rest.startswith(spelling)), None)


def _swapped(row: str, at: Position, node: Json) -> Edit | None:
    """Limits in the right order."""
    match = _PAIR.match(row, at.column - 1)
    if match is None or not isinstance(node, list) or len(node) != 2:
        return None
    low, high = node
    if not all(isinstance(end, (int, float)) for end in node) or low <= high:
        return None
    return Edit(at.line, at.column, match[0], f"[{match[3]}{match[2]}{match[1]}]")


def _tagged(rows: list[str], at: Position | None, path: Path) -> Edit | None:
    """A language tag as BCP 47 writes it."""
    tag = str(path[-1])
    first, *rest = re.split("[-_]", tag)
    new = "-".join([first.lower(), *(part.title() if len(part) == 4 else part.upper() for part in rest)])
    if at is None or new == tag or not rows[at.line - 1].startswith(tag, at.column - 1):
        return None
    return Edit(at.line, at.column, tag, new)


def _unit(node: Json, _finding: Finding) -> str | None:
    meant = units.spelling(node) if isinstance(node, str) else None
    return None if meant is None else _plain(meant)


def _word(node: Json, finding: Finding) -> str | None:
    """A word that differs from the one that is meant in capitals and joints only."""
    offer = _OFFER.search(finding.hint)
    if offer is None or not isinstance(node, str):
        return None
    same = re.sub("[- ]", "_", node).casefold() == offer[1].casefold()
    return offer[1] if same else None


def _typed(node: Json, finding: Finding) -> str | None:
    """A number without its quotes."""
    if isinstance(node, str) and "number" in finding.message and _NUMBER.fullmatch(node):
        return node
    return None


def _version(node: Json, _finding: Finding) -> str | None:
    text = node.strip().removeprefix("v").removeprefix("V") if isinstance(node, str) else ""
    return text if re.fullmatch(r"[0-9]+\.[0-9]+\.[0-9]+", text) and text != node else None


def _last(node: Json, finding: Finding) -> str | None:
    return "last" if isinstance(node, str) and "must be `last`" in finding.message else None


def _zone(node: Json, _finding: Finding) -> str | None:
    from zoneinfo import available_timezones

    folded = {name.casefold(): name for name in available_timezones()}
    return folded.get(node.casefold().replace(" ", "_")) if isinstance(node, str) else None


def _plain(text: str) -> str:
    """A text as YAML needs it."""
    return text if re.fullmatch(r"[A-Za-z][A-Za-z0-9./]*", text) else f"'{text}'"


_VALUES: Mapping[str, Callable[[Json, Finding], str | None]] = {
    "TRV-I012": _typed,
    "TRV-I013": _word,
    "TRV-I021": _version,
    "TRV-I030": _unit,
    "TRV-I037": _last,
    "TRV-D016": _zone,
}


def _invisible(row: str, line: int, column: int) -> Edit | None:
    letter = row[column - 1 : column]
    return Edit(line, column, letter, "") if INVISIBLE.fullmatch(letter) else None


def _blanks(row: str, line: int, column: int) -> Edit:
    return Edit(line, column, row[column - 1 :].rstrip("\r"), "")


def _ended(_row: str, line: int, column: int) -> Edit:
    return Edit(line, column, "", "\n")


def _composed(row: str, line: int, _column: int) -> Edit:
    return Edit(line, 1, row, unicodedata.normalize("NFC", row))


_LINES: Mapping[str, Callable[[str, int, int], Edit | None]] = {
    "TRV-L001": _invisible,
    "TRV-L004": _blanks,
    "TRV-L005": _ended,
    "TRV-L006": _composed,
}

REPAIRED = frozenset({*_VALUES, *_LINES, "TRV-I025", "TRV-I033", "TRV-D033"})
"""Rules that have repairs; not every finding of theirs has one."""
