"""The zip layer: named byte strings to one archive, and back.

There is exactly one archive for a list of entries: STORED, 1980-01-01, mode 0644,
no extra field, no comment, no gap. ``split`` therefore builds the header that it
expects and compares bytes; whatever differs is refused, so no byte of a package
can be read in two ways (APPNOTE.TXT 6.3, sections 4.3.7, 4.3.12 and 4.3.16).
"""

from __future__ import annotations

import struct
from binascii import crc32  # zlib's, in a library that base64 has loaded already
from collections.abc import Iterable
from typing import NamedTuple

from trivet.errors import DigestError, FormatError, Message
from trivet.package import layout

_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")

_LOCAL_FIELDS = (
    "signature", "version", "flags", "method", "time", "date", "CRC", "stored size", "size", "name length",
    "extra field length",
)  # fmt: skip
_CENTRAL_FIELDS = (
    "signature", "maker", "version", "flags", "method", "time", "date", "CRC", "stored size", "size", "name length",
    "extra field length", "comment length", "disk", "internal attributes", "external attributes", "offset",
)  # fmt: skip

_VERSION = 20
_MAKER = 3 << 8 | _VERSION  # Unix, so that the mode is understood
_DATE = 1 << 5 | 1  # 1980-01-01
_MODE = 0o100644 << 16

_REPACKED = "do not unzip, repack or edit a package; ask its maker for it again"


class _Entry(NamedTuple):
    """One line of the directory."""

    path: str
    crc: int
    size: int
    offset: int


def join(entries: Iterable[tuple[str, bytes]]) -> bytes:
    """The archive of some entries, in the order given."""
    body, directory, count, offset = [], [], 0, 0
    for path, data in entries:
        name, crc = path.encode("ascii"), crc32(data)
        directory += [_central(crc, len(data), len(name), offset), name]
        body += [_local(crc, len(data), len(name)), name, data]
        offset += _LOCAL.size + len(name) + len(data)
        count += 1
    lines = b"".join(directory)
    return b"".join((*body, lines, _end(count, len(lines), offset)))


def split(data: bytes) -> dict[str, memoryview]:
    """The entries of an archive, in its order; views, nothing is copied.

    Raises:
        FormatError: The bytes are not exactly an archive that ``join`` makes of allowed names.
        DigestError: An entry's CRC is not that of its bytes.
    """
    found: dict[str, memoryview] = {}
    directory = _directory(data)
    _check_names([entry.path for entry in directory])
    view, position = memoryview(data), 0
    for entry in directory:
        if entry.offset != position:
            _refuse(
                "TRV-P006",
                Message(
                    "starts at byte {offset} where byte {position} is next", offset=entry.offset, position=position
                ),
                entry.path,
            )
        start = position + _LOCAL.size + len(entry.path)
        position = start + entry.size
        _check_local(bytes(view[entry.offset : start]), entry)
        found[entry.path] = view[start:position]
        if crc32(found[entry.path]) != entry.crc:
            raise DigestError("was altered after it was packed", where=entry.path, hint=_REPACKED, rule="TRV-P011")
    if position != _END.unpack(data[-_END.size :])[6]:
        _refuse("TRV-P006", "there are bytes between the last entry and the directory")
    return found


def _local(crc: int, size: int, name: int) -> bytes:
    return _LOCAL.pack(b"PK\3\4", _VERSION, 0, 0, 0, _DATE, crc, size, size, name, 0)


def _central(crc: int, size: int, name: int, offset: int) -> bytes:
    fixed = (b"PK\1\2", _MAKER, _VERSION, 0, 0, 0, _DATE)
    return _CENTRAL.pack(*fixed, crc, size, size, name, 0, 0, 0, 0, _MODE, offset)


def _end(count: int, size: int, offset: int) -> bytes:
    return _END.pack(b"PK\5\6", 0, 0, count, count, size, offset, 0)


def _directory(data: bytes) -> list[_Entry]:
    """The directory's lines, each compared with the only form it may have."""
    count, position = _bounds(data)
    entries = []
    for _ in range(count):
        entry = _line(data, position)
        entries.append(entry)
        position += _CENTRAL.size + len(entry.path)
    if position != len(data) - _END.size:
        _refuse("TRV-P003", "the directory is not as long as its end record says")
    return entries


