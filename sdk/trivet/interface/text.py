"""YAML 1.2 text to a JSON tree: JSON's types only, nothing that can surprise, bounded before it is built.

Rules (numbered in ``schemas/README.md``): UTF-8; one document; keys are text; a
plain scalar is a number only in JSON's grammar, ``true``, ``false`` and ``null``
are typed, everything else is text; anchors, aliases, tags, merge keys, duplicate
keys, empty values, tabs and control characters are refused.
"""

from __future__ import annotations

import math
import re
from typing import Any, NamedTuple

import yaml

from trivet import canonical
from trivet.errors import DocumentError, Finding, Message
from trivet.interface.load import DEEPEST
from trivet.interface.parsed import Lines, Position
from trivet.interface.path import Json, Path, spell

LARGEST_TEXT = 1 << 20
MOST_NODES = 100_000
LONGEST_INTEGER = 24
MOST_FINDINGS = 50

Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's event reader where PyYAML was built with it, else PyYAML's own, which is 20 times slower."""

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?P<fraction>\.[0-9]+)?(?P<exponent>[eE][+-]?[0-9]+)?")
_WORDS = {"true": True, "false": False, "null": None}
_CONTROL = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff"
_NOT_IN_FILE = re.compile(f"[{_CONTROL}\t\u2028\u2029\ufeff]")
_AGAIN = re.compile("\0[0-9:]+")
_NOT_IN_TEXT = re.compile(f"[{_CONTROL}]")


class Composed(NamedTuple):
    """A JSON tree and where its parts stand."""

    tree: Json
    lines: Lines


def compose(source: str | bytes, where: str) -> Composed:
    """Reads one YAML document.

    Args:
        source: The text, or its bytes in UTF-8.
        where: File name, for messages.

    Raises:
        DocumentError: The text breaks a rule above; ``where`` is ``file:line:column``, and ``findings`` has
            everything that could be seen before the text stopped making sense.
    """
    text = _decoded(source, where)
    builder = _Builder(where)
    try:
        for event in yaml.parse(text, Loader=Loader):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        position = Position(mark.line + 1, mark.column + 1) if mark else Position(1, 1)
        raise builder.error(
            "TRV-I001", Message("is not YAML: {reason}", reason=error.problem or error.context), position
        ) from error
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        raise builder.error("TRV-I001", Message("is not YAML: {reason}", reason=error), builder.position) from error
    return builder.composed()


def _decoded(source: str | bytes, where: str) -> str:
    """The text without a byte order mark, checked for size and for characters that no document needs."""
    if len(source) > LARGEST_TEXT:
        hint = "split the document, or remove what it does not need"
        raise DocumentError(Message("is over {most} bytes", most=LARGEST_TEXT), where=where, hint=hint, rule="TRV-I002")
    try:
        text = source.decode("utf-8") if isinstance(source, bytes) else source
    except UnicodeDecodeError as error:
        message = Message("is not UTF-8: byte {at} is 0x{byte:02X}", at=error.start, byte=error.object[error.start])
        raise DocumentError(message, where=where, hint="save the file as UTF-8", rule="TRV-I001") from error
    text = text.removeprefix("\ufeff")
    bad = _NOT_IN_FILE.search(text)
    if bad:
        line = text.count("\n", 0, bad.start()) + 1
        column = bad.start() - text.rfind("\n", 0, bad.start())
        hint = "indent with blanks" if bad[0] == "\t" else "remove it, or write it as an escape in double quotes"
        message = Message("holds the character U+{code:04X}", code=ord(bad[0]))
        raise DocumentError(message, where=f"{where}:{line}:{column}", hint=hint, rule="TRV-I001")
    return text


class _Open(NamedTuple):
    """A mapping or list whose end has not come yet."""

    path: Path
    container: dict[str, Json] | list[Json]


class _Builder:
    """Builds the tree from parser events, so that nothing is built beyond a bound."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.position = Position(1, 1)
        self.documents = 0
        self.root: Json = None
        self.open: list[_Open] = []
        self.key: str | None = None
        self.nodes: dict[Path, Position] = {}
        self.keys: dict[Path, Position] = {}
        self.found: list[Finding] = []

    def error(self, rule: str, message: str, position: Position, hint: str = "") -> DocumentError:
        """An error at a place, the path in front of the message when there is one, after what was refused before."""
        path = _AGAIN.sub("", spell(self.path())) if self.open else ""
        where = f"{self.where}:{position.line}:{position.column}"
        said = Message("{place}: {said}", place=path, said=Message.of(message)) if path else message
        if not self.found:
            return DocumentError(said, where=where, hint=hint, rule=rule)
        return DocumentError.of([*self.found, Finding(rule, where, said, hint)])

    def refuse(self, rule: str, message: str, hint: str) -> None:
        """Something that makes the document wrong, after which the rest can still be read."""
        error = self.error(rule, message, self.position, hint)
        self.found.append(error.findings[-1] if error.findings else Finding(rule, error.where, error.message, hint))
        if len(self.found) >= MOST_FINDINGS:
            raise DocumentError.of(self.found)

    def composed(self) -> Composed:
        if self.documents != 1:
            raise self.error("TRV-I005", "holds no document", Position(1, 1), "write one")
        if self.found:
            raise DocumentError.of(self.found)
        return Composed(self.root, Lines(self.nodes, self.keys))

    def path(self) -> Path:
        """Where the next node belongs."""
        path, container = self.open[-1]
        if isinstance(container, list):
            return (*path, len(container))
        return path if self.key is None else (*path, self.key)

    def take(self, event: Any) -> None:
        """One event of the parser."""
        self.position = Position(event.start_mark.line + 1, event.start_mark.column + 1)
        if isinstance(event, yaml.DocumentStartEvent):
            self.start(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self.open.pop()
        elif isinstance(event, yaml.NodeEvent):
            self.refuse_references(event)
            if isinstance(event, yaml.ScalarEvent):
                self.scalar(event)
            elif isinstance(event, yaml.AliasEvent):
                self.alias(event)
            else:
                self.collection(event)

    def start(self, event: Any) -> None:
        self.documents += 1
        if self.documents > 1:
            raise self.error("TRV-I005", "holds more than one document", self.position, "write one file for each")
        if event.tags or event.version not in (None, (1, 2)):
            self.refuse("TRV-I003", "has a directive", "remove the lines that begin with `%`")

    def refuse_references(self, event: Any) -> None:
        if isinstance(event, yaml.AliasEvent):
            return
        if event.anchor is not None:
            self.refuse("TRV-I003", Message("anchor `&{anchor}` is not allowed", anchor=event.anchor), "remove it")
        if event.tag is not None:
            self.refuse("TRV-I003", Message("tag `{tag}` is not allowed", tag=event.tag), "remove it")

    def alias(self, event: Any) -> None:
        """An alias is never followed; nothing stands in its place."""
        if self.open and self.key is None and isinstance(self.open[-1].container, dict):
            raise self.error(
                "TRV-I003",
                Message("alias `*{anchor}` is not allowed", anchor=event.anchor),
                self.position,
                "write it out",
            )
        self.refuse("TRV-I003", Message("alias `*{anchor}` is not allowed", anchor=event.anchor), "write it out")
        self.put(None, self.position)

    def scalar(self, event: Any) -> None:
        plain = not event.style
        bad = _NOT_IN_TEXT.search(event.value)
        if bad:
            self.refuse("TRV-I001", Message("holds the character U+{code:04X}", code=ord(bad[0])), "remove it")
        if self.open and self.key is None and isinstance(self.open[-1].container, dict):
            self.take_key(event.value, plain)
        elif plain:
            self.put(self.typed(event.value), self.position)
        else:
            self.put(event.value, self.position)

    def take_key(self, key: str, plain: bool) -> None:
        if plain and key == "<<":
            self.refuse("TRV-I003", "merge key `<<` is not allowed", "write the keys out")
        elif plain and not key:
            self.refuse("TRV-I006", "has an empty key", "name the key")
        self.key = key
        path = self.path()
        if path in self.keys:
            self.refuse(
                "TRV-I004", Message("is given twice, first in line {line}", line=self.keys[path].line), "keep one"
            )
            # What follows is read under a name of its own, so that its parts are not called doubled too.
            self.key = f"{key}\0{self.position.line}:{self.position.column}"
            path = self.path()
        self.keys[path] = self.position

    def typed(self, text: str) -> Json:
        """A plain scalar as JSON types it."""
        if not text:
            self.refuse("TRV-I006", "has no value", "write a value, `null`, or '' for empty text")
            return None
        match = _NUMBER.fullmatch(text)
        if not match:
            return _WORDS.get(text, text)
        if match["fraction"] is None and match["exponent"] is None:
            value: float = int(text) if len(text) <= LONGEST_INTEGER else math.inf
        else:
            value = float(text)
        if not canonical.carries(value):
            hint = "put it in quotes if it is text"
            self.refuse("TRV-I007", Message("number {number} is beyond what JSON carries", number=text[:40]), hint)
            return None
        return value

    def collection(self, event: Any) -> None:
        if self.open and self.key is None and isinstance(self.open[-1].container, dict):
            raise self.error("TRV-I006", "has a key that is not text", self.position, "write a text key")
        if len(self.open) >= DEEPEST:
            raise self.error(
                "TRV-I002", Message("is nested more than {most} deep", most=DEEPEST), self.position, "flatten it"
            )
        path = self.path() if self.open else ()
        position = self.position if event.flow_style else self.keys.get(path, self.position)
        container: dict[str, Json] | list[Json] = {} if isinstance(event, yaml.MappingStartEvent) else []
        self.put(container, position)
        self.open.append(_Open(path, container))

    def put(self, value: Json, position: Position) -> None:
        if len(self.nodes) >= MOST_NODES:
            raise self.error(
                "TRV-I002",
                Message("has more than {most} values", most=MOST_NODES),
                self.position,
                "split the document",
            )
        if not self.open:
            self.root = value
            self.nodes[()] = position
            return
        self.nodes[self.path()] = position
        container = self.open[-1].container
        if isinstance(container, list):
            container.append(value)
        elif self.key is not None:
            container[self.key] = value
            self.key = None
