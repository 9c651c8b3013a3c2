"""From one point to one column: unit, meter factors, range, states; pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

from trivet import units
from trivet.device.document import Point
from trivet.errors import DocumentError, Message
from trivet.interface.columns import codes
from trivet.interface.document import Signal

WHOLE_TYPES = ("int", "uint", "bcd", "mod10k", "signmag")
"""Beginnings of raw types that have a smallest step."""

METERED = ("W", "A", "J")
"""Power, current and energy pass a current transformer; voltage and frequency do not."""


class Wire(NamedTuple):
    """How a point becomes a column: ``value * scale + offset``, or a state's code.

    Attributes:
        point: Point name as readings carry it, repeats with their number.
        column: Interface column.
        scale: Factor, with the unit's, the current transformer's and the sign in it.
        offset: Added after it.
        low: Smallest possible value, in the column's unit.
        high: Largest possible value.
        states: Native code to the interface's code, or None for quantities.
        uncertain: What the interface does with values of Uncertain quality.
    """

    point: str
    column: str
    scale: float
    offset: float
    low: float
    high: float
    states: Mapping[float, float] | None
    uncertain: str


class Source(NamedTuple):
    """A point as one endpoint has it.

    Attributes:
        name: As readings carry it, repeats with their number.
        point: From the profile.
        ct_ratio: Factor of external current transformers.
        invert: Whether its sign is reversed.
    """

    name: str
    point: Point
    ct_ratio: float = 1.0
    invert: bool = False


class Problem(NamedTuple):
    """What is wrong with a pair: the arguments of a finding."""

    rule: str
    message: str
    hint: str
    severity: str = "error"


def wire(source: Source, column: str, signal: Signal) -> tuple[Wire | None, list[Problem]]:
    """The wire from a point to a column of a signal, or None, and everything that speaks against it."""
    if signal.enumeration:
        states, problems = _states(source.point, signal)
        if any(problem.severity == "error" for problem in problems):
            return None, problems
        return Wire(source.name, column, 1.0, 0.0, -math.inf, math.inf, states, signal.uncertain), problems
    linear = _linear(source.point, signal, column)
    if isinstance(linear, Problem):
        return None, [linear]
    scale = linear[0] * (-1.0 if source.invert else 1.0) * _transformer(source)
    step = resolution(source.point)
    if step is not None and signal.resolution is not None and step * abs(scale) > signal.resolution * (1 + 1e-9):
        message = Message(
            "has steps of {step:g} {unit}, `{column}` needs {resolution:g} or finer",
            step=step * abs(scale),
            unit=signal.unit,
            column=column,
            resolution=signal.resolution,
        )
        return None, [Problem("TRV-D010", message, "bind a finer point, or none")]
    low, high = _range(source.point, signal, scale, linear[1])
    return Wire(source.name, column, scale, linear[1], low, high, None, signal.uncertain), []


def resolution(point: Point) -> float | None:
    """The step of a point's values in its own unit, or None where the profile does not tell.

    Whole raw numbers have one; floats, and numbers whose power of ten is in another point, do not.
    """
    raw = str(point.at.get("type", ""))
    return abs(point.scale) if raw.startswith(WHOLE_TYPES) and point.scale_register is None else None


def _linear(point: Point, signal: Signal, column: str) -> tuple[float, float] | Problem:
    """Scale and offset between the units."""
    if point.unit is None and signal.unit == "1":
        return 1.0, 0.0
    if point.unit is None:
        return Problem(
            "TRV-D006",
            Message("has no unit, `{column}` is in `{unit}`", column=column, unit=signal.unit),
            "give the point its UCUM unit",
        )
    try:
        return units.conversion(point.unit, signal.unit)
    except DocumentError as error:
        return Problem(
            "TRV-D007",
            Message("cannot feed `{column}`: {reason}", column=column, reason=Message.of(error.message)),
            error.hint,
        )


def _transformer(source: Source) -> float:
    if source.ct_ratio == 1.0 or source.point.unit is None:
        return 1.0
    dimension = units.parse(source.point.unit).dimension
    return source.ct_ratio if dimension in [units.parse(code).dimension for code in METERED] else 1.0


def _range(point: Point, signal: Signal, scale: float, offset: float) -> tuple[float, float]:
    """What both the signal and the point allow, in the signal's unit."""
    low, high = signal.range
    if point.range is None:
        return low, high
    ends = sorted(end * scale + offset for end in point.range)
    return max(low, ends[0]), min(high, ends[1])


def _states(point: Point, signal: Signal) -> tuple[dict[float, float], list[Problem]]:
    """Native codes to the interface's codes."""
    known, states, problems = codes(signal), {}, []
    names = ", ".join(known)
    if not point.enumeration:
        problems.append(
            Problem("TRV-D008", "maps no codes to states", Message("map its codes to: {names}", names=names))
        )
    for native, state in point.enumeration.items():
        code = _code(native)
        if code is None:
            problems.append(
                Problem(
                    "TRV-D008",
                    Message("code `{native}` is not a number", native=native),
                    "write the number that is read",
                )
            )
        elif state not in known:
            hint = Message("states are: {names}; until then the code counts as unknown", names=names)
            problems.append(
                Problem(
                    "TRV-D009",
                    Message("names a state `{state}` that the interface has not", state=state),
                    hint,
                    "warning",
                )
            )
        else:
            states[code] = known[state]
    return states, problems


def _code(text: str) -> float | None:
    words = {"true": 1.0, "false": 0.0}
    try:
        code = words[text.lower()] if text.lower() in words else float(text)
    except ValueError:
        return None
    return code if abs(code) < 2**31 and code == math.floor(code) else None
