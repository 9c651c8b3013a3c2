"""Names and plain YAML for drafts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from trivet.imports import OPEN


def snake(text: str, taken: Iterable[str] = ()) -> str:
    """A snake_case name for a text that is not among those taken."""
    plain = re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", text).lower()).strip("_") or "value"
    name = plain if plain[0].isalpha() else f"value_{plain}"
    used, number = set(taken), 2
    while name in used:
        name = f"{plain}_{number}"
        number += 1
    return name


def quoted(text: str) -> str:
    """A text as a YAML scalar on one line."""
    return json.dumps("".join(sign if sign.isprintable() else " " for sign in text), ensure_ascii=False)


def interface_head(identifier: str, note: str) -> list[str]:
    """The first lines of an interface's draft."""
    return [
        f"# A draft: fill in every {quoted(OPEN)}, then run `trivet lint`.",
        "kind: interface",
        "format: 0",
        f"id: {identifier}",
        "version: 0.1.0",
        f"title: {{en: {quoted(OPEN)}}}",
        f"note: {quoted(note)}",
    ]


def interface_tail(outputs: Iterable[str], length: int) -> list[str]:
    """The parts of an interface that no source tells."""
    return [
        "windows:",
        f"  recent: {{kind: sliding, length: {length}, every: 1}}",
        "outputs:",
        *(outputs or [f"  value: {{kind: quantity, window: recent, unit: {quoted(OPEN)}, needs: [[{quoted(OPEN)}]]}}"]),
        f"fallback: {{action: vendor, text: {{en: {quoted(OPEN)}}}}}",
        "budget:",
        "  - {architecture: '*', cpu: '*', cores: 1, stage: predict, percentile: 99, limit: 0.05}",
        "",
    ]
