"""The form of golden vectors in the manifest: three layers, each naming float32 members and their shapes.

Only names, shapes and sizes are checked here; ``runtime`` runs them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from trivet.errors import Message
from trivet.package.tree import Node

if TYPE_CHECKING:
    from trivet.package.manifest import Manifest

LOOSEST = 1e-3
MOST_CASES = 1000

Shape = tuple[int | None, ...]


def check_golden(node: Node, manifest: Manifest) -> None:
    """Checks that every vector is a declared member of the size that its shape gives.

    Raises:
        FormatError: One is not, or is not of the shape that the manifest's ports have.
    """
    node["tolerance"].number(0, LOOSEST)
    sizes = {member.path: member.size for member in manifest.members if member.role == "golden"}
    for case in node["samples"].items(MOST_CASES):
        _check_samples(case, manifest, sizes)
    cases = node["outputs"].items(MOST_CASES, 1)
    batches = [_check_outputs(case, manifest, sizes) for case in cases]
    for case in node["prediction"].items(MOST_CASES):
        batch = batches[case["case"].integer(0, len(batches) - 1)]
        _check_expected(case["expected"], _ports(manifest), batch, sizes)


def _check_samples(case: Node, manifest: Manifest, sizes: Mapping[str, int]) -> None:
    _check_array(case["samples"], (None, 4), sizes)
    _check_array(case["window"], (manifest.length, len(manifest.columns)), sizes)
    _check_array(case["context"], (len(manifest.context),), sizes)
    for name, value in _optional(case, "parameters"):
        if name not in manifest.context[2:]:
            value.fail("is not a parameter in the manifest's context")
        value.number()


def _check_outputs(case: Node, manifest: Manifest, sizes: Mapping[str, int]) -> int:
    """Checks one case of windows and gives its batch size."""
    batch = _check_array(case["window"], (None, manifest.length, len(manifest.columns)), sizes)[0]
    _check_array(case["context"], (batch, len(manifest.context)), sizes)
    ports = _ports(manifest)
    if manifest.state is not None:
        ports["next_state"] = len(manifest.state.fields)
        _check_array(case["state"], (batch, ports["next_state"]), sizes)
    elif (state := case.get("state")) is not None and state.value is not None:
        state.fail("is given, but the model has no memory")
    _check_expected(case["expected"], ports, batch, sizes)
    return batch


def _ports(manifest: Manifest) -> dict[str, int]:
    return {port.name: max(len(port.classes), 1) for port in manifest.outputs}


def _check_expected(node: Node, ports: Mapping[str, int], batch: int, sizes: Mapping[str, int]) -> None:
    for name, entry in node.pairs():
        if name not in ports:
            entry.fail("is not an output of the manifest")
        _check_array(entry, (batch, ports[name]), sizes)
    if not node.object():
        node.fail("expects nothing")


def _check_array(node: Node, wanted: Shape, sizes: Mapping[str, int]) -> list[int]:
    """Checks one reference to a float32 member and gives its shape; None in ``wanted`` is any length."""
    path = node["path"].text(most=256)
    if path not in sizes:
        node["path"].fail(Message("{path!a} is not a golden member", path=path[:120]))
    shape = [length.integer(1, 1 << 24) for length in node["shape"].items(3, 1)]
    if len(shape) != len(wanted) or any(w is not None and w != s for s, w in zip(shape, wanted, strict=True)):
        node["shape"].fail(
            Message(
                "is {shape}, and {wanted} is wanted", shape=shape, wanted=["any" if w is None else w for w in wanted]
            )
        )
    if 4 * math.prod(shape) != sizes[path]:
        node["shape"].fail(
            Message("is {shape}, but {path} has {bytes} bytes", shape=shape, path=path, bytes=sizes[path])
        )
    return shape


def _optional(node: Node, key: str) -> list[tuple[str, Node]]:
    found = node.get(key)
    return list(found.pairs()) if found is not None else []
