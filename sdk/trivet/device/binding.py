"""Readings of points to readings of columns: units, states, ranges, the policy for Uncertain; pure.

The documents are compiled once for each vocabulary that a source uses; a poll of thirty
rows then costs some microseconds and a block of a recording a few passes of numpy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from trivet.device.conversion import Wire
from trivet.device.document import Device, Profile
from trivet.device.parameters import check_parameters
from trivet.device.wiring import wiring
from trivet.errors import DocumentError, Finding
from trivet.interface.columns import columns
from trivet.interface.document import Interface
from trivet.interface.parsed import Parsed
from trivet.signals import Codes, Floats, Ints, Readings, Status

Flags = NDArray[np.bool_]

POLICIES = ("accept", "flag", "drop")
UNCERTAIN = np.uint32(Status.UNCERTAIN)
OUT_OF_RANGE = np.uint32(Status.BAD_OUT_OF_RANGE)
NO_DATA = np.uint32(Status.BAD_NO_DATA)
BAD = np.uint32(Status.BAD)
STATE_BITS = 32
HALF = 1 << (STATE_BITS - 1)
"""A native code, shifted to be positive, is below 2**32: it and its point fit one integer."""


@dataclass(frozen=True, slots=True)
class Binding:
    """What one device's points are in an interface's terms.

    Attributes:
        interface: The interface that is executed.
        device: Device id.
        wires: Endpoint name to its wires.
        columns: Every column of the interface; the vocabulary of all that ``apply`` gives.
        fitted: Columns that some point feeds.
        findings: Warnings and notes about the documents.
    """

    interface: Interface
    device: str
    wires: Mapping[str, tuple[Wire, ...]]
    columns: tuple[str, ...]
    fitted: frozenset[str]
    findings: tuple[Finding, ...] = ()
    _plans: dict[tuple[str, tuple[str, ...]], tuple[_Plan, ...]] = field(
        default_factory=dict, repr=False, compare=False
    )

    def apply(self, origin: str, readings: Readings) -> Readings:
        """The rows that feed a column, in the interface's units and codes.

        ``names`` is always ``columns``. Rows of points that feed nothing are left out; a point that
        feeds two columns gives two rows. What a value cannot be used for stays visible:

        ==================== ============================ ======================
        cause                status                       reason
        ==================== ============================ ======================
        no number            ``BAD_NO_DATA``              ``not_a_number``
        outside the range    ``BAD_OUT_OF_RANGE``         ``out_of_range``
        unmapped native code ``UNCERTAIN``                ``unknown_state``
        Uncertain, ``drop``  ``BAD``                      ``uncertain``
        Uncertain, ``flag``  as it was                    ``uncertain``
        ==================== ============================ ======================

        The number is kept in all of them. Rows whose reason is ``unknown_state`` carry the
        controller's own code and are never a number for a tensor; rows with Bad status neither.

        Args:
            origin: Endpoint name, or ``device/endpoint`` as sources have it.
            readings: As the endpoint's adapter gave them.
        """
        plans = self._plans.get((origin, readings.names))
        if plans is None:
            wires = self.wires.get(origin.rpartition("/")[2], ())
            plans = self._plans[origin, readings.names] = _compile(wires, self.columns, readings.names)
        parts = [_apply(plan, readings, self.columns) for plan in plans]
        return parts[0] if len(parts) == 1 else _joined(parts)


def bind(
    interface: Interface,
    device: Device | Parsed[Device],
    profiles: Mapping[str, Profile | Parsed[Profile]],
    zone: str | None = None,
) -> Binding:
    """Binds a device, or one zone of it, to an interface.

    Args:
        interface: The package's own interface.
        device: The device document; parsed, errors have file and line.
        profiles: Endpoint name to the profile of its controller type.
        zone: Name of the zone, or None.

    Raises:
        DocumentError: A signal, point, endpoint or zone is unknown, units do not fit, two points feed one
            column, a point is too coarse, a parameter is impossible; ``findings`` has everything.
    """
    made = wiring(interface, device, profiles, zone)
    findings = [*made.findings, *check_parameters(interface, device)]
    errors = [finding for finding in findings if finding.severity == "error"]
    if errors:
        raise DocumentError.of(errors)
    document = device.document if isinstance(device, Parsed) else device
    fitted = frozenset(wire.column for wires in made.wires.values() for wire in wires)
    return Binding(interface, document.id, made.wires, tuple(columns(interface)), fitted, tuple(findings))


@dataclass(frozen=True, slots=True)
class _Plan:
    """The wires of one endpoint as arrays, indexed by a source's vocabulary.

    Attributes:
        column: Number of the column, or -1.
        scale: Factor.
        offset: Added after it.
        low: Smallest possible value.
        high: Largest possible value.
        policy: Index of ``POLICIES``.
        complete: Whether every name feeds a column.
        enumerated: Which names are states; None when none is.
        keys: Rising ``name << 32 | code`` of every mapped state.
        states: The interface's code of each key.
    """

    column: Ints
    scale: Floats
    offset: Floats
    low: Floats
    high: Floats
    policy: Ints
    complete: bool
    enumerated: Flags | None
    keys: Ints
    states: Floats


def _compile(wires: Sequence[Wire], names: Sequence[str], points: tuple[str, ...]) -> tuple[_Plan, ...]:
    """One plan, and a further one for each time that a point feeds one more column."""
    layers: list[dict[str, Wire]] = [{}]
    for wire in wires:
        free = next((layer for layer in layers if wire.point not in layer), None)
        if free is None:
            layers.append(free := {})
        free[wire.point] = wire
    return tuple(_plan([layer.get(point) for point in points], names) for layer in layers)


def _plan(wires: Sequence[Wire | None], names: Sequence[str]) -> _Plan:
    place = {name: number for number, name in enumerate(names)}
    table = [
        (place[w.column], w.scale, w.offset, w.low, w.high, POLICIES.index(w.uncertain)) if w else (-1, 1, 0, 0, 0, 0)
        for w in wires
    ]
    column, scale, offset, low, high, policy = np.array(table, np.float64).reshape(-1, 6).T.copy()
    keyed = sorted(
        (_key(number, code), state)
        for number, wire in enumerate(wires)
        for code, state in ((wire and wire.states) or {}).items()
    )
    enumerated = np.array([bool(wire and wire.states is not None) for wire in wires], np.bool_)
    return _Plan(
        column=column.astype(np.int64),
        scale=scale,
        offset=offset,
        low=low,
        high=high,
        policy=policy.astype(np.int64),
        complete=None not in wires,
        enumerated=enumerated if enumerated.any() else None,
        keys=np.array([key for key, _ in keyed], np.int64),
        states=np.array([state for _, state in keyed], np.float64),
    )


def _key(number: int, code: float) -> int:
    return (number << STATE_BITS) + int(code) + HALF


def _apply(plan: _Plan, readings: Readings, names: tuple[str, ...]) -> Readings:
    if not plan.complete:
        readings = _fed(plan, readings)
    index = readings.column
    values = readings.values * plan.scale[index] + plan.offset[index]
    unknown = None
    if plan.enumerated is not None:
        values, unknown = _translated(plan, index, values, plan.enumerated[index])
    possible = (values >= plan.low[index]) & (values <= plan.high[index])
    status, reasons = readings.status, readings.reasons
    if unknown is not None or not possible.all() or status.any():
        status, reasons = _judged(plan, readings, values, possible, unknown)
    source, receive, origin = readings.source, readings.receive, readings.origin
    return Readings(names, plan.column[index], values, status, source, receive, origin, reasons, readings.provenance)


def _fed(plan: _Plan, readings: Readings) -> Readings:
    """Only the rows that feed a column."""
    keep = plan.column[readings.column] >= 0
    if keep.all():
        return readings
    places = np.cumsum(keep) - 1
    return Readings(
        readings.names,
        readings.column[keep],
        readings.values[keep],
        readings.status[keep],
        readings.source[keep],
        readings.receive[keep],
        readings.origin,
        {int(places[row]): reason for row, reason in readings.reasons.items() if keep[row]},
        readings.provenance,
    )


def _translated(plan: _Plan, index: Ints, values: Floats, enumerated: Flags) -> tuple[Floats, Flags | None]:
    """Native codes as the interface's codes; and which codes are not mapped, or None."""
    whole = enumerated & (np.abs(values) < HALF)
    codes = np.where(whole, values, 0.0).astype(np.int64)
    keys = (index << STATE_BITS) + codes + HALF
    if len(plan.keys):
        at = np.minimum(np.searchsorted(plan.keys, keys), len(plan.keys) - 1)
        known = whole & (plan.keys[at] == keys) & (codes == values)
        unknown = enumerated & ~known & ~np.isnan(values)
        return np.where(known, plan.states[at], values), unknown if unknown.any() else None
    return values, enumerated & ~np.isnan(values)


