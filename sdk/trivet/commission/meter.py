"""What a meter does wrong, from its own numbers and those of the appliance it measures; pure.

It works on bound columns, whatever protocol they came over: sign of each phase, sum against
total, current transformers, energy against power, and a feed that others share.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping

import numpy as np

from trivet.commission.watch import Trace
from trivet.errors import Finding, Message
from trivet.signals import SECOND, Floats, Ints

PHASES = (1, 2, 3)
LOAD = 50.0
"""Power below which a sign or a sum says nothing [W]."""
SHARE = 0.2
RATIOS = (5.0, 10.0, 12.0, 15.0, 16.0, 20.0, 25.0, 30.0, 40.0, 50.0, 60.0, 80.0, 100.0, 120.0, 150.0, 160.0, 200.0)
"""Usual ratios of current transformers, ``n``/5 A and ``n``/1 A."""
NEAR, UNLIKELY = 0.12, 0.1
STEP, STEP_SHARE = 300.0, 0.05
AROUND = 4 * SECOND
OWN = (
    "tank_heater",
    "booster_heater",
    "wash_pump_current",
    "fill_valve",
    "drain_pump",
    "program_mode",
    "operation_mode",
)
HEATERS = ("tank_heater", "booster_heater")
OFF = "operation_mode"
FEWEST = 3


def check(
    traces: Mapping[str, Trace], parameters: Mapping[str, float], where: str, off: float | None = None
) -> Iterator[Finding]:
    """The sins of the meter of one device.

    Args:
        traces: Column to what it showed.
        parameters: The device's nameplate, in the interface's units.
        where: Name of the device, for findings.
        off: Code of ``operation_mode`` in which the appliance is off, or None.
    """
    numbers = {name: trace.numbers() for name, trace in traces.items()}
    yield from _signs(numbers, where)
    yield from _sum(numbers, where)
    yield from _transformer(numbers, parameters, where)
    yield from _energy(numbers, where)
    yield from _shared(numbers, where, off)


Numbers = Mapping[str, tuple[Ints, Floats]]


def _signs(numbers: Numbers, where: str) -> Iterator[Finding]:
    """Phases that show a load with the wrong sign."""
    for phase in PHASES:
        values = numbers.get(f"power_l{phase}", _NOTHING)[1]
        loaded = values[np.abs(values) > LOAD]
        if len(loaded) >= FEWEST and (loaded < 0).mean() > 0.9:
            message = Message("phase {phase} counts backwards: {watts:.0f} W", phase=phase, watts=np.median(loaded))
            hint = Message(
                "turn its current transformer, or write `invert: [power_l{phase}]` at the meter's endpoint", phase=phase
            )
            yield Finding("TRV-D070", f"{where}/power_l{phase}", message, hint)


def _sum(numbers: Numbers, where: str) -> Iterator[Finding]:
    """Whether the total is the sum of the phases, and which sign or factor would make it so."""
    parts = [numbers.get(f"power_l{phase}", _NOTHING) for phase in PHASES]
    times, total = numbers.get("active_power", _NOTHING)
    if not len(total) or not all(len(values) for _, values in parts):
        return
    phases = np.stack([_at(times, *part) for part in parts])
    steady = _steady(times, total) & np.isfinite(phases).all(axis=0) & (np.abs(phases).sum(axis=0) > LOAD)
    if steady.sum() < FEWEST or _agree(phases[:, steady].sum(axis=0), total[steady]):
        return
    phases, total = phases[:, steady], total[steady]
    for signs in itertools.product((1, -1), repeat=3):
        if -1 in signs and signs.count(-1) < 3 and _agree((np.array(signs)[:, None] * phases).sum(axis=0), total):
            wrong = [f"power_l{phase}" for phase, sign in zip(PHASES, signs, strict=True) if sign < 0]
            message = Message("the total is the sum of the phases only with {phases} reversed", phases=", ".join(wrong))
            hint = "a current transformer is turned, or two voltages are exchanged: look at the meter's wiring"
            yield Finding("TRV-D071", f"{where}/active_power", message, hint)
            return
    ratio = float(np.median(total / phases.sum(axis=0)))
    message = Message("the total is {ratio:.3g} times the sum of the phases", ratio=ratio)
    hint = "total and phases have other scales or transformer ratios, or a phase is not measured: correct the profile"
    yield Finding("TRV-D071", f"{where}/active_power", message, hint)


def _transformer(numbers: Numbers, parameters: Mapping[str, float], where: str) -> Iterator[Finding]:
    """Power against the nameplate: a ratio that was never set, or set twice."""
    power = numbers.get("active_power", _NOTHING)[1]
    rated = parameters.get("rated_power")
    if rated is None or len(power) < FEWEST:
        return
    most = float(np.abs(power).max())
    if most > 1.3 * rated:
        hint = "the transformer ratio is set twice, or the meter covers more than this appliance"
        message = Message(
            "takes {most:.0f} W, {times:.1f} times its rated {rated:.0f} W", most=most, times=most / rated, rated=rated
        )
        yield Finding("TRV-D072", f"{where}/active_power", message, hint)
        return
    step = _heater_step(numbers, parameters)
    if step is not None:
        name, watts, ratio = step
        message = Message(
            "power rises by {watts:.0f} W when {name} switches on; times {ratio:g} that is its nameplate",
            watts=watts,
            name=name,
            ratio=ratio,
        )
        yield Finding(
            "TRV-D072",
            f"{where}/active_power",
            message,
            Message("write `ct_ratio: {ratio:g}` at the endpoint", ratio=ratio),
        )
    elif most < UNLIKELY * rated and len(_changes(*numbers.get("program_mode", _NOTHING))) >= FEWEST:
        message = Message(
            "took {most:.0f} W at most while programmes ran, its rated power is {rated:.0f} W", most=most, rated=rated
        )
        hint = "a transformer ratio is missing at the meter or as `ct_ratio` at the endpoint"
        yield Finding("TRV-D072", f"{where}/active_power", message, hint, "warning")


def _heater_step(numbers: Numbers, parameters: Mapping[str, float]) -> tuple[str, float, float] | None:
    """A heater whose switching changes the power by its nameplate's divided by a usual ratio: (column, W, ratio)."""
    times, power = numbers["active_power"]
    for name in HEATERS:
        rated, switched = parameters.get(f"{name}_power"), _changes(*numbers.get(name, _NOTHING))
        steps = [
            abs(
                float(_at(np.array([when + AROUND]), times, power)[0] - _at(np.array([when - AROUND]), times, power)[0])
            )
            for when in switched.tolist()
            if when - AROUND >= times[0] and when + AROUND <= times[-1]
        ]
        if rated is None or not steps:
            continue
        step = float(np.median(steps))
        ratio = min(RATIOS, key=lambda one: abs(np.log(max(step, 1e-3) * one / rated)))
        if abs(step * ratio / rated - 1.0) < NEAR:
            return name, step, ratio
    return None


