"""Which point of which endpoint feeds which column, and how; pure, from documents only.

Rules:
    1. A line of ``bind`` (of a zone before that of the device) decides its columns.
    2. Otherwise a point feeds the signal that its profile names, when the interface has
       that signal and the endpoint covers it.
    3. Two points for one column are an error, never a choice.
    4. A repeated point feeds a repeated signal number by number, as far as both go.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, TypeVar

from trivet.device.conversion import Source, Wire, wire
from trivet.device.document import Device, Endpoint, Point, Profile
from trivet.errors import DocumentError, Finding, Message
from trivet.interface.columns import column_names, columns
from trivet.interface.document import Interface
from trivet.interface.findings import Findings, near
from trivet.interface.parsed import Parsed, Path

T = TypeVar("T")


class Wiring(NamedTuple):
    """All wires of a device, and what was noticed on the way.

    Attributes:
        wires: Endpoint name to its wires.
        findings: Errors first met first; warnings and notes among them.
    """

    wires: Mapping[str, tuple[Wire, ...]]
    findings: tuple[Finding, ...]


class _Pair(NamedTuple):
    """A point that feeds a column, and the place in the device document that says so, or ()."""

    column: str
    endpoint: str
    point: str
    number: int
    path: Path


def wiring(
    interface: Interface,
    device: Device | Parsed[Device],
    profiles: Mapping[str, Profile | Parsed[Profile]],
    zone: str | None = None,
) -> Wiring:
    """The wires of a device, or of one zone of it.

    Args:
        interface: The interface that will be executed.
        device: The device document; parsed, findings have file and line.
        profiles: Endpoint name to the profile of its controller type.
        zone: Name of the zone, or None.

    Raises:
        DocumentError: The device has no such zone.
    """
    return _Wirer(interface, device, profiles, zone).wiring()


class _Wirer:
    """The documents of one wiring and what was noticed about them."""

    def __init__(
        self,
        interface: Interface,
        device: Device | Parsed[Device],
        profiles: Mapping[str, Profile | Parsed[Profile]],
        zone: str | None,
    ) -> None:
        self.interface = interface
        self.signals = columns(interface)
        self.device, source = _parts(device)
        self.zone = zone
        self.notes = Findings(self.device, self.device.id, source)
        self.profiles = {name: _parts(profile)[0] for name, profile in profiles.items()}
        self.profile_notes = {
            name: Findings(self.profiles[name], self.profiles[name].id, _parts(profile)[1])
            for name, profile in profiles.items()
        }
        if zone is not None and zone not in self.device.zones:
            raise DocumentError(
                Message("there is no zone `{zone}`", zone=zone),
                where=self.device.id,
                hint=near(zone, self.device.zones).text(),
                rule="TRV-D013",
            )

    def wiring(self) -> Wiring:
        self._check_endpoints()
        pairs = list(self._explicit())
        bound = {pair.column for pair in pairs}
        pairs += self._offered(bound)
        wires: dict[str, list[Wire]] = {name: [] for name in self.device.endpoints}
        for pair in self._single(pairs):
            made = self._wire(pair)
            if made is not None:
                wires[pair.endpoint].append(made)
        if not any(wires.values()) and not self._found():
            hint = "bind points to signals, or use a profile whose points name signals of this interface"
            self.notes.add("TRV-D011", ("endpoints",), Message("nothing here feeds `{id}`", id=self.interface.id), hint)
        return Wiring({name: tuple(made) for name, made in wires.items()}, tuple(dict.fromkeys(self._found())))

    def _found(self) -> list[Finding]:
        return [*self.notes.found, *(note for notes in self.profile_notes.values() for note in notes.found)]

    def _check_endpoints(self) -> None:
        for name, endpoint in self.device.endpoints.items():
            points = self.profiles[name].points
            for index, signal in enumerate(endpoint.covers):
                self._known_signal(signal, ("endpoints", name, "covers", index))
            for index, point in enumerate(endpoint.invert):
                if point not in points:
                    path = ("endpoints", name, "invert", index)
                    self.notes.add(
                        "TRV-D003",
                        path,
                        Message("the profile has no point `{point}`", point=point),
                        near(point, points),
                    )

    def _known_signal(self, name: str, path: Path) -> bool:
        known = {*self.interface.signals, *self.signals}
        if name in known:
            return True
        message = Message("`{id}` has no signal `{name}`", id=self.interface.id, name=name)
        self.notes.add("TRV-D001", path, message, near(name, known))
        return False

    def _explicit(self) -> Iterator[_Pair]:
        """Pairs that the device document states."""
        lines: dict[str, tuple[str, Path]] = {s: (spec, ("bind", s)) for s, spec in self.device.bind.items()}
        if self.zone is not None:
            own = self.device.zones[self.zone]
            lines.update({s: (spec, ("zones", self.zone, s)) for s, spec in own.items()})
        for signal, (spec, path) in lines.items():
            if self._known_signal(signal, path):
                yield from self._stated(signal, spec, path)

    def _stated(self, signal: str, spec: str, path: Path) -> Iterator[_Pair]:
        endpoint, _, name = spec.partition(".")
        if endpoint not in self.device.endpoints or not name:
            hint = Message("write `endpoint.point`; endpoints are {names}", names=", ".join(self.device.endpoints))
            self.notes.add("TRV-D002", path, Message("`{spec}` names no endpoint of this device", spec=spec), hint)
            return
        found = _point(self.profiles[endpoint].points, name)
        if found is None:
            names = self.profiles[endpoint].points
            self.notes.add(
                "TRV-D003",
                path,
                Message("profile `{id}` has no point `{name}`", id=self.profiles[endpoint].id, name=name),
                near(name, names),
            )
            return
        yield from self._paired(signal, endpoint, found, path)

    def _offered(self, bound: set[str]) -> Iterator[_Pair]:
        """Pairs that profiles propose, where the device document is silent."""
        for endpoint, spec in self.device.endpoints.items():
            for name, point in self.profiles[endpoint].points.items():
                if point.signal is None or not self._covered(spec, point.signal):
                    continue
                numbered = [(name, number) for number in _numbers(point)]
                for pair in self._paired(point.signal, endpoint, numbered, ()):
                    if pair.column not in bound:
                        yield pair

    def _covered(self, endpoint: Endpoint, signal: str) -> bool:
        known = signal in self.interface.signals or signal in self.signals
        return known and (not endpoint.covers or signal in endpoint.covers)

    def _paired(self, signal: str, endpoint: str, points: Sequence[tuple[str, int]], path: Path) -> Iterator[_Pair]:
        spec = self.interface.signals.get(signal)
        targets = column_names(signal, spec) if spec is not None else (signal,)
        if len(points) > 1 and (spec is None or spec.repeat is None):
            message = Message("`{point}` recurs and `{signal}` does not", point=points[0][0], signal=signal)
            self._note(
                endpoint,
                points[0][0],
                path,
                "TRV-D004",
                message,
                Message("bind one, such as `{point}_1`", point=points[0][0]),
            )
            return
        for column, (name, number) in zip(targets, points, strict=False):
            yield _Pair(column, endpoint, name, number, path)

    def _single(self, pairs: Sequence[_Pair]) -> Iterator[_Pair]:
        """Pairs whose column nobody else feeds; a finding for every other."""
        first: dict[str, _Pair] = {}
        for pair in pairs:
            other = first.setdefault(pair.column, pair)
            if other is pair:
                yield pair
                continue
            message = Message(
                "`{endpoint}.{point}` and `{pair_endpoint}.{pair_point}` both feed `{column}`",
                endpoint=other.endpoint,
                point=other.point,
                pair_endpoint=pair.endpoint,
                pair_point=pair.point,
                column=pair.column,
            )
            hint = Message(
                "say which: bind: {{{column}: {endpoint}.{point}}}, or list what each meter covers",
                column=pair.column,
                endpoint=pair.endpoint,
                point=pair.point,
            )
            self.notes.add("TRV-D005", pair.path or ("endpoints", pair.endpoint), message, hint)

    def _wire(self, pair: _Pair) -> Wire | None:
        spec, endpoint = self.profiles[pair.endpoint].points[pair.point], self.device.endpoints[pair.endpoint]
        name = f"{pair.point}_{pair.number}" if pair.number else pair.point
        source = Source(name, spec, endpoint.ct_ratio, pair.point in endpoint.invert)
        made, problems = wire(source, pair.column, self.signals[pair.column])
        for problem in problems:
            self._note(pair.endpoint, pair.point, pair.path, *problem)
        return made

    def _note(
        self, endpoint: str, point: str, path: Path, rule: str, message: str, hint: str, severity: str = "error"
    ) -> None:
        """A finding where the pair is stated: in the device document, else in the profile."""
        if path:
            self.notes.add(rule, path, message, hint, severity)
        else:
            self.profile_notes[endpoint].add(rule, ("points", point), message, hint, severity)


def _parts(document: T | Parsed[T]) -> tuple[T, Parsed[T] | None]:
    return (document.document, document) if isinstance(document, Parsed) else (document, None)


def _numbers(point: Point) -> range:
    """Numbers of a repeated point's instances; 0 alone for one that does not repeat."""
    return range(1, point.repeat.max + 1) if point.repeat else range(1)


def _point(points: Mapping[str, Point], name: str) -> list[tuple[str, int]] | None:
    """The point and instance numbers that a name in ``bind`` means, or None."""
    if name in points:
        return [(name, number) for number in _numbers(points[name])]
    stem, _, digits = name.rpartition("_")
    point = points.get(stem)
    if point and point.repeat and digits.isdigit() and 1 <= int(digits) <= point.repeat.max:
        return [(stem, int(digits))]
    return None
