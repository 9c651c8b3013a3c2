"""What is wrong or odd about an endpoint, as findings; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from trivet.device.adapter import Target
from trivet.errors import Finding, Message
from trivet.signals import Quality, quality, status_name
from trivet_opcua.companion import devices, enumeration
from trivet_opcua.points import KITCHEN, PLACEHOLDER, OpcPoint, expand
from trivet_opcua.settings import Settings, declared
from trivet_opcua.values import rule, ucum

if TYPE_CHECKING:
    from trivet_opcua.diagnose import Look, Row

LARGEST_OFFSET = 2.0
"""A server's clock that is off by more shifts what is joined with other sources [s]."""

KNOWN_VERSIONS = ("1.0", "1.00", "1.0.0", "1.1", "1.1.0", "1.01")


UNFITTED = "the server has no such node, as on a machine that is not fitted with it"

RULES: Mapping[str, tuple[str, str]] = {
    "mandatory": ("error", "the server has no such node"),
    "optional": ("note", "the server has no such node, which the model leaves optional"),
    "mandatory_placeholder": ("note", UNFITTED),
    "optional_placeholder": ("note", UNFITTED),
}
"""The model's rule to how much it matters that a node is missing, and what is said."""


def server(facts: Mapping[str, Any], where: str) -> list[Finding]:
    """About clock, security and model versions."""
    found = []
    offset = facts.get("clock_offset_s")
    if offset is None or abs(offset) > LARGEST_OFFSET:
        off = Message("the server's clock is {offset:+.1f} s off this machine's clock", offset=offset or 0.0)
        text = Message("the server's clock shows no time") if offset is None else off
        hint = "set both by the same NTP server"
        found.append(Finding("TRV-U006", where, text, hint, "warning"))
    if facts.get("security") == "none":
        open_ = "the connection is neither signed nor encrypted, as the device document says"
        found.append(Finding("TRV-U002", where, open_, "leave out `security: none` and approve the server", "warning"))
    version = facts.get("models", {}).get(KITCHEN, {}).get("version", "")
    if version and version not in KNOWN_VERSIONS:
        text = Message(
            "the server has version {version} of the kitchen model, which this version of trivet does not know",
            version=version,
        )
        found.append(Finding("TRV-U007", where, text, "compare points and states with the machine's display", "note"))
    return found


def points(look: Look, target: Target, settings: Settings) -> list[Finding]:
    """About every point: whether it is there, has a unit, is of good quality, comes fast enough, has known states."""
    typed = {n: at for name, p in target.points.items() for n, at in expand(name, p, target.endpoint.instances).items()}
    found = [_missing(name, typed[name], target) for name in look.missing]
    for stem, (limit, exist) in look.odd.items():
        text = Message("its count says {limit}, the server has {exist}", limit=limit, exist=exist)
        hint = "only those within the count are read; ask the manufacturer which is right"
        found.append(Finding("TRV-U009", f"{target.name}/{stem}", text, hint, "warning"))
    for name, row in look.rows.items():
        found += _unit(row, typed[name], f"{target.name}/{name}", declared(settings.units, name))
        found += _quality(row, f"{target.name}/{name}")
        found += _pace(row, f"{target.name}/{name}")
        found += _states(row, typed[name], target)
    return found


def _missing(name: str, point: OpcPoint, target: Target) -> Finding:
    severity, text = RULES[_rule_of(point)]
    path = "/".join(part.text for part in point.path)
    hint = Message("looked for {path}; correct the path, or take the point out of the device document", path=path)
    return Finding("TRV-U008", f"{target.name}/{name}", text, hint, severity)


def _rule_of(point: OpcPoint) -> str:
    """The companion model's rule for a path, ``mandatory`` where the model does not know it."""
    fact = devices().get(point.type.text) if point.type and point.type.namespace == KITCHEN else None
    if fact is None:
        return "mandatory" if not point.path or point.path[-1].text != "DeviceHealth" else "optional"
    path = "/".join(part.text for part in point.path)
    for known, row in fact.points.items():
        if known == path or (PLACEHOLDER in known and _matches(known, path)):
            return str(row["rule"])
    return "optional"


