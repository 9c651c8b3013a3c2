"""From a feature list, blocks and estimators to a package."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from trivet.build.assemble import FEATURES, OutputSpec, assemble
from trivet.build.baseline import fields
from trivet.build.features import FeatureList
from trivet.build.fidelity import check_block, check_graph
from trivet.build.golden import Recorded
from trivet.build.inputs import Inputs, Runner
from trivet.build.seal import Draft, seal
from trivet.errors import DocumentError, FidelityError
from trivet.interface.document import Interface
from trivet.interface.load import load
from trivet.package.manifest import OutputPort, State


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """What a package is made of.

    Attributes:
        name: Kebab-case package name.
        version: Semantic version of the package.
        interface: The interface document's tree, as written.
        window: The one window that it serves.
        features: Columns, context and features.
        outputs: What each output is made of, in the manifest's order.
        samples: Windows for fidelity, gates and golden vectors; some hundreds, unseen in training.
        estimators: Output name to the fitted estimator that its block was made from.
        recorded: Readings for the first golden layer.
        evidence: Name to JSON tree; ``data`` and ``training`` at least.
        budget: Rows that tighten the interface's; None takes the interface's own.
    """

    name: str
    version: str
    interface: Mapping[str, Any]
    window: str
    features: FeatureList
    outputs: tuple[OutputSpec, ...]
    samples: Inputs
    estimators: Mapping[str, Any] = field(default_factory=dict)
    recorded: Sequence[Recorded] = ()
    evidence: Mapping[str, Any] = field(default_factory=dict)
    budget: Sequence[Mapping[str, Any]] | None = None


def pack(spec: Spec) -> bytes:
    """The unsigned package; the same specification gives the same bytes.

    Raises:
        DocumentError: The specification does not fit its interface.
        FidelityError: The graph does not answer as its estimators do.
        GraphError: The graph breaks its contract or a gate.
    """
    interface = load(dict(spec.interface), Interface, where="interface")
    check_features(spec.features, interface, spec.window)
    model = assemble(interface, spec.features, spec.outputs)
    memory = fields(spec.features)
    fidelity = check_fidelity(interface, spec, len(memory))
    return seal(
        Draft(
            name=spec.name,
            version=spec.version,
            interface=spec.interface,
            window=spec.window,
            columns=spec.features.columns,
            context=spec.features.context,
            outputs=tuple(OutputPort(output.name, output.classes) for output in spec.outputs),
            state=State(spec.features.baseline.layout, memory) if memory else None,
            model=model,
            features=spec.features.to_tree(),
            samples=spec.samples,
            recorded=spec.recorded,
            evidence={**spec.evidence, "fidelity": fidelity},
            budget=spec.budget,
        )
    )


def check_features(features: FeatureList, interface: Interface, window: str) -> None:
    """Refuses a feature list that was made for another frame, window or baseline.

    Raises:
        DocumentError: It was.
    """
    where = "features.json"
    if window not in interface.windows:
        raise DocumentError(f"the interface has no window {window!r}", where=where)
    if features.frame != interface.frame:
        raise DocumentError(f"frames are {features.frame} s, and {interface.frame} s in the interface", where=where)
    if features.length != interface.windows[window].length:
        raise DocumentError(f"windows are {features.length} frames, the interface has another length", where=where)
    promised = [output.baseline for output in interface.outputs.values() if output.window == window]
    if fields(features) and features.baseline.windows > max(promised, default=0):
        raise DocumentError(
            f"the baseline takes {features.baseline.windows} windows and the interface promises {max(promised)}",
            where=where,
        )


def check_fidelity(interface: Interface, spec: Spec, memory: int) -> dict[str, Any]:
    """Compares blocks and the whole graph with the estimators; gives the evidence.

    Raises:
        FidelityError: A label flips, or a score is too far off.
    """
    known = {output.name: output for output in spec.outputs}
    if strange := sorted(spec.estimators.keys() - known.keys()):
        raise FidelityError("an estimator is named for an output that is not there", where=strange[0])
    shown = assemble(interface, spec.features, spec.outputs, show_features=True)
    names = [*known, *(FEATURES + name for name in known)]
    runner = Runner(shown, names)
    inputs = spec.samples.with_state(memory)
    whole = check_graph(runner, inputs, spec.outputs, spec.estimators)
    rows = runner.run(inputs)
    alone = [
        check_block(name, estimator, known[name].block, rows[FEATURES + name])
        for name, estimator in spec.estimators.items()
    ]
    return {"graph": [report.to_tree() for report in whole], "blocks": [report.to_tree() for report in alone]}
