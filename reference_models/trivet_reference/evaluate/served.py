"""A recording served by a real Modbus meter, read back, against the replay of the same recording: frame by frame.

Both ways end in the frames of one signal. Frames differ where a poll comes too late for its
second, which then nobody asked about.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
import yaml
from numpy.typing import NDArray

from trivet.device.adapter import Clock, Values
from trivet.device.binding import bind
from trivet.device.clock import RecordingClock, ScaledClock
from trivet.device.library import ResolvedDevice, adapter, load_interface, load_profile, resolve
from trivet.device.source import open_device
from trivet.errors import AdapterError
from trivet.interface.document import Interface
from trivet.signals import SECOND, Floats, Gap, Ints, Item, Readings
from trivet.window.frames import FrameBlock, Framer
from trivet_replay import values

INTERFACE, METER, COLUMN = "commercial-dishwasher", "eastron-sdm630", "active_power"
LEAD = 20.0
BEHIND = 60.0
LONGEST = SECOND // 10


class Series(NamedTuple):
    """Frames of one column.

    Attributes:
        times: Ends of the frames [ns, UTC], int64 ``(frames,)``.
        values: In the column's unit, NaN is not known; float64 ``(frames,)``.
        asked: Source times of the rows that made them [ns, UTC], int64 ``(rows,)``.
    """

    times: Ints
    values: Floats
    asked: Ints


@dataclass(frozen=True, slots=True)
class Comparison:
    """A served recording against its replay.

    Attributes:
        device: Device id of the recording.
        frames: Frames that were compared: all that lie within the recording.
        known: Of those, frames with a value in the replay.
        equal: Of all, frames with the same value, or with none in both.
        late: Ends of frames that differ and have a second in which nobody asked [ns, UTC].
        other: Ends of all other frames that differ [ns, UTC].
        polls: Answers of the meter.
        delays: How much later than its second each poll was [s of the clock], float64 ``(polls,)``.
    """

    device: str
    frames: int
    known: int
    equal: int
    late: tuple[int, ...]
    other: tuple[int, ...]
    polls: int
    delays: Floats


class PatientClock(ScaledClock):
    """A scaled clock that waits for those who live by it, however busy the machine is.

    It does not pass a moment that somebody sleeps until before he is awake, and while nobody
    sleeps it counts at most ``LONGEST`` from one look to the next.

    Attributes:
        held: Time of this clock that did not count [ns].
    """

    def __init__(self, speed: float, start: int, monotonic: Callable[[], int] = time.monotonic_ns) -> None:
        super().__init__(speed, start, monotonic)
        self.held = 0
        self._seen = start
        self._awaited: list[int] = []

    def now(self) -> int:
        """Nanoseconds since the Unix epoch, UTC; never goes back."""
        passed = super().now() - self.held
        limit = min(self._awaited, default=self._seen + LONGEST)
        self.held += max(passed - limit, 0)
        self._seen = max(min(passed, limit), self._seen)
        return self._seen

    async def sleep(self, seconds: float) -> None:
        """Waits for so many seconds of this clock."""
        moment = self.now() + round(seconds * SECOND)
        self._awaited.append(moment)
        try:
            await super().sleep(seconds)
        finally:
            self.now()  # what has passed beyond the moment does not count
            self._awaited.remove(moment)


def document(path: Path, profile: str, url: str, **endpoint: Any) -> Path:
    """Writes the device document of one dishwasher with one meter or recording; gives its path."""
    tree = {
        "kind": "device",
        "format": 0,
        "id": path.stem,
        "interface": {"id": INTERFACE, "version": load_interface(INTERFACE).document.version},
        "endpoints": {"meter": {"profile": profile, "url": url, "covers": [COLUMN], **endpoint}},
    }
    path.write_text(yaml.safe_dump(tree, sort_keys=False), encoding="utf-8")
    return path


async def replayed(recorded: Path) -> Series:
    """Frames of a recording, as replay gives them.

    Raises:
        TrivetError: A document is wrong, or the recording cannot be read.
    """
    items = _items(resolve(recorded), RecordingClock())
    return await framed(items, load_interface(INTERFACE).document, lambda: False)


def shown(recorded: Path) -> Values:
    """What the meter of a recording shows at any time.

    Raises:
        TrivetError: A document is wrong, or the recording cannot be read.
    """
    resolved = resolve(recorded)
    (target,) = resolved.targets.values()
    return values(target, bind(load_interface(INTERFACE).document, resolved.parsed, resolved.profiles))


async def served(show: Values, path: Path, clock: Clock, end: int) -> Series:
    """Frames of what a Modbus meter shows on a clock.

    Args:
        show: What it shows.
        path: Where its device document is written.
        clock: The time that meter and reader live in.
        end: When to stop [ns, UTC].

    Raises:
        TrivetError: Nothing can be served.
    """
    profile = load_profile(METER).document
    serve = adapter(profile.adapter).serve
    if serve is None:
        raise AdapterError(f"adapter {profile.adapter!r} cannot serve", where=METER)
    async with serve(profile, show, "127.0.0.1:0", clock) as url:
        items = _items(resolve(document(path, METER, url)), clock)
        return await framed(items, load_interface(INTERFACE).document, lambda: clock.now() > end)


async def framed(items: AsyncIterator[Item], interface: Interface, enough: Callable[[], bool]) -> Series:
    """Frames of a stream of bound items, until it ends or is enough."""
    framer = Framer({COLUMN: interface.signals[COLUMN]}, interface.frame, interface.settle)
    blocks: list[FrameBlock] = []
    asked: list[Ints] = []
    closed = 0
    async with aclosing(cast("AsyncGenerator[Item, None]", items)):
        async for item in items:
            if isinstance(item, Gap):
                framer.gap(item)
            elif isinstance(item, Readings):
                framer.feed(item)
                asked.append(item.source)
                if (now := int(item.receive[-1])) - closed > BEHIND * SECOND:
                    _close(framer, now, blocks)
                    closed = now
            if enough():
                break
    _close(framer, framer.end(), blocks)
    return Series(
        np.concatenate([block.times for block in blocks]),
        np.concatenate([block.values[:, 0] for block in blocks]),
        np.concatenate(asked),
    )


def compare(device: str, expected: Series, got: Series) -> Comparison:
    """Compares the frames that lie within a recording with those that were read from its meter.

    Args:
        device: Device id, for the report.
        expected: From the recording.
        got: From the meter; frames that it lacks are not equal.
    """
    step = int(expected.times[1] - expected.times[0])
    within = (expected.times <= expected.asked[-1]) & (expected.times - step >= expected.asked[0] - SECOND)
    times, known = expected.times[within], expected.values[within]
    found = np.full(len(times), np.inf)
    _, mine, theirs = np.intersect1d(times, got.times, return_indices=True)
    found[mine] = got.values[theirs]
    equal = (found == known) | (np.isnan(found) & np.isnan(known))
    late = ~equal & ~_whole(times, step, got.asked)
    return Comparison(
        device,
        len(times),
        int((~np.isnan(known)).sum()),
        int(equal.sum()),
        late=tuple(times[late].tolist()),
        other=tuple(times[~equal & ~late].tolist()),
        polls=len(got.asked),
        delays=got.asked % SECOND / SECOND,
    )


def _whole(times: Ints, step: int, asked: Ints) -> NDArray[np.bool_]:
    """Frames that have a row in each of their seconds."""
    seconds = np.unique(-(-asked // SECOND))
    within = [np.isin(times // SECOND - back, seconds) for back in range(step // SECOND)]
    whole: NDArray[np.bool_] = np.all(within, axis=0)
    return whole


def _items(resolved: ResolvedDevice, clock: Clock) -> AsyncIterator[Item]:
    interface = load_interface(INTERFACE).document
    return open_device(resolved, bind(interface, resolved.parsed, resolved.profiles), clock)


def _close(framer: Framer, now: int, blocks: list[FrameBlock]) -> None:
    while len(block := framer.advance(now)):
        blocks.append(block)
