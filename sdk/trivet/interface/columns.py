"""Signals to columns: repeats expanded, enumerations as numbers."""

from __future__ import annotations

from trivet.interface.document import Interface, Signal

MOST_REPEATS = 64
"""Columns that a signal may have; a document that asks for more is refused, and never expanded."""


def column_names(name: str, signal: Signal) -> tuple[str, ...]:
    """The columns of one signal: its name, or ``name_1`` to ``name_max`` when it repeats."""
    if signal.repeat is None:
        return (name,)
    return tuple(f"{name}_{number}" for number in range(1, min(signal.repeat.max, MOST_REPEATS) + 1))


def columns(interface: Interface) -> dict[str, Signal]:
    """Every column of an interface and the signal that it belongs to; the order has no meaning."""
    return {column: signal for name, signal in interface.signals.items() for column in column_names(name, signal)}


def codes(signal: Signal) -> dict[str, float]:
    """State name to the number that stands for it in the tensor; empty without an enumeration."""
    return {state: float(code) for code, state in signal.enumeration.items()}


def class_order(interface: Interface, output: str) -> tuple[str, ...]:
    """The classes of an output in tensor order: by their ids, which never change."""
    known = interface.classes(output)
    return tuple(sorted(known, key=lambda name: known[name].id))


def class_names(interface: Interface) -> frozenset[str]:
    """Classes of every output that names classes; ``classes_of`` adds none."""
    outputs = interface.outputs.values()
    return frozenset(name for output in outputs if output.kind == "classes" for name in output.classes)
