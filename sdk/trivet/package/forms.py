"""Forms of names, versions and digests, held against a text without a regular expression.

Every start of a model waits for them, and compiling a dozen expressions takes longer than reading a manifest.
"""

from __future__ import annotations

from collections.abc import Callable

LETTERS = "abcdefghijklmnopqrstuvwxyz"
DIGITS = "0123456789"
HEXADECIMAL = DIGITS + "abcdef"


class Form:
    """What a text has to look like; it is asked as a compiled regular expression would be.

    Attributes:
        pattern: The form as a regular expression, for people.
        fullmatch: Whether a whole text is of it.
    """

    __slots__ = ("fullmatch", "pattern")

    def __init__(self, pattern: str, fullmatch: Callable[[str], bool]) -> None:
        self.pattern = pattern
        self.fullmatch = fullmatch


def consists(text: str, first: str, others: str) -> bool:
    """Whether a text begins with one of some characters and goes on with others, which include those."""
    return text[:1] in first and not text.strip(others) and text != ""


def _kebab(text: str) -> bool:
    parts = text.split("-")
    return text[:1] in LETTERS and all(part and not part.strip(LETTERS + DIGITS) for part in parts)


def _version(text: str) -> bool:
    core, dash, rest = text.partition("-")
    numbers = core.split(".")
    plain = all(consists(n, DIGITS, DIGITS) and (n == "0" or not n.startswith("0")) for n in numbers)
    return len(numbers) == 3 and plain and (not dash or consists(rest, DIGITS + LETTERS, DIGITS + LETTERS + ".-"))


def _words(text: str) -> bool:
    return text.isascii() and text.isprintable() and text != ""


KEBAB = Form("[a-z][a-z0-9]*(-[a-z0-9]+)*", _kebab)
NAME = Form("[a-z][a-z0-9_]*", lambda text: consists(text, LETTERS, LETTERS + DIGITS + "_"))
VERSION = Form(r"(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*)){2}(-[0-9a-z][0-9a-z.-]*)?", _version)
DIGEST = Form("[0-9a-f]{64}", lambda text: len(text) == 64 and not text.strip(HEXADECIMAL))
UNIT = Form("[!-~]+", lambda text: _words(text) and " " not in text)
WORDS = Form("[ -~]+", _words)
STEM = Form(
    "[a-z0-9][a-z0-9_.-]{0,99}",
    lambda text: len(text) <= 100 and consists(text, LETTERS + DIGITS, LETTERS + DIGITS + "_.-"),
)
