"""A file of events, one JSON object a line, as the home folder's ``events`` keeps them: each line by itself."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from trivet.check.plants import check_event
from trivet.check.source import Source, document_of
from trivet.check.verdict import place
from trivet.device.document import EventRecord
from trivet.errors import Finding
from trivet.interface.findings import Findings

MOST_LINES = 100
"""Wrong lines of a file that are told of."""


def check_events(source: Source, classes: Mapping[str, frozenset[str]]) -> Iterator[Finding]:
    """What is wrong with the events of a file.

    Args:
        source: Its text.
        classes: Device id to the fault classes of its interface, for the devices that are known.
    """
    told = 0
    for number, line in enumerate(source.text.split("\n"), 1):
        found = list(_event(source.where, line, classes)) if line.strip() else []
        yield from (finding._replace(where=_moved(finding.where, number)) for finding in found)
        told += bool(found)
        if told == MOST_LINES:
            return


def _event(where: str, line: str, classes: Mapping[str, frozenset[str]]) -> Iterator[Finding]:
    one = document_of(line.encode("utf-8"), where, {"event": EventRecord})
    yield from one.findings
    if one.parsed is None:
        return
    try:
        json.loads(line)
    except ValueError:
        yield Finding("TRV-I001", f"{where}:1:1", "is not a line of JSON", "write one object a line")
    notes = Findings(one.document, one.document.device, one.parsed)
    check_event(notes, classes)
    yield from notes.found


def _moved(where: str, number: int) -> str:
    """A place in a line as a place in its file."""
    file, _, column = place(Finding("", where, ""))
    return f"{file}:{number}:{max(column, 1)}"
