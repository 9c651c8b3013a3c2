"""`trivet doctor`: what it says of sick controllers, meters and plants, against real servers."""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from kits.apart import served_apart
from kits.modbus import profile, target
from servers.modbus_raw import RawServer, Request, running
from trivet.cli import main
from trivet.commission import meter
from trivet.commission.connect import profiles
from trivet.commission.doctor import examine, inspect, ordered, planned, target_of
from trivet.commission.exhibit import Exhibit
from trivet.commission.urls import reader
from trivet.commission.watch import Trace
from trivet.device.adapter import Diagnosis, Snapshot
from trivet.device.clock import ScaledClock
from trivet.device.document import Point
from trivet.device.library import load_profile, resolve
from trivet.errors import Finding
from trivet.interface.rules import rules
from trivet.signals import SECOND, Sample, Status
from trivet_modbus import adapter
from trivet_modbus.server import serve

ROOT = Path(__file__).resolve().parent.parent
QUICK = 3.0


def floats(values: Mapping[int, float], swapped: bool = False) -> dict[tuple[int, int, int], int]:
    """Input registers of 32-bit floats by address."""
    words = {}
    for address, value in values.items():
        pair = struct.unpack(">HH", struct.pack(">f", value))
        for index, word in enumerate(reversed(pair) if swapped else pair):
            words[1, 4, address + index] = word
    return words


PHASES = {0: 229.3, 2: 230.7, 4: 231.2, 6: 6.13, 8: 6.21, 10: 6.05, 12: 1402.7, 14: 1431.9, 16: 1399.1}
UNITS = {0: "V", 2: "V", 4: "V", 6: "A", 8: "A", 10: "A", 12: "W", 14: "W", 16: "W"}


def meter_points() -> dict[str, Point]:
    return {
        f"point_{address}": Point(
            at={"table": "input", "address": address, "type": "float32"}, unit=unit, signal=f"s_{address}"
        )
        for address, unit in UNITS.items()
    }


async def diagnosed(server: RawServer, points: Mapping[str, Point], **settings: object) -> Diagnosis:
    assert adapter.diagnose is not None
    async with running(server):
        url = f"modbus+tcp://127.0.0.1:{server.port}"
        one = target(profile(points, **settings), url, timeout=1)
        return await adapter.diagnose(one, ScaledClock(5.0), QUICK)


def found(diagnosis: Diagnosis, rule: str) -> list[Finding]:
    return [one for one in diagnosis.findings if one.rule == rule]


async def test_a_healthy_unit_has_no_findings() -> None:
    diagnosis = await diagnosed(RawServer(words=floats(PHASES)), meter_points())
    assert [one for one in diagnosis.findings if one.severity != "note"] == []
    assert diagnosis.facts["turnaround"]["median_ms"] >= 0
    assert len(diagnosis.facts["points"]) == len(UNITS)


def drifting(spaced: int) -> RawServer:
    """Floats in the wrong word order for their profile, from address 100 on, that drift a little all the time."""

    def fault(number: int, request: Request) -> str:
        for index, (address, value) in enumerate(PHASES.items()):
            moved = value * (1 + 5e-5 * number * (1 + index % 3))
            pair = reversed(split(moved))
            server.words.update({(1, 4, 100 + spaced * address + place): word for place, word in enumerate(pair)})
        return ""

    server = RawServer(words={(1, 4, address): 0 for address in range(98, 160)}, fault=fault)
    return server


def moved(points: Mapping[str, Point], spaced: int, by: int) -> dict[str, Point]:
    return {
        name: replace(one, at={**one.at, "address": 100 + spaced * int(one.at["address"]) + by})
        for name, one in points.items()
    }


async def test_a_wrong_word_order_is_named() -> None:
    diagnosis = await diagnosed(drifting(1), moved(meter_points(), 1, 0))
    (finding,) = found(diagnosis, "TRV-M113")
    assert "word order little" in finding.message
    assert not found(diagnosis, "TRV-M112")
    assert not found(diagnosis, "TRV-M114")


async def test_a_wrong_order_and_addresses_off_by_one_are_both_named() -> None:
    diagnosis = await diagnosed(drifting(2), moved(meter_points(), 2, -1))
    assert "word order little" in found(diagnosis, "TRV-M113")[0].message
    assert "+1 register" in found(diagnosis, "TRV-M114")[0].message


async def test_dead_marked_impossible_and_constant_points_are_told() -> None:
    def point(address: int, unit: str = "Cel") -> Point:
        at = {"table": "holding", "address": address, "type": "int16"}
        return Point(at=at, unit=unit, scale=0.1, sentinels=(-32768.0,), signal="x")

    server = RawServer(words={(1, 3, 0): 615, (1, 3, 1): 0x8000, (1, 3, 2): 30_000}, holes={(3, 40)})
    points = {"still": point(0), "gone": point(1), "hot": point(2), "dead": point(40)}
    diagnosis = await diagnosed(server, points, periods={"normal": 0.5})
    told = {one.where.rpartition("/")[2]: one.rule for one in diagnosis.findings}
    assert told == {"still": "TRV-M119", "gone": "TRV-M117", "hot": "TRV-M112", "dead": "TRV-M111"}


