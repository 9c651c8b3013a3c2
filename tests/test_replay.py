"""Recordings: formats, times and zones, thinning, gaps, order, pace; real files where they are installed."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from kits.devices import device, endpoint, interface, point
from kits.replay import DAY, MIDNIGHT, csv, play, table, target
from trivet.device.adapter import Snapshot, Values
from trivet.device.binding import bind
from trivet.device.clock import RecordingClock, ScaledClock
from trivet.device.document import PointRepeat, Profile
from trivet.errors import AdapterError, DataError, DocumentError
from trivet.signals import SECOND, Readings, Status
from trivet_replay import adapter, values

TWO = (f"{DAY}00:00:10Z,100,20.5", f"{DAY}00:00:20Z,110,21")


async def test_rows_come_at_their_own_times(tmp_path: Path) -> None:
    played = await play(target(table(), csv(tmp_path, *TWO)))
    assert played.rows == [("power", 100, 10), ("water", 20.5, 10), ("power", 110, 20), ("water", 21, 20)]
    assert {sample.origin for sample in played.samples} == {"washer/record"}
    assert all(sample.source == sample.receive and sample.status == Status.GOOD for sample in played.samples)
    assert played.gaps == []
    assert played.remarks == ""


async def test_parquet_and_csv_of_one_table_are_alike(tmp_path: Path) -> None:
    times = pa.array([MIDNIGHT + 10 * SECOND, MIDNIGHT + 20 * SECOND], pa.timestamp("ns", "UTC"))
    columns = {"time": times, "power": pa.array([100, 110], pa.int16()), "water": pa.array([20.5, 21.0])}
    pq.write_table(pa.table(columns), tmp_path / "table.parquet")
    one = await play(target(table(), tmp_path / "table.parquet"))
    assert one.rows == (await play(target(table(), csv(tmp_path, *TWO)))).rows


async def test_csv_needs_no_library_and_parquet_says_which(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pq.write_table(pa.table({"time": [1.0]}), tmp_path / "table.parquet")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert len((await play(target(table(), csv(tmp_path, *TWO)))).rows) == 4
    with pytest.raises(AdapterError, match=r"trivet\[parquet\]"):
        await play(target(table(), tmp_path / "table.parquet"))


@pytest.mark.parametrize(
    ("form", "cell", "more"),
    [
        ("iso", "2024-05-01T02:00:10", {}),
        ("iso", "2024-05-01 02:00:10.000", {}),
        ("iso", "2024-05-01T00:00:10Z", {}),
        ("iso", "2024-05-01T05:30:10+05:30", {}),
        ("seconds", "70", {"start": "2024-05-01T01:59:00+02:00"}),
        ("unix_s", "1714521610", {}),
        ("unix_ms", "1714521610000", {}),
        ("unix_us", "1714521610000000", {}),
        ("unix_ns", "1714521610000000000", {}),
    ],
)
async def test_time_formats(tmp_path: Path, form: str, cell: str, more: dict[str, Any]) -> None:
    profile = table(time={"column": "time", "format": form})
    played = await play(target(profile, csv(tmp_path, f"{cell},100,20"), "Europe/Berlin", **more))
    assert played.series("power") == [(10, 100)]


async def test_a_zone_of_the_table_goes_before_that_of_the_device(tmp_path: Path) -> None:
    profile = table(time={"column": "time", "zone": "Asia/Shanghai"})
    played = await play(target(profile, csv(tmp_path, "2024-05-01T08:00:10,100,20"), "Europe/Berlin"))
    assert played.series("power") == [(10, 100)]


async def test_an_hour_that_comes_twice(tmp_path: Path) -> None:
    local = ["01:30", "02:00", "02:59", "02:00", "02:59", "03:00"]
    path = csv(tmp_path, *(f"2024-10-27T{time}:00,{n},0" for n, time in enumerate(local)))
    played = await play(target(table(), path, "Europe/Berlin"))
    times = [sample.source // (60 * SECOND) for sample in played.samples if sample.name == "power"]
    assert [time - times[0] for time in times] == [0, 30, 89, 90, 149, 150]
    assert played.remarks == "4 rows at a local time that occurred twice"


async def test_an_hour_that_never_was(tmp_path: Path) -> None:
    path = csv(tmp_path, *(f"2024-03-31T{time}:00,1,0" for time in ("01:59", "02:30", "03:00")))
    played = await play(target(table(), path, "Europe/Berlin"))
    assert [sample.source // (60 * SECOND) % 60 for sample in played.samples if sample.name == "power"] == [59, 0]
    assert played.remarks == "1 rows dropped, their local time never was"


async def test_disorder_and_repetition_are_mended_and_counted(tmp_path: Path) -> None:
    lines = [f"{DAY}00:00:{at}Z,{value},0" for at, value in [("20", 2), ("10", 1), ("20", 9), ("30", 3), ("x", 8)]]
    asked = target(table(), csv(tmp_path, *lines))
    played = await play(asked)
    assert played.series("power") == [(10, 1), (20, 2), (30, 3)]
    assert "1 rows were out of order" in played.remarks
    assert "1 rows dropped, their time was there before" in played.remarks
    assert "1 rows dropped, their time cannot be read" in played.remarks
    assert adapter.diagnose is not None
    told = await adapter.diagnose(asked, RecordingClock(), 0.0)
    assert [finding.rule for finding in told.findings] == ["TRV-D020"] * 3


async def test_cells(tmp_path: Path) -> None:
    points = {
        "power": point(at={"column": "power", "status": "quality"}, scale=0.1, offset=5, sentinels=(32767,)),
        "water": point(at={"column": "water"}),
        "target": point(at={"value": 90}),
    }
    lines = (
        f"{DAY}00:00:01Z;100;20,5;0",
        f"{DAY}00:00:02Z;;oops;",
        f"{DAY}00:00:03Z;32767;;0",
        f"{DAY}00:00:04Z;100;true;1083441152",
        f"{DAY}00:00:05Z;;;2157641728",
        f"{DAY}00:00:06Z",
    )
    path = csv(tmp_path, *lines, headings="time;power;water;quality")
    played = await play(target(table(points, delimiter=";", decimal=","), path, values={"target": 85}))
    found = [(s.name, s.value, s.status, s.reason, (s.source - MIDNIGHT) // SECOND) for s in played.samples]
    assert repr([row for row in found if row[0] != "target"]) == repr(
        [
            ("power", 15.0, 0, "", 1),
            ("water", 20.5, 0, "", 1),
            ("water", math.nan, int(Status.BAD_DECODING_ERROR), "not_a_number", 2),
            ("power", math.nan, int(Status.BAD_NO_DATA), "sentinel", 3),
            ("power", 15.0, 0x4094_0000, "status", 4),
            ("water", 1.0, 0, "", 4),
            ("power", math.nan, 0x809B_0000, "sentinel", 5),
        ]
    )
    assert {value for name, value, *_ in found if name == "target"} == {85}


async def test_repeated_points_are_numbered_columns(tmp_path: Path) -> None:
    points = {"tank": point(at={"column": "t{n}_c"}, repeat=PointRepeat(max=2))}
    path = csv(tmp_path, f"{DAY}00:00:01Z,61,62", headings="time,t1_c,t2_c")
    assert (await play(target(table(points), path))).rows == [("tank_1", 61, 1), ("tank_2", 62, 1)]


async def test_a_filter_picks_rows(tmp_path: Path) -> None:
    lines = [f"{DAY}00:00:0{n}Z,{power},{n}" for n, power in enumerate(["100", "100.0", "200", "100"])]
    asked = target(table(), csv(tmp_path, *lines), filter={"power": 100})
    assert [at for at, _ in (await play(asked)).series("power")] == [0, 1, 3]


async def test_thinned_rows_come_back_for_as_long_as_they_stand(tmp_path: Path) -> None:
    lines = [f"{DAY}00:00:{at:02}Z,{value},0" for at, value in [(0, 1), (3, 2), (11, 3), (30, 4)]]
    played = await play(target(table(hold=5, gap=10, period=1), csv(tmp_path, *lines)))
    expected = [(at, 1) for at in (0, 1, 2)] + [(at, 2) for at in range(3, 11)] + [(11, 3), (30, 4)]
    assert played.series("power") == expected
    assert [(gap.start - MIDNIGHT, gap.end and gap.end - MIDNIGHT, gap.reason) for gap in played.gaps] == [
        (11 * SECOND, 30 * SECOND, "recording")
    ]


async def test_a_blank_cell_of_a_thinned_recording_stands_for_the_value_before(tmp_path: Path) -> None:
    lines = [f"{DAY}00:00:00Z,1,10", f"{DAY}00:00:02Z,,11", f"{DAY}00:00:04Z,,12"]
    played = await play(target(table(hold=3, period=1), csv(tmp_path, *lines)))
    assert played.series("power") == [(0, 1), (1, 1), (2, 1), (3, 1)]
    assert played.series("water") == [(0, 10), (1, 10), (2, 11), (3, 11), (4, 12)]


async def test_a_value_stands_to_the_next_row_beside_a_blank_cell_too(tmp_path: Path) -> None:
    lines = [f"{DAY}00:00:00Z,1,10", f"{DAY}00:00:05Z,2,", f"{DAY}00:00:09Z,2,11"]
    played = await play(target(table(hold=3, gap=6, period=1), csv(tmp_path, *lines)))
    assert played.series("power") == [(at, 1) for at in range(5)] + [(at, 2) for at in range(5, 10)]
    assert played.series("water") == [(at, 10) for at in range(5)] + [(9, 11)]


async def test_a_gap_lies_between_the_rows_around_it(tmp_path: Path) -> None:
    lines = [f"{DAY}{time}Z,1,2" for time in ("00:00:00", "00:59:59", "01:00:00", "03:00:00", "03:00:01")]
    items = (await play(target(table(gap=3600), csv(tmp_path, *lines)))).items
    shape = [(len(item.values) if isinstance(item, Readings) else "gap") for item in items]
    assert shape == [4, 2, "gap", 4]


async def test_on_a_live_clock_a_row_comes_when_its_time_has_come(tmp_path: Path) -> None:
    lines = [f"{DAY}00:00:{at:02}Z,{at},0" for at in range(10)]
    clock = ScaledClock(20, MIDNIGHT + 3 * SECOND)
    blocks = 0
    async for item in adapter.connect(target(table(), csv(tmp_path, *lines)), clock):
        assert isinstance(item, Readings)
        assert int(item.receive.max()) <= clock.now()
        blocks += 1
    assert blocks >= 2


async def test_identify_names_the_columns(tmp_path: Path) -> None:
    assert adapter.identify is not None
    (found,) = await adapter.identify(f"replay:{csv(tmp_path, *TWO)}", {})
    facts = found.nameplate
    assert facts == {"file": "table.csv", "format": "csv", "columns": "time, power, water"}


@pytest.mark.parametrize(
    ("settings", "at", "blamed"),
    [
        ({"time": {"column": "time", "format": "roman"}}, {}, "test-profile/settings/time"),
        ({"time": {"format": "iso"}}, {}, "test-profile/settings/time"),
        ({"time": {"column": "time", "zone": "Mars/Base"}}, {}, "test-profile/settings/time"),
        ({"time": {"column": "time", "format": "seconds", "start": "noon"}}, {}, "test-profile/settings/time"),
        ({"time": {"column": "time", "format": "seconds", "start": "2024-05-01"}}, {}, "test-profile/settings/time"),
        ({"time": "time"}, {}, "test-profile/settings"),
        ({"delimiter": "::"}, {}, "test-profile/settings"),
        ({"period": 0}, {}, "test-profile/settings"),
        ({"gap": True}, {}, "test-profile/settings"),
        ({"interval": "during"}, {}, "test-profile/settings"),
        ({"filter": {"rep": ["a"]}}, {}, "test-profile/settings"),
        ({"rows": 5}, {}, "test-profile/settings"),
        ({}, {"column": "p", "value": 1}, "test-profile/power"),
        ({}, {}, "test-profile/power"),
        ({}, {"register": 5}, "test-profile/power"),
        ({}, {"value": "warm"}, "test-profile/power"),
        ({}, {"column": ""}, "test-profile/power"),
    ],
)
def test_a_wrong_profile_is_refused_with_its_place(settings: dict[str, Any], at: dict[str, Any], blamed: str) -> None:
    power = {"column": "power"} if settings else at
    with pytest.raises(DocumentError) as caught:
        target(table({"power": point(at=power)}, **settings), "table.csv")
    assert caught.value.where == blamed
    assert caught.value.hint


@pytest.mark.parametrize(
    ("url", "settings"),
    [
        ("replay:", {}),
        ("replay://host/table.csv", {}),
        ("replay:table.csv", {"folder": "x"}),
        ("replay:table.csv", {"values": {"power": 1}}),
        ("replay:table.csv", {"filter": 7}),
        ("replay:table.csv", {"start": 7}),
    ],
)
async def test_a_wrong_endpoint_is_refused(tmp_path: Path, url: str, settings: dict[str, Any]) -> None:
    asked = target(table(), "x", **settings)
    object.__setattr__(asked.endpoint, "url", url)
    with pytest.raises(DocumentError):
        await play(asked)


async def test_seconds_need_a_start(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="start"):
        await play(target(table(time={"column": "time", "format": "seconds"}), csv(tmp_path, "1,2,3")))


async def test_a_relative_path_counts_from_the_device_document(tmp_path: Path) -> None:
    csv(tmp_path, *TWO)
    asked = target(table(), "table.csv")
    object.__setattr__(asked, "folder", str(tmp_path))
    assert len((await play(asked)).rows) == 4


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("none.csv", None),
        ("none.parquet", None),
        ("table.parquet", b"PAR1 is not enough PAR1"),
        ("table.parquet", b""),
        ("table.csv", b""),
        ("table.csv", b"time,power\n"),
        ("table.csv", b"time,power,water\n"),
        ("table.csv", b"time,power,water,power\n2024-05-01,1,2,3\n"),
        ("table.csv", b"time,power,water\nnever,1,2\n"),
        ("table.csv", b'time,power,water\n"2024-05-01,1,2\n'),
        ("table.csv", b"time,power,water\n\xff\xfe,1,2\n"),
        ("table.csv", b"time,power,water\n" + b"9" * 20_000 + b",1,2\n"),
    ],
)
async def test_a_broken_file_is_a_data_error(tmp_path: Path, name: str, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError) as caught:
        await play(target(table(), tmp_path / name))
    assert str(tmp_path) in caught.value.where


async def test_a_cut_parquet_file_is_a_data_error(tmp_path: Path) -> None:
    rows = 1000
    columns = {"time": np.arange(rows) * 1.0, "power": np.random.default_rng(1).random(rows), "water": np.zeros(rows)}
    pq.write_table(pa.table(columns), tmp_path / "whole.parquet")
    whole = (tmp_path / "whole.parquet").read_bytes()
    for seed in range(20):
        generator = np.random.default_rng(seed)
        broken = bytearray(whole)
        for place in generator.integers(0, len(whole), 8):
            broken[place] ^= 0x5A
        (tmp_path / "cut.parquet").write_bytes(bytes(broken) if seed % 2 else whole[: len(whole) * seed // 20])
        try:
            await play(target(table(time={"column": "time", "format": "unix_s"}), tmp_path / "cut.parquet"))
        except DataError:
            continue


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
@given(st.text(st.sampled_from('0123456789-:.,TZ+ e"\n\rnaif'), max_size=120))
@example("1e400,1,2")
async def test_no_table_does_more_than_a_trivet_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "table.csv"
    path.write_text("time,power,water\n" + text, "utf-8")
    for form in ("iso", "unix_s", "unix_ns"):
        profile = table(hold=5, time={"column": "time", "format": form})
        try:
            played = await play(target(profile, path, "Europe/Berlin"))
        except DataError:
            continue
        times = [sample.source for sample in played.samples]
        assert times == sorted(times)


def shown(path: Path, source: Profile, **more: Any) -> Values:
    document = device({"record": endpoint()})
    return values(target(source, path, **more), bind(interface(), document, {"record": source}))


def test_a_recording_can_be_shown_as_a_plant(tmp_path: Path) -> None:
    points = {
        "power": point(at={"column": "power"}, unit="kW", signal="active_power"),
        "mode": point(at={"column": "water"}, signal="mode", enumeration={"3": "wash"}),
    }
    path = csv(tmp_path, f"{DAY}00:00:10Z,1.5,3", f"{DAY}00:00:20Z,2,8", f"{DAY}00:00:50Z,,3")
    show = shown(path, table(points, gap=15))

    def second(at: float) -> Snapshot:
        return show(MIDNIGHT + round(at * SECOND))

    assert second(10).values == {"active_power": 1500, "mode": "wash"}
    assert second(19.9).values == {"active_power": 1500, "mode": "wash"}
    assert second(20).values == {"active_power": 2000, "mode": 8}
    assert second(20).status == {"mode": Status.UNCERTAIN}
    assert second(50).values == {"mode": "wash"}
    for never in (9.9, 35, 65):
        assert second(never).values == {}
        assert second(never).status == {"active_power": Status.BAD_NO_DATA, "mode": Status.BAD_NO_DATA}


def test_a_mean_of_the_second_before_is_shown_during_that_second(tmp_path: Path) -> None:
    points = {"power": point(at={"column": "power"}, unit="W", signal="active_power")}
    path = csv(tmp_path, f"{DAY}00:00:10Z,1,0", f"{DAY}00:00:12Z,2,0")
    show = shown(path, table(points, hold=60, interval="before"))
    at = [
        (time, show(MIDNIGHT + round(time * SECOND)).values.get("active_power"))
        for time in (8.9, 9.5, 10, 10.1, 11.5, 12.1)
    ]
    assert at == [(8.9, None), (9.5, 1), (10, 1), (10.1, 1), (11.5, 2), (12.1, None)]


@pytest.mark.parametrize("interval", ["before", "after"])
def test_a_silence_that_is_no_gap_shows_the_row_before_it(tmp_path: Path, interval: str) -> None:
    points = {"power": point(at={"column": "power"}, unit="W", signal="active_power")}
    path = csv(tmp_path, f"{DAY}00:00:10Z,1,0", f"{DAY}00:01:15Z,2,0", f"{DAY}00:03:00Z,3,0")
    show = shown(path, table(points, hold=60, gap=70, interval=interval))
    at = [show(MIDNIGHT + time * SECOND).values.get("active_power") for time in (70, 72, 74, 75, 77, 100, 180)]
    assert at == [1, 1, 1, 2, None, None, 3]
