"""Whether a whole profile is read in the wrong order, or off by one: what would make its values possible."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from trivet.device.adapter import Clock, Target
from trivet.device.document import Point
from trivet.errors import Finding, Message
from trivet.signals import Floats, Sample
from trivet_modbus.address import LAST, Table
from trivet_modbus.ask import Asker
from trivet_modbus.detective import OFFSETS, interpret, word_orders
from trivet_modbus.kinds import KINDS
from trivet_modbus.points import ModbusPoint
from trivet_modbus.symptoms import is_dead, is_implausible

POLLS = 3
PAUSE = 0.4
MOST = 60
SUSPICIOUS, CONVINCING = 0.7, 0.9
Words = Mapping[tuple[Table, int], int]
"""Registers of one poll by table and address."""
FAMILIES = ("int", "uint", "float", "bcd", "mod10k", "signmag")


class Reading(NamedTuple):
    """One way to read all points.

    Attributes:
        offset: Registers from the addresses of the profile.
        word_order: Of values of two registers and more.
        byte_order: Of all.
    """

    offset: int
    word_order: str
    byte_order: str


async def mistaken(
    asker: Asker, target: Target, typed: Sequence[ModbusPoint], samples: Mapping[str, Sequence[Sample]], clock: Clock
) -> list[Finding]:
    """A finding when another order or address makes nearly all values possible and the profile's does not.

    Raises:
        LostError: The link went down.
    """
    judged = [one for one in typed if _judged(target, one)][:MOST]
    suspects = [one for one in judged if _suspicious(target, one, samples.get(one.name, ()))]
    if not judged or len(suspects) < (1.0 - SUSPICIOUS) * len(judged):
        return []
    words = await _words(asker, judged, clock)
    judged = [one for one in judged if not _absent(one, words)]
    suspects = [one for one in suspects if one in judged]
    if len(suspects) <= (1.0 - SUSPICIOUS) * len(judged):
        return []
    scores = {reading: _score(target, judged, words, reading) for reading in _readings(judged)}
    best = max(scores.values(), default=0.0)
    declared = _declared(judged)
    winners = _homely(judged, [reading for reading, score in scores.items() if score == best])
    if best < CONVINCING or declared in winners:
        return []
    if len(winners) > 1:
        ways = Message.joined([_spelt(reading, declared) for reading in winners[:3]], "{first} or {then}")
        message = Message(
            "{count} of {total} values cannot be; they could be with {ways}: undecided",
            count=len(suspects),
            total=len(judged),
            ways=ways,
        )
        hint = "find out with `trivet doctor URL --detect ADDRESS --signal NAME --shows VALUE`"
        return [Finding("TRV-M104", target.name, message, hint, "warning")]
    return list(_findings(target, winners[0], declared, len(suspects), len(judged)))


def _homely(judged: Sequence[ModbusPoint], winners: Sequence[Reading]) -> list[Reading]:
    """Of readings that are all possible those that need the fewest registers beyond the profile's own.

    Beside each other, values in the wrong word order look right when read one register further: their
    high halves are in place, and only their low halves are a neighbour's. But then the last of them
    reaches beyond the registers of the profile.
    """
    own = {(one.table, address) for one in judged for address in range(one.address, one.end)}
    foreign = {
        reading: len({(one.table, a + reading.offset) for one in judged for a in range(one.address, one.end)} - own)
        for reading in winners
    }
    return [reading for reading in winners if foreign[reading] == min(foreign.values())]


def _findings(target: Target, found: Reading, declared: Reading, odd: int, judged: int) -> Iterator[Finding]:
    so = Message("{odd} of {judged} values cannot be, and nearly all can", odd=odd, judged=judged)
    if found[1:] != declared[1:]:
        message = Message(
            "{so} with word order {word_order} and byte order {byte_order}: the order is wrong",
            so=so,
            word_order=found.word_order,
            byte_order=found.byte_order,
        )
        hint = Message(
            "write `word_order: {word_order}` and `byte_order: {byte_order}` into the profile's settings",
            word_order=found.word_order,
            byte_order=found.byte_order,
        )
        yield Finding("TRV-M113", target.name, message, hint)
    if found.offset:
        message = Message(
            "{so} when read {offset:+d} register: the addresses are off by one", so=so, offset=found.offset
        )
        remedy = "correct `addressing` in the profile's settings: zero, one or modicon"
        yield Finding("TRV-M114", target.name, message, remedy)


def _spelt(reading: Reading, declared: Reading) -> str:
    parts = [Message("addresses {offset:+d}", offset=reading.offset)] if reading.offset else []
    if reading[1:] != declared[1:]:
        parts.append(
            Message(
                "word order {word_order}, byte order {byte_order}",
                word_order=reading.word_order,
                byte_order=reading.byte_order,
            )
        )
    return Message.joined(parts)


def _judged(target: Target, one: ModbusPoint) -> bool:
    """Whether wrong bytes would show: a value of two registers or more with a unit."""
    spec = _spec(target, one)
    return spec.unit is not None and not one.table.bits and one.words > 1 and KINDS[one.type].family in FAMILIES


def _spec(target: Target, one: ModbusPoint) -> Point:
    points = target.profile.points
    return points[one.name] if one.name in points else points[one.name.rpartition("_")[0]]


def _suspicious(target: Target, one: ModbusPoint, seen: Sequence[Sample]) -> bool:
    if not seen or is_dead(seen):
        return False
    spec = _spec(target, one)
    return any(sample.reason == "not_a_number" or is_implausible(spec, sample.value) for sample in seen)


def _absent(one: ModbusPoint, polls: Sequence[Words]) -> bool:
    """Whether the registers spell the usual NaN in the profile's order, which is then no wrong one."""
    raw = _raw(one, polls, _declared([one]))
    if raw is None or not np.isnan(raw).all():
        return False
    rows = [[poll.get((one.table, one.address + index), 0) for index in range(one.words)] for poll in polls]
    return all(sum(word != 0 for word in row) <= 1 for row in rows)


