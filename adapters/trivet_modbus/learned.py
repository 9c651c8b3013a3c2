"""What was learned about a unit, in a file beside the device document: ``DEVICE.learned.json``.

The file saves the search after a restart and is never needed: one that is missing, old, of another
endpoint or of no sense is passed over. What it says grows old after a week, since controllers are updated.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from trivet.signals import SECOND, Json
from trivet_modbus.address import Table
from trivet_modbus.explore import Found
from trivet_modbus.layout import Map, Span
from trivet_modbus.points import ModbusPoint

WEEK = 7 * 86400 * SECOND
LARGEST_FILE = 1 << 20
MOST_HOLES = 4096
HIGHEST = 65535
MOST_TURNAROUND = 10.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Learned:
    """What a unit refuses, and how long it takes.

    Attributes:
        holes: Addresses that it does not have.
        block_limit: Most registers in one request; 0 where none was met.
        bit_limit: Most coils or discrete inputs in one request; 0 where none was met.
        worst_turnaround: Longest time that it took to answer [s]; 0 where it stayed below what is declared.
    """

    holes: tuple[Span, ...] = ()
    block_limit: int = 0
    bit_limit: int = 0
    worst_turnaround: float = 0.0

    def layout(self, layout: Map) -> Map:
        """A profile's map within what the unit takes."""
        return replace(
            layout,
            forbidden=(*layout.forbidden, *self.holes),
            block_limit=min(layout.block_limit, self.block_limit or layout.block_limit),
            bit_limit=min(layout.bit_limit, self.bit_limit or layout.bit_limit),
        )

    def lacks(self, one: ModbusPoint) -> bool:
        """Whether a point lies in a hole."""
        return any(s.table is one.table and s.first < one.end and s.last >= one.address for s in self.holes)

    def more(self, table: Table, found: Found) -> Learned:
        """With what a search found."""
        holes = (*self.holes, *(span for span in found.holes if span not in self.holes))[:MOST_HOLES]
        if not found.limit:
            return replace(self, holes=holes)
        limit = min(found.limit, (self.bit_limit if table.bits else self.block_limit) or found.limit)
        return replace(self, holes=holes, **{"bit_limit" if table.bits else "block_limit": limit})


@dataclass(frozen=True, slots=True)
class Memory:
    """Where one endpoint's knowledge is kept.

    Attributes:
        path: The file.
        endpoint: Its name in the device document.
        key: What the knowledge is about; under another key it is passed over.
    """

    path: Path
    endpoint: str
    key: Mapping[str, Json]

    def load(self, now: int) -> Learned:
        """What is known, if anything.

        Args:
            now: Time of the clock [ns, UTC].
        """
        try:
            node = _tree(self.path).get(self.endpoint, {})
            if not node or any(node.get(name) != value for name, value in self.key.items()):
                return Learned()
            return _learned(node) if 0 <= now - _whole(node["learned"], 1 << 63) <= WEEK else Learned()
        except (FileNotFoundError, NotADirectoryError):
            return Learned()
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            _log.warning("%s is passed over: %s", self.path, error)
            return Learned()

    def save(self, learned: Learned, now: int) -> None:
        """Replaces the file, other endpoints' knowledge kept; what cannot be written is only forgotten."""
        endpoints: dict[str, Any] = {}
        with contextlib.suppress(OSError, ValueError, TypeError, AttributeError, RecursionError):
            endpoints = dict(_tree(self.path))
        endpoints[self.endpoint] = {
            **self.key,
            "learned": now,
            "holes": [{"table": s.table.value, "from": s.first, "to": s.last} for s in learned.holes],
            "block_limit": learned.block_limit,
            "bit_limit": learned.bit_limit,
            "worst_turnaround": round(learned.worst_turnaround, 4),
        }
        text = json.dumps({"kind": "learned", "format": 0, "endpoints": endpoints}, indent=1)
        part = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        try:
            part.write_text(text + "\n", encoding="utf-8")
            part.replace(self.path)
        except OSError as error:
            _log.warning("what was learned is not kept: %s", error)
            with contextlib.suppress(OSError):
                part.unlink()


def memory(origin: str, folder: str, url: str, profile: str) -> Memory:
    """The memory of a target.

    Args:
        origin: ``device/endpoint``.
        folder: Of the device document.
        url: Of the endpoint.
        profile: Id and version.
    """
    device, _, endpoint = origin.partition("/")
    name = "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in device)
    return Memory(Path(folder) / f"{name or 'device'}.learned.json", endpoint, {"url": url, "profile": profile})


def _tree(path: Path) -> Mapping[str, Any]:
    """Endpoint to what is known of it.

    Raises:
        OSError: There is no file that can be read.
        ValueError: It is not such a file.
    """
    with path.open("rb") as file:
        data = file.read(LARGEST_FILE + 1)
    if len(data) > LARGEST_FILE:
        raise ValueError("it is too large")
    tree = json.loads(data)
    if not isinstance(tree, dict) or tree.get("kind") != "learned" or not isinstance(tree.get("endpoints"), dict):
        raise ValueError("it is no file of learned addresses")
    endpoints: Mapping[str, Any] = tree["endpoints"]
    return endpoints


def _learned(node: Mapping[str, Any]) -> Learned:
    if len(node["holes"]) > MOST_HOLES:
        raise ValueError("it has too many holes")
    holes = tuple(
        Span(Table(one["table"]), _whole(one["from"], HIGHEST), _whole(one["to"], HIGHEST)) for one in node["holes"]
    )
    worst = float(node["worst_turnaround"])
    if not 0.0 <= worst <= MOST_TURNAROUND:
        raise ValueError("its worst turnaround is impossible")
    return Learned(holes, _whole(node["block_limit"], 125), _whole(node["bit_limit"], 2000), worst)


def _whole(value: Json, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise ValueError(f"{value!r} is no number up to {most}")
    return value
