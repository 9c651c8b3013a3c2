"""What a check found, counted: one verdict, one line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from trivet.errors import Finding

LONGEST_QUOTE = 120
"""Characters of a line that are quoted."""

SEVERITIES = ("error", "warning", "note")


class Place(NamedTuple):
    """Where a finding stands; line and column count from 1, 0 when there is none."""

    file: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of one check.

    Attributes:
        verb: What was done, such as ``lint``.
        findings: Everything that was noticed, in the order of files and lines.
        subjects: What was looked at: file names.
        texts: File name to text, to quote from.
        facts: Further numbers for the verdict line, such as ``{"packages verified": 2}``.
    """

    verb: str
    findings: Sequence[Finding]
    subjects: Sequence[str]
    texts: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, int] = field(default_factory=dict)

    @property
    def good(self) -> bool:
        """Whether nothing is an error."""
        return not any(finding.severity == "error" for finding in self.findings)

    def counts(self) -> dict[str, int]:
        """Number of findings for each severity."""
        seen = Counter(finding.severity for finding in self.findings)
        return {severity: seen[severity] for severity in SEVERITIES}

    def line(self) -> str:
        """The verdict in one line."""
        counts = self.counts()
        said = ", ".join(f"{count} {_plural(word, count)}" for word, count in counts.items() if count) or "no findings"
        facts = "".join(f"; {name}: {count}" for name, count in self.facts.items())
        subjects = f"{len(self.subjects)} {_plural('file', len(self.subjects))}"
        return f"{'good' if self.good else 'bad'}: {said} in {subjects}{facts}"


def place(finding: Finding) -> Place:
    """The file, line and column of a finding."""
    parts = finding.where.rsplit(":", 2)
    if len(parts) == 3 and parts[1].isdecimal() and parts[2].isdecimal():
        return Place(parts[0], int(parts[1]), int(parts[2]))
    return Place(finding.where, 0, 0)


def ordered(findings: Sequence[Finding]) -> list[Finding]:
    """Findings without repetitions, by file, line and column."""
    return sorted(dict.fromkeys(findings), key=lambda finding: (*place(finding), finding.rule))


def quoted(verdict: Verdict, finding: Finding) -> tuple[str, int]:
    """The line of text that a finding is about, or the part around it, and the column in that; or nothing and 0."""
    file, line, column = place(finding)
    rows = rows_of(verdict.texts.get(file, ""))
    if not 1 <= line <= len(rows):
        return "", 0
    start = max(column - 1 - LONGEST_QUOTE // 2, 0) if len(rows[line - 1]) > LONGEST_QUOTE else 0
    return rows[line - 1][start : start + LONGEST_QUOTE].rstrip("\r"), column - start


@lru_cache(maxsize=4)
def rows_of(text: str) -> list[str]:
    """The lines of a text; findings of one file follow each other."""
    return text.split("\n")


def _plural(word: str, count: int) -> str:
    return word if count == 1 else word + "s"
