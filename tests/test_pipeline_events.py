"""Events: noted once, kept in a file of lines, and what a repair does to a model's memory."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import kitchen
from test_pipeline_store import MEMORY, model
from trivet.cli import main
from trivet.device.document import EventRecord
from trivet.errors import DataError
from trivet.pipeline.events import Events, instant
from trivet.pipeline.store import Store
from trivet.signals import SECOND


def event(**more: str) -> EventRecord:
    return EventRecord(**{"kind": "event", "format": 0, "device": "dish", "event": "repaired", **more})  # type: ignore[arg-type]


def test_events_come_back_in_the_order_in_which_they_were_noted(tmp_path: Path) -> None:
    events = Events(tmp_path)
    first = event(start="2026-03-02T08:00:00Z", subject="booster_scale", by="Ana", note="1 mm")
    events.add(first)
    assert events.of("dish") == (first,)
    second = event(start="2026-03-01T08:00:00Z", event="cleaned")
    events.add(second)
    assert events.of("dish") == (first, second)
    assert Events(tmp_path).of("dish") == (first, second)
    assert events.of("other") == ()


def test_times_are_exact() -> None:
    assert instant("1970-01-01T01:00:01.000007+01:00") == SECOND + 7000


@pytest.mark.parametrize(
    ("kind", "start", "renewed"),
    [
        ("repaired", "2023-11-14T22:13:21Z", True),
        ("descaled", "2023-11-14T22:13:21Z", True),
        ("part", "2023-11-14T22:13:21Z", True),
        ("cleaned", "2023-11-14T22:13:21Z", False),
        ("fault", "2023-11-14T22:13:21Z", False),
        ("repaired", "2023-11-14T22:13:19Z", False),  # before the last close: learnt already
        ("repaired", "2023-11-14T22:14:21Z", False),  # after this window opened: it is half old, half new
    ],
)
def test_only_a_repair_between_two_windows_starts_a_memory_anew(
    tmp_path: Path, kind: str, start: str, renewed: bool
) -> None:
    events = Events(tmp_path)
    events.add(event(event=kind, start=start))
    store = Store(None, model(), events)
    assert store.renewed("dish", MEMORY, 1_700_000_003 * SECOND) is renewed
    assert not store.renewed("dish", store.initial(), 1_700_000_003 * SECOND)


def test_a_broken_line_is_named_and_nothing_is_lost(tmp_path: Path) -> None:
    events = Events(tmp_path)
    path = events.add(event(start="2026-03-02T08:00:00Z"))
    path.write_bytes(path.read_bytes() + b'{"kind": "event"}\n')
    before = path.read_bytes()
    with pytest.raises(DataError, match=r"jsonl:2: an event.*format"):
        events.of("dish")
    assert path.read_bytes() == before


def test_half_a_line_is_still_being_written_and_a_broken_file_stops_a_run_before_it_begins(tmp_path: Path) -> None:
    events = Events(tmp_path)
    path = events.add(event(start="2026-03-02T08:00:00Z"))
    path.write_bytes(path.read_bytes() + b'{"kind": "ev')
    assert len(events.of("dish")) == 1
    path.write_bytes(path.read_bytes() + b"\n")
    with pytest.raises(DataError, match="jsonl:2"):
        Store(None, model(), events).load("dish")


def test_no_device_id_leaves_the_folder_or_shares_a_file(tmp_path: Path) -> None:
    events = Events(tmp_path / "events")
    paths = {events.path(name) for name in ("../../evil", "a/b", "a_b", "a b", "")}
    assert len(paths) == 5
    assert {path.parent for path in paths if path} == {tmp_path / "events"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TRIVET_HOME", str(tmp_path / "home"))
    return kitchen.furnish(tmp_path, counting=True)


def counted(folder: Path) -> list[str]:
    """The state digests of a run."""
    words = ["run", str(folder / "kettle.trivet"), str(folder / "kettle-1.yaml"), "--out", str(folder / "lines.jsonl")]
    assert main([*words, "--trust", str(folder / "maker.pub")]) == 0
    made = [json.loads(line) for line in (folder / "lines.jsonl").read_bytes().splitlines()]
    return [line["state"] for line in made if line["kind"] == "prediction"]


def test_a_repaired_device_is_learnt_anew(folder: Path) -> None:
    untouched = counted(folder)
    for path in (folder / "home" / "state").iterdir():
        path.unlink()
    words = ["note", str(folder / "kettle-1.yaml"), "--part", "heater", "--from", "2026-01-01T00:00:30Z", "--by", "Ana"]
    assert main(words) == 0
    renewed = counted(folder)
    assert renewed[:30] == untouched[:30]
    assert len(set(renewed)) < len(renewed)  # it counts from the beginning again


def test_note_lists_what_was_noted_and_refuses_faults_that_nobody_knows(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    device = str(folder / "kettle-1.yaml")
    assert main(["note", device, "--descaled", "--from", "2026-01-02T00:00:00+01:00", "--by", "Ana"]) == 0
    assert "noted: kettle-1 descaled since" in capsys.readouterr().out
    assert main(["note", device]) == 0
    assert capsys.readouterr().out == "2026-01-02T00:00:00+01:00  descaled  (confirmed, says Ana)\n"
    assert main(["note", device, "--cleaned", "filter", "--from", "yesterday"]) == 2
    assert "not a time with its offset" in capsys.readouterr().err


def test_a_fault_of_another_interface_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    device = tmp_path / "dish.yaml"
    device.write_text(
        "kind: device\nformat: 0\nid: dish-1\ninterface: {id: commercial-dishwasher, version: 0.9.0}\n"
        "endpoints: {meter: {profile: eastron-sdm630, url: 'modbus+tcp://127.0.0.1:1502?unit=1'}}\n"
    )
    home = ["--home", str(tmp_path / "home")]
    assert main(["note", str(device), "--fault", "rust", *home]) == 2
    assert "'rust' is no fault of commercial-dishwasher" in capsys.readouterr().err
    assert main(["note", str(device), "--fault", "booster_scale", "--certainty", "likely", *home]) == 0
