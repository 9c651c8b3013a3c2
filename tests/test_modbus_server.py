"""The simulated controller: how a plant becomes registers, and what it answers to anything else."""

from __future__ import annotations

import asyncio
import contextlib
import math
import random
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kits.modbus import profile, target
from trivet.device.adapter import Snapshot
from trivet.device.clock import ScaledClock
from trivet.device.document import Point, PointRepeat
from trivet.errors import AdapterError, DocumentError
from trivet.signals import SECOND, Condition, Readings, Status
from trivet_modbus import adapter
from trivet_modbus.address import Table
from trivet_modbus.image import Image
from trivet_modbus.server import Controller, serve

HOLDING, INPUT, COIL = Table.HOLDING, Table.INPUT, Table.COIL


def at(address: int, kind: str = "int16", table: str = "holding", **more: int) -> dict[str, object]:
    return {"table": table, "address": address, "type": kind, **more}


PROFILE = profile(
    {
        "temperature": Point(at=at(0), unit="Cel", scale=0.1, sentinels=(-32768.0,), signal="temperature"),
        "power": Point(at=at(1, "float32"), unit="W", signal="power"),
        "racks": Point(at=at(3, "uint32"), signal="racks"),
        "mode": Point(at=at(5, "uint16"), signal="mode", enumeration={"7": "washing", "3": "idle", "9": "idle"}),
        "probe": Point(at=at(8), signal="probe", repeat=PointRepeat(max=2, stride=2), sentinels=(32767.0,)),
        "strict": Point(at=at(20), signal="strict"),
        "fault_a": Point(at=at(30, "bit", bit=0, severity=700)),
        "fault_b": Point(at=at(30, "bit", bit=9, severity=700)),
        "name": Point(at=at(40, "string", count=4)),
        "door": Point(at=at(5, "bool", "coil"), signal="door", enumeration={"0": "closed", "1": "open"}),
        "pump": Point(at=at(14, "bool", "coil"), signal="pump"),
    },
    forbidden=[{"table": "holding", "from": 12, "to": 13}],
)


def shown(values: dict[str, float | str], status: dict[str, int] | None = None, *conditions: Condition) -> Image:
    image = Image(PROFILE)
    image.show(Snapshot(values, status or {}, conditions))
    return image


def register(image: Image, address: int, count: int = 1) -> bytes:
    data = image.read(HOLDING, address, count)
    assert isinstance(data, bytes)
    return data


def test_values_are_scaled_and_packed() -> None:
    image = shown({"temperature": -12.3, "power": 230.5, "racks": 70000.0, "mode": "washing", "probe_2": 5.0})
    assert register(image, 0) == struct.pack(">h", -123)
    assert register(image, 1, 2) == struct.pack(">f", 230.5)
    assert register(image, 3, 2) == struct.pack(">I", 70000)
    assert register(image, 5) == struct.pack(">H", 7)
    assert register(image, 8, 3) == struct.pack(">hhh", 32767, 0, 5)


def test_a_state_with_two_codes_is_served_as_the_first() -> None:
    assert register(shown({"mode": "idle"}), 5) == struct.pack(">H", 3)


def test_bad_and_missing_values_show_as_not_available() -> None:
    bad = {"temperature": int(Status.BAD_SENSOR_FAILURE), "power": int(Status.BAD_SENSOR_FAILURE)}
    for image in (shown({"temperature": 20.0, "power": 1.0}, bad), shown({}), shown({"power": math.inf})):
        assert register(image, 0) == struct.pack(">h", -32768)
        assert math.isnan(struct.unpack(">f", register(image, 1, 2))[0])


def test_a_bad_value_that_cannot_be_told_is_a_device_failure() -> None:
    image = shown({"strict": 5.0}, {"strict": int(Status.BAD_SENSOR_FAILURE)})
    assert image.read(HOLDING, 20, 1) == 4
    assert image.read(HOLDING, 14, 10) == 4
    assert register(image, 0, 6)
    assert register(shown({}), 20) == b"\0\0"


