"""Whatever bytes come in, documents end in a TrivetError or a document, within bounds."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from test_interface_documents import CASES, GOOD, KINDS, findings
from trivet import canonical
from trivet.errors import DocumentError, TrivetError
from trivet.interface import text
from trivet.interface.load import DEEPEST, load
from trivet.interface.parse import parse, parse_as

SOURCES = [case.read_bytes() for case in CASES]
PIECES = [
    b"&a",
    b"*a",
    b"<<: ",
    b"!!str ",
    b"- ",
    b": ",
    b"{",
    b"}",
    b"[",
    b"]",
    b"'",
    b'"',
    b"\t",
    b"|\n",
    b">-\n",
    b"? ",
    b"%",
    b"---\n",
    b"...\n",
]
PIECES += [
    b"\\u0000",
    b"\\uD800",
    b"\\U0010FFFF",
    b"\xef\xbb\xbf",
    b"\xff",
    b"\r",
    b"\x85",
    b"#",
    b"@",
    b"`",
    b",",
    b"~",
    b"1e999",
    b"-0",
    b"9" * 30,
]


@contextmanager
def reader(loader: Any) -> Iterator[None]:
    """PyYAML's one reader or the other."""
    before = text.Loader
    text.Loader = loader
    try:
        yield
    finally:
        text.Loader = before


def survive(data: bytes) -> None:
    for loader in (yaml.CSafeLoader, yaml.SafeLoader):
        with reader(loader):
            try:
                parsed = parse(data, "case", KINDS)
            except TrivetError:
                continue
        findings(parsed)
        assert load(json.loads(canonical.dumps(parsed.tree)), type(parsed.document)) == parsed.document


@given(st.binary(max_size=300))
def test_any_bytes(data: bytes) -> None:
    survive(data)


@given(st.text(max_size=300))
def test_any_text(data: str) -> None:
    survive(data.encode("utf-8", "surrogatepass"))


@given(
    st.sampled_from(SOURCES),
    st.lists(
        st.tuples(st.floats(0, 1), st.integers(0, 8), st.sampled_from(PIECES) | st.binary(max_size=4)),
        min_size=1,
        max_size=4,
    ),
)
@settings(max_examples=150)
def test_mutated_documents(data: bytes, edits: list[tuple[float, int, bytes]]) -> None:
    for share, cut, piece in edits:
        at = int(share * len(data))
        data = data[:at] + piece + data[at + cut :]
    survive(data)


json_trees = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=10,
)


@given(st.sampled_from(GOOD), st.data())
def test_mutated_trees(case: Any, data: st.DataObject) -> None:
    """One node of a good tree becomes something else: parse and load agree on whether that is a document."""
    parsed = parse(case.read_bytes(), case.name, KINDS)
    tree = json.loads(canonical.dumps(parsed.tree))
    node, parent, key = tree, None, None
    while isinstance(node, (dict, list)) and node and data.draw(st.booleans() if parent is not None else st.just(True)):
        parent = node
        key = data.draw(st.sampled_from(sorted(node) if isinstance(node, dict) else range(len(node))))
        node = parent[key]
    parent[key] = data.draw(json_trees)  # type: ignore[index]
    kind = type(parsed.document)
    try:
        written = canonical.dumps(tree)
    except ValueError:
        with pytest.raises(DocumentError):
            load(tree, kind)
        return
    try:
        document = load(json.loads(written), kind)
    except DocumentError:
        document = None
    try:
        again = parse_as(kind, written, "case")
    except DocumentError:
        assert document is None or not _expressible(tree)
    else:
        assert again.document == document


@pytest.mark.parametrize("number", [2**53 + 1, 2**60, 10**30, -(2**53) - 1])
def test_load_refuses_whole_numbers_that_lose_digits_as_parse_does(number: int) -> None:
    parsed = parse(GOOD[0].read_bytes(), GOOD[0].name, KINDS)
    tree = json.loads(canonical.dumps(parsed.tree)) | {"frame": number}
    with pytest.raises(DocumentError):
        load(tree, type(parsed.document))


def _expressible(tree: Any) -> bool:
    """Whether YAML text may hold what a JSON tree holds: control characters may not."""
    return not any(text._NOT_IN_TEXT.search(part) or text._NOT_IN_FILE.search(part) for part in _texts(tree))


def _texts(tree: Any) -> list[str]:
    if isinstance(tree, dict):
        return [*tree, *(found for value in tree.values() for found in _texts(value))]
    if isinstance(tree, list):
        return [found for value in tree for found in _texts(value)]
    return [tree] if isinstance(tree, str) else []


def bombs(size: int) -> dict[str, bytes]:
    """Texts of at most ``size`` bytes that cost a careless reader more than they should."""
    return {
        "laughs": b"a: &a [x, x]\n" + b"".join(b"b%d: &b%d [*a, *a]\n" % (i, i) for i in range(1000)),
        "brackets": b"a: " + b"[" * (size // 2),
        "braces": b"{a: " * (size // 5),
        "dashes": b"- " * (size // 2),
        "keys": b"? " * (size // 2),
        "quotes": b"a: '" + b"x" * (size - 9),
        "items": b"a: [" + b"1," * (size // 9) + b"]",
        "entries": b"".join(b"k%d: 1\n" % i for i in range(size // 12)),
        "digits": b"a: " + b"9" * (size - 9),
        "zeros": b"a: 0." + b"0" * (size - 9),
        "exponent": b"a: 1e" + b"9" * (size - 9),
        "tags": b"!" * (size - 9),
        "comments": b"#\n" * (size // 2),
        "long_key": b"k" * (size - 9) + b": 1",
        "version": b"%YAML " + b"9" * 10_000 + b".1\n---\na: 1\n",
    }


SIZES = {yaml.CSafeLoader: text.LARGEST_TEXT // 4, yaml.SafeLoader: text.LARGEST_TEXT // 64}


@pytest.mark.parametrize("loader", SIZES, ids=["libyaml", "python"])
@pytest.mark.parametrize("name", bombs(100))
def test_bombs_are_refused_within_memory(name: str, loader: Any) -> None:
    bomb = bombs(SIZES[loader])[name]
    tracemalloc.start()
    try:
        with reader(loader), pytest.raises(DocumentError):
            parse(bomb, name, KINDS)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 128 << 20


def test_text_over_the_limit_is_not_read() -> None:
    with pytest.raises(DocumentError, match="is over") as caught:
        parse(b"#" * (text.LARGEST_TEXT + 1), "case", KINDS)
    assert caught.value.rule == "TRV-I002"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 10**400, -(10**400)])
@pytest.mark.parametrize("path", ["frame", "note"])
def test_numbers_that_are_none(value: float, path: str) -> None:
    parsed = parse(GOOD[0].read_bytes(), "case", KINDS)
    kind = type(parsed.document)
    with pytest.raises(DocumentError):
        load({**parsed.tree, path: value}, kind)


def test_deep_free_json_is_refused_by_load() -> None:
    (case,) = [case for case in GOOD if case.stem == "profile_free_settings"]
    tree = parse(case.read_bytes(), case.name, KINDS).tree
    deep: Any = 1
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(DocumentError, match=f"more than {DEEPEST} deep"):
        load({**tree, "settings": {"x": deep}}, KINDS["profile"])
