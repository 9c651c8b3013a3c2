"""What is wrong with a device, an endpoint or the plan for it: facts and findings for people and programmes."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from trivet.commission import meter
from trivet.commission.watch import Seen, Trace, watch
from trivet.device.adapter import Adapter, Clock, Diagnosis, Target
from trivet.device.binding import Binding, bind
from trivet.device.coverage import Lacks, judgeable
from trivet.device.document import Endpoint, Profile
from trivet.device.library import ResolvedDevice, load_interface
from trivet.device.selection import selected
from trivet.errors import DocumentError, Finding, Message
from trivet.interface.columns import codes, columns
from trivet.interface.document import Interface
from trivet.signals import Quality, status_name

SLOW = 1.5
"""A column that comes so many times as seldom as its signal asks for is too slow."""
NAMED = 6
"""Names in one finding."""
ABSENT = ("missing", "not_applicable", "sentinel", "not_fitted")
"""Reasons for which a controller has no such thing, or no sensor for it."""
CLOCK = 2.0
"""Seconds by which a controller's clock may be ahead or behind."""
SEVERITIES = ("error", "warning", "note")


@dataclass(frozen=True, slots=True)
class Report:
    """What a look showed.

    Attributes:
        subject: Device id, URL or profile.
        facts: A JSON tree, heading by heading.
        findings: The worst first.
        answered: Whether anything answered, or nothing had to.
    """

    subject: str
    facts: Mapping[str, Any]
    findings: tuple[Finding, ...] = field(default=())
    answered: bool = True

    @property
    def verdict(self) -> int:
        """0 good, 1 something is wrong, 2 undecided because nothing answered."""
        if not self.answered:
            return 2
        return 1 if any(one.severity == "error" for one in self.findings) else 0

    def tree(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "subject": self.subject,
            "answered": self.answered,
            "facts": dict(self.facts),
            "findings": [one._asdict() for one in self.findings],
        }


async def examine(resolved: ResolvedDevice, clock: Clock, seconds: float) -> Report:
    """Looks at a device for a while: every endpoint as its protocol can, and every column as the interface asks.

    Raises:
        DocumentError: A document is wrong.
        AdapterError: A protocol's library is missing.
    """
    interface = load_interface(resolved.device.interface.id).document
    binding = bind(interface, resolved.parsed, resolved.profiles)
    looks = {
        name: adapter.diagnose(resolved.targets[name], clock, seconds)
        for name, adapter in resolved.adapters.items()
        if adapter.diagnose is not None
    }
    seen, *diagnoses = await asyncio.gather(watch(resolved, binding, clock, seconds), *looks.values())
    findings = [*binding.findings, *signals(resolved.device.id, binding, seen)]
    off = codes(interface.signals["operation_mode"]).get("machine_off") if "operation_mode" in binding.fitted else None
    findings += clocks(seen, looks)
    findings += meter.check(seen.traces, resolved.device.parameters, resolved.device.id, off)
    findings += [finding for one in diagnoses for finding in one.findings]
    findings += outputs(resolved.device.id, interface, binding)
    endpoints = {name: dict(one.facts) for name, one in zip(looks, diagnoses, strict=True)}
    facts = {
        "interface": f"{interface.id} {interface.version}",
        "looked_s": round(seen.seconds, 1),
        "signals": list(_rows(interface, binding, seen)),
        "endpoints": endpoints,
        "outputs": coverage(interface, binding),
    }
    return Report(resolved.device.id, facts, ordered(findings), answered=bool(seen.traces))


async def inspect(reader: Adapter, url: str, profile: Profile | None, clock: Clock, seconds: float) -> Report:
    """Looks at an endpoint that no device document names yet.

    Args:
        reader: Adapter of the URL.
        url: In the adapter's own form.
        profile: How it is read, or None when that is not known.
        clock: The time of the look.
        seconds: How long.

    Raises:
        DocumentError: The URL or the profile is wrong.
        ConnectError: Nothing answers.
    """
    if profile is None or reader.diagnose is None:
        told = await reader.identify(url, {}) if reader.identify is not None else ()
        rows = [{"url": one.url, "name": one.name, **one.nameplate} for one in told]
        hint = "name it with --profile, or propose a device document with `trivet connect`"
        note = Finding("TRV-D069", url, "no profile is known for it", hint, "note")
        return Report(url, {"found": rows}, (*(found for one in told for found in one.findings), note))
    found = await reader.diagnose(target_of(reader, url, profile), clock, seconds)
    return Report(url, found.facts, ordered(found.findings), answered=not _silent(found))


