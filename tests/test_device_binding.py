"""From points to columns: units, meters, states, ranges, policies; and what cannot be bound."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kits.devices import NOON, device, endpoint, interface, parsed, point, profile, readings
from trivet.device.binding import Binding, bind
from trivet.device.coverage import judgeable
from trivet.device.document import Device, Point, PointRepeat
from trivet.errors import DocumentError
from trivet.interface.parse import parse_as
from trivet.signals import Readings, Status


def bound(points: dict[str, Point], document: Device | None = None, zone: str | None = None) -> Binding:
    return bind(interface(), document or device(), {"plc": profile(points)}, zone)


def refusal(points: dict[str, Point], document: Device | None = None, zone: str | None = None) -> DocumentError:
    with pytest.raises(DocumentError) as caught:
        bound(points, document, zone)
    return caught.value


MODE = point(signal="mode", enumeration={"3": "wash", "4": "rinse", "9": "off"})


def test_units_are_converted() -> None:
    binding = bound(
        {"t": point(unit="[degF]", signal="rinse_temperature"), "p": point(unit="kW", signal="active_power")}
    )
    out = binding.apply("plc", readings([("t", 212, 0), ("p", 1.5, 0)]))
    assert [(s.name, round(s.value, 9)) for s in out.samples()] == [("rinse_temperature", 100), ("active_power", 1500)]
    assert binding.fitted == {"rinse_temperature", "active_power"}
    assert out.names == binding.columns


def test_a_current_transformer_scales_power_current_and_energy_but_not_voltage() -> None:
    points = {
        "p": point(unit="W", signal="active_power"),
        "e": point(unit="kW.h", signal="active_energy"),
        "u": point(unit="V", signal="voltage_l1"),
    }
    binding = bound(points, device({"plc": endpoint(ct_ratio=40)}))
    out = binding.apply("plc", readings([("p", 5, 0), ("e", 2, 0), ("u", 230, 0)]))
    assert [sample.value for sample in out.samples()] == [200, 80_000, 230]


def test_a_reversed_meter_is_turned_round_with_its_range() -> None:
    points = {"p": point(unit="W", signal="active_power", range=(-3000, 0))}
    binding = bound(points, device({"plc": endpoint(invert=("p",), ct_ratio=2)}))
    out = binding.apply("plc", readings([("p", -100, 0), ("p", -3001, 1)]))
    assert [sample.value for sample in out.samples()] == [200, 6002]
    assert [sample.status for sample in out.samples()] == [Status.GOOD, Status.BAD_OUT_OF_RANGE]


def test_states_go_by_name() -> None:
    out = bound({"m": MODE}).apply("plc", readings([("m", 3, 0), ("m", 4, 1), ("m", 9, 2)]))
    assert out.values.tolist() == [1, 7, 0]
    assert not out.reasons


@pytest.mark.parametrize("code", [1.0, 7.0, 3.5, -3.0, 1e300])
def test_an_unmapped_code_is_kept_and_uncertain(code: float) -> None:
    sample = bound({"m": MODE}).apply("plc", readings([("m", code, 0)])).sample(0)
    assert (sample.value, sample.status, sample.reason) == (code, Status.UNCERTAIN, "unknown_state")


def test_a_state_that_the_interface_lacks_is_a_warning_and_unknown_at_run_time() -> None:
    binding = bound({"m": point(signal="mode", enumeration={"0": "off", "5": "descaling"})})
    assert [(finding.rule, finding.severity) for finding in binding.findings] == [("TRV-D009", "warning")]
    assert binding.apply("plc", readings([("m", 5, 0)])).sample(0).reason == "unknown_state"


def test_booleans_are_states() -> None:
    binding = bound({"m": point(signal="mode", enumeration={"false": "off", "true": "wash"})})
    assert binding.apply("plc", readings([("m", 0, 0), ("m", 1, 0)])).values.tolist() == [0, 1]


def test_an_impossible_value_is_bad_and_keeps_its_number() -> None:
    binding = bound({"t": point(unit="Cel", signal="rinse_temperature", range=(0, 100))})
    out = binding.apply("plc", readings([("t", 55, 0), ("t", 101, 1), ("t", math.nan, 2), ("t", math.inf, 3)]))
    assert [(s.status, s.reason) for s in out.samples()] == [
        (Status.GOOD, ""),
        (Status.BAD_OUT_OF_RANGE, "out_of_range"),
        (Status.BAD_NO_DATA, "not_a_number"),
        (Status.BAD_OUT_OF_RANGE, "out_of_range"),
    ]
    assert out.values[1] == 101


def test_uncertain_values_follow_the_policy_of_their_signal() -> None:
    points = {name: point(unit="Cel", signal=f"{name}_temperature") for name in ("tank", "rinse", "inlet")}
    rows = readings([("tank", 50, 0), ("rinse", 51, 0), ("inlet", 52, 0)])
    out = bound(points).apply("plc", replace(rows, status=np.full(3, Status.UNCERTAIN_SENSOR_NOT_ACCURATE, np.uint32)))
    accurate = Status.UNCERTAIN_SENSOR_NOT_ACCURATE
    assert [(s.value, s.status, s.reason) for s in out.samples()] == [
        (50, accurate, ""),
        (51, accurate, "uncertain"),
        (52, Status.BAD, "uncertain"),
    ]


def test_a_bad_value_keeps_the_status_and_reason_of_its_source() -> None:
    rows = readings([("t", math.nan, 0)], status=np.array([Status.BAD_TIMEOUT], np.uint32), reasons={0: "timeout"})
    sample = bound({"t": point(unit="Cel", signal="rinse_temperature")}).apply("plc", rows).sample(0)
    assert (sample.status, sample.reason) == (Status.BAD_TIMEOUT, "timeout")


def test_points_that_feed_nothing_are_left_out_and_reasons_stay_with_their_rows() -> None:
    points = {"x": point(unit="Cel"), "t": point(unit="Cel", signal="rinse_temperature")}
    rows = readings([("x", 1, 0), ("t", 500, 0), ("x", 2, 0), ("t", 50, 0)], reasons={0: "gone", 3: "kept"})
    out = bound(points).apply("plc", rows)
    assert out.values.tolist() == [500, 50]
    assert out.reasons == {0: "out_of_range", 1: "kept"}


def test_repeated_points_feed_repeated_columns_by_number() -> None:
    tank = point(unit="Cel", signal="tank_temperature", repeat=PointRepeat(max=5))
    binding = bound({"tank": tank})
    assert binding.fitted == {f"tank_temperature_{n}" for n in (1, 2, 3)}
    out = binding.apply("plc", readings([("tank_2", 61, 0), ("tank_5", 99, 0)]))
    assert [(s.name, s.value) for s in out.samples()] == [("tank_temperature_2", 61)]


def test_bind_overrides_what_profiles_propose() -> None:
    points = {"a": point(unit="Cel", signal="rinse_temperature"), "b": point(unit="Cel")}
    binding = bound(points, device(bind={"rinse_temperature": "plc.b"}))
    out = binding.apply("plc", readings([("a", 1, 0), ("b", 2, 0)]))
    assert [(s.name, s.value) for s in out.samples()] == [("rinse_temperature", 2)]


def test_one_instance_of_a_repeated_point_can_be_bound() -> None:
    points = {"probe": point(unit="Cel", repeat=PointRepeat(max=4))}
    binding = bound(points, device(bind={"rinse_temperature": "plc.probe_3"}))
    assert binding.apply("plc", readings([("probe_3", 70, 0), ("probe_2", 60, 0)])).values.tolist() == [70]


def test_a_point_may_feed_two_columns() -> None:
    points = {"p": point(unit="W", signal="active_power"), "t": point(unit="Cel", signal="rinse_temperature")}
    binding = bound(points, device(bind={"power_l1": "plc.p"}))
    out = binding.apply("plc", readings([("t", 200, 0), ("p", 100, 1), ("p", 30_000, 2)]))
    assert [(s.name, s.value, s.reason) for s in out.samples()] == [
        ("rinse_temperature", 200, "out_of_range"),
        ("power_l1", 100, ""),
        ("active_power", 100, ""),
        ("power_l1", 30_000, "out_of_range"),
        ("active_power", 30_000, ""),
    ]


def test_a_meter_feeds_only_what_it_covers() -> None:
    points = {"p": point(unit="W", signal="active_power"), "q": point(unit="W", signal="power_l1")}
    assert bound(points, device({"plc": endpoint(covers=("power_l1",))})).fitted == {"power_l1"}


def test_a_zone_has_its_own_lines() -> None:
    points = {"left": point(unit="Cel"), "right": point(unit="Cel"), "p": point(unit="W", signal="active_power")}
    document = device(bind={"rinse_temperature": "plc.left"}, zones={"two": {"rinse_temperature": "plc.right"}})
    rows = readings([("left", 1, 0), ("right", 2, 0)])
    assert bound(points, document).apply("plc", rows).values.tolist() == [1]
    assert bound(points, document, "two").apply("plc", rows).values.tolist() == [2]


TWICE = {"a": point(unit="Cel", signal="rinse_temperature"), "b": point(unit="Cel", signal="rinse_temperature")}
FLOAT = point(unit="Cel", signal="tank_temperature", at={"type": "float32"}, scale=5)
COARSE = point(unit="Cel", signal="tank_temperature", at={"type": "int16"}, scale=2)


@pytest.mark.parametrize(
    ("rule", "points", "document"),
    [
        ("TRV-D001", {"p": point(unit="W")}, {"bind": {"active_powr": "plc.p"}}),
        ("TRV-D002", {"p": point(unit="W")}, {"bind": {"active_power": "meter.p"}}),
        ("TRV-D002", {"p": point(unit="W")}, {"bind": {"active_power": "p"}}),
        ("TRV-D003", {"p": point(unit="W")}, {"bind": {"active_power": "plc.power"}}),
        ("TRV-D003", {"p": point(unit="W", signal="active_power")}, {"endpoints": {"plc": endpoint(invert=("q",))}}),
        ("TRV-D001", {"p": point(unit="W", signal="active_power")}, {"endpoints": {"plc": endpoint(covers=("q",))}}),
        ("TRV-D004", {"p": point(unit="W", signal="active_power", repeat=PointRepeat(max=2))}, {}),
        ("TRV-D005", TWICE, {}),
        ("TRV-D006", {"p": point(signal="active_power")}, {}),
        ("TRV-D007", {"p": point(unit="Cel", signal="active_power")}, {}),
        ("TRV-D007", {"p": point(unit="bogus", signal="active_power")}, {}),
        ("TRV-D008", {"m": point(signal="mode")}, {}),
        ("TRV-D008", {"m": point(signal="mode", enumeration={"on": "wash"})}, {}),
        ("TRV-D010", {"t": COARSE}, {}),
        ("TRV-D011", {"t": point(unit="Cel", signal="oven_temperature")}, {}),
        ("TRV-D015", {"p": point(unit="W", signal="active_power")}, {"parameters": {"rated_powr": 1000}}),
        ("TRV-D015", {"p": point(unit="W", signal="active_power")}, {"parameters": {"rated_power": 5}}),
    ],
)
def test_what_cannot_be_bound_is_refused(rule: str, points: dict[str, Point], document: dict[str, Any]) -> None:
    error = refusal(points, device(**document))
    assert error.rule == rule
    assert error.hint
    assert [finding.rule for finding in error.findings] == [rule]


def test_an_unknown_zone_is_refused() -> None:
    assert refusal({"p": point(unit="W", signal="active_power")}, zone="left").rule == "TRV-D013"


def test_floats_have_no_resolution() -> None:
    assert bound({"t": FLOAT}).fitted == {"tank_temperature_1"}


def test_everything_wrong_is_found_at_once() -> None:
    error = refusal({"p": point(signal="active_power"), "t": COARSE}, device(bind={"nothing": "plc.p"}))
    assert sorted(finding.rule for finding in error.findings) == ["TRV-D001", "TRV-D006", "TRV-D010"]
    assert "and 2 more" in str(error)


def test_an_error_has_file_and_line() -> None:
    text = """kind: device
