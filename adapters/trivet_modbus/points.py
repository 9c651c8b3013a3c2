"""Typed Modbus points out of a profile; needs no Modbus library.

``Point.at`` says where and how, see ``at``; the point's other keys are those of every
profile. A point that recurs is ``name_1`` to ``name_max``. Where it refers to another that
recurs too (in ``when``, ``selector`` or ``scale_register``), each refers to that of its own number.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from trivet import units
from trivet.device.document import Endpoint, Point, Profile
from trivet.errors import DocumentError, Message
from trivet.signals import Json
from trivet_modbus import form as binding
from trivet_modbus.address import LAST, Table
from trivet_modbus.at import At, read_at, severity
from trivet_modbus.kinds import KINDS, rounded
from trivet_modbus.layout import Map, profile_map
from trivet_modbus.settings import whole

NUMBER = "#"
"""Stands in a reference for the number of the point that refers."""


@dataclass(frozen=True, slots=True)
class ModbusPoint:
    """One value of a Modbus server.

    Attributes:
        name: As the profile names it; of a repeated point with its number.
        table: Where it is.
        address: First address, as on the wire.
        type: ``float32`` and so on; ``bool`` in the bit tables.
        words: Registers it takes; 1 for a coil or discrete input.
        word_order: ``big``, ``little``, ``swapped`` or ``halves``.
        byte_order: ``big`` or ``little``.
        bits: Lowest and highest bit of a ``bit``, or of a type of half a register.
        half: ``high`` or ``low`` of a ``string`` with one character a register.
        scale: Factor on the raw number.
        offset: Added after ``scale``.
        sentinels: Raw numbers that mean "not available".
        limits: Smallest and largest value that a selector's case allows, or None.
        codes: Native codes of a selector's case, each with the code of the point's own enumeration.
        scale_register: Point with a power of ten to multiply by, or None.
        poll: Poll class.
        period: How often the profile reads that class [s]; 0 when nobody said.
        severity: Above 0: it is a condition rather than a reading.
        message: What a condition says.
        repeat: How many there are at most; 0 when it is not repeated.
        stride: Addresses from one to the next.
        number: Which of them it is, from 1; 0 when it is not one of several.
        count: Point that says how many there are, or None.
        when: Points and the codes that they must have for this one to be read.
        selector: Point that decides how this one is read, or None.
        cases: Code of the selector to the point as it is then.
    """

    name: str
    table: Table
    address: int
    type: str
    words: int = 1
    word_order: str = "big"
    byte_order: str = "big"
    bits: tuple[int, int] = (0, 15)
    half: str = ""
    scale: float = 1.0
    offset: float = 0.0
    sentinels: tuple[float, ...] = ()
    limits: tuple[float, float] | None = None
    codes: tuple[tuple[float, float], ...] = ()
    scale_register: str | None = None
    poll: str = "normal"
    period: float = 0.0
    severity: int = 0
    message: str = ""
    repeat: int = 0
    stride: int = 1
    number: int = 0
    count: str | None = None
    when: tuple[tuple[str, float], ...] = ()
    selector: str | None = None
    cases: tuple[tuple[float, ModbusPoint], ...] = ()

    @property
    def end(self) -> int:
        """First address after it."""
        return self.address + self.words

    def instances(self) -> Iterator[ModbusPoint]:
        """The point itself, or ``name_1`` to ``name_max`` of a repeated one."""
        if not self.repeat:
            yield self
        for number in range(1, self.repeat + 1):
            yield self._numbered(number)

    def form(self, endpoint: Endpoint, number: int = 0) -> dict[str, Json]:
        """Its terms in the W3C Modbus binding; see ``Described``."""
        return binding.form(self._numbered(number) if number else self, endpoint)

    def payload(self) -> dict[str, Json]:
        """The data schema of what such a form reads; see ``Described``."""
        return binding.payload(self)

    def deciders(self) -> Iterator[str]:
        """Points that decide whether and how this one is read."""
        yield from (name for name, _ in self.when)
        yield from (name for name in (self.count, self.selector, self.scale_register) if name)
        yield from (case.scale_register for _, case in self.cases if case.scale_register)

    def _numbered(self, number: int) -> ModbusPoint:
        def named(reference: str | None) -> str | None:
            return reference and reference.replace(NUMBER, str(number))

        return replace(
            self,
            name=f"{self.name}_{number}",
            address=self.address + (number - 1) * self.stride,
            repeat=0,
            number=number,
            scale_register=named(self.scale_register),
            when=tuple((name.replace(NUMBER, str(number)), code) for name, code in self.when),
            selector=named(self.selector),
            cases=tuple((code, case._numbered(number)) for code, case in self.cases),
        )


def point(source: Point, profile: Profile) -> ModbusPoint:
    """Checks one point of a profile.

    Raises:
        DocumentError: A key is unknown, missing, or contradicts another; ``where`` names the point.
    """
    name = next((name for name, other in profile.points.items() if other is source), "point")
    where = f"{profile.id}/{name}"
    layout = profile_map(profile)
    _check_circle(name, source, profile, where)
    made = _plain(name, source, profile, layout, where)
    if source.selector is not None:
        cases = tuple(
            (_code(code, where), _checked_case(name, source, keys, profile, layout, f"{where}/{code}"))
            for code, keys in source.selector.cases.items()
        )
        made = replace(made, selector=_reference(source.selector.point, source, profile, where), cases=cases)
    for one in made.instances():
        for version in (one, *(case for _, case in one.cases)):
            _check_place(version, layout, where)
    return made


def _plain(name: str, source: Point, profile: Profile, layout: Map, where: str) -> ModbusPoint:
    """A point without its selector."""
    put: At = read_at(source.at, layout, where)
    if source.scale == 0:
        raise DocumentError("'scale' is 0", where=where, hint="every value would be the same")
    given = source.sentinels or layout.sentinels.get(put.type, ())
    return ModbusPoint(
        name=name,
        table=put.table,
        address=put.address,
        type=put.type,
        words=put.words,
        word_order=put.word_order,
        byte_order=put.byte_order,
        bits=put.bits,
        half=put.half,
        scale=source.scale,
        offset=source.offset,
        sentinels=tuple(_sentinel(value, put.type, where) for value in given),
        scale_register=_reference(source.scale_register, source, profile, where),
        poll=source.poll,
        period=layout.periods[source.poll],
        severity=severity(source.at, put.type, where),
        message=source.label.get("en", name),
        repeat=source.repeat.max if source.repeat else 0,
        stride=_stride(source, where),
        count=_count(source, profile, where),
        when=tuple((_reference(other, source, profile, where) or "", code) for other, code in source.when.items()),
    )


def _checked_case(
    name: str, source: Point, keys: Mapping[str, Json], profile: Profile, layout: Map, where: str
) -> ModbusPoint:
    """A case, whatever stands in it."""
    try:
        return _case(name, source, keys, profile, layout, where)
    except (TypeError, ValueError, AttributeError) as error:
        message = Message("a case has a key or value of the wrong kind ({reason})", reason=error)
        raise DocumentError(message, where=where, hint="give keys of a point, as the point itself has them") from error


def _case(name: str, source: Point, keys: Mapping[str, Json], profile: Profile, layout: Map, where: str) -> ModbusPoint:
    """The point as it is while its selector has one code, in the unit and states of the point itself."""
    tuples: dict[str, Any] = {k: tuple(v) if isinstance(v, (list, tuple)) else v for k, v in keys.items()}
    changed = replace(source, **tuples)
    if changed.poll != source.poll:
        raise DocumentError("a case cannot change 'poll' over Modbus", where=where, hint="give the faster one")
    made = _plain(name, changed, profile, layout, where)
    factor, shift = _converted(changed, source, where)
    ends = sorted(end * factor + shift for end in changed.range) if "range" in keys and changed.range else None
    return replace(
        made,
        scale=made.scale * factor,
        offset=made.offset * factor + shift,
        limits=(ends[0], ends[1]) if ends else None,
        codes=_codes(changed, source, where) if "enumeration" in keys else (),
    )


def _converted(changed: Point, source: Point, where: str) -> tuple[float, float]:
    """Factor and offset from a case's unit to the point's own."""
    if changed.unit == source.unit:
        return 1.0, 0.0
    factor, shift = units.conversion(changed.unit or "1", source.unit or "1")
    if shift and changed.scale_register:
        hint = "give both units the same zero"
        raise DocumentError("a scale register cannot stand with another zero", where=where, hint=hint)
    return factor, shift


def _codes(changed: Point, source: Point, where: str) -> tuple[tuple[float, float], ...]:
    own: dict[str, float] = {}
    for code, state in source.enumeration.items():
        own.setdefault(state, float(code))
    unknown = sorted(set(changed.enumeration.values()) - set(own))
    if unknown:
        hint = "a case has the states of its point"
        raise DocumentError(
            Message("state {unknown!r} is not in the point's own enumeration", unknown=unknown[0]),
            where=where,
            hint=hint,
        )
    return tuple((_code(code, where), own[state]) for code, state in changed.enumeration.items())


def _code(text: str, where: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise DocumentError(
            Message("code {text!r} is not a number", text=text), where=where, hint="write the number read"
        ) from error


def _sentinel(value: float, kind: str, where: str) -> float:
    """A sentinel as the type reads it: 0x8000 of an int16 is -32768, -1 of a uint16 is 65535."""
    family, width = KINDS[kind].family, KINDS[kind].width
    if family in ("bool", "string", "datetime"):
        raise DocumentError(Message("the type {kind} has no sentinels", kind=kind), where=where, hint="leave them out")
    if family == "float":
        return rounded(value, kind)
    if family in ("bcd", "mod10k"):
        return value
    half, whole_range = 2.0 ** (width - 1), float(2**width - 1)
    if value != int(value) or not -half <= value <= whole_range:
        raise DocumentError(
            Message("sentinel {value:g} is no {kind}", value=value, kind=kind),
            where=where,
            hint=Message("give a number of {width} bits", width=width),
        )
    if family in ("uint", "bit") and value < 0:
        return value + 2.0**width
    if family == "signmag" and value >= half:
        if value == half:
            raise DocumentError(
                Message("sentinel {value:g} is a minus zero", value=value), where=where, hint="it reads as 0"
            )
        return half - value
    # a 64-bit maximum rounds up to 2**63 as a float, and still means the maximum
    negative = value > half or (value == half and width < 64)
    return value - 2.0**width if family == "int" and negative else value


def _reference(named: str | None, source: Point, profile: Profile, where: str) -> str | None:
    """A point that another refers to; with a mark for the number when both recur."""
    if named is None:
        return None
    other = profile.points.get(named)
    if other is None:
        raise DocumentError(
            Message("names {named!r}, which is no point", named=named), where=where, hint="add that point"
        )
    if str(other.at.get("type")) == "string":
        raise DocumentError(
            Message("{named!r} is a text", named=named), where=where, hint="only numbers decide how a point is read"
        )
    if other.repeat is None:
        return named
    if source.repeat is None or source.repeat.max > other.repeat.max:
        raise DocumentError(
            Message("{named!r} recurs and this point does not as often", named=named),
            where=where,
            hint="repeat both alike",
        )
    return f"{named}_{NUMBER}"


def _count(source: Point, profile: Profile, where: str) -> str | None:
    if source.repeat is None or source.repeat.count is None:
        return None
    named = _reference(source.repeat.count, source, profile, where)
    if named is None or NUMBER in named:
        raise DocumentError("'repeat.count' recurs itself", where=where, hint="name a point that is there once")
    return named


def _stride(source: Point, where: str) -> int:
    if source.repeat is None:
        return 1
    whole(source.repeat.max, (1, 1000), "repeat.max", where)
    if source.repeat.stride != int(source.repeat.stride) or source.repeat.stride < 1:
        raise DocumentError(
            Message("'stride' is {stride:g}", stride=source.repeat.stride), where=where, hint="use a whole number"
        )
    return int(source.repeat.stride)


def _deciding(source: Point) -> Iterator[str]:
    """Names of the points that decide how a point is read."""
    yield from source.when
    named = [source.scale_register, source.repeat and source.repeat.count, source.selector and source.selector.point]
    if source.selector is not None:
        named += [case.get("scale_register") for case in source.selector.cases.values()]
    yield from (name for name in named if isinstance(name, str))


def _check_circle(name: str, source: Point, profile: Profile, where: str) -> None:
    seen: set[str] = set()
    unseen = set(_deciding(source))
    while unseen:
        seen |= unseen
        unseen = {other for one in unseen if one in profile.points for other in _deciding(profile.points[one])} - seen
    if name in seen:
        raise DocumentError("how it is read depends on itself", where=where, hint="break the circle")


def _check_place(one: ModbusPoint, layout: Map, where: str) -> None:
    """A point ends inside the table, fits in one request and is not forbidden."""
    if one.end > LAST + 1:
        raise DocumentError(
            Message("address {address} and {words} registers leave the table", address=one.address, words=one.words),
            where=where,
        )
    if one.words > layout.limit(one.table):
        raise DocumentError(
            Message("{words} registers do not fit in one request", words=one.words), where=where, hint="see block_limit"
        )
    for span in layout.forbidden:
        if span.table is one.table and one.address <= span.last and span.first < one.end:
            raise DocumentError(
                Message("address {address} is forbidden", address=one.address),
                where=where,
                hint="see settings.forbidden",
            )