def planned(targets: Mapping[str, tuple[Adapter, Target]], subject: str) -> Report:
    """What would be asked of endpoints, and how long that takes, without asking.

    Raises:
        DocumentError: An adapter says nothing of its plan.
    """
    facts: dict[str, Any] = {}
    findings: list[Finding] = []
    for name, (reader, target) in targets.items():
        if reader.plan is None:
            raise DocumentError(Message("adapter `{name}` has no plan to show", name=reader.name), where=target.name)
        made = reader.plan(target)
        facts[name] = dict(made.facts)
        findings += made.findings
    return Report(subject, facts, ordered(findings))


def targets(resolved: ResolvedDevice) -> dict[str, tuple[Adapter, Target]]:
    """What a run would ask of each endpoint of a device."""
    interface = load_interface(resolved.device.interface.id).document
    binding = bind(interface, resolved.parsed, resolved.profiles)
    return {
        name: (resolved.adapters[name], selected(target, binding))
        for name, target in resolved.targets.items()
        if resolved.adapters[name].plan is not None
    }


def target_of(reader: Adapter, url: str, profile: Profile, settings: Mapping[str, Any] | None = None) -> Target:
    """Every point of a profile at a URL, as an adapter is asked to read it.

    Raises:
        DocumentError: A point is wrong.
    """
    points = {name: reader.point(point, profile) for name, point in profile.points.items()}
    endpoint = Endpoint(profile=profile.id, url=url, settings=settings or {})
    return Target(profile.id, endpoint, profile, points)


def signals(device: str, binding: Binding, seen: Seen) -> Iterator[Finding]:
    """What the columns of a device showed, against what its interface asks for."""
    for gap in {gap.origin: gap for gap in seen.gaps if gap.end is None}.values():
        hint = "check the URL in the device document, the network, and that the controller is on"
        reason = f"{gap.reason}: {gap.detail}" if gap.detail else gap.reason
        yield Finding("TRV-D060", gap.origin, Message("does not answer ({reason})", reason=reason), hint)
    every = columns(binding.interface)
    for column in sorted(binding.fitted):
        trace = seen.traces.get(column)
        where = f"{device}/{column}"
        if trace is None and every[column].repeat:
            hint = "if the appliance has one, correct the profile or the instance; else all is well"
            yield Finding("TRV-D068", where, "is not fitted", hint, "note")
            continue
        if trace is None:
            hint = "is it polled more seldom than this look was long? look longer with --for"
            yield Finding(
                "TRV-D061", where, Message("nothing came in {seconds:.0f} s", seconds=seen.seconds), hint, "warning"
            )
            continue
        yield from _quality(where, trace)
        interval, period = trace.interval(), every[column].period
        if interval > SLOW * period:
            hint = "shorten the period of its poll class, in `settings: {periods: ...}` of the endpoint or the profile"
            severity = "error" if interval > every[column].max_age else "warning"
            message = Message(
                "comes every {interval:.2g} s, its signal asks for every {period:g} s", interval=interval, period=period
            )
            yield Finding("TRV-D062", where, message, hint, severity)


def outputs(device: str, interface: Interface, binding: Binding) -> Iterator[Finding]:
    """What this plant cannot judge, and what it would take."""
    for output, parts in judgeable(interface, binding.fitted).items():
        for name, lacks in parts.items():
            shared = name and interface.outputs[output].classes_of
            if lacks and not shared and (not name or not parts[""]):
                subject = f"{output}.{name}" if name else output
                hint = Message("it needs {signals}", signals=_spelt(lacks))
                yield Finding("TRV-D067", f"{device}/{subject}", "cannot be judged here", hint, "note")


def coverage(interface: Interface, binding: Binding) -> list[dict[str, str]]:
    """One row an output: whether this plant can judge it."""
    rows = []
    for output, parts in judgeable(interface, binding.fitted).items():
        classes = {name: lacks for name, lacks in parts.items() if name}
        able = [name for name, lacks in classes.items() if not lacks]
        if parts[""]:
            text = f"no: needs {_spelt(parts[''])}"
        elif classes and len(able) < len(classes):
            text = f"{len(able)} of {len(classes)} classes: {', '.join(able)}"
        else:
            text = "yes"
        rows.append({"output": output, "judged": text})
    return rows


