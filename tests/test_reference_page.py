"""Reports of evaluations: the same figures as JSON and as a page that loads nothing."""

import json
from html.parser import HTMLParser
from pathlib import Path

import pytest

from trivet_reference.evaluate.page import Bar, Bars, Page, Plot, Series, Table, axis, html, write

PAGE = Page(
    "Ovens <simulated>",
    "Energy & peaks",
    [
        Table("Policies", "simulated", [("policy", "kWh"), ("always <on>", "12.5")]),
        Plot(
            "Power", "hour", "kW", [Series("oven", [(0, 1), (1, float("nan")), (2, 3)]), Series("pot", [(1, 2)], True)]
        ),
        Bars("Energy", "kWh", [Bar("on", 12.5, (11.0, 14.0)), Bar("off", 0.0)]),
    ],
    {"kWh": 12.5},
)


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in {"href", "src"}]


def test_the_page_has_every_part_and_loads_nothing() -> None:
    reader = Reader()
    reader.feed(html(PAGE))
    assert reader.tags.count("svg") == 2
    assert reader.tags.count("table") == 1
    assert reader.tags.count("rect") == 2
    assert reader.tags.count("circle") == 1
    assert reader.links == []
    assert "script" not in reader.tags


def test_texts_are_escaped() -> None:
    made = html(PAGE)
    assert "Ovens &lt;simulated&gt;" in made
    assert "always &lt;on&gt;" in made


def test_both_files_are_written(tmp_path: Path) -> None:
    data, shown = write(PAGE, tmp_path / "reports", "ovens")
    assert json.loads(data.read_text()) == {"kWh": 12.5}
    assert shown.read_text() == html(PAGE)


@pytest.mark.parametrize("values", [[], [5.0], [0.0, 1e-9], [-3.0, 17.0], [2.0, float("inf")]])
def test_an_axis_has_round_ticks_inside(values: list[float]) -> None:
    made = axis(values, 0, 100)
    ticks = made.ticks()
    assert 2 <= len(ticks) <= 12
    assert all(made.low - 1e-9 <= tick <= made.high + 1e-9 for tick in ticks)
    assert made.place(made.high) == 100
