"""Hostile archives: whatever a zip can be beyond the one form of a package."""

from __future__ import annotations

import io
import zipfile
import zlib
from typing import Any

import tinypackage as tiny
from hostile.package_cases import Case, plain


def _zip(**changes: Any) -> bytes:
    return tiny.zip_of(tiny.entries(tiny.package()), **changes)


def _local(**fields: Any) -> bytes:
    return _zip(local={4: fields})


def _central(**fields: Any) -> bytes:
    return _zip(central={4: fields})


def _both(**fields: Any) -> bytes:
    return _zip(local={4: fields}, central={4: fields})


def _with(*more: tuple[str | bytes, bytes]) -> bytes:
    """The package with further entries at its end."""
    return tiny.zip_of([*tiny.entries(tiny.package()), *more])


def _renamed(name: str | bytes) -> bytes:
    found: list[tuple[str | bytes, bytes]] = [
        (name if path == "model.onnx" else path, data) for path, data in tiny.entries(tiny.package())
    ]
    return tiny.zip_of(found)


def _ordered(*order: int) -> bytes:
    found = tiny.entries(tiny.package())
    return tiny.zip_of([found[n] for n in order] + found[len(order) :])


def _deflated() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in tiny.entries(tiny.package()):
            archive.writestr(path, data)
    return stream.getvalue()


def _really_deflated_member() -> bytes:
    found = tiny.entries(tiny.package())
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(found[4][1]) + packer.flush()
    fields = {"method": 8, "size": len(found[4][1]), "crc": zlib.crc32(found[4][1])}
    found[4] = (found[4][0], packed)
    return tiny.zip_of(found, local={4: fields}, central={4: fields})


def _bomb() -> bytes:
    """A member that announces 4 GiB."""
    return _both(size=0xFFFF_FFFE, packed=0xFFFF_FFFE)


def _zip64() -> bytes:
    locator = b"PK\6\6" + b"\0" * 52 + b"PK\6\7" + b"\0" * 16
    return _zip(gap=locator, end={"offset": 0xFFFF_FFFF, "here": 0xFFFF, "total": 0xFFFF})


def _overlap() -> bytes:
    """The second entry's offset points into the first one."""
    return _zip(central={4: {"offset": 0}})


def _nested() -> bytes:
    """One entry that contains the next one whole: a quoted overlap."""
    found = tiny.entries(tiny.package())
    whole = tiny.zip_of([found[5]])
    found[4] = (found[4][0], whole[:-22])
    return tiny.zip_of(found, central={5: {"offset": 0}})


def _local_name_differs() -> bytes:
    data = _zip()
    local = data.index(b"features.json", data.index(b"features.json") + 1)
    return data[:local] + b"featurez.json" + data[local + 13 :]


def _flipped_member() -> bytes:
    data = bytearray(tiny.package())
    data[data.index(b"MatMul")] ^= 1
    return bytes(data)


def _flipped_manifest() -> bytes:
    return tiny.package().replace(b'"version":"0.1.0"', b'"version":"0.1.1"', 1)


def _two_directories() -> bytes:
    """A second, shorter directory in front of the real one."""
    data = _zip()
    return data[:-22] + _zip(end={"here": 1, "total": 1})[-22:]