def test_an_unknown_state_is_a_device_failure() -> None:
    assert shown({"mode": "dancing"}).read(HOLDING, 5, 1) == 4


def test_values_beyond_the_type_stop_at_its_end() -> None:
    assert register(shown({"temperature": 9999.0}), 0) == struct.pack(">h", 32767)
    assert register(shown({"temperature": -9999.0}), 0) == struct.pack(">h", -32768)
    assert register(shown({"racks": -5.0}), 3, 2) == bytes(4)
    assert register(shown({"power": 1e300}), 1, 2) == struct.pack(">f", 3.4028234663852886e38)


def test_conditions_are_bits() -> None:
    def condition(name: str, active: bool) -> Condition:
        return Condition(name, active, None, 700, name, 0, 0, "plant")

    image = shown({}, None, condition("fault_b", True), condition("fault_a", False), condition("other", True))
    assert register(image, 30) == struct.pack(">H", 1 << 9)


def test_coils_are_packed_lowest_first() -> None:
    image = shown({"door": "open", "pump": 1.0})
    assert image.read(COIL, 5, 10) == bytes([0b0000_0001, 0b0000_0010])
    assert image.read(COIL, 14, 1) == b"\x01"


@pytest.mark.parametrize(
    ("table", "address", "count"),
    [(HOLDING, 44, 1), (HOLDING, 40, 5), (HOLDING, 12, 1), (HOLDING, 5, 9), (INPUT, 0, 1)],
)
def test_addresses_that_are_not_there(table: Table, address: int, count: int) -> None:
    assert shown({}).read(table, address, count) == 2


def test_unused_addresses_in_between_read_as_zero() -> None:
    assert register(shown({}), 14, 6) == bytes(12)


@pytest.mark.parametrize(
    ("request_pdu", "answer"),
    [
        ("03 0003 0002", "03 04 00000005"),
        ("03 0000 0000", "83 03"),
        ("03 0000 007e", "83 03"),
        ("01 0000 07d1", "81 03"),
        ("03 0000", "83 03"),
        ("03 ffff 0002", "83 02"),
        ("06 0003 0001", "86 01"),
        ("05 0005 ff00", "85 01"),
        ("10 0003 0001 02 0001", "90 01"),
        ("16 0003 0000 0000", "96 01"),
        ("17 0000 0001 0003 0001 02 0001", "97 01"),
        ("2b 0d", "ab 01"),
        ("2b 0e 05 00", "ab 03"),
        ("08 0000 1234", "88 01"),
    ],
)
def test_answer(request_pdu: str, answer: str) -> None:
    controller = Controller(PROFILE, lambda now: Snapshot({"racks": 5.0}), ScaledClock(1.0))
    assert controller.answer(1, bytes.fromhex(request_pdu)) == bytes.fromhex(answer)
    assert controller.answer(2, bytes.fromhex(request_pdu))[1:] == b"\x0b"
    assert controller.answer(1, bytes.fromhex("03 0003 0002")) == bytes.fromhex("03 04 00000005")


@given(st.integers(0, 255), st.binary(min_size=1, max_size=253))
def test_any_request_has_an_answer(unit: int, data: bytes) -> None:
    answer = Controller(PROFILE, lambda now: Snapshot({}), ScaledClock(1.0)).answer(unit, data)
    assert 2 <= len(answer) <= 253


