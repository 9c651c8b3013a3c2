"""What raw registers could mean: every type, order and address within one, ranked; pure.

A candidate costs bits, as in minimum description length: those that its numbers over several polls
need, those of the registers that it leaves unexplained, and what its values break of the
interface's expectations. A wrong order turns small steps into wild ones, a wrong address leaves half
of a value over, a wrong type leaves the range: each costs bits with every poll.

Rules:
    1. Candidates that decode all words seen alike are one reading.
    2. The layout (type and orders) and the address are decided apart: where a neighbour
       of the same layout is as plausible, the address stays undecided.
    3. Undecided is said unless the best is ahead of every other by ``MARGIN`` bits.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trivet.errors import Message
from trivet.signals import Floats
from trivet_modbus.kinds import KINDS, Kind
from trivet_modbus.kinds import values as numbers
from trivet_modbus.likelihood import Expectation, calm, number_bits, offence, scales
from trivet_modbus.partition import Surroundings

Words = NDArray[np.int64]
Layout = tuple[str, str, str]
"""Type, word order, byte order."""

MARGIN, WIDE = 27.0, 60.0
OFFSETS = (0, -1, 1)
RARITY = {"int": 0.0, "uint": 0.0, "float": 0.0, "bcd": 2.0, "mod10k": 3.0, "signmag": 2.0}
"""Family to the bits by which it is rarer than others in public maps."""
TRIED = {name: kind for name, kind in KINDS.items() if kind.family in RARITY and kind.width >= 16}
ORDERS = {"swapped": (1, 0, 3, 2), "halves": (2, 3, 0, 1)}
"""Orders that four registers can have besides ``big`` and ``little``: where the most significant one is, and so on."""
BEFORE, AFTER = 8, 12
"""Registers read before and from the address on: enough for neighbours to show how they are laid out."""
STILL = Message("the value did not change")
SMALLEST = 4
"""Fewest polls that are judged."""
ORDER_PRIOR = {"big": 0.0, "little": 1.0, "swapped": 6.0, "halves": 6.0}
SWAPPED, ELSEWHERE, HALF = 2.0, 2.0, 5.0


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way to read the registers.

    Attributes:
        type: As profiles name it.
        word_order: ``big`` or ``little``; ``big`` where there is one register.
        byte_order: ``big`` or ``little``.
        offset: Registers from the address asked for: -1, 0 or 1.
        scale: Factor on the raw number.
        bits: What it costs; less is likelier.
        values: What it reads, in the interface's unit, one a poll.
        broken: What it breaks of the expectations, in words.
        moving: Which of its registers changed, counted from the first one read.
    """

    type: str
    word_order: str
    byte_order: str
    offset: int
    scale: float
    bits: float
    values: tuple[float, ...]
    broken: tuple[str, ...]
    moving: frozenset[int]

    @property
    def layout(self) -> tuple[str, str, str]:
        """Type and orders."""
        return self.type, self.word_order, self.byte_order


