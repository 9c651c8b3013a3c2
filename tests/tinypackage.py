"""A tiny package with a real model, in parts that tests change one at a time.

The model takes a window of 4 frames and 2 columns and gives ``score``, half of the
mean power plus a quarter of the mean temperature; a variant counts windows in a state.
"""

from __future__ import annotations

import copy
import struct
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import onnxwire as wire
from trivet import canonical
from trivet.package import archive, bundle
from trivet.package.keys import PrivateKey, public_key, sign_bytes

Tree = dict[str, Any]
Members = dict[str, bytes]
Entry = tuple[str, bytes]

INTERFACE: Tree = {
    "kind": "interface",
    "format": 0,
    "id": "kettle",
    "version": "0.9.0",
    "title": {"en": "Kettle"},
    "frame": 1,
    "settle": 1,
    "signals": {
        "power": {"unit": "W", "range": [0, 4000], "period": 1, "max_age": 5},
        "temperature": {"unit": "Cel", "range": [-10, 130], "period": 1, "max_age": 5},
    },
    "windows": {"recent": {"kind": "sliding", "length": 4}},
    "outputs": {"score": {"kind": "score", "window": "recent", "needs": [["power", "temperature"]]}},
    "fallback": {"action": "none"},
    "budget": [{"architecture": "*", "cpu": "*", "cores": 1, "stage": "predict", "percentile": 99, "limit": 0.05}],
}

WINDOW = (8.0, 40.0, 16.0, 44.0, 24.0, 48.0, 32.0, 52.0)
CONTEXT = (4.0, float("nan"))
SCORE = (0.5 * 20.0 + 0.25 * 46.0,)


def score_nodes() -> list[bytes]:
    return [
        wire.node("MatMul", ["mean_row", "window"], ["sums"]),
        wire.node("Squeeze", ["sums", "axis"], ["means"]),
        wire.node("Gemm", ["means", "weights"], ["score"]),
    ]


def score_weights() -> list[bytes]:
    return [
        wire.tensor("mean_row", wire.FLOAT, [1, 4], wire.floats([0.25] * 4)),
        wire.tensor("axis", wire.INT64, [1], wire.int64s([1])),
        wire.tensor("weights", wire.FLOAT, [2, 1], wire.floats([0.5, 0.25])),
    ]


def inputs(batch: str = "batch") -> list[bytes]:
    return [wire.value("window", [batch, 4, 2]), wire.value("context", [batch, 2])]


def outputs() -> list[bytes]:
    return [wire.value("score", ["batch", 1])]


def stateless_model() -> bytes:
    return wire.model(wire.graph(score_nodes(), inputs(), outputs(), score_weights()))


def counting_model() -> bytes:
    nodes = [*score_nodes(), wire.node("Add", ["state", "one"], ["next_state"])]
    weights = [*score_weights(), wire.tensor("one", wire.FLOAT, [1], wire.floats([1.0]))]
    body = wire.graph(
        nodes,
        [*inputs(), wire.value("state", ["batch", 1])],
        [*outputs(), wire.value("next_state", ["batch", 1])],
        weights,
    )
    return wire.model(body)


def members(model: bytes | None = None) -> Members:
    return {
        "interface.json": canonical.dumps(INTERFACE),
        "model.onnx": stateless_model() if model is None else model,
        "features.json": canonical.dumps([]),
        "golden/0.window.f32": wire.floats(WINDOW),
        "golden/0.context.f32": wire.floats(CONTEXT),
        "golden/0.score.f32": wire.floats(SCORE),
        "evidence/data.json": canonical.dumps({"rows": 0}),
    }


def array(path: str, *shape: int) -> Tree:
    return {"path": path, "shape": list(shape)}


def tree() -> Tree:
    """A manifest without its members."""
    case = {
        "window": array("golden/0.window.f32", 1, 4, 2),
        "context": array("golden/0.context.f32", 1, 2),
        "state": None,
        "expected": {"score": array("golden/0.score.f32", 1, 1)},
    }
    return {
        "format": 1,
        "name": "kettle-watch",
        "version": "0.1.0",
        "interface": {
            "id": "kettle",
            "version": "0.9.0",
            "digest": canonical.digest(INTERFACE),
            "semantic": "0" * 64,
        },
        "window": "recent",
        "length": 4,
        "columns": ["power", "temperature"],
        "context": ["frames", "elapsed"],
        "outputs": [{"name": "score", "classes": []}],
        "state": None,
        "opset": 17,
        "budget": copy.deepcopy(INTERFACE["budget"]),
        "golden": {"tolerance": 1e-5, "samples": [], "outputs": [case], "prediction": []},
    }


