"""The cases of tests/conformance/windows: samples to frames to windows, each rule once.

A case is for any implementation. Times are seconds after 2026-01-01T00:00:00Z, null is NaN or
not known. ``samples`` are bound rows, to be taken in order of ``receive`` (status Good and origin
``device/a`` unless given); ``close`` is the moment up to which frames close, or ``finish`` says
that the data end. ``frames`` lists all frames over all signals in the order of the case,
``windows`` and ``notices`` what comes out. A case named ``_fail`` must be refused with an error
that names ``expect``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from plain_windows import Row, readings
from trivet.device.document import CycleOverride
from trivet.errors import DocumentError
from trivet.interface.columns import columns
from trivet.interface.document import Interface
from trivet.interface.load import load
from trivet.signals import SECOND, Gap
from trivet.window.frames import Framer
from trivet.window.reason import WORDS
from trivet.window.window import Notice, Window, Windower

EPOCH = 1_767_225_600 * SECOND
CASES = sorted((Path(__file__).parent / "conformance" / "windows").glob("*.json"))
Case = Mapping[str, Any]


def ns(seconds: float) -> int:
    return EPOCH + round(seconds * SECOND)


def number(value: float | None) -> float:
    return math.nan if value is None else float(value)


def null(value: float) -> float | None:
    return None if math.isnan(value) else value


def interface(case: Case) -> Interface:
    return load(
        {
            "kind": "interface",
            "format": 0,
            "id": "case",
            "version": "0.9.0",
            "title": {},
            "frame": case["frame"],
            "settle": case["settle"],
            "signals": case["signals"],
            "windows": {"case": case.get("window", {"kind": "sliding", "length": 1})},
            "outputs": {},
            "fallback": {"action": "none"},
            "budget": [],
        },
        Interface,
    )


def rows(case: Case) -> list[Row]:
    made = [
        Row(
            sample["signal"],
            number(sample["value"]),
            sample.get("status", 0),
            ns(sample["source"]),
            ns(sample["receive"]),
            sample.get("origin", "device/a"),
            sample.get("reason", ""),
        )
        for sample in case["samples"]
    ]
    return sorted(made, key=lambda row: row.receive)


def gaps(case: Case) -> list[Gap]:
    return [
        Gap(ns(g["start"]), None if g["end"] is None else ns(g["end"]), g["reason"], g["origin"])
        for g in case.get("gaps", ())
    ]


def windower(case: Case) -> Windower:
    given = case.get("override")
    override = None if given is None else load(given, CycleOverride)
    return Windower(
        "device", interface(case), "case", case["columns"], case["fitted"], case.get("parameters", {}), override
    )


def framed(case: Case, live: bool) -> dict[str, Any]:
    framer = Framer(columns(interface(case)), case["frame"], case["settle"])
    for gap in gaps(case):
        framer.gap(gap)
    blocks = []
    for row in rows(case):
        if live:
            blocks.append(framer.advance(row.receive - 1))
        for part in readings([row], list(case["signals"])):
            framer.feed(part)
    while len(block := framer.advance(ns(case["close"]))):
        blocks.append(block)
    frames = [(block, row) for block in blocks for row in range(len(block))]
    return {
        "frames": [
            {
                "time": (int(block.times[row]) - EPOCH) / SECOND,
                "values": [null(value) for value in block.values[row].tolist()],
                "reason": [WORDS[code] for code in block.reason[row].tolist()],
            }
            for block, row in frames
        ],
        "status": [block.status[row].tolist() for block, row in frames],
        "late": framer.late,
        "offsets": framer.offsets,
    }


def windowed(case: Case, live: bool) -> list[Window | Notice]:
    maker = windower(case)
    for gap in gaps(case):
        maker.gap(gap)
    made: list[Window | Notice] = []
    for row in rows(case):
        if live:
            made += maker.advance(row.receive - 1)
        for part in readings([row], list(case["signals"])):
            maker.feed(part)
    return made + (maker.finish() if case.get("finish") else maker.advance(ns(case["close"])))


def as_case(item: Window | Notice) -> dict[str, Any]:
    if isinstance(item, Notice):
        return {"kind": item.kind, "start": (item.start - EPOCH) / SECOND, "end": (item.end - EPOCH) / SECOND}
    return {
        "span": [(t - EPOCH) / SECOND for t in item.span],
        "frames": item.frames,
        "context": [null(value) for value in item.context],
        "values": [[null(value) for value in row] for row in item.values.tolist()],
        "missing": item.missing,
        "stale": item.stale,
        "bad": item.bad,
        "flags": list(item.flags),
        "ready": (item.ready - EPOCH) / SECOND,
    }


@pytest.mark.parametrize("live", [False, True], ids=["whole", "live"])
@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case(path: Path, live: bool) -> None:
    case: Case = json.loads(path.read_text())
    if path.stem.endswith("_fail"):
        with pytest.raises(DocumentError, match=case["expect"]):
            windower(case)
        return
    if "frames" in case:
        found = framed(case, live)
        for key in ("frames", "status", "late", "offsets"):
            if key in case:
                assert found[key] == case[key]
        return
    made = windowed(case, live)
    assert [as_case(item) for item in made if isinstance(item, Window)] == case["windows"]
    assert [as_case(item) for item in made if isinstance(item, Notice)] == case.get("notices", [])


def test_there_are_cases() -> None:
    assert len(CASES) >= 40
