"""What samples of a unit's points say about them: dead, constant, not available, implausible; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from trivet import units
from trivet.device.adapter import Target
from trivet.device.document import Point
from trivet.errors import DocumentError, Finding, Message
from trivet.signals import Quality, Sample

DEAD = ("illegal_address", "illegal_function", "illegal_value")
STILL = 5
"""Samples that must all be equal before a measured quantity is called constant."""
BY_DIMENSION: Mapping[str, tuple[float, float]] = {
    "Cel": (-60.0, 600.0),
    "V": (-1500.0, 1500.0),
    "A": (-6300.0, 6300.0),
    "W": (-5e6, 5e6),
    "bar": (-1.0, 400.0),
    "Hz": (0.0, 1000.0),
    "%": (-200.0, 200.0),
}
"""What a kitchen's instruments can show, where profile says nothing; a wrong order leaves it at once."""
SMALLEST = 1e-20
MEASURED = frozenset({"Cel", "V", "A", "W", "Hz", "bar", "L/min", "mS/cm", "%", "kW"})


def points(target: Target, samples: Mapping[str, Sequence[Sample]]) -> Iterator[Finding]:
    """Findings about single points, the gravest first of each."""
    for name, source in target.points.items():
        for one in source.instances():
            seen = samples.get(one.name, ())
            if seen:
                found = _point(f"{target.name}/{one.name}", target.profile.points[name], seen)
                if found is not None:
                    needed = target.profile.points[name].signal is not None
                    yield found if needed else found._replace(severity="note")


def is_dead(seen: Sequence[Sample]) -> bool:
    """Whether the unit refuses the register for good."""
    return bool(seen) and all(sample.reason in DEAD for sample in seen)


def is_implausible(spec: Point, value: float) -> bool:
    """Whether no instrument shows such a value: outside the profile's range or its unit's, or a speck of a float."""
    low, high = spec.range or limits(spec.unit)
    return not low <= value <= high or 0.0 < abs(value) < SMALLEST


def limits(unit: str | None) -> tuple[float, float]:
    """What instruments of a unit can show, in that unit; everything where nothing is known."""
    for known, (low, high) in BY_DIMENSION.items():
        if unit is None:
            break
        try:
            one, other = units.parse(unit), units.parse(known)
            if one.dimension == other.dimension and one.offset == other.offset and unit != "1":
                factor = other.scale / one.scale
                return low * factor, high * factor
        except DocumentError:
            break
    return -1e12, 1e12


def _point(where: str, spec: Point, seen: Sequence[Sample]) -> Finding | None:
    last = seen[-1]
    if all(sample.reason == "not_applicable" for sample in seen):
        return None
    if is_dead(seen):
        hint = "the controller has no such register: check address and table, or take the point out of the profile"
        return Finding(
            "TRV-M111", where, Message("is dead: the controller refuses it ({reason})", reason=last.reason), hint
        )
    if all(sample.reason == "sentinel" for sample in seen):
        hint = "the sensor is not fitted or has failed; if neither is so, correct `sentinels`"
        return Finding("TRV-M117", where, "shows its sentinel: the controller has no value for it", hint, "warning")
    good = [sample.value for sample in seen if sample.quality is not Quality.BAD]
    if not good:
        hint = "see the reason in adapters/README.md; the order detective helps with `not_a_number`"
        return Finding("TRV-M118", where, Message("never had a value ({reason})", reason=last.reason), hint)
    if any(is_implausible(spec, value) for value in good):
        worst = next(value for value in good if is_implausible(spec, value))
        hint = "check type, order and scale: `trivet doctor URL --detect ADDRESS --signal NAME`"
        shown = f"{worst:.6g} {spec.unit or ''}".rstrip()
        return Finding("TRV-M112", where, Message("shows {shown}, which cannot be", shown=shown), hint)
    if len(good) >= STILL and len(set(good)) == 1 and spec.unit in MEASURED and not _setpoint(where):
        hint = "a measured value seldom stands still; watch it while the machine runs"
        return Finding(
            "TRV-M119",
            where,
            Message("stood at {value:.6g} {unit} in {count} polls", value=good[0], unit=spec.unit, count=len(good)),
            hint,
            "note",
        )
    return None


def _setpoint(where: str) -> bool:
    return any(word in where for word in ("setpoint", "limit", "rated", "nominal"))
