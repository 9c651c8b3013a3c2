"""Which language a reader wants, and texts of rules and findings in it: ``rules.LANGUAGE.json`` beside ``rules.json``.

Findings are made in English and told in another language where somebody reads them; what programmes read stays
English, with the facts beside it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from trivet.errors import Finding, Message

LANGUAGES = ("en", "de", "zh-Hans")
"""What the pages, the shipped interfaces and the rules are written in."""

VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")
"""The environment's language: the first of these that is not empty, as POSIX has it."""

_GERMAN = re.compile(r"de([-_.@].*)?", re.IGNORECASE)
_SIMPLIFIED = re.compile(r"zh([-_](hans|cn|sg)([-_.@].*)?)?([.@].*)?", re.IGNORECASE)
_ENGLISH = re.compile(r"en([-_.@].*)?", re.IGNORECASE)


class Texts(NamedTuple):
    """A rule in another language; a text that is empty is not translated."""

    title: str = ""
    remedy: str = ""
    cause: str = ""


class Translation(NamedTuple):
    """One language: words of pages and templates of messages by the English ones, and rules by id."""

    words: Mapping[str, str]
    rules: Mapping[str, Texts]


def language(wanted: str | None, environment: Mapping[str, str]) -> str:
    """The language of texts for people.

    Args:
        wanted: A language tag that was asked for; a document may have one that trivet does not speak. Else None.
        environment: Variables such as those of ``os.environ``.
    """
    if wanted:
        return _spoken(wanted) or wanted
    found = next((environment[name] for name in VARIABLES if environment.get(name)), "")
    return _spoken(found) or "en"


def _spoken(tag: str) -> str:
    """The one of ``LANGUAGES`` that a tag or locale means, or nothing."""
    shapes = (("en", _ENGLISH), ("de", _GERMAN), ("zh-Hans", _SIMPLIFIED))
    return next((name for name, shape in shapes if shape.fullmatch(tag)), "")


@lru_cache(maxsize=len(LANGUAGES))
def translation(tongue: str) -> Translation:
    """What there is in a language; nothing for English and for what trivet does not speak."""
    if tongue not in LANGUAGES[1:]:
        return Translation({}, {})
    tree = json.loads(Path(__file__).parents[1].joinpath(f"rules.{tongue}.json").read_text("utf-8"))
    return Translation(tree["words"], {rule: Texts(**texts) for rule, texts in tree["rules"].items()})


def said(text: str, tongue: str) -> str:
    """A message or hint in a language: its own facts in that language's template; English where there is none."""
    known = translation(tongue).words
    if not isinstance(text, Message):
        return known.get(text, text)
    facts = {name: said(fact, tongue) if isinstance(fact, Message) else fact for name, fact in text.facts.items()}
    return known.get(text.template, text.template).format(**facts)


def spoken(finding: Finding, tongue: str) -> Finding:
    """A finding as people read it in a language; rule and place stay."""
    if tongue == "en":
        return finding
    message, hint, severity = (said(text, tongue) for text in (finding.message, finding.hint, finding.severity))
    return finding._replace(message=message, hint=hint, severity=severity)
