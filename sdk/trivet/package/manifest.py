"""The manifest: the contract of one package, as canonical JSON.

Unknown keys are kept in ``tree``, so reading and writing a manifest does not
change its digest.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

FORMAT = 0


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