async def test_requests_that_are_too_long_are_told() -> None:
    def fault(number: int, request: Request) -> str:
        return "exception 3" if request.function == 4 and request.count > 6 else ""

    diagnosis = await diagnosed(RawServer(words=floats(PHASES), fault=fault), meter_points())
    told = found(diagnosis, "TRV-M115")
    assert not told or "`block_limit: 6`" in told[0].hint


async def test_another_controller_than_the_profile_is_for_is_told() -> None:
    assert adapter.diagnose is not None
    server = RawServer(objects={0: b"Danfoss", 1: b"ERC 214"}, words=floats(PHASES))
    async with running(server):
        mine = replace(profile(meter_points()), match={"product_code": "EKC 202*"})
        one = target(mine, f"modbus+tcp://127.0.0.1:{server.port}", timeout=1)
        diagnosis = await adapter.diagnose(one, ScaledClock(5.0), QUICK)
    assert "ERC 214" in found(diagnosis, "TRV-M110")[0].message


async def test_silence_is_told_and_is_no_verdict() -> None:
    server = RawServer(fault=lambda number, request: "exception 11")
    async with running(server):
        one, url = reader(f"modbus://127.0.0.1:{server.port}?unit=7")
        report = await inspect(one, url, profile(meter_points()), ScaledClock(5.0), QUICK)
    assert report.verdict == 2
    assert found(Diagnosis({}, report.findings), "TRV-M101")


def device(folder: Path, url: str, **more: object) -> Path:
    tree = {
        "kind": "device",
        "format": 0,
        "id": "hood-1",
        "interface": {"id": "commercial-dishwasher", "version": "0.9.0"},
        "endpoints": {"meter": {"profile": "eastron-sdm630", "url": url, **more}},
        "parameters": {"rated_power": 11800},
    }
    path = folder / "hood-1.yaml"
    path.write_text(yaml.safe_dump(tree), encoding="utf-8")
    return path