format: 0
id: washer
interface: {id: bench, version: 0.9.0}
endpoints:
  plc: {profile: test-profile, url: 'played:here'}
bind:
  active_power: plc.pover
"""
    document = parse_as(Device, text, "plant/washer.yaml")
    with pytest.raises(DocumentError) as caught:
        bind(interface(), document, {"plc": profile({"power": point(unit="W")})})
    assert caught.value.where == "plant/washer.yaml:8:17"
    assert "did you mean `power`?" in caught.value.hint


def test_an_error_in_a_profile_names_the_profile() -> None:
    source = profile({"p": point(signal="active_power")})
    with pytest.raises(DocumentError) as caught:
        bind(interface(), device(), {"plc": parsed(source)})
    assert caught.value.where == "test-profile.yaml:1:1"


def test_what_a_plant_can_judge() -> None:
    bench = interface()
    verdict = judgeable(bench, {"power_l1", "power_l2", "power_l3"})
    assert verdict["health"][""] == ()
    assert verdict["fault"] == {"": (("mode",),), "none": (("mode",),), "unknown": (("mode",),), "phase": (("mode",),)}
    assert judgeable(bench, {"mode", "power_l1"})["fault"]["phase"] == (("power_l2", "power_l3"),)
    assert judgeable(bench, {"mode"})["health"][""] == (("tank_temperature_1",), ("power_l1", "power_l2", "power_l3"))


VOCABULARY = ("tank_1", "tank_2", "rinse", "inlet", "power", "m", "unused")
POINTS = {
    "tank": point(unit="[degF]", signal="tank_temperature", repeat=PointRepeat(max=2)),
    "rinse": point(unit="K", signal="rinse_temperature", range=(280, 380)),
    "inlet": point(unit="Cel", signal="inlet_temperature"),
    "power": point(unit="kW", signal="active_power"),
    "m": MODE,
    "unused": point(unit="Cel"),
}
STATUSES = [Status.GOOD, Status.UNCERTAIN, Status.UNCERTAIN_LAST_USABLE_VALUE, Status.BAD, Status.BAD_TIMEOUT]
rows = st.lists(
    st.tuples(
        st.integers(0, len(VOCABULARY) - 1),
        st.sampled_from([-1.0, 0.0, 3.0, 4.0, 9.0, 61.5, 300.0, 1e6, math.nan, math.inf]),
        st.sampled_from(STATUSES),
    ),
    max_size=40,
)


@given(rows)
def test_a_block_is_bound_as_its_rows_one_by_one(given: list[tuple[int, float, Status]]) -> None:
    binding = bound(dict(POINTS))
    columns = [np.array(column) for column in zip(*given, strict=True)] or [np.zeros(0)] * 3
    times = NOON + np.arange(len(given), dtype=np.int64)
    block = Readings(
        VOCABULARY, columns[0].astype(np.int64), columns[1].astype(float), columns[2].astype(np.uint32), times, times
    )
    alone = [
        binding.apply(
            "washer/plc",
            Readings(
                VOCABULARY,
                block.column[i : i + 1],
                block.values[i : i + 1],
                block.status[i : i + 1],
                times[i : i + 1],
                times[i : i + 1],
            ),
        )
        for i in range(len(given))
    ]
    expected = [sample for part in alone for sample in part.samples()]
    assert repr(binding.apply("washer/plc", block).samples()) == repr(expected)
