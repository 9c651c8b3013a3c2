"""Rules about the characters of a document: what a reader cannot see, or takes for something else."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from trivet.check.source import Source
from trivet.errors import Finding, Message
from trivet.interface.parsed import Path
from trivet.interface.path import Json, placed, spell

SCRIPTS = ("LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE")
"""Scripts with letters that look like one another's."""

INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\uffa0"
    "\U000e0000-\U000e0fff]"
)
"""Letters without a shape, and marks that turn the direction of reading."""

_WORD = re.compile(r"\w+")
_MARKUP = re.compile(r"<\s*(?:/?[a-z][a-z0-9-]*(?:[\s/>]|$)|[!?])|\b(?:java|vb)script:|&#", re.IGNORECASE)
_MOST = 100


def check_characters(source: Source) -> list[Finding]:
    """Invisible letters, look-alikes, markup, decomposed letters, blanks at the end of lines."""
    found = list(_rows(source))
    if source.lines is not None and not source.text.isascii():
        found += _lookalikes(source)
    if source.lines is not None and ("<" in source.text or _MARKUP.search(source.text)):
        found += _markup(source)
    if source.text and not source.text.endswith("\n"):
        last = source.text.split("\n")
        where = f"{source.where}:{len(last)}:{len(last[-1]) + 1}"
        found.append(Finding("TRV-L005", where, "the file does not end with a line feed", "end the last line"))
    return found


def _rows(source: Source) -> Iterator[Finding]:
    text = source.text
    plain = text.isascii()
    if plain and " \n" not in text and " \r\n" not in text:
        return
    for number, line in enumerate(text.split("\n"), 1):
        row = line.removesuffix("\r")
        if row.endswith(" "):
            at = len(row.rstrip(" ")) + 1
            yield Finding("TRV-L004", f"{source.where}:{number}:{at}", "the line ends in blanks", "remove the blanks")
        if line.isascii():
            continue
        for hit in list(INVISIBLE.finditer(line))[:_MOST]:
            if number == 1 and hit.start() == 0 and hit[0] == "\ufeff":
                continue
            message = Message("holds U+{code:04X}, which nobody can see", code=ord(hit[0]))
            yield Finding("TRV-L001", f"{source.where}:{number}:{hit.start() + 1}", message, "remove it")
        if not unicodedata.is_normalized("NFC", line):
            pairs = enumerate(zip(line, unicodedata.normalize("NFC", line), strict=False))
            at = next((index for index, (one, other) in pairs if one != other), 0) + 1
            split = "is written with a letter and a separate accent"
            yield Finding("TRV-L006", f"{source.where}:{number}:{at}", split, "write it in NFC")


def _lookalikes(source: Source) -> Iterator[Finding]:
    """Words that mix scripts whose letters look alike."""
    for path, text, key in _texts(source.tree):
        for word in _WORD.findall(text) if not text.isascii() else ():
            scripts = sorted({script for letter in word if (script := _script(letter))})
            if len(scripts) > 1:
                script = scripts[-1].title() if "LATIN" not in scripts else "Latin"
                names = Message.joined([one.title() for one in scripts], "{first} and {then}")
                message = placed(path, Message("`{word}` mixes {scripts} letters", word=word[:40], scripts=names))
                hint = Message("write it in {script} letters", script=script)
                yield Finding("TRV-L002", _at(source, path, key), message, hint)


def _markup(source: Source) -> Iterator[Finding]:
    """Texts that a page might take for markup or script."""
    for path, text, key in _texts(source.tree):
        if found := _MARKUP.search(text):
            message = Message(
                "{place}: holds `{markup}`, which is markup or script", place=spell(path)[:80], markup=found[0][:20]
            )
            yield Finding("TRV-L003", _at(source, path, key), message, "write plain text")


def _script(letter: str) -> str:
    if letter.isascii():
        return "LATIN" if letter.isalpha() else ""
    name = unicodedata.name(letter, "")
    return next((script for script in SCRIPTS if name.startswith(script)), "")


def _at(source: Source, path: Path, key: bool) -> str:
    lines = source.lines
    line, column = lines.at(path, key=key) if lines is not None else (1, 1)
    return f"{source.where}:{line}:{column}"


def _texts(tree: Json) -> Iterator[tuple[Path, str, bool]]:
    """Every key and text of a tree with its path, and whether it is a key."""
    stack: list[tuple[Path, Json]] = [((), tree)]
    while stack:
        path, node = stack.pop()
        if isinstance(node, dict):
            for key, value in node.items():
                yield (*path, key), key, True
                stack.append(((*path, key), value))
        elif isinstance(node, list):
            stack.extend(((*path, index), value) for index, value in enumerate(node))
        elif isinstance(node, str):
            yield path, node, False
