"""Mutated lists of revocations, memories, logs, lines and provenance: each ends in a value or a tidy refusal."""

from __future__ import annotations

import json
import random
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import soak.fuzz as fuzz
from test_provenance import whole
from trivet import canonical
from trivet.check.log import verify_log
from trivet.check.trace import Place, Search, trace
from trivet.errors import TrivetError
from trivet.package import intake, keys, seen, store
from trivet.package.provenance import parse_provenance
from trivet.package.revoked import SECOND, Revocations, extended, parse_list, payload, read_list, sign_list
from trivet.pipeline.chain import Chain

KEY = keys.generate("ed25519")
PUBLIC = keys.public_key(KEY)
NOW = 1_800_000_000 * SECOND
ROUNDS = 150
MOST_MEMORY = 64 << 20

LIST = extended(
    Revocations("example-oem", 0, 0, 0, {}, {}),
    NOW,
    2 * NOW,
    {"a" * 64: "burns soup"},
    {"b" * 64: "keyCompromise", ("c" * 64, "CN=Firmware"): "superseded"},
)
SIGNED = sign_list(LIST, KEY)
MEMORY = (
    b'{"format":0,"kind":"seen","lists":{"x":{"kept":true,"number":2,"sha256":"%s"}},"packages":{},"source":"","time":"5"}'
    % (b"1" * 64)
)
LINE = canonical.dumps(
    {
        "kind": "prediction", "time": "2026-01-01T00:00:00.000Z", "package": "1" * 64, "interface": "2" * 64,
        "device": "3" * 64, "appliance": "kettle-1", "previous": None, "outputs": {"score": 1.5},
        "origins": {"table": {"url": "replay:x", "profile": {"id": "p", "version": "1", "digest": "4" * 64}}},
    }
)  # fmt: skip


def log() -> bytes:
    chain = Chain.signed(KEY, 3, lambda: NOW)
    made = [chain.checkpoint("start")]
    for number in range(9):
        made.append(chain.link({"kind": "gap", "number": number}))
        made += [chain.checkpoint("interval")] if chain.due() else []
    return b"".join([*made, chain.checkpoint("close")])


class Reader(NamedTuple):
    """One reader: what it does with bytes, good ones, and words that mean something to it."""

    read: Callable[[bytes, Path], object]
    seed: bytes


def _seen(data: bytes, folder: Path) -> object:
    (folder / seen.FILE).write_bytes(data)
    return seen.load_seen(str(folder))


def _taken(data: bytes, folder: Path) -> object:
    return intake.take(folder / "home", data, "stick", lambda: NOW)


def _log(data: bytes, folder: Path) -> object:
    (folder / "lines.jsonl").write_bytes(data)
    report = verify_log([folder / "lines.jsonl"], PUBLIC)
    assert all(str(one).isprintable() and one.rule and one.hint for one in report.findings)
    assert report.good == (data == LOG), "an alteration was passed over"
    return report


LOG = log()
READERS = {
    "bundle of a list": Reader(lambda data, _: read_list(data, "x"), SIGNED),
    "list": Reader(lambda data, _: parse_list(data, "x"), payload(LIST)),
    "list that is taken in": Reader(_taken, SIGNED),
    "memory": Reader(_seen, MEMORY),
    "provenance": Reader(lambda data, _: parse_provenance(data, "x"), canonical.dumps(whole())),
    "log": Reader(_log, LOG),
    "line": Reader(lambda data, _: trace(Place("x:1", data), Search()), LINE),
}


def tidily_refused(reader: Reader, data: bytes, folder: Path) -> bool:
    """Whether bytes were refused; anything but a tidy refusal escapes."""
    try:
        reader.read(data, folder)
    except TrivetError as error:
        refusal = error
    else:
        return False
    assert str(refusal).isprintable(), data
    assert refusal.rule, data
    return True


@pytest.mark.parametrize("name", READERS)
def test_mutations_end_in_a_value_or_a_refusal(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fuzz, "DICE", random.Random(name))  # noqa: S311 # repeatable mutations
    (tmp_path / "oem.pub").write_bytes(PUBLIC.pem)
    store.add(tmp_path / "home", tmp_path / "oem.pub")
    reader, refused = READERS[name], 0
    reader.read(reader.seed, tmp_path)
    words = [*fuzz.TOKENS, *reader.seed.split(b'"')[1::2]]
    tracemalloc.start()
    for _ in range(ROUNDS):
        data = fuzz.mutated(reader.seed, words)
        refused += tidily_refused(reader, data, tmp_path)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < MOST_MEMORY
    assert refused or name == "log"


DEEP = b"[" * 200_000
LARGE = b'{"a":"' + b"x" * (2 << 20) + b'"}'
ODD: list[Any] = [None, True, -1, 1e300, 2**70, "", "\ud800", [], {}, [[]], "x" * 5000]


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("data", [b"", b"\xff", b"{}", b"[]", b"null", b"0", b"{", DEEP, LARGE], ids=range(9))
def test_what_is_nothing_of_the_kind_is_refused(name: str, data: bytes, tmp_path: Path) -> None:
    (tmp_path / "oem.pub").write_bytes(PUBLIC.pem)
    store.add(tmp_path / "home", tmp_path / "oem.pub")
    if name == "log":
        assert not verify_log([_written(tmp_path, data)], PUBLIC).good
        return
    with pytest.raises(TrivetError):
        READERS[name].read(data, tmp_path)


def _written(folder: Path, data: bytes) -> Path:
    (folder / "lines.jsonl").write_bytes(data)
    return folder / "lines.jsonl"


@pytest.mark.parametrize("name", ["list", "memory", "provenance", "line"])
def test_any_value_in_any_place_ends_in_a_value_or_a_refusal(name: str, tmp_path: Path) -> None:
    reader = READERS[name]
    tree = json.loads(reader.seed)
    for path in _places(tree, ()):
        for value in ODD:
            tidily_refused(reader, json.dumps(_put(tree, path, value)).encode(), tmp_path)


def _places(node: Any, path: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    keys_of = list(node) if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ()
    return [place for key in keys_of for place in [(*path, key), *_places(node[key], (*path, key))]]


def _put(tree: Any, path: tuple[Any, ...], value: Any) -> Any:
    made = json.loads(json.dumps(tree))
    node = made
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value
    return made
