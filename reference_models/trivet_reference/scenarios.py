"""Simulated appliances by name: what a server shows, from which seed, with which fault."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from trivet.device.adapter import Snapshot
from trivet.signals import SECOND, Condition, Floats
from trivet_reference.plant import cookers, faults, machine
from trivet_reference.plant.dishwasher import Dishwasher
from trivet_reference.plant.faults import FAULTS
from trivet_reference.plant.oven import Oven
from trivet_reference.states import COOKING_STATES, DISHWASHER_STATES

_WARM_PACE = 150.0
_WARM_LIMIT = 200_000


class Plant(Protocol):
    """A simulated appliance; calling it gives what its controller and meter show at a time [ns, UTC]."""

    parameters: Mapping[str, float]

    def __call__(self, now: int) -> Snapshot:
        """The state at a time."""
        ...


class _Live:
    """A plant of one machine that follows the clock of its callers.

    The first call sets its origin. A call with an earlier time than the last gives the last
    state again; a later one advances it second by second, so that the same seed and times
    give the same values however often it is called.
    """

    def __init__(
        self,
        step: Callable[[], None],
        signals: Callable[[], Mapping[str, Floats]],
        states: Mapping[str, Mapping[int, str]],
        parameters: Mapping[str, float],
    ) -> None:
        self.parameters = parameters
        self._step, self._signals, self._states = step, signals, states
        self._origin: int | None = None
        self._elapsed = 0
        self._snapshot: Snapshot | None = None
        self._alarm: Condition | None = None

    def __call__(self, now: int) -> Snapshot:
        if self._origin is None:
            self._origin = now
        due = max((now - self._origin) // SECOND, self._elapsed)
        for _ in range(due - self._elapsed):
            self._step()
        if self._snapshot is None or due > self._elapsed:
            self._elapsed = due
            self._snapshot = self._show(self._origin + due * SECOND)
        return self._snapshot

    def _show(self, now: int) -> Snapshot:
        """The present state, with enumerations as state names."""
        numbers = {name: float(column[0]) for name, column in self._signals().items()}
        named = {name: self._states[name][int(value)] for name, value in numbers.items() if name in self._states}
        return Snapshot({**numbers, **named}, conditions=self._conditions(numbers.get("service_code", 0.0), now))

    def _conditions(self, code: float, now: int) -> tuple[Condition, ...]:
        """The maker's fault code as an alarm; a cleared one is shown until the next."""
        previous = self._alarm
        name = f"service_{int(code)}"
        if code > 0 and not (previous and previous.active and previous.id == name):
            self._alarm = Condition(name, True, None, 700, f"Fault code {int(code)}", now, now, "plant")
        elif code <= 0 and previous and previous.active:
            self._alarm = Condition(previous.id, False, None, 700, previous.message, now, now, "plant")
        return (self._alarm,) if self._alarm else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A simulated appliance on offer.

    Attributes:
        name: As ``trivet simulate`` names it.
        interface: Id of the interface whose signals it shows.
        endpoints: Endpoint name to the profile through which it is served.
        faults: Faults that it can have.
        build: Makes one appliance; see ``plant``.
        pace: Usual mean time between racks or loads [s].
        appliance: Nameplate texts for a device document.
    """

    name: str
    interface: str
    endpoints: Mapping[str, str]
    faults: tuple[str, ...]
    build: Callable[..., Plant]
    pace: float
    appliance: Mapping[str, str]

    def plant(
        self,
        seed: int = 1,
        *,
        fault: str | None = None,
        severity: float = 1.0,
        onset: float = 0.0,
        ramp: float | None = None,
        warm_cycles: int = 0,
        pace: float | None = None,
        whole_day: bool = False,
        hour: float = 11.5,
    ) -> Plant:
        """One appliance.

        Args:
            seed: The same seed and times give the same values.
            fault: One of ``faults``, or None for a healthy appliance.
            severity: How far the fault goes, 0 to 1.
            onset: When it begins [s after the first call].
            ramp: How long it takes to get there [s]; None is the fault's own habit.
            warm_cycles: Healthy racks (or loads) it has behind it at the first call.
            pace: Mean time between racks or loads [s]; None is the scenario's own.
            whole_day: Follow the rhythm of a day instead: opening, lunch, dinner, closing.
            hour: Hour of the day at the first call.

        Raises:
            ValueError: The scenario has no such fault, or a number is out of its range.
        """
        if fault is not None and fault not in self.faults:
            known = ", ".join(self.faults) or "none"
            raise ValueError(f"scenario {self.name} has no fault {fault!r}; it has {known}")
        if not 0.0 <= severity <= 1.0:
            raise ValueError(f"severity {severity} is outside 0 to 1")
        return self.build(
            seed=seed,
            fault=fault,
            severity=severity,
            onset=onset,
            ramp=ramp,
            warm_cycles=warm_cycles,
            pace=None if whole_day else pace or self.pace,
            hour=hour,
        )


def _build_dishwasher(
    *,
    seed: int,
    fault: str | None,
    severity: float,
    onset: float,
    ramp: float | None,
    warm_cycles: int,
    pace: float | None,
    hour: float,
) -> Plant:
    """A hood-type machine, warmed up by racks at a busy pace before the first call."""
    machines = machine.draw(seed, 1, machine.HOOD_ONLY)
    plant = Dishwasher(machines, seed, pace=_WARM_PACE if warm_cycles else pace, hour=hour)
    while plant.racks[0] < warm_cycles and plant.elapsed < _WARM_LIMIT:
        plant.step()
    plant.operators.pace = pace
    plant.second = round(hour * 3600)
    if fault is not None:
        plant.ills = faults.single(1, fault, severity, plant.elapsed + onset, ramp, seed)
    return _Live(plant.step, lambda: plant.sensors.signals(plant), DISHWASHER_STATES, machines.nameplate(0))


def _build_oven(*, seed: int, warm_cycles: int, pace: float | None, hour: float, **_others: object) -> Plant:
    """A combi oven; with loads to warm up it has been on for an hour and a half."""
    constants = cookers.draw_ovens(seed, 1)
    plant = Oven(constants, seed, hour=hour - 1.5 if warm_cycles else hour, pace=pace)
    plant.advance(5400 if warm_cycles else 0)
    return _Live(plant.step, plant.signals, COOKING_STATES, constants.parameters(0))


dishwasher = Scenario(
    name="dishwasher",
    interface="commercial-dishwasher",
    endpoints={"controller": "opc30200-dishwashing-machine", "meter": "eastron-sdm630"},
    faults=FAULTS,
    build=_build_dishwasher,
    pace=240.0,
    appliance={"manufacturer": "Trivet", "model": "Simulated hood-type dishwasher", "type": "dishwasher"},
)

oven = Scenario(
    name="oven",
    interface="cooking-appliance",
    endpoints={"controller": "opc30200-combi-steamer", "meter": "eastron-sdm630"},
    faults=(),
    build=_build_oven,
    pace=1500.0,
    appliance={"manufacturer": "Trivet", "model": "Simulated combi oven", "type": "combi_steamer"},
)
