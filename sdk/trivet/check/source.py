"""One file that is checked: its text, its tree, its document, and what is wrong with reading it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trivet.device.document import Device, EventRecord, Profile
from trivet.errors import DocumentError, Finding, Message
from trivet.interface.document import Interface
from trivet.interface.load import Problem, build
from trivet.interface.parsed import Json, Lines, Parsed
from trivet.interface.site import Site
from trivet.interface.text import LARGEST_TEXT, compose

KINDS: Mapping[str, type[Any]] = {
    "interface": Interface,
    "profile": Profile,
    "device": Device,
    "site": Site,
    "event": EventRecord,
}
"""What ``kind`` may say in a document that people write."""

INVENTORY = ".inventory.csv"
LARGEST_INVENTORY = 64 << 20

EVENTS = ".jsonl"
LARGEST_EVENTS = 8 << 20

STDIN = "-"
STDIN_NAME = "<stdin>"


@dataclass(frozen=True, slots=True)
class Source:
    """One file.

    Attributes:
        where: Its name, for messages.
        kind: What it says it is; empty when it does not say, or cannot be read.
        text: Its text; empty when it is not UTF-8 or too large.
        tree: The JSON tree, or None.
        lines: Where the parts of the tree stand, or None.
        parsed: The document, or None when its types are wrong.
        findings: What is wrong with reading it.
    """

    where: str
    kind: str = ""
    text: str = ""
    tree: Json = None
    lines: Lines | None = None
    parsed: Parsed[Any] | None = None
    findings: tuple[Finding, ...] = ()

    @property
    def document(self) -> Any:
        """The document, or None."""
        return self.parsed.document if self.parsed else None


def read_source(path: str | Path) -> Source:
    """A file, ``-`` for standard input.

    Raises:
        DocumentError: There is no such file, or it cannot be read.
    """
    if str(path) == STDIN:
        return source_of(sys.stdin.buffer.read(LARGEST_TEXT + 1), STDIN_NAME)
    file = Path(path)
    if not file.is_file():
        raise DocumentError(Message("there is no file `{path}`", path=path), hint="check the path", rule="TRV-I019")
    try:
        with file.open("rb") as stream:
            data = stream.read(_largest(file.name) + 1)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise DocumentError(
            Message("cannot be read: {reason}", reason=reason), where=str(path), hint="check its rights"
        ) from error
    return source_of(data, str(path))


def source_of(data: bytes, where: str, kinds: Mapping[str, type[Any]] = KINDS) -> Source:
    """The bytes of a file; never raises, whatever they are."""
    if where.endswith(INVENTORY):
        return _inventory(data, where)
    if where.endswith(EVENTS):
        return _events(data, where)
    return document_of(data, where, kinds)


def _largest(name: str) -> int:
    return LARGEST_INVENTORY if name.endswith(INVENTORY) else LARGEST_EVENTS if name.endswith(EVENTS) else LARGEST_TEXT


def document_of(data: bytes, where: str, kinds: Mapping[str, type[Any]] = KINDS) -> Source:
    """The bytes of one document, whatever its file is called; never raises."""
    text = _text(data)
    try:
        composed = compose(data, where)
    except DocumentError as error:
        found = error.findings or (Finding(error.rule, error.where, error.message, error.hint),)
        return Source(where, text=text, findings=found)
    tree, lines = composed
    cls, problems = _kind(tree, kinds)
    if cls is None:
        return Source(where, "", text, tree, lines, None, _placed(problems, lines, where))
    document, problems = build(tree, cls)
    parsed = None if problems else Parsed(document, tree, lines, where)
    return Source(where, tree["kind"], text, tree, lines, parsed, _placed(problems, lines, where))


def _inventory(data: bytes, where: str) -> Source:
    """A table of devices; it has lines instead of a tree."""
    if len(data) > LARGEST_INVENTORY:
        message = Message("is over {most} bytes", most=LARGEST_INVENTORY)
        return Source(where, findings=(Finding("TRV-L110", f"{where}:1:1", message, "split the inventory"),))
    try:
        return Source(where, "inventory", data.decode("utf-8"))
    except UnicodeDecodeError as error:
        message = Message("is not UTF-8: byte {at} is 0x{byte:02X}", at=error.start, byte=error.object[error.start])
        return Source(where, findings=(Finding("TRV-L110", f"{where}:1:1", message, "save the file as UTF-8"),))


def _events(data: bytes, where: str) -> Source:
    """Events, one a line; it has lines instead of a tree."""
    if len(data) > LARGEST_EVENTS:
        message = Message("is over {most} bytes", most=LARGEST_EVENTS)
        return Source(where, findings=(Finding("TRV-I002", f"{where}:1:1", message, "move old events elsewhere"),))
    try:
        return Source(where, "events", data.decode("utf-8"))
    except UnicodeDecodeError as error:
        message = Message("is not UTF-8: byte {at} is 0x{byte:02X}", at=error.start, byte=error.object[error.start])
        return Source(where, findings=(Finding("TRV-I001", f"{where}:1:1", message, "save the file as UTF-8"),))


def _text(data: bytes) -> str:
    if len(data) > LARGEST_TEXT:
        return ""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return ""


def _kind(tree: Json, kinds: Mapping[str, type[Any]]) -> tuple[type[Any] | None, list[Problem]]:
    """The type that a tree says it is, or why it is none."""
    allowed = " or ".join(f"`{name}`" for name in kinds)
    if not isinstance(tree, dict):
        return None, [Problem((), "TRV-I012", "must be a mapping")]
    if "kind" not in tree:
        return None, [
            Problem(
                ("kind",), "TRV-I008", "is missing", Message("begin with `kind: ...`, here {allowed}", allowed=allowed)
            )
        ]
    kind = tree["kind"]
    if not isinstance(kind, str) or kind not in kinds:
        return None, [
            Problem(
                ("kind",),
                "TRV-I008",
                Message("is {kind!r}, but this must be {allowed}", kind=str(kind)[:40], allowed=allowed),
            )
        ]
    return kinds[kind], []


def _placed(problems: list[Problem], lines: Lines, where: str) -> tuple[Finding, ...]:
    findings = []
    for problem in problems:
        line, column = lines.at(problem.path, key=problem.rule == "TRV-I010")
        findings.append(Finding(problem.rule, f"{where}:{line}:{column}", problem.said(), problem.hint))
    return tuple(findings)
