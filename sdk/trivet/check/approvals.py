"""Breaks that somebody approved: which change, why, and until when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal, NamedTuple

from trivet.check.source import Source, source_of
from trivet.errors import DocumentError, Message
from trivet.interface.document import STRICT
from trivet.interface.text import LARGEST_TEXT


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """One approval.

    Attributes:
        rule: Id of the change, such as ``TRV-B013``.
        document: Id of the document that changed.
        path: Place of the change, such as ``signals.water_temperature.unit``; empty means every place.
        reason: Why the break is meant.
        until: Last day on which it holds, as ``2026-12-31``.
        by: Who approved it.
    """

    __pydantic_config__ = STRICT

    rule: str
    document: str
    reason: str
    until: str
    path: str = ""
    by: str = ""

    def __post_init__(self) -> None:
        if not self.reason.strip():
            raise ValueError("must have a reason")
        try:
            date.fromisoformat(self.until)
        except ValueError as error:
            raise ValueError(f"until: {self.until!r} is not a day such as '2026-12-31'") from error

    @property
    def last(self) -> date:
        """Its last day."""
        return date.fromisoformat(self.until)


@dataclass(frozen=True, slots=True, kw_only=True)
class Approvals:
    """A file of approvals.

    Attributes:
        kind: Always ``approvals``.
        format: Number of the document format.
    """

    __pydantic_config__ = STRICT

    kind: Literal["approvals"]
    format: Literal[0]
    approvals: tuple[Approval, ...]
    note: str = ""


class Approved(NamedTuple):
    """The approvals of a file, with their places.

    Attributes:
        source: The file.
        approvals: What it holds.
    """

    source: Source
    approvals: tuple[Approval, ...]

    def covering(self, rule: str, document: str, path: str) -> tuple[int, Approval] | None:
        """The first approval of a change, whether or not it has expired."""
        for index, approval in enumerate(self.approvals):
            if (approval.rule, approval.document) == (rule, document) and approval.path in ("", path):
                return index, approval
        return None

    def at(self, index: int) -> str:
        """``file:line:column`` of one approval."""
        return self.source.parsed.at(("approvals", index)) if self.source.parsed else self.source.where


def read_approvals(path: str | Path) -> Approved:
    """The approvals in a file.

    Raises:
        DocumentError: There is no such file, or it is malformed.
    """
    file = Path(path)
    try:
        with file.open("rb") as stream:
            data = stream.read(LARGEST_TEXT + 1)
    except OSError as error:
        raise DocumentError(
            Message("there is no file `{path}`", path=path), hint="check the path", rule="TRV-I019"
        ) from error
    source = source_of(data, str(path), {"approvals": Approvals})
    if source.parsed is None:
        raise DocumentError.of(source.findings)
    return Approved(source, source.document.approvals)
