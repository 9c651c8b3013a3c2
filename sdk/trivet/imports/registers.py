"""A register list, as manuals and spreadsheets have it, as a Modbus profile.

The first row that names an address and a name heads the columns. Addresses are kept as
they are written; what they count from is for the author to say.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from trivet import units
from trivet.errors import DataError, DocumentError
from trivet.imports import OPEN, Wish
from trivet.imports.names import quoted, snake
from trivet.imports.sheets import rows as workbook

MOST_BYTES = 16 << 20
MOST_ROWS = 5_000

HEADINGS: Mapping[str, tuple[str, ...]] = {
    "address": ("address", "register", "reg", "addr", "modbus address", "register address", "offset", "start"),
    "name": ("name", "parameter", "point", "variable", "signal", "description", "register name", "quantity"),
    "type": ("type", "data type", "datatype", "format", "data format", "value type"),
    "unit": ("unit", "units", "uom", "engineering unit"),
    "scale": ("scale", "multiplier", "factor", "gain", "scaling", "resolution", "scale factor"),
    "divisor": ("divisor", "divider", "divide by"),
    "table": ("table", "function", "function code", "fc", "register type", "object", "object type", "modbus function"),
    "access": ("access", "r/w", "rw", "read/write", "mode"),
}
"""What a heading may be called, in lower case."""

TABLES: Mapping[str, str] = {
    **dict.fromkeys(("3", "03", "0x03", "holding", "holding register", "hr", "4x"), "holding"),
    **dict.fromkeys(("4", "04", "0x04", "input", "input register", "ir", "3x"), "input"),
    **dict.fromkeys(("1", "01", "0x01", "coil", "coils", "co", "0x"), "coil"),
    **dict.fromkeys(("2", "02", "0x02", "discrete", "discrete input", "di", "1x"), "discrete"),
}

TYPES: Mapping[str, str] = {
    **dict.fromkeys(("uint16", "u16", "unsigned16", "word", "unsigned int 16", "ushort", "unsigned short"), "uint16"),
    **dict.fromkeys(("int16", "s16", "i16", "sint16", "signed16", "short", "signed int 16"), "int16"),
    **dict.fromkeys(("uint32", "u32", "unsigned32", "dword", "udint", "unsigned int 32", "ulong"), "uint32"),
    **dict.fromkeys(("int32", "s32", "i32", "sint32", "signed32", "dint", "long", "signed int 32"), "int32"),
    **dict.fromkeys(("uint64", "u64", "unsigned64", "ulint"), "uint64"),
    **dict.fromkeys(("int64", "s64", "i64", "sint64", "signed64", "lint"), "int64"),
    **dict.fromkeys(("float", "float32", "real", "ieee754", "ieee 754", "single", "f32"), "float32"),
    **dict.fromkeys(("double", "float64", "lreal", "f64"), "float64"),
    **dict.fromkeys(("bool", "bit", "boolean"), "bool"),
}


AMBIGUOUS = ("C", "F", "H", "G", "M", "P")
"""UCUM codes that people write for something else, such as coulomb for degrees."""


def draft(path: Path, wish: Wish) -> str:
    """The draft.

    Raises:
        DataError: The file cannot be read, or no row heads an address and a name.
    """
    rows = list(workbook(path) if path.suffix.lower() == ".xlsx" else _csv(path, wish.delimiter))
    if len(rows) > MOST_ROWS:
        raise DataError(f"has more than {MOST_ROWS} rows", where=str(path), hint="keep the rows that matter")
    number, columns = _head(rows, path)
    points = list(_points(rows[number + 1 :], columns))
    if not any(line.startswith("  ") and not line.startswith("  #") for line in points):
        raise DataError("has no row with an address", where=str(path), hint="check its headings")
    head = [
        f"# A draft: fill in every {quoted(OPEN)}, then run `trivet lint` and `trivet doctor`.",
        "kind: profile",
        "format: 0",
        f"id: {wish.id}",
        "version: 0.1.0",
        f"title: {{en: {quoted(OPEN)}}}",
        "adapter: modbus",
        f"source: {{document: {quoted(path.name)}, date: '{wish.today:%Y-%m-%d}', confidence: third_party}}",
        f"settings: {{addressing: {quoted(OPEN)}, word_order: {quoted(OPEN)}, byte_order: big}}"
        "  # addressing: zero, one or modicon; word_order: big, little, ...",
        "points:",
    ]
    return "\n".join([*head, *points, ""])


def _csv(path: Path, delimiter: str) -> Iterator[list[str]]:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise DataError(f"has more than {MOST_BYTES} bytes", where=str(path), hint="keep the rows that matter")
        text = path.read_text(encoding="utf-8-sig")
        yield from csv.reader(io.StringIO(text), delimiter=delimiter)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError("cannot be read as CSV in UTF-8", where=str(path), hint="save it so") from error


def _head(rows: Sequence[Sequence[str]], path: Path) -> tuple[int, dict[str, int]]:
    """The row of headings and where each of them is."""
    for number, row in enumerate(rows[:50]):
        told = [re.sub(r"[^a-z0-9/ ]+", " ", cell.lower()).strip() for cell in row]
        found = {key: next((told.index(name) for name in names if name in told), -1) for key, names in HEADINGS.items()}
        if found["address"] >= 0 and found["name"] >= 0:
            return number, {key: place for key, place in found.items() if place >= 0}
    message = "has no row that heads an address and a name"
    raise DataError(message, where=str(path), hint="call the columns address, name, type, unit, scale, function")


def _points(rows: Sequence[Sequence[str]], columns: Mapping[str, int]) -> Iterator[str]:
    taken: list[str] = []
    for row in rows:
        cells = {key: row[place].strip() if place < len(row) else "" for key, place in columns.items()}
        if not cells["address"]:
            continue
        address = _address(cells["address"])
        if address is None or not cells["name"]:
            yield f"  # left out: {quoted(', '.join(row)[:100])}"
        elif cells.get("access", "").lower() in ("w", "wo", "write", "write only"):
            yield f"  # left out, cannot be read: {quoted(cells['name'])}"
        else:
            taken.append(snake(cells["name"], taken))
            yield _point(taken[-1], address, cells)


def _point(name: str, address: str, cells: Mapping[str, str]) -> str:
    kind = TYPES.get(re.sub(r"\s+", " ", cells.get("type", "").lower()), OPEN)
    table = TABLES.get(cells.get("table", "").lower(), "holding" if "table" not in cells else OPEN)
    at = f"{{table: {_word(table)}, address: {address}, type: {_word(kind)}}}"
    parts = [f"at: {at}"]
    if (unit := _unit(cells.get("unit", ""))) is not None:
        parts.append(f"unit: {quoted(unit)}")
    if (scale := _scale(cells)) != 1:
        parts.append(f"scale: {scale:.12g}")
    parts.append(f"label: {{en: {quoted(cells['name'])}}}")
    return f"  {name}: {{{', '.join(parts)}}}"


def _word(text: str) -> str:
    return quoted(text) if text == OPEN else text


def _address(text: str) -> str | None:
    """As it is written: a number, or a quoted hexadecimal one."""
    if re.fullmatch(r"0[xX][0-9a-fA-F]{1,4}", text):
        return quoted(text)
    if re.fullmatch(r"[0-9a-fA-F]{1,4}[hH]", text):
        return quoted(f"0x{text[:-1]}")
    plain = re.fullmatch(r"(\d{1,6})(?:\.0)?", text)
    return plain.group(1).lstrip("0") or "0" if plain else None


def _unit(text: str) -> str | None:
    """The UCUM code that a text means; open when it means none, nothing where there is none."""
    if text in ("", "-", "n/a", "none"):
        return None
    if text in AMBIGUOUS:
        return OPEN
    try:
        units.parse(text)
    except DocumentError:
        return units.spelling(text) or OPEN
    return text


def _scale(cells: Mapping[str, str]) -> float:
    made = 1.0
    for key in ("scale", "divisor"):
        text = cells.get(key, "").replace(",", ".").lstrip("x*\u00d7/ ")
        if re.fullmatch(r"\d+(\.\d+)?([eE][-+]?\d+)?", text) and float(text):
            made = made * float(text) if key == "scale" else made / float(text)
    return made
