"""What is last known of every point of one session, and which of it a keep-alive confirms; pure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trivet.signals import SECOND, Readings


class Table:
    """The last row of every point.

    A server that only reports changes says, with every answer to Publish, that whatever is
    not in it has not changed. So a point that was not reported for its period becomes a row
    with the old source time and the new receive time.

    Attributes:
        names: Point names; rows index them.
        origin: Endpoint they come from.
    """

    def __init__(self, names: tuple[str, ...], periods: Sequence[float], origin: str) -> None:
        self.names = names
        self.origin = origin
        self._periods = np.array([round(period * SECOND) for period in periods], np.int64)
        self._values = np.full(len(names), np.nan)
        self._status = np.zeros(len(names), np.uint32)
        self._source = np.zeros(len(names), np.int64)
        self._receive = np.zeros(len(names), np.int64)
        self._known = np.zeros(len(names), bool)
        self._reasons: dict[int, str] = {}

    def note(self, readings: Readings) -> None:
        """Remembers rows; of several for one point, the last."""
        at = readings.column
        self._values[at] = readings.values
        self._status[at] = readings.status
        self._source[at] = readings.source
        self._receive[at] = readings.receive
        self._known[at] = True
        if readings.reasons or self._reasons:
            self._reasons |= {int(column): readings.reasons.get(row, "") for row, column in enumerate(at)}

    def received(self, column: int) -> int:
        """When a point was last confirmed [ns, UTC]; 0 for never."""
        return int(self._receive[column])

    def forget(self, column: int) -> None:
        """Confirms a point no more, since nothing watches it."""
        self._known[column] = False

    def confirm(self, receive: int, early: float = 0.0) -> Readings | None:
        """Rows of all points that were not reported for their period, or None when there is none.

        Args:
            receive: When the answer that confirms them arrived [ns, UTC].
            early: Share of the period [0..1) by which a row may come early, so that a period that is
                not a multiple of the publishing interval is not overshot by a whole interval.
        """
        age = receive - self._receive
        rows = np.nonzero(self._known & (age >= self._periods * (1.0 - early)))[0]
        if not len(rows):
            return None
        self._receive[rows] = receive
        return Readings(
            names=self.names,
            column=rows,
            values=self._values[rows],
            status=self._status[rows],
            source=self._source[rows],
            receive=np.full(len(rows), receive, np.int64),
            origin=self.origin,
            reasons={row: reason for row, column in enumerate(rows) if (reason := self._reasons.get(int(column)))},
        )
