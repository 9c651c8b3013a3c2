"""Values that look as if they were in another unit: which conversion would bring them into range?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from trivet import units
from trivet.errors import DocumentError, Message
from trivet.interface.document import Signal
from trivet.signals import Floats

CODES = (
    *("Cel", "[degF]", "K"),
    *("W", "kW", "MW", "W.h", "kW.h", "MW.h", "J", "kJ", "MJ", "[Btu]"),
    *("Pa", "hPa", "kPa", "mbar", "bar", "MPa", "[psi]", "m[H2O]"),
    *("L", "mL", "m3", "[gal_us]", "L/min", "L/h", "L/s", "m3/h", "[gal_us]/min"),
    *("V", "mV", "kV", "A", "mA", "uS/cm", "mS/cm", "S/m", "g", "kg", "[lb_av]"),
    *("s", "ms", "min", "h", "%", "1", "Hz", "kHz"),
)
"""Units that appliances and meters are mistaken in."""

FACTORS = (10.0, 100.0, 1000.0, 0.1, 0.01, 0.001)
"""Scales that are forgotten."""

WRONG = 0.2
"""Least share of values outside the range that calls for an explanation."""

RIGHT = 0.98
"""Least share of them that the explanation must bring into range."""


class Suspect(NamedTuple):
    """A conversion that would explain the values: ``value * scale + offset`` is in range."""

    reason: str
    scale: float
    offset: float
    share: float


def suspect(signal: Signal, values: Floats) -> Suspect | None:
    """The likeliest mistake, or None when the values need no explanation or have none.

    Among conversions that explain alike the one whose values lie nearest to the middle of the range wins.
    """
    if signal.enumeration or not len(values) or inside(signal, values) > 1 - WRONG:
        return None
    found = [one for one in _candidates(signal, values) if one.share >= RIGHT]
    return min(found, key=lambda one: _far(signal, values * one.scale + one.offset)) if found else None


def inside(signal: Signal, values: Floats) -> float:
    """Share of values in the range."""
    low, high = signal.range
    return float(((values >= low) & (values <= high)).mean())


def _candidates(signal: Signal, values: Floats) -> Iterator[Suspect]:
    for code in CODES:
        if code != signal.unit and (pair := _conversion(code, signal.unit)):
            scale, offset = pair
            share = inside(signal, values * scale + offset)
            yield Suspect(
                Message("they look like `{code}` where the interface has `{unit}`", code=code, unit=signal.unit),
                scale,
                offset,
                share,
            )
    for factor in FACTORS:
        share = inside(signal, values * factor)
        yield Suspect(Message("they look as if a scale of {factor:g} were missing", factor=factor), factor, 0.0, share)


def _conversion(code: str, unit: str) -> tuple[float, float] | None:
    try:
        return units.conversion(code, unit)
    except DocumentError:
        return None


def _far(signal: Signal, values: Floats) -> float:
    low, high = signal.range
    return float(np.median(np.abs(values - (low + high) / 2)) / max(high - low, 1e-12))