def _energy(numbers: Numbers, where: str) -> Iterator[Finding]:
    """The counter against the integral of the power."""
    times, power = numbers.get("active_power", _NOTHING)
    moments, energy = numbers.get("active_energy", _NOTHING)
    if len(times) < FEWEST or len(energy) < FEWEST:
        return
    first, last = max(times[0], moments[0]), min(times[-1], moments[-1])
    within = (times >= first) & (times <= last)
    if within.sum() < FEWEST:
        return
    hours = np.diff(times[within]) / (3600 * SECOND)
    used = float((hours * (power[within][1:] + power[within][:-1]) / 2).sum())
    counted = float(_at(np.array([last]), moments, energy)[0] - _at(np.array([first]), moments, energy)[0])
    steps = np.diff(energy)
    resolution = float(steps[steps > 0].min()) if (steps > 0).any() else np.inf
    if used > 20 * resolution and used > 1.0 and abs(counted / used - 1.0) > 0.25:
        message = Message("counted {counted:.4g} W.h while {used:.4g} W.h were drawn", counted=counted, used=used)
        hint = "power and energy have other scales or transformer ratios: compare both with the meter's display"
        yield Finding("TRV-D073", f"{where}/active_energy", message, hint, "warning")


def _shared(numbers: Numbers, where: str, off: float | None) -> Iterator[Finding]:
    """Steps of power that nothing at the appliance explains."""
    times, power = numbers.get("active_power", _NOTHING)
    if len(power) < FEWEST:
        return
    jumps = np.abs(np.diff(power))
    big = times[1:][jumps > max(STEP, STEP_SHARE * float(np.abs(power).max()))]
    events = [_changes(*numbers[name]) for name in OWN if name in numbers]
    if len(big) < 2:
        return
    if set(HEATERS) <= numbers.keys():
        known = np.sort(np.concatenate(events)) if events else np.empty(0, np.int64)
        strange = [when for when in big.tolist() if not _near(known, when)]
    elif off is not None and OFF in numbers:
        modes = _at(big, *numbers[OFF])
        strange = big[modes == off].tolist()
    else:
        return
    if len(strange) >= 2 and len(strange) > SHARE * len(big):
        message = Message(
            "{count} of {total} steps of power are not the appliance's own", count=len(strange), total=len(big)
        )
        hint = "the meter's feed is shared: measure the appliance alone, or list what the meter covers"
        yield Finding("TRV-D074", f"{where}/active_power", message, hint, "warning")


_NOTHING: tuple[Ints, Floats] = (np.empty(0, np.int64), np.empty(0, np.float64))


def _at(when: Ints, times: Ints, values: Floats) -> Floats:
    """The newest value at each time; NaN before the first."""
    place = np.searchsorted(times, when, side="right") - 1
    return np.where(place >= 0, values[np.maximum(place, 0)], np.nan)


def _steady(times: Ints, values: Floats) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Which samples are like the one before, so that meters that take turns cannot disagree."""
    if len(values) < 2:
        return np.zeros(len(times), np.bool_)
    calm = np.abs(np.diff(values)) < np.maximum(LOAD, SHARE * np.abs(values[1:])) / 2
    return np.concatenate([[False], calm])


def _agree(parts: Floats, total: Floats) -> bool:
    """Whether a sum is its total, as ``device.faults`` judges it, for most samples."""
    return bool((np.abs(parts - total) <= np.maximum(LOAD, SHARE * np.abs(total))).mean() > 0.8)


def _changes(times: Ints, values: Floats) -> Ints:
    """When a column became another; pumps by half an ampere and more."""
    moved = np.abs(np.diff(values)) >= 0.5
    changed: Ints = times[1:][moved]
    return changed


def _near(known: Ints, when: int) -> bool:
    place = int(np.searchsorted(known, when))
    return any(abs(int(known[index]) - when) <= AROUND for index in (place - 1, place) if 0 <= index < len(known))
