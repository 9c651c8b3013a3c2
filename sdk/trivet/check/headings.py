"""Which column of a table is which column of an interface: by name, or through a table profile."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from trivet.device.conversion import Source, wire
from trivet.device.document import Point, Profile
from trivet.errors import DocumentError, Message
from trivet.interface.columns import codes, columns
from trivet.interface.document import Interface, Signal


class Heading(NamedTuple):
    """One column of a table as a column of the interface.

    Attributes:
        column: Of the interface.
        signal: That it belongs to.
        scale: Factor from the cell to the signal's unit.
        offset: Added after ``scale``.
        states: Code or name in the cell to state name, for enumerations.
        sentinels: Numbers in the cell that mean "not available".
    """

    column: str
    signal: Signal
    scale: float = 1.0
    offset: float = 0.0
    states: Mapping[str, str] = {}
    sentinels: tuple[float, ...] = ()


def by_name(interface: Interface) -> dict[str, Heading]:
    """Headings that are the interface's own column names, with values in its units; states by name or code."""
    return {name: Heading(name, signal, states=_states(signal)) for name, signal in columns(interface).items()}


def by_profile(interface: Interface, profile: Profile) -> dict[str, Heading]:
    """Headings of a table profile's points.

    Raises:
        DocumentError: A point cannot feed the signal that it names.
    """
    known = columns(interface)
    made: dict[str, Heading] = {}
    for name, point in profile.points.items():
        if point.signal is None or "column" not in point.at:
            continue
        for number in range(1, point.repeat.max + 1) if point.repeat else (0,):
            column = f"{point.signal}_{number}" if number else point.signal
            if column in known:
                text = str(point.at["column"]).replace("{n}", str(number))
                made[text] = _heading(f"{profile.id}/{name}", point, column, known[column])
    if not made:
        message = Message("feeds no signal of {id} from a column", id=interface.id)
        raise DocumentError(message, where=profile.id, hint="name a `signal` at its points")
    return made


def _heading(where: str, point: Point, column: str, signal: Signal) -> Heading:
    made, problems = wire(Source(where, point), column, signal)
    if made is None:
        problem = problems[0]
        raise DocumentError(problem.message, where=where, hint=problem.hint, rule=problem.rule)
    states = dict(point.enumeration) if signal.enumeration else {}
    scale, offset = made.scale * point.scale, made.scale * point.offset + made.offset
    return Heading(column, signal, scale, offset, states, point.sentinels)


def _states(signal: Signal) -> dict[str, str]:
    """States by their own names and by the interface's codes."""
    named = {state: state for state in signal.enumeration.values()}
    return {**named, **{f"{code:g}": state for state, code in codes(signal).items()}}
