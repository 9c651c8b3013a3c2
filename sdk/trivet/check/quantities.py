"""Rules about signals: numbers that are possible, but hardly meant."""

from __future__ import annotations

from functools import lru_cache

from trivet import units
from trivet.errors import DocumentError, Message
from trivet.interface.columns import columns
from trivet.interface.document import Interface, Signal
from trivet.interface.findings import Findings
from trivet.interface.parsed import Path

NAMES = {
    "temperature": "K",
    "power": "W",
    "energy": "J",
    "voltage": "V",
    "current": "A",
    "pressure": "Pa",
    "frequency": "Hz",
    "conductivity": "S/m",
    "flow": "L/s",
    "volume": "L",
    "mass": "g",
}
"""Last word of a signal's name to a unit of what it measures."""

UNIT_WORDS = frozenset({"degc", "celsius", "degf", "fahrenheit", "kw", "kwh", "wh", "watt", "watts", "volt", "volts",
                        "amp", "amps", "ampere", "hz", "bar", "psi", "kpa", "mbar", "litre", "litres", "liter", "lpm",
                        "percent", "pct", "sec", "secs", "seconds", "minutes"})  # fmt: skip


def check_quantities(notes: Findings[Interface]) -> None:
    """Every signal by itself, and what signals say of each other."""
    for name, signal in notes.document.signals.items():
        path: Path = ("signals", name)
        _check_name(notes, path, name, signal)
        _check_span(notes, path, signal)
        _check_rate(notes, path, signal)
        _check_frame(notes, path, signal)
    for name, parameter in notes.document.parameters.items():
        _check_zero(notes, ("parameters", name, "range"), parameter.unit, parameter.range[0])
    _check_tiers(notes)
    _check_mixed(notes)


@lru_cache(maxsize=1024)
def _unit(code: str) -> units.Unit | None:
    try:
        return units.parse(code)
    except DocumentError:
        return None


def _check_name(notes: Findings[Interface], path: Path, name: str, signal: Signal) -> None:
    """A name says what is measured, never in which unit."""
    words = name.split("_")
    unit, meant = _unit(signal.unit), NAMES.get(words[-1])
    if unit is not None and meant is not None and units.parse(meant).dimension != unit.dimension:
        message = Message(
            "`{unit}` is {quantity}, not {expected}",
            unit=signal.unit,
            quantity=Message(units.quantity(unit) or "a number"),
            expected=words[-1],
        )
        notes.add("TRV-L020", (*path, "unit"), message, "correct the unit, or the name")
    if len(words) > 1 and words[-1] in UNIT_WORDS:
        notes.add("TRV-L021", path, Message("ends in the unit `{word}`", word=words[-1]), "leave the unit to `unit`")


def _check_span(notes: Findings[Interface], path: Path, signal: Signal) -> None:
    low, high = signal.range
    _check_zero(notes, (*path, "range"), signal.unit, low)
    if signal.resolution is not None and signal.resolution > high - low > 0:
        message = Message("{resolution:g} is more than the whole range", resolution=signal.resolution)
        notes.add("TRV-L023", (*path, "resolution"), message, "correct one of the two")


def _check_zero(notes: Findings[Interface], path: Path, code: str, low: float) -> None:
    unit = _unit(code)
    if unit is not None and unit.offset and low * float(unit.scale) + float(unit.offset) < -1e-9:
        message = Message("begins at {low:g} {code}, below absolute zero", low=low, code=code)
        notes.add("TRV-L022", path, message, "write what is physically possible")


def _check_rate(notes: Findings[Interface], path: Path, signal: Signal) -> None:
    if signal.counter and signal.max_rate is None:
        hint = "give `max_rate`: it tells a wrap from a reset"
        notes.add("TRV-L024", path, "counts without a `max_rate`", hint)
    if signal.max_rate is None or signal.max_rate <= 0:
        return
    if signal.resolution is not None and signal.max_rate * signal.period < signal.resolution * (1 - 1e-9):
        message = Message(
            "forbids the smallest step: {resolution:g} within {period:g} s",
            resolution=signal.resolution,
            period=signal.period,
        )
        notes.add("TRV-L025", (*path, "max_rate"), message, "raise `max_rate`, or refine `resolution`")
    if signal.enumeration:
        notes.add("TRV-L026", (*path, "max_rate"), "has no meaning for states", "remove it")


def _check_frame(notes: Findings[Interface], path: Path, signal: Signal) -> None:
    frame = notes.document.frame
    if signal.resample in ("mean", "max", "sum") and signal.period > frame > 0:
        message = Message(
            "`{resample}` of a frame of {frame:g} s in which at most one value comes",
            resample=signal.resample,
            frame=frame,
        )
        notes.add("TRV-L027", (*path, "resample"), message, "use `last`, or renew it more often")
    if signal.enumeration and signal.resample in ("mean", "sum"):
        notes.add(
            "TRV-L028",
            (*path, "resample"),
            Message("the {resample} of states is no state", resample=signal.resample),
            "use `last`",
        )


def _check_tiers(notes: Findings[Interface]) -> None:
    interface = notes.document
    used = {name for output in interface.outputs.values() for group in output.needs for name in group}
    used |= {
        name
        for output in interface.outputs.values()
        for cls in output.classes.values()
        for group in cls.needs
        for name in group
    }
    known = columns(interface)
    for tier, names in interface.tiers.items():
        labels = [name for name in names if name in known and known[name].role == "label"]
        if tier not in used and not labels:
            notes.add("TRV-L029", ("tiers", tier), "is used by no output", "name it in `needs`, or remove it")


def _check_mixed(notes: Findings[Interface]) -> None:
    """One quantity in two units of different size invites mistakes."""
    first: dict[tuple[int, ...], tuple[str, str]] = {}
    for name, signal in notes.document.signals.items():
        unit = _unit(signal.unit)
        if unit is None or unit.offset or not any(unit.dimension) or name.split("_")[-1] not in NAMES:
            continue
        other, code = first.setdefault(unit.dimension, (name, signal.unit))
        before = _unit(code)
        if (
            before is not None
            and before.scale != unit.scale
            and not before.offset
            and signal.counter == (notes.document.signals[other].counter)
        ):
            message = Message("`{unit}`, while `{other}` is in `{code}`", unit=signal.unit, other=other, code=code)
            notes.add("TRV-L030", ("signals", name, "unit"), message, "use one unit for one quantity")
