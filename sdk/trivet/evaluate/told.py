"""A diagnosis in words."""

from __future__ import annotations

from trivet.evaluate.diagnose import Diagnosis
from trivet.evaluate.report import Report

_WORDS = {"wrong": "wrong", "under_represented": "under-represented", "no_evidence": "no evidence"}
_SHOWN = 20


def text(report: Report, found: Diagnosis) -> str:
    """A diagnosis for people."""
    kind = "simulated" if report.simulated else "recorded"
    origin = "measured" if found.measured else "assumed"
    rows = [
        f"{report.subject}, {report.question} ({kind}): {_share(found.error, found.low, found.high)} wrong"
        f" of {report.cases} cases, taught {report.trained}; learning exponent {found.exponent:.2f} ({origin})"
    ]
    for one in found.findings[:_SHOWN]:
        cell = one.cell
        error = cell.wrong / cell.cases if cell.cases else 0.0
        shown = f"{_share(error, one.low, one.high)} wrong of {cell.cases}" if cell.cases else "none judged"
        rows.append(
            f"  {_WORDS[one.kind]:<18} {cell.name}: {shown}; taught {cell.trained}, {cell.share:.0%} of the population"
        )
    if len(found.findings) > _SHOWN:
        rows.append(f"  and {len(found.findings) - _SHOWN} more")
    if not found.findings:
        return "\n".join([*rows, "  no region stands out"])
    rows.append("collect next")
    for place, want in enumerate(found.plan, 1):
        reason = "to know" if want.evidence else f"{100 * want.gain:.1f} fewer wrong in 100"
        rows.append(f"  {place}. {want.cases} of {want.cell.name}: {reason}")
    rows.append(f"  together {100 * found.gain:.1f} fewer wrong in 100 (regions overlap)")
    return "\n".join(rows)


def _share(error: float, low: float, high: float) -> str:
    return f"{error:.1%} [{low:.1%}, {high:.1%}]"
