"""YAML text to a document, for authors: every error has file, line and column.

``parse`` accepts exactly what ``load`` accepts and builds equal objects. The walk
of ``load`` says what is wrong, in words for authors; pydantic validates once more
and builds the document, so that two independent readers agree on every file.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from importlib.resources.abc import Traversable
from pathlib import Path as FilePath
from typing import Any, TypeVar, get_args

import pydantic

from trivet import canonical
from trivet.errors import DocumentError, Finding, Message
from trivet.interface.load import Problem, build, fields
from trivet.interface.parsed import Lines, Parsed
from trivet.interface.text import LARGEST_TEXT, Composed, compose

__all__ = ["Parsed", "parse", "parse_as", "read"]

T = TypeVar("T")


def parse(text: str | bytes, where: str, kinds: Mapping[str, type[T]]) -> Parsed[T]:
    """The document in a YAML text, whichever of several kinds it says it is.

    Args:
        text: YAML, or its bytes in UTF-8; JSON is YAML.
        where: File name, for messages.
        kinds: What ``kind`` may say, to the document type.

    Raises:
        DocumentError: The text is not such a document; ``findings`` has everything that is wrong with it.
    """
    composed = compose(text, where)
    return _validated(composed, _class_of(composed, where, kinds), where)


def parse_as(cls: type[T], text: str | bytes, where: str) -> Parsed[T]:
    """The document of one kind in a YAML text; raises as ``parse`` does."""
    return parse(text, where, {kind_of(cls): cls})


def read(path: FilePath | Traversable, cls: type[T]) -> Parsed[T]:
    """The document of one kind in a file.

    Raises:
        DocumentError: The file cannot be read, or is not such a document.
    """
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_TEXT + 1)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise DocumentError(
            Message("cannot be read: {reason}", reason=reason), where=str(path), hint="check the path"
        ) from error
    return parse_as(cls, data, str(path))


def kind_of(cls: type[Any]) -> str:
    """What ``kind`` says in documents of a type."""
    document: Any = cls
    return str(get_args(fields(document)["kind"][0])[0])


def _class_of(composed: Composed, where: str, kinds: Mapping[str, type[T]]) -> type[T]:
    tree, lines = composed
    if not isinstance(tree, dict):
        raise _refused([Problem((), "TRV-I012", "must be a mapping")], lines, where)
    kind = tree.get("kind")
    allowed = " or ".join(f"`{name}`" for name in kinds)
    if "kind" not in tree:
        problem = Problem(
            ("kind",),
            "TRV-I008",
            "is missing",
            Message("begin the document with `kind: ...`, here {allowed}", allowed=allowed),
        )
    elif not isinstance(kind, str) or kind not in kinds:
        problem = Problem(
            ("kind",),
            "TRV-I008",
            Message("is {kind!r}, but this must be {allowed}", kind=str(kind)[:40], allowed=allowed),
            "give another file",
        )
    else:
        return kinds[kind]
    raise _refused([problem], lines, where)


def _validated(composed: Composed, cls: type[T], where: str) -> Parsed[T]:
    tree, lines = composed
    problems = build(tree, cls)[1]
    if problems:
        raise _refused(problems, lines, where)
    hint: Any = cls
    try:
        # Validated as JSON: pydantic is strict about types there and still takes a list for a tuple.
        document: T = _adapter(hint).validate_json(canonical.dumps(tree), strict=True)
    except pydantic.ValidationError as error:
        raise _refused([_foreign(detail) for detail in error.errors()], lines, where) from error
    return Parsed(document, tree, lines, where)


@lru_cache(maxsize=32)
def _adapter(cls: Any) -> pydantic.TypeAdapter[Any]:
    return pydantic.TypeAdapter(cls)


def _foreign(detail: Any) -> Problem:
    return Problem(tuple(detail["loc"]), "TRV-I012", str(detail["msg"]))


def _refused(problems: list[Problem], lines: Lines, where: str) -> DocumentError:
    findings = []
    for problem in problems:
        line, column = lines.at(problem.path, key=problem.rule == "TRV-I010")
        findings.append(Finding(problem.rule, f"{where}:{line}:{column}", problem.said(), problem.hint))
    return DocumentError.of(findings)