def test_the_plant_is_asked_ten_times_a_second_at_most() -> None:
    calls: list[int] = []

    def values(now: int) -> Snapshot:
        calls.append(now)
        return Snapshot({})

    class Stepped(ScaledClock):
        time = 0

        def now(self) -> int:
            return self.time

    clock = Stepped(1.0)
    controller = Controller(PROFILE, values, clock)
    for tenth_of_refresh in range(35):
        clock.time = tenth_of_refresh * SECOND // 100
        controller.answer(1, bytes.fromhex("03 0003 0002"))
    assert calls == [0, SECOND // 10, 2 * SECOND // 10, 3 * SECOND // 10]
    clock.time = 49 * SECOND // 100
    controller.answer(1, bytes.fromhex("03 0003 0002"))
    clock.time = SECOND // 2
    controller.answer(1, bytes.fromhex("03 0003 0002"))
    assert calls[-1] == SECOND // 2, "what was looked at before a whole tenth is not shown after it"


async def test_hostile_bytes_end_their_connection_and_no_other() -> None:
    dice = random.Random(7)  # noqa: S311 # noise, repeatable
    async with serve(PROFILE, lambda now: Snapshot({"racks": 5.0}), "127.0.0.1:0", ScaledClock(1.0)) as url:
        port = int(url.split(":")[2].split("?")[0])
        for size in (1, 7, 8, 300, 5000):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"\x00\x01\xff\xff" + dice.randbytes(size))
            writer.write_eof()
            async with asyncio.timeout(10):
                with contextlib.suppress(ConnectionResetError):
                    assert len(await reader.read()) < 1000
            writer.close()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(bytes.fromhex("0001 0000 0006 01 03 0003 0002 0002 0000 0006 01 03 00"))
        writer.write(bytes.fromhex("03 0002"))
        async with asyncio.timeout(10):
            answers = await reader.readexactly(26)
        writer.close()
    assert answers == bytes.fromhex("0001 0000 0007 01 03 04 00000005 0002 0000 0007 01 03 04 00000005")


async def test_our_client_reads_our_server() -> None:
    values: dict[str, float | str] = {
        "temperature": 61.5,
        "power": 1500.0,
        "racks": 12.0,
        "mode": "washing",
        "pump": 1.0,
    }
    async with (
        asyncio.timeout(10),
        serve(PROFILE, lambda now: Snapshot(values, {"power": 0x8000_0000}), "127.0.0.1:0", ScaledClock(1.0)) as url,
    ):
        stream = adapter.connect(target(PROFILE, url), ScaledClock(1.0))
        seen: dict[str, tuple[float, str]] = {}
        while len(seen) < 9:
            item = await anext(stream)
            if isinstance(item, Readings):
                seen |= {sample.name: (sample.value, sample.reason) for sample in item.samples()}
        await stream.aclose()  # type: ignore[attr-defined] # connect gives an asynchronous generator
    assert seen["temperature"][0] == pytest.approx(61.5)
    assert math.isnan(seen["power"][0])
    assert seen["power"][1] == "not_a_number"
    assert (seen["racks"], seen["mode"], seen["pump"]) == ((12.0, ""), (7.0, ""), (1.0, ""))
    assert seen["probe_1"][1] == "sentinel"


async def test_identify_reads_the_profile_back() -> None:
    assert adapter.identify is not None
    async with serve(PROFILE, lambda now: Snapshot({}), "127.0.0.1:0", ScaledClock(1.0)) as url:
        (told,) = await adapter.identify(url, {})
    assert told.nameplate == {"manufacturer": "Trivet simulator", "product_code": "test-meter", "revision": "0.1.0"}


async def test_a_taken_port_and_a_wrong_address_are_named() -> None:
    clock = ScaledClock(1.0)
    async with serve(PROFILE, lambda now: Snapshot({}), "127.0.0.1:0", clock) as url:
        taken = url.removeprefix("modbus+tcp://").split("?")[0]
        with pytest.raises(AdapterError, match="cannot listen"):
            async with serve(PROFILE, lambda now: Snapshot({}), taken, clock):
                pass
    for wrong in ("", "127.0.0.1", "127.0.0.1:x", ":502", "127.0.0.1:70000"):
        with pytest.raises(DocumentError, match="no address"):
            async with serve(PROFILE, lambda now: Snapshot({}), wrong, clock):
                pass
