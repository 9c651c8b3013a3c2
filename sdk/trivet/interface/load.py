"""JSON tree to frozen dataclasses, by their type hints; no pydantic, no YAML.

``load`` is what reads ``interface.json`` out of a verified package. The same walk
explains to authors what is wrong with a document, see ``build``.
"""

from __future__ import annotations

import dataclasses
import json
import sys
import types
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, Literal, NamedTuple, TypeVar, Union, get_args, get_origin, get_type_hints

from trivet import canonical
from trivet.errors import DocumentError, Message
from trivet.interface.path import Json, Path, placed

T = TypeVar("T")
DEEPEST = 32
MOST_GUESSES = 50
"""Problems of a document for which a resembling word is looked for."""
LARGEST_PLAIN = 10**21
"""From here on canonical JSON writes a number with an exponent."""


class Problem(NamedTuple):
    """One thing that does not fit the document's type.

    Attributes:
        path: The part to blame; the last key may be one that is missing.
        rule: Stable id.
        message: Without the path.
        hint: What to do.
    """

    path: Path
    rule: str
    message: str
    hint: str = ""

    def said(self) -> str:
        """The message with its path in front."""
        return placed(self.path, self.message)


Reader = Callable[[Json, Path, list[Problem]], Any]


def load(tree: Json, cls: type[T], where: str = "") -> T:
    """The document in a JSON tree.

    Args:
        tree: As ``json.loads`` gives it.
        cls: ``Interface`` or another document type.
        where: Package member or file name, for messages.

    Raises:
        DocumentError: The tree does not fit; the message begins with the path inside the document.
    """
    document, problems = build(tree, cls)
    if document is None or problems:
        first, more = problems[0], len(problems) - 1
        message = (
            Message("{first} (and {more} more)", first=Message.of(first.said()), more=more) if more else first.said()
        )
        raise DocumentError(message, where=where, hint=first.hint, rule=first.rule)
    return document


def build(tree: Json, cls: type[T]) -> tuple[T | None, list[Problem]]:
    """The document, or None and everything that does not fit."""
    problems: list[Problem] = []
    hint: Any = cls
    document = _reader(hint)(tree, (), problems)
    return (None if problems else document), problems


@lru_cache(maxsize=256)
def fields(cls: Any) -> Mapping[str, tuple[Any, bool]]:
    """Field name to type hint and whether it must be given."""
    known = dataclasses.fields(cls)
    hints = get_type_hints(cls) if any(type(field.type) is str for field in known) else {}
    return {
        field.name: (
            hints.get(field.name, field.type),
            field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING,
        )
        for field in known
    }


@lru_cache(maxsize=512)
def _reader(hint: Any) -> Reader:
    """A function that reads one type; made once for each type."""
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is Any:
        return _any
    if hint in _SCALARS:
        return _scalar((hint,))
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return _dataclass(hint)
    if origin is Literal:
        return _literal(arguments)
    if origin in (Union, types.UnionType):
        return _union(arguments)
    if origin is tuple:
        return _sequence(arguments[0]) if arguments[-1] is Ellipsis else _fixed(arguments)
    if origin is not None and issubclass(origin, Mapping):
        return _mapping(arguments[1])
    raise TypeError(f"documents have no {hint}")


_SCALARS = {
    str: Message("text"),
    int: Message("a whole number"),
    float: Message("a number"),
    bool: Message("true or false"),
}


def _accepts(kind: type, node: Json) -> bool:
    """Whether a JSON scalar is of a kind; JSON itself does not tell 2 from 2.0, canonical JSON writes 2."""
    if isinstance(node, bool) or not isinstance(node, (int, float)):
        return type(node) is kind
    if abs(node) > canonical.LARGEST_INTEGER and not canonical.carries(node):
        return False
    if kind is float:
        return abs(node) <= sys.float_info.max
    return kind is int and abs(node) < LARGEST_PLAIN and node == int(node)


def _scalar(kinds: tuple[type, ...]) -> Reader:
    expected = Message.joined([_SCALARS[kind] for kind in kinds], "{first} or {then}")
    exact = {str, bool}.intersection(kinds)

    def read(node: Json, path: Path, problems: list[Problem]) -> Any:
        if type(node) in exact:
            return node
        for kind in kinds:
            if _accepts(kind, node):
                return kind(node)
        problems.append(_wrong(path, expected, node))
        return None

    return read


def _literal(choices: tuple[Any, ...]) -> Reader:
    def read(node: Json, path: Path, problems: list[Problem]) -> Any:
        if not isinstance(node, bool) and node in choices:
            return choices[choices.index(node)]
        shown = ", ".join(f"`{choice}`" for choice in choices)
        if path == ("format",):
            hint = "this document is for another version of trivet"
            problems.append(
                Problem(
                    path,
                    "TRV-I009",
                    Message("document format {found} is not known, only {known}", found=_shown(node), known=shown),
                    hint,
                )
            )
        else:
            near = _near(str(node), map(str, choices))
            hint = (
                Message("write `{name}`", name=near[0])
                if near
                else Message("write one of {choices}", choices=shown)
                if len(choices) > 1
                else Message("write {choice}", choice=shown)
            )
            problems.append(Problem(path, "TRV-I013", Message("{found} is not allowed", found=_shown(node)), hint))
        return None

    return read


