"""The rules behind findings, as data: ``rules.json`` in the package, one entry an id.

Every room adds its own: ``"TRV-P003": {"title": ..., "cause": ..., "remedy": ...}``.
The letter names the room: I documents, D device, M Modbus, U OPC UA, P package,
R runtime, E evaluation. An id is never used again for another rule.
"""

from __future__ import annotations

import difflib
import json
from functools import lru_cache
from importlib import resources
from typing import NamedTuple

from trivet.errors import DocumentError


class Rule(NamedTuple):
    """One rule.

    Attributes:
        id: Stable id, such as ``TRV-I012``.
        title: What is wrong, in a few words.
        cause: Why that is refused, or how it comes about.
        remedy: What to do.
    """

    id: str
    title: str
    cause: str
    remedy: str


def explain(rule: str) -> str:
    """Title, cause and remedy of a rule, as a text of some lines.

    Raises:
        DocumentError: There is no such rule.
    """
    known = rules()
    found = known.get(rule.strip().upper())
    if found is None:
        close = difflib.get_close_matches(rule.strip().upper(), known, 1)
        hint = f"did you mean {close[0]}?" if close else "ids look like TRV-I012"
        raise DocumentError(f"there is no rule `{rule[:40]}`", hint=hint)
    return f"{found.id}: {found.title}\n\n{found.cause}\n\nWhat to do: {found.remedy}\n"


@lru_cache(maxsize=1)
def rules() -> dict[str, Rule]:
    """All rules by id."""
    text = resources.files("trivet").joinpath("rules.json").read_text("utf-8")
    return {key: Rule(key, entry["title"], entry["cause"], entry["remedy"]) for key, entry in json.loads(text).items()}
