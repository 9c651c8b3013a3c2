"""A recording as a plant that servers can show, moment by moment."""

from __future__ import annotations

import numpy as np

from trivet.device.adapter import Snapshot, Target, Values
from trivet.device.binding import Binding
from trivet.interface.columns import columns
from trivet.signals import SECOND, Status
from trivet_replay.playback import Filler, decode, schedule
from trivet_replay.recording import load


def values(target: Target, binding: Binding) -> Values:
    """What a recording shows at any time, in the interface's units and states.

    Where a row stands ``after`` its time it is shown from then on, for as long as its value stands:
    ``period`` in a thinned recording, ``gap`` in another, without end when neither is given. Where
    it stands for the period ``before``, it is shown during that period, as the meter showed it. A
    column that shows nothing at a time is ``BAD_NO_DATA``.

    Args:
        target: The recorded endpoint.
        binding: What its points are; its device may be bound through this endpoint alone.

    Raises:
        DocumentError: The endpoint's URL or settings are wrong.
        DataError: The file is missing, broken, too large, lacks a column, or no row is left.
        AdapterError: It is Parquet and pyarrow is not installed.
    """
    recording = load(target)
    rows = schedule(recording)
    filler = Filler(recording, rows)
    layout = recording.layout
    stands = layout.period if recording.hold is not None or layout.before else layout.gap
    length = None if stands is None else round(stands * SECOND)
    states = {
        name: {float(code): state for code, state in signal.enumeration.items()}
        for name, signal in columns(binding.interface).items()
    }
    fed = {wire.column for wire in binding.wires[target.name.rpartition("/")[2]]}
    nothing = dict.fromkeys(fed, int(Status.BAD_NO_DATA))

    def at(time: int) -> int | None:
        """The row that is shown at a time."""
        if layout.before:
            row = int(np.searchsorted(rows.times, time, "left"))
            shown = row < len(rows.times) and (length is None or rows.times[row] - time < length)
        else:
            row = int(np.searchsorted(rows.times, time, "right")) - 1
            shown = row >= 0 and (length is None or time - rows.times[row] < length)
        return row if shown else None

    def show(time: int) -> Snapshot:
        row = at(time)
        if row is None:
            return Snapshot({}, nothing)
        samples = binding.apply(target.name, decode(filler, row, row + 1, target.name)).samples()
        status = {**nothing, **{sample.name: sample.status for sample in samples}}
        shown = {
            sample.name: states[sample.name].get(sample.value, sample.value)
            for sample in samples
            if not np.isnan(sample.value)
        }
        return Snapshot(shown, {name: code for name, code in status.items() if code})

    return show
