"""Reports of evaluations: canonical JSON, and one HTML file with tables and inline SVG that loads nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

from trivet import canonical

WIDTH, HEIGHT = 720, 300
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 16, 44
COLOURS = ("#1b5e8c", "#b3541e", "#3c7a3c", "#7a3c7a", "#8c7a1b", "#555555")

_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
table { border-collapse: collapse; margin: .5rem 0 1.5rem; }
th, td { border-bottom: 1px solid #ccc; padding: .2rem .7rem; text-align: right; }
th:first-child, td:first-child { text-align: left; }
svg { width: 100%; height: auto; } text { font: 12px system-ui, sans-serif; fill: #222; }
@media print { body { margin: 0; } }
"""


class Table(NamedTuple):
    """A heading, a sentence below it, and rows of texts; the first row heads the columns."""

    heading: str
    text: str
    rows: Sequence[Sequence[str]]


class Series(NamedTuple):
    """Points of a plot, joined by a line unless they are ``dots``; points that are not finite are left out."""

    name: str
    points: Sequence[tuple[float, float]]
    dots: bool = False


class Plot(NamedTuple):
    """Series over one pair of axes; ``x`` and ``y`` say quantity and unit."""

    heading: str
    x: str
    y: str
    series: Sequence[Series]


class Bar(NamedTuple):
    """One bar, with the interval of its value where there is one."""

    name: str
    value: float
    interval: tuple[float, float] | None = None


class Bars(NamedTuple):
    """Bars from zero; ``y`` says quantity and unit."""

    heading: str
    y: str
    bars: Sequence[Bar]


Part = Table | Plot | Bars


class Page(NamedTuple):
    """A report.

    Attributes:
        title: Of the page; has the word *simulated* where figures are.
        text: What was done, in a few sentences.
        parts: In reading order.
        figures: The same figures as a tree of JSON, for programmes; numbers are finite.
    """

    title: str
    text: str
    parts: Sequence[Part]
    figures: Any


def write(page: Page, folder: Path, name: str) -> tuple[Path, Path]:
    """Writes ``name.json`` (RFC 8785) and ``name.html``; gives their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    data, shown = folder / f"{name}.json", folder / f"{name}.html"
    data.write_bytes(canonical.dumps(page.figures) + b"\n")
    shown.write_text(html(page), encoding="utf-8")
    return data, shown


def html(page: Page) -> str:
    """The page; it loads nothing, and its policy forbids it to."""
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    head = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        f"<title>{escape(page.title)}</title><style>{_STYLE}</style></head>"
    )
    body = "".join(_part(part) for part in page.parts)
    return f"{head}<body><h1>{escape(page.title)}</h1><p>{escape(page.text)}</p>{body}</body></html>\n"


def _part(part: Part) -> str:
    if isinstance(part, Table):
        return f"<h2>{escape(part.heading)}</h2><p>{escape(part.text)}</p>{_table(part.rows)}"
    drawn = _plot(part) if isinstance(part, Plot) else _bars(part)
    label = escape(part.heading, quote=True)
    picture = f'<svg role="img" aria-label="{label}" viewBox="0 0 {WIDTH} {HEIGHT}">{drawn}</svg>'
    return f"<h2>{escape(part.heading)}</h2>{picture}"


def _table(rows: Sequence[Sequence[str]]) -> str:
    made = []
    for number, row in enumerate(rows):
        cell = "td" if number else "th"
        made.append("<tr>" + "".join(f"<{cell}>{escape(text)}</{cell}>" for text in row) + "</tr>")
    return f"<table>{''.join(made)}</table>"


class Axis(NamedTuple):
    """A linear scale from numbers to places on the picture, with round ticks."""

    low: float
    high: float
    start: float
    end: float

    def place(self, value: float) -> float:
        """Where a number lies."""
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)

    def ticks(self) -> list[float]:
        """Three to nine round numbers within."""
        rough = (self.high - self.low) / 5
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(power * n for n in (1, 2, 5, 10) if power * n >= rough)
        first = math.ceil(self.low / step - 1e-9)
        return [n * step for n in range(first, math.floor(self.high / step + 1e-9) + 1)]


def axis(values: Sequence[float], start: float, end: float, *, zero: bool = False) -> Axis:
    """The scale that holds all finite values, and 0 where told."""
    known = [value for value in values if math.isfinite(value)] or [0.0]
    low, high = min(known), max(known)
    low, high = (min(low, 0.0), max(high, 0.0)) if zero else (low, high)
    return Axis(low, high if high > low else low + 1.0, start, end)


def _plot(plot: Plot) -> str:
    points = [point for series in plot.series for point in series.points]
    across = axis([x for x, _ in points], LEFT, WIDTH - RIGHT)
    up = axis([y for _, y in points], HEIGHT - BOTTOM, TOP, zero=True)
    parts = [_upright(up, plot.y)]
    parts += [_text(across.place(tick), HEIGHT - BOTTOM + 16, f"{tick:g}", "middle") for tick in across.ticks()]
    parts.append(_text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 6, plot.x, "middle"))
    for number, series in enumerate(plot.series):
        colour = COLOURS[number % len(COLOURS)]
        places = [(across.place(x), up.place(y)) for x, y in series.points if math.isfinite(x) and math.isfinite(y)]
        parts.append(_dots(places, colour) if series.dots else _line(places, colour))
        parts.append(_text(WIDTH - RIGHT, TOP + 14 * (number + 1), series.name, "end", colour))
    return "".join(parts)


def _bars(bars: Bars) -> str:
    ends = [end for bar in bars.bars for end in (bar.value, *(bar.interval or ()))]
    up = axis(ends, HEIGHT - BOTTOM, TOP, zero=True)
    parts = [_upright(up, bars.y)]
    room = (WIDTH - LEFT - RIGHT) / max(1, len(bars.bars))
    for number, bar in enumerate(bars.bars):
        middle = LEFT + room * (number + 0.5)
        top, bottom = sorted((up.place(bar.value), up.place(0.0)))
        size = f'x="{middle - room * 0.3:.1f}" y="{top:.1f}" width="{room * 0.6:.1f}" height="{bottom - top:.1f}"'
        parts.append(f'<rect {size} fill="{COLOURS[0]}" fill-opacity="0.8"/>')
        if bar.interval:
            low, high = (up.place(end) for end in bar.interval)
            parts.append(_line([(middle, low), (middle, high)], "#222"))
        parts.append(_text(middle, HEIGHT - BOTTOM + 16, bar.name, "middle"))
    return "".join(parts)


def _upright(up: Axis, label: str) -> str:
    parts = [_text(LEFT, TOP - 4, label, "start")]
    for tick in up.ticks():
        y = up.place(tick)
        parts.append(f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" stroke="#ddd"/>')
        parts.append(_text(LEFT - 6, y + 4, f"{tick:g}", "end"))
    return "".join(parts)


def _line(places: Sequence[tuple[float, float]], colour: str) -> str:
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    return f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.6"/>'


def _dots(places: Sequence[tuple[float, float]], colour: str) -> str:
    return "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{colour}"/>' for x, y in places)


def _text(x: float, y: float, text: str, anchor: str, colour: str = "#222") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" style="fill:{colour}">{escape(text)}</text>'
