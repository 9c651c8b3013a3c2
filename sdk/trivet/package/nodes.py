"""The nodes of a graph: allowed operators with allowed attributes, in order, each value defined once."""

from __future__ import annotations

import math
from array import array
from collections import Counter
from typing import Any, NamedTuple, NoReturn

from trivet.errors import GraphError
from trivet.package.ensemble import check_ensemble
from trivet.package.messages import ATTRIBUTE, NODE
from trivet.package.names import check_metadata, check_name
from trivet.package.operators import ALIASES, OPERATORS, SIZED
from trivet.package.protobuf import Reader
from trivet.package.tensor import INT64, KEPT, TYPES, Tensor, finite, read_tensor, refuse_forbidden

MOST_NODES = 20_000
MOST_EXPANDED = 1 << 22
"""Most elements, for each row of a batch, that ``Expand`` may be told to make."""

# AttributeProto's type, the field that holds it, and the letter in the table of operators.
_KINDS = {
    1: ("f", "f"),
    2: ("i", "i"),
    3: ("s", "s"),
    4: ("t", "t"),
    6: ("floats", "ff"),
    7: ("ints", "ii"),
    8: ("strings", "ss"),
}

_UNSET: dict[str, Any] = {"f": 0.0, "i": 0, "s": b""}


class _Size(NamedTuple):
    """What is known of a value that can serve as a shape.

    Attributes:
        measured: Whether some of it was measured with ``Shape``.
        product: Product of its constant parts.
    """

    measured: bool
    product: int


