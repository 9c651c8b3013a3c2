"""Recorded data against an interface: what a model could use of each signal, and what is wrong with the rest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from trivet.check.cells import instants, numbers, states
from trivet.check.headings import Heading, by_name, by_profile
from trivet.check.rows import batches
from trivet.check.suspects import suspect
from trivet.check.tally import Moments, Offender, Tally
from trivet.check.verdict import Verdict
from trivet.device.document import Profile
from trivet.errors import DataError, Finding, Message
from trivet.interface.document import Interface
from trivet.signals import Ints

SLOW = 2.0
"""Values that come so many times slower than promised are told."""


class Wishes(NamedTuple):
    """How the table is to be read.

    Attributes:
        time: Heading of the time column.
        unit: Unit of a numeric time column since the Unix epoch: ``s``, ``ms``, ``us``, ``ns``; or None.
        profile: Table profile that names the columns, or None: they are called as in the interface.
        delimiter: Of CSV.
    """

    time: str = "time"
    unit: str | None = None
    profile: Profile | None = None
    delimiter: str = ","


@dataclass(frozen=True, slots=True)
class Judged:
    """A table and what was found in it.

    Attributes:
        verdict: All findings.
        tallies: Column of the interface to its counts, for those that the table has.
        rows: Rows read.
        start: First time [ns], or None.
        end: Last time [ns], or None.
    """

    verdict: Verdict
    tallies: Mapping[str, Tally]
    rows: int
    start: int | None
    end: int | None


def validate(interface: Interface, path: Path, wishes: Wishes | None = None) -> Judged:
    """Reads a table once, batch by batch.

    Raises:
        DataError: It cannot be read, or has neither a time column nor any column of the interface.
        DocumentError: The profile does not fit the interface.
    """
    reader = _Reader(interface, path, wishes or Wishes())
    for batch in batches(path, reader.wishes.delimiter):
        reader.take(batch)
    findings = tuple(reader.findings())
    facts = {"rows": reader.row, "signals": len(reader.tallies)}
    verdict = Verdict("validate", findings, (str(path),), facts=facts)
    return Judged(verdict, reader.tallies, reader.row, reader.start, reader.last)


class _Reader:
    """One pass over a table."""

    def __init__(self, interface: Interface, path: Path, wishes: Wishes) -> None:
        self.wishes = wishes
        self.row = 0
        self.back = 0
        self.start: int | None = None
        self.last: int | None = None
        self.tallies: dict[str, Tally] = {}
        self._path = path
        self._interface = interface
        self._strange: tuple[str, ...] = ()
        profile = wishes.profile
        self._headings = by_profile(interface, profile) if profile else by_name(interface)

    def take(self, batch: Any) -> None:
        """Counts one batch."""
        names: Sequence[str] = batch.schema.names
        if not self.row:
            self._strange = tuple(name for name in names if name not in self._headings and name != self.wishes.time)
            self.tallies = {h.column: Tally(h.signal) for name, h in self._headings.items() if name in names}
            if not self.tallies:
                hint = "name the columns as the interface does, or give a table profile with --profile"
                raise DataError(
                    Message("has no column of {id}", id=self._interface.id), where=str(self._path), hint=hint
                )
        if not batch.num_rows:
            return
        moments = Moments(self.row, self._times(batch), self.last)
        self.back += int(
            (np.diff(moments.times, prepend=moments.times[:1] if self.last is None else self.last) < 0).sum()
        )
        for name in names:
            if name in self._headings:
                self._column(batch.column(name), self._headings[name], moments)
        self.start = int(moments.times[0]) if self.start is None else self.start
        self.last = int(moments.times[-1])
        self.row += batch.num_rows

    def _times(self, batch: Any) -> Ints:
        if self.wishes.time not in batch.schema.names:
            hint = "name it with --time"
            raise DataError(Message("has no column {time!r}", time=self.wishes.time), where=str(self._path), hint=hint)
        return instants(batch.column(self.wishes.time), self.wishes.unit, f"{self._path}: {self.wishes.time}")

    def _column(self, array: Any, heading: Heading, moments: Moments) -> None:
        tally = self.tallies[heading.column]
        if heading.signal.enumeration:
            states(array, heading, tally, moments)
        else:
            tally.numbers(moments, numbers(array, heading, tally, moments))

    def findings(self) -> Iterator[Finding]:
        """Everything that is wrong, signal by signal."""
        where = str(self._path)
        if self.back:
            message = Message("time goes back {count} times", count=self.back)
            yield Finding("TRV-D090", where, message, "sort the rows, or find out which clock was set", "warning")
        for name in self._strange:
            message = Message("column {name!r} is none of the interface", name=name)
            yield Finding("TRV-D091", where, message, "leave it out, or name it in a table profile", "note")
        for column, tally in self.tallies.items():
            yield from _values(f"{where}: {column}", tally)


def _values(where: str, tally: Tally) -> Iterator[Finding]:
    """What is wrong with one column's values, and then with their times."""
    signal, offenders = tally.signal, tally.offenders
    if tally.not_numbers:
        told = Message("{count} cells are no number", count=tally.not_numbers)
        told = _with_first(told, offenders.get("not_numbers"))
        yield Finding("TRV-D092", where, told, "leave a cell empty where there is no value")
    if not tally.known:
        yield Finding("TRV-D093", where, "has no value at all", "check that it was recorded", "warning")
        return
    likely = suspect(signal, tally.values())
    if tally.outside:
        low, high = signal.range
        told = Message(
            "{count} ({share:.1%}) of the values are outside {low:g} to {high:g} {unit}",
            count=tally.outside,
            share=tally.outside / tally.known,
            low=low,
            high=high,
            unit=signal.unit,
        )
        yield Finding("TRV-D094", where, _with_first(told, offenders.get("outside")), "they would become BadOutOfRange")
    if likely:
        told = Message(
            "{reason} ({factor} puts {share:.0%} of them into range)",
            reason=likely.reason,
            factor=_converted(likely.scale, likely.offset),
            share=likely.share,
        )
        yield Finding("TRV-D095", where, told, "give the unit or the scale in a table profile")
    if tally.unknown:
        told = Message(
            "{count} ({share:.1%}) of the values are no state", count=tally.unknown, share=tally.unknown / tally.known
        )
        hint = Message(
            "map them in a table profile; states are: {states}", states=", ".join(signal.enumeration.values())
        )
        yield Finding("TRV-D096", where, _with_first(told, offenders.get("unknown")), hint)
    yield from _times(where, tally)


