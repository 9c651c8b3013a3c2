"""The difference between two packages, member by member, and a package made of it again, bit for bit.

A delta is one line of canonical JSON and an xz stream. The line names the package that it
starts from by its package digest, so that a countersigned copy does as well, the SHA-256 of
the archive that comes out, and for every entry of that one where its bytes are from: a member
of the old package, the stream, or pieces of a member with literals between them.
"""

from __future__ import annotations

import lzma
from typing import Any, NoReturn

from trivet import canonical
from trivet.errors import DigestError, FormatError, TrivetError
from trivet.export import splice
from trivet.package import layout
from trivet.package.archive import Package, read
from trivet.package.container import join, split
from trivet.package.forms import DIGEST
from trivet.package.tree import Node, parse

FORMAT = 0
MOST_HEADER = 1 << 20
MOST_SPLICED = 16 << 20
"""Larger members are sent whole: looking for pieces of them would take long."""

_MEMORY = 128 << 20
"""Of the decoder [bytes]; the encoder's dictionary of 8 MiB needs a tenth of it."""

Tree = dict[str, Any]


def make(old: Package, new: Package) -> bytes:
    """The delta that turns one package into another; the same packages give the same bytes."""
    base, places = _base(old), {digest: path for path, digest in reversed(old.resources.items())}
    entries, stream = [], bytearray()
    for path, view in split(new.data).items():
        content = bytes(view)
        twin = places.get(new.resources[path]) if path in new.resources else None
        if twin is not None:
            entries.append({"path": path, "from": twin})
            continue
        entry, data = _entry(path, content, base.get(path))
        entries.append(entry)
        stream += data
    result = {"package": new.digest, "sha256": canonical.sha256(new.data), "size": len(new.data)}
    header = {"format": FORMAT, "kind": "delta", "base": old.digest, "result": result, "entries": entries}
    return canonical.dumps(header) + b"\n" + lzma.compress(bytes(stream), lzma.FORMAT_XZ, lzma.CHECK_CRC32, preset=6)


def apply(delta: bytes, old: Package) -> bytes:
    """The archive that a delta makes of a package, all of its digests checked.

    Raises:
        FormatError: The bytes are no delta, or over a limit.
        DigestError: It starts from another package, or something else than promised comes out.
    """
    line, mark, stream = delta.partition(b"\n")
    if not mark or len(line) > MOST_HEADER:
        _refuse("does not begin with one line of JSON")
    header = parse(line, "the delta", FormatError, "TRV-P120")
    if header["format"].integer(0, 1 << 31) != FORMAT:
        header["format"].fail(f"is {header['format'].value}, and this trivet reads {FORMAT}", "install a newer trivet")
    if header["base"].text(DIGEST) != old.digest:
        message = f"starts from package sha256:{header['base'].value}, and this is sha256:{old.digest}"
        raise DigestError(message, where="the delta", hint="give the package it was made for", rule="TRV-P121")
    made = _assemble(header, _decompress(stream, _length(header)), _base(old))
    return _checked(made, header["result"])


def file_name(old: Package, new: Package) -> str:
    """The name that a delta's file should have."""
    return f"{old.manifest.name}-{old.manifest.version}-to-{new.manifest.name}-{new.manifest.version}.delta"


def _base(old: Package) -> dict[str, bytes]:
    """What a delta may take from the old package: all that its package digest covers."""
    return {path: bytes(view) for path, view in split(old.data).items() if not layout.is_meta(path)}


def _entry(path: str, content: bytes, before: bytes | None) -> tuple[Tree, bytes]:
    """Where the bytes of a new entry are from, and what goes into the stream."""
    whole: Tree = {"path": path, "size": len(content)}
    if before is None or max(len(before), len(content)) > MOST_SPLICED:
        return whole, content
    found = splice.splice(before, content)
    if len(found.table) + len(found.literals) >= len(content):
        return whole, content
    return {**whole, "rows": found.rows, "literals": len(found.literals)}, found.table + found.literals


def _length(header: Node) -> int:
    """Bytes that the stream must have; refuses before anything is decompressed."""
    total = 0
    for entry in header["entries"].items(layout.MOST_MEMBERS, 2):
        path = entry["path"].text(most=256)
        if not layout.is_allowed(path):
            entry["path"].fail(f"{path[:120]!a} is no name that a package may hold")
        if entry.get("from") is None:
            size = entry["size"].integer(0, layout.most_bytes(path))
            total += size if entry.get("rows") is None else _spliced_size(entry, size)
    if total > layout.MOST_BYTES:
        header["entries"].fail(f"want over {layout.MOST_BYTES} bytes")
    return total


def _spliced_size(entry: Node, size: int) -> int:
    rows = entry["rows"].integer(1, splice.most_rows(min(size, MOST_SPLICED)))
    return splice.table_size(rows) + entry["literals"].integer(0, min(size, MOST_SPLICED))


def _decompress(stream: bytes, length: int) -> memoryview:
    decoder = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MEMORY)
    try:
        data = decoder.decompress(stream, length + 1)
    except lzma.LZMAError as error:
        _refuse(f"is broken ({str(error)[:80]})")
    if len(data) != length or not decoder.eof or decoder.unused_data:
        _refuse("is cut short, or longer than it says")
    return memoryview(data)


def _assemble(header: Node, stream: memoryview, base: dict[str, bytes]) -> bytes:
    entries, used, total = [], 0, 0
    for entry in header["entries"].items(layout.MOST_MEMBERS):
        content, taken = _content(entry, stream[used:], base)
        entries.append((str(entry["path"].value), content))
        used, total = used + taken, total + len(content)
        if total > layout.MOST_BYTES:
            header["entries"].fail(f"make over {layout.MOST_BYTES} bytes")
    return join(entries)


def _content(entry: Node, stream: memoryview, base: dict[str, bytes]) -> tuple[bytes, int]:
    """The bytes of one entry, and how many of the stream it took."""
    source = entry.get("from")
    if source is not None:
        return _member(source, base), 0
    size = int(entry["size"].value)
    if entry.get("rows") is None:
        return bytes(stream[:size]), size
    table, literals = splice.table_size(int(entry["rows"].value)), int(entry["literals"].value)
    parts = bytes(stream[:table]), bytes(stream[table : table + literals])
    try:
        return splice.join(_member(entry["path"], base), *parts, size), table + literals
    except ValueError as error:
        entry.fail(f"cannot be put together: {error}")


def _member(name: Node, base: dict[str, bytes]) -> bytes:
    if name.value not in base:
        name.fail("is not in the old package")
    return base[str(name.value)]


def _checked(made: bytes, promised: Node) -> bytes:
    """What was made, if it is what the delta promised and a package by itself."""
    if (
        len(made) != promised["size"].integer(1, layout.MOST_BYTES)
        or canonical.sha256(made) != promised["sha256"].value
    ):
        message = "something else comes out than the delta promises (SHA-256 differs)"
        raise DigestError(message, where="the delta", hint=_AGAIN, rule="TRV-P122")
    try:
        package = read(made)
    except TrivetError as error:
        raise DigestError(f"no package comes out ({error})", where="the delta", hint=_AGAIN, rule="TRV-P122") from error
    if package.digest != promised["package"].value:
        raise DigestError("another package comes out", where="the delta", hint=_AGAIN, rule="TRV-P122")
    return made


_AGAIN = "ask for the delta again, or for the whole package"


def _refuse(message: str) -> NoReturn:
    raise FormatError(message, where="the delta", hint=_AGAIN, rule="TRV-P120")
