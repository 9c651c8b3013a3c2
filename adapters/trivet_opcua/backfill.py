"""What a server wrote down while nobody listened, read back (OPC 30200, HACCP values; OPC 10000-11)."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence

from trivet.signals import SECOND, Readings
from trivet_opcua.cover import Cover
from trivet_opcua.feed import Feed
from trivet_opcua.transport import Change, Node, Transport

LONGEST = 86_400 * SECOND
"""No more of the past is read than a day; the rest of a longer gap stays one."""


async def backfill(
    transport: Transport, nodes: Sequence[Node], feed: Feed, cover: Cover, now: int
) -> AsyncGenerator[Readings, None]:
    """Values of the open gap, point by point, and the gap is told how many points have them.

    Args:
        transport: Open.
        nodes: The points; rows index them.
        feed: Decodes, and knows the server's clock.
        cover: Has the open gap.
        now: Where it will end [ns, UTC].
    """
    if cover.gap is None or not cover.last or now - cover.gap.start > LONGEST:
        return
    start, shift = cover.gap.start, feed.ours(0)
    back = 0
    for item, has in enumerate(await transport.historised(nodes)):
        values = await transport.history(nodes[item], start - shift, now - shift) if has else None
        if values is None:
            continue
        back += 1
        inside = [Change(item, value) for value in values if start < feed.ours(value.source) <= now]
        if inside:
            yield feed.readings(sorted(inside, key=lambda change: change.value.source), now, live=False)
    cover.returned(back, len(nodes))
