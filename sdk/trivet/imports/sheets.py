"""Rows of the first sheet of an XLSX workbook, as texts; standard library only, bounded."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from trivet.errors import DataError

MOST_BYTES = 64 << 20
SPACE = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def rows(path: Path) -> Iterator[list[str]]:
    """The rows, cells that are left out as empty texts.

    Raises:
        DataError: It is no workbook, or too large.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            shared = _shared(archive, path)
            sheets = [name for name in archive.namelist() if re.fullmatch(r"xl/worksheets/sheet\d+\.xml", name)]
            if not sheets:
                raise DataError("has no sheet", where=str(path), hint="save it as XLSX or CSV")
            yield from _cells(_parsed(archive, min(sheets, key=_number), path), shared)
    except (zipfile.BadZipFile, ElementTree.ParseError, OSError, KeyError, NotImplementedError, RuntimeError) as error:
        raise DataError("is no XLSX workbook", where=str(path), hint="save it as XLSX or CSV") from error


def _number(name: str) -> int:
    return int("".join(sign for sign in name if sign.isdecimal()))


def _parsed(archive: zipfile.ZipFile, name: str, path: Path) -> ElementTree.Element:
    if archive.getinfo(name).file_size > MOST_BYTES:
        raise DataError(f"{name} has more than {MOST_BYTES} bytes", where=str(path), hint="save the sheet as CSV")
    with archive.open(name) as member:
        text = member.read(MOST_BYTES + 1)
    try:
        # Decoded by us, so that no other encoding hides an entity.
        plain = text.decode("utf-8-sig")
    except UnicodeDecodeError:
        plain = "<!DOCTYPE"
    if len(text) > MOST_BYTES or "<!DOCTYPE" in plain or "<!ENTITY" in plain:
        raise DataError(f"{name} is no plain sheet", where=str(path), hint="save the sheet as CSV")
    return ElementTree.fromstring(plain)  # noqa: S314 # bounded, and without entities of its own


def _shared(archive: zipfile.ZipFile, path: Path) -> list[str]:
    if "xl/sharedStrings.xml" not in archive.namelist():
        return []
    root = _parsed(archive, "xl/sharedStrings.xml", path)
    return ["".join(text.text or "" for text in entry.iter(f"{SPACE}t")) for entry in root.iter(f"{SPACE}si")]


def _cells(root: ElementTree.Element, shared: list[str]) -> Iterator[list[str]]:
    for row in root.iter(f"{SPACE}row"):
        found: dict[int, str] = {}
        for number, cell in enumerate(row.iter(f"{SPACE}c")):
            found[_column(cell.get("r", ""), number)] = _text(cell, shared)
        yield [found.get(number, "") for number in range(min(max(found, default=-1) + 1, 1024))]


def _column(place: str, number: int) -> int:
    letters = re.match(r"[A-Z]+", place)
    if letters is None:
        return number
    column = 0
    for letter in letters.group()[:3]:
        column = column * 26 + ord(letter) - 64
    return column - 1


def _text(cell: ElementTree.Element, shared: list[str]) -> str:
    if cell.get("t") == "inlineStr":
        return "".join(text.text or "" for text in cell.iter(f"{SPACE}t"))
    value = cell.findtext(f"{SPACE}v") or ""
    if cell.get("t") == "s":
        index = int(value) if value.isdecimal() else -1
        return shared[index] if 0 <= index < len(shared) else ""
    return value
