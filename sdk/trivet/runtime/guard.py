"""The guard: what must hold of a window and of its outputs before anybody is told a number.

Three steps: before the model (needs, missing, stale, Bad, cut windows), after it
(not finite, out of range), then per output (novelty, learning). The first
reason is reported, all are listed. No pattern of missing values lets an output
through when none of its sets of needs is known well enough.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from trivet.interface.document import Interface
from trivet.package.manifest import Manifest

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trivet.signals import Float32s

    Flags = NDArray[np.bool_]

Sets = tuple[tuple[int, ...], ...]
NOTHING: Mapping[str, Any] = MappingProxyType({})
REFUSED_FLAGS = ("interrupted", "joined_late")


class Belief(NamedTuple):
    """What must hold of the numbers of one output that was not withheld before the model.

    Attributes:
        output: Output name.
        numbers: Which of its numbers are told; None is all of them.
        low: Least believable number.
        high: Largest believable number.
    """

    output: str
    numbers: tuple[int, ...] | None
    low: float
    high: float


class Verdict(NamedTuple):
    """What the guard says about one row.

    Attributes:
        reasons: Withheld output to its reasons, in the order found.
        classes: Output to its classes that are withheld alone, each with a reason.
        vetoes: Output to the vetoes against acting on it.
        accepted: Whether the window may advance the model's memory.
        beliefs: What is still to be held against the outputs.
    """

    reasons: Mapping[str, tuple[str, ...]] = NOTHING
    classes: Mapping[str, Mapping[str, str]] = NOTHING
    vetoes: Mapping[str, tuple[str, ...]] = NOTHING
    accepted: bool = True
    beliefs: tuple[Belief, ...] = ()


class Loss(NamedTuple):
    """What one window lost, as the guard looks at it.

    Attributes:
        fitted: Whether a point is bound to each column.
        lost: Reason word for each column that lost more frames than allowed, or empty text.
        flags: Flags of the window that withhold it whole.
    """

    fitted: tuple[bool, ...]
    lost: tuple[str, ...]
    flags: tuple[str, ...]


class Guard:
    """The guards of one package, compiled to column numbers.

    Verdicts over needs depend only on which columns are fitted and which lost too
    much, so each pattern is judged once and remembered (``PATTERNS`` of them at most).
    """

    PATTERNS = 4096

    def __init__(self, interface: Interface, manifest: Manifest) -> None:
        self.window = interface.windows[manifest.window]
        self.ports = {port.name: port.classes for port in manifest.outputs}
        self._numbers = {name: number for number, name in enumerate(manifest.columns)}
        self._needs = {name: self._sets(interface, name, None) for name in self.ports}
        self._class_needs = {
            name: {cls: self._sets(interface, name, cls) for cls in classes} for name, classes in self.ports.items()
        }
        self._ranges = {name: interface.outputs[name].range for name in self.ports}
        self.novelty = _novelty(interface, self.ports)
        self._novel_outputs = _guarded(interface, "novelty_above", self.ports) - {
            self.novelty[0] if self.novelty else ""
        }
        self.baselines = {
            name: interface.outputs[name].baseline for name in self.ports if interface.outputs[name].baseline
        }
        self._cache: dict[Loss, Verdict] = {}
        self._nothing_lost = ("",) * len(manifest.columns)

    def before(
        self,
        fitted: tuple[bool, ...],
        missing: Sequence[int],
        stale: Sequence[int],
        bad: Sequence[int],
        frames: int,
        flags: tuple[str, ...],
    ) -> Verdict:
        """What the window alone forbids; arguments are one row of ``Windows``."""
        lost = self._lost(missing, stale, bad, frames) if any(missing) else self._nothing_lost
        refused = tuple(flag for flag in flags if self._refuses(flag)) if flags else ()
        return self.judge(Loss(fitted, lost, refused))

    def judge(self, loss: Loss) -> Verdict:
        """The verdict over one pattern of loss."""
        verdict = self._cache.get(loss)
        if verdict is None:
            if len(self._cache) >= self.PATTERNS:
                self._cache.clear()
            verdict = self._cache[loss] = self._judge(loss)
        return verdict

    def after(self, verdict: Verdict, raw: Mapping[str, Sequence[float]], learned: float | None) -> Verdict:
        """What the outputs themselves forbid on top.

        Args:
            verdict: What ``before`` said.
            raw: Output name to one row of numbers.
            learned: Accepted windows so far, or None when the model has no memory.
        """
        wrong = [(b.output, why) for b in verdict.beliefs if (why := _unbelievable(b, raw[b.output]))]
        if not wrong and verdict.accepted and self._familiar(verdict, raw) and self._taught(learned):
            return verdict
        reasons = dict(verdict.reasons)
        for name, why in wrong:
            reasons[name] = (why,)
        self._add_novelty(reasons, raw)
        if learned is not None:
            self._add_learning(reasons, learned)
        accepted = verdict.accepted and (self.novelty is None or self.novelty[0] not in reasons)
        accepted = accepted and not any("novelty" in reasons.get(name, ()) for name in self._novel_outputs)
        return Verdict(reasons, verdict.classes, verdict.vetoes, accepted, verdict.beliefs)

    def plain(self, verdict: Verdict, raw: Mapping[str, Float32s], learned: Float32s | None) -> Flags:
        """Rows, all with this verdict from ``before``, that ``after`` would leave as they are.

        Args:
            verdict: What ``before`` said about each of them.
            raw: Output name to float32 ``(rows, n)``.
            learned: Accepted windows so far, float32 ``(rows,)``, or None.
        """
        rows = len(next(iter(raw.values())))
        if not verdict.accepted or (self.novelty and self.novelty[0] in verdict.reasons):
            return np.zeros(rows, np.bool_)
        good = np.ones(rows, np.bool_)
        for belief in verdict.beliefs:
            told = raw[belief.output] if belief.numbers is None else raw[belief.output][:, belief.numbers]
            good &= np.isfinite(told).all(axis=1)
            good &= ((told >= belief.low) & (told <= belief.high)).all(axis=1)
        if self.novelty:
            good &= raw[self.novelty[0]][:, 0] <= self.novelty[1]
        if learned is not None and self.baselines:
            good &= learned >= max(self.baselines.values())
        return good

    def _familiar(self, verdict: Verdict, raw: Mapping[str, Sequence[float]]) -> bool:
        if self.novelty is None:
            return True
        name, limit = self.novelty
        return name not in verdict.reasons and raw[name][0] <= limit

    def _taught(self, learned: float | None) -> bool:
        return learned is None or all(learned >= baseline for baseline in self.baselines.values())

    def _add_novelty(self, reasons: dict[str, tuple[str, ...]], raw: Mapping[str, Sequence[float]]) -> None:
        """Withholds what may not be said about a window unlike the known ones, or of unknown likeness."""
        if self.novelty is None:
            return
        name, limit = self.novelty
        reason = "novelty" if raw[name][0] > limit else reasons.get(name, ("",))[0]
        if not reason:
            return
        for output in self._novel_outputs:
            if reason not in reasons.get(output, ()):
                reasons[output] = (*reasons.get(output, ()), reason)

    def _add_learning(self, reasons: dict[str, tuple[str, ...]], learned: float) -> None:
        for name, baseline in self.baselines.items():
            if learned < baseline:
                reasons[name] = (*reasons.get(name, ()), f"learning {int(learned)}/{baseline}")

    def _judge(self, loss: Loss) -> Verdict:
        reasons: dict[str, tuple[str, ...]] = {}
        classes: dict[str, dict[str, str]] = {}
        for name in self.ports:
            found = (*loss.flags, *_unmet(self._needs[name], loss))
            alone = {cls: unmet[0] for cls, sets in self._class_needs[name].items() if (unmet := _unmet(sets, loss))}
            if not found and alone and len(alone) == len(self.ports[name]):
                found = (next(iter(alone.values())),)
            if found:
                reasons[name] = found
            elif alone:
                classes[name] = alone
        beliefs = tuple(self._belief(name, classes.get(name, {})) for name in self.ports if name not in reasons)
        return Verdict(reasons, classes, {}, not loss.flags and len(reasons) < len(self.ports), beliefs)

    def _belief(self, name: str, withheld: Mapping[str, str]) -> Belief:
        told = tuple(n for n, cls in enumerate(self.ports[name]) if cls not in withheld) if withheld else None
        low, high = self._ranges[name] or (-math.inf, math.inf)
        return Belief(name, told, low, high)

    def _lost(self, missing: Sequence[int], stale: Sequence[int], bad: Sequence[int], frames: int) -> tuple[str, ...]:
        allowed = self.window.max_missing * frames
        return tuple(
            "" if m <= allowed else "bad" if b >= s and 2 * b >= m else "stale" if 2 * s >= m else "missing"
            for m, s, b in zip(missing, stale, bad, strict=True)
        )

    def _refuses(self, flag: str) -> bool:
        return flag in REFUSED_FLAGS or (flag == "overlong" and self.window.overlong == "withhold")

    def _sets(self, interface: Interface, output: str, cls: str | None) -> Sets:
        """Sets of column numbers; a set that names a column outside the package can never be met."""
        named = interface.needs(output, cls)
        return tuple(tuple(self._numbers.get(column, -1) for column in group) for group in named)


def _unbelievable(belief: Belief, numbers: Sequence[float]) -> str:
    """Why the numbers of an output are not told, or nothing; a sum is finite only where each term is."""
    told = numbers if belief.numbers is None else [numbers[n] for n in belief.numbers]
    if not math.isfinite(sum(told)):
        return "not_finite"
    return "" if belief.low <= min(told) and max(told) <= belief.high else "out_of_range"


def _unmet(sets: Sets, loss: Loss) -> tuple[str, ...]:
    """Why no set of needs is met, or nothing when one is, or when there are none."""
    if not sets or any(all(n >= 0 and loss.fitted[n] and not loss.lost[n] for n in group) for group in sets):
        return ()
    fitted = [group for group in sets if all(n >= 0 and loss.fitted[n] for n in group)]
    return tuple(dict.fromkeys(loss.lost[n] for n in fitted[0] if loss.lost[n])) if fitted else ("not_fitted",)


def _novelty(interface: Interface, ports: Mapping[str, object]) -> tuple[str, float] | None:
    for name in ports:
        spec = interface.outputs[name]
        if spec.kind == "novelty" and spec.limit is not None:
            return name, spec.limit
    return None


def _guarded(interface: Interface, check: str, ports: Mapping[str, object]) -> set[str]:
    named: set[str] = set()
    for guard in interface.guards:
        if guard.check == check:
            named |= set(guard.outputs or ports)
    return named & set(ports)
