"""Units after UCUM (case sensitive): dimension, exact scale and offset; UNECE codes for OPC UA.

What exists is data, in ``units.json`` beside this file; what can be written with
it is UCUM's grammar: prefixed atoms, exponents, products, quotients, brackets and
``{annotations}``. Scales are fractions, so a conversion is exact until it becomes
a float. Temperatures on a scale with its own zero (``Cel``, ``[degF]``) stand
alone; a difference or a rate is in ``K``.
"""

from __future__ import annotations

import json
import re
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from trivet.errors import DocumentError, Message

LONGEST_CODE = 64
LARGEST_EXPONENT = 30
LARGEST_SCALE = 10**100
"""UCUM sets no bounds; without them ``m999999999`` costs the reader its memory."""

_TOKEN = re.compile(r"[./()]|\{[^{}]*\}|(?:\[[^\[\]{}]*\]|[^./(){}\[\]])+")
_COMPONENT = re.compile(r"(?P<symbol>.*?[^0-9+-])(?P<exponent>[+-]?[0-9]{1,4})?")

Dimension = tuple[int, ...]


class Unit(NamedTuple):
    """A unit in terms of the base units: ``base = value * scale + offset``.

    Attributes:
        dimension: Exponents of the bases of the table, in its order (m, s, g, rad, K, C, cd, mol ...).
        scale: Exact factor.
        offset: In base units; only temperatures have one.
    """

    dimension: Dimension
    scale: Fraction
    offset: Fraction = Fraction(0)


class _NotAUnitError(Exception):
    """Why a code is no unit; becomes a DocumentError in ``parse``."""


@lru_cache(maxsize=4096)
def parse(code: str) -> Unit:
    """The unit that a UCUM code stands for.

    Raises:
        DocumentError: The code is not UCUM, or its atom is not in the table.
    """
    try:
        return _read(code)
    except _NotAUnitError as error:
        raise DocumentError(
            Message("unit `{code}` {reason}", code=code[:LONGEST_CODE], reason=Message.of(error.args[0])),
            hint=_hint(code),
            rule="TRV-I030",
        ) from None


def conversion(from_code: str, to_code: str) -> tuple[float, float]:
    """Scale and offset with ``value_to = value_from * scale + offset``.

    Raises:
        DocumentError: A code is not a unit, or the two measure different things.
    """
    source, target = parse(from_code), parse(to_code)
    if source.dimension != target.dimension:
        raise DocumentError(
            Message(
                "unit `{from_code}` ({from_quantity}) cannot become `{to_code}` ({to_quantity})",
                from_code=from_code,
                from_quantity=Message(quantity(source)),
                to_code=to_code,
                to_quantity=Message(quantity(target)),
            ),
            hint="bind a point that measures the same thing, or correct the unit",
            rule="TRV-I031",
        )
    return float(source.scale / target.scale), float((source.offset - target.offset) / target.scale)


def quantity(unit: Unit) -> str:
    """What a unit measures, in a word where the table has one, else its base units."""
    for name, code in _table()["quantities"].items():
        if parse(code).dimension == unit.dimension:
            return str(name)
    powers = zip(_bases(), unit.dimension, strict=True)
    return ".".join(base + ("" if power == 1 else str(power)) for base, power in powers if power)


def unece(identifier: int | str) -> str:
    """The UCUM code of a UNECE common code such as ``CEL``, or of OPC UA's number for it, 4408652.

    Raises:
        DocumentError: The table does not hold it.
    """
    common = _common_code(identifier) if isinstance(identifier, int) else identifier
    code = _table()["unece"].get(common)
    if code is None:
        shown = f"{identifier} ({common})" if isinstance(identifier, int) and common else f"{identifier}"
        raise DocumentError(
            Message("UNECE unit {unit} is not known", unit=shown),
            hint="give the unit in the profile",
            rule="TRV-I032",
        )
    return str(code)


def unece_id(code: str) -> int:
    """OPC UA's number (EUInformation of OPC 10000-8) for a UCUM code: the bytes of the common code, read as an integer.

    Raises:
        DocumentError: No UNECE code in the table has this spelling.
    """
    for common, ucum in _table()["unece"].items():
        if ucum == code:
            return int.from_bytes(common.encode("ascii"), "big")
    raise DocumentError(Message("unit `{code}` has no UNECE code in the table", code=code), rule="TRV-I032")


def spelling(text: str) -> str | None:
    """The UCUM code that people or controllers mean by a text such as ``°C`` or ``kWh``, or None."""
    code = _table()["spellings"].get(text.strip())
    return None if code is None else str(code)


def _common_code(number: int) -> str:
    try:
        return number.to_bytes(4, "big").lstrip(b"\0").decode("ascii")
    except (OverflowError, UnicodeDecodeError):
        return ""


def _hint(code: str) -> str:
    meant = spelling(code)
    if "Cel" in code or "[degF]" in code:
        return "`Cel` and `[degF]` stand alone; differences and rates are in `K`"
    return Message("write `{meant}`", meant=meant) if meant else "write a UCUM code such as `Cel`, `kW.h` or `L/min`"


