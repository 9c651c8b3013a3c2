"""A plan for a site out of its documents and the newest prediction of each appliance."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from trivet.device.library import load_device
from trivet.errors import DataError
from trivet.interface.parse import read
from trivet.interface.site import Limits as Declared
from trivet.interface.site import Member, Site
from trivet.pipeline.lines import timestamp
from trivet.plan.advice import Advice, Known, advise, line
from trivet.plan.appliance import Appliances, Sight, appliances, holding, sights
from trivet.plan.hours import Calendar, calendar
from trivet.plan.policy import STEP
from trivet.plan.schedule import Schedule, Yielding, schedule
from trivet.runtime.restraint import Limits
from trivet.signals import SECOND

LONGEST_LINE = 1 << 20
"""Bytes of a line that is read."""

BEYOND = 3.0
"""How much further the plan is thought than it is told [h], since nothing matters at the end of a plan."""

OUTPUTS = ("time_to_ready", "energy")


class Seat(NamedTuple):
    """An appliance of a site with what its device document says.

    Attributes:
        name: In the site document.
        appliance: Device id, which lines carry.
        member: Its entry.
        parameters: Numbers of the device document.
    """

    name: str
    appliance: str
    member: Member
    parameters: Mapping[str, float]


class Plan(NamedTuple):
    """A plan for a site.

    Attributes:
        site: Its document.
        seats: The appliances that are planned.
        schedule: Of them.
        calendar: Of the site.
        advice: By start.
        left: Appliances without a plan, and why.
        sources: Packages and signers of the predictions.
    """

    site: Site
    seats: Sequence[Seat]
    schedule: Schedule
    calendar: Calendar
    advice: Sequence[Advice]
    left: Mapping[str, str]
    sources: Mapping[str, Any]

    @property
    def kept(self) -> bool:
        """Whether the power limit holds throughout."""
        return self.schedule.over <= 1e-6

    @property
    def late(self) -> float:
        """Expected minutes of waiting over the whole plan."""
        return float(self.schedule.late.sum()) / 60.0

    def lines(self) -> list[dict[str, Any]]:
        """All advice as lines."""
        at = timestamp(self.calendar.start)
        spans = [(timestamp(one.start), timestamp(one.end)) for one in self.advice]
        return [line(one, self.site.id, at, *span, self.sources) for one, span in zip(self.advice, spans, strict=True)]


def seats(path: Path) -> tuple[Site, list[Seat]]:
    """A site document and the device documents beside it.

    Raises:
        DocumentError: One of them cannot be read or is malformed.
    """
    site = read(path, Site).document
    made = []
    for name, member in site.members.items():
        device = load_device(path.parent / member.device).document
        numbers = {key: float(value) for key, value in device.parameters.items() if isinstance(value, int | float)}
        made.append(Seat(name, device.id, member, numbers))
    return site, made


def newest(lines: Iterable[bytes], where: str) -> dict[str, list[dict[str, Any]]]:
    """The predictions of each appliance, oldest first, out of the lines of a run.

    Raises:
        DataError: A line is too long or is no JSON object.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    for number, text in enumerate(lines, 1):
        if not text.strip():
            continue
        made = _object(text, f"{where}:{number}")
        if made.get("kind") == "prediction":
            found.setdefault(str(made.get("appliance")), []).append(made)
    return {name: sorted(made, key=lambda one: str(one.get("time"))) for name, made in found.items()}


def _object(text: bytes, where: str) -> dict[str, Any]:
    try:
        made = json.loads(text) if len(text) <= LONGEST_LINE else None
    except (ValueError, RecursionError):
        made = None
    if not isinstance(made, dict):
        raise DataError("is not a line of a run", where=where, hint="give lines as `trivet run` writes them")
    return made


