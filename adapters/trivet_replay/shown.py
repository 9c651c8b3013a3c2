"""A recording as a plant that servers can show, moment by moment."""

from __future__ import annotations

import numpy as np

from trivet.device.adapter import Snapshot, Target, Values
from trivet.device.binding import Binding
from trivet.interface.columns import columns
from trivet.signals import SECOND, Status
from trivet_replay.playback import Filler, decode, schedule
from trivet_replay.recording import Recording, load


def values(target: Target, binding: Binding) -> Values:
    """What a recording shows at any time, in the interface's units and states.

    Where a row stands ``after`` its time it is shown from then on, for as long as its value stands:
    ``period`` in a thinned recording, ``gap`` in another, without end when neither is given. Where
    it stands for the period ``before``, it is shown during that period, as the meter showed it. In a
    silence that is no gap the row before it goes on being shown, as a meter goes on. A column that
    shows nothing at a time is ``BAD_NO_DATA``.

    Args:
        target: The recorded endpoint.
        binding: What its points are; its device may be bound through this endpoint alone.

    Raises:
        DocumentError: The endpoint's URL or settings are wrong.
        DataError: The file is missing, broken, too large, lacks a column, or no row is left.
        AdapterError: It is Parquet and pyarrow is not installed.
    """
    return _Show(load(target), target.name, binding).at


class _Show:
    """The rows of one recording, looked up by time."""

    def __init__(self, recording: Recording, origin: str, binding: Binding) -> None:
        layout = recording.layout
        stands = layout.period if recording.hold is not None or layout.before else layout.gap
        self._length = None if stands is None else round(stands * SECOND)
        self._before = layout.before
        self._origin = origin
        self._binding = binding
        self._rows = schedule(recording)
        self._after_gap = frozenset(self._rows.after_gap.tolist())
        self._filler = Filler(recording, self._rows)
        self._states = {
            name: {float(code): state for code, state in signal.enumeration.items()}
            for name, signal in columns(binding.interface).items()
        }
        fed = {wire.column for wire in binding.wires[origin.rpartition("/")[2]]}
        self._nothing = dict.fromkeys(fed, int(Status.BAD_NO_DATA))

    def at(self, time: int) -> Snapshot:
        """What is shown at a time [ns, UTC]."""
        row = self._row(time)
        if row is None:
            return Snapshot({}, self._nothing)
        readings = decode(self._filler, row, row + 1, self._origin)
        samples = self._binding.apply(self._origin, readings).samples()
        status = {**self._nothing, **{sample.name: sample.status for sample in samples}}
        shown = {
            sample.name: self._states[sample.name].get(sample.value, sample.value)
            for sample in samples
            if not np.isnan(sample.value)
        }
        return Snapshot(shown, {name: code for name, code in status.items() if code})

    def _row(self, time: int) -> int | None:
        """The row that stands at a time, or None."""
        times = self._rows.times
        following = int(np.searchsorted(times, time, "left" if self._before else "right"))
        own = following if self._before else following - 1
        if 0 <= own < len(times) and (self._length is None or abs(int(times[own]) - time) < self._length):
            return own
        within = 0 < following < len(times) and following not in self._after_gap
        return following - 1 if within else None