def _union(arguments: tuple[Any, ...]) -> Reader:
    members = tuple(argument for argument in arguments if argument is not types.NoneType)
    inner = _reader(members[0]) if len(members) == 1 else _scalar(members)
    optional = len(members) < len(arguments)

    def read(node: Json, path: Path, problems: list[Problem]) -> Any:
        return None if node is None and optional else inner(node, path, problems)

    return read


def _sequence(argument: Any) -> Reader:
    inner = _reader(argument)

    def read(node: Json, path: Path, problems: list[Problem]) -> Any:
        if not isinstance(node, list):
            problems.append(_wrong(path, Message("a list"), node))
            return None
        return tuple([inner(item, (*path, index), problems) for index, item in enumerate(node)])

    return read


def _fixed(arguments: tuple[Any, ...]) -> Reader:
    inner = tuple(_reader(argument) for argument in arguments)
    expected = Message("a list of {count} values", count=len(arguments))

    def read(node: Json, path: Path, problems: list[Problem]) -> Any:
        if not isinstance(node, list) or len(node) != len(inner):
            problems.append(_wrong(path, expected, node))
            return None
        return tuple(
            [item(value, (*path, index), problems) for index, (item, value) in enumerate(zip(inner, node, strict=True))]
        )

    return read


def _mapping(argument: Any) -> Reader:
    inner = _reader(argument)

    def read(node: Json, path: Path, problems: list[Problem]) -> Any:
        if not isinstance(node, dict):
            problems.append(_wrong(path, Message("a mapping"), node))
            return None
        return {key: inner(value, (*path, key), problems) for key, value in node.items()}

    return read


def _dataclass(cls: type) -> Reader:
    known = fields(cls)
    readers = {name: _reader(hint) for name, (hint, _) in known.items()}
    required = {name: None for name, (_, needed) in known.items() if needed}

    def read(node: Json, path: Path, problems: list[Problem]) -> Any:
        if not isinstance(node, dict):
            problems.append(_wrong(path, Message("a mapping"), node))
            return None
        before = len(problems)
        if not known.keys() >= node.keys() >= required.keys():
            problems.extend(_misnamed(node, path, known, required, len(problems)))
        values = {key: readers[key](value, (*path, key), problems) for key, value in node.items() if key in readers}
        if len(problems) > before:
            return None
        try:
            return cls(**values)
        except ValueError as error:
            problems.append(Problem(path, "TRV-I014", error.args[0]))
            return None

    return read


def _any(node: Json, path: Path, problems: list[Problem]) -> Json:
    """Free JSON; bounded in depth, and only what canonical JSON can carry."""
    stack: list[tuple[Json, int]] = [(node, len(path))]
    while stack:
        part, depth = stack.pop()
        if depth > DEEPEST:
            problems.append(
                Problem(path, "TRV-I002", Message("is nested more than {most} deep", most=DEEPEST), "flatten it")
            )
            return None
        if isinstance(part, dict):
            stack.extend((value, depth + 1) for value in part.values())
        elif isinstance(part, list):
            stack.extend((value, depth + 1) for value in part)
        elif not canonical.carries(part):
            problems.append(_wrong(path, Message("a value that JSON carries"), part))
            return None
    return node


def _misnamed(
    node: Mapping[str, Json], path: Path, known: Mapping[str, Any], required: Iterable[str], count: int
) -> Iterable[Problem]:
    """What is written and not known, with a guess among the first problems of a document, and what is missing."""
    for number, key in enumerate(key for key in node if key not in known):
        yield _unknown(key, path, known, guess=count + number < MOST_GUESSES)
    for name in required:
        if name not in node:
            yield Problem((*path, name), "TRV-I011", "is missing", Message("add `{name}`", name=name))


def _unknown(key: str, path: Path, known: Mapping[str, Any], *, guess: bool) -> Problem:
    near = _near(key, known) if guess else []
    hint = (
        Message("did you mean `{name}`?", name=near[0]) if near else "remove it, or correct its spelling or indentation"
    )
    return Problem((*path, key), "TRV-I010", "is not a key here", hint)


def _near(word: str, known: Iterable[str]) -> list[str]:
    """The known word that resembles this one, if any; only a wrong document makes anybody look."""
    import difflib

    return difflib.get_close_matches(word, list(known), 1)


def _wrong(path: Path, expected: str, node: Json) -> Problem:
    return Problem(
        path,
        "TRV-I012",
        Message("must be {expected}, not {found}", expected=expected, found=_shown(node)),
        _remedy(expected, node),
    )


def _remedy(expected: str, node: Json) -> str:
    if expected.startswith("text") and not isinstance(node, (dict, list)):
        return "put it in quotes"
    if "number" in expected and isinstance(node, str):
        return "write a plain JSON number, without quotes; durations are in seconds"
    if expected.startswith("true") and isinstance(node, str):
        return "write true or false, without quotes"
    if expected == "a list" and not isinstance(node, dict):
        return "put it in [ ]"
    return ""


def _shown(node: Json) -> str:
    if isinstance(node, dict):
        return Message("a mapping")
    if isinstance(node, list):
        return Message("a list of {count}", count=len(node))
    if isinstance(node, int) and abs(node) >= LARGEST_PLAIN:
        return Message("a larger one")
    text = json.dumps(node, ensure_ascii=False)
    text = text if len(text) <= 60 else text[:57] + "..."
    return Message("the text {text}", text=text) if isinstance(node, str) else text