CASES: list[Case] = [
    plain("empty", "TRV-P002", lambda: b""),
    plain("one-byte", "TRV-P002", lambda: b"P"),
    plain("only-end-record", "TRV-P002", lambda: tiny.zip_of([])),
    plain("zeros", "TRV-P002", lambda: bytes(4096)),
    plain("gzip", "TRV-P002", lambda: b"\x1f\x8b\x08" + bytes(100)),
    plain("onnx-instead", "TRV-P002", tiny.stateless_model),
    plain("prefix-script", "TRV-P002", lambda: _zip(prefix=b"#!/bin/sh\nexit 1\n")),
    plain("prefix-zip", "TRV-P006", lambda: _zip(prefix=b"PK\3\4")),
    plain("trailing-byte", "TRV-P002", lambda: _zip(suffix=b"\0")),
    plain("trailing-script", "TRV-P002", lambda: _zip(suffix=b"import os\n")),
    plain("trailing-zip", "TRV-P002", lambda: _zip() + _zip()),
    plain("archive-comment", "TRV-P002", lambda: _zip(end={"comment": 5}, suffix=b"hello")),
    plain("comment-hides-an-end", "TRV-P002", lambda: _zip(end={"comment": 22}) + _zip()[-22:]),
    plain("cut-in-half", "TRV-P002", lambda: _zip()[: len(_zip()) // 2]),
    plain("cut-one-byte", "TRV-P002", lambda: _zip()[:-1]),
    plain("cut-at-directory", "TRV-P002", lambda: _zip()[: _zip().index(b"PK\1\2")]),
    plain("several-disks", "TRV-P002", lambda: _zip(end={"disk": 1, "start": 1})),
    plain("counts-differ", "TRV-P002", lambda: _zip(end={"here": 3})),
    plain("count-too-small", "TRV-P003", lambda: _zip(end={"here": 3, "total": 3})),
    plain("count-too-large", "TRV-P003", lambda: _zip(end={"here": 300, "total": 300})),
    plain("directory-offset-wrong", "TRV-P002", lambda: _zip(end={"offset": 0})),
    plain("directory-length-wrong", "TRV-P002", lambda: _zip(end={"length": 10})),
    plain("directory-at-start", "TRV-P003", lambda: _zip(end={"offset": 0, "length": len(_zip()) - 22})),
    plain("two-directories", "TRV-P003", _two_directories),
    plain("zip64", "TRV-P002", _zip64),
    plain("gap-before-directory", "TRV-P006", lambda: _zip(gap=b"hidden payload")),
    plain("overlap", "TRV-P006", _overlap),
    plain("nested-entries", "TRV-P006", _nested),
    plain("offset-outside", "TRV-P006", lambda: _central(offset=1 << 30)),
    plain("deflated-archive", "TRV-P004", _deflated),
    plain("deflated-member", "TRV-P004", _really_deflated_member),
    plain("bomb", "TRV-P010", _bomb),
    plain("method-lzma", "TRV-P004", lambda: _both(method=14)),
    plain("method-local-only", "TRV-P005", lambda: _local(method=8)),
    plain("encrypted", "TRV-P004", lambda: _both(flags=1)),
    plain("flag-data-descriptor", "TRV-P004", lambda: _both(flags=8)),
    plain("flag-utf8", "TRV-P004", lambda: _both(flags=0x800)),
    plain("flag-local-only", "TRV-P005", lambda: _local(flags=8)),
    plain("modern-date", "TRV-P004", lambda: _both(date=0x5A6A, time=0x6000)),
    plain("date-local-only", "TRV-P005", lambda: _local(date=34)),
    plain("version-needed", "TRV-P004", lambda: _both(version=45)),
    plain("made-by-dos", "TRV-P004", lambda: _central(maker=20)),
    plain("symlink", "TRV-P004", lambda: _central(external=0o120777 << 16)),
    plain("executable", "TRV-P004", lambda: _central(external=0o100755 << 16)),
    plain("directory-entry", "TRV-P007", lambda: _with(("golden/", b""))),
    plain("entry-comment", "TRV-P004", lambda: _central(comment=4, comment_bytes=b"note")),
    plain("extra-field", "TRV-P004", lambda: _both(extra=8, extra_bytes=b"\x99\x99\4\0abcd")),
    plain("extra-field-local-only", "TRV-P005", lambda: _local(extra=8, extra_bytes=b"\x99\x99\4\0abcd")),
    plain("unicode-path-extra", "TRV-P004", lambda: _central(extra=9, extra_bytes=b"up\5\0\1\0\0\0\0")),
    plain("internal-attributes", "TRV-P004", lambda: _central(internal=1)),
    plain("on-another-disk", "TRV-P004", lambda: _central(disk=1)),
    plain("crc-wrong", "TRV-P011", lambda: _both(crc=1)),
    plain("crc-local-only", "TRV-P005", lambda: _local(crc=1)),
    plain("size-lies", "TRV-P011", lambda: _both(size=10, packed=10)),
    plain("packed-size-differs", "TRV-P004", lambda: _central(packed=10)),
    plain("size-local-only", "TRV-P005", lambda: _local(size=1)),
    plain("local-name-differs", "TRV-P005", _local_name_differs),
    plain("local-signature", "TRV-P005", lambda: _local(signature=b"PK\7\7")),
    plain("flipped-model-byte", "TRV-P011", _flipped_member),
    plain("flipped-manifest-byte", "TRV-P011", _flipped_manifest),
    plain("duplicate-model", "TRV-P008", lambda: _with(("model.onnx", b"other"))),
    plain("duplicate-manifest", "TRV-P008", lambda: _with(("manifest.json", b"{}"))),
    plain("duplicate-mimetype", "TRV-P008", lambda: _with(("mimetype", b"x"))),
    plain("case-twin", "TRV-P007", lambda: _with(("Model.onnx", b"other"))),
    plain("unicode-twin", "TRV-P007", lambda: _with(("m\N{CYRILLIC SMALL LETTER O}del.onnx", b"other"))),
    plain("unicode-normal-form", "TRV-P007", lambda: _with(("evidence/e\N{COMBINING ACUTE ACCENT}.json", b"{}"))),
    plain("bidi-name", "TRV-P007", lambda: _with(("evidence/\N{RIGHT-TO-LEFT OVERRIDE}nosj.json", b"{}"))),
    plain("invalid-utf8-name", "TRV-P007", lambda: _with((b"evidence/\xff\xfe.json", b"{}"))),
    plain("nul-in-name", "TRV-P007", lambda: _with(("evidence/a.json\0.sh", b"{}"))),
    plain("newline-in-name", "TRV-P007", lambda: _with(("evidence/a.json\n", b"{}"))),
    plain("parent-directory", "TRV-P007", lambda: _with(("../evil.json", b"{}"))),
    plain("parent-behind-folder", "TRV-P007", lambda: _with(("golden/../../evil.f32", b"{}"))),
    plain("absolute-name", "TRV-P007", lambda: _with(("/etc/passwd", b"{}"))),
    plain("drive-letter", "TRV-P007", lambda: _with(("c:/evil.json", b"{}"))),
    plain("backslash", "TRV-P007", lambda: _with(("evidence\\evil.json", b"{}"))),
    plain("windows-device", "TRV-P007", lambda: _with(("evidence/con.json", b"{}"))),
    plain("windows-device-port", "TRV-P007", lambda: _with(("golden/lpt1.x.f32", b"{}"))),
    plain("empty-name", "TRV-P007", lambda: _with(("", b"{}"))),
    plain("dot-name", "TRV-P007", lambda: _with(("evidence/.json", b"{}"))),
    plain("hidden-name", "TRV-P007", lambda: _with((".github/workflow.yml", b"{}"))),
    plain("git-attributes", "TRV-P007", lambda: _with((".gitattributes", b"{}"))),
    plain("long-name", "TRV-P007", lambda: _with((f"evidence/{'a' * 101}.json", b"{}"))),
    plain("very-long-name", "TRV-P007", lambda: _with((f"evidence/{'a' * 60000}.json", b"{}"))),
    plain("shared-library", "TRV-P007", lambda: _with(("custom_ops.so", b"\x7fELF"))),
    plain("python-code", "TRV-P007", lambda: _with(("evidence/setup.py", b"import os"))),
    plain("pickle", "TRV-P007", lambda: _with(("evidence/model.pkl", b"cos\nsystem\n"))),
    plain("second-model", "TRV-P007", lambda: _with(("golden/model.onnx", b""))),
    plain("yaml-member", "TRV-P007", lambda: _with(("interface.yaml", b"a: 1"))),
    plain("meta-stray", "TRV-P007", lambda: _with(("META-INF/MANIFEST.MF", b""))),
    plain("meta-lower-case", "TRV-P007", lambda: _with(("meta-inf/signatures/a.json", b""))),
    plain("signature-name", "TRV-P007", lambda: _with(("META-INF/signatures/oem.sigstore.json", b""))),
    plain("model-renamed", "TRV-P007", lambda: _renamed("model.ort")),
    plain("mimetype-second", "TRV-P009", lambda: _ordered(1, 0)),
    plain("manifest-third", "TRV-P009", lambda: _ordered(0, 2, 1)),
    plain("members-unsorted", "TRV-P009", lambda: _ordered(0, 1, 3, 2)),
    plain("mimetype-missing", "TRV-P009", lambda: tiny.zip_of(tiny.entries(tiny.package())[1:])),
    plain("manifest-missing", "TRV-P009", lambda: tiny.zip_of(tiny.entries(tiny.package())[:1])),
    plain(
        "mimetype-other",
        "TRV-P009",
        lambda: tiny.zip_of([("mimetype", b"application/zip"), *tiny.entries(tiny.package())[1:]]),
    ),
    plain(
        "mimetype-newline",
        "TRV-P009",
        lambda: tiny.zip_of([("mimetype", b"application/vnd.trivet.package\n"), *tiny.entries(tiny.package())[1:]]),
    ),
    plain(
        "too-many-entries",
        "TRV-P003",
        lambda: tiny.zip_of([*tiny.entries(tiny.package()), *((f"golden/z{n}.f32", b"") for n in range(2049))]),
    ),
    plain(
        "too-many-signatures",
        "TRV-P003",
        lambda: tiny.zip_of(
            [*tiny.entries(tiny.package()), *((f"META-INF/signatures/{n:064x}.sigstore.json", b"") for n in range(65))]
        ),
    ),
    plain(
        "signature-too-large",
        "TRV-P010",
        lambda: _with((f"META-INF/signatures/{0:064x}.sigstore.json", bytes((1 << 20) + 1))),
    ),
    plain("manifest-too-large", "TRV-P010", lambda: tiny.with_manifest(b" " * ((1 << 20) + 1))),
]
