"""Digests of documents: over everything as written, or only over what a package uses.

Both are SHA-256 over RFC 8785 JSON; ``schemas/README.md`` gives the rules.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from trivet import canonical
from trivet.errors import DocumentError, Message
from trivet.interface.columns import columns as all_columns
from trivet.interface.document import Guard, Interface, Needs, Output, Parameter, Signal, When, WindowSpec
from trivet.interface.path import Json


def document_digest(tree: Json) -> str:
    """Digest over a document as written, no defaults filled in; lower-case hexadecimal."""
    return canonical.digest(tree)


def semantic_digest(
    interface: Interface,
    columns: Iterable[str],
    outputs: Iterable[str],
    window: str,
    parameters: Iterable[str] = (),
) -> str:
    """Digest over the parts of an interface that one package uses; lower-case hexadecimal.

    Titles, labels, notes and remedies, decisions, budget, fallback and everything that the
    package does not use leave it unchanged; so does writing down a default.

    Args:
        interface: The interface.
        columns: Columns of the package's tensor.
        outputs: Its outputs.
        window: Its window.
        parameters: Those parameters of the interface that enter its context.

    Raises:
        DocumentError: The interface has no such column, output, window or parameter.
    """
    return canonical.digest(semantic_tree(interface, columns, outputs, window, parameters))


def semantic_tree(
    interface: Interface,
    columns: Iterable[str],
    outputs: Iterable[str],
    window: str,
    parameters: Iterable[str] = (),
) -> Json:
    """What ``semantic_digest`` is taken over, as a JSON tree."""
    names, constants = set(outputs), set(parameters)
    _require("window", {window}, interface.windows)
    _require("output", names, interface.outputs)
    _require("parameter", constants, interface.parameters)
    guards = [guard for guard in interface.guards if not guard.outputs or names.intersection(guard.outputs)]
    spec = interface.windows[window]
    conditions = (*spec.opens_when, *spec.closes_when)
    used = {*columns, *(when.signal for when in conditions), *(name for guard in guards for name in guard.signals)}
    signals = all_columns(interface)
    _require("column", used, signals)
    return {
        "frame": interface.frame,
        "settle": interface.settle,
        "columns": {name: _signal(signals[name]) for name in used},
        "window": _window(spec),
        "outputs": {name: _output(interface, name, interface.outputs[name]) for name in names},
        "guards": sorted((_guard(guard, names) for guard in guards), key=canonical.dumps),
        "parameters": {name: _parameter(interface.parameters[name]) for name in constants},
    }


def _require(noun: str, names: Collection[str], known: Collection[str]) -> None:
    absent = sorted(set(names).difference(known))
    if absent:
        hint = "take the interface that the package was made for"
        raise DocumentError(
            Message("the interface has no {part} `{name}`", part=noun, name=absent[0]), hint=hint, rule="TRV-I018"
        )


def _window(spec: WindowSpec) -> Json:
    return {
        "kind": spec.kind,
        "length": spec.length,
        "every": spec.every,
        "pre": spec.pre,
        "overlong": spec.overlong,
        "max_missing": spec.max_missing,
        "opens_when": [_when(when) for when in spec.opens_when],
        "closes_when": [_when(when) for when in spec.closes_when],
    }


def _parameter(parameter: Parameter) -> Json:
    return {"unit": parameter.unit, "range": parameter.range}


def _signal(signal: Signal) -> Json:
    return {
        "unit": signal.unit,
        "range": signal.range,
        "max_age": signal.max_age,
        "enumeration": signal.enumeration,
        "resample": signal.resample,
        "counter": signal.counter,
        "uncertain": signal.uncertain,
    }


def _when(when: When) -> Json:
    tree = {
        "signal": when.signal,
        "states": sorted(when.states),
        "above": when.above,
        "below": when.below,
        "hold": when.hold,
    }
    # Keys that came later: interfaces without them keep the digest that packages were bound to.
    later = {"beside": sorted(when.beside), "run_on": when.run_on}
    return {**tree, **{key: value for key, value in later.items() if value}}


def _output(interface: Interface, name: str, output: Output) -> Json:
    return {
        "kind": output.kind,
        "unit": output.unit,
        "range": output.range,
        "needs": _needs(interface.needs(name)),
        "classes": {
            key: {"id": value.id, "needs": _needs(interface.needs(name, key))}
            for key, value in interface.classes(name).items()
        },
        "horizon": output.horizon,
        "baseline": output.baseline,
        "limit": output.limit,
    }


def _needs(needs: Needs) -> Json:
    """Sets of signals have no order, and neither have the alternatives."""
    return sorted(sorted(set(group)) for group in needs)


def _guard(guard: Guard, outputs: Collection[str]) -> Json:
    return {
        "check": guard.check,
        "action": guard.action,
        "outputs": sorted(set(guard.outputs).intersection(outputs)),
        "signals": sorted(guard.signals),
        "states": sorted(guard.states),
        "limit": guard.limit,
        "parameters": guard.parameters,
    }
