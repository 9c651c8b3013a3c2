"""The manifest: the contract of one package, as canonical JSON.

Unknown keys are kept in ``tree``, so reading and writing a manifest does not
change its digest. Annotations are evaluated here, from bytecode: as text each would
be compiled at every start.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from trivet import canonical
from trivet.errors import FormatError, Message
from trivet.package import layout
from trivet.package.forms import DIGEST, KEBAB, NAME, UNIT, VERSION, WORDS
from trivet.package.golden import check_golden
from trivet.package.looks import twins
from trivet.package.tree import Node, parse

FORMAT = 1
"""What is written. Number 0, the same form before it was frozen, is read by the same rules."""


class Member(NamedTuple):
    """One file of the package.

    Attributes:
        path: Name inside the archive.
        size: Bytes.
        sha256: Lower-case hexadecimal.
        role: ``interface``, ``model``, ``features``, ``golden`` or ``evidence``.
    """

    path: str
    size: int
    sha256: str
    role: str


class InterfaceIdentity(NamedTuple):
    """Which interface the model was made for; digests in lower-case hexadecimal."""

    id: str
    version: str
    digest: str
    semantic: str


class OutputPort(NamedTuple):
    """One output tensor, float32 ``(batch, classes)``, or ``(batch, 1)`` when it has no classes."""

    name: str
    classes: tuple[str, ...]


class StateField(NamedTuple):
    """One float32 of the model's memory."""

    name: str
    unit: str
    initial: float


class State(NamedTuple):
    """The model's memory: its layout number and fields, in tensor order."""

    layout: int
    fields: tuple[StateField, ...]


class Manifest(NamedTuple):
    """What a package promises.

    Attributes:
        format: Number of the package format.
        name: Kebab-case package name.
        version: Semantic version of the package.
        interface: Interface that it was made for.
        window: The one window that it serves.
        length: Frames in that window.
        columns: Column names of input ``window``, the package's own order.
        context: Names of input ``context``: ``frames``, ``elapsed``, then parameters.
        outputs: Output tensors.
        state: The model's memory, or None when it has none.
        opset: Version of ``ai.onnx``.
        budget: Rows as in the interface; they tighten it, never loosen it.
        golden: Golden vectors: tolerance and cases (see the package README).
        members: All files but this one and META-INF, sorted by path.
        tree: The whole JSON tree, unknown keys included.
    """

    format: int
    name: str
    version: str
    interface: InterfaceIdentity
    window: str
    length: int
    columns: tuple[str, ...]
    context: tuple[str, ...]
    outputs: tuple[OutputPort, ...]
    state: State | None
    opset: int
    budget: tuple[Mapping[str, Any], ...]
    golden: Mapping[str, Any]
    members: tuple[Member, ...]
    tree: Mapping[str, Any]


def parse_manifest(data: bytes) -> Manifest:
    """The manifest in the bytes of ``manifest.json``.

    Raises:
        FormatError: The bytes are not canonical JSON within bounds, a field is missing, of the
            wrong type or out of range, or two fields contradict each other.
    """
    root = parse(data, layout.MANIFEST, FormatError, "TRV-P020")
    root.object()
    if not _is_canonical(root.value, data):
        root.under("TRV-P021").fail("is not in canonical form (RFC 8785)")
    number = root.under("TRV-P022")["format"]
    if number.integer(0, 1 << 31) > FORMAT:
        number.fail(
            Message("is {found}, and this trivet reads {known}", found=number.value, known=FORMAT),
            "install a newer trivet",
        )
    manifest = _manifest(root.under("TRV-P023"))
    contract = root.under("TRV-P024")
    _check_consistency(contract, manifest)
    check_golden(contract["golden"], manifest)
    return manifest


def _is_canonical(tree: Any, data: bytes) -> bool:
    try:
        return canonical.dumps(tree) == data
    except ValueError:
        return False


