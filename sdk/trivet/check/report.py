"""A comparison, with whom it reaches, as a verdict."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from trivet.check.affected import affected
from trivet.check.approvals import Approved
from trivet.check.breaking import Comparison, judged
from trivet.check.folder import documents_in, packages_in
from trivet.check.verdict import Verdict


def told(
    comparison: Comparison,
    level: str,
    approved: Approved | None,
    today: date,
    *,
    strict: bool = False,
    folder: str | None = None,
) -> Verdict:
    """The verdict over one comparison.

    Args:
        comparison: What changed.
        level: Breaks of this level and of those after it count.
        approved: Approvals, or None.
        today: The day on which approvals must still hold.
        strict: Whether 0.x counts too.
        folder: Where to look for devices and packages that the change reaches, or None.

    Raises:
        DocumentError: The folder cannot be read.
    """
    findings = list(judged(comparison, level, approved, today, strict=strict))
    if folder is not None:
        findings += affected(comparison, documents_in(Path(folder)), packages_in(Path(folder)))
    facts = {"changes": len(comparison.changes)}
    new = comparison.new
    return Verdict("breaking", findings, [new.where], {new.where: new.text}, facts)
