"""Sinks for tests."""

from __future__ import annotations

from collections.abc import Sequence

from trivet.pipeline.lines import Line


class Kept:
    """A sink that keeps lines."""

    def __init__(self) -> None:
        self.lines: list[Line] = []

    async def write(self, lines: Sequence[Line]) -> None:
        self.lines.extend(lines)

    async def close(self) -> None:
        return

    def of(self, kind: str, appliance: str = "") -> list[Line]:
        return [line for line in self.lines if line["kind"] == kind and appliance in ("", line["appliance"])]
