"""Vetoes over proposals: what may not be done to an appliance, whoever proposes it.

A proposal is an action with the set-point that it would bring; ``hold`` changes nothing and always
stands. What is not known counts as the worst that it can be, and a limit that was declared but cannot
be checked stands. Nothing here trades safety for energy, and nothing here proposes: a veto can only
turn an action into doing nothing.

Columnar, so that a million proposals are judged at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trivet.signals import Floats, Ints

    Flags = NDArray[np.bool_]

ACTIONS = ("off", "setback", "hold", "preheat")
"""In the order of the interface's class ids."""

OFF, SETBACK, HOLD, PREHEAT = range(4)


class Pasteurisation(NamedTuple):
    """When food has been hot for long enough: ``P = sum 10**((T - reference) / z) dt``.

    With z = 6 K below 70 degC and 8.3 K above it the sum is 120 s after 93 min at 60 degC, 13.6 min at 65,
    2 min at 70, 30 s at 75 and 7.5 s at 80: the stricter of the pairs in use in the United Kingdom.

    Attributes:
        reference: [degC].
        z_below: Below the reference [K].
        z_above: Above it [K].
        needed: Least sum [s].
    """

    reference: float = 70.0
    z_below: float = 6.0
    z_above: float = 8.3
    needed: float = 120.0

    def value(self, core: Floats, step: float) -> Floats:
        """The sum over the last axis of core temperatures [degC], one each ``step`` [s]; unknown ones add nothing."""
        distance = core - self.reference
        rate = 10.0 ** (np.minimum(distance, 60.0) / np.where(distance < 0, self.z_below, self.z_above))
        return np.asarray(np.where(np.isfinite(distance), rate, 0.0).sum(axis=-1) * step)


class Situations(NamedTuple):
    """Appliances as they are now, ``(rows,)`` each; NaN is not known.

    Attributes:
        running: 1 while a programme runs, 0 when none does.
        food: 1 with food inside, 0 without.
        core: Core temperatures since the food went in, oldest first [degC], ``(rows, frames)``.
        step: Time between two of them [s].
        temperature: Chamber, oil or water [degC].
        rate: Its change now [K/s].
        switchings: Switchings of the contactor within the last hour.
    """

    running: Floats
    food: Floats
    core: Floats
    step: float
    temperature: Floats
    rate: Floats
    switchings: Floats


class Proposals(NamedTuple):
    """What somebody would do, ``(rows,)`` each.

    Attributes:
        action: Place in ``ACTIONS``.
        setpoint: That the thermostat would have [degC]; of no account for ``off`` and ``hold``; NaN is the
            controller's own, which nobody read.
        ramp: Fastest change that it would cause [K/s].
        humidity: Chamber humidity that would come of it [%].
    """

    action: Ints
    setpoint: Floats
    ramp: Floats
    humidity: Floats


class Limits(NamedTuple):
    """What was declared for appliances, ``(rows,)`` or one number each; NaN where nothing was.

    Attributes:
        holding: Least temperature at which food is held hot [degC].
        ramp: Fastest change that is allowed [K/s].
        switchings: Most switchings of the contactor within an hour.
        lowest: Least set-point [degC].
        highest: Highest set-point and temperature, as of oil [degC].
        humidity: Least chamber humidity [%].
        pasteurisation: When food has been hot for long enough.
    """

    holding: Floats | float = 63.0
    ramp: Floats | float = np.nan
    switchings: Floats | float = np.nan
    lowest: Floats | float = np.nan
    highest: Floats | float = np.nan
    humidity: Floats | float = np.nan
    pasteurisation: Pasteurisation = Pasteurisation()


def vetoes(proposals: Proposals, now: Situations, limits: Limits) -> Mapping[str, Flags]:
    """Reason to the rows on which it stands against the proposal; written so that NaN forbids."""
    action = np.asarray(proposals.action)
    known = np.isin(action, range(len(ACTIONS)))
    heats = (action == PREHEAT) | (action == SETBACK)
    cools = (action == OFF) | (action == SETBACK)
    food = ~(now.food == 0)
    had = limits.pasteurisation.value(now.core, now.step)
    held_hot = (action == SETBACK) & (proposals.setpoint >= limits.holding)
    found = {
        "unknown_action": ~known,
        "running_programme": ~(now.running == 0),
        "lethality": cools & food & ~(had >= limits.pasteurisation.needed),
        "hot_holding": cools & food & ~held_hot,
        "ramp": _declared(limits.ramp, (np.abs(now.rate) <= limits.ramp) & _gentle(proposals, limits, action)),
        "switching": _declared(limits.switchings, now.switchings + 1 <= limits.switchings),
        "humidity": _declared(limits.humidity, proposals.humidity >= limits.humidity),
        "set_point": heats & ~_within(proposals, limits),
        "too_hot": _declared(limits.highest, now.temperature <= limits.highest) & (action == PREHEAT),
    }
    moves = ~known | (action != HOLD)
    return {reason: moves & rows for reason, rows in found.items()}


def restrained(proposals: Proposals, now: Situations, limits: Limits) -> Ints:
    """The actions with ``hold`` wherever anything stands against them."""
    against = np.logical_or.reduce(list(vetoes(proposals, now, limits).values()))
    return np.asarray(np.where(against, HOLD, proposals.action))


def _declared(limit: Floats | float, kept: Flags) -> Flags:
    """Rows with a limit that is not, or not known to be, kept."""
    return np.asarray(~np.isnan(limit) & ~kept)


def _gentle(proposals: Proposals, limits: Limits, action: Ints) -> Flags:
    """Rows whose proposal does not change the temperature too fast; switching off drives nothing."""
    return np.asarray((action == OFF) | (np.abs(proposals.ramp) <= limits.ramp))


def _within(proposals: Proposals, limits: Limits) -> Flags:
    """Rows with a set-point inside its window, where one was declared, and never an infinite one."""
    above = np.isnan(limits.lowest) | (proposals.setpoint >= limits.lowest)
    below = np.isnan(limits.highest) | (proposals.setpoint <= limits.highest)
    return np.asarray(above & below & ~np.isinf(proposals.setpoint))
