"""Registers of made-up controllers for the order detective: a signal that moves, its neighbours, and the truth."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from trivet_modbus.detective import (
    AFTER,
    BEFORE,
    OFFSETS,
    ORDERS,
    TRIED,
    Verdict,
    Words,
    display_tolerance,
    word_orders,
)
from trivet_modbus.likelihood import Expectation

POLLS, STEP = 15, 2.0
SPAN = 24
"""Registers of a made-up controller; the value in question is in the middle."""


class Riddle(NamedTuple):
    """What the detective sees, and the truth that it does not."""

    times: tuple[float, ...]
    words: Words
    expected: Expectation
    type: str
    word_order: str
    byte_order: str
    offset: int
    scale: float
    values: tuple[float, ...]

    @property
    def layout(self) -> tuple[str, str, str]:
        return self.type, self.word_order, self.byte_order


class Quantity(NamedTuple):
    """A signal of the shipped interfaces and how it moves."""

    expected: Expectation
    scales: tuple[float, ...]
    move: Callable[[random.Random], list[float]]


def _drift(low: float, high: float, rate: float, noise: float) -> Callable[[random.Random], list[float]]:
    def move(dice: random.Random) -> list[float]:
        value, slope, values = dice.uniform(low, high), dice.uniform(-rate, rate), []
        for _ in range(POLLS):
            values.append(min(max(value + dice.gauss(0, noise), 0.0), high * 1.2))
            slope = max(-rate, min(rate, slope + dice.gauss(0, rate / 4)))
            value = min(max(value + slope * STEP, low), high)
        return values

    return move


def _switched(levels: tuple[float, float], noise: float) -> Callable[[random.Random], list[float]]:
    def move(dice: random.Random) -> list[float]:
        choices = [dice.uniform(*levels) * share for share in (0.02, 0.3, 1.0)]
        level, values = dice.choice(choices), []
        for _ in range(POLLS):
            level = dice.choice(choices) if dice.random() < 0.25 else level
            values.append(abs(level * (1 + dice.gauss(0, noise))))
        return values

    return move


def _counter(first: tuple[float, float], rate: tuple[float, float]) -> Callable[[random.Random], list[float]]:
    def move(dice: random.Random) -> list[float]:
        value, speed, values = 10 ** dice.uniform(*first), dice.uniform(*rate), []
        for _ in range(POLLS):
            values.append(value)
            value += speed * STEP * dice.uniform(0.8, 1.2)
        return values

    return move


QUANTITIES = (
    Quantity(Expectation("Cel", -10, 120, 10), (0.1, 1.0, 0.01), _drift(15, 90, 0.4, 0.08)),
    Quantity(Expectation("Cel", -50, 400, 10), (0.1, 1.0), _drift(60, 250, 0.8, 0.3)),
    Quantity(Expectation("W", 0, 60000), (1.0, 0.1, 0.01), _switched((2000, 14000), 0.004)),
    Quantity(Expectation("A", 0, 100), (0.1, 0.01, 0.001), _switched((4, 30), 0.004)),
    Quantity(Expectation("V", 0, 300), (0.1, 0.01), _drift(222, 240, 0.3, 0.4)),
    Quantity(Expectation("bar", 0, 10), (0.01, 0.001), _switched((0.4, 4), 0.02)),
    Quantity(Expectation("L/min", 0, 1500), (0.1, 1.0), _switched((100, 900), 0.01)),
    Quantity(Expectation("mS/cm", 0, 50), (0.01, 0.001), _drift(0.5, 6, 0.02, 0.01)),
    Quantity(Expectation("%", 0, 120), (0.1, 0.01), _drift(10, 95, 0.5, 0.3)),
    Quantity(Expectation("W.h", 0, 1e9, None, True), (1.0, 10.0, 0.1), _counter((3, 7.5), (0.5, 4))),
    Quantity(Expectation("L", 0, 1e7, None, True), (0.1, 0.01), _counter((2, 5), (0.05, 0.4))),
)


def riddle(seed: int) -> Riddle:
    """One case; the same seed gives the same."""
    dice = random.Random(seed)  # noqa: S311 # repeatable cases
    name = list(TRIED)[seed % len(TRIED)]
    offset = OFFSETS[seed // len(TRIED) % len(OFFSETS)]
    word_order, byte_order = dice.choice(word_orders(TRIED[name])), dice.choice(("big", "little"))
    while True:
        quantity = dice.choice(QUANTITIES)
        scale = 1.0 if name.startswith("float") else dice.choice(quantity.scales)
        values = quantity.move(dice)
        raw = [_rounded(name, value / scale, dice) for value in values]
        if _holds(name, raw) and len(set(raw)) > POLLS // 3:
            break
    tables = [_registers(name, word_order, byte_order, raw)]
    before, after = _neighbours(dice, name, word_order, byte_order), _neighbours(dice, name, word_order, byte_order)
    words = np.concatenate([before, *tables, after], axis=1)
    asked = before.shape[1] - offset
    seen = words[:, asked - BEFORE : asked + AFTER]
    shown = tuple(float(value * scale) for value in raw)
    times = tuple(STEP * number for number in range(POLLS))
    return Riddle(times, seen, quantity.expected, name, word_order, byte_order, offset, scale, shown)


def hinted(case: Riddle) -> Riddle:
    """The same case with what the controller's display shows at the end, in three figures."""
    shown = float(f"{case.values[-1]:.3g}")
    return case._replace(expected=replace(case.expected, shown=shown, tolerance=display_tolerance(shown)))


