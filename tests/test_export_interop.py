"""Each export through that ecosystem's own tool: compilers, validators, OPC UA stacks. Needs Debian and npm peers."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import trivet_opcua
from test_export import SCENARIOS, subject
from trivet.export import export
from trivet.export.frame import pack

pytestmark = pytest.mark.interop

C_READER = """
#include <math.h>
#include <stdio.h>
#include "{header}"
int main(int count, char **names) {{
    trivet_commercial_dishwasher_frame frame;
    FILE *file = count > 1 ? fopen(names[1], "rb") : NULL;
    if (file == NULL || fread(&frame, sizeof frame, 1, file) != 1) return 1;
    printf("%lld %.1f %d %d\\n", (long long)frame.time_ns, frame.tank_temperature_1_Cel, frame.operation_mode,
           isnan(frame.rinse_temperature_Cel) != 0);
    return frame.operation_mode == TRIVET_COMMERCIAL_DISHWASHER_OPERATION_MODE_HEATING ? 0 : 2;
}}
"""

TS_CLIENT = """
import {{ readFileSync }} from "node:fs";
import {{ DIGEST, OperationModeCodes, type Frame, type Line }} from "./{module}";
const frame: Frame = {{ time: "2026-01-01T00:00:00Z", tank_temperature_1: 61.5, operation_mode: "heating" }};
for (const text of readFileSync(process.argv[2], "utf8").trim().split("\\n")) {{
  const line: Line = JSON.parse(text);
  if (line.kind === "checkpoint") continue; // about the log, not about an appliance
  if (line.interface !== DIGEST) throw new Error("another interface");
  if (line.kind === "prediction") console.log("health", line.outputs.health, "clog", line.outputs.fault?.filter_clog);
  if (line.kind === "decision") console.log(line.rule, line.state);
}}
console.log(OperationModeCodes[frame.operation_mode!]);
"""

VALIDATORS = """
import fs from "fs";
import { Parser } from "@asyncapi/parser";
import playground from "@thing-description-playground/core";
const problems = [];
for (const file of fs.readdirSync(process.argv[2])) {
  const text = fs.readFileSync(process.argv[2] + "/" + file, "utf8");
  if (file.endsWith(".asyncapi.json")) {
    const { document, diagnostics } = await new Parser().parse(text);
    if (!document) problems.push(file, ...diagnostics.map((one) => one.message));
  }
  if (file.endsWith(".tm.jsonld")) {
    const { report } = await playground.tmValidator(text, () => {}, { checkJsonLd: false });
    if (report.schema !== "passed") problems.push(file, JSON.stringify(report));
  }
}
if (problems.length) throw new Error(problems.join("\\n"));
console.log("accepted");
"""

LOADER = """
const opcua = require("node-opcua");
(async () => {
  const space = opcua.AddressSpace.create();
  const known = [opcua.nodesets.standard, opcua.nodesets.di, opcua.nodesets.commercialKitchenEquipment];
  await opcua.generateAddressSpace(space, [...known, process.argv[2]]);
  const index = space.getNamespaceIndex(process.argv[3]);
  const type = space.getNamespace(index).findObjectType(process.argv[4]);
  const organizedBy = space.rootFolder.objects;
  const made = type.instantiate({ browseName: "One", organizedBy, optionals: process.argv.slice(5) });
  console.log("made " + made.getComponents().map((one) => one.browseName.name).join(" "));
  space.dispose();
})();
"""

ASYNCUA = """
import asyncio, sys
from asyncua import Server

async def main():
    server = Server()
    await server.init()
    for file in sys.argv[2:]:
        await server.import_xml(file)
    index = await server.get_namespace_index(sys.argv[1])
    kind = server.get_node(f"ns={index};i=1000")
    made = await server.nodes.objects.add_object(index, "One", objecttype=kind, instantiate_optional=True)
    print("made", len(await made.get_children()))

