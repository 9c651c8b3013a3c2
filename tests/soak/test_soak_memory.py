"""A long replay through the whole run, windows and predictions and lines, in bounded memory."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

import kitchen
from trivet.device.clock import RecordingClock
from trivet.pipeline.assemble import assemble
from trivet.pipeline.lines import Line
from trivet.pipeline.run import run
from trivet.pipeline.sinks import JsonLines
from trivet.pipeline.store import Store
from trivet.runtime.model import Model

pytestmark = pytest.mark.soak
SECONDS = 80_000
WARM = 20_000
MOST = 8.0


def resident() -> float:
    """Memory of this process [MB]."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 / 2**20


class Watched(JsonLines):
    """Lines to a file; looks at the memory now and then."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.lines = 0
        self.seen: list[float] = []

    async def write(self, lines: Sequence[Line]) -> None:
        await super().write(lines)
        before, self.lines = self.lines, self.lines + len(lines)
        if self.lines // 10_000 > before // 10_000 and self.lines >= WARM:
            self.seen.append(resident())


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read from /proc")
def test_a_long_replay_does_not_grow(tmp_path: Path, tell: Callable[[str], None]) -> None:
    kitchen.furnish(tmp_path, counting=True)
    # what changes every second cannot be thinned, and stays within its range
    rows = ((float(n), 100.0 + n % 7, 122.0 + n % 90) for n in range(SECONDS))
    kitchen.write_rows(tmp_path / "day.csv", rows)
    model = Model.load(tmp_path / "kettle.trivet", keys=(tmp_path / "maker.pub",), home=tmp_path / "home")
    sink = Watched(tmp_path / "lines.jsonl")
    ready = assemble(
        model, [tmp_path / "kettle-1.yaml"], store=Store(tmp_path / "state", model), clock=RecordingClock()
    )
    asyncio.run(run(ready.judge, ready.sources, ready.clock, [sink]))
    growth = max(sink.seen) - sink.seen[0]
    tell(
        f"memory, {SECONDS / 3600:.0f} h replayed, {sink.lines} lines: {sink.seen[0]:.0f} MB after {WARM},"
        f" at most {growth:.1f} MB more until the end"
    )
    assert sink.lines >= SECONDS
    assert growth < MOST
