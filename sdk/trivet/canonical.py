"""Canonical JSON (RFC 8785) and digests over it."""

from __future__ import annotations

import math
from json.encoder import encode_basestring
from typing import Any

LARGEST_INTEGER = 2**53


def dumps(tree: Any) -> bytes:
    """The canonical form of a JSON tree, as UTF-8.

    Args:
        tree: Dictionaries with text keys, lists or tuples, text, numbers, true, false, null.

    Raises:
        ValueError: The tree holds NaN, an infinity, an integer that a double cannot carry, a lone
            surrogate, or a type that JSON has not.
    """
    return _text(tree).encode("utf-8", "strict")


def carries(scalar: Any) -> bool:
    """Whether JSON carries a scalar without loss: no NaN, no infinity, no whole number whose digits a double drops."""
    try:
        dumps(scalar)
    except ValueError:
        return False
    return True


def digest(tree: Any) -> str:
    """SHA-256 over the canonical form, in lower-case hexadecimal."""
    return sha256(dumps(tree))


def sha256(data: bytes | memoryview) -> str:
    """SHA-256 of bytes, in lower-case hexadecimal."""
    # Whoever verifies has cryptography's OpenSSL loaded; hashlib would load the system's beside it.
    from cryptography.hazmat.primitives.hashes import SHA256, Hash

    hashed = Hash(SHA256())
    hashed.update(data)
    return hashed.finalize().hex()


def _text(node: Any) -> str:
    kind = type(node)
    if kind is str:
        return encode_basestring(node)
    if kind is dict:
        return _object(node)
    if kind is list or kind is tuple:
        return "[" + ",".join(map(_text, node)) + "]"
    if kind is int or kind is float:
        return _number(node)
    if node is None or kind is bool:
        return {None: "null", True: "true", False: "false"}[node]
    return _text(_plain(node))


def _object(tree: dict[str, Any]) -> str:
    """An object, its keys in the order of their UTF-16 code units (RFC 8785, 3.2.3): of ASCII, that of characters."""
    try:
        keys = sorted(tree, key=None if all(map(str.isascii, tree)) else _utf16)
    except TypeError as error:
        raise ValueError("a JSON object has text keys only") from error
    write = encode_basestring  # most values are text: no call more for them
    return (
        "{"
        + ",".join([f"{write(key)}:{write(tree[key]) if type(tree[key]) is str else _text(tree[key])}" for key in keys])
        + "}"
    )


def _plain(node: Any) -> Any:
    """What is of a class derived from one that JSON has, as that one; an enumeration's is its value, not its name."""
    if isinstance(node, str):
        return str.__str__(node)
    kinds: tuple[type[Any], ...] = (int, float, dict, list, tuple)
    for kind in kinds:
        if isinstance(node, kind):
            return kind(node)
    raise ValueError(f"JSON has no type for {type(node).__name__}")


def _utf16(key: str) -> bytes:
    return str.encode(key, "utf-16-be", "surrogatepass")


def _number(value: float) -> str:
    """A number as ECMAScript's Number::toString writes it (RFC 8785, 3.2.2.3)."""
    if isinstance(value, int):
        return str(value) if abs(value) <= LARGEST_INTEGER else _large(value)
    if not math.isfinite(value):
        raise ValueError(f"JSON has no {value}")
    if value == 0:
        return "0"
    return _ecmascript(repr(value))


def _large(value: int) -> str:
    """A whole number as a reader gets it back from what was a float, such as 1e20; digits are never lost."""
    text = _ecmascript(repr(float(value))) if abs(value) < 10**21 else ""
    if text != str(value):
        raise ValueError("an integer beyond 2**53 loses digits in JSON")
    return text


def _ecmascript(shortest: str) -> str:
    """Python's shortest round-trip form, laid out as ECMAScript does."""
    sign = "-" if shortest.startswith("-") else ""
    mantissa, _, exponent = shortest.lstrip("-").partition("e")
    whole, _, fraction = mantissa.partition(".")
    fraction = "" if fraction == "0" else fraction
    digits = (whole + fraction).lstrip("0")
    point = len(whole) + int(exponent or 0) - (len(whole + fraction) - len(digits))
    digits = digits.rstrip("0")
    return sign + _layout(digits, point)


def _layout(digits: str, point: int) -> str:
    """``0.digits * 10**point`` in ECMAScript's choice of plain or exponent notation."""
    if len(digits) <= point <= 21:
        return digits + "0" * (point - len(digits))
    if 0 < point <= 21:
        return f"{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return "0." + "0" * -point + digits
    head = digits[0] + (f".{digits[1:]}" if len(digits) > 1 else "")
    return f"{head}e{point - 1:+d}"
