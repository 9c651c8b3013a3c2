"""OPC UA events to conditions (OPC 10000-9): a state table that only reports changes; no OPC UA library."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any

from trivet.signals import Condition

EVENT_TYPE = 2041
CONDITION_TYPE = 2782
ACKNOWLEDGEABLE_TYPE = 2881
ALARM_TYPE = 2915
REFRESH_START = "nsu=http://opcfoundation.org/UA/;i=2787"
REFRESH_END = "nsu=http://opcfoundation.org/UA/;i=2788"

FIELDS: Sequence[tuple[int, str]] = (
    (CONDITION_TYPE, ""),
    (EVENT_TYPE, "EventType"),
    (CONDITION_TYPE, "BranchId"),
    (ALARM_TYPE, "ActiveState/Id"),
    (ACKNOWLEDGEABLE_TYPE, "AckedState/Id"),
    (CONDITION_TYPE, "Retain"),
    (EVENT_TYPE, "Severity"),
    (EVENT_TYPE, "Message"),
    (EVENT_TYPE, "SourceName"),
    (EVENT_TYPE, "Time"),
    (EVENT_TYPE, "SourceNode"),
)
"""Type and browse path of the fields asked for; an empty path is the condition's own node id."""


class AlarmTable:
    """The conditions of one endpoint, over all its sessions.

    Each change is reported once, however often the server repeats it. A condition that
    was active and is missing from a complete refresh has ended while nobody was listening.

    Attributes:
        origin: Endpoint they come from.
    """

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self._known: dict[str, Condition] = {}
        self._seen: set[str] | None = None

    def update(self, events: Iterable[Sequence[Any]], receive: int) -> list[Condition]:
        """Conditions that changed.

        Args:
            events: Fields of each event in the order of ``FIELDS``, node ids as ``nsu=URI;s=...``, times in ns.
            receive: When they arrived [ns, UTC].
        """
        changed: list[Condition] = []
        for fields in events:
            kind = fields[1] if len(fields) == len(FIELDS) else None
            if kind == REFRESH_START:
                self._seen = set()
            elif kind == REFRESH_END:
                changed += self._ended(receive)
            else:
                changed += self._changed(condition(fields, receive, self.origin))
        return changed

    def _changed(self, found: Condition | None) -> list[Condition]:
        if found is None:
            return []
        if self._seen is not None:
            self._seen.add(found.id)
        before = self._known.get(found.id)
        if found.active:
            self._known[found.id] = found
        else:
            self._known.pop(found.id, None)
        same = before is not None and dataclasses.replace(before, receive=found.receive) == found
        return [] if same or (before is None and not found.active) else [found]

    def _ended(self, receive: int) -> list[Condition]:
        seen, self._seen = self._seen, None
        gone = [] if seen is None else [known for id_, known in self._known.items() if id_ not in seen]
        for known in gone:
            del self._known[known.id]
        return [dataclasses.replace(known, active=False, source=receive, receive=receive) for known in gone]


def source(fields: Sequence[Any]) -> str:
    """The node that an event is about, or an empty text."""
    return fields[-1] if len(fields) == len(FIELDS) and isinstance(fields[-1], str) else ""


def condition(fields: Sequence[Any], receive: int, origin: str) -> Condition | None:
    """One event as a condition, or None when it is not about one or makes no sense."""
    if len(fields) != len(FIELDS):
        return None
    node, _, branch, active, acked, retain, severity, message, name, time, _ = fields
    if not isinstance(node, str) or not node:
        return None
    return Condition(
        id=f"{node}#{branch}" if isinstance(branch, str) and branch else node,
        active=bool(active) if isinstance(active, bool) else bool(retain),
        acked=acked if isinstance(acked, bool) else None,
        severity=severity if isinstance(severity, int) and 0 <= severity <= 1000 else 0,
        message=str(message or name or ""),
        source=time if isinstance(time, int) and time > 0 else receive,
        receive=receive,
        origin=origin,
    )