def _readings(judged: Sequence[ModbusPoint]) -> Iterator[Reading]:
    widest = max(judged, key=lambda one: one.words)
    for word_order in word_orders(KINDS[widest.type]):
        for byte_order in ("big", "little"):
            for offset in OFFSETS:
                yield Reading(offset, word_order, byte_order)


def _declared(judged: Sequence[ModbusPoint]) -> Reading:
    return Reading(0, judged[0].word_order, judged[0].byte_order)


async def _words(asker: Asker, judged: Sequence[ModbusPoint], clock: Clock) -> list[Words]:
    """The registers of all points and one on either side, some times over."""
    polls: list[Words] = []
    for number in range(POLLS):
        if number:
            await clock.sleep(PAUSE * clock.speed)
        seen: dict[tuple[Table, int], int] = {}
        for one in judged:
            for first, count in _stretches(one):
                row = await asker.words(one.table, first, count)
                if row is not None:
                    seen |= {(one.table, first + index): word for index, word in enumerate(row)}
                    break
        polls.append(seen)
    return polls


def _stretches(one: ModbusPoint) -> Iterator[tuple[int, int]]:
    """Registers to ask for around a point: with both neighbours, or with one where the map ends."""
    first, stop = max(one.address - 1, 0), min(one.end + 1, LAST + 1)
    yield first, stop - first
    yield one.address, stop - one.address
    yield first, one.end - first
    yield one.address, one.words


def _score(target: Target, judged: Sequence[ModbusPoint], polls: Sequence[Words], reading: Reading) -> float:
    """Share of the points whose values are possible in all polls when read so; a 0 says nothing for anybody."""
    good = known = 0
    for one in judged:
        raw = _raw(one, polls, reading)
        if raw is not None and not raw.any():
            continue
        known += 1
        if raw is not None:
            values, spec = raw * one.scale + one.offset, _spec(target, one)
            good += all(np.isfinite(value) and not is_implausible(spec, float(value)) for value in values)
    return good / known if known else 0.0


def _raw(one: ModbusPoint, polls: Sequence[Words], reading: Reading) -> Floats | None:
    """A point's raw numbers when read so, one a poll; None where its registers are refused."""
    places = [(one.table, one.address + reading.offset + index) for index in range(one.words)]
    rows = [[poll[place] for place in places] for poll in polls if all(place in poll for place in places)]
    if not rows:
        return None
    order = reading.word_order if reading.word_order in word_orders(KINDS[one.type]) else "big"
    return interpret(np.array(rows, np.int64), one.type, order, reading.byte_order)