def plan(path: Path, lines: Mapping[str, list[dict[str, Any]]], at: int | None, hours: float, wait: float) -> Plan:
    """The plan.

    Args:
        path: Site document.
        lines: From ``newest``.
        at: When the plan begins [ns, UTC]; None is when the newest prediction was made.
        hours: How far it looks.
        wait: What a minute of waiting is worth [Wh].

    Raises:
        DocumentError: A document is malformed.
        DataError: No appliance of the site has a prediction to plan with.
    """
    site, all_seats = seats(path)
    left = {seat.name: why for seat in all_seats if (why := _unknown(seat, lines))}
    chosen = [seat for seat in all_seats if seat.name not in left]
    if not chosen:
        why = "; ".join(f"{name}: {reason}" for name, reason in left.items()) or "it has no members"
        raise DataError(f"no appliance can be planned ({why})", where=str(path), hint="run the package first")
    last = [lines[seat.appliance][-1] for seat in chosen]
    start = _grid(at if at is not None else max(instant(one["time"]) for one in last))
    steps = max(1, round(hours * 3600 / STEP))
    whole = calendar(site, [seat.member for seat in chosen], start, steps + round(BEYOND * 3600 / STEP))
    of = _appliances(chosen, lines)
    made = schedule(of, whole.orders, wait / 60.0, _yielding(site, chosen), whole.price).until(steps)
    when = whole.until(steps)
    known = [_known(seat, one) for seat, one in zip(chosen, last, strict=True)]
    advice = advise([seat.name for seat in chosen], of, made, when, known)
    sources = {
        "packages": sorted({str(o["package"]) for o in last}),
        "signers": sorted({str(o["signer"]) for o in last}),
    }
    return Plan(site, chosen, made, when, advice, left, sources)


def _unknown(seat: Seat, lines: Mapping[str, list[dict[str, Any]]]) -> str:
    """Why an appliance cannot be planned, or nothing."""
    if not lines.get(seat.appliance):
        return f"no prediction of {seat.appliance}"
    one = lines[seat.appliance][-1]
    if _sight(one) is not None:
        return ""
    withheld = one.get("withheld")
    reasons = [str(reason) for name in OUTPUTS for reason in (withheld or {}).get(name, [])[:1]]
    return f"its newest prediction says nothing ({', '.join(dict.fromkeys(reasons)) or 'no such outputs'})"


def _sight(one: Mapping[str, Any]) -> Sight | None:
    """What a line says, or None where it says nothing whole."""
    outputs = one.get("outputs")
    try:
        ready, energy = ((outputs or {})[name] for name in OUTPUTS)
        sight = sights([ready], [energy])[0]
    except (KeyError, TypeError, ValueError):
        return None
    numbers = (*sight.ready, *sight.energy)
    return sight if all(math.isfinite(number) and 0 <= number < 1e9 for number in numbers) else None


def _appliances(chosen: Sequence[Seat], lines: Mapping[str, list[dict[str, Any]]]) -> Appliances:
    """The numbers behind the newest predictions; what holding takes may come from older ones."""
    now, held = [], []
    for seat in chosen:
        known = [sight for one in lines[seat.appliance] if (sight := _sight(one)) is not None]
        now.append(known[-1])
        full = np.array([one.energy[0] * 3600.0 / max(one.ready[0], 1.0) for one in known])
        told = holding(known, full)
        told = told[np.isfinite(told)]
        held.append(float(told[-1]) if len(told) else np.nan)
    return appliances(now, np.array(held))


def _yielding(site: Site, chosen: Sequence[Seat]) -> Yielding:
    limit = site.power_limit.limit if site.power_limit else np.inf
    priority = np.array([seat.member.priority for seat in chosen], np.int64)
    return Yielding(limit, priority, np.array([0.0 if seat.member.shed else 1.0 for seat in chosen]))


def _known(seat: Seat, one: Mapping[str, Any]) -> Known:
    """What is known of an appliance beside its predictions."""
    standing = one.get("vetoes") or {}
    names = tuple(dict.fromkeys(str(veto) for name in OUTPUTS for veto in standing.get(name, ())))
    numbers, setpoint = seat.parameters, _number(seat.member.setpoint)
    ramp = numbers.get("rated_power", np.nan) / numbers.get("heat_capacity", np.nan)
    return Known(names, setpoint, numbers.get("setback_temperature", 0.8 * setpoint), ramp, _limits(seat.member.limits))


def _limits(declared: Declared) -> Limits:
    return Limits(
        ramp=_number(declared.ramp),
        switchings=_number(declared.switchings),
        lowest=_number(declared.lowest),
        highest=_number(declared.highest),
        humidity=_number(declared.humidity),
    )


def _number(value: float | None) -> float:
    return np.nan if value is None else float(value)


def _grid(moment: int) -> int:
    """The start of the step in which a moment lies [ns]."""
    step = round(STEP) * SECOND
    return moment // step * step


def instant(text: object) -> int:
    """A line's time [ns, UTC].

    Raises:
        DataError: It is none.
    """
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError as error:
        raise DataError(f"{text!r} is not a moment such as 2026-01-31T12:00:00Z") from error
    if moment.tzinfo is None:
        raise DataError(f"{text!r} has no offset from UTC", hint="write it with Z or +01:00")
    return round(moment.timestamp()) * SECOND
