"""Advice out of a schedule, each piece held against the vetoes once more.

Advice is no command: nothing is written to a controller. It is not covered by the signature of the package
whose predictions it was made from, and every line says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from trivet.plan.appliance import Appliances
from trivet.plan.hours import ALWAYS, Calendar
from trivet.plan.policy import LOWER, REST, STEP
from trivet.plan.schedule import Schedule
from trivet.runtime.restraint import HOLD, OFF, PREHEAT, SETBACK, Limits, Proposals, Situations, vetoes
from trivet.signals import SECOND, Floats

NOTE = "the plan is not covered by the package's signature"

WORDS = {OFF: "off", SETBACK: "setback", HOLD: "hold", PREHEAT: "preheat"}


class Known(NamedTuple):
    """What is known of an appliance beside its predictions; NaN where nothing is.

    Attributes:
        vetoes: That stood on its newest prediction.
        setpoint: At which it is used [degC].
        setback: To which it is set back [degC].
        ramp: Fastest heating [K/s].
        limits: What its maker allows.
    """

    vetoes: tuple[str, ...] = ()
    setpoint: float = np.nan
    setback: float = np.nan
    ramp: float = np.nan
    limits: Limits = Limits()


class Advice(NamedTuple):
    """What to do with one appliance for some time.

    Attributes:
        appliance: Name.
        action: ``off``, ``setback``, ``hold``, ``preheat``, or ``none``: leave it as it is.
        start: [ns, UTC]; ``end`` likewise.
        saved: Against keeping it ready while the kitchen is open [Wh].
        sheddable: Power that the site does without meanwhile [W].
        reason: For people.
        vetoes: What stood against the planned action; the action is then ``none``.
    """

    appliance: str
    action: str
    start: int
    end: int
    saved: float
    sheddable: float
    reason: str
    vetoes: tuple[str, ...] = ()

    @property
    def minutes(self) -> float:
        """How long it lasts."""
        return (self.end - self.start) / SECOND / 60.0


class Segment(NamedTuple):
    """Steps ``[first, last)`` in which one appliance does the same."""

    row: int
    action: int
    first: int
    last: int


def advise(
    names: Sequence[str], of: Appliances, plan: Schedule, when: Calendar, known: Sequence[Known]
) -> list[Advice]:
    """Advice for all appliances, by start; what a veto stands against becomes ``none``."""
    made: list[Advice] = []
    for row, name in enumerate(names):
        begun: list[int] = []
        for part in segments(plan, row):
            against = _against(part, known[row], plan, begun)
            made.append(_advice(name, part, of, plan, when, against))
            begun += [part.first] if not against and part.action != HOLD else []
    return sorted(made, key=lambda one: (one.start, one.appliance))


def segments(plan: Schedule, row: int) -> list[Segment]:
    """What one appliance does, in stretches of equal action."""
    heating = np.where(plan.distance[:, row] > 0, PREHEAT, HOLD)
    choices = plan.choices[:, row]
    action = np.where(choices == REST, OFF, np.where(choices == LOWER, SETBACK, heating))
    ends = [0, *(np.flatnonzero(np.diff(action)) + 1).tolist(), len(action)]
    return [Segment(row, int(action[a]), a, b) for a, b in pairwise(ends)]


def _against(part: Segment, known: Known, plan: Schedule, begun: Sequence[int]) -> tuple[str, ...]:
    """The vetoes: by what stands on the newest prediction now, by declared limits at any time."""
    said = set(known.vetoes) if part.first == 0 else set()
    hour = round(3600 / STEP)
    switched = float(sum(first > part.first - hour for first in begun))
    cold = plan.distance[part.first, part.row] > 0
    now = Situations(
        running=_one("running_programme" in said),
        food=_one(bool(said & {"lethality", "hot_holding"})),
        core=np.full((1, 1), np.nan),
        step=STEP,
        temperature=_one(known.setpoint if cold else np.nan),
        rate=_one(np.inf if "ramp" in said else 0.0),
        switchings=_one(np.inf if "switching" in said else switched),
    )
    goal = known.setback if part.action == SETBACK else known.setpoint
    proposal = Proposals(np.array([part.action]), _one(goal), _one(known.ramp), _one(np.nan))
    found = vetoes(proposal, now, known.limits)
    standing = [reason for reason, rows in found.items() if rows[0]]
    return tuple(dict.fromkeys([*standing, *(sorted(said) if part.action != HOLD else ())]))


def _one(value: float) -> Floats:
    return np.array([value], np.float64)


def _advice(
    name: str, part: Segment, of: Appliances, plan: Schedule, when: Calendar, against: tuple[str, ...]
) -> Advice:
    start, end = when.moment(part.first), when.moment(part.last)
    if against:
        text = f"{WORDS[part.action]} is vetoed: {', '.join(against)}"
        return Advice(name, "none", start, end, 0.0, 0.0, text, against)
    working = when.open[part.first : part.last]
    kept = of.hold[part.row] * working
    used = plan.power[part.first : part.last, part.row]
    saved, shed = 0.0, 0.0
    if part.action in (OFF, SETBACK) and working.any():
        grown = _after(plan, part) - plan.distance[part.first, part.row]
        debt = grown if working[-1] else 0.0
        saved = float((kept - used).sum() * STEP - of.full[part.row] * max(debt, 0.0)) / 3600.0
        shed = float(np.maximum(kept - used, 0.0).mean())
    return Advice(name, WORDS[part.action], start, end, saved, shed, _reason(part, plan, when))


def _after(plan: Schedule, part: Segment) -> float:
    return float(plan.distance[min(part.last, len(plan.distance) - 1), part.row])


def _reason(part: Segment, plan: Schedule, when: Calendar) -> str:
    orders = float(when.orders[part.first : part.last, part.row].sum())
    if part.action == PREHEAT:
        early = f", {plan.lead * STEP / 60:g} min early for the power limit" if plan.lead else ""
        return f"ready at {when.clock(part.last)}{early}"
    if part.action == HOLD:
        return "needed" if orders else "warm and soon needed"
    working = when.open[part.first : part.last]
    if not working.any():
        return f"closed until {when.clock(part.last)}" if part.last < len(when.open) else "closed"
    if not working[-1]:
        return f"closing at {when.clock(part.first + int(np.argmin(working)))}"
    if orders >= ALWAYS:
        return "the power limit leaves nothing for it"
    return f"{orders:.1f} orders expected before {when.clock(part.last)}"


def line(advice: Advice, site: str, at: str, start: str, end: str, sources: Mapping[str, Any]) -> dict[str, Any]:
    """The advice as a line of JSON; times in RFC 3339.

    Args:
        advice: One piece.
        site: Site id.
        at: When the plan was made.
        start: When the advice begins.
        end: When it ends.
        sources: Package digest and signer of the predictions; what they sign does not cover the plan.
    """
    return {
        "kind": "advice",
        "time": at,
        "site": site,
        "appliance": advice.appliance,
        "action": advice.action,
        "from": start,
        "until": end,
        "saved_wh": round(advice.saved, 1),
        "sheddable_w": round(advice.sheddable, 1),
        "minutes": round(advice.minutes, 1),
        "reason": advice.reason,
        "vetoes": list(advice.vetoes),
        "predictions": dict(sources),
        "signed": False,
        "note": NOTE,
    }