asyncio.run(main())
"""


@pytest.fixture(scope="module")
def node() -> Path:
    """A folder with the npm peers, as `make interop` installs them."""
    folder = Path(os.environ.get("TRIVET_EXPORT_PEERS", ""))
    if not (folder / "node_modules" / "typescript").is_dir():
        pytest.skip("typescript, asyncapi and thing description tools are not installed; `make interop` does it")
    return folder


def written(name: str, form: str, folder: Path) -> list[Path]:
    paths = []
    for file, data in export(subject(name), form).items():
        (folder / file).write_bytes(data)
        paths.append(folder / file)
    return paths


def run(*words: str | Path, cwd: Path | None = None) -> str:
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False, cwd=cwd)  # noqa: S603
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


@pytest.mark.parametrize("name", SCENARIOS)
@pytest.mark.parametrize("compiler", ["gcc -std=c99", "gcc -std=c11", "g++ -std=c++11", "g++ -std=c++17"])
def test_the_header_compiles_without_a_warning(name: str, compiler: str, tmp_path: Path) -> None:
    if not shutil.which(compiler.split()[0]):
        pytest.skip(f"{compiler} is not installed")
    (header,) = written(name, "c", tmp_path)
    language = "c++" if "++" in compiler else "c"
    flags = ("-Wall", "-Wextra", "-Werror", "-pedantic", "-fsyntax-only", "-x", language)
    run(*compiler.split(), *flags, header)


def test_a_c_program_reads_a_frame(tmp_path: Path) -> None:
    if not shutil.which("gcc"):
        pytest.skip("gcc is not installed")
    (header,) = written("commercial-dishwasher", "c", tmp_path)
    (tmp_path / "reader.c").write_text(C_READER.format(header=header.name))
    run("gcc", "-std=c99", "-Wall", "-Werror", "reader.c", "-o", "reader", "-lm", cwd=tmp_path)
    frame: dict[str, float | str | None] = {"tank_temperature_1": 61.5, "operation_mode": "heating"}
    (tmp_path / "frame.bin").write_bytes(pack(subject().interface, 1_700_000_000_000_000_000, frame))
    assert run(tmp_path / "reader", tmp_path / "frame.bin").split() == ["1700000000000000000", "61.5", "4", "1"]


def test_a_typescript_client_reads_lines(node: Path, tmp_path: Path) -> None:
    (module,) = written("commercial-dishwasher", "typescript", tmp_path)
    (tmp_path / "client.mts").write_text(TS_CLIENT.format(module=module.stem + ".mjs"))
    module.rename(module.with_suffix(".mts"))
    (tmp_path / "node_modules").symlink_to(node / "node_modules")
    flags = "--strict --target es2022 --module nodenext --moduleResolution nodenext --types node --skipLibCheck"
    run(node / "node_modules" / ".bin" / "tsc", *flags.split(), "client.mts", cwd=tmp_path)
    told = {"interface": subject().digest, "time": "2026-01-01T00:00:00.000Z"}
    lines = [
        {**told, "kind": "decision", "rule": "fault", "state": "watch"},
        {**told, "kind": "prediction", "outputs": {"health": 0.5, "fault": {"filter_clog": 0.75}}},
    ]
    (tmp_path / "lines.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert run("node", "client.mjs", "lines.jsonl", cwd=tmp_path).splitlines() == [
        "fault watch",
        "health 0.5 clog 0.75",
        "4",
    ]


def test_asyncapi_and_thing_models_are_accepted_by_their_validators(node: Path, tmp_path: Path) -> None:
    made = tmp_path / "made"
    made.mkdir()
    for name in SCENARIOS:
        for form in ("asyncapi", "wot"):
            written(name, form, made)
    (tmp_path / "check.mjs").write_text(VALIDATORS)
    (tmp_path / "node_modules").symlink_to(node / "node_modules")
    assert run("node", "check.mjs", made, cwd=tmp_path).strip() == "accepted"


@pytest.mark.parametrize("name", SCENARIOS)
def test_openapi_is_accepted_by_its_validator(name: str, tmp_path: Path) -> None:
    validator = os.environ.get("TRIVET_OPENAPI_VALIDATOR")
    if not validator:
        pytest.skip("openapi-spec-validator is not installed; `make interop` does it")
    (file,) = written(name, "openapi", tmp_path)
    assert "OK" in run(validator, file)


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_nodeset_loads_beside_the_kitchen_models_in_asyncua(name: str, tmp_path: Path) -> None:
    (file,) = written(name, "nodeset", tmp_path)
    script = tmp_path / "load.py"
    script.write_text(ASYNCUA)
    shipped = Path(trivet_opcua.__file__).parent / "nodesets"
    kitchen = [shipped / f"Opc.Ua.{model}.NodeSet2.xml" for model in ("Di", "CommercialKitchenEquipment")]
    shown = run(sys.executable, script, f"urn:trivet:nodeset:{name}", *kitchen, file)
    assert int(shown.split("made ")[-1]) >= len(subject(name).interface.outputs)


def test_the_nodeset_loads_in_node_opcua(tmp_path: Path) -> None:
    modules = os.environ.get("NODE_PATH", "")
    if not (Path(modules) / "node-opcua").is_dir():
        pytest.skip("node-opcua is not installed; `make interop` does it")
    (file,) = written("commercial-dishwasher", "nodeset", tmp_path)
    (tmp_path / "load.js").write_text(LOADER)
    kind = "CommercialDishwasherPredictionType"
    shown = run(
        "node", tmp_path / "load.js", file, "urn:trivet:nodeset:commercial-dishwasher", kind, "Health", "Novelty"
    )
    assert "made Health Novelty" in shown


def test_arrow_says_the_units() -> None:
    import pyarrow as pa

    schema = pa.ipc.open_stream(next(iter(export(subject(), "arrow").values()))).schema
    assert schema.field("tank_temperature_1").metadata[b"unit"] == b"Cel"
    assert str(schema.field("time").type) == "timestamp[ns, tz=UTC]"