def _matches(known: str, path: str) -> bool:
    """Whether a path is an instance of one with placeholders."""
    ours, theirs = path.split("/"), known.split("/")
    return len(ours) == len(theirs) and all(
        a == b or (PLACEHOLDER in b and a.startswith(b.removesuffix(PLACEHOLDER)))
        for a, b in zip(ours, theirs, strict=True)
    )


def _unit(row: Row, point: OpcPoint, where: str, given: str | None) -> Iterator[Finding]:
    if point.unit in (None, "1"):
        return
    if rule(point, row.unit, given).refused:
        shown = ucum(row.unit) or (row.unit.text if row.unit else "")
        text = Message(
            "the server's unit {shown!r} cannot become {unit}, so no value is believed", shown=shown, unit=point.unit
        )
        yield Finding(
            "TRV-U010",
            where,
            text,
            Message("write `units: {{{name}: CODE}}` with what the server really sends", name=row.name),
        )
    elif ucum(row.unit) is None and given is None:
        text = Message("the server shows no unit; {unit} is the profile's word alone", unit=point.unit)
        hint = Message(
            "compare it with the machine's display, then write `units: {{{name}: {unit}}}`",
            name=row.name,
            unit=point.unit,
        )
        yield Finding("TRV-U011", where, text, hint, "warning")


def _quality(row: Row, where: str) -> Iterator[Finding]:
    if quality(row.value.status) is Quality.GOOD and not row.bad:
        return
    text = Message("its quality is {status}", status=status_name(row.value.status))
    if row.bad:
        bad = Message("{bad} of {arrived} values that came were Bad", bad=row.bad, arrived=row.arrived)
        text = Message("{said}; {bad}", said=text, bad=bad)
    yield Finding("TRV-U012", where, text, "look at the sensor and its wiring, then at the controller", "warning")


def _pace(row: Row, where: str) -> Iterator[Finding]:
    if row.revised is not None and row.revised > row.requested * 2:
        text = Message(
            "the server samples it every {revised:g} s, not every {requested:g} s",
            revised=row.revised,
            requested=row.requested,
        )
        hint = "raise the server's sampling rate, or the period of its poll class in `periods`"
        yield Finding("TRV-U013", where, text, hint, "warning")


def _states(row: Row, point: OpcPoint, target: Target) -> Iterator[Finding]:
    """States that the profile does not know, and names that the server has for other numbers than the model."""
    stem = row.name if row.name in target.profile.points else row.name.rpartition("_")[0]
    spec = target.profile.points[stem]
    where = f"{target.name}/{row.name}"
    if not spec.enumeration:
        return
    if row.foreign:
        text = Message(
            "its data type is {data}, the profile's {point_data}; no state is believed",
            data=row.foreign,
            point_data=point.data,
        )
        yield Finding("TRV-U014", where, text, "map the states of the server's own type in a profile of your own")
    model = enumeration(point.data)
    new = {code: name for code, name in row.codes.items() if str(code) not in spec.enumeration and code not in model}
    if new:
        names = ", ".join(f"{code} {name}" for code, name in sorted(new.items()))
        text = Message(
            "the server has states that the profile does not know: {states}; they count as unknown", states=names
        )
        yield Finding("TRV-U015", where, text, "map them in a profile of your own", "warning")
    other = {code: name for code, name in row.codes.items() if name and not _alike(name, model.get(code, name))}
    if other:
        names = Message.joined(
            [
                Message("{code} is {name}, not {model}", code=code, name=name, model=model[code])
                for code, name in sorted(other.items())
            ]
        )
        text = Message("the server names states otherwise than the model: {states}", states=names)
        yield Finding("TRV-U016", where, text, "compare the states with the machine's display", "warning")


def _alike(one: str, other: str) -> bool:
    """Whether two names are the same but for case, separators and a suffix, in which editions of the model differ."""
    a, b = ("".join(c for c in name.lower() if c.isalnum()) for name in (one, other))
    return a.startswith(b) or b.startswith(a)
