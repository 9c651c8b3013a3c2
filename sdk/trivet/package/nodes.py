"""The nodes of a graph: allowed operators with allowed attributes, in order, each value defined once."""

from __future__ import annotations

import math
from array import array
from collections import Counter
from typing import Any, NoReturn

from trivet.errors import GraphError, Message
from trivet.package.ensemble import check_ensemble
from trivet.package.messages import ATTRIBUTE, NODE
from trivet.package.names import check_metadata, check_name
from trivet.package.operators import ALIASES, Operators
from trivet.package.protobuf import Reader
from trivet.package.sizes import Sizes
from trivet.package.tensor import FLOAT, INT64, KEPT, TYPES, Tensor, finite, read_tensor, refuse_forbidden

MOST_NODES = 20_000

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

_COLUMNS = {"Scaler": ("offset", "scale"), "Imputer": ("imputed_value_floats",)}


class Nodes:
    """Checks nodes one by one, in the order of the graph.

    Attributes:
        defined: Names of the values that exist so far.
        operators: How often each operator was met, as ``domain:operator``.
    """

    def __init__(self, reader: Reader, domains: set[str], allowed: Operators, most: int) -> None:
        self.defined: set[str] = set()
        self.operators: Counter[str] = Counter()
        self._reader = reader
        self._domains = domains
        self._allowed = allowed
        self._sizes = Sizes(most)

    def define(self, name: str, where: str) -> None:
        """Notes that a value exists.

        Raises:
            GraphError: Its name is not plain ASCII, or another value has it.
        """
        check_name(name, where)
        if name in self.defined:
            _refuse(where, Message("defines {name!r} a second time", name=name), "TRV-P070")
        self.defined.add(name)

    def port(self, name: str, shape: tuple[int | str, ...]) -> None:
        """Notes an input of the graph."""
        self.define(name, "input")
        self._sizes.port(name, shape)

    def constant(self, tensor: Tensor) -> None:
        """Notes an initializer."""
        self.define(tensor.name, "initializer")
        self._sizes.constant(tensor.name, tensor)

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
        if domain not in self._domains or operator not in self._allowed[domain]:
            full = f"{domain}:{operator}" if domain else operator
            _refuse(where, Message("{operator!a} is not one of the allowed operators", operator=full[:80]), "TRV-P063")
        attributes = self._attributes(node["attribute"], self._allowed[domain][operator], where)
        self._connect(node, where)
        self._check_meaning(node, operator, attributes, where)
        self.operators[f"{domain}:{operator}" if domain else operator] += 1

    def _attributes(self, messages: list[memoryview], allowed: Any, where: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for data in messages:
            name, letter, value = self._attribute(data, where)
            if name in found:
                _refuse(where, Message("has the attribute {name!a} twice", name=name[:80]), "TRV-P069")
            if allowed.get(name) != letter:
                _refuse(
                    where, Message("has an attribute {name!a} that does not belong there", name=name[:80]), "TRV-P069"
                )
            if letter == "ff" and len(value) > 1 and not (finite(value) or _are_thresholds(name, value)):
                _refuse(where, Message("{name} holds NaN or an infinity", name=name), "TRV-P068")
            found[name] = value
        return found

    def _attribute(self, data: memoryview, where: str) -> tuple[str, str, Any]:
        """Name, type letter and value of an attribute; only the field of its type may be set."""
        fields = self._reader.read(data, ATTRIBUTE, where)
        refuse_forbidden(fields, where)
        name, kind = fields.get("name", ""), fields.get("type", 0)
        if kind not in _KINDS:
            _refuse(where, Message("has an attribute {name!a} of type {kind}", name=name[:80], kind=kind), "TRV-P069")
        field, letter = _KINDS[kind]
        others = [key for key, _ in _KINDS.values() if key != field and fields.get(key)]
        if others or (letter == "t" and field not in fields):
            _refuse(
                where, Message("has an attribute {name!a} with its value in another place", name=name[:80]), "TRV-P069"
            )
        if letter == "t":
            return name, letter, read_tensor(self._reader, fields[field], f"{where} {name}")
        return name, letter, fields.get(field, _UNSET.get(letter))  # some writers leave zeros out

    def _connect(self, node: dict[str, Any], where: str) -> None:
        for name in node["input"]:
            if name and name not in self.defined:
                _refuse(where, Message("takes {name!a}, which nothing before it gives", name=name[:80]), "TRV-P070")
        for name in node["output"]:
            if name:
                self.define(name, where)

    def _check_meaning(self, node: dict[str, Any], operator: str, attributes: dict[str, Any], where: str) -> None:
        width = self._sizes.width(node["input"][0]) if node["input"] else None
        if operator.startswith("TreeEnsemble"):
            check_ensemble(attributes, where, "class" if operator.endswith("Classifier") else "target", width)
        elif operator.startswith("Linear"):
            classifies = operator.endswith("Classifier")
            _check_linear(attributes, len(attributes.get("intercepts", ())) if classifies else None, width, where)
        elif operator in _COLUMNS:
            _check_columns(attributes, _COLUMNS[operator], width, where)
        elif operator == "Cast" and attributes.get("to") not in TYPES:
            _refuse(where, Message("casts to the element type {kind}", kind=attributes.get("to")), "TRV-P069")
        elif operator == "BatchNormalization" and (attributes.get("training_mode") or len(node["output"]) > 1):
            _refuse(where, "is in training mode", "TRV-P069")
        if operator == "Constant":
            self._constant(node, attributes, where)
        else:
            self._sizes.follow(operator, node["input"], node["output"], attributes, where)

    def _constant(self, node: dict[str, Any], attributes: dict[str, Any], where: str) -> None:
        if len(attributes) != 1 or len(node["output"]) != 1:
            _refuse(where, "has not exactly one value", "TRV-P069")
        self._sizes.constant(node["output"][0], _constant(attributes))


def _constant(attributes: dict[str, Any]) -> Tensor:
    """The tensor that a Constant node gives, as far as sizes need it."""
    name, value = next(iter(attributes.items()))
    if isinstance(value, Tensor):
        return value
    kind = INT64 if name.startswith("value_int") else FLOAT
    values, shape = (value, (len(value),)) if name.endswith("s") else ([value], ())
    return Tensor("", kind, shape, tuple(values) if kind == INT64 and len(values) <= KEPT else None)


def _are_thresholds(name: str, values: array[float]) -> bool:
    """Whether these are thresholds of splits, which are infinite where a split only parts known from unknown."""
    return name == "nodes_values" and not any(map(math.isnan, values))


def _check_linear(attributes: dict[str, Any], classes: int | None, width: int | None, where: str) -> None:
    """Older runtimes read past the end of coefficients that are too few."""
    count = attributes.get("targets", 1) if classes is None else classes
    coefficients = len(attributes.get("coefficients", ()))
    if (
        count < 1
        or coefficients == 0
        or coefficients % count
        or coefficients // count != (width or coefficients // count)
    ):
        message = Message("has {number} coefficients for {count} targets or classes", number=coefficients, count=count)
        message = Message("{said} of {width} columns", said=message, width=width) if width else message
        _refuse(where, message, "TRV-P069")


def _check_columns(attributes: dict[str, Any], names: tuple[str, ...], width: int | None, where: str) -> None:
    for name in names:
        count = len(attributes.get(name, ()))
        if count > 1 and count != (width or count):
            _refuse(
                where,
                Message("has {count} numbers as {name} for {width} columns", count=count, name=name, width=width),
                "TRV-P069",
            )


def _refuse(where: str, message: str, rule: str) -> NoReturn:
    raise GraphError(message, where=where, hint="export the model again with allowed operators only", rule=rule)
