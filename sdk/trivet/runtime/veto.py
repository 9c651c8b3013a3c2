"""Vetoes: reasons against acting on an advice, read off the window itself.

A veto never changes a number. What a window of some minutes cannot prove is
decided towards leaving the appliance alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from trivet.interface.columns import codes, columns
from trivet.interface.document import Guard as Rule
from trivet.interface.document import Interface
from trivet.package.manifest import Manifest
from trivet.runtime.guard import Verdict
from trivet.signals import Float32s
from trivet.window.windows import Windows

Holds = Callable[[Float32s], list[int]]


class Veto(NamedTuple):
    """One veto rule, compiled.

    Attributes:
        reason: Name of the check.
        column: Column that it looks at.
        outputs: Outputs that it stands before.
        holds: The column in a batch of windows, float32 ``(batch, length)``, to the rows where the veto holds.
            It looks at single numbers as plain floats: for one device an array costs more than the question.
    """

    reason: str
    column: int
    outputs: tuple[str, ...]
    holds: Holds


class Vetoes:
    """The vetoes of one package; empty (false) when it has none of its columns."""

    def __init__(self, interface: Interface, manifest: Manifest) -> None:
        names = tuple(port.name for port in manifest.outputs)
        rules = [rule for rule in interface.guards if rule.action == "veto"]
        self._vetoes = [
            Veto(rule.check, manifest.columns.index(column), _outputs(rule, names), CHECKS[rule.check](rule, interface))
            for rule in rules
            for column in (rule.signals or ("active_power",))
            if column in manifest.columns
        ]

    def __bool__(self) -> bool:
        return bool(self._vetoes)

    def apply(self, windows: Windows, verdicts: list[Verdict]) -> list[Verdict]:
        """The verdicts with the vetoes that hold on each row."""
        found: dict[int, list[Veto]] = {}
        for veto in self._vetoes:
            if not any(fitted[veto.column] for fitted in windows.fitted):
                continue
            for row in veto.holds(windows.values[:, :, veto.column]):
                found.setdefault(row, []).append(veto)
        for row, vetoes in found.items():
            verdicts[row] = verdicts[row]._replace(vetoes=_by_output(vetoes))
        return verdicts


def _outputs(rule: Rule, names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(output for output in rule.outputs or names if output in names)


def _by_output(vetoes: list[Veto]) -> dict[str, tuple[str, ...]]:
    outputs = dict.fromkeys(output for veto in vetoes for output in veto.outputs)
    return {output: tuple(veto.reason for veto in vetoes if output in veto.outputs) for output in outputs}


def last_known(values: Float32s) -> list[float]:
    """The newest number of each row of ``(batch, length)``, NaN where there is none."""
    newest: list[float] = values[:, -1].tolist()
    if any(map(math.isnan, newest)):
        place = values.shape[1] - 1 - (values == values)[:, ::-1].argmax(axis=1)
        newest = values[np.arange(len(values)), place].tolist()
    return newest


def _running_programme(rule: Rule, interface: Interface) -> Holds:
    """A programme in one of the named states is never interrupted."""
    table = codes(columns(interface)[rule.signals[0]])
    running = {table[state] for state in rule.states}
    return lambda values: [row for row, mode in enumerate(last_known(values)) if mode in running]


def _hot_holding(rule: Rule, _interface: Interface) -> Holds:
    """Food held hot, at the limit (as a window can hold it) or above, is not let cool."""
    limit = float(np.float32(rule.limit or 0.0))
    return lambda values: [row for row, newest in enumerate(last_known(values)) if newest >= limit]


def _lethality(rule: Rule, interface: Interface) -> Holds:
    """Food that is warming has not had its pasteurisation time within this window.

    ``P = sum 10**((T - reference) / z) dt`` with one z below the reference and another above it.
    Cold food is not being cooked, so the veto starts 30 K below the reference.
    """
    reference = rule.parameters["reference"]
    below, above = rule.parameters["z_below"], rule.parameters["z_above"]
    needed, step = rule.limit or 0.0, interface.frame

    def holds(values: Float32s) -> list[int]:
        warm = [row for row, newest in enumerate(last_known(values)) if newest >= reference - 30]
        if not warm:
            return warm
        distance = values[warm] - reference
        lethal = np.nansum(10 ** (distance / np.where(distance < 0, below, above)), axis=1) * step
        return [row for row, had in zip(warm, lethal.tolist(), strict=True) if had < needed]

    return holds


def _ramp(rule: Rule, interface: Interface) -> Holds:
    """A temperature that already changes faster than the limit [K/s] is left alone."""
    fastest = (rule.limit or 0.0) * interface.frame
    return lambda values: [row for row, last in enumerate(values[:, -2:].tolist()) if abs(last[-1] - last[0]) > fastest]


def _switching(rule: Rule, interface: Interface) -> Holds:
    """More than ``limit`` switchings within ``seconds``, in proportion to the window's length, and more than one."""
    limit, seconds, step = rule.limit or 0.0, rule.parameters["seconds"], interface.frame

    def holds(values: Float32s) -> list[int]:
        on = values > 0.5 * np.fmax.reduce(values, axis=1, keepdims=True)
        most = max(1.0, limit * values.shape[1] * step / seconds)
        switched = np.add.reduce(on[:, 1:] != on[:, :-1], axis=1).tolist()
        return [row for row, times in enumerate(switched) if times > most]

    return holds


CHECKS: Mapping[str, Callable[[Rule, Interface], Holds]] = {
    "running_programme": _running_programme,
    "hot_holding": _hot_holding,
    "lethality": _lethality,
    "ramp": _ramp,
    "switching": _switching,
}
