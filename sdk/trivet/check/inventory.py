"""A template device and an inventory: one row of a CSV file for each appliance of a fleet.

``fleet.inventory.csv`` stands beside its template ``fleet.yaml``, an ordinary device document. The first
line names places in the template, such as ``id``, ``appliance.serial`` or ``endpoints.meter.url``; each
further line is one device: the template with those places replaced. An empty cell leaves the template's
value. There are no expressions.
"""

from __future__ import annotations

import copy
import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from trivet.check.across import Known, check_device_across
from trivet.check.plants import check_plant
from trivet.check.source import INVENTORY, Source, read_source
from trivet.device.check import check_device
from trivet.device.document import Device
from trivet.device.parameters import check_parameters
from trivet.errors import DocumentError, Finding, Message
from trivet.interface.findings import Findings
from trivet.interface.load import build
from trivet.interface.parsed import Json, Lines, Parsed, Position
from trivet.interface.path import spell

MOST_ROWS = 1_000_000
MOST_COLUMNS = 64
LONGEST_CELL = 1000
MOST_OF_A_KIND = 5
"""Findings of one rule and column that are told one by one."""

Column = tuple[str, ...]

_OWN = ("id", "site", "note", "appliance", "parameters")
"""First parts of places that no other document looks at, parameters' values apart."""


class Row(NamedTuple):
    """One line of an inventory: its number in the file, and its cells."""

    line: int
    cells: Sequence[str]


@dataclass(frozen=True, slots=True)
class Inventory:
    """The lines of an inventory.

    Attributes:
        columns: The place that each column replaces.
        numbers: Which columns hold numbers.
        rows: All lines after the first.
    """

    columns: tuple[Column, ...]
    numbers: tuple[bool, ...]
    rows: Sequence[Row]

    def tree(self, template: Json, row: Row) -> Json:
        """The device document of one line; raises ValueError where a number is none."""
        tree = copy.deepcopy(template)
        for column, numeric, cell in zip(self.columns, self.numbers, row.cells, strict=True):
            if cell:
                node = tree
                for key in column[:-1]:
                    node = node.setdefault(key, {})
                node[column[-1]] = _number(cell) if numeric else cell
        return tree


def template_of(source: Source, known: Known) -> Source | None:
    """The template beside an inventory; None when there is none."""
    path = Path(source.where.removesuffix(INVENTORY) + ".yaml")
    found = known.sources.get(path.resolve())
    try:
        return found or read_source(path)
    except DocumentError:
        return None


def check_inventory(source: Source, known: Known) -> Iterator[Finding]:
    """Everything that is wrong with an inventory, and with each device that it makes."""
    template = template_of(source, known)
    if template is None or template.kind != "device" or template.parsed is None:
        name = Path(source.where.removesuffix(INVENTORY) + ".yaml").name
        hint = Message("write the template device into `{name}` beside it", name=name)
        yield Finding(
            "TRV-L110",
            f"{source.where}:1:1",
            Message("there is no template `{name}` that can be read", name=name),
            hint,
        )
        return
    try:
        inventory = read_inventory(source.text, template.tree)
    except DocumentError as error:
        yield Finding(error.rule, f"{source.where}:{error.where or '1:1'}", error.message, error.hint)
        return
    yield from _told(_Fleet(source.where, template, inventory, known).findings())


def read_inventory(text: str, template: Json) -> Inventory:
    """The lines of a CSV text for a template.

    Raises:
        DocumentError: It is no table, or names something that the template cannot have; ``where`` is ``line:column``.
    """
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    try:
        header = next(reader, [])
        columns = _columns(header)
        numbers = tuple(_numeric(template, column, at) for at, column in enumerate(columns))
        rows = []
        for cells in reader:
            if not cells:
                continue
            if len(cells) != len(columns) or any(len(cell) > LONGEST_CELL for cell in cells):
                message = Message(
                    "has {count} cells, the first line has {expected}", count=len(cells), expected=len(columns)
                )
                message = (
                    message
                    if len(cells) != len(columns)
                    else Message("has a cell of over {most} characters", most=LONGEST_CELL)
                )
                raise _refused(message, reader.line_num, "correct the line")
            rows.append(Row(reader.line_num, cells))
            if len(rows) > MOST_ROWS:
                raise _refused(
                    Message("has more than {most} lines", most=MOST_ROWS),
                    reader.line_num,
                    "split the inventory",
                )
    except csv.Error as error:
        raise _refused(
            Message("is no CSV: {reason}", reason=error), max(reader.line_num, 1), "separate cells by commas"
        ) from error
    return Inventory(columns, numbers, rows)


def _columns(header: Sequence[str]) -> tuple[Column, ...]:
    if not header or not all(header) or len(set(header)) < len(header) or len(header) > MOST_COLUMNS:
        message = Message("the first line must name 1 to {most} different places of the template", most=MOST_COLUMNS)
        raise _refused(message, 1, "such as `id,appliance.serial,endpoints.controller.url`")
    if "id" not in header:
        raise _refused("there is no column `id`", 1, "every device needs an id of its own")
    return tuple(tuple(name.strip().split(".")) for name in header)


def _numeric(template: Json, column: Column, at: int) -> bool:
    """Whether a place takes numbers; refuses a place that takes neither numbers nor texts."""
    for value, numeric in (("text", False), (1.0, True)):
        tree = copy.deepcopy(template)
        node = tree
        for key in column[:-1]:
            node = node.setdefault(key, {}) if isinstance(node, dict) else None
        if not isinstance(node, dict) or column[0] in ("kind", "format"):
            break
        node[column[-1]] = value
        if not build(tree, Device)[1]:
            return numeric
    message = Message(
        "column {number}, `{place}`, is no text or number of the template", number=at + 1, place=spell(column)
    )
    raise DocumentError(message, where=f"1:{at + 1}", hint="name a place as `endpoints.meter.url`", rule="TRV-L111")


