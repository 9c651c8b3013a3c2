"""A site's hours, prices and expected orders, step by step."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from trivet.interface.site import Hours, Member, Site
from trivet.plan.policy import STEP
from trivet.signals import SECOND, Floats

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

ALWAYS = 50.0
"""Orders in a step of an appliance that is needed at any time."""


class Calendar(NamedTuple):
    """What holds in each step.

    Attributes:
        start: Of the first step [ns, UTC].
        zone: The site's time zone.
        open: Whether the kitchen works, ``(steps,)``.
        orders: Expected orders, ``(steps, appliances)``.
        price: Relative price of energy, mean 1, ``(steps,)``.
    """

    start: int
    zone: ZoneInfo
    open: Floats
    orders: Floats
    price: Floats

    def until(self, step: int) -> Calendar:
        """The same, cut short."""
        return self._replace(open=self.open[:step], orders=self.orders[:step], price=self.price[:step])

    def moment(self, step: int) -> int:
        """When a step begins [ns, UTC]."""
        return self.start + round(step * STEP) * SECOND

    def clock(self, step: int) -> str:
        """The same on the site's clock, with the day when it is another."""
        first, then = (local(self.moment(n), self.zone) for n in (0, step))
        return f"{then:%H:%M}" if first.date() == then.date() else f"{then:%a %H:%M}"


def calendar(site: Site, members: Sequence[Member], start: int, steps: int) -> Calendar:
    """The calendar of so many steps from a moment [ns, UTC]."""
    zone = ZoneInfo(site.time_zone)
    moments = [local(start + round(step * STEP) * SECOND, zone) for step in range(steps)]
    working = np.array([holds(site.opening, moment) for moment in moments], np.float64)
    orders = np.array([[_orders(member, moment) for member in members] for moment in moments], np.float64)
    prices = np.array([_price(site, moment) for moment in moments])
    return Calendar(start, zone, working, orders * working[:, None], prices / (prices.mean() or 1.0))


def local(moment: int, zone: ZoneInfo) -> datetime:
    """A moment [ns, UTC] on a clock on the wall."""
    return datetime.fromtimestamp(moment // SECOND, UTC).astimezone(zone)


def holds(hours: Sequence[Hours], moment: datetime) -> bool:
    """Whether any of these stretches holds; none at all holds always."""
    return not hours or any(_holds(stretch, moment) for stretch in hours)


def _holds(stretch: Hours, moment: datetime) -> bool:
    clock = f"{moment:%H:%M}"
    yesterday = moment - timedelta(days=1)
    if stretch.end > stretch.start:
        return _on(stretch, moment) and stretch.start <= clock < stretch.end
    return (_on(stretch, moment) and clock >= stretch.start) or (_on(stretch, yesterday) and clock < stretch.end)


def _on(stretch: Hours, day: datetime) -> bool:
    return not stretch.days or DAYS[day.weekday()] in stretch.days


def _orders(member: Member, moment: datetime) -> float:
    """Expected orders within a step."""
    if not member.demand:
        return ALWAYS
    rate = next((demand.orders for demand in member.demand if holds(demand.hours, moment)), 0.0)
    return rate * STEP / 3600.0


def _price(site: Site, moment: datetime) -> float:
    return next((tariff.price for tariff in site.tariffs if holds(tariff.hours, moment)), 1.0)
