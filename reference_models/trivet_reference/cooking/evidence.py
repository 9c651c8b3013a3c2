"""What is known about the cooking model before it is packed: data, training, fidelity, figures on unseen plants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy
import numpy as np
import sklearn

from trivet.build.assemble import FEATURES, OutputSpec, assemble
from trivet.build.blocks import Forest
from trivet.build.features import FeatureList
from trivet.build.fidelity import TOLERANCE, check_block
from trivet.build.forests import ensemble
from trivet.build.inputs import Inputs, Runner
from trivet.errors import FidelityError
from trivet.interface.document import Interface
from trivet.signals import Float32s, Floats, Ints
from trivet_reference.cooking.actions import ACTIONS, HORIZON, NEAR
from trivet_reference.cooking.block import Corrected
from trivet_reference.cooking.data import ERRORS, PATTERNS, Samples

DRAWS = 1000

NOTE = "Simulated only. Not validated on commercial ovens."


def cooking_evidence(seed: int, plants: Mapping[str, int], rows: int) -> dict[str, Any]:
    """Data inventory and training provenance."""
    data = {
        "kind": "simulated",
        "source": "trivet_reference.plant.oven: combi ovens, and pots of water",
        "plants": dict(plants),
        "seed": seed,
        "rows": rows,
        "errors_of_thermal_constants": ERRORS,
        "targets": f"each action followed for {HORIZON} s and until the set-point by the plant's own equations",
        "hold": f"ready at once within {NEAR:g} K of the set-point",
        "calibration": "published idle limits and orders of magnitude; no recorded data is in the training set",
        "personal_data": "none",
        "note": NOTE,
    }
    training = {
        "command": "python -m trivet_reference.train",
        "method": "one thermal node; histogram gradient boosting of what it is wrong by; robust distances for novelty",
        "numpy": numpy.__version__,
        "scikit_learn": sklearn.__version__,
        "split": "by plant; the plants of the evaluation are drawn from another seed",
    }
    return {"data": data, "training": training}


def check_correction(
    interface: Interface,
    features: FeatureList,
    outputs: Sequence[OutputSpec],
    estimators: Mapping[str, Mapping[str, Any]],
    samples: Inputs,
) -> list[dict[str, Any]]:
    """Compares corrected outputs with their estimators: trees alone at every threshold, then the whole graph.

    Raises:
        FidelityError: A number is too far off.
    """
    shown = assemble(interface, features, outputs, show_features=True)
    made = Runner(shown, [*estimators, *(FEATURES + name for name in estimators)]).run(samples)
    reports = []
    for spec in outputs:
        if not isinstance(spec.block, Corrected):
            continue
        block, x = spec.block, made[FEATURES + spec.name]
        remarks = x[:, -len(block.remarks) :]
        for action, estimator in estimators[spec.name].items():
            forest = Forest(block.remarks, ensemble(estimator), "identity")
            reports.append(check_block(f"{spec.name}.{action}", estimator, forest, remarks).to_tree())
        said = np.stack([estimators[spec.name][action].predict(remarks) for action in ACTIONS], axis=1)
        reports.append(_whole(spec.name, block.value(x.astype(np.float64), said), made[spec.name]))
    return reports


def _whole(name: str, wanted: Floats, made: Float32s) -> dict[str, Any]:
    """The report over one output of the graph."""
    unlike = np.isnan(wanted) != np.isnan(made)
    excess = np.nan_to_num(np.abs(made - wanted) / np.maximum(1.0, np.abs(wanted)))
    if unlike.any() or excess.max(initial=0.0) > TOLERANCE:
        raise FidelityError(f"the graph is off by up to {excess.max():.3g}, or withholds something else", where=name)
    return {"output": name, "rows": len(made), "largest_share": float(excess.max(initial=0.0))}


def figures(
    interface: Interface, features: FeatureList, outputs: Sequence[OutputSpec], judged: Samples
) -> dict[str, Any]:
    """Errors on simulated plants that nobody learnt from, with the thermal node alone beside them."""
    shown = assemble(interface, features, outputs, show_features=True)
    truths = {"time_to_ready": judged.ready, "energy": judged.energy}
    runner = Runner(shown, ["novelty", *truths, *(FEATURES + name for name in truths)])
    kinds = {"ovens": judged.idle & ~judged.pot, "pots": judged.idle & judged.pot}
    tables: dict[str, Any] = {"kind": "simulated", "plants": len(np.unique(judged.plant)), "note": NOTE}
    for pattern in PATTERNS:
        made = runner.run(judged.inputs(pattern))
        tables[pattern] = {"called_novel": round(float((made["novelty"][:, 0] > 1).mean()), 4)}
        for kind, rows in kinds.items():
            answers = {name: (of[rows], made[name][rows], made[FEATURES + name][rows]) for name, of in truths.items()}
            tables[pattern][kind] = {name: _table(*answer, judged.plant[rows]) for name, answer in answers.items()}
    return tables


def _table(truth: Floats, model: Float32s, node: Float32s, plant: Ints) -> dict[str, Any]:
    """Action by action: mean of the truth, mean absolute errors of model and node, share of rows left unsaid."""
    table = {}
    for n, action in enumerate(ACTIONS):
        said = ~np.isnan(model[:, n])
        errors, plain = (np.abs(of[said, n] - truth[said, n]) for of in (model, node))
        low, high = _interval(errors, plant[said])
        table[action] = {
            "mean": round(float(truth[said, n].mean()), 1),
            "model": round(float(errors.mean()), 1),
            "model_95": [low, high],
            "node": round(float(plain.mean()), 1),
            "unsaid": round(1 - float(said.mean()), 4),
        }
    return table


def _interval(errors: Floats, plant: Ints) -> tuple[float, float]:
    """95 % interval of a mean error, from plants drawn again and again."""
    numbers, of = np.unique(plant, return_inverse=True)
    total, count = np.bincount(of, errors), np.bincount(of)
    drawn = np.random.default_rng(0).integers(0, len(numbers), (DRAWS, len(numbers)))
    means = total[drawn].sum(axis=1) / count[drawn].sum(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return round(float(low), 1), round(float(high), 1)
