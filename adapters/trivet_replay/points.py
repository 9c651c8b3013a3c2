"""Typed points of a table profile.

A point's ``at`` is ``{column: NAME}``, with ``status: NAME`` where a column of
StatusCodes goes with it, or ``{value: NUMBER}`` for something that the recording does
not hold and that never changes. ``{n}`` in a name is the number of a repeated point.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from trivet.device.document import Point, Profile
from trivet.errors import DocumentError
from trivet_replay.settings import heading, known, layout, number

AT_KEYS = ("column", "status", "value")


@dataclass(frozen=True, slots=True)
class Column:
    """A typed point: one column of the table, or a constant.

    Attributes:
        name: Point name; of a repeated point with its number.
        column: Heading, or None for a constant.
        status: Heading of the StatusCodes that go with it, or None.
        value: The constant.
        scale: Factor on the number in the cell.
        offset: Added after ``scale``.
        sentinels: Numbers in the cell that mean "not available".
        repeat: How many there are; 0 when it is not repeated.
    """

    name: str
    column: str | None
    status: str | None = None
    value: float = 0.0
    scale: float = 1.0
    offset: float = 0.0
    sentinels: tuple[float, ...] = ()
    repeat: int = 0

    def instances(self) -> Iterator[Column]:
        """The point itself, or ``name_1`` to ``name_max`` of a repeated one."""
        if not self.repeat:
            yield self
        for index in range(1, self.repeat + 1):
            headings = [text and text.replace("{n}", str(index)) for text in (self.column, self.status)]
            yield replace(self, name=f"{self.name}_{index}", column=headings[0], status=headings[1], repeat=0)


def point(source: Point, profile: Profile) -> Column:
    """Checks one point of a table profile, and the profile's settings.

    Raises:
        DocumentError: A key is unknown, missing or has an impossible value; ``where`` names the point.
    """
    name = next((name for name, other in profile.points.items() if other is source), "point")
    where = f"{profile.id}/{name}"
    layout(profile)
    known(source.at, AT_KEYS, where)
    if source.when or source.selector or source.scale_register:
        raise DocumentError("a table has no 'when', 'selector' or 'scale_register'", where=where, hint="leave it out")
    if ("column" in source.at) == ("value" in source.at):
        raise DocumentError("a point is either a 'column' or a 'value'", where=where, hint="give at: {column: NAME}")
    column = heading(source.at.get("column"), "column", where)
    if source.repeat and "{n}" not in (column or ""):
        raise DocumentError("a repeated point needs {n} in its column", where=where, hint="such as tank_{n}")
    return Column(
        name=name,
        column=column,
        status=heading(source.at.get("status"), "status", where),
        value=0.0 if column else number(source.at["value"], "value", where),
        scale=source.scale,
        offset=source.offset,
        sentinels=source.sentinels,
        repeat=source.repeat.max if source.repeat else 0,
    )
