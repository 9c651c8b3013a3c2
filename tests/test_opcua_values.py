"""From DataValues to readings and conditions: what needs no server."""

from __future__ import annotations

import asyncio
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kits.opcua import DISHWASHER, dishwasher, shipped
from trivet.device.adapter import Snapshot
from trivet.signals import SECOND, Quality, Readings, Status, quality
from trivet_opcua.alarms import FIELDS, REFRESH_END, REFRESH_START, AlarmTable
from trivet_opcua.batch import Batches
from trivet_opcua.loss import Lost, lost, status
from trivet_opcua.points import OpcPoint
from trivet_opcua.show import count, encode, slots
from trivet_opcua.table import Table
from trivet_opcua.transport import Change, Unit, Value
from trivet_opcua.values import Rule, decode, rule, sample, ucum

CELSIUS, FAHRENHEIT, BAR, UNKNOWN = Unit(4408652, "°C"), Unit(4604232, "°F"), Unit(4342098, "bar"), Unit(-1, "wombat")


def a_point(unit: str | None = "Cel", scale: float = 1.0) -> OpcPoint:
    return OpcPoint(None, (), None, "", unit, scale, 0.0, (), "normal", 0)


@pytest.mark.parametrize(
    ("raw", "code", "value", "expected", "reason"),
    [
        (83, 0, 83.0, Status.GOOD, ""),
        (True, 0, 1.0, Status.GOOD, ""),
        (
            61.5,
            Status.UNCERTAIN_SENSOR_NOT_ACCURATE,
            61.5,
            Status.UNCERTAIN_SENSOR_NOT_ACCURATE,
            "UncertainSensorNotAccurate",
        ),
        (83, Status.BAD_SENSOR_FAILURE, math.nan, Status.BAD_SENSOR_FAILURE, "BadSensorFailure"),
        (83, 0xC000_0000, math.nan, 0xC000_0000, "0xC0000000"),
        (None, 0, math.nan, Status.BAD_NO_DATA, "no_value"),
        ("hot", 0, math.nan, Status.BAD_TYPE_MISMATCH, "not_a_number"),
        ([1, 2], 0, math.nan, Status.BAD_TYPE_MISMATCH, "not_a_number"),
        (math.inf, 0, math.nan, Status.BAD_OUT_OF_RANGE, "not_finite"),
        (math.nan, 0, math.nan, Status.BAD_OUT_OF_RANGE, "not_finite"),
        (10**400, 0, math.nan, Status.BAD_OUT_OF_RANGE, "not_finite"),
        (65535, 0, math.nan, Status.BAD_NO_DATA, "sentinel"),
    ],
)
def test_a_raw_value_becomes_a_number_or_says_why_not(
    raw: Any, code: int, value: float, expected: int, reason: str
) -> None:
    found = sample(raw, code, 7, Rule(sentinels=(65535,)))
    assert found.value == pytest.approx(value, nan_ok=True)
    assert (found.status, found.source, found.reason) == (expected, 7, reason)


@given(st.integers(0, 2**32 - 1), st.one_of(st.integers(), st.floats(), st.none(), st.text(), st.booleans()))
def test_no_bad_value_is_ever_a_number_and_no_status_is_lost(code: int, raw: Any) -> None:
    found = sample(raw, code, 0, Rule())
    if quality(code) is Quality.BAD:
        assert found.status == code
    assert math.isnan(found.value) == (quality(found.status) is Quality.BAD)


def test_readings_keep_order_times_and_reasons() -> None:
    changes = [Change(1, Value(5, 0, 100, 200)), Change(0, Value(6, 0, 0, 200)), Change(1, Value(7, 0, 0, 0))]
    found = decode(changes, [Rule(), Rule(scale=0.1)], ("a", "b", "c"), 300, "d/e", {2: "missing"})
    rows = [(s.name, round(s.value, 3), s.source, s.receive, s.reason) for s in found.samples()[:3]]
    assert rows == [("b", 0.5, 100, 300, ""), ("a", 6.0, 200, 300, ""), ("b", 0.7, 300, 300, "")]
    last = found.sample(3)
    assert (last.name, last.status, last.reason) == ("c", Status.BAD_NODE_ID_UNKNOWN, "missing")


def test_a_change_of_an_unknown_item_is_left_out() -> None:
    assert not len(decode([Change(9, Value(5, 0, 1, 1))], [Rule()], ("a",), 1, ""))


