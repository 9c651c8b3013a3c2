"""Vetoes: reasons against acting on an advice, read off the window itself.

A veto never changes a number. What a window of some minutes cannot prove is
decided towards leaving the appliance alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trivet.interface.columns import codes, columns
from trivet.interface.document import Guard as Rule
from trivet.interface.document import Interface
from trivet.package.manifest import Manifest
from trivet.runtime.guard import Verdict
from trivet.window.windows import Windows

if TYPE_CHECKING:
    from trivet.signals import Float32s


@dataclass(frozen=True, slots=True)
class Veto:
    """One veto rule, compiled.

    Attributes:
        reason: Name of the check.
        column: Column that it looks at.
        outputs: Outputs that it stands before.
        holds: Known values of the column, oldest first, to whether the veto holds.
    """

    reason: str
    column: int
    outputs: tuple[str, ...]
    holds: Callable[[Float32s], bool]


class Vetoes:
    """The vetoes of one package; empty (false) when it has none of its columns."""

    def __init__(self, interface: Interface, manifest: Manifest) -> None:
        names = tuple(port.name for port in manifest.outputs)
        rules = [rule for rule in interface.guards if rule.action == "veto"]
        self._vetoes = [
            Veto(
                rule.check, manifest.columns.index(column), tuple(o for o in rule.outputs or names if o in names), check
            )
            for rule in rules
            for column in (rule.signals or ("active_power",))
            if column in manifest.columns
            for check in [_check(rule, column, interface)]
        ]

    def __bool__(self) -> bool:
        return bool(self._vetoes)

    def apply(self, windows: Windows, verdicts: list[Verdict]) -> list[Verdict]:
        """The verdicts with the vetoes that hold on each row."""
        return [self._row(windows.values[row], verdict) for row, verdict in enumerate(verdicts)]

    def _row(self, window: Float32s, verdict: Verdict) -> Verdict:
        found: dict[str, tuple[str, ...]] = {}
        for veto in self._vetoes:
            values = window[:, veto.column]
            known = values[~np.isnan(values)]
            if len(known) and veto.holds(known):
                for output in veto.outputs:
                    found[output] = (*found.get(output, ()), veto.reason)
        return verdict._replace(vetoes=found) if found else verdict


def _check(rule: Rule, column: str, interface: Interface) -> Callable[[Float32s], bool]:
    makers: Mapping[str, Callable[[Rule, str, Interface], Callable[[Float32s], bool]]] = {
        "running_programme": _running_programme,
        "hot_holding": _hot_holding,
        "lethality": _lethality,
        "ramp": _ramp,
        "switching": _switching,
    }
    return makers[rule.check](rule, column, interface)


def _running_programme(rule: Rule, column: str, interface: Interface) -> Callable[[Float32s], bool]:
    """A programme in one of the named states is never interrupted."""
    running = {codes(columns(interface)[column])[state] for state in rule.states}
    return lambda known: float(known[-1]) in running


def _hot_holding(rule: Rule, _column: str, _interface: Interface) -> Callable[[Float32s], bool]:
    """Food held hot, above the limit and no longer rising, is not let cool."""
    limit = rule.limit or 0.0
    return lambda known: bool(known[-1] >= limit)


def _lethality(rule: Rule, _column: str, interface: Interface) -> Callable[[Float32s], bool]:
    """Food that is warming has not had its pasteurisation time within this window.

    ``P = sum 10**((T - reference) / z) dt`` with one z below the reference and another above it.
    Cold food is not being cooked, so the veto starts 30 K below the reference.
    """
    reference = rule.parameters["reference"]
    below, above = rule.parameters["z_below"], rule.parameters["z_above"]
    needed, step = rule.limit or 0.0, interface.frame

    def holds(known: Float32s) -> bool:
        if known[-1] < reference - 30:
            return False
        distance = known - reference
        return bool((10 ** (distance / np.where(distance < 0, below, above))).sum() * step < needed)

    return holds


def _ramp(rule: Rule, _column: str, interface: Interface) -> Callable[[Float32s], bool]:
    """A temperature that already changes faster than the limit [K/s] is left alone."""
    limit, step = rule.limit or 0.0, interface.frame
    return lambda known: bool(len(known) > 1 and abs(known[-1] - known[-2]) > limit * step)


def _switching(rule: Rule, _column: str, interface: Interface) -> Callable[[Float32s], bool]:
    """More than ``limit`` switchings within ``seconds``, in proportion to the window's own length."""
    limit, seconds, step = rule.limit or 0.0, rule.parameters["seconds"], interface.frame

    def holds(known: Float32s) -> bool:
        on = known > 0.5 * known.max() if known.max() > 0 else known > 0
        return bool((on[1:] != on[:-1]).sum() > max(1.0, limit * len(known) * step / seconds))

    return holds
