"""How many bits numbers need, and what values break of an interface's expectations; pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trivet.errors import Message
from trivet.signals import Floats
from trivet_modbus.kinds import Kind

LEFTOVER = 24.0
"""Bits for what jumps as only a part of a longer value does."""
WILD, STEPS = 32.0, 4
STILL, JUMP = 36.0, 0.2
IMPOSSIBLE = 60.0
IMPLAUSIBLE = 12.0
RATE_SLACK = 1.5
SMALL, FINE = 0.1, 0.01
CALM, SPECK = 0.1, 1e-3
NOTHING, MOST = 1e-30, 1e100
TEMPERATURES = ("Cel", "K", "[degF]")
INTEGER_SCALES = ((1.0, 0.0), (0.1, 0.0), (0.01, 0.5), (0.001, 1.5), (10.0, 2.0), (100.0, 3.0), (1000.0, 3.0))
TEMPERATURE_SCALES = ((0.1, 0.0), (1.0, 0.0), (0.01, 0.5))
FLOAT_SCALES = ((1.0, 0.0), (1000.0, 2.0), (0.001, 3.0))
"""Factor and bits. No kitchen's thermometer has thousandths; floats come in the unit or its thousandfold."""
MANTISSA = {16: 10, 32: 23, 64: 52}
PLACES, MOST_FINE = 30_000.0, 3.0
NEGATIVE = 3.0
"""Bits by which values below 0 are rarer."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """What an interface says of a signal.

    Attributes:
        unit: UCUM code.
        low: Smallest possible value.
        high: Largest possible value.
        max_rate: Fastest plausible change [unit/s], or None.
        counter: Whether it only rises.
        shown: What the controller's display shows now, or None.
        tolerance: How far the value may be from ``shown``.
    """

    unit: str
    low: float
    high: float
    max_rate: float | None = None
    counter: bool = False
    shown: float | None = None
    tolerance: float = 0.0


def scales(expected: Expectation, kind: Kind) -> Sequence[tuple[float, float]]:
    """Plausible factors for a signal and type, with the bits by which each is rarer."""
    warm = expected.unit in TEMPERATURES
    if kind.family == "float":
        return FLOAT_SCALES[:1] if warm else FLOAT_SCALES
    plausible = TEMPERATURE_SCALES if warm else INTEGER_SCALES
    return [(scale, bits + _fineness(scale, expected)) for scale, bits in plausible]


def _fineness(scale: float, expected: Expectation) -> float:
    """Bits for a register that tells more places of the range than instruments have."""
    if expected.counter:
        return 0.0
    return min(MOST_FINE, max(0.0, math.log2((expected.high - expected.low) / (scale * PLACES))))


def number_bits(raw: Floats, kind: Kind) -> Floats:
    """Bits that sequences of raw numbers need: the first, then each step.

    Args:
        raw: ``(polls, values)``; NaN where the words are no number.
        kind: Of all of them.

    Returns:
        Bits of each value ``(values,)``, infinite where a poll has no number.
    """
    known = np.isfinite(raw).all(axis=0)
    told = np.where(known, raw, 0.0)
    if kind.family == "float":
        first, steps = _float_bits(told, kind)
    else:
        first, steps = _integer_bits(np.median(np.abs(told), axis=0)), np.diff(told, axis=0)
        # what a double cannot hold was there all the same
        steps = np.maximum(np.abs(steps), np.floor(np.spacing(np.abs(told[1:])) / 2.0))
    bits = first + NEGATIVE * (np.median(told, axis=0) < 0.0) + _step_bits(steps, 16.0 * kind.words)
    return np.where(known, bits + LEFTOVER * wild(steps, kind.words), np.inf)


def word_bits(words: NDArray[np.int64]) -> Floats:
    """Bits that each register needs by itself, when nothing explains it; ``(polls, registers)`` to ``(registers,)``."""
    swapped = (words & 0xFF) << 8 | words >> 8
    return np.minimum(_plain_bits(words), _plain_bits(swapped))


def _plain_bits(words: NDArray[np.int64]) -> Floats:
    first = np.minimum(_integer_bits(np.median(words, axis=0)), 16.0)
    return first + _step_bits(np.abs(np.diff(words, axis=0)).astype(np.float64), 16.0)


def offence(times: Floats, values: Floats, expected: Expectation) -> tuple[float, tuple[str, ...]]:
    """Bits for what values break, and the grave part of it in words."""
    values = np.where(np.abs(values) < NOTHING, 0.0, np.clip(values, -MOST, MOST))
    bits, broken = 0.0, list[str]()
    outside = (values < expected.low) | (values > expected.high)
    if outside.any():
        bits += IMPOSSIBLE * (0.5 + 0.5 * float(outside.mean()))
        worst = float(values[outside][0])
        broken.append(
            Message(
                "outside {low:g} to {high:g} {unit} ({value:.6g})",
                low=expected.low,
                high=expected.high,
                unit=expected.unit,
                value=worst,
            )
        )
    steps = values[1:] - values[:-1]
    if expected.counter and (steps < 0).any():
        bits += IMPOSSIBLE
        broken.append(Message("a counter that falls"))
    if expected.max_rate is not None and len(steps):
        spans = np.maximum(times[1:] - times[:-1], 1e-3)
        fast = float((np.abs(steps) / spans > RATE_SLACK * expected.max_rate).mean())
        bits += 2 * IMPLAUSIBLE * fast
        if fast:
            broken.append(Message("faster than {max_rate:g} {unit}/s", max_rate=expected.max_rate, unit=expected.unit))
    if expected.shown is not None and abs(float(values[-1]) - expected.shown) > expected.tolerance:
        bits += IMPOSSIBLE
        broken.append(
            Message(
                "not the {shown:g} {unit} of the display ({value:.6g})",
                shown=expected.shown,
                unit=expected.unit,
                value=values[-1],
            )
        )
    if not values.any():
        broken.append(Message("always 0"))
    return bits + _oddness(values, expected), tuple(broken)


def _oddness(values: Floats, expected: Expectation) -> float:
    """Bits for values that are possible and yet odd: nothing at all, next to nothing, or jumping through the range."""
    largest = float(np.abs(values).max())
    if largest == 0.0:
        return IMPLAUSIBLE
    steps = np.abs(values[1:] - values[:-1])
    still = STILL / len(set(values.tolist()))
    small = 0.0 if expected.counter else max(0.0, float(np.log2(SMALL * (expected.high - expected.low) / largest)))
    return still + small + JUMP * float(np.log2(1.0 + steps / (FINE * largest)).sum())


def calm(values: Floats, expected: Expectation) -> bool:
    """Whether values move as a quantity does: they change, mostly by little, and are no speck in their range."""
    steps, largest = np.abs(np.diff(values)), float(np.abs(values).max())
    sized = expected.counter or largest > SPECK * (expected.high - expected.low)
    return bool(sized and steps.any()) and float(np.median(steps)) < CALM * largest


def wild(steps: Floats, words: int) -> NDArray[np.bool_]:
    """Which values jump through the whole range of their registers, as only the low part of a longer one does.

    Args:
        steps: Absolute, ``(polls - 1, values)``.
        words: Registers of each value.
    """
    if len(steps) < STEPS:
        return np.zeros(steps.shape[1], np.bool_)
    wide: NDArray[np.bool_] = np.quantile(steps, 0.75, axis=0) > 2.0 ** (16 * words) / WILD
    return wide


def _integer_bits(size: Floats) -> Floats:
    """A universal code for integers: small ones are likelier at every scale."""
    digits = np.log2(1.0 + size)
    return digits + 2.0 * np.log2(1.0 + digits)


def _step_bits(steps: Floats, most: float) -> Floats:
    """Steps coded by their size and how it varies; an unchanged value is nearly free."""
    sizes = np.log2(1.0 + steps)
    spread = np.abs(sizes - sizes.mean(axis=0)) if len(sizes) else sizes
    each = np.minimum(sizes + 1.5 * (sizes > 0) + 0.5 * spread + 0.3, most + 1.0)
    total: Floats = each.sum(axis=0)
    return total


def _float_bits(raw: Floats, kind: Kind) -> tuple[Floats, Floats]:
    """Bits of the first of each sequence of floats, and all as their place in the row of all floats of their type.

    Digits that are 0 in all of a sequence are none: a set-point of 50.0 has few.
    """
    with np.errstate(over="ignore"):
        bits = raw.astype(f"<f{kind.width // 8}").view(f"<u{kind.width // 8}").astype(np.uint64)
    used = np.bitwise_or.reduce(bits, axis=0)
    lowest = (used & (~used + np.uint64(1))).astype(np.float64)
    zeros = np.where(used > 0, np.log2(np.maximum(lowest, 1.0)), 64.0)
    zeros = np.minimum(zeros, MANTISSA[kind.width]).astype(np.uint64)
    places = ((bits & np.uint64((1 << (kind.width - 1)) - 1)) >> zeros).astype(np.int64)
    steps = np.diff(np.where(raw < 0, -places, places), axis=0)
    size = np.median(np.abs(raw), axis=0)
    exponents = np.abs(np.log2(np.where(size > 0.0, size, 1.0)))
    first = MANTISSA[kind.width] - zeros.astype(np.float64) + 1.0 + 2.0 * np.log2(1.0 + exponents)
    return first, np.abs(steps.astype(np.float64))
