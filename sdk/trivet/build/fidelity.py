"""Does the graph answer as the estimator did? On data, and where trees break: at thresholds and unknown values.

A label may flip only where the estimator's own two best scores are closer than
single precision can tell; such rows are counted as ties.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from trivet.build.assemble import FEATURES, OutputSpec
from trivet.build.blocks import Block, Forest, Ordered, finite, inner
from trivet.build.inputs import Inputs, Runner
from trivet.build.nodes import Graph
from trivet.errors import FidelityError
from trivet.runtime.session import Session
from trivet.signals import Float32s, Floats, Ints

TOLERANCE = 1e-5
"""Largest difference, as a share of the larger of 1 and the estimator's answer."""

TIE = 1e-6
"""Scores closer than this are equal in single precision."""

BASES = 64
"""Data rows that edge rows are made from."""

MOST_EDGES = 20_000


@dataclass(frozen=True, slots=True)
class Fidelity:
    """How a graph compared with the estimator that it was made from.

    Attributes:
        output: Name of the output.
        rows: Rows of data.
        edges: Rows made up around thresholds, extremes and unknown values.
        label_flips: Rows whose likeliest class differs.
        ties: Rows not counted as flips, because the estimator's own two best scores are equal.
        largest_error: Largest difference of a score.
    """

    output: str
    rows: int
    edges: int
    label_flips: int
    ties: int
    largest_error: float

    def to_tree(self) -> dict[str, Any]:
        """The JSON tree."""
        return asdict(self)


def check_block(name: str, estimator: Any, block: Block, x: Float32s, seed: int = 0) -> Fidelity:
    """Compares a block with its estimator, on data rows and edge rows.

    Args:
        name: Of the output.
        estimator: What the block was made from.
        block: Nodes under test.
        x: Feature rows ``(rows, features)``; NaN is not known.
        seed: Of the choice of edge rows.

    Raises:
        FidelityError: A label flips, a score is too far off, or the block answers where the estimator refuses to
            or the other way round.
    """
    g = Graph()
    width = len(block.features)
    scores = block.emit(g, finite(g, "x"))
    model = g.model([("x", ("batch", width))], {"scores": (scores, ("batch", block.width))})
    edges = edge_rows(block, x, seed)
    rows = np.concatenate([x, edges])
    made = Session(model, ["scores"]).run({"x": rows})[0]
    wanted = expected(estimator, block, rows)
    if (np.isnan(made) & ~np.isnan(wanted)).any():
        raise FidelityError("the graph withholds what the estimator says", where=name, hint="fill unknown features in")
    return _compared(name, wanted, made, len(x), len(edges))


def check_graph(
    runner: Runner, inputs: Inputs, outputs: Sequence[OutputSpec], estimators: Mapping[str, Any]
) -> list[Fidelity]:
    """Compares a whole graph, made with ``show_features``, with the estimators behind its outputs.

    Columns that the graph withholds are not compared.

    Raises:
        FidelityError: As ``check_block``.
    """
    made = runner.run(inputs)
    reports = []
    for spec in outputs:
        if spec.name in estimators:
            wanted = expected(estimators[spec.name], spec.block, made[FEATURES + spec.name])
            reports.append(_compared(spec.name, wanted, made[spec.name], len(inputs), 0))
    return reports


def expected(estimator: Any, block: Block, x: Float32s) -> Floats:
    """The estimator's own answer in the block's columns, ``(rows, width)``; NaN in rows that it refuses.

    It is asked in double precision: what single precision loses is the graph's error, not the estimator's.
    """
    known = np.where(np.isinf(x), np.nan, x.astype(np.float64))
    try:
        return _answers(estimator, block, known)
    except ValueError:
        whole = ~np.isnan(known).any(axis=1)
        answers = np.full((len(x), block.width), np.nan)
        if whole.any():
            answers[whole] = _answers(estimator, block, known[whole])
        return answers


