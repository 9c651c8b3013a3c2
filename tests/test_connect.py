"""`trivet connect`: who is asked, what is proposed, and that the proposal works; against real servers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from kits.apart import served_apart
from kits.modbus import profile
from servers.modbus_raw import RawServer, Request, running
from trivet.cli import main
from trivet.commission.connect import Answer, ask, is_meter, profiles, propose
from trivet.commission.cycles import found_cycles, overrides, thresholds
from trivet.commission.propose import look, resolved, runs, target, text, with_thresholds
from trivet.commission.urls import reader
from trivet.device.adapter import Found, Snapshot
from trivet.device.clock import ScaledClock
from trivet.device.document import Device, Point, Profile
from trivet.device.library import load_interface, load_profile
from trivet.errors import ConnectError, DocumentError, ReadError
from trivet.interface.document import When
from trivet.interface.parse import parse_as
from trivet.signals import SECOND
from trivet_modbus import identity
from trivet_modbus.server import serve

DISHWASHER, METER = "trivet-dishwasher-modbus", "eastron-sdm630"
SHOWN: Mapping[str, float | str] = {"tank_temperature_1": 61.5, "rinse_temperature": 83.0, "active_power": 4200.0}


class Cycling:
    """A machine that takes 5 kW for 90 s and 40 W for 150 s."""

    def __init__(self, clock: ScaledClock) -> None:
        self.begin = clock.now()

    def __call__(self, now: int) -> Snapshot:
        second = (now - self.begin) // SECOND
        busy = 30 <= second % 240 < 120
        power = (5000.0 if busy else 40.0) + second % 7
        return Snapshot({"active_power": power, **{f"power_l{n}": power / 3 for n in (1, 2, 3)}})


def test_a_url_finds_its_adapter() -> None:
    assert reader("modbus://h?unit=3")[1] == "modbus+tcp://h?unit=3"
    assert reader("modbus+rtu:///dev/ttyUSB0?unit=3")[0].name == "modbus"
    assert reader("opc.tcp://h:4840")[0].name == "opcua"
    with pytest.raises(DocumentError, match="no adapter"):
        reader("http://h")


async def test_only_the_unit_that_is_named_is_asked() -> None:
    server = RawServer(objects={0: b"ACME", 1: b"trivet-dishwasher-modbus", 2: b"2.1"})
    async with running(server):
        (answer,) = await ask(f"modbus://127.0.0.1:{server.port}?unit=3", profiles())
    assert {request.unit for request in server.log} == {3}
    assert answer.profile == DISHWASHER
    assert answer.found.nameplate["manufacturer"] == "ACME"
    assert answer.found.url == f"modbus+tcp://127.0.0.1:{server.port}?unit=3"


async def test_a_profile_is_found_by_what_a_register_shows() -> None:
    mine = replace(
        profile({"model": Point(at={"table": "holding", "address": 7, "type": "uint16"})}), match={"model": "202"}
    )
    server = RawServer(words={(1, 3, 7): 202})
    async with running(server):
        url = f"modbus://127.0.0.1:{server.port}"
        (answer,) = await ask(url, {"mine": mine})
        server.words[1, 3, 7] = 214
        (other,) = await ask(url, {"mine": mine})
    assert answer.profile == "mine"
    assert other.profile == ""
    assert other.found.findings[0].rule == "TRV-M102"


async def test_silence_and_a_closed_port_are_errors_with_advice() -> None:
    server = RawServer(fault=lambda number, request: "exception 11")
    async with running(server):
        with pytest.raises(ReadError, match="unit 9 does not answer"):
            await ask(f"modbus://127.0.0.1:{server.port}?unit=9", {})
    with pytest.raises(ConnectError):
        await ask(f"modbus://127.0.0.1:{server.port}", {})


def test_a_scan_finds_units_and_warns(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(identity, "UNITS", range(1, 8))
    monkeypatch.setattr(identity, "PACE", 0.0)

    def fault(number: int, request: Request) -> str:
        return "" if request.unit in (3, 5) else "exception 11"

    with served_apart(RawServer(objects={0: b"ACME", 1: b"eastron-sdm630"}, fault=fault)) as port:
        assert main(["connect", f"modbus://127.0.0.1:{port}", "--scan"]) == 0
    out = capsys.readouterr().out
    assert "another master" in out
    assert "unit=3" in out
    assert "unit=5" in out
    assert "unit=4" not in out
    assert "2 units found" in out


def test_no_fitting_profile_says_what_to_do(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with served_apart(RawServer(objects={0: b"ACME", 1: b"unheard of"})) as port:
        assert main(["connect", f"modbus://127.0.0.1:{port}", "--as", "x"]) == 2
    out = capsys.readouterr().out
    assert "--detect" in out
    assert "--profiles" in out
    assert not list(tmp_path.iterdir())


def answer(name: str, url: str, found: str = "", **keys: object) -> Answer:
    document = load_profile(name).document
    return Answer(reader(url)[0], url, Found(url, found, {"manufacturer": "ACME"}, (name,), keys), name, document)


def test_a_controller_and_its_meter_become_one_device() -> None:
    controller = answer(DISHWASHER, "modbus+tcp://a?unit=1")
    meter = answer(METER, "modbus+tcp://a?unit=2")
    assert is_meter(meter.document)
    assert not is_meter(controller.document)
    (made,) = propose("hood-1", [controller, meter])
    assert made.interface.id == "commercial-dishwasher"
    assert list(made.tree["endpoints"]) == ["controller", "meter"]
    document = parse_as(Device, text(made.tree), "hood-1.yaml").document
    assert document.appliance.manufacturer == "ACME"
    assert resolved(made, Path())[1].fitted >= {"tank_temperature_1", "active_power"}


def test_of_two_offers_the_meter_has_what_is_electrical() -> None:
    first = answer(METER, "modbus+tcp://a?unit=2")
    (made,) = propose("twice", [first, answer(METER, "modbus+tcp://a?unit=3")])
    assert made.tree["bind"]["active_power"] == "meter.active_power"
    assert {finding.rule for finding in made.findings} == {"TRV-D082"}
    resolved(made, Path())


def test_a_server_with_three_appliances_proposes_three_devices() -> None:
    url = "opc.tcp://h:4840"
    founds = [
        answer(
            "opc30200-dishwashing-machine", url, name, instances={"DishWashingMachineDeviceType": name}, security="none"
        )
        for name in ("Washer 1", "Washer 2", "Washer 3")
    ]
    made = propose("hall", [*founds, answer(METER, "modbus+tcp://a?unit=2")])
    assert [one.name for one in made] == ["hall-1", "hall-2", "hall-3"]
    endpoints = [one.tree["endpoints"]["controller"] for one in made]
    assert {one["url"] for one in endpoints} == {url}
    assert [one["instances"]["DishWashingMachineDeviceType"] for one in endpoints] == [
        "Washer 1",
        "Washer 2",
        "Washer 3",
    ]
    assert all(one["settings"] == {"security": "none"} for one in endpoints)
    assert "TRV-D081" in {finding.rule for finding in made[0].findings}
    for one in made:
        resolved(one, Path())


def test_nothing_is_overwritten_and_names_are_ids(tmp_path: Path) -> None:
    (made,) = propose("hood-1", [answer(DISHWASHER, "modbus+tcp://a?unit=1")])
    path = target(made, tmp_path, force=False)
    path.write_text("mine", encoding="utf-8")
    with pytest.raises(DocumentError, match="exists"):
        target(made, tmp_path, force=False)
    assert target(made, tmp_path, force=True) == path
    with pytest.raises(DocumentError, match="no name"):
        propose("Hood 1", [answer(DISHWASHER, "modbus+tcp://a?unit=1")])
    with pytest.raises(DocumentError, match="no profile"):
        propose("hood-1", [])


def test_a_profile_of_a_folder_is_named_by_its_path(tmp_path: Path) -> None:
    source = Path(load_profile(METER).where)
    (tmp_path / "maps").mkdir()
    (tmp_path / "maps" / "mine.yaml").write_text(source.read_text("utf-8"), encoding="utf-8")
    known = profiles(str(tmp_path / "maps"))
    name = str(tmp_path / "maps" / "mine.yaml")
    found = Answer(reader("modbus://a")[0], "modbus://a", Found("modbus+tcp://a"), name, known[name])
    (made,) = propose("mine", [found], folder=tmp_path)
    assert made.tree["endpoints"]["meter"]["profile"] == "maps/mine.yaml"
    resolved(made, tmp_path)


async def test_values_are_shown_and_cycles_proposed_from_power() -> None:
    clock = ScaledClock(200.0)
    source: Profile = load_profile(METER).document
    async with serve(source, Cycling(clock), "127.0.0.1:0", clock) as url:
        (made,) = propose("hood-1", await ask(url, profiles()))
        seen, binding = await look(made, Path(), clock, 900.0)
    final, found = with_thresholds(made, binding, seen)
    assert found is not None
    assert 60 < found.below < found.above < 5000
    window = final.tree["windows"]["cycle"]
    assert window["opens_when"][0]["above"] == found.above
    parse_as(Device, text(final.tree), "hood-1.yaml")
    (run,) = runs(final, binding, seen)
    whole = [span for span, is_whole in zip(run.spans, run.whole, strict=True) if is_whole]
    assert len(whole) >= 2
    # At 200 times real time a busy machine may lose the poll that ends one of them.
    assert 80 <= np.median([length for _, length in whole]) <= 100


def test_thresholds_need_two_levels() -> None:
    dice = np.random.default_rng(1)
    assert thresholds(dice.normal(100.0, 2.0, 500)) is None
    assert thresholds(np.full(10, 5.0)) is None
    two = np.concatenate([dice.normal(30, 2, 300), dice.normal(4000, 300, 200)])
    found = thresholds(two)
    assert found is not None
    assert [found.idle, found.busy] == pytest.approx([30.0, 4000.0], rel=0.1)
    interface = load_interface("commercial-dishwasher").document
    assert set(overrides(interface, found)) == {"cycle"}
    opens, closes = When(signal="active_power", above=400), When(signal="active_power", below=300)
    trace = np.concatenate([np.full(50, 30.0), np.full(60, 3000.0), np.full(50, 30.0)])
    (cycle,) = found_cycles(interface, "cycle", opens, closes, {"active_power": trace})
    assert (cycle.opened, cycle.closed, cycle.cut) == (50, 110, False)


def test_the_document_is_plain_yaml() -> None:
    (made,) = propose("hood-1", [answer(DISHWASHER, "modbus+tcp://a?unit=1")])
    assert yaml.safe_load(text(made.tree)) == made.tree


async def test_devices_at_one_modbus_address_share_one_connection() -> None:
    server = RawServer()
    async with running(server):
        url = f"modbus+tcp://127.0.0.1:{server.port}"
        made = [propose(f"hood-{n}", [answer(METER, f"{url}?unit={n}")])[0] for n in (1, 2)]
        clock = ScaledClock(5.0)
        looks = await asyncio.gather(*(look(one, Path(), clock, 5.0) for one in made))
    assert all(seen.traces for seen, _ in looks)
    assert server.accepted == 1
    assert {request.unit for request in server.log} == {1, 2}