def _read(code: str) -> Unit:
    if len(code) > LONGEST_CODE or not all("!" <= letter <= "~" for letter in code):
        raise _NotAUnitError(Message("is not 1 to {most} printable ASCII characters without blanks", most=LONGEST_CODE))
    unit = _Reader(code).unit()
    if not 1 <= unit.scale * LARGEST_SCALE <= LARGEST_SCALE**2:
        raise _NotAUnitError(Message("is too large or too small"))
    return unit


class _Reader:
    """Reads one code from left to right; ``a/b.c`` is ``(a/b).c``, as UCUM has it."""

    def __init__(self, code: str) -> None:
        self.tokens = _TOKEN.findall(code)
        if not code or "".join(self.tokens) != code:
            raise _NotAUnitError(Message("is not UCUM"))
        self.at = 0

    def unit(self) -> Unit:
        units = [token for token in self.tokens if not token.startswith("{")]
        special = _special(units[0]) if len(units) == 1 else None
        if special is not None and self.tokens[0] == units[0] and len(self.tokens) <= 2:
            return special
        unit = self.term()
        if self.at != len(self.tokens):
            raise _NotAUnitError(Message("is not UCUM"))
        return unit

    def term(self) -> Unit:
        unit = Unit(_number(), Fraction(1))
        operator = self.take("./") if self.next() == "/" else "."
        while operator:
            unit = _product(unit, self.component(), 1 if operator == "." else -1)
            operator = self.take("./")
        return unit

    def component(self) -> Unit:
        if self.take("("):
            unit = self.term()
            if not self.take(")"):
                raise _NotAUnitError("has a bracket that does not close")
            return unit
        symbol = self.next()
        if not symbol or symbol in "./)":
            raise _NotAUnitError(Message("is not UCUM"))
        self.at += 1
        if symbol.startswith("{"):
            return Unit(_number(), Fraction(1))
        if self.next().startswith("{"):
            self.at += 1
        return _simple(symbol)

    def next(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self, choices: str) -> str:
        token = self.next()
        if not token or token not in choices:
            return ""
        self.at += 1
        return token


def _simple(token: str) -> Unit:
    """One atom with its prefix and exponent, or a whole number."""
    if token.isdigit():
        if int(token) == 0:
            raise _NotAUnitError(Message("has a factor of zero"))
        return Unit(_number(), Fraction(int(token)))
    match = _COMPONENT.fullmatch(token)
    if not match:
        raise _NotAUnitError(Message("is not UCUM"))
    power = int(match["exponent"] or 1)
    if abs(power) > LARGEST_EXPONENT:
        raise _NotAUnitError(Message("has an exponent beyond {most}", most=LARGEST_EXPONENT))
    if _special(match["symbol"]) is not None:
        raise _NotAUnitError(Message("uses `{symbol}`, which has its own zero, in a product", symbol=match["symbol"]))
    return _product(Unit(_number(), Fraction(1)), _atom(match["symbol"]), power)


@lru_cache(maxsize=1024)
def _atom(symbol: str) -> Unit:
    table = _table()
    if symbol in table["atoms"]:
        value, unit, _ = table["atoms"][symbol]
        return _product(Unit(_number(), Fraction(value)), _defined(unit), 1)
    if symbol in _bases():
        return Unit(tuple(int(base == symbol) for base in _bases()), Fraction(1))
    for length in (2, 1):
        prefix, rest = symbol[:length], symbol[length:]
        if prefix in table["prefixes"] and _takes_prefix(rest):
            return _product(Unit(_number(), Fraction(table["prefixes"][prefix])), _atom(rest), 1)
    raise _NotAUnitError(Message("has an atom `{symbol}` that is not known", symbol=symbol))


def _special(token: str) -> Unit | None:
    table = _table()
    for symbol, (factor, offset, unit, prefixed) in table["special"].items():
        prefix = token.removesuffix(symbol)
        if token == symbol or (prefixed and prefix != token and prefix in table["prefixes"]):
            base = _defined(unit)
            scale = Fraction(factor) * (Fraction(table["prefixes"][prefix]) if prefix else 1)
            return Unit(base.dimension, base.scale * scale, base.scale * Fraction(offset))
    return None


def _takes_prefix(symbol: str) -> bool:
    table = _table()
    if symbol in table["atoms"]:
        return bool(table["atoms"][symbol][2])
    return symbol in _bases() and symbol not in table["unprefixed_bases"]


def _defined(code: str) -> Unit:
    return _Reader(code).unit()


def _product(left: Unit, right: Unit, power: int) -> Unit:
    dimension = tuple(a + power * b for a, b in zip(left.dimension, right.dimension, strict=True))
    return Unit(dimension, left.scale * right.scale**power)


def _number() -> Dimension:
    return (0,) * len(_bases())


@lru_cache(maxsize=1)
def _bases() -> tuple[str, ...]:
    return tuple(_table()["bases"])


@lru_cache(maxsize=1)
def _table() -> dict[str, Any]:
    # Read by its path: importlib.resources alone takes longer to import than the table to read.
    text = Path(__file__).with_name("units.json").read_text("utf-8")
    table: dict[str, Any] = json.loads(text)
    return table
