"""Whatever bytes come, a package room's reader gives a value or a ``TrivetError``; what it writes, it reads."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from typing import Any

import onnx
from hypothesis import given, settings
from hypothesis import strategies as st

import onnxwire as wire
import tinypackage as tiny
from trivet import canonical
from trivet.errors import TrivetError
from trivet.package import archive, bundle, keys, sign
from trivet.package.admit import admit
from trivet.package.graph import walk
from trivet.package.manifest import parse_manifest
from trivet.package.messages import ATTRIBUTE, TENSOR
from trivet.package.protobuf import Reader

STEM = st.from_regex(r"[a-z0-9][a-z0-9_.-]{0,20}", fullmatch=True).filter(
    lambda stem: stem.split(".")[0] not in {"con", "prn", "aux", "nul"} and stem[:3] not in {"com", "lpt"}
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(-(2.0**53), 2.0**53) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
OEM = keys.generate("ed25519")
TRUSTED = (keys.public_key(OEM),)
SIGNED = sign.sign(tiny.package(), OEM)
PLAIN = tiny.package()


def tidy(read: Callable[[bytes], object], data: bytes) -> bool:
    """Whether bytes were accepted; anything but a tidy refusal escapes."""
    try:
        read(data)
    except TrivetError as error:
        refusal = error
    else:
        return True
    assert refusal.rule.startswith("TRV-P")
    assert str(refusal).isprintable()
    return False


def mutated(data: bytes, draw: Callable[[Any], Any]) -> bytes:
    """Some bytes changed, cut out, doubled, or put elsewhere."""
    changed = bytearray(data)
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, max(len(changed) - 1, 0)))
        end = min(len(changed), start + draw(st.sampled_from([1, 1, 2, 4, 30, 300])))
        what = draw(st.sampled_from(["set", "delete", "double", "move", "insert"]))
        piece = bytes(changed[start:end])
        if what == "set":
            changed[start:end] = draw(st.binary(min_size=end - start, max_size=end - start))
        elif what == "insert":
            changed[start:start] = draw(st.binary(max_size=16))
        else:
            if what in ("delete", "move"):
                del changed[start:end]
            if what in ("double", "move"):
                to = draw(st.integers(0, len(changed)))
                changed[to:to] = piece
    return bytes(changed)


@given(
    st.dictionaries(STEM, st.binary(max_size=200), max_size=4),
    st.dictionaries(STEM, st.binary(max_size=200), max_size=4),
    st.dictionaries(st.from_regex(r"x[a-z]{1,6}", fullmatch=True), JSON, max_size=4),
)
@settings(max_examples=60, deadline=None)
def test_writing_and_reading_is_identity(
    golden: dict[str, bytes], evidence: dict[str, bytes], more: dict[str, Any]
) -> None:
    members = tiny.members()
    members |= {f"golden/{stem}.f32": content for stem, content in golden.items()}
    members |= {f"evidence/{stem}.json": content for stem, content in evidence.items()}
    tree = {**tiny.tree(), **more}
    data = archive.write(tree, members)
    package = archive.read(data)
    assert {path: bytes(content) for path, content in package.members.items()} == members
    assert {key: package.manifest.tree[key] for key in more} == json.loads(canonical.dumps(more))
    assert archive.write(dict(reversed(list(tree.items()))), dict(reversed(list(members.items())))) == data
    assert admit(sign.sign(data, OEM), TRUSTED).package.digest == package.digest


@given(st.binary(max_size=400))
@settings(deadline=None)
def test_random_bytes_are_refused_by_every_reader(data: bytes) -> None:
    assert not tidy(archive.read, data)
    assert not tidy(parse_manifest, data)
    assert not tidy(lambda raw: bundle.read(raw, "x"), data)
    assert not tidy(walk, data)
    assert not tidy(keys.parse_public_key, data)


@given(st.data())
@settings(max_examples=400, deadline=None)
def test_a_mutated_archive_is_refused_or_unchanged(source: st.DataObject) -> None:
    data = mutated(SIGNED, source.draw)
    if tidy(lambda raw: admit(raw, TRUSTED), data):
        assert data == SIGNED


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_a_mutated_member_is_refused_even_when_the_zip_fits(source: st.DataObject) -> None:
    entries = tiny.entries(SIGNED)
    number = source.draw(st.integers(0, len(entries) - 1))
    path, content = entries[number]
    changed = mutated(content, source.draw)
    entries[number] = (path, changed)
    data = tiny.zip_of(entries)
    if tidy(lambda raw: admit(raw, TRUSTED), data):
        # Only the layout of a bundle's JSON is free: other software writes it too.
        assert changed == content or bundle.read(changed, path) == bundle.read(content, path)


@given(JSON, st.data())
@settings(max_examples=200, deadline=None)
def test_a_manifest_with_any_value_anywhere_is_read_or_refused(value: Any, source: st.DataObject) -> None:
    tree = json.loads(canonical.dumps(archive.read(PLAIN).manifest.tree))
    node: Any = tree
    while True:
        key = source.draw(st.sampled_from(sorted(node) if isinstance(node, dict) else range(len(node))))
        if not isinstance(node[key], (dict, list)) or not node[key] or source.draw(st.booleans()):
            break
        node = node[key]
    node[key] = value
    tidy(parse_manifest, canonical.dumps(tree))


MODELS = (tiny.stateless_model(), tiny.counting_model())


@given(st.sampled_from(MODELS), st.data())
@settings(max_examples=500, deadline=None)
def test_a_mutated_model_is_read_or_refused(model: bytes, source: st.DataObject) -> None:
    data = mutated(model, source.draw)
    if tidy(walk, data):
        onnx.load_from_string(data)


@given(st.lists(st.integers(-(2**63), 2**63 - 1)), st.booleans())
@settings(deadline=None)
def test_integers_are_read_as_onnx_reads_them(values: list[int], packed: bool) -> None:
    if packed:
        tensor = wire.block(7, b"".join(map(wire.varint, values)))
        assert list(Reader().read(memoryview(tensor), TENSOR, "x")["int64_data"]) == values
        return
    data = onnx.helper.make_attribute("a", values, attr_type=onnx.AttributeProto.INTS).SerializeToString()
    assert list(Reader().read(memoryview(data), ATTRIBUTE, "x")["ints"]) == values


@given(st.lists(st.floats(width=32), max_size=200), st.booleans())
@settings(deadline=None)
def test_floats_are_read_bit_by_bit(values: list[float], packed: bool) -> None:
    raw = struct.pack(f"<{len(values)}f", *values)
    if packed:
        assert Reader().read(memoryview(wire.block(4, raw)), TENSOR, "x")["float_data"].tobytes() == raw
        return
    data = onnx.helper.make_attribute("a", values, attr_type=onnx.AttributeProto.FLOATS).SerializeToString()
    assert Reader().read(memoryview(data), ATTRIBUTE, "x")["floats"].tobytes() == raw


@given(st.lists(st.binary(max_size=40), max_size=60))
@settings(deadline=None)
def test_texts_are_read_as_onnx_reads_them(values: list[bytes]) -> None:
    data = onnx.helper.make_attribute("a", values, attr_type=onnx.AttributeProto.STRINGS).SerializeToString()
    assert Reader().read(memoryview(data), ATTRIBUTE, "x")["strings"] == values
