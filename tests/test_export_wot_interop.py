"""Thing Descriptions in others' hands: the playground accepts them, node-wot reads our Modbus server by one."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from test_export import subject
from test_export_forms import properties
from test_export_interop import node, run
from trivet.device.adapter import Adapter, Snapshot
from trivet.device.clock import ScaledClock, WallClock
from trivet.device.library import load_profile, resolve
from trivet.export import export
from trivet.signals import Readings
from trivet_modbus import adapter
from trivet_modbus.server import serve

pytestmark = pytest.mark.interop

__all__ = ["node"]

VALIDATOR = """
import fs from "fs";
import playground from "@thing-description-playground/core";
for (const file of process.argv.slice(2)) {
  const { report } = await playground.tdValidator(fs.readFileSync(file, "utf8"), () => {}, { checkJsonLd: false });
  const failed = Object.entries(report).filter(([, verdict]) => verdict === "failed");
  if (failed.length || report.schema !== "passed") throw new Error(file + JSON.stringify(report));
}
console.log("accepted");
"""

CONSUMER = """
const fs = require("fs");
const { Servient } = require("@node-wot/core");
const { ModbusClientFactory } = require("@node-wot/binding-modbus");
(async () => {
  const servient = new Servient();
  servient.addClientFactory(new ModbusClientFactory());
  const wot = await servient.start();
  const thing = await wot.consume(JSON.parse(fs.readFileSync(process.argv[2], "utf8")));
  const read = {};
  for (const name of process.argv.slice(3)) read[name] = await (await thing.readProperty(name)).value();
  console.log("\\nread " + JSON.stringify(read));
  await servient.shutdown();
  process.exit(0);
})();
"""

WASHER: dict[str, float | str] = {
    "tank_temperature_1": 61.5,
    "rinse_temperature": -3.5,
    "rack_count": 70000.0,
    "operation_mode": "operation",
    "tank_heater": "on",
    "door_open": "closed",
}
METER: dict[str, float | str] = {"active_power": 4321.5, "active_energy": 1234500.0, "voltage_l1": 230.5}

ORDERS = """
kind: profile
format: 0
id: orders
version: 0.1.0
title: {en: All orders}
adapter: modbus
source: {document: test, date: '2026-11-20', confidence: own}
settings: {addressing: zero}
points:
  a: {at: {table: holding, address: 0, type: float32}, unit: V, signal: voltage_l1}
  b: {at: {table: holding, address: 2, type: float32, word_order: little}, unit: V, signal: voltage_l2}
  c: {at: {table: holding, address: 4, type: float32, byte_order: little}, unit: V, signal: voltage_l3}
  d:
    at: {table: input, address: 6, type: float32, word_order: little, byte_order: little}
    unit: A
    signal: current_l1
  e: {at: {table: input, address: 8, type: uint32, word_order: little}, signal: rack_count}
  f: {at: {table: input, address: 10, type: float64, word_order: little}, unit: W, signal: active_power}
  g:
    at: {table: holding, address: 20, type: int16, byte_order: little}
    unit: Cel
    scale: 0.1
    signal: rinse_temperature
"""
MIXED: dict[str, float | str] = {
    "voltage_l1": 230.5,
    "voltage_l2": 231.25,
    "voltage_l3": 229.75,
    "current_l1": 1.5,
    "rack_count": 70000.0,
    "active_power": 4321.5,
    "rinse_temperature": -3.5,
}


def described(folder: Path, profile: str, url: str, settings: str = "{}") -> Path:
    """The Thing Description of a device with one endpoint."""
    properties(folder, f"one: {{profile: {profile}, url: '{url}', settings: {settings}}}")
    made = export(subject()._replace(device=resolve(folder / "machine.yaml")), "wot")
    path = folder / f"{Path(profile).stem}.td.jsonld"
    path.write_bytes(made["machine.td.jsonld"])
    return path


def test_the_playground_accepts_thing_descriptions(node: Path, tmp_path: Path) -> None:
    urls = {
        "trivet-dishwasher-modbus": "modbus+tcp://127.0.0.1:502?unit=3",
        "eastron-sdm630": "modbus+rtu:///dev/ttyUSB0?unit=1",
        "opc30200-dishwashing-machine": "opc.tcp://127.0.0.1:4840",
    }
    made = [described(tmp_path, profile, url) for profile, url in urls.items()]
    (tmp_path / "check.mjs").write_text(VALIDATOR)
    (tmp_path / "node_modules").symlink_to(node / "node_modules")
    assert "accepted" in run("node", "check.mjs", *made, cwd=tmp_path)


@pytest.mark.parametrize(
    ("name", "shown"),
    [("trivet-dishwasher-modbus", WASHER), ("eastron-sdm630", METER), ("orders.yaml", MIXED)],
    ids=["washer", "meter", "orders"],
)
async def test_node_wot_reads_what_we_read(
    name: str, shown: dict[str, float | str], node: Path, tmp_path: Path
) -> None:
    if not (node / "node_modules" / "@node-wot" / "binding-modbus").is_dir():
        pytest.skip("node-wot is not installed; `make interop` does it")
    (tmp_path / "consume.cjs").write_text(CONSUMER)
    (tmp_path / "node_modules").symlink_to(node / "node_modules")
    (tmp_path / "orders.yaml").write_text(ORDERS)
    source = load_profile(name, tmp_path).document
    async with asyncio.timeout(60), serve(source, lambda now: Snapshot(shown), "127.0.0.1:0", WallClock()) as url:
        description = described(tmp_path, name, url)
        ours = await read(tmp_path, shown)
        done = await asyncio.to_thread(run, "node", "consume.cjs", description, *shown, cwd=tmp_path)
    theirs: dict[str, Any] = json.loads(done.rpartition("read ")[2])
    told = json.loads(description.read_text())["properties"]
    assert {column: signal(told[column], value) for column, value in theirs.items()} == pytest.approx(ours)
    numbers = {column: value for column, value in shown.items() if not isinstance(value, str)}
    assert {column: ours[column] for column in numbers} == pytest.approx(numbers)


async def read(folder: Path, shown: dict[str, float | str], reader: Adapter = adapter) -> dict[str, float]:
    """Columns as our own adapter reads them, states as the controller's codes."""
    (target,) = resolve(folder / "machine.yaml").targets.values()
    names = {spec.signal: point for point, spec in target.profile.points.items() if spec.signal}
    wanted = {
        column: names.get(column) or "_".join([names[column.rpartition("_")[0]], column.rpartition("_")[2]])
        for column in shown
    }
    got: dict[str, float] = {}
    async for item in reader.connect(target, ScaledClock(20.0)):
        if isinstance(item, Readings):
            got |= {item.sample(row).name: item.sample(row).value for row in range(len(item))}
        if set(wanted.values()) <= set(got):
            break
    return {column: got[point] for column, point in wanted.items()}


def signal(told: dict[str, Any], value: float | bool) -> float:
    """What a client makes of a raw value with nothing but the Thing Description."""
    return float(value) * float(told.get("trivet:scale", 1)) + float(told.get("trivet:offset", 0))
