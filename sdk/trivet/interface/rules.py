"""The rules behind findings, as data: ``rules.json`` in the package, one entry an id.

Every room adds its own: ``"TRV-P003": {"title": ..., "cause": ..., "remedy": ...}``.
The letter names the room: I documents, D device, M Modbus, U OPC UA, P package,
R runtime, E evaluation, L advice of `trivet lint`, B changes that `trivet breaking`
tells of. An id is never used again for another rule. Further keys are those of ``Rule``.
Titles and remedies in other languages stand beside it: see ``languages``.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from trivet.errors import DocumentError
from trivet.interface.languages import Texts, translation

FIRST = "0.1"
"""The first minor version: before it there was nobody whose documents a rule could surprise."""


class Rule(NamedTuple):
    """One rule.

    Attributes:
        id: Stable id, such as ``TRV-I012``.
        title: What is wrong, in a few words.
        cause: Why that is refused, or how it comes about.
        remedy: What to do.
        category: What it is about, such as ``units``; may be empty.
        severity: ``error``, ``warning`` or ``note``, once it is no longer new.
        since: The minor version that brought it.
        wrong: A piece of a document that breaks it; may be empty.
        right: The same piece as it should be.
        fix: Whether ``trivet lint --fix`` can mend it safely.
        breaks: Of a change: what it breaks (``FIRMWARE``, ``WIRE``, ``DATA``, ``MODEL``) and why.
        bump: Of a change: ``major``, ``minor`` or ``patch``.
    """

    id: str
    title: str
    cause: str
    remedy: str
    category: str = ""
    severity: str = "error"
    since: str = FIRST
    wrong: str = ""
    right: str = ""
    fix: bool = False
    breaks: Mapping[str, str] = {}
    bump: str = ""

    def page(self, tongue: str = "en") -> str:
        """What ``trivet explain`` prints, in English where it is not translated, which the last line then says."""
        words, other = translation(tongue).words, translation(tongue).rules.get(self.id, Texts())
        parts = [f"{self.id}: {other.title or self.title}", other.cause or self.cause]
        if self.breaks:
            parts.append("\n".join(f"{level:<9}{_word(words, why)}" for level, why in self.breaks.items()))
        if self.bump:
            parts.append(_word(words, "It asks for a new {bump} version.").format(bump=self.bump))
        for word, example in (("Wrong:", self.wrong), ("Right:", self.right)):
            if example:
                parts.append("\n".join([_word(words, word), *(f"    {line}" for line in example.splitlines())]))
        parts.append(_word(words, "What to do: ") + (other.remedy or self.remedy))
        if self.fix:
            parts.append(_word(words, "`trivet lint --fix` can do it."))
        if tongue != "en":
            parts += self._untranslated(words, other)
        return "\n\n".join(parts) + "\n"

    def _untranslated(self, words: Mapping[str, str], other: Texts) -> list[str]:
        """One line that names what a page has in English only."""
        missing = [name for name, text in zip(("title", "remedy", "cause"), other, strict=True) if not text]
        missing += ["what breaks"] if set(self.breaks.values()) - set(words) else []
        told = ", ".join(_word(words, name) for name in missing)
        return [_word(words, "(Not translated: {parts}.)").format(parts=told)] if missing else []

    def weight(self, version: str) -> str:
        """Its severity in a version of trivet: a new rule warns for one minor release before it is an error."""
        new = self.since != FIRST and self.since == ".".join(version.split(".")[:2])
        return "warning" if new and self.severity == "error" else self.severity


def _word(words: Mapping[str, str], text: str) -> str:
    """A word of the page, or itself where it is not translated."""
    return words.get(text, text)


def explain(rule: str, tongue: str = "en") -> str:
    """Title, cause and remedy of a rule, as a text of some lines in a language.

    Raises:
        DocumentError: There is no such rule.
    """
    known = rules()
    found = known.get(rule.strip().upper())
    if found is None:
        close = difflib.get_close_matches(rule.strip().upper(), known, 1)
        hint = f"did you mean {close[0]}?" if close else "ids look like TRV-I012"
        raise DocumentError(f"there is no rule `{rule[:40]}`", hint=hint)
    return found.page(tongue)


@lru_cache(maxsize=1)
def rules() -> dict[str, Rule]:
    """All rules by id."""
    # Read by its path: importlib.resources alone takes longer to import than the table to read.
    text = Path(__file__).parents[1].joinpath("rules.json").read_text("utf-8")
    return {key: Rule(key, **entry) for key, entry in json.loads(text).items()}
