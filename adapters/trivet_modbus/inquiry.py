"""Looks at raw registers for a while and says what they could mean."""

from __future__ import annotations

from typing import Any

import numpy as np

from trivet.device.adapter import Clock, Diagnosis, Quest
from trivet.device.document import Endpoint
from trivet.errors import DocumentError, Finding, Message, ReadError
from trivet.signals import SECOND
from trivet_modbus.address import LAST, Addressing, Table, manual_number, wire_address
from trivet_modbus.ask import Asker, asking
from trivet_modbus.detective import AFTER, BEFORE, SMALLEST, Reading, Verdict, display_tolerance, investigate
from trivet_modbus.frame import ILLEGAL
from trivet_modbus.likelihood import Expectation

ROWS = 8
PERIOD = 1.0


async def detect(url: str, place: str, quest: Quest, clock: Clock, seconds: float) -> Diagnosis:
    """Ranks what the registers at an address mean for a signal.

    Args:
        url: The unit.
        place: The address as manuals write it: ``30013``, ``400001``, ``hr:12`` or ``ir:0x34`` (from zero).
        quest: The signal, and what the display shows.
        clock: The time that the plant lives in.
        seconds: How long to look.

    Raises:
        DocumentError: The URL or the address is wrong.
        ConnectError: Nothing answers at the URL.
        ReadError: The registers cannot be read.
    """
    addressing = Addressing.ZERO if ":" in place else Addressing.MODICON
    table, address = wire_address(place, addressing, None, place)
    if table.bits:
        raise DocumentError(
            Message("{place} is a bit, which has no order", place=place), where=place, hint="name a register"
        )
    async with asking(Endpoint(profile="", url=url)) as asker:
        polls = await _looked(asker, table, address, clock, seconds)
    words = np.array([row for _, row in polls], np.int64)
    if not polls or (words[:, BEFORE] < 0).any():
        hint = "is the table right? `ir:` are input registers, `hr:` holding registers"
        raise ReadError(Message("{place} is not readable", place=place), where=url, hint=hint, rule="TRV-M103")
    verdict = investigate([when for when, _ in polls], words, expectation(quest))
    return Diagnosis(_facts(table, address, verdict, len(polls)), (_finding(verdict, table, address, url),))


def expectation(quest: Quest) -> Expectation:
    """What the detective may expect of a signal."""
    signal = quest.signal
    tolerance = display_tolerance(quest.shown) if quest.shown is not None else 0.0
    return Expectation(signal.unit, *signal.range, signal.max_rate, signal.counter, quest.shown, tolerance)


async def _looked(
    asker: Asker, table: Table, address: int, clock: Clock, seconds: float
) -> list[tuple[float, list[int]]]:
    """The registers around an address, -1 for those that are refused, with the time of each look [s]."""
    first, last = max(address - BEFORE, 0), min(address + AFTER - 1, LAST)
    stretches = await _readable(asker, table, first, last - first + 1)
    polls: list[tuple[float, list[int]]] = []
    start, count = clock.now(), max(SMALLEST, round(seconds / PERIOD) + 1)
    for number in range(count):
        now, row = clock.now(), [-1] * (BEFORE + AFTER)
        rows = [await asker.words(table, begin, length) for begin, length in stretches]
        for (begin, length), words in zip(stretches, rows, strict=True):
            place = begin - address + BEFORE
            row[place : place + length] = words or [-1] * length
        if all(words is not None for words in rows):
            polls.append(((now - start) / SECOND, row))
        if number + 1 < count:
            await clock.sleep(PERIOD)
    return polls


async def _readable(asker: Asker, table: Table, first: int, count: int) -> list[tuple[int, int]]:
    """Stretches that the unit hands out: all at once, or else the halves of what it refuses, and so on."""
    if await asker.words(table, first, count) is not None:
        return [(first, count)]
    if count == 1 or asker.refused not in ILLEGAL:
        return []
    half = count // 2
    return [
        *await _readable(asker, table, first, half),
        *await _readable(asker, table, first + half, count - half),
    ]


def _facts(table: Table, address: int, verdict: Verdict, polls: int) -> dict[str, Any]:
    rows = [_row(number, table, address, one) for number, one in enumerate(verdict.ranked[:ROWS], 1)]
    best = verdict.ranked[0].best.bits if verdict.ranked else 0.0
    for row, one in zip(rows, verdict.ranked, strict=False):
        row["bits behind"] = round(one.best.bits - best)
    return {"polls": polls, "readings": rows}


def _row(number: int, table: Table, address: int, reading: Reading) -> dict[str, Any]:
    best = reading.best
    alike = sorted({f"{one.type} at {manual_number(table, address + one.offset)}" for one in reading.alike})
    return {
        "rank": number,
        "address": manual_number(table, address + best.offset),
        "type": best.type,
        "word order": best.word_order,
        "byte order": best.byte_order,
        "scale": best.scale,
        "value": float(f"{best.values[-1]:.6g}"),
        "breaks": best.broken[0] if best.broken else "",
        "same numbers as": ", ".join(alike[:3]) + (f" and {len(alike) - 3} more" if len(alike) > 3 else ""),
    }


def _finding(verdict: Verdict, table: Table, address: int, url: str) -> Finding:
    if not verdict.layout:
        hint = "look for longer while the machine heats or switches, and give what its display shows with --shows"
        return Finding("TRV-M104", url, Message("undecided: {reason}", reason=verdict.reason), hint, "warning")
    best = verdict.ranked[0].best
    what = Message(
        "{type}, word order {word_order}, byte order {byte_order}, scale {scale:g}",
        type=best.type,
        word_order=best.word_order,
        byte_order=best.byte_order,
        scale=best.scale,
    )
    if not verdict.address:
        hint = "give what the display shows with --shows"
        message = Message("{what}; address undecided: {reason}", what=what, reason=verdict.reason)
        return Finding("TRV-M104", url, message, hint, "warning")
    if scales := [f"{scale:g}" for scale in verdict.ranked[0].scales]:
        others = Message.joined(scales, "{first} or {then}")
        what = Message("{what}; by the range the scale may also be {scales}", what=what, scales=others)
    place = manual_number(table, address + best.offset)
    if best.offset:
        message = Message("the address is off by one: {place} holds {what}", place=place, what=what)
        return Finding("TRV-M105", url, message, "correct the address, or `addressing` if all are off", "warning")
    message = Message("{place} holds {what}", place=place, what=what)
    return Finding("TRV-M106", url, message, "write it into the profile", "note")
