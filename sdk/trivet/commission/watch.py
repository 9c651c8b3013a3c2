"""A look at a device for a while: what every column showed, and when nothing came."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from trivet.device.adapter import Clock
from trivet.device.binding import Binding
from trivet.device.library import ResolvedDevice
from trivet.device.source import open_device
from trivet.signals import SECOND, Condition, Floats, Gap, Ints, Item, Quality, Readings, Sample


@dataclass(slots=True)
class Trace:
    """What one column showed, in order."""

    samples: list[Sample] = field(default_factory=list)

    @property
    def last(self) -> Sample:
        """The newest sample."""
        return self.samples[-1]

    def usable(self) -> list[Sample]:
        """Samples that are a number and not Bad."""
        return [s for s in self.samples if s.quality is not Quality.BAD and s.value == s.value]

    def numbers(self) -> tuple[Ints, Floats]:
        """Receive times and values of all samples with a number that a sensor could have meant, Bad ones too."""
        kept = [s for s in self.samples if s.value == s.value and (s.status >> 30 < 2 or s.reason == "out_of_range")]
        return np.array([s.receive for s in kept], np.int64), np.array([s.value for s in kept], np.float64)

    def interval(self) -> float:
        """Median time between two confirmations [s]; NaN with fewer than two."""
        times = np.unique([sample.receive for sample in self.samples])
        return float(np.median(np.diff(times))) / SECOND if len(times) > 1 else float("nan")

    def offset(self) -> float:
        """How far the controller's clock is ahead of ours [s], as its newest stamps have it."""
        late = [sample.source - sample.receive for sample in self.samples if sample.source != sample.receive]
        return max(late) / SECOND if late else 0.0


@dataclass(slots=True)
class Seen:
    """What a device showed.

    Attributes:
        traces: Column to what it showed.
        gaps: Stretches without data, by endpoint.
        conditions: Alarms, as they changed.
        seconds: How long was looked, in the clock's time.
    """

    traces: dict[str, Trace] = field(default_factory=dict)
    gaps: list[Gap] = field(default_factory=list)
    conditions: list[Condition] = field(default_factory=list)
    seconds: float = 0.0

    def take(self, item: Item) -> None:
        """One item of a device's stream."""
        if isinstance(item, Readings):
            for sample in item.samples():
                self.traces.setdefault(sample.name, Trace()).samples.append(sample)
        elif isinstance(item, Gap):
            self.gaps.append(item)
        else:
            self.conditions.append(item)

    def last(self) -> Mapping[str, Sample]:
        """Column to its newest sample."""
        return {name: trace.last for name, trace in self.traces.items()}


async def watch(
    resolved: ResolvedDevice,
    binding: Binding,
    clock: Clock,
    seconds: float,
    progress: Callable[[Seen], None] | None = None,
) -> Seen:
    """Looks at a device.

    Args:
        resolved: The device.
        binding: What its points are.
        clock: The time that the look lives in.
        seconds: How long, in the clock's time.
        progress: Called after every item.

    Raises:
        DocumentError: An endpoint's URL or settings are wrong.
        AdapterError: A protocol's library is missing.
    """
    seen = Seen()
    begin = clock.now()
    items = open_device(resolved, binding, clock)
    try:
        async with asyncio.timeout(seconds / clock.speed):
            async for item in items:
                seen.take(item)
                if progress is not None:
                    progress(seen)
    except TimeoutError:
        pass
    finally:
        if isinstance(items, AsyncGenerator):
            await items.aclose()
        seen.seconds = (clock.now() - begin) / SECOND
    return seen