class Nodes:
    """Checks nodes one by one, in the order of the graph.

    Attributes:
        defined: Names of the values that exist so far.
        operators: How often each operator was met, as ``domain:operator``.
    """

    def __init__(self, reader: Reader, domains: set[str]) -> None:
        self.defined: set[str] = set()
        self.operators: Counter[str] = Counter()
        self._reader = reader
        self._domains = domains
        self._sizes: dict[str, _Size] = {}

    def define(self, name: str, where: str) -> None:
        """Notes that a value exists.

        Raises:
            GraphError: Its name is not plain ASCII, or another value has it.
        """
        check_name(name, where)
        if name in self.defined:
            _refuse(where, f"defines {name!r} a second time", "TRV-P070")
        self.defined.add(name)

    def constant(self, name: str, tensor: Tensor) -> None:
        """Notes the values of a constant, which may become a shape."""
        if tensor.integers is not None:
            self._sizes[name] = _Size(False, math.prod(max(1, abs(value)) for value in tensor.integers))

    def check(self, data: memoryview, number: int) -> None:
        """Checks the next node.

        Raises:
            GraphError: It breaks a rule.
        """
        node = self._reader.read(data, NODE, f"node {number}")
        operator, name = node.get("op_type", ""), node.get("name", "")
        where = f"node {number} ({operator[:40]!a})"
        refuse_forbidden(node, where)
        check_metadata(self._reader, node["metadata_props"], where)
        if name:
            check_name(name, where)
        domain = ALIASES.get(node.get("domain", ""), node.get("domain", ""))
        if domain not in self._domains or operator not in OPERATORS[domain]:
            full = f"{domain}:{operator}" if domain else operator
            _refuse(where, f"{full[:80]!a} is not one of the allowed operators", "TRV-P063")
        attributes = self._attributes(node["attribute"], OPERATORS[domain][operator], where)
        self._connect(node, where)
        self._check_meaning(node, operator, attributes, where)
        self.operators[f"{domain}:{operator}" if domain else operator] += 1

    def _attributes(self, messages: list[memoryview], allowed: Any, where: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for data in messages:
            name, letter, value = self._attribute(data, where)
            if name in found:
                _refuse(where, f"has the attribute {name[:80]!a} twice", "TRV-P069")
            if allowed.get(name) != letter:
                _refuse(where, f"has an attribute {name[:80]!a} that does not belong there", "TRV-P069")
            if letter == "ff" and len(value) > 1 and not (finite(value) or _are_thresholds(name, value)):
                _refuse(where, f"{name} holds NaN or an infinity", "TRV-P068")
            found[name] = value
        return found

    def _attribute(self, data: memoryview, where: str) -> tuple[str, str, Any]:
        """Name, type letter and value of an attribute; only the field of its type may be set."""
        fields = self._reader.read(data, ATTRIBUTE, where)
        refuse_forbidden(fields, where)
        name, kind = fields.get("name", ""), fields.get("type", 0)
        if kind not in _KINDS:
            _refuse(where, f"has an attribute {name[:80]!a} of type {kind}", "TRV-P069")
        field, letter = _KINDS[kind]
        others = [key for key, _ in _KINDS.values() if key != field and fields.get(key)]
        if others or (letter == "t" and field not in fields):
            _refuse(where, f"has an attribute {name[:80]!a} with its value in another place", "TRV-P069")
        if letter == "t":
            return name, letter, read_tensor(self._reader, fields[field], f"{where} {name}")
        return name, letter, fields.get(field, _UNSET.get(letter))  # some writers leave zeros out

    def _connect(self, node: dict[str, Any], where: str) -> None:
        for name in node["input"]:
            if name and name not in self.defined:
                _refuse(where, f"takes {name[:80]!a}, which nothing before it gives", "TRV-P070")
        for name in node["output"]:
            if name:
                self.define(name, where)

    def _check_meaning(self, node: dict[str, Any], operator: str, attributes: dict[str, Any], where: str) -> None:
        if operator.startswith("TreeEnsemble"):
            check_ensemble(attributes, where, "class" if operator.endswith("Classifier") else "target")
        elif operator.startswith("Linear"):
            classifies = operator.endswith("Classifier")
            _check_linear(attributes, len(attributes.get("intercepts", ())) if classifies else None, where)
        elif operator == "Cast" and attributes.get("to") not in TYPES:
            _refuse(where, f"casts to the element type {attributes.get('to')}", "TRV-P069")
        elif operator == "Constant" and len(attributes) != 1:
            _refuse(where, "has not exactly one value", "TRV-P069")
        self._follow_size(node, operator, attributes, where)

    def _follow_size(self, node: dict[str, Any], operator: str, attributes: dict[str, Any], where: str) -> None:
        """Follows values that can become a shape, and bounds what ``Expand`` makes of one."""
        output = node["output"][0] if node["output"] else ""
        if operator == "Shape":
            self._sizes[output] = _Size(True, 1)
        elif operator == "Constant":
            self.constant(output, _constant(attributes))
        elif operator in SIZED:
            size = self._passed(node["input"], operator)
            if size is not None:
                self._sizes[output] = size
        elif operator == "Expand":
            size = self._sizes.get(node["input"][1]) if len(node["input"]) == 2 else None
            if size is None or size.product > MOST_EXPANDED:
                _refuse(where, "expands to a size that is computed, or too large", "TRV-P072")

    def _passed(self, inputs: list[str], operator: str) -> _Size | None:
        """The size that an operator hands on; of joined parts at most one may be measured."""
        parts = [self._sizes.get(name) for name in (inputs if operator == "Concat" else inputs[:1])]
        known = [part for part in parts if part is not None]
        measured = sum(part.measured for part in known)
        if not known or len(known) < len(parts) or measured > 1:
            return None
        return _Size(measured == 1, math.prod(part.product for part in known))


def _constant(attributes: dict[str, Any]) -> Tensor:
    """The tensor that a Constant node gives, as far as shapes need it."""
    name, value = next(iter(attributes.items()))
    if isinstance(value, Tensor):
        return value
    integers = {"value_int": [value], "value_ints": value}.get(name)
    return Tensor("", INT64, (), tuple(integers) if integers is not None and len(integers) <= KEPT else None)


def _are_thresholds(name: str, values: array[float]) -> bool:
    """Whether these are thresholds of splits, which are infinite where a split only parts known from unknown."""
    return name == "nodes_values" and not any(map(math.isnan, values))


def _check_linear(attributes: dict[str, Any], classes: int | None, where: str) -> None:
    """Older runtimes read past the end of coefficients that are too few."""
    count = attributes.get("targets", 1) if classes is None else classes
    coefficients = len(attributes.get("coefficients", ()))
    if count < 1 or coefficients == 0 or coefficients % count:
        _refuse(where, f"has {coefficients} coefficients for {count} targets or classes", "TRV-P069")


def _refuse(where: str, message: str, rule: str) -> NoReturn:
    raise GraphError(message, where=where, hint="export the model again with allowed operators only", rule=rule)
