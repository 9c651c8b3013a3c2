"""A client that shares no code with ours reads the same values from any simulated profile."""

from __future__ import annotations

import pytest

from trivet.commission.exhibit import Exhibit
from trivet.device.adapter import Snapshot
from trivet.device.clock import ScaledClock
from trivet.device.library import load_profile
from trivet.interface.library import shipped
from trivet_modbus import adapter
from trivet_modbus.points import ModbusPoint, point
from trivet_modbus.settings import parse_url

pytestmark = pytest.mark.interop
TYPES = {"int16", "uint16", "int32", "uint32", "int64", "uint64", "float32", "float64"}
NAMES = sorted(name for name in shipped("profile") if load_profile(name).document.adapter == "modbus")


@pytest.mark.parametrize("name", NAMES)
async def test_pymodbus_reads_what_a_profile_shows(name: str) -> None:
    client_module = pytest.importorskip("pymodbus.client")
    source = load_profile(name).document
    still = Exhibit(source)(0)
    typed = {key: made for key, one in source.points.items() for made in point(one, source).instances()}
    assert adapter.serve is not None
    compared = 0
    async with adapter.serve(source, lambda now: Snapshot(still.values), "127.0.0.1:0", ScaledClock(1.0)) as url:
        host, port, unit = parse_url(url)
        client = client_module.AsyncModbusTcpClient(host, port=port)
        await client.connect()
        for key, one in typed.items():
            shown = still.values.get(source.points[key].signal or key) if key in source.points else None
            if one.type not in TYPES or not isinstance(shown, float) or one.repeat:
                continue
            compared += 1
            exponent = still.values.get(one.scale_register or "", 0.0)
            assert isinstance(exponent, float)
            raw = await read(client, one, unit)
            assert (raw * one.scale + one.offset) * 10**exponent == pytest.approx(shown, abs=one.scale, rel=1e-6), key
        client.close()
    assert compared


async def read(client: object, one: ModbusPoint, unit: int) -> float:
    """A raw number as pymodbus fetches and decodes it."""
    call = client.read_input_registers if one.table.value == "input" else client.read_holding_registers  # type: ignore[attr-defined]
    answer = await call(one.address, count=one.words, device_id=unit)
    kind = getattr(client.DATATYPE, one.type.upper())  # type: ignore[attr-defined]
    order = "little" if one.word_order == "little" else "big"
    return float(client.convert_from_registers(answer.registers, kind, word_order=order))  # type: ignore[attr-defined]