def right(case: Riddle, verdict: Verdict) -> bool:
    """Whether the first reading has the true type and orders, or decodes all words seen as they do."""
    return case.layout in verdict.ranked[0].layouts()


def wrong(case: Riddle, verdict: Verdict) -> bool:
    """Whether something is called decided that is not so."""
    address = verdict.address and case.offset not in verdict.ranked[0].offsets()
    return address or (verdict.layout and not right(case, verdict))


def _rounded(name: str, raw: float, dice: random.Random) -> float:
    if name.startswith("float"):
        with np.errstate(over="ignore"):
            return float(np.array(raw, f"<f{TRIED[name].width // 8}"))
    return float(round(raw))


def _holds(name: str, raw: list[float]) -> bool:
    kind = TRIED[name]
    if kind.family == "float":
        return max(map(abs, raw)) < (60_000 if kind.width == 16 else 1e30)
    signed = kind.family in ("int", "signmag")
    most = {
        "bcd": 10.0 ** (kind.width // 4),
        "mod10k": 10_000.0**kind.words,
    }.get(kind.family, 2.0 ** (kind.width - signed))
    return max(raw) < most and max(raw) > 20 and (signed or min(raw) >= 0)


def _registers(name: str, word_order: str, byte_order: str, raw: list[float]) -> Words:
    """Registers on the wire, written apart from the decoder: most significant first, then put in order."""
    kind = TRIED[name]
    rows = []
    for value in raw:
        words = _significant(kind.family, kind.words, value)
        if word_order == "little":
            words = words[::-1]
        elif word_order in ORDERS:
            wire = [0] * 4
            for place, word in zip(ORDERS[word_order], words, strict=True):
                wire[place] = word
            words = wire
        if byte_order == "little":
            words = [(word & 0xFF) << 8 | word >> 8 for word in words]
        rows.append(words)
    return np.array(rows, np.int64)


def _significant(family: str, count: int, value: float) -> list[int]:
    if family == "float":
        data = np.array(value, f">f{2 * count}").tobytes()
        return [int.from_bytes(data[index : index + 2], "big") for index in range(0, 2 * count, 2)]
    if family == "mod10k":
        return [int(value) // 10_000**place % 10_000 for place in reversed(range(count))]
    number = int(value)
    if family == "bcd":
        number = int(str(number), 16)
    elif family == "signmag" and number < 0:
        number = -number | 1 << (16 * count - 1)
    number %= 1 << (16 * count)
    return [number >> 16 * place & 0xFFFF for place in reversed(range(count))]


def _neighbours(dice: random.Random, name: str, word_order: str, byte_order: str) -> Words:
    """Registers beside the value: mostly more of the same type, also states, set-points, unused ones."""
    parts: list[Words] = []
    while sum(part.shape[1] for part in parts) < SPAN // 2:
        chance = dice.random()
        if chance < 0.6:
            parts.append(_another(dice, name, word_order, byte_order))
        elif chance < 0.75:
            parts.append(np.zeros((POLLS, 1), np.int64))
        elif chance < 0.9:
            parts.append(np.full((POLLS, 1), dice.choice((1, 3, 40, 60, 500, 820, 0x8000, 0xFFFF)), np.int64))
        else:
            parts.append(np.array([[dice.choice((0, 1, 2, 40))] for _ in range(POLLS)], np.int64))
    return np.concatenate(parts, axis=1)


def _another(dice: random.Random, name: str, word_order: str, byte_order: str) -> Words:
    while True:
        quantity = dice.choice(QUANTITIES)
        scale = 1.0 if name.startswith("float") else dice.choice(quantity.scales)
        raw = [_rounded(name, value / scale, dice) for value in quantity.move(dice)]
        if _holds(name, raw):
            return _registers(name, word_order, byte_order, raw)
