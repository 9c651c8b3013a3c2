"""Faults that a simulated server shows on demand, each from a time after its start; pure.

``bad:point=NAME`` (with ``status=0x808C0000``) gives a point a Bad status, ``uncertain:point=NAME``
an Uncertain one, ``stale:point=NAME`` keeps its value and source time. ``frozen`` stops all values and
the server's clock, ``stopped`` all values but not the clock. ``restart:down=3`` goes down for so long
[s], ``shuffle:down=3`` the same and comes back with another namespace table. ``fahrenheit`` shows
temperatures in degF, ``literal`` adds nodes with a literal placeholder, ``no_subscriptions`` refuses
to subscribe, ``no_units`` leaves EngineeringUnits out. ``at=10`` says when [s], at once unless given.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from trivet.errors import DocumentError
from trivet.signals import SECOND, Status
from trivet_opcua.show import Shown

POINT_KINDS = frozenset({"bad", "stale", "uncertain"})
TIMED_KINDS = frozenset({"restart", "shuffle"})
PLAIN_KINDS = frozenset({"frozen", "stopped", "fahrenheit", "literal", "no_subscriptions", "no_units"})
KINDS = POINT_KINDS | TIMED_KINDS | PLAIN_KINDS
_SECONDS = re.compile(r"[0-9]{1,6}(\.[0-9]{1,3})?")
_SHAPES = {"point": re.compile(r"[a-z][a-z0-9_]*"), "status": re.compile(r"0x[0-9A-Fa-f]{8}")}


@dataclass(frozen=True, slots=True)
class Trouble:
    """One fault.

    Attributes:
        kind: Out of ``KINDS``.
        point: Point that it is about, or empty.
        status: StatusCode that the point gets.
        down: Time that the server is down [s].
        at: When it begins, after the start of the server [s].
    """

    kind: str
    point: str = ""
    status: int = 0
    down: float = 0.0
    at: float = 0.0


def parse(text: str) -> Trouble:
    """A fault as it is written.

    Raises:
        DocumentError: There is none like it.
    """
    kind, _, rest = text.partition(":")
    if kind not in KINDS:
        raise DocumentError(f"{text!r} is no fault of an OPC UA server", hint=f"use {', '.join(sorted(KINDS))}")
    needed = {"point"} if kind in POINT_KINDS else {"down"} if kind in TIMED_KINDS else set()
    given = dict(pair.partition("=")[::2] for pair in rest.split(",")) if rest else {}
    allowed = needed | {"at"} | ({"status"} if kind in POINT_KINDS else set())
    fine = all(_SHAPES.get(key, _SECONDS).fullmatch(value) for key, value in given.items())
    if not needed <= set(given) <= allowed or not fine:
        keys = ",".join(f"{key}=..." for key in sorted(allowed))
        raise DocumentError(f"the fault {text!r} is malformed", hint=f"write {kind}:{keys}")
    usual = Status.UNCERTAIN_SENSOR_NOT_ACCURATE if kind == "uncertain" else Status.BAD_SENSOR_FAILURE
    return Trouble(
        kind,
        point=given.get("point", ""),
        status=int(given.get("status", hex(usual)), 16) if kind in POINT_KINDS else 0,
        down=float(given.get("down", 0)),
        at=float(given.get("at", 0)),
    )


class Troubles:
    """All faults of one server, and which of them hold at a time.

    Attributes:
        all: In the order given.
        start: When the server started [ns, UTC].
    """

    def __init__(self, all_: Iterable[Trouble], start: int) -> None:
        self.all = tuple(all_)
        self.start = start

    def has(self, kind: str, now: int) -> bool:
        """Whether a fault without a point holds."""
        return any(each.kind == kind and self._holds(each, now) for each in self.all)

    def shown(self, point: str, value: Shown, now: int) -> Shown | None:
        """What a point shows, or None when it shows nothing new."""
        for each in self.all:
            if each.point == point and self._holds(each, now):
                if each.kind == "stale":
                    return None
                return Shown(None if each.kind == "bad" else value.raw, each.status)
        return value

    def restarts(self) -> list[Trouble]:
        """Those that take the server down, in order of time."""
        return sorted((each for each in self.all if each.kind in TIMED_KINDS), key=lambda each: each.at)

    def _holds(self, each: Trouble, now: int) -> bool:
        return now >= self.start + round(each.at * SECOND)
