"""Calls with as many items at a time as a server allows; needs no OPC UA library."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from trivet_opcua.loss import Lost

DEFAULT_LIMIT = 100
"""For servers that state no OperationLimits: small controllers often take no more."""

TOO_MANY = frozenset({"BadTooManyOperations", "BadEncodingLimitsExceeded", "BadRequestTooLarge", "BadResponseTooLarge"})


class Batches:
    """Splits long requests, and halves them where a server refuses their length.

    Attributes:
        limits: Kind of request to the most items in one call.
    """

    def __init__(self) -> None:
        self.limits: dict[str, int] = {}

    async def call(
        self, kind: str, items: Sequence[Any], send: Callable[[list[Any]], Awaitable[Sequence[Any] | None]]
    ) -> list[Any]:
        """One answer for each item, in order.

        Raises:
            Lost: What ``send`` raises; or ``protocol`` when the number of answers is another.
        """
        answers: list[Any] = []
        while len(answers) < len(items):
            limit = self.limits.get(kind, DEFAULT_LIMIT)
            batch = list(items[len(answers) : len(answers) + limit])
            try:
                found = await send(batch) or ()
            except Lost as refused:
                if type(refused.__cause__).__name__ not in TOO_MANY or len(batch) == 1:
                    raise
                self.limits[kind] = len(batch) // 2
                continue
            if len(found) != len(batch):
                raise Lost("protocol", f"{len(batch)} things were asked for in one call, {len(found)} came back")
            answers += found
        return answers