def _judged(
    plan: _Plan, readings: Readings, values: Floats, possible: Flags, unknown: Flags | None
) -> tuple[Codes, Mapping[int, str]]:
    """StatusCodes and reasons with ours added, where the source did not already say Bad."""
    status, reasons = readings.status.copy(), dict(readings.reasons)
    quality = status >> 30
    usable = quality < 2
    empty = usable & np.isnan(values)
    beyond = usable & ~possible & ~empty
    strange = np.zeros(len(status), np.bool_) if unknown is None else usable & unknown
    unsure = (quality == 1) & ~empty & ~beyond & ~strange
    policy = plan.policy[readings.column]
    dropped = unsure & (policy == POLICIES.index("drop"))
    status[empty], status[beyond], status[dropped] = NO_DATA, OUT_OF_RANGE, BAD
    status[strange & (quality == 0)] = UNCERTAIN
    flagged = unsure & (policy == POLICIES.index("flag"))
    for rows, reason in ((empty, "not_a_number"), (beyond, "out_of_range"), (strange, "unknown_state")):
        reasons.update(dict.fromkeys(np.flatnonzero(rows).tolist(), reason))
    for row in np.flatnonzero(dropped | flagged).tolist():
        reasons.setdefault(row, "uncertain")
    return status, reasons


def _joined(parts: Sequence[Readings]) -> Readings:
    """Rows of several plans over the same readings, in the order received."""
    receive = np.concatenate([part.receive for part in parts])
    order = np.argsort(receive, kind="stable")
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    reasons: dict[int, str] = {}
    start = 0
    for part in parts:
        reasons.update({int(place[start + row]): reason for row, reason in part.reasons.items()})
        start += len(part)
    return Readings(
        parts[0].names,
        np.concatenate([part.column for part in parts])[order],
        np.concatenate([part.values for part in parts])[order],
        np.concatenate([part.status for part in parts])[order],
        np.concatenate([part.source for part in parts])[order],
        receive[order],
        parts[0].origin,
        reasons,
        parts[0].provenance,
    )
