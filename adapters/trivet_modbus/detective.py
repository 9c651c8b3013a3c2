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

import numpy as np
from numpy.typing import NDArray

from trivet.errors import Message
from trivet.signals import Floats
from trivet_modbus.kinds import KINDS, Kind
from trivet_modbus.kinds import values as numbers
from trivet_modbus.likelihood import Expectation, calm, digit_bits, number_bits, offence, scales, word_bits

Words = NDArray[np.int64]

MARGIN, WIDE = 27.0, 60.0
OFFSETS = (0, -1, 1)
RARITY = {"int": 0.0, "uint": 0.0, "float": 0.0, "bcd": 2.0, "mod10k": 3.0, "signmag": 2.0}
"""Family to the bits by which it is rarer than others in public maps."""
TRIED = {name: kind for name, kind in KINDS.items() if kind.family in RARITY and kind.width >= 16}
REACH = max(kind.words for kind in TRIED.values())
ORDERS = {"swapped": (1, 0, 3, 2), "halves": (2, 3, 0, 1)}
"""Orders that four registers can have besides ``big`` and ``little``: where the most significant one is, and so on."""
BEFORE, AFTER = 1, REACH + 1
"""Registers read before and from the address on."""
STILL = Message("the value did not change")
SMALLEST = 4
"""Fewest polls that are judged."""
ORDER_PRIOR = {"big": 0.0, "little": 1.0, "swapped": 6.0, "halves": 6.0}
SWAPPED, ELSEWHERE, HALF = 2.0, 2.0, 5.0
LEFTOVER = 24.0
"""Bits for a register that nothing explains and that jumps as only a part of a longer value does."""


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
    return ahead < MARGIN or (not other.moving & best.moving and calm(np.array(other.values), expected))


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
    background = [word_bits(column) if (column >= 0).all() else 0.0 for column in words.T]
    wild = [_wild(column) for column in words.T]
    for name, kind in TRIED.items():
        for offset in OFFSETS:
            covered = range(BEFORE + offset, BEFORE + offset + kind.words)
            if covered.stop > words.shape[1] or (words[:, covered] < 0).any():
                continue
            rest = [index for index in range(words.shape[1]) if index not in covered]
            left = sum(background[index] + LEFTOVER * wild[index] for index in rest)
            moving = frozenset(index for index in covered if np.ptp(words[:, index]))
            for raw, orders in _ordered(words[:, covered], name, kind):
                made = _candidate(times, raw, name, orders, offset, left, expected, moving)
                groups.setdefault(raw.tobytes(), []).append(made)
    for group in sorted(groups.values(), key=lambda group: min(_rank(one) for one, _ in group)):
        (best, others), *alike = sorted(group, key=lambda pair: _rank(pair[0]))
        yield Reading(best, tuple(one for one, _ in alike), others)


def _rank(one: Candidate) -> tuple[bool, float]:
    """What is impossible comes after everything that is possible."""
    return bool(one.broken), one.bits


def _ordered(words: Words, name: str, kind: Kind) -> Iterator[tuple[Floats, tuple[str, str]]]:
    """The raw numbers of a type in each order; orders in which they are none are left out."""
    for word_order in word_orders(kind):
        for byte_order in ("big", "little"):
            raw = interpret(words, name, word_order, byte_order)
            if np.isfinite(raw).all():
                yield raw + 0.0, (word_order, byte_order)


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


def _candidate(
    times: Floats,
    raw: Floats,
    name: str,
    orders: tuple[str, str],
    offset: int,
    left: float,
    expected: Expectation,
    moving: frozenset[int],
) -> tuple[Candidate, tuple[float, ...]]:
    """A candidate with its best scale, and the other scales that are as good."""
    kind = KINDS[name]
    bits = left + number_bits(raw, kind) - digit_bits(raw, kind) + RARITY[kind.family] + HALF * (name == "float16")
    bits += ELSEWHERE * (offset != 0) + ORDER_PRIOR[orders[0]] + SWAPPED * (orders[1] != "big")
    tried = []
    for scale, prior in scales(expected.unit, kind):
        with np.errstate(over="ignore"):
            cost, broken = offence(times, raw * scale, expected)
        tried.append((cost + prior, scale, broken))
    tried.sort(key=lambda one: one[0])
    cost, scale, broken = tried[0]
    others = tuple(other for more, other, faults in tried[1:] if not faults and more - cost < MARGIN)
    with np.errstate(over="ignore"):
        values = tuple((raw * scale).tolist())
    return Candidate(name, *orders, offset, scale, bits + cost, values, broken, moving), others


def _wild(column: NDArray[np.int64]) -> bool:
    """Whether a register jumps through its whole range, as the low part of a longer value does."""
    steps = np.abs(np.diff(column))
    return len(steps) >= SMALLEST and bool((column >= 0).all()) and float(np.quantile(steps, 0.75)) > WILD


WILD = 2048.0


def display_tolerance(shown: float) -> float:
    """How far a display may be from the register: half of its last digit, or two hundredths."""
    return max(0.6 * 10.0 ** -_decimals(shown), 0.02 * abs(shown))


def _decimals(shown: float) -> int:
    text = f"{shown:.6f}".rstrip("0")
    return len(text.partition(".")[2]) if math.isfinite(shown) else 0