class _Meaning(NamedTuple):
    """Raw numbers as values of a signal: bits, factor, values, what they break, other factors that are as good."""

    bits: float
    scale: float
    values: tuple[float, ...]
    broken: tuple[str, ...]
    others: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """Candidates that decode all words seen alike.

    Attributes:
        best: The likeliest of them.
        alike: The others.
        scales: Other factors that are as plausible by the interface, the likeliest first.
    """

    best: Candidate
    alike: tuple[Candidate, ...] = ()
    scales: tuple[float, ...] = ()

    def layouts(self) -> frozenset[tuple[str, str, str]]:
        """Types and orders of all its candidates."""
        return frozenset(one.layout for one in (self.best, *self.alike))

    def offsets(self) -> frozenset[int]:
        """Addresses of all its candidates, from the one asked for."""
        return frozenset(one.offset for one in (self.best, *self.alike))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the detective holds to be true.

    Attributes:
        ranked: Readings, the likeliest first.
        layout: Whether type and orders are decided.
        address: Whether the address is decided too.
        reason: Why not, one sentence; empty when both are.
    """

    ranked: tuple[Reading, ...]
    layout: bool
    address: bool
    reason: str = ""


def investigate(times: Sequence[float], words: Words, expected: Expectation) -> Verdict:
    """Ranks what the registers around an address can mean.

    Args:
        times: When each poll was taken [s], rising, ``(polls,)``.
        words: Registers from ``BEFORE`` before the address to ``AFTER`` from it on, ``(polls, registers)``;
            -1 where the controller refused one.
        expected: What the interface says of the signal.
    """
    ranked = tuple(_readings(np.asarray(times, np.float64), words, expected))
    if not ranked:
        return Verdict((), False, False, Message("no register here can be read"))
    if len(words) < SMALLEST:
        return Verdict(
            ranked,
            False,
            False,
            Message("{count} polls are too few, {least} are the least", count=len(words), least=SMALLEST),
        )
    if ranked[0].best.broken:
        return Verdict(
            ranked,
            False,
            False,
            Message("nothing here fits: the best reading is {reason}", reason=ranked[0].best.broken[0]),
        )
    return _decided(ranked, expected)


def _decided(ranked: tuple[Reading, ...], expected: Expectation) -> Verdict:
    """The verdict on readings whose best breaks nothing."""
    first = ranked[0]
    if len(set(first.best.values)) == 1:
        return Verdict(ranked, False, False, STILL)
    rivals = [other for other in ranked[1:] if _rivals(first.best, other.best, expected)]
    others = [other for other in rivals if other.layouts() != first.layouts()]
    if others:
        return Verdict(ranked, False, False, _advice(first, others[0]))
    if rivals:
        places = sorted({first.best.offset, *(other.best.offset for other in rivals)})
        return Verdict(ranked, True, False, Message("the values at {places} are as plausible", places=_places(places)))
    return Verdict(ranked, True, True)


def _rivals(best: Candidate, other: Candidate, expected: Expectation) -> bool:
    """Whether another reading may be the true one.

    Of two readings of the same registers the bits tell; one of other registers is a value of its own,
    and bits say little about which of the two was meant.
    """
    ahead = other.bits - best.bits
    if other.broken or ahead >= WIDE:
        return False
    if ahead < MARGIN:
        return True
    # what stands still at the very address that was asked for may be the value all the same
    resting = best.offset != 0 and other.offset == 0 and len(set(other.values)) == 1
    return not other.moving & best.moving and (resting or calm(np.array(other.values), expected))


def _places(offsets: Sequence[int]) -> str:
    names = [Message("the address") if not offset else f"{offset:+d}" for offset in offsets]
    return Message.joined(names, "{first} and {then}")


def _advice(first: Reading, rival: Reading) -> str:
    """Why two readings cannot be told apart."""
    one, other = first.best, rival.best
    return Message(
        "{type} ({value:.6g}) and {other_type} ({other_value:.6g}) are both plausible",
        type=one.type,
        value=one.values[-1],
        other_type=other.type,
        other_value=other.values[-1],
    )


def _readings(times: Floats, words: Words, expected: Expectation) -> Iterator[Reading]:
    """All readings, the likeliest first."""
    groups: dict[bytes, list[tuple[Candidate, tuple[float, ...]]]] = {}
    meanings: dict[tuple[bytes, bool], _Meaning] = {}
    changed = np.ptp(words, axis=0) > 0
    for layout, raw, bits, starts in _costs(words):
        kind = TRIED[layout[0]]
        for column, start in enumerate(starts):
            if not np.isfinite(bits[column]):
                continue
            moving = frozenset(index for index in range(start, start + kind.words) if changed[index])
            one = raw[:, start] + 0.0
            data = one.tobytes()
            meant = meanings.get((data, kind.family == "float"))
            if meant is None:
                meant = meanings[data, kind.family == "float"] = _meaning(times, one, kind, expected)
            made = _candidate(layout, start - BEFORE, float(bits[column]), meant, moving)
            groups.setdefault(data, []).append((made, meant.others))
    for group in sorted(groups.values(), key=lambda group: min(_rank(one) for one, _ in group)):
        (best, others), *alike = sorted(group, key=lambda pair: _rank(pair[0]))
        yield Reading(best, tuple(one for one, _ in alike), others)


def _costs(words: Words) -> Iterator[tuple[Layout, Floats, Floats, list[int]]]:
    """Each layout, its raw numbers from each register on, and the bits of all registers when it begins at some."""
    layouts: dict[int, list[Layout]] = {}
    for name, kind in TRIED.items():
        for word_order in word_orders(kind):
            layouts.setdefault(kind.words, []).extend((name, word_order, order) for order in ("big", "little"))
    raws = {layout: _everywhere(words, layout) for several in layouts.values() for layout in several}
    bits = {
        width: np.array([number_bits(raws[layout], TRIED[layout[0]]) for layout in several])
        for width, several in layouts.items()
    }
    around = Surroundings(words, bits)
    for width, several in layouts.items():
        starts = [BEFORE + offset for offset in OFFSETS]
        whole = around.beside(width, bits[width], starts) + bits[width][:, starts]
        for layout, row in zip(several, whole, strict=True):
            yield layout, raws[layout], row, starts


def _everywhere(words: Words, layout: Layout) -> Floats:
    """The raw numbers that begin at each register, ``(polls, registers - words of the type + 1)``."""
    width = TRIED[layout[0]].words
    windows = np.lib.stride_tricks.sliding_window_view(words, width, axis=1)
    raw = interpret(windows.reshape(-1, width), *layout).reshape(windows.shape[:2])
    return np.where((windows < 0).any(axis=2), np.nan, raw)


def _rank(one: Candidate) -> tuple[bool, float]:
    """What is impossible comes after everything that is possible."""
    return bool(one.broken), one.bits


def word_orders(kind: Kind) -> tuple[str, ...]:
    """The orders that the registers of a type can have."""
    if kind.words == 1:
        return ("big",)
    return ("big", "little", *ORDERS) if kind.words == 4 else ("big", "little")


def interpret(words: Words, name: str, word_order: str, byte_order: str) -> Floats:
    """Raw numbers, one a poll; NaN where the words are none of that type.

    Args:
        words: Registers of one value as on the wire, 0 to 65535, ``(polls, registers)``.
        name: Key of ``KINDS``.
        word_order: Where the most significant register is.
        byte_order: ``little``: the bytes of each register are exchanged.
    """
    registers = words.astype("<u2")
    if word_order == "big":
        registers = registers[:, ::-1]
    elif word_order in ORDERS:
        registers = registers[:, ORDERS[word_order]][:, ::-1]
    if byte_order == "little":
        registers = registers.byteswap()
    data = np.frombuffer(np.ascontiguousarray(registers).tobytes(), np.uint8)
    nothing = np.zeros(len(words), np.uint64)
    with np.errstate(invalid="ignore", over="ignore"):
        return numbers(name, data, nothing, nothing)


def _candidate(layout: Layout, offset: int, bits: float, meant: _Meaning, moving: frozenset[int]) -> Candidate:
    """A candidate; ``bits`` are those of all registers."""
    bits += meant.bits + RARITY[TRIED[layout[0]].family] + HALF * (layout[0] == "float16")
    bits += ELSEWHERE * (offset != 0) + ORDER_PRIOR[layout[1]] + SWAPPED * (layout[2] != "big")
    return Candidate(*layout, offset, meant.scale, bits, meant.values, meant.broken, moving)


def _meaning(times: Floats, raw: Floats, kind: Kind, expected: Expectation) -> _Meaning:
    """What raw numbers are for a signal, by the scale that fits best."""
    tried = []
    for scale, prior in scales(expected, kind):
        with np.errstate(over="ignore"):
            cost, broken = offence(times, raw * scale, expected)
        tried.append((cost + prior, scale, broken))
    tried.sort(key=lambda one: one[0])
    cost, scale, broken = tried[0]
    others = tuple(other for more, other, faults in tried[1:] if not faults and more - cost < MARGIN)
    with np.errstate(over="ignore"):
        return _Meaning(cost, scale, tuple((raw * scale).tolist()), broken, others)


def display_tolerance(shown: float) -> float:
    """How far a display may be from the register: half of its last digit, or two hundredths."""
    return max(0.6 * 10.0 ** -_decimals(shown), 0.02 * abs(shown))


def _decimals(shown: float) -> int:
    text = f"{shown:.6f}".rstrip("0")
    return len(text.partition(".")[2]) if math.isfinite(shown) else 0
