"""Strict JSON: bytes to a tree within bounds, and typed looks into that tree.

Used for manifests, signature bundles and in-toto statements, which are all
untrusted. Every complaint names the file and the place inside it.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any, NamedTuple, NoReturn

from trivet.errors import Message, PackageError
from trivet.package.forms import Form

LARGEST = 1 << 20
"""Most bytes of any JSON file that is parsed here."""

DEEPEST = 32
"""Most levels of objects and arrays inside each other."""


class Source(NamedTuple):
    """Where a tree is from, and how complaints about it are raised.

    Attributes:
        file: Package member or other file.
        error: Class of error to raise.
        rule: Rule id that complaints carry.
    """

    file: str
    error: type[PackageError]
    rule: str


class Node:
    """One value of a JSON tree that knows where it stands and how to complain.

    Attributes:
        value: The plain JSON value.
        source: Where the tree is from.
        parent: The node around it, or None at the root.
        key: Its key or index in there.
    """

    __slots__ = ("key", "parent", "source", "value")

    def __init__(self, value: Any, source: Source, parent: Node | None = None, key: str | int = "") -> None:
        self.value = value
        self.source = source
        self.parent = parent
        self.key = key

    def under(self, rule: str) -> Node:
        """The same place, complaining under another rule."""
        return Node(self.value, self.source._replace(rule=rule), self.parent, self.key)

    @property
    def path(self) -> str:
        """Place inside the file, such as ``outputs.0.name``; empty at the root."""
        if self.parent is None:
            return ""
        printable = ascii(str(self.key)[:80])[1:-1]
        return f"{self.parent.path}.{printable}".lstrip(".")

    def fail(self, message: str, hint: str = "") -> NoReturn:
        """Raises the error of this tree, blaming this place."""
        file, error, rule = self.source
        path = self.path
        raise error(message, where=f"{file}: {path}" if path else file, hint=hint or _BUILT_ANEW, rule=rule)

    def __getitem__(self, key: str) -> Node:
        """A mandatory key of an object."""
        tree = self.object()
        if key not in tree:
            self.fail(Message("key {key!r} is missing", key=key))
        return Node(tree[key], self.source, self, key)

    def get(self, key: str) -> Node | None:
        """A key of an object, or None when the object has not got it."""
        tree = self.object()
        return Node(tree[key], self.source, self, key) if key in tree else None

    def object(self) -> dict[str, Any]:
        """This value as an object."""
        if not isinstance(self.value, dict):
            self.fail("must be an object")
        return self.value

    def pairs(self) -> Iterator[tuple[str, Node]]:
        """The keys of an object and their values."""
        for key, value in self.object().items():
            yield key, Node(value, self.source, self, key)

    def items(self, most: int, least: int = 0) -> list[Node]:
        """The items of an array of ``least`` to ``most`` items."""
        if not isinstance(self.value, list):
            self.fail("must be an array")
        if not least <= len(self.value) <= most:
            self.fail(
                Message(
                    "must have {least} to {most} items and has {count}", least=least, most=most, count=len(self.value)
                )
            )
        return [Node(value, self.source, self, number) for number, value in enumerate(self.value)]

    def text(self, form: Form | re.Pattern[str] | None = None, most: int = 1024) -> str:
        """This value as text, as a whole of a given form."""
        if not isinstance(self.value, str):
            self.fail("must be text")
        if len(self.value) > most:
            self.fail(Message("must have at most {most} characters and has {count}", most=most, count=len(self.value)))
        if form is not None and not form.fullmatch(self.value):
            self.fail(Message("{value!a} is not of the form {pattern}", value=self.value[:80], pattern=form.pattern))
        return self.value

    def integer(self, least: int, most: int) -> int:
        """This value as a whole number within bounds."""
        if isinstance(self.value, bool) or not isinstance(self.value, int):
            self.fail("must be a whole number")
        if not least <= self.value <= most:
            self.fail(
                Message("must be from {least} to {most} and is {value}", least=least, most=most, value=self.value)
            )
        return self.value

    def number(self, least: float = -math.inf, most: float = math.inf) -> float:
        """This value as a finite number within bounds."""
        if isinstance(self.value, bool) or not isinstance(self.value, (int, float)):
            self.fail("must be a number")
        if not least <= self.value <= most:
            self.fail(
                Message("must be from {least} to {most} and is {value}", least=least, most=most, value=self.value)
            )
        return self.value

    def choice(self, *options: str) -> str:
        """This value as one of a few words."""
        if self.value not in options:
            self.fail(Message("must be {names}", names=" or ".join(map(repr, options))))
        return str(self.value)


_BUILT_ANEW = "ask the maker for the package again"


def parse(data: bytes, file: str, error: type[PackageError], rule: str) -> Node:
    """The root of a JSON text.

    Raises:
        PackageError: Of class ``error``: not UTF-8 JSON, over a bound, or an object names a key twice.
    """
    root = Node(None, Source(file, error, rule))
    if len(data) > LARGEST:
        root.fail(Message("is over {most} bytes", most=LARGEST))
    try:
        root.value = json.loads(
            data.decode("utf-8"), object_pairs_hook=_once, parse_constant=_not_json, parse_float=_finite
        )
    except RecursionError:
        root.fail(Message("nests deeper than {most} levels", most=DEEPEST))
    except ValueError as problem:
        root.fail(Message("is not JSON ({reason})", reason=_brief(problem)))
    if _depth(root.value) > DEEPEST:
        root.fail(Message("nests deeper than {most} levels", most=DEEPEST))
    return root


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    tree = dict(pairs)
    if len(tree) != len(pairs):
        raise ValueError("an object names a key twice")
    return tree


def _not_json(word: str) -> NoReturn:
    raise ValueError(f"JSON has no {word}")


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError("a number is too large")
    return value


def _brief(problem: ValueError) -> str:
    """What a decoder said, without the bytes that it choked on."""
    return Message("not UTF-8") if isinstance(problem, UnicodeDecodeError) else str(problem).splitlines()[0][:100]


def _depth(value: Any) -> int:
    """Levels of objects and arrays; stops counting just above the bound."""
    level, depth = [value], 0
    while depth <= DEEPEST:
        level = [
            child
            for node in level
            if isinstance(node, (dict, list))
            for child in (node.values() if isinstance(node, dict) else node)
        ]
        if not level:
            return depth
        depth += 1
    return depth