async def test_a_device_is_examined_as_its_interface_asks(tmp_path: Path) -> None:
    clock = ScaledClock(10.0)
    shown = {
        "active_power": 4200.0,
        "power_l1": 1400.0,
        "power_l2": -1400.0,
        "power_l3": 1400.0,
        "active_energy": 500.0,
    }

    def plant(now: int) -> Snapshot:
        return Snapshot({name: value + (now // SECOND) % 3 for name, value in shown.items()})

    source = load_profile("eastron-sdm630").document
    async with serve(source, plant, "127.0.0.1:0", clock) as url:
        path = device(tmp_path, url, settings={"periods": {"normal": 5}})
        report = await examine(resolve(path), clock, 60.0)
    told = {one.rule: one for one in report.findings}
    assert "phase 2 counts backwards" in told["TRV-D070"].message
    assert "power_l2" in told["TRV-D071"].message
    (every,) = re.findall(r"comes every ([0-9.]+) s, its signal asks for every 1 s", told["TRV-D062"].message)
    assert 4.0 < float(every) < 8.0, "asked every 5 s; a busy machine is late now and then"
    assert "TRV-D067" in told
    assert report.verdict == 1
    assert {row["output"]: row["judged"] for row in report.facts["outputs"]}["health"].startswith(("yes", "no"))
    json.dumps(report.tree())


def trace(name: str, values: Sequence[float], step: float = 1.0) -> Trace:
    times = [round(number * step * SECOND) for number in range(len(values))]
    return Trace([Sample(name, v, Status.GOOD, t, t, "d/e") for t, v in zip(times, values, strict=True)])


def sins(values: Mapping[str, Sequence[float]], off: float | None = None, **parameters: float) -> dict[str, Finding]:
    traces = {name: trace(name, column) for name, column in values.items()}
    return {one.rule: one for one in meter.check(traces, parameters, "hood-1", off)}


WORK = [40.0] * 20 + [4040.0] * 20 + [40.0] * 20 + [4040.0] * 20
HEATER = [0.0] * 20 + [1.0] * 20 + [0.0] * 20 + [1.0] * 20


def test_an_honest_meter_has_no_sins() -> None:
    parts = {f"power_l{phase}": [value / 3 for value in WORK] for phase in (1, 2, 3)}
    energy = [sum(WORK[:n]) / 3600 for n in range(len(WORK))]
    own = {"tank_heater": HEATER, "booster_heater": [0.0] * 80}
    assert not sins(
        {"active_power": WORK, "active_energy": energy, **parts, **own}, rated_power=11800.0, tank_heater_power=4000.0
    )


def test_a_missing_transformer_ratio_is_worked_out() -> None:
    small = [value / 40 for value in WORK]
    own = {"tank_heater": HEATER, "booster_heater": [0.0] * 80}
    told = sins({"active_power": small, **own}, rated_power=11800.0, tank_heater_power=4000.0)
    assert "`ct_ratio: 40`" in told["TRV-D072"].hint
    assert "TRV-D072" in sins({"active_power": [value * 5 for value in WORK]}, rated_power=11800.0)


def test_energy_that_does_not_fit_the_power_is_told() -> None:
    work = [4000.0] * 300
    energy = [n * 4000 / 3600 / 5 for n in range(300)]
    assert "TRV-D073" in sins({"active_power": work, "active_energy": energy})


def test_steps_that_are_not_the_appliances_own_are_told() -> None:
    foreign = list(WORK)
    for start in (8, 28, 48, 68):
        for index in range(start, start + 5):
            foreign[index] += 2500.0
    own = {"tank_heater": HEATER, "booster_heater": [0.0] * 80}
    assert "TRV-D074" in sins({"active_power": foreign, **own})
    assert "TRV-D074" not in sins({"active_power": WORK, **own})
    assert "TRV-D074" in sins({"active_power": WORK, "operation_mode": [1.0] * 80}, off=1.0)
    assert "TRV-D074" not in sins({"active_power": WORK, "operation_mode": [7.0] * 80}, off=1.0)


def test_the_same_of_several_things_is_one_finding() -> None:
    findings = [Finding("TRV-M111", f"d/e/p{n}", "is dead", "look", "note") for n in range(9)]
    (one,) = ordered([*findings, findings[0]])
    assert one.where == "d/e"
    assert one.message.startswith("p0, p1")
    assert "3 more" in one.message


def test_the_detective_is_asked_on_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    def fault(number: int, request: Request) -> str:
        value = 55.0 + 0.313 * number
        server.words.update({(1, 4, 100 + index): word for index, word in enumerate(reversed(split(value)))})
        return ""

    server = RawServer(words={(1, 4, address): 700 for address in range(90, 110)}, fault=fault)
    with served_apart(server) as port:
        words = ["doctor", f"modbus://127.0.0.1:{port}", "--detect", "ir:100", "--signal", "tank_temperature"]
        assert main([*words, "--for", "4", "--shows", "56.5", "--format", "json"]) == 0
        tree = json.loads(capsys.readouterr().out)
        assert main([*words[:-1], "no_such_signal"]) == 2
        assert main([*words[:3], "ir:60000", *words[4:], "--for", "1"]) in (0, 2)
    best = tree["facts"]["readings"][0]
    assert (best["type"], best["word order"], best["address"]) == ("float32", "little", "30101")
    assert tree["findings"][0]["rule"] == "TRV-M106"


def split(value: float) -> tuple[int, int]:
    high, low = struct.unpack(">HH", struct.pack(">f", value))
    return high, low


def test_a_device_that_is_not_there_gives_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = device(tmp_path, "modbus+tcp://127.0.0.1:9?unit=1")
    assert main(["doctor", str(path), "--for", "1"]) == 2
    out = capsys.readouterr().out
    assert "nothing answered" in out
    assert "TRV-D060" in out


def test_the_plan_is_printed_without_asking(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["doctor", "--plan", "eastron-sdm630"]) == 0
    assert capsys.readouterr().out
    assert main(["doctor", "--plan", str(device(tmp_path, "modbus+tcp://127.0.0.1:9?unit=1")), "--format", "json"]) == 0
    assert "meter" in json.loads(capsys.readouterr().out)["facts"]
    document = load_profile("eastron-sdm630").document
    one, url = reader("modbus://h")
    assert planned({"x": (one, target_of(one, url, document))}, "x").verdict == 0


def test_every_finding_is_explained() -> None:
    places = [*(ROOT / "sdk/trivet/commission").glob("*.py"), *(ROOT / "adapters/trivet_modbus").glob("*.py")]
    named = {rule for path in places for rule in re.findall(r'"(TRV-[DM]\d+)"', path.read_text("utf-8"))}
    assert len(named) > 30
    assert named <= rules().keys()


def test_a_url_without_a_profile_is_asked_who_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    with served_apart(RawServer(objects={0: b"ACME", 1: b"X1"})) as port:
        assert main(["doctor", f"modbus://127.0.0.1:{port}"]) == 0
    out = capsys.readouterr().out
    assert "ACME" in out
    assert "TRV-D069" in out
    assert main(["doctor", "modbus://127.0.0.1:9"]) == 2
    assert main(["doctor", "http://127.0.0.1"]) == 2


@pytest.mark.soak
@pytest.mark.parametrize("name", [name for name, one in profiles().items() if one.adapter == "modbus"])
async def test_no_shipped_profile_is_accused_of_anything(name: str) -> None:
    document, clock = load_profile(name).document, ScaledClock(5.0)
    async with serve(document, Exhibit(document), "127.0.0.1:0", clock) as url:
        report = await inspect(*reader(url), document, clock, QUICK)
    assert [str(one) for one in report.findings if one.severity != "note"] == []