def counting() -> tuple[Tree, Members]:
    """Manifest and members of the variant with a state."""
    described, content = tree(), members(counting_model())
    described["name"] = "kettle-count"
    described["state"] = {"layout": 1, "fields": [{"name": "windows", "unit": "1", "initial": 0}]}
    case = described["golden"]["outputs"][0]
    case["state"] = array("golden/0.state.f32", 1, 1)
    case["expected"]["next_state"] = array("golden/0.next_state.f32", 1, 1)
    content["golden/0.state.f32"] = wire.floats([2.0])
    content["golden/0.next_state.f32"] = wire.floats([3.0])
    return described, content


def package(**changes: Any) -> bytes:
    """The unsigned package, with some top-level manifest keys changed."""
    return archive.write({**tree(), **changes}, members())


def with_model(model: bytes) -> bytes:
    """The package around another model."""
    return archive.write(tree(), members(model))


def entries(data: bytes) -> list[Entry]:
    """Name and content of what stands in a package, in its order."""
    package = archive.read(data)
    found = [("mimetype", b"application/vnd.trivet.package"), ("manifest.json", canonical.dumps(package.manifest.tree))]
    found += [(path, bytes(content)) for path, content in package.members.items()]
    return [*found, *package.attestations.items(), *package.signatures.items()]


def with_manifest(manifest: bytes, data: bytes | None = None) -> bytes:
    """A package with other bytes as manifest."""
    return zip_of([(n, manifest if n == "manifest.json" else c) for n, c in entries(data or package())])


def edited(change: Mapping[str, Any] | None = None, drop: Sequence[str] = (), data: bytes | None = None) -> bytes:
    """A package whose manifest was edited at the top level after it was packed."""
    found = {**archive.read(data or package()).manifest.tree, **(change or {})}
    return with_manifest(canonical.dumps({k: v for k, v in found.items() if k not in drop}), data)


def signed(data: bytes, key: PrivateKey, statement: bytes) -> Entry:
    """A bundle by a key around any statement, as an entry."""
    described = public_key(key)
    signature = sign_bytes(key, bundle.pae(statement))
    content = bundle.write(bundle.Bundle(described.hint, described.id, statement, signature))
    return f"META-INF/signatures/{described.id}.sigstore.json", content


LOCAL = ("signature", "version", "flags", "method", "time", "date", "crc", "packed", "size", "names", "extra")
CENTRAL = ("signature", "maker", *LOCAL[1:], "comment", "disk", "internal", "external", "offset")
END = ("signature", "disk", "start", "here", "total", "length", "offset", "comment")


def zip_of(
    content: Sequence[tuple[str | bytes, bytes]],
    local: Mapping[int, Tree] | None = None,
    central: Mapping[int, Tree] | None = None,
    end: Tree | None = None,
    prefix: bytes = b"",
    gap: bytes = b"",
    suffix: bytes = b"",
) -> bytes:
    """A zip in which any header field of any entry can be set: ``local={1: {"flags": 1}}``.

    ``extra_bytes`` and ``comment_bytes`` add what the length fields announce.
    """
    body, directory = bytearray(prefix), bytearray()
    for number, (name, data) in enumerate(content):
        raw = name if isinstance(name, bytes) else name.encode()
        common = {
            "version": 20, "flags": 0, "method": 0, "time": 0, "date": 33, "crc": zlib.crc32(data),
            "packed": len(data), "size": len(data), "names": len(raw), "extra": 0,
        }  # fmt: skip
        near = {"signature": b"PK\3\4", **common, **(local or {}).get(number, {})}
        far = {
            "signature": b"PK\1\2", "maker": 0x314, **common, "comment": 0, "disk": 0, "internal": 0,
            "external": 0o100644 << 16, "offset": len(body), **(central or {}).get(number, {}),
        }  # fmt: skip
        body += struct.pack("<4s5H3I2H", *(near[key] for key in LOCAL)) + raw + near.get("extra_bytes", b"") + data
        directory += struct.pack("<4s6H3I5H2I", *(far[key] for key in CENTRAL)) + raw
        directory += far.get("extra_bytes", b"") + far.get("comment_bytes", b"")
    body += gap
    last = {
        "signature": b"PK\5\6", "disk": 0, "start": 0, "here": len(content), "total": len(content),
        "length": len(directory), "offset": len(body), "comment": 0, **(end or {}),
    }  # fmt: skip
    return bytes(body + directory + struct.pack("<4s4H2IH", *(last[key] for key in END))) + suffix
