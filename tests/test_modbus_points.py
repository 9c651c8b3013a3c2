"""Points and settings of Modbus profiles: what is accepted, and which point a refusal names."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any

import pytest

from trivet.device.document import Endpoint, Point, PointRepeat, Profile, Provenance, Selector
from trivet.errors import DocumentError
from trivet_modbus.address import Table
from trivet_modbus.layout import profile_map
from trivet_modbus.points import ModbusPoint, point
from trivet_modbus.route import tcp
from trivet_modbus.settings import Line, line, parse_url


def profile(settings: Mapping[str, Any], **points: Point) -> Profile:
    return Profile(
        kind="profile",
        format=0,
        id="meter",
        version="0.1.0",
        title={"en": "Meter"},
        adapter="modbus",
        source=Provenance(document="test", date="2026-11-20", confidence="own"),
        points=points,
        settings={"addressing": "zero", **settings},
    )


def made(at: Mapping[str, Any], settings: Mapping[str, Any] | None = None, **more: Any) -> ModbusPoint:
    source = Point(at=at, **more)
    return point(source, profile(settings or {}, power=source))


HOLDING = {"table": "holding", "address": 10}


def test_orders_come_from_the_profile_unless_the_point_says_otherwise() -> None:
    settings = {"word_order": "little", "byte_order": "little"}
    assert made({**HOLDING, "type": "int32"}, settings).word_order == "little"
    own = made({**HOLDING, "type": "int32", "word_order": "big"}, settings)
    assert (own.word_order, own.byte_order, own.words, own.end) == ("big", "little", 2, 12)


def test_a_bit_table_needs_no_type() -> None:
    assert made({"table": "coil", "address": 3}).type == "bool"


def test_a_repeated_point_has_instances() -> None:
    repeated = made({**HOLDING, "type": "float32"}, repeat=PointRepeat(max=3, stride=4))
    assert [(one.name, one.address) for one in repeated.instances()] == [
        ("power_1", 10),
        ("power_2", 14),
        ("power_3", 18),
    ]


def test_an_alarm_bit_has_severity_and_words() -> None:
    alarm = made({**HOLDING, "type": "bit", "bit": 3, "severity": 700}, label={"en": "Probe fault"})
    assert (alarm.severity, alarm.message, alarm.bits) == (700, "Probe fault", (3, 3))


@pytest.mark.parametrize(
    ("kind", "written", "read"),
    [
        ("int16", 32768, -32768),
        ("int16", -32768, -32768),
        ("int16", 32767, 32767),
        ("uint16", 65535, 65535),
        ("int32", 2147483647, 2147483647),
        ("uint64", 2**64 - 1, 2.0**64),
        ("uint64", -1, 2.0**64),
        ("uint16", -1, 65535),
        ("int64", 2**63 - 1, 2.0**63),
        ("int64", 2**64 - 1, 0.0),
    ],
)
def test_a_sentinel_is_read_as_its_type(kind: str, written: float, read: float) -> None:
    assert made({**HOLDING, "type": kind}, sentinels=(float(written),)).sentinels == (float(read),)


WRONG: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "unknown key": ({"reg": 5}, {}, {}),
    "no address": ({"address": None}, {}, {}),
    "no type": ({"type": None}, {}, {}),
    "unknown type": ({"type": "int24"}, {}, {}),
    "unknown order": ({"word_order": "middle"}, {}, {}),
    "bool in a register": ({"type": "bool"}, {}, {}),
    "bit without number": ({"type": "bit"}, {}, {}),
    "bit beyond the register": ({"type": "bit", "bit": 16}, {}, {}),
    "bits backwards": ({"type": "bit", "bits": [5, 2]}, {}, {}),
    "bits of three": ({"type": "bit", "bits": [1, 2, 3]}, {}, {}),
    "bit of a number": ({"bit": 1}, {}, {}),
    "count of a number": ({"count": 2}, {}, {}),
    "string without count": ({"type": "string"}, {}, {}),
    "severity of a number": ({"severity": 5}, {}, {}),
    "severity too high": ({"type": "bit", "bit": 0, "severity": 1001}, {}, {}),
    "sentinel too wide": ({}, {}, {"sentinels": (65536.0,)}),
    "sentinel with a fraction": ({}, {}, {"sentinels": (0.5,)}),
    "sentinel of a text": ({"type": "string", "count": 4}, {}, {"sentinels": (1.0,)}),
    "sentinel of a time": ({"type": "datetime48"}, {}, {"sentinels": (1.0,)}),
    "sentinel that is minus zero": ({"type": "signmag16"}, {}, {"sentinels": (32768.0,)}),
    "half register without half": ({"type": "uint8"}, {}, {}),
    "half of a whole register": ({"half": "low"}, {}, {}),
    "half of nothing": ({"type": "int8", "half": "left"}, {}, {}),
    "three registers in pairs": ({"type": "int48", "word_order": "swapped"}, {}, {}),
    "six registers in halves": ({"type": "datetime96", "word_order": "halves"}, {}, {}),
    "bit beyond two registers": ({"type": "bit32", "bit": 32}, {}, {}),
    "scale of nothing": ({}, {}, {"scale": 0.0}),
    "scale register unknown": ({}, {}, {"scale_register": "factor"}),
    "selector unknown": ({}, {}, {"selector": Selector(point="unit", cases={})}),
    "selector is itself": ({}, {}, {"selector": Selector(point="power", cases={})}),
    "condition unknown": ({}, {}, {"when": {"mode": 1.0}}),
    "condition is itself": ({}, {}, {"when": {"power": 1.0}}),
    "count unknown": ({}, {}, {"repeat": PointRepeat(max=2, count="n")}),
    "stride of a half": ({}, {}, {"repeat": PointRepeat(max=2, stride=0.5)}),
    "leaves the table": ({"address": 65535, "type": "float32"}, {}, {}),
    "repeats out of the table": ({"address": 65000}, {}, {"repeat": PointRepeat(max=2, stride=600)}),
    "forbidden": ({}, {"forbidden": [{"table": "holding", "from": 10, "to": 20}]}, {}),
    "wider than a request": ({"type": "float64"}, {"block_limit": 3}, {}),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_point_is_named(case: str) -> None:
    at, settings, more = WRONG[case]
    merged = {key: value for key, value in {**HOLDING, "type": "uint16", **at}.items() if value is not None}
    with pytest.raises(DocumentError) as caught:
        made(merged, settings, **more)
    assert caught.value.where == "meter/power"


def related(source: Point, **others: Point) -> ModbusPoint:
    return point(source, profile({}, power=source, **others))


def other(kind: str = "uint16", address: int = 90, **more: Any) -> Point:
    return Point(at={"table": "holding", "address": address, "type": kind, **more.pop("at", {})}, **more)


def test_a_repeated_point_refers_to_its_own_numbers() -> None:
    twice = PointRepeat(max=2, stride=10)
    source = other(repeat=twice, when={"mode": 1.0, "master": 2.0}, scale_register="factor")
    typed = related(source, mode=other(repeat=twice), master=other(), factor=other("int16", repeat=twice))
    first, second = typed.instances()
    assert (first.when, first.scale_register) == ((("mode_1", 1.0), ("master", 2.0)), "factor_1")
    assert (second.when, second.scale_register) == ((("mode_2", 1.0), ("master", 2.0)), "factor_2")
    assert list(second.deciders()) == ["mode_2", "master", "factor_2"]


REFUSED: dict[str, tuple[Point, dict[str, Point]]] = {
    "recurs more often": (
        other(repeat=PointRepeat(max=3), when={"mode": 1.0}),
        {"mode": other(repeat=PointRepeat(max=2))},
    ),
    "recurs alone": (other(when={"mode": 1.0}), {"mode": other(repeat=PointRepeat(max=2))}),
    "count recurs": (
        other(repeat=PointRepeat(max=2, count="mode")),
        {"mode": other(repeat=PointRepeat(max=2))},
    ),
    "text decides": (other(when={"mode": 1.0}), {"mode": other("string", at={"count": 4})}),
    "circle": (other(when={"mode": 1.0}), {"mode": other(scale_register="power")}),
    "case changes the class": (
        other(selector=Selector(point="mode", cases={"1": {"poll": "slow"}})),
        {"mode": other()},
    ),
    "case of another state": (
        other(enumeration={"0": "off"}, selector=Selector(point="mode", cases={"1": {"enumeration": {"0": "on"}}})),
        {"mode": other()},
    ),
    "case of another quantity": (
        other(unit="Cel", selector=Selector(point="mode", cases={"1": {"unit": "W"}})),
        {"mode": other()},
    ),
    "case of a wrong kind": (
        other(selector=Selector(point="mode", cases={"1": {"scale": "a"}})),
        {"mode": other()},
    ),
    "case of an unknown key": (
        other(selector=Selector(point="mode", cases={"1": {"factor": 1}})),
        {"mode": other()},
    ),
    "case out of the table": (
        other(selector=Selector(point="mode", cases={"1": {"at": {"table": "holding", "address": 70000}}})),
        {"mode": other()},
    ),
    "zero and factor": (
        other(unit="Cel", scale_register="mode", selector=Selector(point="mode", cases={"1": {"unit": "[degF]"}})),
        {"mode": other()},
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_decide_is_refused(case: str) -> None:
    source, others = REFUSED[case]
    with pytest.raises(DocumentError):
        related(source, **others)


def test_a_case_is_in_the_unit_and_states_of_its_point() -> None:
    cases: dict[str, Any] = {"1": {"unit": "[degF]", "range": [32, 212]}, "2": {"scale": 0.01, "sentinels": [65535]}}
    typed = related(other(unit="Cel", scale=0.1, selector=Selector(point="mode", cases=cases)), mode=other())
    fahrenheit, fine = (case for _, case in typed.cases)
    assert 680 * fahrenheit.scale + fahrenheit.offset == pytest.approx(20.0)
    assert fahrenheit.limits == pytest.approx((0.0, 100.0))
    assert (fine.scale, fine.offset, fine.sentinels, fine.limits) == (0.01, 0.0, (65535.0,), None)
    states: dict[str, Any] = {"1": {"enumeration": {"7": "on", "9": "off"}}}
    coded = related(
        other(enumeration={"0": "off", "1": "on"}, selector=Selector(point="mode", cases=states)), mode=other()
    )
    assert coded.cases[0][1].codes == ((7.0, 1.0), (9.0, 0.0))


def test_sentinels_of_the_type_hold_where_a_point_lists_none() -> None:
    settings = {"sentinels": {"int16": [-32768], "float32": [-9999.9]}}
    assert made({**HOLDING, "type": "int16"}, settings).sentinels == (-32768.0,)
    assert made({**HOLDING, "type": "int16"}, settings, sentinels=(1.0,)).sentinels == (1.0,)
    assert made({**HOLDING, "type": "uint16"}, settings).sentinels == ()
    (single,) = made({**HOLDING, "type": "float32"}, settings).sentinels
    assert single == struct.unpack(">f", struct.pack(">f", -9999.9))[0]


WRONG_SETTINGS: dict[str, dict[str, Any]] = {
    "unknown": {"adressing": "zero"},
    "addressing": {"addressing": "two"},
    "word order": {"word_order": True},
    "block limit": {"block_limit": 126},
    "block limit of nothing": {"block_limit": 0},
    "block limit with a fraction": {"block_limit": 5.5},
    "bit limit": {"bit_limit": 2001},
    "gap": {"max_gap": -1},
    "forbidden": {"forbidden": {"from": 1}},
    "forbidden backwards": {"forbidden": [{"table": "input", "from": 5, "to": 4}]},
    "forbidden key": {"forbidden": [{"table": "input", "from": 5}]},
    "period": {"periods": {"normal": 0}},
    "sentinels": {"sentinels": [1]},
    "sentinels of no type": {"sentinels": {"int17": [1]}},
    "sentinels that are none": {"sentinels": {"int16": ["x"]}},
    "turnaround": {"turnaround": 0},
    "turnaround beyond the worst": {"turnaround": 2, "worst_turnaround": 1},
    "period name": {"periods": {"often": 1}},
    "periods": {"periods": 1},
}


@pytest.mark.parametrize("case", WRONG_SETTINGS)
def test_a_wrong_setting_is_refused(case: str) -> None:
    with pytest.raises(DocumentError) as caught:
        profile_map(profile(WRONG_SETTINGS[case]))
    assert caught.value.where.startswith("meter/settings")
    assert caught.value.hint


def test_addressing_must_be_said() -> None:
    bare = Profile(
        kind="profile",
        format=0,
        id="meter",
        version="0.1.0",
        title={},
        adapter="modbus",
        source=Provenance(document="", date="", confidence="own"),
        points={},
    )
    with pytest.raises(DocumentError, match="addressing"):
        profile_map(bare)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("modbus+tcp://meter", ("meter", 502, 1)),
        ("modbus+tcp://192.0.2.7:1502?unit=17", ("192.0.2.7", 1502, 17)),
        ("modbus+tcp://[2001:db8::7]:502/?unit=0", ("2001:db8::7", 502, 0)),
    ],
)
def test_url(url: str, expected: tuple[str, int, int]) -> None:
    assert parse_url(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "",
        "meter:502",
        "http://meter",
        "modbus+tcp://",
        "modbus+tcp://meter:99999",
        "modbus+tcp://meter?unit=256",
        "modbus+tcp://meter?unit=-1",
        "modbus+tcp://meter?unit=x",
        "modbus+tcp://meter?slave=1",
        "modbus+tcp://user:word@meter",
        "modbus+tcp://meter/path",
        "modbus+tcp://[::1",
    ],
)
def test_a_wrong_url_is_refused(url: str) -> None:
    with pytest.raises(DocumentError, match="not a Modbus URL"):
        parse_url(url, "dishwasher/meter")


def test_endpoint_settings() -> None:
    endpoint = Endpoint(
        profile="meter", url="modbus+tcp://m", settings={"timeout": 2, "retries": 0, "periods": {"fast": 0.1}}
    )
    assert line(endpoint) == Line(tcp("m"), timeout=2.0, retries=0, periods={"fast": 0.1})


@pytest.mark.parametrize("settings", [{"timeout": 0}, {"retries": 11}, {"timeout": True}, {"baud": 9600}])
def test_a_wrong_endpoint_setting_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(DocumentError):
        line(Endpoint(profile="meter", url="modbus+tcp://m", settings=settings), "dishwasher/meter")


def test_tables_know_their_function() -> None:
    assert {table: table.function for table in Table} == {
        Table.COIL: 1,
        Table.DISCRETE: 2,
        Table.HOLDING: 3,
        Table.INPUT: 4,
    }
