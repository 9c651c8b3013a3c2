"""The rules of frames and cycles once more, as plain loops: slow, short, and written apart from the SDK's."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from trivet.interface.document import Signal
from trivet.signals import SECOND, Gap, Readings, Status

DAY = 86_400 * SECOND


@dataclass
class Row:
    """One row of readings."""

    name: str
    value: float
    status: int
    source: int
    receive: int
    origin: str = "device/a"
    reason: str = ""
    order: int = 0
    time: int = 0
    fresh: bool = False
    code: str = "known"


def readings(rows: Sequence[Row], names: Sequence[str]) -> list[Readings]:
    """Rows as readings, one for each stretch of rows from one endpoint."""
    parts: list[list[Row]] = []
    for row in rows:
        if not parts or parts[-1][0].origin != row.origin:
            parts.append([])
        parts[-1].append(row)
    return [
        Readings(
            tuple(names),
            np.array([list(names).index(r.name) for r in part], np.int64),
            np.array([r.value for r in part], np.float64),
            np.array([r.status for r in part], np.uint32),
            np.array([r.source for r in part], np.int64),
            np.array([r.receive for r in part], np.int64),
            part[0].origin,
            {n: r.reason for n, r in enumerate(part) if r.reason},
        )
        for part in parts
    ]


@dataclass
class Clock:
    """The estimated offset of one endpoint."""

    raised: int | None = None

    def offset(self, row: Row, counts: bool) -> int:
        sunk = row.receive // 1024
        if counts and (self.raised is None or row.source - row.receive + sunk > self.raised):
            self.raised = row.source - row.receive + sunk
        offset = 0 if self.raised is None else self.raised - sunk
        return offset if abs(offset) > SECOND else 0


@dataclass
class Plain:
    """Frames of one device by loops over all rows."""

    columns: Mapping[str, Signal]
    frame: float
    settle: float
    rows: list[Row] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)

    def align(self) -> None:
        last: dict[str, Row] = {}
        clocks: dict[str, Clock] = {}
        for order, row in enumerate(self.rows):
            row.order = order
            before = last.get(row.name)
            self._judge(row)
            moved = before is None or row.source != before.source
            same = before is not None and _same(row.value, before.value) and row.status == before.status
            row.fresh = moved or not same
            counts = row.fresh and row.code != "bad" and abs(row.source - row.receive) <= DAY
            offset = clocks.setdefault(row.origin, Clock()).offset(row, counts)
            row.time = self._place(row, before, row.source - offset, moved)
            last[row.name] = row

    def _judge(self, row: Row) -> None:
        row.code = "known"
        if row.status >> 30 < 2 and row.reason == "unknown_state":
            row.code = "unknown_state"
        elif row.status >> 30 >= 2 or not math.isfinite(row.value):
            row.code = "bad"

    def _place(self, row: Row, before: Row | None, time: int, moved: bool) -> int:
        if before is not None and not row.fresh:
            return before.time
        age = round(self.columns[row.name].max_age * SECOND)
        if not moved or time < row.receive - age or time > row.receive + SECOND:
            time = row.receive
        if before is not None and before.code == "bad" and row.code != "bad" and time <= before.time:
            time = max(row.receive, before.time)
        return time

    def frames(self, end: int) -> tuple[list[int], list[list[float]], list[list[str]], list[list[int]]]:
        """Times, values, reasons and statuses of all frames that are closed at ``end``."""
        self.align()
        step, settle = round(self.frame * SECOND), round(self.settle * SECOND)
        start = -(-self.rows[0].receive // step)
        times = [k * step for k in range(start, (end - settle) // step + 1)]
        cells = {name: self._column(name, times, step, settle) for name in self.columns}
        values = [[cells[name][n][0] for name in self.columns] for n in range(len(times))]
        reasons = [[cells[name][n][1] for name in self.columns] for n in range(len(times))]
        statuses = [[cells[name][n][2] for name in self.columns] for n in range(len(times))]
        return times, values, reasons, statuses

    def _column(self, name: str, times: list[int], step: int, settle: int) -> list[tuple[float, str, int]]:
        signal = self.columns[name]
        cells = []
        level, level_time = math.nan, 0
        for t in times:
            known = [r for r in self.rows if r.name == name and r.time <= t and r.receive <= t + settle]
            value, code, status, time = self._last(name, known, t)
            if code == "known" and not signal.counter:
                value = _pooled(
                    signal, value, [r for r in known if r.fresh and r.code == "known" and r.time > t - step]
                )
            if signal.counter:
                now = value
                value, code = _increase(signal, level, now, code, max((time - level_time) / SECOND, self.frame))
                level, level_time = now, time
            cells.append((value, code, status))
        return cells

    def _last(self, name: str, known: list[Row], t: int) -> tuple[float, str, int, int]:
        if not known:
            return math.nan, "absent", int(Status.BAD_WAITING_FOR_INITIAL_DATA), 0
        last = max(known, key=lambda r: (r.time, r.receive, r.order))
        if any(_hits(gap, last.origin, t) for gap in self.gaps):
            return math.nan, "gap", int(Status.BAD_NO_DATA), last.time
        if last.code != "known":
            return math.nan, last.code, last.status, last.time
        if t - last.receive > round(self.columns[name].max_age * SECOND):
            good = last.status < Status.UNCERTAIN
            lost = int(Status.UNCERTAIN_NO_COMMUNICATION_LAST_USABLE_VALUE)
            return math.nan, "stale", lost if good else last.status, last.time
        return last.value, "known", last.status, last.time

    def late(self) -> dict[str, int]:
        """Samples whose own frame had closed when they were received."""
        step, settle = round(self.frame * SECOND), round(self.settle * SECOND)
        start = -(-self.rows[0].receive // step)
        counts: dict[str, int] = {}
        for row in self.rows:
            own = -(-row.time // step)
            if row.fresh and own >= start and row.receive > own * step + settle:
                counts[row.name] = counts.get(row.name, 0) + 1
        return counts


def _same(a: float, b: float) -> bool:
    return a == b or (math.isnan(a) and math.isnan(b))


def _hits(gap: Gap, origin: str, t: int) -> bool:
    inside = gap.start < t and (gap.end is None or t < gap.end)
    return inside and gap.origin in ("", origin, origin.split("/")[0])


def _pooled(signal: Signal, last: float, samples: list[Row]) -> float:
    if signal.resample == "last" or (not samples and signal.resample != "sum"):
        return last
    values = [r.value for r in sorted(samples, key=lambda r: (r.time, r.receive, r.order))]
    if signal.resample == "max":
        return max(values)
    total = 0.0
    for value in values:
        total += value
    return total if signal.resample == "sum" else total / len(values)


def _increase(signal: Signal, before: float, now: float, code: str, seconds: float) -> tuple[float, str]:
    if math.isnan(before) or math.isnan(now):
        return math.nan, "absent" if code == "known" else code
    if now >= before:
        return now - before, code
    limit = -math.inf if signal.max_rate is None else signal.max_rate * seconds
    for increase in (signal.range[1] - before + now - signal.range[0], now - signal.range[0]):
        if increase <= limit:
            return increase, code
    return math.nan, "reset"


@dataclass
class PlainCycles:
    """Cycles by a walk over frames; 0 is false, 1 true, 2 unknown."""

    open_hold: int
    open_limit: int
    close_hold: int
    close_limit: int
    run_on: int = 0

    def walk(self, opens: Sequence[int], closes: Sequence[int]) -> list[tuple[int, int, int, bool, bool]]:
        """(opened, closed, found, joined, cut) of every cycle that ended."""
        cycles = []
        current: tuple[int, bool] | None = None
        ends: tuple[int, int, bool] | None = None
        floor, run, joined, lost = 0, -1, False, True
        close_run, close_lost, unknown = -1, -1, 0
        for k, (o, c) in enumerate(zip(opens, closes, strict=True)):
            if o == 1 and run < 0:
                run, joined = k, lost or unknown > self.open_limit
            run = run if o == 1 else -1
            unknown = unknown + 1 if o == 2 else 0
            lost = lost and o == 2
            close_run = (k if close_run < 0 else close_run) if c == 1 else (-1 if c == 0 else close_run)
            close_lost = (k if close_lost < 0 else close_lost) if c == 2 else -1
            for _ in range(2):
                if current is None and run >= floor and run >= 0 and k - run + 1 >= self.open_hold:
                    current = (run, joined)
                if current is None:
                    break
                closed = c == 1 and close_run > current[0] and k - close_run + 1 >= self.close_hold
                cut = c == 2 and close_lost > current[0] and k - close_lost + 1 > self.close_limit
                if ends is None and (closed or cut):
                    end = close_run + self.run_on if closed else close_lost
                    ends = (end, max(k, end - 1), cut)
                if ends is not None and k >= ends[1]:
                    cycles.append((current[0], ends[0], ends[1], current[1], ends[2]))
                    floor, current, ends = ends[0], None, None
        return cycles