def _bounds(data: bytes) -> tuple[int, int]:
    """Number of entries and offset of the directory, out of the end record."""
    if len(data) > layout.MOST_BYTES:
        _refuse("TRV-P001", Message("is over {most} bytes", most=layout.MOST_BYTES))
    if not data.startswith(b"PK\3\4"):
        _refuse("TRV-P002", "is not a package: it does not start with a zip entry")
    if len(data) < _END.size or not data[-_END.size :].startswith(b"PK\5\6"):
        _refuse("TRV-P002", "was cut short, or has a comment or other bytes after its end")
    count, size, offset = _END.unpack(data[-_END.size :])[4:7]
    if data[-_END.size :] != _end(count, size, offset) or offset + size != len(data) - _END.size:
        _refuse("TRV-P002", "the end record contradicts itself or the file")
    if count > layout.MOST_MEMBERS:
        _refuse(
            "TRV-P003",
            Message("has {count} entries, and {most} are the limit", count=count, most=layout.MOST_MEMBERS),
        )
    return count, offset


def _line(data: bytes, position: int) -> _Entry:
    header = data[position : position + _CENTRAL.size]
    if len(header) < _CENTRAL.size or not header.startswith(b"PK\1\2"):
        _refuse("TRV-P003", Message("the directory is broken at byte {position}", position=position))
    fields = _CENTRAL.unpack(header)
    crc, size, length, offset = fields[7], fields[9], fields[10], fields[16]
    name = data[position + _CENTRAL.size : position + _CENTRAL.size + length]
    path = name.decode("ascii", "backslashreplace")
    _compare(_CENTRAL, _CENTRAL_FIELDS, header, _central(crc, size, length, offset), path)
    if len(path) != length or not layout.is_allowed(path):
        _refuse("TRV-P007", "is no name that a package may hold", f"{path[:120]!a}")
    if size > layout.most_bytes(path):
        _refuse(
            "TRV-P010",
            Message("has {size} bytes, and {most} are the limit", size=size, most=layout.most_bytes(path)),
            path,
        )
    return _Entry(path, crc, size, offset)


def _check_names(paths: list[str]) -> None:
    if len(set(paths)) != len(paths):
        twin = next(path for path in paths if paths.count(path) > 1)
        _refuse("TRV-P008", "is there twice", twin)
    if paths[:2] != ["mimetype", layout.MANIFEST] or paths != sorted(paths, key=layout.place):
        _refuse("TRV-P009", "entries are not in the order mimetype, manifest.json, members by name, META-INF by name")
    if sum(map(layout.is_meta, paths)) > layout.MOST_META:
        _refuse("TRV-P003", Message("has over {most} signatures and attestations", most=layout.MOST_META))


def _check_local(header: bytes, entry: _Entry) -> None:
    name = entry.path.encode("ascii")
    want = _local(entry.crc, entry.size, len(name))
    if len(header) < _LOCAL.size + len(name):
        _refuse("TRV-P006", "lies outside the file", entry.path)
    _compare(_LOCAL, _LOCAL_FIELDS, header[: _LOCAL.size], want, entry.path)
    if header[_LOCAL.size :] != name:
        _refuse("TRV-P005", "is named otherwise in its local header", entry.path)


def _compare(form: struct.Struct, names: tuple[str, ...], header: bytes, want: bytes, path: str) -> None:
    if header == want:
        return
    rule = "TRV-P004" if form is _CENTRAL else "TRV-P005"
    pairs = zip(names, form.unpack(header), form.unpack(want), strict=True)
    field, found, wanted = next(row for row in pairs if row[1] != row[2])
    # the name was not looked at yet: it may be anything
    _refuse(
        rule,
        Message(
            "has {found!a} as its zip {field} where a package has {wanted!a}", found=found, field=field, wanted=wanted
        ),
        ascii(path[:120])[1:-1],
    )


def _refuse(rule: str, message: str, path: str = "") -> None:
    raise FormatError(message, where=path, hint=_REPACKED, rule=rule)