@pytest.mark.parametrize(
    ("unit", "profile", "raw", "value"),
    [
        (FAHRENHEIT, "Cel", 140, 60.0),
        (CELSIUS, "Cel", 60, 60.0),
        (None, "Cel", 60, 60.0),
        (Unit(0, ""), "Cel", 60, 60.0),
    ],
)
def test_a_servers_unit_is_converted_and_a_missing_one_believed(
    unit: Unit | None, profile: str, raw: float, value: float
) -> None:
    assert sample(raw, 0, 0, rule(a_point(profile), unit)).value == pytest.approx(value)


def test_a_unit_that_nobody_can_read_is_refused_until_it_is_declared() -> None:
    assert sample(60, 0, 0, rule(a_point(), UNKNOWN)).reason == "unit"
    assert sample(140, 0, 0, rule(a_point(), UNKNOWN, "[degF]")).value == pytest.approx(60.0)


def test_a_declaration_stands_above_what_the_server_shows() -> None:
    assert sample(140, 0, 0, rule(a_point(), CELSIUS, "[degF]")).value == pytest.approx(60.0)


def test_a_unit_that_measures_something_else_is_refused() -> None:
    found = sample(60, 0, 0, rule(a_point("Cel"), BAR))
    assert (found.status, found.reason) == (Status.BAD_CONFIGURATION_ERROR, "unit")


def test_a_profile_with_its_own_scale_is_believed() -> None:
    assert sample(600, 0, 0, rule(a_point("Cel", 0.1), FAHRENHEIT)).value == pytest.approx(60.0)


def test_a_unit_is_known_by_its_number_first_and_its_text_second() -> None:
    assert ucum(Unit(4408652, "°F")) == "Cel"
    assert ucum(Unit(-1, "°C")) == "Cel"
    assert ucum(UNKNOWN) is None
    assert ucum(None) is None


def rows(*values: tuple[int, float], receive: int) -> Readings:
    changes = [Change(item, Value(value, 0, 1, 1)) for item, value in values]
    return decode(changes, [Rule(), Rule()], ("a", "b"), receive, "o")


