"""The figures of ``evaluate fleet`` as the tables of a model card, in Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

TIERS = ("A", "B", "C")

Tree = Mapping[str, Any]


def tables(fleets: Sequence[Tree]) -> str:
    """What is known of each fleet, and the area under the precision-recall curve of each fault.

    Args:
        fleets: As ``fleet.tree`` gives them.
    """
    return "\n".join(line for one in fleets for line in (*_figures(one), "", *_precision(one), ""))


def _figures(one: Tree) -> list[str]:
    tiers = [one["tiers"][name] for name in TIERS]
    rows = [_row(f"simulated {one['of']}, {one['machines']} machines", [f"tier {name}" for name in TIERS])]
    rows.append(_row("---", ["---"] * len(TIERS)))
    rows.append(_row("events that the tier can name", [str(len(tier["events"])) for tier in tiers]))
    rows.append(_row("healthy machine-months", [f"{tier['warnings'][0]['months']:.2f}" for tier in tiers]))
    for number, first in enumerate(tiers[0]["warnings"]):
        if first["name"] not in ("always", "never"):
            rows.append(
                _row(f"{first['name']}: warned of / false alarms", [_warned(t["warnings"][number]) for t in tiers])
            )
    for upto, words in ((1, "true fault in first place before the stop"), (2, "in the first two places")):
        rows.append(_row(words, [_placed(tier["places"], upto) for tier in tiers]))
    rows += [
        _row(f"calibration error: {name}", [_number(t["probabilities"][name][1], "{:.3f}") for t in tiers])
        for name in tiers[0]["probabilities"]
    ]
    rows.append(_row("lead time inside its interval (80 % meant)", [_number(t["coverage"], "{:.0%}") for t in tiers]))
    return rows


def _warned(found: Tree) -> str:
    low, high = found["interval"]
    span = "" if low is None or high is None else f" ({low:.0%} to {high:.0%})"
    return f"{_number(found['recall'], '{:.0%}')}{span} / {found['alarms']}"


def _placed(places: Sequence[int], upto: int) -> str:
    told = np.array([place for place in places if place > 0])
    return f"{(told <= upto).mean():.0%}" if len(told) else "-"


def _precision(one: Tree) -> list[str]:
    tiers = [one["tiers"][name]["precision"] for name in TIERS]
    rows = [_row("area under the precision-recall curve", [f"tier {name}" for name in TIERS])]
    rows.append(_row("---", ["---"] * len(TIERS)))
    for name in tiers[-1]:
        values = [_number(tier.get(name), "{:.2f}") for tier in tiers]
        if set(values) != {"-"}:
            rows.append(_row(f"`{name}`", values))
    return rows


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else form.format(value)


def _row(name: str, cells: Sequence[str]) -> str:
    return f"| {' | '.join((name, *cells))} |"
