"""The rules behind findings, as data: ``rules.json`` in the package, one entry an id.

Every room adds its own: ``"TRV-P003": {"title": ..., "cause": ..., "remedy": ...}``.
The letter names the room: I documents, D device, M Modbus, U OPC UA, P package,
R runtime, E evaluation, L advice of `trivet lint`, B changes that `trivet breaking`
tells of. An id is never used again for another rule. Further keys are those of ``Rule``.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from trivet.errors import DocumentError

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

    def page(self) -> str:
        """What ``trivet explain`` prints."""
        parts = [f"{self.id}: {self.title}", self.cause]
        if self.breaks:
            parts.append("\n".join(f"{level:<9}{why}" for level, why in self.breaks.items()))
        if self.bump:
            parts.append(f"It asks for a new {self.bump} version.")
        for word, example in (("Wrong:", self.wrong), ("Right:", self.right)):
            if example:
                parts.append("\n".join([word, *(f"    {line}" for line in example.splitlines())]))
        parts.append(f"What to do: {self.remedy}")
        if self.fix:
            parts.append("`trivet lint --fix` can do it.")
        return "\n\n".join(parts) + "\n"

    def weight(self, version: str) -> str:
        """Its severity in a version of trivet: a new rule warns for one minor release before it is an error."""
        new = self.since != FIRST and self.since == ".".join(version.split(".")[:2])
        return "warning" if new and self.severity == "error" else self.severity


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
    return found.page()


@lru_cache(maxsize=1)
def rules() -> dict[str, Rule]:
    """All rules by id."""
    # Read by its path: importlib.resources alone takes longer to import than the table to read.
    text = Path(__file__).parents[1].joinpath("rules.json").read_text("utf-8")
    return {key: Rule(key, **entry) for key, entry in json.loads(text).items()}
