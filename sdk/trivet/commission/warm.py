"""A model's memory of a simulated appliance, learnt without a wire before a demonstration starts."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

import numpy as np

from trivet.commission.simulate import Plant
from trivet.interface.columns import codes, columns
from trivet.interface.document import Interface
from trivet.pipeline.judge import Judge
from trivet.signals import SECOND, Readings, Status

BLOCK = 600


def warm(judge: Judge, device: str, plant: Plant, fitted: Collection[str], start: int, seconds: int) -> int:
    """Lets a plant run and a model watch it, as fast as both can.

    Args:
        judge: With the device as its only member; its store keeps the memory.
        device: That device.
        plant: Not called before; its first call is at ``start``.
        fitted: Columns that the device's endpoints show.
        start: Beginning [ns, UTC].
        seconds: For how long.

    Returns:
        Number of accepted windows.
    """
    wanted = tuple(column for column in judge.model.manifest.columns if column in fitted)
    for readings in observed(plant, judge.model.interface, wanted, start, seconds):
        judge.feed(device, readings)
        judge.advance(int(readings.receive[-1]))
    return judge.tally.accepted


def observed(
    plant: Plant, interface: Interface, wanted: tuple[str, ...], start: int, seconds: int
) -> Iterator[Readings]:
    """What a plant shows once a second, as bound readings in blocks of ten minutes."""
    known = columns(interface)
    tables = {name: codes(known[name]) for name in wanted}
    names = tuple(wanted)
    for first in range(0, seconds, BLOCK):
        times = [start + (first + n) * SECOND for n in range(min(BLOCK, seconds - first))]
        rows = np.array([_row(plant(time).values, names, tables) for time in times])
        yield _readings(names, rows, np.array(times, np.int64))


def _row(
    values: Mapping[str, float | str],
    names: tuple[str, ...],
    tables: Mapping[str, Mapping[str, float]],
) -> list[float]:
    found = (values.get(name, float("nan")) for name in names)
    return [tables[name][v] if isinstance(v, str) else float(v) for name, v in zip(names, found, strict=True)]


def _readings(names: tuple[str, ...], rows: np.ndarray, times: np.ndarray) -> Readings:
    column = np.tile(np.arange(len(names), dtype=np.int64), len(rows))
    values = rows.ravel()
    when = np.repeat(times, len(names))
    keep = ~np.isnan(values)
    status = np.full(int(keep.sum()), Status.GOOD, np.uint32)
    return Readings(names, column[keep], values[keep], status, when[keep], when[keep], "simulated")