def ordered(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The worst first; those that say the same of several things become one."""
    groups: dict[tuple[str, str, str, str], list[str]] = {}
    for one in findings:
        places = groups.setdefault((one.rule, one.message, one.hint, one.severity), [])
        if one.where not in places:
            places.append(one.where)
    merged = [_merged(places, *key) for key, places in groups.items()]
    return tuple(sorted(merged, key=lambda one: SEVERITIES.index(one.severity)))


def _merged(places: Sequence[str], rule: str, message: str, hint: str, severity: str) -> Finding:
    """One finding about several places, which share the beginning of their path."""
    if len(places) == 1:
        return Finding(rule, places[0], message, hint, severity)
    parents = {place.rpartition("/")[0] for place in places}
    names = [place.rpartition("/")[2] if len(parents) == 1 else place for place in places]
    shown, more = ", ".join(names[:NAMED]), len(names) - NAMED
    place = Message("{names} and {count} more", names=shown, count=more) if more > 0 else shown
    where = parents.pop() if len(parents) == 1 else rule
    return Finding(rule, where, Message("{place}: {said}", place=place, said=Message.of(message)), hint, severity)


def _quality(where: str, trace: Trace) -> Iterator[Finding]:
    """Bad and odd samples of one column."""
    total = len(trace.samples)
    bad = [sample for sample in trace.samples if sample.quality is Quality.BAD]
    strange = sorted({sample.value for sample in trace.samples if sample.reason == "unknown_state"})
    if len(bad) == total and bad[-1].reason in ABSENT:
        hint = "if the appliance has one, correct the profile or the instance; else all is well"
        yield Finding(
            "TRV-D068",
            where,
            Message("is not fitted, or has no sensor ({reason})", reason=bad[-1].reason),
            hint,
            "note",
        )
    elif len(bad) == total:
        reason = bad[-1].reason or status_name(bad[-1].status)
        shown = f"{reason}, {bad[-1].value:.6g}" if reason == "out_of_range" else reason
        hint = "see what is said of its endpoint, and the point in the profile"
        yield Finding("TRV-D063", where, Message("never had a good value ({reason})", reason=shown), hint)
    elif bad:
        message = Message(
            "{count} of {total} samples were bad ({reason})", count=len(bad), total=total, reason=bad[-1].reason
        )
        yield Finding("TRV-D064", where, message, "look at wiring and network while it happens", "warning")
    if strange:
        numbers = ", ".join(f"{value:g}" for value in strange[:5])
        hint = "add it to the point's `enumeration` in the profile"
        yield Finding(
            "TRV-D065",
            where,
            Message("has states that the profile does not know: {numbers}", numbers=numbers),
            hint,
            "warning",
        )


def clocks(seen: Seen, looks: Collection[str]) -> Iterator[Finding]:
    """Endpoints whose own clock is off, of those that no look of their own protocol was taken at."""
    offsets: dict[str, float] = {}
    for trace in seen.traces.values():
        offset = trace.offset()
        if offset and trace.last.origin.rpartition("/")[2] not in looks:
            origin = trace.last.origin
            offsets[origin] = max(offset, offsets.get(origin, offset))
    for origin, offset in offsets.items():
        if offset > CLOCK:
            hint = "set the controller's clock, best from a time server"
            yield Finding(
                "TRV-D066", origin, Message("its clock is {offset:.1f} s ahead", offset=offset), hint, "warning"
            )


def _rows(interface: Interface, binding: Binding, seen: Seen) -> Iterator[dict[str, Any]]:
    every = columns(interface)
    for column in sorted(binding.fitted):
        trace, signal = seen.traces.get(column), every[column]
        row: dict[str, Any] = {"signal": column, "unit": signal.unit, "asked_s": signal.period}
        if trace is not None:
            value, interval = trace.last.value, trace.interval()
            good = sum(sample.quality is Quality.GOOD for sample in trace.samples)
            row |= {
                "value": None if value != value else float(f"{value:.6g}"),
                "every_s": None if interval != interval else round(interval, 2),
                "good": f"{good}/{len(trace.samples)}",
                "status": trace.last.reason or ("good" if trace.last.quality is Quality.GOOD else "bad"),
            }
        yield row


def _spelt(lacks: Lacks) -> str:
    """Alternatives in words, the two smallest."""
    return Message.joined([", ".join(group) for group in lacks[:2]], "{first} or {then}")


def _silent(found: Diagnosis) -> bool:
    return any(one.rule == "TRV-M101" for one in found.findings)
