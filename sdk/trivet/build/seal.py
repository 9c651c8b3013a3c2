"""The last step of packing: every gate, golden vectors, manifest, bytes.

What comes here may be a graph of ours or anybody's; the gates are the same.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from trivet import canonical
from trivet.build.gates import check_batches, check_unknown
from trivet.build.golden import Recorded, vectors
from trivet.build.inputs import Inputs, Runner
from trivet.build.provenance import sealed
from trivet.errors import DocumentError
from trivet.interface.columns import columns as columns_of
from trivet.interface.digest import document_digest, semantic_digest
from trivet.interface.document import Interface
from trivet.interface.load import load
from trivet.package.archive import read, write
from trivet.package.graph import check_contract, walk
from trivet.package.manifest import FORMAT, InterfaceIdentity, Manifest, OutputPort, State
from trivet.package.provenance import MEMBER, NAME
from trivet.runtime.admission import make
from trivet.runtime.golden import check_all
from trivet.runtime.model import LEARNED, Model

EVIDENCE = ("data", "training")
"""Evidence that every package must bring: an inventory of the data, and how training was done."""

LEAST_RUN, LONGEST_RUN = 16, 64
"""Least and most windows in the golden run of one machine's memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """Everything that goes into a package, not yet checked.

    Attributes:
        interface: The interface document's tree, as written.
        columns: In tensor order.
        context: In tensor order: ``frames``, ``elapsed``, then parameters.
        outputs: In the manifest's order.
        state: The model's memory, or None.
        model: Bytes of the ONNX graph.
        features: Tree of the feature list.
        samples: Windows to try the model with; those for golden vectors are taken from the first ones.
        recorded: Readings for the first golden layer.
        evidence: Name to JSON tree; ``provenance`` is a predicate, of which a statement is made.
        budget: Rows that tighten the interface's; None takes the interface's own.
        extra: Further keys of the manifest.
    """

    name: str
    version: str
    interface: Mapping[str, Any]
    window: str
    columns: tuple[str, ...]
    context: tuple[str, ...]
    outputs: tuple[OutputPort, ...]
    state: State | None
    model: bytes
    features: Mapping[str, Any]
    samples: Inputs
    recorded: Sequence[Recorded] = ()
    evidence: Mapping[str, Any] = field(default_factory=dict)
    budget: Sequence[Mapping[str, Any]] | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


def seal(draft: Draft) -> bytes:
    """The unsigned package; equal drafts give equal bytes.

    Raises:
        DocumentError: The draft does not fit its interface.
        GraphError: The graph breaks its contract or a gate.
        FormatError: A name, version or number may not stand in a manifest.
    """
    interface = load(_json(draft.interface), Interface, where="interface")
    check_draft(draft, interface)
    manifest = _manifest(draft, interface)
    facts = walk(draft.model)
    manifest = manifest._replace(opset=facts.opset)
    check_contract(facts, manifest)
    inputs = draft.samples.with_state(len(draft.state.fields) if draft.state else 0)
    runner = Runner(draft.model, [*(port.name for port in draft.outputs), *(["next_state"] if draft.state else [])])
    rows, patterns = check_batches(runner, inputs), check_unknown(runner, inputs, interface, manifest)
    model = Model(manifest, interface, draft.model, "0" * 64, None)
    golden = vectors(model, draft.model, inputs, draft.recorded, _run_length(interface, draft))
    gates = {"batch_rows": rows, "batches": [1, 2, 7, 64, rows], "fitted_patterns": patterns, "nodes": facts.nodes}
    members = {
        "interface.json": canonical.dumps(_json(draft.interface)),
        "model.onnx": draft.model,
        "features.json": canonical.dumps(_json(draft.features)),
        **{f"evidence/{name}.json": canonical.dumps(_json(tree)) for name, tree in draft.evidence.items()},
        "evidence/gates.json": canonical.dumps(gates),
        **golden.members,
    }
    if NAME in draft.evidence:
        members[MEMBER] = sealed(_json(draft.evidence[NAME]), members)
    data = write({**_json(draft.extra), **_tree(manifest), "golden": dict(golden.tree)}, members)
    package = read(data)
    check_all(make(package, None), package)
    return data


def check_draft(draft: Draft, interface: Interface) -> None:
    """Refuses what contradicts the interface.

    Raises:
        DocumentError: Something does.
    """
    signals = columns_of(interface)
    for name in draft.columns:
        if name not in signals:
            raise _refused(f"the interface has no column {name!r}", "columns")
        if signals[name].role == "label":
            raise _refused(f"{name!r} is a label, and a label never enters a feature", "columns")
    if draft.window not in interface.windows:
        raise _refused(f"the interface has no window {draft.window!r}", "window")
    shape = (interface.windows[draft.window].length, len(draft.columns))
    if draft.samples.window.shape[1:] != shape or draft.samples.context.shape[1:] != (len(draft.context),):
        raise _refused(
            f"windows are {draft.samples.window.shape[1:]} and {shape} is wanted, or context differs", "samples"
        )
    for name in draft.context[2:]:
        if name not in interface.parameters:
            raise _refused(f"the interface has no parameter {name!r}", "context")
    for port in draft.outputs:
        _check_output(port, draft, interface)
    if not any(interface.outputs[port.name].kind == "novelty" for port in draft.outputs):
        raise _refused("the package has no novelty output", "outputs")
    missing = [name for name in EVIDENCE if name not in draft.evidence]
    if missing:
        raise _refused(f"there is no evidence {missing[0]!r}", "evidence")
    if draft.budget is not None:
        _check_budget(draft.budget, interface)


def _check_output(port: OutputPort, draft: Draft, interface: Interface) -> None:
    spec = interface.outputs.get(port.name)
    if spec is None or spec.window != draft.window:
        raise _refused(f"window {draft.window!r} has no output {port.name!r}", "outputs")
    known = interface.classes(port.name)
    ids = [known[name].id for name in port.classes if name in known]
    if len(ids) < len(port.classes) or bool(known) != bool(port.classes) or ids != sorted(ids):
        raise _refused(f"the classes of {port.name!r} are not the interface's, in order of their ids", "outputs")
    fields = [entry.name for entry in draft.state.fields] if draft.state else []
    if spec.baseline and LEARNED not in fields:
        raise _refused(f"{port.name!r} needs a baseline and the model's memory counts no {LEARNED!r}", "state")


def _check_budget(rows: Sequence[Mapping[str, Any]], interface: Interface) -> None:
    """A package may tighten the interface's rows, never loosen or leave one out."""
    keys = ("architecture", "cpu", "cores", "stage", "percentile")
    given = {tuple(row[key] for key in keys): float(row["limit"]) for row in rows}
    for row in interface.budget:
        limit = given.get(tuple(getattr(row, key) for key in keys))
        if limit is None or limit > row.limit:
            raise _refused(
                f"the row for {row.architecture} {row.cpu} is missing or looser than the interface's", "budget"
            )


