"""How many bits numbers need, and what values break of an interface's expectations; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trivet.errors import Message
from trivet.signals import Floats
from trivet_modbus.kinds import Kind

IMPOSSIBLE = 60.0
IMPLAUSIBLE = 12.0
RATE_SLACK = 1.5
SMALL, FINE = 0.1, 0.01
CALM, SPECK = 0.1, 1e-3
NOTHING, MOST = 1e-30, 1e100
DIGIT = float(np.log2(1.6))
TEMPERATURES = ("Cel", "K", "[degF]")
INTEGER_SCALES = ((1.0, 0.0), (0.1, 0.0), (0.01, 0.5), (0.001, 1.5), (10.0, 2.0), (100.0, 3.0), (1000.0, 3.0))
TEMPERATURE_SCALES = ((0.1, 0.0), (1.0, 0.0), (0.01, 0.5))
FLOAT_SCALES = ((1.0, 0.0), (1000.0, 2.0), (0.001, 3.0))
"""Factor and bits. No kitchen's thermometer has thousandths; floats come in the unit or its thousandfold."""
MANTISSA = {16: 10, 32: 23, 64: 52}
EXPONENT_BITS = 4.0


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


def scales(unit: str, kind: Kind) -> Sequence[tuple[float, float]]:
    """Plausible factors for a unit and type, with the bits by which each is rarer."""
    if unit in TEMPERATURES:
        return ((1.0, 0.0),) if kind.family == "float" else TEMPERATURE_SCALES
    return FLOAT_SCALES if kind.family == "float" else INTEGER_SCALES


def number_bits(raw: Floats, kind: Kind) -> float:
    """Bits that a sequence of raw numbers needs: the first, then each step."""
    if kind.family == "float":
        codes, digits = _codes(raw, kind)
        return digits + EXPONENT_BITS + _step_bits(np.diff(codes), 16.0 * kind.words)
    return _integer_bits(float(np.median(np.abs(raw)))) + _step_bits(np.diff(raw), 16.0 * kind.words)


def digit_bits(raw: Floats, kind: Kind) -> float:
    """Evidence that digits are decimal: each further one seen at a place could have been above 9."""
    if kind.family != "bcd":
        return 0.0
    places = 10.0 ** np.arange(kind.width // 4)
    digits = (raw[:, np.newaxis] // places) % 10.0
    return DIGIT * sum(len(np.unique(column)) - 1 for column in digits.T)


def word_bits(column: NDArray[np.int64]) -> float:
    """Bits that a register needs by itself, when nothing explains it."""
    swapped = (column & 0xFF) << 8 | column >> 8
    return min(_plain_bits(column), _plain_bits(swapped))


def _plain_bits(column: NDArray[np.int64]) -> float:
    return min(_integer_bits(float(np.median(column))), 16.0) + _step_bits(np.diff(column).astype(np.float64), 16.0)


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
    steps, spans = np.diff(values), np.maximum(np.diff(times), 1e-3)
    if expected.counter and (steps < 0).any():
        bits += IMPOSSIBLE
        broken.append(Message("a counter that falls"))
    if expected.max_rate is not None and len(steps):
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
    steps = np.abs(np.diff(values))
    still = 0.0 if steps.any() else IMPLAUSIBLE
    small = 0.0 if expected.counter else max(0.0, float(np.log2(SMALL * (expected.high - expected.low) / largest)))
    return still + small + float(np.log2(1.0 + steps / (FINE * largest)).sum())


def calm(values: Floats, expected: Expectation) -> bool:
    """Whether values move as a quantity does: they change, mostly by little, and are no speck in their range."""
    steps, largest = np.abs(np.diff(values)), float(np.abs(values).max())
    sized = expected.counter or largest > SPECK * (expected.high - expected.low)
    return bool(sized and steps.any()) and float(np.median(steps)) < CALM * largest


def _integer_bits(size: float) -> float:
    """A universal code for integers: small ones are likelier at every scale."""
    digits = float(np.log2(1.0 + size))
    return digits + 2.0 * float(np.log2(1.0 + digits))


def _step_bits(steps: Floats, most: float) -> float:
    """Steps coded by their size and how it varies; an unchanged value is nearly free."""
    if not len(steps):
        return 0.0
    sizes = np.log2(1.0 + np.abs(steps))
    each = sizes + 1.5 * (sizes > 0) + 0.5 * np.abs(sizes - sizes.mean()) + 0.3
    return float(np.minimum(each, most + 1.0).sum())


def _codes(raw: Floats, kind: Kind) -> tuple[Floats, float]:
    """Floats as their place in the row of all floats of their type, and how many binary digits they really have.

    Digits that are 0 in all of them are none: a set-point of 50.0 has few.
    """
    with np.errstate(over="ignore"):
        bits = raw.astype(f"<f{kind.width // 8}").view(f"<u{kind.width // 8}").astype(np.uint64)
    used = int(np.bitwise_or.reduce(bits))
    zeros = min((used & -used).bit_length() - 1, MANTISSA[kind.width]) if used else MANTISSA[kind.width]
    magnitude = (bits & np.uint64((1 << (kind.width - 1)) - 1)) >> np.uint64(zeros)
    return np.where(raw < 0, -1.0, 1.0) * magnitude.astype(np.float64), MANTISSA[kind.width] - zeros + 1.0
