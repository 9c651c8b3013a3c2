"""A page about an interface that stands alone: no script, nothing loaded from elsewhere."""

from __future__ import annotations

from html import escape

from trivet.export import Subject
from trivet.export.page import Table, tables, title, word

STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin-bottom: 0; }
p.digest { color: GrayText; overflow-wrap: anywhere; }
div.table { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid color-mix(in srgb, currentColor 20%, transparent); padding: .3rem .6rem; }
th, td { text-align: left; vertical-align: top; }
td:first-child { font-family: ui-monospace, monospace; font-size: .9em; }
"""

POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def files(subject: Subject) -> dict[str, bytes]:
    """The page."""
    return {f"{subject.stem}.{subject.language}.html": page(subject).encode("utf-8")}


def page(subject: Subject) -> str:
    """The page's text."""
    interface, heading = subject.interface, escape(title(subject))
    return f"""<!doctype html>
<html lang="{escape(subject.language)}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{heading}</title>
<style>{STYLE}</style>
</head>
<body>
<h1>{heading}</h1>
<p class="digest">{escape(word(subject, "Interface"))} {escape(interface.id)} {escape(interface.version)},
SHA-256 {subject.digest}</p>
{"".join(_section(table) for table in tables(subject))}</body>
</html>
"""


def _section(table: Table) -> str:
    parts = [f"<h2>{escape(table.heading)}</h2>\n"]
    if table.text:
        parts.append(f"<p>{escape(table.text)}</p>\n")
    if table.rows:
        head, *rows = table.rows
        lines = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>\n" for row in rows)
        headings = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in head)
        parts.append(f'<div class="table"><table>\n<tr>{headings}</tr>\n{lines}</table></div>\n')
    return "".join(parts)