def _manifest(root: Node) -> Manifest:
    state = root["state"]
    return Manifest(
        format=root["format"].value,
        name=root["name"].text(KEBAB, 64),
        version=root["version"].text(VERSION, 64),
        interface=_interface(root["interface"]),
        window=root["window"].text(NAME, 64),
        length=root["length"].integer(1, 100_000),
        columns=_names(root["columns"], 1024, 1),
        context=_names(root["context"], 256, 2),
        outputs=tuple(_output(node) for node in root["outputs"].items(256, 1)),
        state=None if state.value is None else _state(state),
        opset=root["opset"].integer(17, 21),
        budget=tuple(_budget_row(node) for node in root["budget"].items(256, 1)),
        golden=root["golden"].object(),
        members=tuple(_member(node) for node in root["members"].items(layout.MOST_MEMBERS)),
        tree=root.value,
    )


def _interface(node: Node) -> InterfaceIdentity:
    return InterfaceIdentity(
        id=node["id"].text(KEBAB, 64),
        version=node["version"].text(VERSION, 64),
        digest=node["digest"].text(DIGEST),
        semantic=node["semantic"].text(DIGEST),
    )


def _names(node: Node, most: int, least: int = 0) -> tuple[str, ...]:
    names = tuple(item.text(NAME, 128) for item in node.items(most, least))
    _check_unique(node, names)
    return names


def _check_unique(node: Node, names: Sequence[str]) -> None:
    if len(set(names)) != len(names):
        node.fail(Message("names {name!r} twice", name=next(name for name in names if names.count(name) > 1)))


def _output(node: Node) -> OutputPort:
    return OutputPort(node["name"].text(NAME, 128), _names(node["classes"], 1024))


def _state(node: Node) -> State:
    fields = tuple(
        StateField(item["name"].text(NAME, 128), item["unit"].text(UNIT, 64), float(item["initial"].number()))
        for item in node["fields"].items(4096, 1)
    )
    _check_unique(node["fields"], [field.name for field in fields])
    return State(node["layout"].integer(0, 1 << 31), fields)


def _budget_row(node: Node) -> Mapping[str, Any]:
    for key in ("architecture", "cpu", "stage"):
        node[key].text(WORDS, 128)
    node["cores"].integer(1, 4096)
    node["percentile"].number(0, 100)
    node["limit"].number(0)
    return node.object()


def _member(node: Node) -> Member:
    path = node["path"].text(most=256)
    role = layout.role(path)
    if role is None:
        node["path"].fail(Message("{path!a} is no path that a member may have", path=path[:120]))
    return Member(
        path=path,
        size=node["size"].integer(0, layout.MOST_MEMBER_BYTES),
        sha256=node["sha256"].text(DIGEST),
        role=node["role"].choice(role),
    )


def _check_consistency(root: Node, manifest: Manifest) -> None:
    if manifest.context[:2] != ("frames", "elapsed"):
        root["context"].fail("must begin with 'frames', 'elapsed'")
    outputs = [port.name for port in manifest.outputs]
    _check_unique(root["outputs"], outputs)
    for key, names in (("columns", manifest.columns), ("context", manifest.context), ("outputs", outputs)):
        _check_looks(root[key], names)
    if "next_state" in outputs:
        root["outputs"].fail("'next_state' is the name of the model's memory")
    if not any(row["architecture"] == row["cpu"] == "*" for row in manifest.budget):
        root["budget"].fail("has no row for every machine (architecture '*', cpu '*')")
    _check_members(root["members"], manifest)


def _check_looks(node: Node, names: Sequence[str]) -> None:
    pair = twins(names)
    if pair is not None:
        node.fail(Message("names {one!r} and {other!r}, which look alike", one=pair[0], other=pair[1]))


def _check_members(node: Node, manifest: Manifest) -> None:
    paths = [member.path for member in manifest.members]
    _check_unique(node, paths)
    if paths != sorted(paths):
        node.fail("is not sorted by path")
    digests = {member.role: member.sha256 for member in manifest.members}
    for role in layout.ONCE:
        if role not in digests:
            node.fail(Message("has no member of role {role!r}", role=role))
    if digests["interface"] != manifest.interface.digest:
        node.fail("the digest of interface.json is not that of interface.digest")
