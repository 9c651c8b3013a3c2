"""How long one device's prediction takes here, and whether that is within the budget.

A percentile is bounded as in MLPerf Inference (inference policies, appendix on
early stopping, confidence 0.99, tolerance 0), which also says from how many
samples it may be told: 11 for p50, 64 for p90, 662 for p99.
"""

from __future__ import annotations

import math
import os
import platform
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from trivet.runtime.admission import cpu_model
from trivet.runtime.model import Model
from trivet.window.windows import Windows

CONFIDENCE = 0.99
PERCENTILES = (50.0, 90.0, 99.0)


class Machine(NamedTuple):
    """The hardware that was measured."""

    architecture: str
    cpu: str
    cores: int


class Measured(NamedTuple):
    """One latency run.

    Attributes:
        samples: Number of timed predictions.
        percentiles: Percentile to its upper bound at 99 % confidence [s], or None from too few samples.
        worst: Slowest prediction [s].
    """

    samples: int
    percentiles: Mapping[float, float | None]
    worst: float


class Judgement(NamedTuple):
    """One budget row against one run; ``verdict`` is ``pass``, ``fail`` or ``undecided``."""

    row: Mapping[str, Any]
    verdict: str
    why: str


def this_machine() -> Machine:
    """The machine that this process runs on."""
    return Machine(platform.machine(), cpu_model(), os.cpu_count() or 1)


def measure(model: Model, windows: Sequence[Windows], count: int, warm_up: int, timer: Callable[[], int]) -> Measured:
    """Times ``predict`` on one device at a time, closed loop.

    Args:
        model: The model.
        windows: Batches of one row, used in turn.
        count: Timed predictions.
        warm_up: Predictions before the first timed one.
        timer: Monotonic nanoseconds.
    """
    state = model.initial_state(1)
    for number in range(warm_up):
        model.predict(windows[number % len(windows)], state)
    times = []
    for number in range(count):
        window = windows[number % len(windows)]
        start = timer()
        model.predict(window, state)
        times.append(timer() - start)
    times.sort()
    bounds = {p: _seconds(percentile_bound(times, p)) for p in PERCENTILES}
    return Measured(count, bounds, times[-1] * 1e-9)


def percentile_bound(ordered: Sequence[int], percentile: float) -> int | None:
    """Upper bound of a percentile at 99 % confidence, or None from too few samples.

    Discards the ``t - 1`` slowest for the largest ``t`` with ``P(Binomial(n, 1 - p) <= t) <= 0.01``
    and gives the slowest of the rest.
    """
    discard = _overlatency(len(ordered), percentile / 100)
    return ordered[-discard] if discard else None


def least_samples(percentile: float) -> int:
    """Fewest samples from which a percentile may be told."""
    n = 1
    while not _overlatency(n, percentile / 100):
        n += 1
    return n


def _overlatency(n: int, p: float) -> int:
    """Largest t from 1 with P(Binomial(n, 1 - p) <= t) <= 1 - confidence, or 0."""
    tail, t = 0.0, 0
    for k in range(n + 1):
        tail += math.exp(
            math.lgamma(n + 1)
            - math.lgamma(k + 1)
            - math.lgamma(n - k + 1)
            + k * math.log1p(-p)
            + (n - k) * math.log(p)
        )
        if tail > 1 - CONFIDENCE:
            break
        t = k
    return t


def judge(measured: Measured, budget: Sequence[Mapping[str, Any]], machine: Machine) -> list[Judgement]:
    """Every budget row against one run, the row of this machine's class first."""
    own = fitting_row(budget, machine)
    rows = sorted(budget, key=lambda row: row is not own)
    return [_judge(measured, row, machine, row is own) for row in rows]


def fitting_row(budget: Sequence[Mapping[str, Any]], machine: Machine) -> Mapping[str, Any] | None:
    """The most specific row for ``predict`` that fits a machine, or None."""
    fitting = [row for row in budget if row["stage"] == "predict" and _fits(row, machine)]
    return max(fitting, key=lambda r: (r["cpu"] != "*", r["architecture"] != "*", r["cores"]), default=None)


def _fits(row: Mapping[str, Any], machine: Machine) -> bool:
    return bool(
        row["architecture"] in ("*", machine.architecture)
        and row["cpu"] in ("*", machine.cpu)
        and row["cores"] <= machine.cores
    )


def _judge(measured: Measured, row: Mapping[str, Any], machine: Machine, own: bool) -> Judgement:
    if not _fits(row, machine):
        return Judgement(row, "undecided", "this machine is of another class")
    bound = measured.percentiles.get(row["percentile"])
    if bound is None:
        return Judgement(row, "undecided", f"{measured.samples} samples are too few for p{row['percentile']:g}")
    within = bound <= row["limit"]
    why = f"p{row['percentile']:g} {bound * 1e3:.3f} ms against {row['limit'] * 1e3:g} ms"
    return Judgement(row, "pass" if within else "fail", why if own else f"{why}; a more specific row decides")


def _seconds(nanoseconds: int | None) -> float | None:
    return None if nanoseconds is None else nanoseconds * 1e-9
