"""What documents say of each other: device against profile against interface."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trivet.check.controllers import period
from trivet.check.source import Source
from trivet.device.check import check_profile
from trivet.device.conversion import Source as PointSource
from trivet.device.conversion import Wire, wire
from trivet.device.coverage import Lacks, judgeable
from trivet.device.document import Device, Point, Profile
from trivet.device.library import adapter, check_compatible, load_interface, load_profile
from trivet.device.parameters import check_parameters
from trivet.device.wiring import Wiring, wiring
from trivet.errors import AdapterError, DocumentError, Finding, Message
from trivet.interface.check import check
from trivet.interface.check_windows import check_condition
from trivet.interface.columns import columns
from trivet.interface.document import Interface, Level
from trivet.interface.findings import Findings, near
from trivet.interface.library import shipped
from trivet.interface.parsed import Parsed

MOST_NAMED = 6
"""Classes that a note spells out."""


@dataclass(slots=True)
class Known:
    """The documents that are checked together, and those that ship.

    Attributes:
        sources: Resolved path to source.
        interfaces: Interface id to document, of those given.
        profiles: Profile id to document, of those given.
        broken: Ids of given documents that contradict themselves; nothing is said across them.
    """

    sources: Mapping[Path, Source]
    interfaces: dict[str, Parsed[Interface]] = field(default_factory=dict)
    profiles: dict[str, Parsed[Profile]] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    loaded: dict[tuple[str, str], Parsed[Any] | DocumentError] = field(default_factory=dict)

    @classmethod
    def of(cls, sources: Sequence[Source], broken: Collection[str] = ()) -> Known:
        """What a set of sources holds; ``broken`` are the names of files that contradict themselves."""
        known = cls({Path(source.where).resolve(): source for source in sources})
        for source in sources:
            if source.parsed is None or source.kind not in ("interface", "profile"):
                continue
            if source.where in broken:
                known.broken.add(source.document.id)
            else:
                group: dict[str, Parsed[Any]] = known.interfaces if source.kind == "interface" else known.profiles
                group.setdefault(source.document.id, source.parsed)
        return known

    def interface(self, name: str) -> Parsed[Interface] | None:
        """The interface of an id: one of those given, else one that ships; None when there is none."""
        if name in self.interfaces or name in self.broken:
            return self.interfaces.get(name)
        found = self._load("interface", name, None)
        return found if isinstance(found, Parsed) else None

    def profile(self, name: str, folder: Path) -> Parsed[Profile] | DocumentError:
        """The profile that a device document in a folder means, or why there is none."""
        source = self.sources.get((folder / name).resolve())
        if source is not None and source.parsed is not None and source.kind == "profile":
            return source.parsed
        if name in self.profiles:
            return self.profiles[name]
        return self._load("profile", name, folder)

    def _load(self, kind: str, name: str, folder: Path | None) -> Parsed[Any] | DocumentError:
        key = (kind, f"{folder}/{name}")
        if key not in self.loaded:
            load = load_interface if kind == "interface" else load_profile
            look: Any = check if kind == "interface" else check_profile
            try:
                found: Parsed[Any] = load(name, folder)
                errors = [finding for finding in look(found) if finding.severity == "error"]
                self.loaded[key] = DocumentError.of(errors) if errors else found
            except DocumentError as error:
                self.loaded[key] = error
        return self.loaded[key]


def check_device_across(parsed: Parsed[Device], known: Known) -> list[Finding]:
    """A device against its profiles and its interface: what fits, what is lost, what can be judged."""
    notes = Findings(parsed.document, parsed.document.id, parsed)
    interface = known.interface(parsed.document.interface.id)
    if interface is None and parsed.document.interface.id not in known.broken:
        hint = "give its file too, or correct the id"
        notes.add(
            "TRV-L073",
            ("interface", "id"),
            Message("there is no interface `{id}` here", id=parsed.document.interface.id),
            hint,
        )
    profiles = _profiles(notes, known)
    if interface is None or profiles is None or any(one.document.id in known.broken for one in profiles.values()):
        return notes.found
    document = interface.document
    try:
        check_compatible(parsed, document.id, document.version)
    except DocumentError:
        message = Message(
            "is for version {version}, `{id}` here is {document_version}",
            version=parsed.document.interface.version,
            id=document.id,
            document_version=document.version,
        )
        notes.add("TRV-D012", ("interface", "version"), message, "adapt the device, or take the interface it names")
        return notes.found
    _check_overrides(notes, document)
    found = [*notes.found, *check_parameters(document, parsed), *_missing_parameters(parsed, document)]
    for zone in (None, *parsed.document.zones):
        found += _zone(parsed, document, profiles, zone)
    return found


def _profiles(notes: Findings[Device], known: Known) -> dict[str, Parsed[Profile]] | None:
    """Endpoint name to profile; None when one cannot be had."""
    folder = Path(notes.source.where).parent if notes.source else Path()
    profiles = {}
    for name, endpoint in notes.document.endpoints.items():
        found = known.profile(endpoint.profile, folder)
        if isinstance(found, DocumentError):
            notes.add("TRV-L074", ("endpoints", name, "profile"), found.message, found.hint)
            continue
        profiles[name] = found
        scheme = endpoint.url.partition(":")[0]
        try:
            schemes = adapter(found.document.adapter).schemes
        except AdapterError:
            continue
        if scheme not in schemes:
            message = Message(
                "`{scheme}:` is not for adapter `{adapter}`", scheme=scheme, adapter=found.document.adapter
            )
            hint = Message("begin it with {names}", names=" or ".join(f"{one}:" for one in schemes))
            notes.add("TRV-D014", ("endpoints", name, "url"), message, hint)
    return profiles if len(profiles) == len(notes.document.endpoints) else None


def _check_overrides(notes: Findings[Device], interface: Interface) -> None:
    known = columns(interface)
    for name, cycle in notes.document.windows.items():
        if name not in interface.windows:
            message = Message("`{id}` has no window `{name}`", id=interface.id, name=name)
            notes.add("TRV-L075", ("windows", name), message, near(name, interface.windows))
        for key, conditions in (("opens_when", cycle.opens_when), ("closes_when", cycle.closes_when)):
            for index, when in enumerate(conditions):
                check_condition(notes, ("windows", name, key, index), when, known)
    for name, own in notes.document.decisions.items():
        rule = interface.decisions.get(name)
        if rule is None:
            message = Message("`{id}` has no decision `{name}`", id=interface.id, name=name)
            notes.add("TRV-L075", ("decisions", name), message, near(name, interface.decisions))
            continue
        for key, level, theirs in (("watch", own.watch, rule.watch), ("act", own.act, rule.act)):
            if level is not None and _looser(level, theirs):
                message = Message(
                    "is looser than the interface's {raise_at:g} and {clear_at:g}",
                    raise_at=theirs.raise_at,
                    clear_at=theirs.clear_at,
                )
                notes.add(
                    "TRV-L076", ("decisions", name, key), message, "a device may tighten a level, never loosen it"
                )


def _looser(own: Level, theirs: Level) -> bool:
    return own.raise_at > theirs.raise_at or own.clear_at > theirs.clear_at


def _missing_parameters(parsed: Parsed[Device], interface: Interface) -> Iterator[Finding]:
    missing = [name for name in interface.parameters if name not in parsed.document.parameters]
    if missing:
        message = Message(
            "parameters: {names} not given, so the model does not know them", names=", ".join(missing[:MOST_NAMED])
        )
        hint = "read them from the nameplate; outputs may be less certain without"
        yield Finding("TRV-L077", parsed.at(("parameters",)), message, hint)


def _zone(
    parsed: Parsed[Device], interface: Interface, profiles: Mapping[str, Parsed[Profile]], zone: str | None
) -> list[Finding]:
    made = wiring(interface, parsed, profiles, zone)
    notes = Findings(parsed.document, parsed.document.id, parsed)
    used = [(endpoint, one) for endpoint, wires in made.wires.items() for one in wires]
    for endpoint, one in used:
        point = _point(profiles[endpoint].document.points, one.point)
        if point is not None:
            _check_pair(notes, interface, profiles[endpoint].document, endpoint, one, point)
    _check_idle(notes, made)
    _check_leaks(notes, interface, used, profiles)
    fitted = {one.column for _, one in used}
    if fitted:
        _judge(notes, interface, fitted, zone)
    return [*made.findings, *notes.found]


def _point(points: Mapping[str, Point], name: str) -> Point | None:
    return points.get(name) or points.get(name.rpartition("_")[0])


def _check_pair(
    notes: Findings[Device], interface: Interface, profile: Profile, endpoint: str, one: Wire, point: Point
) -> None:
    """How often it is renewed, and which states it can never show."""
    signal = columns(interface)[one.column]
    if not _recorded(profile):
        every = period(profile, notes.document.endpoints[endpoint].settings, point.poll)
        if every > signal.max_age:
            message = Message(
                "`{point}` is read every {every:g} s, `{column}` is stale after {max_age:g} s",
                point=one.point,
                every=every,
                column=one.column,
                max_age=signal.max_age,
            )
            notes.add(
                "TRV-L078",
                ("endpoints", endpoint),
                message,
                Message("give it a faster `poll` than `{poll}`", poll=point.poll),
            )
    absent = [state for state in signal.enumeration.values() if state not in point.enumeration.values()]
    if signal.enumeration and point.enumeration and absent:
        message = Message(
            "`{point}` maps no code to {states} of `{column}`",
            point=one.point,
            states=_listed(absent),
            column=one.column,
        )
        notes.add("TRV-L079", ("endpoints", endpoint), message, "map them where the controller has such a state")


def _recorded(profile: Profile) -> bool:
    try:
        return adapter(profile.adapter).recorded
    except AdapterError:
        return True


def _check_idle(notes: Findings[Device], made: Wiring) -> None:
    for endpoint, wires in made.wires.items():
        if not wires and any(made.wires.values()):
            hint = "bind one of its points, or remove it"
            notes.add("TRV-L080", ("endpoints", endpoint), "feeds no signal of the interface", hint)


def _check_leaks(
    notes: Findings[Device],
    interface: Interface,
    used: Sequence[tuple[str, Wire]],
    profiles: Mapping[str, Parsed[Profile]],
) -> None:
    """The controller's own judgement must not come in through another name."""
    known = columns(interface)
    labels = {(endpoint, one.point) for endpoint, one in used if known[one.column].role == "label"}
    for endpoint, one in used:
        point = _point(profiles[endpoint].document.points, one.point)
        named = known.get(point.signal) if point is not None and point.signal else None
        is_label = (endpoint, one.point) in labels or (named is not None and named.role == "label")
        if known[one.column].role == "input" and is_label:
            path = ("bind", one.column) if one.column in notes.document.bind else ("endpoints", endpoint)
            message = Message(
                "`{endpoint}.{point}` is the controller's own judgement and would enter `{column}`",
                endpoint=endpoint,
                point=one.point,
                column=one.column,
            )
            notes.add("TRV-L081", path, message, "bind a measured point, or none")


