"""Facts and findings as people read them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from trivet.cli.text import Palette, number
from trivet.commission.doctor import Report
from trivet.errors import Finding
from trivet.interface.languages import spoken

SHADES = {"error": "bad", "warning": "warn", "note": "plain"}


def report_text(report: Report, paint: Palette, tongue: str) -> str:
    """A report: its facts heading by heading, then its findings with what to do."""
    lines = [paint.bold(report.subject), *_tree(report.facts, paint, 1)]
    lines += ["", *finding_lines(report.findings, paint, tongue)]
    counts = {kind: sum(one.severity == kind for one in report.findings) for kind in SHADES}
    if not report.answered:
        return "\n".join([*lines, paint.bad("nothing answered")])
    return "\n".join([*lines, ", ".join(f"{count} {kind}{'s' * (count != 1)}" for kind, count in counts.items())])


def finding_lines(findings: Sequence[Finding], paint: Palette, tongue: str) -> Iterator[str]:
    """Each finding in a language, and below it what to do."""
    for finding in findings:
        shade, one = getattr(paint, SHADES[finding.severity]), spoken(finding, tongue)
        yield f"{shade(one.severity):<7} {one.where}: {one.message} [{one.rule}]"
        if one.hint:
            yield f"        {one.hint}"


def _tree(facts: Mapping[str, Any], paint: Palette, depth: int) -> Iterator[str]:
    pad = "  " * depth
    for heading, value in facts.items():
        title = str(heading).replace("_", " ")
        if isinstance(value, Mapping):
            yield f"{pad}{paint.bold(title)}"
            yield from _tree(value, paint, depth + 1)
        elif _is_table(value):
            yield f"{pad}{paint.bold(title)}"
            yield from (pad + "  " + row for row in table(value))
        elif isinstance(value, (list, tuple)):
            yield f"{pad}{title}: {', '.join(_cell(one) for one in value) or '-'}"
        else:
            yield f"{pad}{title}: {_cell(value)}"


def _is_table(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and bool(value) and all(isinstance(row, Mapping) for row in value)


def table(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Rows under their keys, each column as wide as it must be."""
    heads = list(dict.fromkeys(key for row in rows for key in row))
    cells = [[_cell(row.get(head, "")) for head in heads] for row in rows]
    widths = [max(len(head), *(len(row[index]) for row in cells)) for index, head in enumerate(heads)]
    for row in [[head.replace("_", " ") for head in heads], *cells]:
        yield "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.6g}" if abs(value) < 1e6 else number(value)
    return str(value)