def test_a_table_confirms_each_point_about_once_a_period() -> None:
    table = Table(("a", "b"), [1.0, 10.0], "o")
    assert table.confirm(100 * SECOND) is None, "nothing is known yet"
    table.note(rows((0, 5.0), (1, 6.0), (0, 7.0), receive=0))
    assert table.confirm(SECOND // 2, 0.3) is None
    found = table.confirm(SECOND, 0.3)
    assert found is not None
    assert [(s.name, s.value, s.source, s.receive) for s in found.samples()] == [("a", 7.0, 1, SECOND)]
    assert table.confirm(SECOND + 1, 0.3) is None
    table.forget(0)
    both = table.confirm(20 * SECOND)
    assert both is not None
    assert [s.name for s in both.samples()] == ["b"]


def test_a_confirmed_bad_value_stays_bad() -> None:
    table = Table(("a",), [1.0], "o")
    table.note(decode([Change(0, Value(1, Status.BAD_SENSOR_FAILURE, 3, 3))], [Rule()], ("a",), 5, "o"))
    found = table.confirm(9 * SECOND)
    assert found is not None
    assert found.status.tolist() == [Status.BAD_SENSOR_FAILURE]
    assert bool(np.isnan(found.values[0]))
    assert found.sample(0).reason == "BadSensorFailure"
    table.note(decode([Change(0, Value(1, 0, 3, 3))], [Rule()], ("a",), 9 * SECOND, "o"))
    good = table.confirm(20 * SECOND)
    assert good is not None
    assert good.sample(0).reason == ""


def event(**given: Any) -> list[Any]:
    known = {"EventType": "t", "ActiveState/Id": True, "AckedState/Id": False, "Retain": True, "Severity": 500}
    about = {"Message": "Pump", "SourceName": "p", "SourceNode": "nsu=u;s=p", "Time": 11, "": "nsu=u;s=1"}
    fields = {**known, **about, "BranchId": "", **given}
    return [fields[path] for _, path in FIELDS]


def test_a_condition_is_told_once_and_its_end_too() -> None:
    table = AlarmTable("o")
    assert [c.active for c in table.update([event(), event()], 20)] == [True]
    assert table.update([event()], 21) == []
    assert [c.acked for c in table.update([event(**{"AckedState/Id": True})], 22)] == [True]
    assert [c.active for c in table.update([event(**{"ActiveState/Id": False, "Retain": False})], 23)] == [False]
    assert table.update([event(**{"ActiveState/Id": False})], 24) == []


def test_what_a_refresh_does_not_name_has_ended() -> None:
    table = AlarmTable("o")
    table.update([event(), event(**{"": "nsu=u;s=2"})], 20)
    start, end = event(EventType=REFRESH_START, **{"": ""}), event(EventType=REFRESH_END, **{"": ""})
    found = table.update([start, event(), end], 30)
    assert [(c.id, c.active, c.source) for c in found] == [("nsu=u;s=2", False, 30)]
    assert table.update([start, event(), end], 31) == []


@pytest.mark.parametrize(
    "fields",
    [[], [None] * 10, [None] * 11, ["id"], event(**{"": None}), event(**{"": 7}), event(EventType=None, **{"": ""})],
)
def test_an_event_that_is_no_condition_is_nothing(fields: list[Any]) -> None:
    assert AlarmTable("o").update([fields], 1) == []


def test_a_condition_without_states_is_active_while_retained() -> None:
    strange = {"ActiveState/Id": None, "AckedState/Id": None, "Severity": 5000, "Message": None, "Time": None}
    (found,) = AlarmTable("o").update([event(**strange)], 9)
    assert (found.active, found.acked, found.severity, found.message, found.source) == (True, None, 0, "p", 9)


async def test_a_batch_is_split_at_the_limit_and_halved_when_refused() -> None:
    sent: list[int] = []

    class BadTooManyOperations(Exception):  # noqa: N818  # named as the library names it
        pass

    async def send(batch: list[int]) -> list[int]:
        sent.append(len(batch))
        if len(batch) > 30:
            raise Lost("protocol", "too many") from BadTooManyOperations()
        return batch

    batches = Batches()
    assert await batches.call("read", range(130), send) == list(range(130))
    assert sent == [100, 50, 25, 25, 25, 25, 25, 5]
    assert await batches.call("read", [], send) == []


async def test_a_wrong_number_of_answers_is_nonsense() -> None:
    async def send(_: list[int]) -> list[int]:
        return [1]

    with pytest.raises(Lost, match="3 things"):
        await Batches().call("read", [1, 2, 3], send)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ConnectionRefusedError(), "refused"),
        (ConnectionResetError(), "reset"),
        (ConnectionError("client is disconnected"), "reset"),
        (TimeoutError(), "timeout"),
        (OSError(113, "No route to host"), "unreachable"),
        (AssertionError(), "protocol"),
        (ValueError("bytes"), "protocol"),
        (asyncio.InvalidStateError(), "protocol"),
        (Lost("no_device", "none"), "no_device"),
    ],
)
def test_every_exception_has_a_reason_and_a_sentence(error: Exception, reason: str) -> None:
    found = lost(error, 3.0)
    assert found.reason == reason
    assert found.detail


def test_a_status_code_says_what_to_do() -> None:
    assert status("BadCertificateUntrusted").reason == "untrusted"
    assert "trust this client's certificate" in status("BadCertificateUntrusted").detail
    assert status("BadWombat").reason == "protocol"


def test_a_server_shows_what_its_data_types_can_hold() -> None:
    plant = dishwasher()
    plant.values |= {"rinse_temperature": 84.6, "hygiene_value": 1e9, "operation_mode": "unheard_of"}
    plant.status["tank_temperature_1"] = Status.BAD_SENSOR_FAILURE
    snapshot = plant(0)
    shown = {slot.name: encode(slot, snapshot) for slot in slots(shipped(DISHWASHER), snapshot) if slot.signal}
    assert shown["rinse_temperature"] == (85, 0)
    assert shown["hygiene_value"] == (65535, 0)
    assert shown["operation_mode"] == (None, Status.BAD_NO_DATA)
    assert shown["program_mode"] == (2, 0)
    assert shown["tank_temperature_1"] == (None, Status.BAD_SENSOR_FAILURE)


def test_a_server_counts_its_instances() -> None:
    snapshot = Snapshot({"tank_temperature_1": 60.0, "tank_temperature_2": 61.0, "rinse_temperature": 80.0})
    found = slots(shipped(DISHWASHER), snapshot)
    counts = {slot.name: count(slot, found) for slot in found if slot.signal == slot.name}
    assert (counts["rinse_count"], counts["pre_tank_count"]) == (1, 0)
    assert next(count(slot, found) for slot in found if slot.name == "tank_count") == 2
