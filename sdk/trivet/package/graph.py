"""The walk over an ONNX model that decides whether it may be given to a runtime at all.

It reads the file itself, with nothing but the standard library, and refuses what
is not on a list: operators, attributes, element types, fields. It also gives the
facts that the manifest promises.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, NoReturn

from trivet.errors import GraphError, Message
from trivet.package import messages
from trivet.package.layout import MOST_MEMBER_BYTES
from trivet.package.manifest import Manifest
from trivet.package.names import check_looks, check_metadata, check_name
from trivet.package.nodes import MOST_NODES, Nodes
from trivet.package.operators import ALIASES, ELSEWHERE, OPERATORS, Operators
from trivet.package.protobuf import Reader
from trivet.package.tensor import FLOAT, TYPES, read_tensor, refuse_forbidden


class Terms(NamedTuple):
    """What a model may be made of.

    Attributes:
        ir: IR versions.
        opsets: Domain to its versions.
        operators: Those that are allowed.
        most: Most elements of one value for each row of a batch.
        repeated: Whether an operator set may be imported twice at one version, as skl2onnx writes it.
    """

    ir: range
    opsets: Mapping[str, range]
    operators: Operators
    most: int
    repeated: bool


PACKAGE = Terms(range(8, 9), {"": range(17, 22), "ai.onnx.ml": range(3, 4)}, OPERATORS, 1 << 22, False)
"""Of a package's model: what runtimes of three years load, and whose rows do not know their batch."""

BARE = Terms(range(4, 14), {"": range(7, 27), "ai.onnx.ml": range(1, 6)}, ELSEWHERE, 1 << 26, True)
"""Of any other model: what today's runtime loads. All other rules are the same."""


class Port(NamedTuple):
    """An input or output of a graph.

    Attributes:
        name: Tensor name.
        type: Element type as onnx.proto numbers it; 1 is float32.
        shape: A number, or the name of a dimension that is known when the model runs, empty if it has none.
    """

    name: str
    type: int
    shape: tuple[int | str, ...]


class GraphFacts(NamedTuple):
    """What a model is, as far as one can see without running it.

    Attributes:
        ir: IR version.
        opset: Version of ``ai.onnx``.
        ml: Version of ``ai.onnx.ml``, or None when the model does not use it.
        inputs: In the model's order.
        outputs: In the model's order.
        operators: ``operator`` or ``domain:operator`` to its number of nodes.
        nodes: Number of nodes.
        weights: Number of elements in all initializers.
    """

    ir: int
    opset: int
    ml: int | None
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    operators: Mapping[str, int]
    nodes: int
    weights: int


def walk(model: bytes | memoryview, terms: Terms = PACKAGE) -> GraphFacts:
    """Checks a model against the graph contract and gives its facts.

    Args:
        model: The bytes of an ONNX file.
        terms: What it may be made of.

    Raises:
        GraphError: The bytes are no model that trivet gives to a runtime.
    """
    if len(model) > MOST_MEMBER_BYTES:
        _refuse("model", Message("is over {most} bytes", most=MOST_MEMBER_BYTES), "TRV-P061")
    reader = Reader()
    fields = reader.read(memoryview(model), messages.MODEL, "model")
    refuse_forbidden(fields, "model")
    if fields.get("ir_version") not in terms.ir:
        message = Message(
            "has IR version {found}, and {expected} is wanted",
            found=fields.get("ir_version"),
            expected=_range(terms.ir),
        )
        _refuse("model", message, "TRV-P062")
    opsets = _opsets(reader, fields["opset_import"], terms)
    check_metadata(reader, fields["metadata_props"], "model")
    if "graph" not in fields:
        _refuse("model", "has no graph", "TRV-P060")
    graph = reader.read(fields["graph"], messages.GRAPH, "graph")
    refuse_forbidden(graph, "graph")
    check_metadata(reader, graph["metadata_props"], "graph")
    return _graph(reader, graph, opsets, Nodes(reader, set(opsets), terms.operators, terms.most))._replace(
        ir=fields["ir_version"]
    )


def check_contract(facts: GraphFacts, manifest: Manifest) -> None:
    """Checks that a graph has the inputs and outputs that the manifest promises.

    Raises:
        GraphError: One is missing, superfluous or of another type or shape, or the opset is another.
    """
    if facts.opset != manifest.opset:
        _mismatch(
            Message(
                "has opset {opset}, and the manifest says {expected}",
                opset=facts.opset,
                expected=manifest.opset,
            )
        )
    inputs: dict[str, tuple[int, ...]] = {
        "window": (manifest.length, len(manifest.columns)),
        "context": (len(manifest.context),),
    }
    outputs: dict[str, tuple[int, ...]] = {port.name: (max(len(port.classes), 1),) for port in manifest.outputs}
    if manifest.state is not None:
        inputs["state"] = outputs["next_state"] = (len(manifest.state.fields),)
    _check_ports("input", facts.inputs, inputs)
    _check_ports("output", facts.outputs, outputs)


