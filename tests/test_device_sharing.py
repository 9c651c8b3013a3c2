"""Links that several sources use: made once, closed by the last, apart for each event loop."""

from __future__ import annotations

import asyncio

from trivet.device.sharing import Shared


async def test_one_thing_for_all_until_the_last_leaves() -> None:
    shared: Shared[str, list[int]] = Shared()
    one, two = shared.take("a", list), shared.take("a", list)
    assert one is two
    assert shared.take("b", list) is not one
    assert (shared.users("a"), shared.users("b"), shared.users("c")) == (2, 1, 0)
    assert not shared.leave("a")
    assert shared.leave("a")
    assert shared.users("a") == 0
    assert shared.take("a", list) is not one


def test_loops_share_nothing() -> None:
    shared: Shared[str, list[int]] = Shared()

    async def take() -> list[int]:
        return shared.take("a", list)

    assert asyncio.run(take()) is not asyncio.run(take())
