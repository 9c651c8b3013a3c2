"""A recording as a source: its own times, in blocks as fast as asked, or when they are due."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Mapping

from trivet.device.adapter import Clock, Diagnosis, Found, Target
from trivet.device.clock import RecordingClock
from trivet.device.document import Profile
from trivet.errors import Finding
from trivet.signals import SECOND, Item
from trivet_replay.playback import HOUR, Playback
from trivet_replay.recording import load, location
from trivet_replay.table import shape

BLOCK = 0.25


async def connect(target: Target, clock: Clock) -> AsyncIterator[Item]:
    """The items of a recording, until it ends.

    On a ``RecordingClock`` blocks come as fast as they are taken: an hour long, or what passes in a
    quarter of a second at a finite speed. On any other clock a row comes when its time has come.

    Args:
        target: Its endpoint's ``url`` is ``replay:PATH``; a relative path counts from the device document.
        clock: The time that the run lives in.

    Raises:
        DocumentError: The endpoint's URL or settings are wrong.
        DataError: The recording cannot be read.
        AdapterError: It is Parquet and pyarrow is not installed.
    """
    playback = await asyncio.to_thread(lambda: Playback(load(target), target.name))
    remarks = playback.remarks()
    if remarks:
        yield remarks
    while (due := playback.next) is not None:
        until = _block_end(due, clock.speed) if isinstance(clock, RecordingClock) else await _when_due(due, clock)
        for item in playback.take(until):
            yield item


def _block_end(due: int, speed: float) -> int:
    """The last moment of the block that a time lies in; blocks of all recordings end together."""
    length = HOUR if math.isinf(speed) else max(min(round(speed * BLOCK * SECOND), HOUR), 1)
    return (due // length + 1) * length - 1


async def _when_due(due: int, clock: Clock) -> int:
    """Waits for a moment; gives the time it is then."""
    while (ahead := due - clock.now()) > 0:
        await clock.sleep(ahead / SECOND)
    return clock.now()


async def identify(url: str, _profiles: Mapping[str, Profile]) -> tuple[Found, ...]:
    """What a recording is, without reading its rows; profiles of tables are not recognised, so none fits.

    Raises:
        DocumentError: The URL has another form.
        DataError: The file is missing or broken.
        AdapterError: It is Parquet and pyarrow is not installed.
    """
    path = location(url, ".")
    headings, rows = await asyncio.to_thread(shape, path)
    facts = {"file": path.name, "format": path.suffix.lstrip(".").lower(), "columns": ", ".join(headings)}
    return (Found(url, path.stem, facts if rows is None else {**facts, "rows": str(rows)}),)


async def diagnose(target: Target, _clock: Clock, _seconds: float) -> Diagnosis:
    """What is odd about the rows of a recording; it is read whole, whatever the seconds.

    Raises:
        TrivetError: As ``connect``.
    """
    counts = (await asyncio.to_thread(load, target)).counts
    remarks = [Finding("TRV-D020", target.name, remark, severity="warning") for remark in counts.remarks()]
    return Diagnosis({}, tuple(remarks))