def _refused(message: str, line: int, hint: str) -> DocumentError:
    return DocumentError(message, where=f"{line}:1", hint=hint, rule="TRV-L110")


def _number(cell: str) -> float:
    number = float(cell)
    if not abs(number) < float("inf"):
        raise ValueError(cell)
    return number


class _Fleet:
    """The devices of one inventory; what depends on other documents is looked at once for each kind of device."""

    def __init__(self, where: str, template: Source, inventory: Inventory, known: Known) -> None:
        self.where = where
        self.inventory = inventory
        self.template = template
        self.known = known
        self.interface = known.interface(template.document.interface.id)
        self.own = [column[0] in _OWN or column[-1] == "url" for column in inventory.columns]
        self.across: dict[tuple[str, ...], list[Finding]] = {}
        self.seen: dict[Column, dict[tuple[str, str], int]] = {}

    def findings(self) -> Iterator[tuple[Row, int, Finding]]:
        """Each finding with its line and the column that it is about, -1 when that is the whole line."""
        for row in self.inventory.rows:
            try:
                tree = self.inventory.tree(self.template.tree, row)
            except ValueError as error:
                cell = str(error).rpartition(" ")[2].strip("'")
                at = next((index for index, text in enumerate(row.cells) if text.strip("'") == cell), -1)
                yield self._finding(
                    row, at, Finding("TRV-L112", "", Message("`{cell}` is not a number", cell=cell[:40]), "write one")
                )
                continue
            document, problems = build(tree, Device)
            for problem in problems:
                yield self._finding(row, -1, Finding(problem.rule, "", problem.said(), problem.hint))
            if document is not None:
                yield from self._device(row, document)

    def _device(self, row: Row, device: Device) -> Iterator[tuple[Row, int, Finding]]:
        plain = Findings(device, device.id)
        check_plant(plain)
        found = [*check_device(device), *plain.found]
        if self.interface is not None:
            found += check_parameters(self.interface.document, device)
        for finding in found:
            yield self._finding(row, self._at(finding.message), finding)
        if not found:
            for finding in self._elsewhere(row, device):
                yield self._finding(row, -1, finding)
        yield from self._doubles(row, device)

    def _elsewhere(self, row: Row, device: Device) -> list[Finding]:
        """What other documents say; the same for all lines that differ in their own affairs only."""
        schemes = tuple(endpoint.url.partition(":")[0] for endpoint in device.endpoints.values())
        kind = tuple(cell for cell, own in zip(row.cells, self.own, strict=True) if not own) + schemes
        if kind not in self.across:
            parsed = Parsed(device, self.template.tree, Lines({(): Position(1, 1)}, {}), self.template.where)
            mine = f"{self.template.where}:"
            told = {finding.rule for finding in check_device_across(_parsed(self.template), self.known)}
            self.across[kind] = [
                finding
                for finding in check_device_across(parsed, self.known)
                if finding.where.startswith(mine) and finding.severity != "note" and finding.rule not in told
            ]
        return self.across[kind]

    def _doubles(self, row: Row, device: Device) -> Iterator[tuple[Row, int, Finding]]:
        marks: Mapping[Column, tuple[str, str]] = {
            ("id",): ("TRV-L085", device.id),
            ("appliance", "serial"): ("TRV-L114", device.appliance.serial),
            **{("endpoints", name, "url"): ("TRV-L113", one.url) for name, one in device.endpoints.items()},
        }
        for place, (rule, value) in marks.items():
            if value and (place == ("id",) or place in self.inventory.columns):
                first = self.seen.setdefault(place, {}).setdefault((place[-1], value), row.line)
                if first != row.line:
                    message = Message(
                        "{place}: `{value}` is in line {first} already",
                        place=spell(place),
                        value=value[:80],
                        first=first,
                    )
                    at = self.inventory.columns.index(place) if place in self.inventory.columns else -1
                    yield self._finding(row, at, Finding(rule, "", message, "give each device its own"))

    def _at(self, message: str) -> int:
        """The column that a message is about: it begins with the place."""
        for index, column in enumerate(self.inventory.columns):
            if message.startswith(f"{spell(column)}:"):
                return index
        return -1

    def _finding(self, row: Row, at: int, finding: Finding) -> tuple[Row, int, Finding]:
        column = 1 + sum(len(cell) + 1 for cell in row.cells[: max(at, 0)])
        return row, at, finding._replace(where=f"{self.where}:{row.line}:{column}")


def _parsed(source: Source) -> Parsed[Any]:
    if source.parsed is None:
        raise DocumentError.of(source.findings)
    return source.parsed


def _told(found: Iterator[tuple[Row, int, Finding]]) -> Iterator[Finding]:
    """The first few findings of a rule in a column, then how many lines there are more."""
    seen: Counter[tuple[str, int]] = Counter()
    last: dict[tuple[str, int], Finding] = {}
    for _, at, finding in found:
        key = (finding.rule, at)
        seen[key] += 1
        if seen[key] <= MOST_OF_A_KIND:
            yield finding
        elif key not in last:
            last[key] = finding
    for key, finding in last.items():
        more = seen[key] - MOST_OF_A_KIND
        yield finding._replace(
            message=Message(
                "{said} (one of {more} more lines with {rule})",
                said=Message.of(finding.message),
                more=more,
                rule=finding.rule,
            )
        )