def _judge(notes: Findings[Device], interface: Interface, fitted: set[str], zone: str | None) -> None:
    """Which outputs this plant can judge, and which it cannot and why."""
    can: list[str] = []
    for output, lacks in judgeable(interface, fitted).items():
        classes = {name: lack for name, lack in lacks.items() if name}
        missing = {name: lack for name, lack in classes.items() if lack}
        if lacks[""] and (not classes or len(missing) == len(classes)):
            message = Message("cannot judge `{output}`: it lacks {signals}", output=output, signals=_lack(lacks[""]))
            notes.add("TRV-L083", ("interface",), _in_zone(zone, message), "fit a sensor or bind a point")
            continue
        can.append(_share(output, len(classes), len(missing)))
        if missing:
            notes.add(
                "TRV-L083", ("interface",), _in_zone(zone, _lame(output, missing)), "fit a sensor or bind a point"
            )
    if can:
        notes.add(
            "TRV-L082", ("interface",), _in_zone(zone, Message("can judge {outputs}", outputs=Message.joined(can)))
        )
    else:
        hint = "bind the signals that an output needs, or take another interface"
        message = Message("can judge nothing of `{id}`", id=interface.id)
        notes.add("TRV-L084", ("interface",), _in_zone(zone, message), hint)


def _in_zone(zone: str | None, message: str) -> str:
    return Message("zone `{zone}` {said}", zone=zone, said=Message.of(message)) if zone else message


