"""Where readings come from, on every line: endpoint, profile, and what the source said of itself."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path

import jsonschema
import numpy as np
import pytest

import kitchen
from kits import kettles
from kits.sinks import Kept
from trivet import canonical
from trivet.device.clock import WallClock
from trivet.device.library import resolve
from trivet.interface.digest import document_digest
from trivet.pipeline.assemble import assemble
from trivet.pipeline.origins import CREDENTIALS, LONGEST_TEXT, MOST_TEXTS, Origins, declared
from trivet.pipeline.run import run
from trivet.pipeline.store import Store
from trivet.runtime.model import Model
from trivet.signals import Readings
from trivet_opcua.points import KITCHEN

SCHEMA = json.loads(resources.files("trivet_schemas").joinpath("line.schema.json").read_text())


def readings(provenance: dict[str, str], origin: str = "kettle-1/table") -> Readings:
    none = np.zeros(0, np.int64)
    return Readings((), none, np.zeros(0), np.zeros(0, np.uint32), none, none, origin, {}, provenance)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return kettles.furnish(tmp_path)


def test_documents_come_first(folder: Path) -> None:
    device = resolve(folder / "kettle-1.yaml")
    assert declared(device) == {
        "table": {
            "url": "replay:day.csv",
            "profile": {
                "id": "kettle-table",
                "version": "0.1.0",
                "digest": document_digest({**kitchen.PROFILE}),
            },
        }
    }


def test_no_credentials_get_onto_a_line() -> None:
    assert CREDENTIALS.sub(r"\1", "http://user:p@ss@host:1/a@b?c@d") == "http://host:1/a@b?c@d"
    assert CREDENTIALS.sub(r"\1", "replay:a@b.csv") == "replay:a@b.csv"
    assert CREDENTIALS.sub(r"\1", "modbus+tcp://host:502?unit=1") == "modbus+tcp://host:502?unit=1"


def test_a_session_is_noted_once_and_another_replaces_it() -> None:
    origins = Origins({"table": {"url": "x:"}, "meter": {"url": "y:"}})
    before = origins.tree
    origins.hear(readings({}))
    assert origins.tree is before
    first = {"server": "urn:a"}
    origins.hear(readings(first))
    kept = origins.tree
    assert kept == {"table": {"url": "x:", "session": first}, "meter": {"url": "y:"}}
    assert "session" not in before["table"], "lines keep what they were made with"
    origins.hear(readings(first))
    assert origins.tree is kept
    origins.hear(readings({"server": "urn:b"}))
    assert origins.tree["table"]["session"] == {"server": "urn:b"}
    origins.hear(readings({"server": "urn:c"}, "kettle-1/unknown"))
    assert set(origins.tree) == {"table", "meter"}


def test_a_servers_texts_are_bounded_and_can_be_written() -> None:
    origins = Origins({"table": {"url": "x:"}})
    said = {"Manufacturer": "\ud800" + "x" * 10_000, **{f"model {n}": "1" for n in range(1000)}}
    origins.hear(readings(said))
    session = origins.tree["table"]["session"]
    assert (len(session), len(session["Manufacturer"])) == (MOST_TEXTS, LONGEST_TEXT)
    canonical.dumps(origins.tree)


async def test_lines_of_an_opcua_device_name_server_models_and_mapping(folder: Path) -> None:
    clock, sink = WallClock(), Kept()
    model = Model.load(folder / "kettle.trivet", keys=(folder / "maker.pub",), home=folder / "home")
    async with kettles.served(clock) as url:
        ready = assemble(model, [kettles.device(folder, "boiler", url)], store=Store(None, model), clock=clock)
        await run(ready.judge, ready.sources, clock, [sink], until=5)
    validator = jsonschema.Draft202012Validator(SCHEMA)
    for line in sink.lines:
        validator.validate(line)
        assert set(line["origins"]) == {"controller"}
        canonical.dumps(line)
    told = sink.of("prediction")[-1]["origins"]["controller"]
    assert (told["url"], told["profile"]["id"]) == (url, "kettle-opcua")
    session = told["session"]
    assert (session["endpoint"], session["policy"]) == (url, "none")
    assert session[f"model {KITCHEN}"].startswith("1.0")
    assert len(session["mapping"]) == 64
    assert session["Manufacturer"]
    assert len(canonical.dumps(sink.of("prediction")[-1])) < 3000
