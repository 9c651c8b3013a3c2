"""A page about an interface, in Markdown."""

from __future__ import annotations

import re

from trivet.export import Subject
from trivet.export.page import Table, tables, title, word


def files(subject: Subject) -> dict[str, bytes]:
    """The page."""
    return {f"{subject.stem}.{subject.language}.md": page(subject).encode("utf-8")}


def page(subject: Subject) -> str:
    """The page's text."""
    interface = subject.interface
    parts = [
        f"# {_escaped(title(subject))}",
        f"{word(subject, 'Interface')} `{interface.id}` {interface.version}, SHA-256 `{subject.digest}`",
        *(_section(table) for table in tables(subject)),
    ]
    return "\n\n".join(parts) + "\n"


def _section(table: Table) -> str:
    parts = [f"## {_escaped(table.heading)}"]
    if table.text:
        parts.append(_escaped(table.text))
    if table.rows:
        head, *rows = [[_escaped(cell) for cell in row] for row in table.rows]
        lines = [head, ["---"] * len(head), *rows]
        parts.append("\n".join(f"| {' | '.join(line)} |" for line in lines))
    return "\n\n".join(parts)


def _escaped(text: str) -> str:
    """Text in which nothing is markup, nor ends a cell."""
    plain = "".join(sign if sign.isprintable() else " " for sign in text)
    plain = plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_{}\[\]()#+!|~-])", r"\\\1", plain)