def _times(where: str, tally: Tally) -> Iterator[Finding]:
    signal = tally.signal
    if tally.gaps:
        told = Message(
            "{count} silences of more than {max_age:g} s, the longest {longest:g} s",
            count=tally.gaps,
            max_age=signal.max_age,
            longest=tally.longest,
        )
        yield Finding("TRV-D097", where, told, "frames in them are stale; record more often", "warning")
    if tally.period is not None and tally.period > SLOW * signal.period:
        told = Message(
            "comes every {period:.3g} s where the interface says {expected:g} s",
            period=tally.period,
            expected=signal.period,
        )
        yield Finding("TRV-D098", where, told, "sample faster, or accept what the model loses", "warning")
    if tally.jumps:
        told = Message(
            "{count} changes are faster than {max_rate:g} {unit} a second",
            count=tally.jumps,
            max_rate=signal.max_rate,
            unit=signal.unit,
        )
        yield Finding("TRV-D099", where, told, "look for spikes, a wrong word order or a shared column", "warning")


def _converted(scale: float, offset: float) -> str:
    if offset:
        return Message("value * {scale:.6g} + {offset:.6g}", scale=scale, offset=offset)
    return Message("value * {scale:.6g}", scale=scale)


def _with_first(told: Message, offenders: Sequence[Offender] | None) -> Message:
    """What is told, and of whom first, with its row and time."""
    if not offenders:
        return told
    one = offenders[0]
    at = datetime.fromtimestamp(one.time / 1e9, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return Message("{said}, first {value} in row {row} at {at}", said=told, value=one.value, row=one.row, at=at)
