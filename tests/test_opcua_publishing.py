"""Publications of several subscriptions over one channel: each to its reader, and none stopped by another."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace as Told
from typing import Any

import pytest

from trivet_opcua.inbox import ROOM
from trivet_opcua.loss import Lost, status
from trivet_opcua.publishing import Publishing

pytestmark = pytest.mark.asyncio

PATIENCE = 5.0


class Server:
    """Answers Publish with what a test says."""

    def __init__(self) -> None:
        self.answers: asyncio.Queue[Any] = asyncio.Queue()
        self.acknowledged: list[tuple[int, int]] = []
        self.publishing = Publishing(self._publish, PATIENCE)

    def say(self, subscription: int, number: int) -> None:
        data = Told(MonitoredItems=[])
        message = Told(SequenceNumber=number, NotificationData=[data])
        self.answers.put_nowait(Told(SubscriptionId=subscription, NotificationMessage=message, MoreNotifications=False))

    def refuse(self, name: str) -> None:
        self.answers.put_nowait(status(name))

    async def _publish(self, acknowledged: Sequence[tuple[int, int]]) -> Any:
        self.acknowledged += acknowledged
        answer = await self.answers.get()
        if isinstance(answer, Lost):
            raise answer
        return answer

    async def number(self, subscription: int) -> int:
        return (await self.publishing.get(subscription, PATIENCE)).number

    async def settled(self) -> None:
        for _ in range(20):
            await asyncio.sleep(0)


@pytest.fixture
async def server() -> Any:
    server = Server()
    yield server
    await server.publishing.stop()


async def test_each_reader_gets_its_own(server: Server) -> None:
    for subscription in (7, 8):
        server.publishing.listen(subscription, 0)
    server.say(8, 1)
    server.say(7, 1)
    server.say(8, 2)
    assert await server.number(7) == 1
    assert [await server.number(8), await server.number(8)] == [1, 2]


async def test_a_slow_reader_stops_no_other_and_its_loss_is_not_acknowledged(server: Server) -> None:
    for subscription in (7, 8):
        server.publishing.listen(subscription, 0)
    for number in range(1, ROOM + 11):
        server.say(7, number)
    for number in range(1, 6):
        server.say(8, number)
    assert [await server.number(8) for _ in range(5)] == [1, 2, 3, 4, 5]
    assert [await server.number(7) for _ in range(ROOM)] == list(range(1, ROOM + 1))
    server.say(7, ROOM + 11)
    server.say(8, 6)
    assert await server.number(7) == ROOM + 11, "the reader sees that ten numbers are missing"
    await server.settled()
    dropped = {(7, number) for number in range(ROOM + 1, ROOM + 11)}
    assert not dropped & set(server.acknowledged), "so the server still has them to send again"
    assert {(7, ROOM), (8, 5)} <= set(server.acknowledged)


async def test_what_comes_between_subscribing_and_listening_is_kept(server: Server) -> None:
    server.publishing.listen(7, 0)
    server.publishing.expect(8, 0)
    server.say(8, 1)
    await server.settled()
    server.publishing.listen(8, 0)
    assert await server.number(8) == 1


async def test_nothing_is_taken_for_a_reader_that_left(server: Server) -> None:
    for subscription in (7, 8):
        server.publishing.listen(subscription, 0)
    server.publishing.forget(8)
    server.say(8, 1)
    server.say(7, 1)
    assert await server.number(7) == 1
    server.say(7, 2)
    assert await server.number(7) == 2
    await server.settled()
    assert (8, 1) not in server.acknowledged
    with pytest.raises(Lost):
        await server.number(8)


async def test_the_end_of_one_subscription_is_the_others_business_not(server: Server) -> None:
    for subscription in (7, 8):
        server.publishing.listen(subscription, 0)
    ended = Told(Status=Told(is_bad=lambda: True, name="BadTimeout"))
    message = Told(SequenceNumber=1, NotificationData=[ended])
    server.answers.put_nowait(Told(SubscriptionId=7, NotificationMessage=message, MoreNotifications=False))
    server.say(8, 1)
    assert await server.number(8) == 1
    with pytest.raises(Lost, match="ended the subscription") as lost:
        await server.number(7)
    assert lost.value.final
    assert server.publishing.ended is None


async def test_the_end_of_the_session_is_everybodys(server: Server) -> None:
    for subscription in (7, 8):
        server.publishing.listen(subscription, 0)
    server.say(8, 1)
    server.refuse("BadSessionClosed")
    assert await server.number(8) == 1
    for subscription in (7, 8, 9):
        with pytest.raises(Lost) as lost:
            await server.number(subscription)
        assert lost.value.code == "BadSessionClosed"


async def test_no_subscription_is_only_told_to_those_who_had_one(server: Server) -> None:
    server.publishing.listen(7, 0)
    await server.settled()
    server.publishing.expect(8, 0)
    server.refuse("BadNoSubscription")
    with pytest.raises(Lost):
        await server.number(7)
    server.publishing.listen(8, 0)
    server.say(8, 1)
    assert await server.number(8) == 1
    assert server.publishing.ended is None