def _opsets(reader: Reader, imports: list[memoryview], terms: Terms) -> dict[str, int]:
    found: dict[str, int] = {}
    for data in imports:
        entry = reader.read(data, messages.OPSET, "opset")
        domain, version = entry.get("domain", ""), entry.get("version", 0)
        domain = ALIASES.get(domain, domain)
        if domain not in terms.opsets:
            _refuse(
                "opset",
                Message("uses the operator domain {domain!a}, which is not allowed", domain=domain[:80]),
                "TRV-P063",
            )
        again = domain in found and not (terms.repeated and found[domain] == version)
        if again or version not in terms.opsets[domain]:
            name, wanted = domain or "ai.onnx", _range(terms.opsets[domain])
            message = Message(
                "{name} is at version {version} or given twice; {expected} is wanted, once",
                name=name,
                version=version,
                expected=wanted,
            )
            _refuse("opset", message, "TRV-P062")
        found[domain] = version
    if "" not in found:
        _refuse("opset", "does not say its version of ai.onnx", "TRV-P062")
    return found


def _range(versions: range) -> str:
    return f"{versions[0]} to {versions[-1]}" if len(versions) > 1 else str(versions[0])


def _graph(reader: Reader, graph: dict[str, Any], opsets: Mapping[str, int], nodes: Nodes) -> GraphFacts:
    if max(len(value) for value in graph.values() if isinstance(value, list)) > MOST_NODES:
        _refuse("graph", Message("has over {most} nodes, initializers or values", most=MOST_NODES), "TRV-P061")
    inputs = tuple(_ports(reader, graph["input"], "input"))
    for port in inputs:
        nodes.port(port.name, port.shape)
    weights = 0
    for data in graph["initializer"]:
        tensor = read_tensor(reader, data, "initializer")
        nodes.constant(tensor)
        weights += tensor.elements
    for number, data in enumerate(graph["node"]):
        nodes.check(data, number)
    outputs = tuple(_ports(reader, graph["output"], "output"))
    _check_outputs(outputs, nodes.defined)
    check_looks([port.name for port in (*inputs, *outputs)], nodes.defined)
    _check_values(reader, graph["value_info"])
    return GraphFacts(
        ir=0,
        opset=opsets[""],
        ml=opsets.get("ai.onnx.ml"),
        inputs=inputs,
        outputs=outputs,
        operators=dict(sorted(nodes.operators.items())),
        nodes=len(graph["node"]),
        weights=weights,
    )


def _check_outputs(outputs: tuple[Port, ...], defined: set[str]) -> None:
    names = [port.name for port in outputs]
    if not names or len(set(names)) != len(names):
        _refuse("output", "the graph has no output, or one twice", "TRV-P070")
    for name in names:
        if name not in defined:
            _refuse("output", Message("{name!r} is given by no node", name=name), "TRV-P070")


def _check_values(reader: Reader, values: list[memoryview]) -> None:
    names = [port.name for port in _ports(reader, values, "value")]
    if len(set(names)) != len(names):
        _refuse("value", "the graph describes a value twice", "TRV-P070")


def _ports(reader: Reader, values: list[memoryview], where: str) -> Iterator[Port]:
    for data in values:
        value = reader.read(data, messages.VALUE, where)
        name = value.get("name", "")
        check_name(name, where)
        place = f"{where} {name[:80]!r}"
        check_metadata(reader, value["metadata_props"], place)
        described = reader.read(value.get("type", memoryview(b"")), messages.TYPE, place)
        kinds = [key for key in described if key != "denotation"]
        if kinds != ["tensor_type"]:
            _refuse(place, Message("is not a plain tensor ({kinds})", kinds=", ".join(kinds) or "no type"), "TRV-P065")
        yield _tensor_type(reader, described["tensor_type"], name, place)


def _tensor_type(reader: Reader, data: memoryview, name: str, place: str) -> Port:
    tensor = reader.read(data, messages.TENSOR_TYPE, place)
    kind = tensor.get("elem_type", 0)
    if kind not in TYPES:
        _refuse(place, Message("has the element type {kind}, which models here do not use", kind=kind), "TRV-P067")
    shape = reader.read(tensor.get("shape", memoryview(b"")), messages.SHAPE, place)
    return Port(name, kind, tuple(_dimension(reader, dim, place) for dim in shape["dim"]))


def _dimension(reader: Reader, data: memoryview, place: str) -> int | str:
    dim = reader.read(data, messages.DIMENSION, place)
    value, name = dim.get("dim_value"), dim.get("dim_param", "")
    if value is None:
        if name:
            check_name(name, place)
        return str(name)
    if name or not 0 <= value < 1 << 31:
        _refuse(place, "has a dimension with a number and a name, or out of bounds", "TRV-P067")
    return int(value)


def _check_ports(what: str, ports: tuple[Port, ...], wanted: Mapping[str, tuple[int, ...]]) -> None:
    names = {port.name for port in ports}
    if names != set(wanted):
        _mismatch(
            Message(
                "has the {what}s {found}, and the manifest says {expected}",
                what=what,
                found=sorted(names),
                expected=sorted(wanted),
            )
        )
    for port in ports:
        batch, *rest = port.shape or (0,)
        if port.type != FLOAT or isinstance(batch, int) or tuple(rest) != wanted[port.name]:
            shape = ", ".join(str(dim or "?") for dim in port.shape)
            kind = TYPES[port.type][0]
            expected = ", ".join(map(str, ("batch", *wanted[port.name])))
            _mismatch(
                Message(
                    "has the {what} {name} as {kind} ({shape}), and the manifest says float ({expected})",
                    what=what,
                    name=port.name,
                    kind=kind,
                    shape=shape,
                    expected=expected,
                )
            )


def _mismatch(message: str) -> NoReturn:
    raise GraphError(message, where="model.onnx", hint="pack the model with its own manifest", rule="TRV-P073")


def _refuse(where: str, message: str, rule: str) -> NoReturn:
    raise GraphError(message, where=where, hint="export the model again", rule=rule)
