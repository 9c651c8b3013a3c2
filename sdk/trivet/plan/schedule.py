"""Policies of all appliances followed together, below what the site may draw.

A limit on the mean over a longer time is kept in every step of five minutes, which keeps it in any mean of
them. Who has to yield is asked in order of priority; an appliance that must not yield counts first. Since
yielding makes late, the policies are also followed as if all orders came some steps earlier, and the
cheapest way counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from trivet.plan.appliance import Appliances
from trivet.plan.policy import REST, STEP, Policy, move, policy
from trivet.signals import Floats, Ints

if TYPE_CHECKING:
    from trivet.plan.policy import Choices

LEADS = (0, 1, 2, 3, 4, 6, 9, 12)
"""Steps by which orders are looked at early."""


class Yielding(NamedTuple):
    """Who yields to the site's limit.

    Attributes:
        limit: Largest power of a step [W]; infinite where there is none.
        priority: The higher, the later one yields, ``(appliances,)``.
        fixed: Appliances that must not yield, ``(appliances,)``.
    """

    limit: float
    priority: Ints
    fixed: Floats


class Schedule(NamedTuple):
    """What is planned, ``(steps, appliances)`` each.

    Attributes:
        choices: Of ``REST``, ``LOWER``, ``HEAT``.
        distance: At the start of each step [s].
        power: Mean of each step [W].
        late: Expected seconds of waiting for each appliance, ``(appliances,)``.
        over: Largest power above the limit [W].
        lead: Steps by which orders were looked at early.
    """

    choices: Choices
    distance: Floats
    power: Floats
    late: Floats
    over: float
    lead: int

    def until(self, step: int) -> Schedule:
        """The same, cut short; what waits later stays counted."""
        return self._replace(choices=self.choices[:step], distance=self.distance[:step], power=self.power[:step])

    def cost(self, wait: Floats | float, price: Floats | None = None) -> float:
        """Energy and waiting [Wh]."""
        per_step = self.power.sum(axis=1) * STEP / 3600.0
        return float((per_step * (1.0 if price is None else price)).sum() + (self.late * wait).sum())


def share(wanted: Choices, power: Floats, yielding: Yielding, urgent: Floats) -> Choices:
    """The choices of one step below the limit.

    Args:
        wanted: What each policy chooses, ``(appliances,)``.
        power: Power of each choice [W], ``(appliances, 3)``.
        yielding: Limit and order.
        urgent: Among equal priorities the more urgent goes first, ``(appliances,)``.
    """
    made = wanted.copy()
    left = yielding.limit
    for n in np.lexsort((-urgent, -yielding.priority, yielding.fixed == 0)).tolist():
        fits = (choice for choice in range(int(wanted[n]), -1, -1) if power[n, choice] <= left)
        if not yielding.fixed[n]:
            made[n] = next(fits, REST)
        left -= power[n, made[n]]
    return made


def follow(of: Appliances, plan: Policy, orders: Floats, yielding: Yielding, lead: int = 0) -> Schedule:
    """Policies followed from where the appliances are."""
    steps, count = orders.shape
    choices, distance, power = np.empty((steps, count), np.int8), np.empty((steps, count)), np.empty((steps, count))
    now, late, over = of.distance.copy(), np.zeros(count), 0.0
    rows = np.arange(count)
    for step in range(steps):
        made = move(of, now[:, None])
        watts = made.energy[:, 0] * 3600.0 / STEP
        soon = orders[step : step + 6].sum(axis=0)
        chosen = share(plan.choose(step, now), watts, yielding, soon * (1.0 + now))
        choices[step], distance[step], power[step] = chosen, now, watts[rows, chosen]
        over = max(over, float(power[step].sum()) - yielding.limit)
        late += (1.0 - np.exp(-orders[step])) * now
        now = made.after[rows, 0, chosen]
    return Schedule(choices, distance, power, late, over, lead)


def schedule(
    of: Appliances,
    orders: Floats,
    wait: Floats | float,
    yielding: Yielding,
    price: Floats | None = None,
) -> Schedule:
    """The cheapest schedule over ``LEADS``; arguments as of ``policy``."""
    tried = []
    for lead in LEADS if np.isfinite(yielding.limit) else (0,):
        early = np.stack([orders[step : step + lead + 1].max(axis=0) for step in range(len(orders))])
        tried.append(follow(of, policy(of, early, wait, price), orders, yielding, lead))
    return min(tried, key=lambda one: (one.over > 1e-6, one.cost(wait, price)))
