"""Thing Descriptions with OPC UA forms in another's hands: node-wot reads our server by one.

node-wot 0.8 speaks an older vocabulary than OPC 10101 (``opcua:nodeId`` for ``uav:browsePath`` and ``?id=``) and has no
words for namespace URIs and types of devices, only indices, which are a server's own. So what stands between our forms
and it is written out below: it looks up the URIs in the server's NamespaceArray and the device by its type, with
node-opcua and with nothing but what the Thing Description says.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from test_export_interop import node, run
from test_export_wot_interop import described, read, signal
from trivet.device.adapter import Snapshot
from trivet.device.clock import WallClock
from trivet.device.library import load_profile
from trivet_opcua import adapter
from trivet_opcua.server import serve

pytestmark = pytest.mark.interop

__all__ = ["node"]

CONSUMER = """
const fs = require("fs");
const { Servient } = require("@node-wot/core");
const { OPCUAClientFactory } = require("@node-wot/binding-opcua");
const { OPCUAClient } = require("node-opcua");
const [file, ...names] = process.argv.slice(2);
const td = JSON.parse(fs.readFileSync(file, "utf8"));

const indexed = (text, uris) => text.replace(/^nsu=(.*);([^;]+)$/, (_, uri, name) => {
  if (!uris.includes(uri)) throw new Error("the server has no namespace " + uri);
  return uris.indexOf(uri) + ":" + name;
});

async function typed(session, type, start = "i=85", depth = 3) {
  const result = await session.browse({ nodeId: start, resultMask: 63, nodeClassMask: 1 });
  for (const one of result.references || []) {
    const kind = await session.read({ nodeId: one.typeDefinition, attributeId: 3 });
    if (kind.value.value && `${kind.value.value.namespaceIndex}:${kind.value.value.name}` === type)
      return one.nodeId.toString();
    const below = depth && (await typed(session, type, one.nodeId, depth - 1));
    if (below) return below;
  }
}

async function inItsWords(session, form) {
  const uris = (await session.readNamespaceArray()).map(String);
  const words = { href: form.href.split("/?id=")[0], op: ["readproperty"], contentType: "application/json" };
  const id = new URL(form.href).searchParams.get("id");
  if (id) {
    const [, uri, rest] = /^nsu=(.*);(.=.*)$/.exec(id);
    return { ...words, "opcua:nodeId": `ns=${uris.indexOf(uri)};${rest}` };
  }
  const parts = form["uav:browsePath"].replace(/^\\/Objects\\//, "").split(/\\/(?=nsu=)/);
  const path = parts.map((part) => indexed(part, uris));
  const root = form["trivet:type"] ? await typed(session, indexed(form["trivet:type"], uris)) : "i=85";
  if (!root) throw new Error("no device is of type " + form["trivet:type"]);
  return { ...words, "opcua:nodeId": { root, path: "/" + path.join("/") } };
}

(async () => {
  const client = OPCUAClient.create({ endpointMustExist: false, connectionStrategy: { maxRetry: 1 } });
  await client.connect(td.properties[names[0]].forms[0].href.split("/?id=")[0]);
  const session = await client.createSession();
  for (const name of names) td.properties[name].forms = [await inItsWords(session, td.properties[name].forms[0])];
  await session.close();
  await client.disconnect();
  const servient = new Servient();
  servient.addClientFactory(new OPCUAClientFactory());
  const thing = await (await servient.start()).consume(td);
  const got = {};
  for (const name of names) got[name] = await (await thing.readProperty(name)).value();
  console.log("\\nread " + JSON.stringify(got));
  process.exit(0);
})().catch((error) => { console.error(error); process.exit(1); });
"""

WASHER: dict[str, float | str] = {
    "operation_mode": "operation",
    "program_mode": "cleaning_1",
    "tank_count": 2.0,
    "tank_temperature_1": 62.0,
    "tank_temperature_2": 58.0,
    "rinse_temperature": 84.0,
    "tank_setpoint_1": 60.0,
}


@pytest.mark.parametrize("fillers", [(), ("urn:before:all:others",)], ids=["", "other-indices"])
async def test_node_wot_reads_what_we_read(fillers: tuple[str, ...], node: Path, tmp_path: Path) -> None:
    if not (node / "node_modules" / "@node-wot" / "binding-opcua").is_dir():
        pytest.skip("node-wot's OPC UA binding is not installed; `make interop` does it")
    (tmp_path / "consume.cjs").write_text(CONSUMER)
    (tmp_path / "node_modules").symlink_to(node / "node_modules")
    name = "opc30200-dishwashing-machine"
    source = load_profile(name).document
    plant = serve(source, lambda now: Snapshot(WASHER), "127.0.0.1:0", WallClock(), fillers=fillers)
    async with asyncio.timeout(120), plant as url:
        description = described(tmp_path, name, url, settings="{security: none}")
        ours = await read(tmp_path, WASHER, adapter)
        done = await asyncio.to_thread(run, "node", "consume.cjs", description, *WASHER, cwd=tmp_path)
    theirs = json.loads(done.rpartition("read ")[2])
    told = json.loads(description.read_text())["properties"]
    assert {column: signal(told[column], value) for column, value in theirs.items()} == pytest.approx(ours)
    numbers = {column: value for column, value in WASHER.items() if not isinstance(value, str)}
    assert {column: ours[column] for column in numbers} == pytest.approx(numbers)
    states = {choice["const"]: choice["title"] for choice in told["operation_mode"]["oneOf"]}
    assert states[theirs["operation_mode"]] == "operation"