def _refused(message: str, where: str) -> DocumentError:
    return DocumentError(message, where=where, hint="correct the pack document or take the interface it was made for")


def _manifest(draft: Draft, interface: Interface) -> Manifest:
    identity = InterfaceIdentity(
        interface.id,
        interface.version,
        document_digest(_json(draft.interface)),
        semantic_digest(
            interface, draft.columns, [port.name for port in draft.outputs], draft.window, draft.context[2:]
        ),
    )
    keys = ("architecture", "cpu", "cores", "stage", "percentile", "limit")
    budget = draft.budget if draft.budget is not None else [{k: getattr(r, k) for k in keys} for r in interface.budget]
    return Manifest(
        format=FORMAT,
        name=draft.name,
        version=draft.version,
        interface=identity,
        window=draft.window,
        length=interface.windows[draft.window].length,
        columns=draft.columns,
        context=draft.context,
        outputs=draft.outputs,
        state=draft.state,
        opset=0,
        budget=tuple(budget),
        golden={},
        members=(),
        tree={},
    )


def _tree(manifest: Manifest) -> dict[str, Any]:
    """The manifest's JSON tree, without ``golden`` and ``members``."""
    tree: dict[str, Any] = manifest._asdict()
    for name in ("tree", "golden", "members"):
        del tree[name]
    tree["interface"] = manifest.interface._asdict()
    tree["outputs"] = [port._asdict() for port in manifest.outputs]
    state = manifest.state
    tree["state"] = state and {"layout": state.layout, "fields": [entry._asdict() for entry in state.fields]}
    plain: dict[str, Any] = _json(tree)
    return plain


def _json(tree: Any) -> Any:
    """A plain JSON tree of the same content: tuples as lists, mappings as dictionaries."""
    return json.loads(canonical.dumps(tree))


def _run_length(interface: Interface, draft: Draft) -> int:
    """Enough windows to fill the longest baseline and go on a little."""
    longest = max((interface.outputs[port.name].baseline for port in draft.outputs), default=0)
    return min(max(longest + 4, LEAST_RUN), LONGEST_RUN)
