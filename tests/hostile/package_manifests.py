"""Hostile manifests: every field missing, wrong or contradicting another, and JSON that is none."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import onnxwire as wire
import tinypackage as tiny
from hostile.package_cases import Case, plain
from trivet import canonical
from trivet.package import archive

TOP = (
    "format", "name", "version", "interface", "window", "length", "columns", "context", "outputs", "state", "opset",
    "budget", "golden", "members",
)  # fmt: skip


def _manifest() -> dict[str, Any]:
    return copy.deepcopy(dict(archive.read(tiny.package()).manifest.tree))


def _raw(text: bytes) -> Callable[[], bytes]:
    return lambda: tiny.with_manifest(text)


def _text(change: Callable[[bytes], bytes]) -> Callable[[], bytes]:
    return lambda: tiny.with_manifest(change(canonical.dumps(_manifest())))


def _set(path: str, value: Any) -> Callable[[], bytes]:
    """The package with one place of its manifest set; a last key of ``-`` deletes the place."""

    def build() -> bytes:
        tree = _manifest()
        node: Any = tree
        *way, last = [int(key) if key.isdigit() else key for key in path.split(".")]
        for key in way:
            node = node[key]
        if value is DELETED:
            del node[last]
        else:
            node[last] = value
        return tiny.with_manifest(canonical.dumps(tree))

    return build


DELETED = object()


def _field(name: str, path: str, value: Any, rule: str = "TRV-P023") -> Case:
    return plain(name, rule, _set(path, value))


def _missing() -> list[Case]:
    rule = {"format": "TRV-P022"}
    return [_field(f"no-{key}", key, DELETED, rule.get(key, "TRV-P023")) for key in TOP]


def _mistyped() -> list[Case]:
    rule = {"format": "TRV-P022"}
    found = []
    for key in TOP:
        value: Any = ["x"] if key in ("format", "name", "version", "window", "length", "opset", "interface") else 7
        found.append(_field(f"type-of-{key}", key, value, rule.get(key, "TRV-P023")))
    return found


def _swapped_members() -> bytes:
    """Two golden members of one size change places; the manifest stays."""
    found = tiny.entries(archive.write(tiny.tree(), {**tiny.members(), "golden/1.f32": wire.floats([9.0])}))
    contents = dict(found)
    contents["golden/0.score.f32"], contents["golden/1.f32"] = contents["golden/1.f32"], contents["golden/0.score.f32"]
    return tiny.zip_of([(path, contents[path]) for path, _ in found])


def _replaced(path: str, content: bytes) -> Callable[[], bytes]:
    return lambda: tiny.zip_of([(p, content if p == path else c) for p, c in tiny.entries(tiny.package())])


def _without(path: str) -> Callable[[], bytes]:
    return lambda: tiny.zip_of([(p, c) for p, c in tiny.entries(tiny.package()) if p != path])


def _undeclared(path: str) -> Callable[[], bytes]:
    def build() -> bytes:
        found = tiny.entries(tiny.package())
        head, members = found[:2], [*found[2:], (path, b"{}")]
        return tiny.zip_of([*head, *sorted(members)])

    return build


def _nested(depth: int) -> bytes:
    return b'{"a":' * depth + b"1" + b"}" * depth


JSON: list[Case] = [
    plain("manifest-empty", "TRV-P020", _raw(b"")),
    plain("manifest-array", "TRV-P020", _raw(b"[]")),
    plain("manifest-null", "TRV-P020", _raw(b"null")),
    plain("manifest-binary", "TRV-P020", _raw(bytes(range(256)))),
    plain("manifest-yaml", "TRV-P020", _raw(b"format: 0\n")),
    plain("manifest-cut", "TRV-P020", _text(lambda text: text[:-1])),
    plain("manifest-two-values", "TRV-P020", _text(lambda text: text + b"{}")),
    plain("manifest-nan", "TRV-P020", _text(lambda text: text.replace(b'"length":4', b'"length":NaN'))),
    plain("manifest-infinity", "TRV-P020", _text(lambda text: text.replace(b'"length":4', b'"length":1e999'))),
    plain("manifest-digits", "TRV-P020", _text(lambda text: text.replace(b'"length":4', b'"length":' + b"4" * 5000))),
    plain(
        "manifest-duplicate-key", "TRV-P020", _text(lambda text: text.replace(b'"opset":17', b'"opset":17,"opset":17'))
    ),
    plain(
        "manifest-duplicate-nested",
        "TRV-P020",
        _text(lambda text: text.replace(b'"role":"model"', b'"role":"x","role":"model"')),
    ),
    plain("manifest-utf16", "TRV-P020", _text(lambda text: text.decode().encode("utf-16"))),
    plain("manifest-bom", "TRV-P020", _text(lambda text: b"\xef\xbb\xbf" + text)),
    plain("manifest-latin1", "TRV-P020", _text(lambda text: text.replace(b"recent", b"rec\xe9nt"))),
    plain("manifest-deep", "TRV-P020", _raw(_nested(40))),
    plain("manifest-very-deep", "TRV-P020", _raw(_nested(150_000))),
    plain("manifest-deep-arrays", "TRV-P020", _raw(b"[" * 500_000)),
    plain("manifest-spaces", "TRV-P021", _text(lambda text: text.replace(b":", b": "))),
    plain("manifest-newline", "TRV-P021", _text(lambda text: text + b"\n")),
    plain("manifest-unsorted", "TRV-P021", _text(lambda text: b'{"zz":1,' + text[1:])),
    plain("manifest-escapes", "TRV-P021", _text(lambda text: text.replace(b'"recent"', b'"\\u0072ecent"'))),
    plain("manifest-number-form", "TRV-P021", _text(lambda text: text.replace(b'"length":4', b'"length":4.0'))),
    plain("manifest-surrogate", "TRV-P021", _text(lambda text: text[:-1] + b',"zz":"\\ud800"}')),
    plain("manifest-large-integer", "TRV-P021", _text(lambda text: text[:-1] + b',"zz":9007199254740993}')),
]

FIELDS: list[Case] = [
    _field("format-next", "format", 2, "TRV-P022"),
    _field("format-true", "format", True, "TRV-P022"),
    _field("format-text", "format", "0", "TRV-P022"),
    _field("name-empty", "name", ""),
    _field("name-path", "name", "../kettle"),
    _field("name-upper-case", "name", "Kettle"),
    _field("name-long", "name", "a" * 65),
    _field("name-look-alike", "name", "k\N{CYRILLIC SMALL LETTER IE}ttle"),
    _field("version-two-parts", "version", "0.1"),
    _field("version-leading-zero", "version", "0.01.0"),
    _field("version-other-digits", "version", "0.1.\N{ARABIC-INDIC DIGIT ONE}"),
    _field("version-newline", "version", "0.1.0\n"),
    _field("interface-digest-short", "interface.digest", "00"),
    _field("interface-digest-upper-case", "interface.digest", "A" * 64),
    _field("interface-digest-other", "interface.digest", "0" * 64, "TRV-P024"),
    _field("interface-id-missing", "interface.id", DELETED),
    _field("length-zero", "length", 0),
    _field("length-huge", "length", 10**9),
    _field("length-true", "length", True),
    _field("columns-empty", "columns", []),
    _field("columns-twice", "columns", ["power", "power"]),
    _field("columns-look-alike", "columns", ["power", "pow\N{CYRILLIC SMALL LETTER IE}r"]),
    _field("columns-twins-by-digit", "columns", ["power", "p0wer"], "TRV-P024"),
    _field("columns-twins-by-letters", "columns", ["burner", "bumer"], "TRV-P024"),
    _field("context-twins", "context", ["frames", "elapsed", "volume_1", "volume_l"], "TRV-P024"),
    _field("columns-wrong-count", "columns", ["power"], "TRV-P024"),
    _field("context-other-order", "context", ["elapsed", "frames"], "TRV-P024"),
    _field("context-too-short", "context", ["frames"]),
    _field("outputs-empty", "outputs", []),
    _field("outputs-twice", "outputs", [{"name": "score", "classes": []}] * 2, "TRV-P024"),
    _field("outputs-next-state", "outputs.0.name", "next_state", "TRV-P024"),
    _field("outputs-classes-twice", "outputs.0.classes", ["clog", "clog"]),
    _field("state-text", "state", "none"),
    _field("state-empty", "state", {"layout": 1, "fields": []}),
    _field(
        "state-without-vector", "state", {"layout": 1, "fields": [{"name": "n", "unit": "1", "initial": 0}]}, "TRV-P024"
    ),
    _field("opset-old", "opset", 16),
    _field("opset-9999", "opset", 9999),
    _field("budget-empty", "budget", []),
    _field("budget-without-star", "budget.0.architecture", "x86_64", "TRV-P024"),
    _field("budget-negative", "budget.0.limit", -1),
    _field("budget-row-incomplete", "budget.0.percentile", DELETED),
    _field("golden-tolerance-loose", "golden.tolerance", 1, "TRV-P024"),
    _field("golden-none", "golden.outputs", [], "TRV-P024"),
    _field("golden-path-other", "golden.outputs.0.window.path", "model.onnx", "TRV-P024"),
    _field("golden-path-outside", "golden.outputs.0.window.path", "../window.f32", "TRV-P024"),
    _field("golden-shape-other", "golden.outputs.0.window.shape", [1, 2, 4], "TRV-P024"),
    _field("golden-shape-negative", "golden.outputs.0.window.shape", [-1, 4, -2], "TRV-P024"),
    _field("golden-shape-overflow", "golden.outputs.0.window.shape", [1 << 24, 1 << 24, 1 << 24], "TRV-P024"),
    _field("golden-batch-differs", "golden.outputs.0.context.shape", [2, 1], "TRV-P024"),
    _field(
        "golden-unknown-output", "golden.outputs.0.expected", {"x": tiny.array("golden/0.score.f32", 1, 1)}, "TRV-P024"
    ),
    _field(
        "golden-output-named-bidi", "golden.outputs.0.expected", {"a\x1b[2J\N{RIGHT-TO-LEFT OVERRIDE}": {}}, "TRV-P024"
    ),
    _field("golden-expects-nothing", "golden.outputs.0.expected", {}, "TRV-P024"),
    _field("golden-state-unwanted", "golden.outputs.0.state", tiny.array("golden/0.score.f32", 1, 1), "TRV-P024"),
    _field("golden-prediction-case", "golden.prediction", [{"case": 1, "expected": {}}], "TRV-P024"),
    _field("members-empty", "members", [], "TRV-P024"),
    _field("members-size-negative", "members.0.size", -1),
    _field("members-size-text", "members.0.size", "12"),
    _field("members-digest-short", "members.0.sha256", "ab"),
    _field("members-role-other", "members.0.role", "model"),
    _field("members-role-unknown", "members.0.role", "code"),
    _field("members-path-outside", "members.0.path", "../evil.json"),
    _field("members-path-code", "members.0.path", "evidence/evil.so"),
    _field("members-path-meta", "members.0.path", "META-INF/signatures/a"),
    _field("members-itself", "members.0.path", "manifest.json"),
]

MEMBERS: list[Case] = [
    plain("undeclared-evidence", "TRV-P030", _undeclared("evidence/more.json")),
    plain("undeclared-golden", "TRV-P030", _undeclared("golden/more.f32")),
    plain("missing-model", "TRV-P031", _without("model.onnx")),
    plain("missing-golden", "TRV-P031", _without("golden/0.score.f32")),
    plain("missing-evidence", "TRV-P031", _without("evidence/data.json")),
    plain("longer-features", "TRV-P032", _replaced("features.json", b"[ ]")),
    plain("empty-model", "TRV-P032", _replaced("model.onnx", b"")),
    plain("other-features", "TRV-P033", _replaced("features.json", b"{}")),
    plain("other-golden", "TRV-P033", _replaced("golden/0.score.f32", wire.floats([0.0]))),
    plain(
        "other-interface",
        "TRV-P033",
        _replaced("interface.json", tiny.members()["interface.json"].replace(b"4000", b"9000")),
    ),
    plain("swapped-golden", "TRV-P033", _swapped_members),
    _field("wrong-size-in-manifest", "members.0.size", 13, "TRV-P032"),
    _field("wrong-digest-in-manifest", "members.0.sha256", "0" * 64, "TRV-P033"),
    plain("member-twice-in-manifest", "TRV-P024", lambda: tiny.edited({"members": [_manifest()["members"][0]] * 2})),
    plain("members-unsorted-in-manifest", "TRV-P024", lambda: tiny.edited({"members": _manifest()["members"][::-1]})),
    plain(
        "no-model-in-manifest",
        "TRV-P024",
        lambda: tiny.edited({"members": [m for m in _manifest()["members"] if m["role"] != "model"]}),
    ),
]

CASES: list[Case] = [*JSON, *_missing(), *_mistyped(), *FIELDS, *MEMBERS]
