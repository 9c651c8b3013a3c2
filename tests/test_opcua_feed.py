"""Sequence numbers, queues and times of what a subscription says; pure."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace

import numpy as np
import pytest

from kits.opcua import DISHWASHER, shipped, target
from trivet.signals import SECOND, Gap, Item, Readings
from trivet_opcua.alarms import AlarmTable
from trivet_opcua.feed import Bound, Feed
from trivet_opcua.inbox import Inbox
from trivet_opcua.loss import Lost
from trivet_opcua.sequence import LARGEST, Numbers, after
from trivet_opcua.session import plan, slow
from trivet_opcua.settings import settings
from trivet_opcua.table import Table
from trivet_opcua.transport import Change, Granted, Publication, Value
from trivet_opcua.values import Rule

OVERFLOWED = 0x480
START = 10**18


def message(number: int, *changes: Change, beat: int = 0) -> Publication:
    return Publication(list(changes), beat=beat, number=number)


def keep_alive(number: int) -> Publication:
    return Publication(number=number, message=False)


def change(item: int, value: float, source: int, status: int = 0) -> Change:
    return Change(item, Value(value, status, source, source))


def feed(now: int = START) -> Feed:
    bound = Bound(("tank", "rinse", "gone"), ["a", "b"], [Rule(), Rule()], {2: "missing"})
    table = Table(bound.names, [1.0, 1.0, 1.0], "washer/controller")
    return Feed(table, bound, {}, AlarmTable("washer/controller"), 0.25, now)


def rows(items: list[Item]) -> list[tuple[str, float, int, int]]:
    found = [sample for item in items if isinstance(item, Readings) for sample in item.samples()]
    return [(sample.name, sample.value, sample.source, sample.receive) for sample in found]


def test_numbers_say_what_never_came() -> None:
    numbers = Numbers()
    for number in (1, 2):
        assert not numbers.missing(message(number))
        numbers.take(message(number))
    assert list(numbers.missing(message(5)) or ()) == [3, 4]
    assert list(numbers.missing(keep_alive(4)) or ()) == [3], "a keep-alive has the number that comes next"
    assert not numbers.missing(keep_alive(3))
    assert not numbers.missing(keep_alive(0))
    assert numbers.known(message(2))
    assert not numbers.known(message(3))
    assert not numbers.known(keep_alive(2))


def test_numbers_begin_again_at_one_and_another_numbering_is_no_loss() -> None:
    numbers = Numbers()
    numbers.last = LARGEST - 1
    assert not numbers.missing(message(LARGEST))
    assert list(numbers.missing(message(2)) or ()) == [LARGEST, 1]
    assert after(LARGEST) == 1
    assert numbers.missing(message(10**9)) is None


def test_any_loss_of_messages_is_found_however_numbers_wrap() -> None:
    dice = random.Random(5)  # noqa: S311 # repeatable
    for _ in range(300):
        numbers, current = Numbers(), dice.choice((0, 7, LARGEST - 3))
        numbers.last = current
        lost: list[int] = []
        for _ in range(20):
            current = after(current)
            if dice.random() < 0.3:
                lost.append(current)
                continue
            assert list(numbers.missing(message(current)) or ()) == lost
            numbers.take(message(current))
            lost = []


def test_values_that_queued_up_keep_their_own_times() -> None:
    heard = feed()
    first = list(heard.items(message(1, change(0, 1.0, START), change(1, 5.0, START), beat=START), START))
    assert rows(first)[:2] == [("tank", 1.0, START, START), ("rinse", 5.0, START, START)]
    later = START + 20 * SECOND
    queued = [change(0, n, START + n * SECOND) for n in (2, 9, 20)]
    found = rows(list(heard.items(message(2, *queued, beat=later), later)))
    assert [row[3] - START for row in found if row[0] == "tank"] == [2 * SECOND, 9 * SECOND, 20 * SECOND]


def test_a_message_sent_again_confirms_nothing_else() -> None:
    heard = feed()
    list(heard.items(message(1, change(0, 1.0, START), change(1, 5.0, START), beat=START), START))
    later = START + 20 * SECOND
    again = list(heard.items(message(2, change(0, 2.0, START + SECOND)), later, live=False))
    assert rows(again) == [("tank", 2.0, START + SECOND, START + SECOND)]
    assert heard.covered < START + SECOND
    alive = rows(list(heard.items(keep_alive(3), later)))
    assert {row[0] for row in alive} == {"tank", "rinse"}


def test_points_that_are_missing_are_told_once() -> None:
    heard = feed()
    first = rows(list(heard.items(message(1, change(0, 1.0, START)), START)))
    second = rows(list(heard.items(message(2, change(0, 2.0, START)), START)))
    assert [row[0] for row in first] == ["tank", "gone"]
    assert [row[0] for row in second] == ["tank"]


def test_a_queue_that_was_full_is_a_gap() -> None:
    heard = feed()
    list(heard.items(message(1, change(0, 1.0, START), beat=START), START))
    later = START + 90 * SECOND
    full = change(0, 60.0, START + 30 * SECOND, OVERFLOWED)
    gap, readings, *_ = heard.items(message(2, full, change(0, 61.0, START + 31 * SECOND), beat=later), later)
    assert gap == Gap(START, START + 30 * SECOND, "overflow", "washer/controller", "the server's queue was full: tank")
    assert isinstance(readings, Readings)
    assert not np.any(readings.status >> 30)


def test_what_is_covered_is_told_by_the_servers_clock() -> None:
    heard = feed()
    behind = 3600 * SECOND
    for second in range(5):
        now = START + second * SECOND
        list(heard.items(message(second + 1, beat=now - behind), now))
        assert heard.covered == max(START, now - SECOND // 4)
    held_up = START + 9 * SECOND
    list(heard.items(message(6, beat=START + 5 * SECOND - behind), held_up))
    assert heard.covered == START + 5 * SECOND - SECOND // 4, "it was sent four seconds before it came"


async def test_silence_is_a_timeout() -> None:
    with pytest.raises(Lost) as ended:
        await Inbox().get(0.01)
    assert ended.value.reason == "timeout"


async def test_what_came_before_the_end_of_a_channel_is_still_read() -> None:
    inbox = Inbox()
    assert inbox.put(message(1))
    inbox.fail(Lost("reset", "closed"))
    assert (await inbox.get(1.0)).number == 1
    with pytest.raises(Lost):
        await inbox.get(1.0)


async def test_a_reader_that_is_behind_holds_up_the_server() -> None:
    inbox = Inbox()
    writer = asyncio.create_task(_fill(inbox))
    await asyncio.sleep(0.01)
    assert not writer.done()
    assert [(await inbox.get(1.0)).number for _ in range(1000)] == list(range(1, 1001))
    await writer


async def _fill(inbox: Inbox) -> None:
    for number in range(1, 1001):
        await inbox.room()
        assert inbox.put(message(number))


def test_what_comes_less_often_than_its_signal_counts_is_told() -> None:
    names = ("tank_temperature_1", "hygiene_value", "operation_mode")
    wanted = target(shipped(DISHWASHER), "opc.tcp://127.0.0.1")
    asked = plan(replace(wanted, max_age={"tank_temperature_1": 5.0}), settings(wanted.endpoint))
    granted = Granted(1, 0.5, 0.5, (0, 0, 0), (10.0, 10.0, 0.0))
    tank, hygiene = slow(asked, names, granted, 1.0)
    assert tank == "tank_temperature_1 comes every 10 s, and its signal counts for 5 s only"
    assert hygiene == "hygiene_value is sampled every 10 s, which is slower than its period"
    assert len(slow(asked, names, Granted(1, 0.5, 0.5, (), (0.1, 0.1, 0.1)), 60.0)) == 3, "seconds of the clock"