def _share(output: str, classes: int, missing: int) -> str:
    """An output, and how many of its classes can be judged unless all."""
    if not missing:
        return f"`{output}`"
    return Message("`{output}` ({count} of {all} classes)", output=output, count=classes - missing, all=classes)


def _lame(output: str, missing: Mapping[str, Lacks]) -> str:
    """What the classes of an output lack that cannot be judged."""
    parts: list[str] = [
        Message("`{name}` lacks {signals}", name=name, signals=_lack(lack))
        for name, lack in list(missing.items())[:MOST_NAMED]
    ]
    parts += [Message("and {count} more", count=len(missing) - MOST_NAMED)] if len(missing) > MOST_NAMED else []
    return Message("of `{output}` cannot judge {said}", output=output, said=Message.joined(parts, "{first}; {then}"))


def _lack(lacks: Lacks) -> str:
    groups = ["`" + "`, `".join(group) + "`" for group in lacks[:3]]
    return Message.joined(groups, "{first} or {then}") if groups else Message("nothing")


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(f"`{name}`" for name in names[:MOST_NAMED])
    more = len(names) - MOST_NAMED
    return Message("{names} and {count} more", names=shown, count=more) if more > 0 else shown


def check_profile_across(parsed: Parsed[Profile], known: Known) -> list[Finding]:
    """A profile against the interfaces that have the signals its points name."""
    notes = Findings(parsed.document, parsed.document.id, parsed)
    named = {point.signal for point in parsed.document.points.values() if point.signal is not None}
    interfaces = [found.document for found in known.interfaces.values()]
    if not named.issubset({name for one in interfaces for name in (*one.signals, *columns(one))}):
        ids = sorted({key.partition(".v")[0] for key in shipped("interface")})
        interfaces += [
            found.document for found in map(known.interface, ids) if found and found.document not in interfaces
        ]
    for name, point in parsed.document.points.items():
        if point.signal is None:
            continue
        having = [one for one in interfaces if point.signal in one.signals or point.signal in columns(one)]
        path = ("points", name, "signal")
        if not having:
            everything = {signal for one in interfaces for signal in one.signals}
            message = Message("no interface here has a signal `{signal}`", signal=point.signal)
            notes.add("TRV-L065", path, message, near(point.signal, everything))
        elif not any(_fits(point, one) for one in having):
            for problem in _problems(point, having[0]):
                notes.add(problem.rule, path[:2], problem.message, problem.hint, problem.severity)
    return notes.found


def _fits(point: Point, interface: Interface) -> bool:
    return not any(problem.severity == "error" for problem in _problems(point, interface))


def _problems(point: Point, interface: Interface) -> list[Any]:
    signal = interface.signals.get(point.signal or "") or columns(interface)[point.signal or ""]
    return wire(PointSource(point.signal or "", point), point.signal or "", signal)[1]