def _answers(estimator: Any, block: Block, x: Floats) -> Floats:
    if hasattr(estimator, "predict_proba"):
        scores = np.asarray(estimator.predict_proba(x), np.float64)
        if not isinstance(block, Ordered):
            return scores[:, -block.width :]
        return np.stack([np.zeros(len(x)) if c is None else scores[:, c] for c in block.columns], axis=1)
    if hasattr(estimator, "score_samples"):
        return -np.asarray(estimator.score_samples(x), np.float64)[:, None]
    return np.asarray(estimator.predict(x), np.float64).reshape(len(x), -1)


def edge_rows(block: Block, x: Float32s, seed: int) -> Float32s:
    """Rows at, just below and just above thresholds, with NaN and infinities in each feature, and at the extremes."""
    rng = np.random.default_rng(seed)
    bases = x[rng.integers(0, len(x), min(BASES, len(x)))]
    every = np.arange(len(block.features))
    infinity = np.float32(np.inf)
    parts = [_replaced(bases, rng, every, np.full(len(every), value, np.float32)) for value in (infinity, -infinity)]
    parts += [_replaced(bases, rng, every, np.full(len(every), np.nan, np.float32)) for _ in range(4)]
    parts.append(np.full((1, len(every)), np.nan, np.float32))
    feature, exact = _splits(block, rng)
    with np.errstate(over="ignore"):
        sides = (exact, np.nextafter(exact, infinity), np.nextafter(exact, -infinity))
    parts += [_replaced(bases, rng, feature, values) for values in sides if len(values)]
    if not np.isnan(x).all(0).any():
        parts.append(np.stack([np.nanmin(x, 0), np.nanmax(x, 0)]))
    return np.concatenate(parts).astype(np.float32)


def _splits(block: Block, rng: np.random.Generator) -> tuple[Ints, Float32s]:
    """Features and thresholds of a block's trees, not too many; none for a block without trees."""
    found = [split for part in inner(block) if isinstance(part, Forest) for split in part.trees.thresholds()]
    splits = np.unique(np.array(found, np.float64).reshape(-1, 2), axis=0)
    if len(splits) * 3 > MOST_EDGES:
        splits = splits[rng.permutation(len(splits))[: MOST_EDGES // 3]]
    return splits[:, 0].astype(np.int64), splits[:, 1].astype(np.float32)


def _replaced(bases: Float32s, rng: np.random.Generator, feature: Any, values: Float32s) -> Float32s:
    rows = bases[rng.integers(0, len(bases), len(feature))].copy()
    rows[np.arange(len(feature)), feature] = values
    return rows


def _compared(name: str, wanted: Floats, made: Float32s, rows: int, edges: int) -> Fidelity:
    said = ~np.isnan(made)
    errors = np.where(said, np.abs(made - wanted), 0.0)
    excess = errors / np.where(said, np.maximum(1.0, np.abs(wanted)), 1.0)
    flipped, tied = _flips(np.where(said, wanted, -np.inf), np.where(said, made, -np.inf), said)
    report = Fidelity(name, rows, edges, int(flipped), int(tied), float(errors.max(initial=0.0)))
    if np.isnan(wanted[said]).any():
        raise FidelityError("the graph answers rows that the estimator refuses", where=name, hint=_UNKNOWN)
    if flipped or excess.max(initial=0.0) > TOLERANCE:
        raise FidelityError(
            f"the graph flips {flipped} of {len(made)} labels and is off by up to {report.largest_error:.3g}",
            where=name,
            hint="check how thresholds and unknown values are written",
        )
    return report


_UNKNOWN = "train it with unknown values in every feature, or put an imputer before it"


def _flips(wanted: Floats, made: Floats, said: Any) -> tuple[int, int]:
    """Rows whose best column differs, and those of them where the estimator is at a tie."""
    if wanted.shape[1] < 2:
        return 0, 0
    judged = np.flatnonzero(said.sum(1) > 1)
    wanted, made = wanted[judged], made[judged]
    best = made.argmax(1)
    differs = wanted.argmax(1) != best
    tied = differs & (wanted.max(1) - wanted[np.arange(len(wanted)), best] <= TIE)
    return int((differs & ~tied).sum()), int(tied.sum())
