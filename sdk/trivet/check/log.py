"""Whether a log is as a run wrote it: every line follows the one before, every checkpoint fits and is signed.

One pass, a line at a time, however long the log. What a chain cannot show is said, too: nobody vouches for the
lines after the last signed checkpoint, and a log that was not closed may have been cut there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trivet import canonical
from trivet.errors import DataError, Finding, PackageError
from trivet.package.keys import PublicKey
from trivet.package.tree import parse
from trivet.pipeline.chain import EVENTS, KIND, LONGEST, verifies

MOST_FINDINGS = 50
"""Findings that are told; one edit makes one or two."""

BEFORE = 4
"""Lines before that a line is compared with, to tell what happened to it."""


@dataclass(slots=True)
class LogReport:
    """What was found in a log.

    Attributes:
        lines: Whole lines.
        checkpoints: Those among them that are checkpoints.
        signed: Checkpoints whose signature the given key verifies.
        keys: Ids of keys that claim to have signed.
        covered: Lines up to the last checkpoint that verifies, over all files.
        closed: Whether the last line closes the log.
        continued: Name of the file before the first one, where it names one.
        findings: What is wrong.
        hidden: Further findings that are not told.
    """

    lines: int = 0
    checkpoints: int = 0
    signed: int = 0
    keys: set[str] = field(default_factory=set)
    covered: int = 0
    closed: bool = False
    continued: str = ""
    findings: list[Finding] = field(default_factory=list)
    hidden: int = 0

    @property
    def good(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings

    def found(self, rule: str, where: str, message: str, hint: str) -> None:
        """Notes something wrong, unless there is more than anybody reads."""
        if len(self.findings) < MOST_FINDINGS:
            self.findings.append(Finding(rule, where, message, hint))
        else:
            self.hidden += 1


def verify_log(paths: Sequence[str | Path], key: PublicKey | None = None) -> LogReport:
    """Checks the files of one log, in order.

    Args:
        paths: The oldest file first.
        key: The operator's, or None to check the chain only.

    Raises:
        DataError: A file cannot be read.
    """
    walk = _Walk(key)
    for path in paths:
        walk.file(Path(path))
    return walk.finish(str(paths[-1]))


def lines_of(path: Path) -> Iterator[bytes]:
    """The lines of a file as they are, newline included; one that is too long comes in pieces without.

    Raises:
        DataError: The file cannot be read.
    """
    try:
        with path.open("rb") as file:
            while line := file.readline(LONGEST + 1):
                yield line
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "the path holds a NUL"
        raise DataError(f"cannot be read ({reason})", where=str(path), hint="check the path") from error


class _Walk:
    """Where the check stands."""

    def __init__(self, key: PublicKey | None) -> None:
        self.report = LogReport()
        self._key = key
        self._last: list[str] = []  # digests of the last lines, the newest first, over all files
        self._path = ""
        self._number = 0
        self._name = ""

    def file(self, path: Path) -> None:
        """Walks one file."""
        before, self._path, self._number = self._path, str(path), 0
        self._name = Path(before).name if before else ""
        for line in lines_of(path):
            self._number += 1
            self._line(line)

    def finish(self, where: str) -> LogReport:
        """What is to say after the last line."""
        report = self.report
        if self._key is not None and not report.signed:
            message = f"no checkpoint is signed by {self._key.name}, so that the whole chain could be made anew"
            report.found("TRV-R033", where, message, "give the public key of the run's --log-key")
        return report

    def _line(self, line: bytes) -> None:
        where, report = f"{self._path}:{self._number}:1", self.report
        report.closed = False
        if not line.endswith(b"\n"):
            what = "the log ends in half a line" if len(line) <= LONGEST else f"is over {LONGEST} bytes"
            report.found("TRV-R031", where, what, "a run that goes on with this log will account for it")
            return
        report.lines += 1
        tree = self._tree(line[:-1], where)
        digest = canonical.sha256(line[:-1])
        if tree is not None:
            self._follows(tree, where)
            if tree.get("kind") == KIND:
                self._checkpoint(tree, where)
        self._last = [digest, *self._last[: BEFORE - 1]]

    def _tree(self, line: bytes, where: str) -> dict[str, Any] | None:
        try:
            return parse(line, where, PackageError, "TRV-R031").object()
        except PackageError as error:
            self.report.found("TRV-R031", where, error.message, "it was not written by a run, or altered since")
            return None

    def _follows(self, tree: dict[str, Any], where: str) -> None:
        """Whether a line names the one before it; what it names instead tells what happened."""
        named = tree.get("previous")
        if not self._last:
            self._begins(tree, named, where)
        elif named != self._last[0]:
            message = "does not follow the line before it: that one was edited, or lines between were removed"
            if named in self._last[1:]:
                extra = self._last.index(named)
                message = (
                    f"follows the line {extra + 1} before it: {extra} between were put in, or lines were reordered"
                )
            elif named is None:
                message = "begins a chain of its own: it was put in, or what came before was cut off"
            self.report.found("TRV-R030", where, message, "compare with a copy; nothing before here can be relied on")

    def _begins(self, tree: dict[str, Any], named: object, where: str) -> None:
        continues = tree.get("continues")
        if tree.get("kind") == KIND and isinstance(continues, dict):
            self.report.continued = str(continues.get("file", ""))[:200]
        elif named is not None:
            message = "is the first line and names one before it: lines at the beginning were removed"
            self.report.found("TRV-R030", where, message, "look for the rest of the log")

    def _checkpoint(self, tree: dict[str, Any], where: str) -> None:
        report, key_id = self.report, tree.get("key")
        report.checkpoints += 1
        if isinstance(key_id, str):
            report.keys.add(key_id[:64])
        event, count = tree.get("event"), tree.get("count")
        if event not in EVENTS or count != self._number - 1:
            message = f"the checkpoint counts {str(count)[:40]} lines before it, and there are {self._number - 1}"
            report.found("TRV-R032", where, message, "lines were removed or put in")
        continues = tree.get("continues")
        if isinstance(continues, dict) and self._name and continues.get("file") != self._name:
            message = f"it continues {str(continues.get('file'))[:80]!a}, and the file before is {self._name!a}"
            report.found("TRV-R032", where, message, "give the files of a log in their order")
        if self._key is not None and not verifies(tree, self._key):
            message = f"the checkpoint is not signed by {self._key.name}"
            report.found("TRV-R033", where, message, "it was altered, or made by somebody else")
            return
        report.signed += self._key is not None
        if report.good:
            report.covered = report.lines
            report.closed = event == "close"
