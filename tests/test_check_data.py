"""Recorded data against an interface, from every kind of file, with what people get wrong in them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trivet.check import rows as reading
from trivet.check.data import Judged, Wishes, validate
from trivet.check.suspects import suspect
from trivet.cli import main
from trivet.device.library import load_interface, load_profile
from trivet.errors import DataError, TrivetError
from trivet.interface.columns import columns

INTERFACE = load_interface("commercial-dishwasher").document
START = 1_700_000_000_000_000_000
ROWS = 600


def columns_of(**changes: Any) -> dict[str, Any]:
    """A healthy recording at 1 Hz, with changes."""
    rng = np.random.default_rng(0)
    healthy = {
        "time": pa.array(START + np.arange(ROWS) * 10**9, pa.timestamp("ns", tz="UTC")),
        "tank_temperature_1": 61 + rng.normal(0, 0.2, ROWS),
        "active_power": np.abs(rng.normal(4000, 100, ROWS)),
        "operation_mode": np.where(np.arange(ROWS) < 300, "heating", "ready"),
    }
    return {**healthy, **changes}


def written(folder: Path, kind: str = "parquet", **changes: Any) -> Path:
    table = pa.table(columns_of(**changes))
    path = folder / f"data.{kind}"
    if kind == "parquet":
        pq.write_table(table, path)
    elif kind == "csv":
        pa.csv.write_csv(table, path)
    elif kind == "arrow":
        with pa.ipc.new_file(path, table.schema) as sink:
            sink.write_table(table)
    else:
        rows = [{**row, "time": row["time"].isoformat()} for row in table.to_pylist()]
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def rules(judged: Judged) -> list[str]:
    return [finding.rule for finding in judged.verdict.findings]


@pytest.mark.parametrize("kind", ["parquet", "csv", "arrow", "jsonl"])
def test_healthy_data_have_no_findings(kind: str, tmp_path: Path) -> None:
    judged = validate(INTERFACE, written(tmp_path, kind))
    assert rules(judged) == []
    assert judged.rows == ROWS
    assert {name: tally.quality for name, tally in judged.tallies.items()} == {
        "tank_temperature_1": 1.0,
        "active_power": 1.0,
        "operation_mode": 1.0,
    }
    assert judged.tallies["active_power"].period == pytest.approx(1.0)


@pytest.mark.parametrize("rows", [1, 7, 64, 1000])
def test_the_batch_size_has_no_meaning(rows: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    power = np.abs(np.random.default_rng(1).normal(4000, 100, ROWS))
    power[100:110], power[200], power[300:400] = np.nan, -1e9, np.nan
    path = written(tmp_path, active_power=pa.array(power, from_pandas=True))
    whole = validate(INTERFACE, path)
    monkeypatch.setattr(reading, "BATCH", rows)
    parts = validate(INTERFACE, path)
    assert parts.verdict == whole.verdict
    for name, tally in whole.tallies.items():
        other = parts.tallies[name]
        assert (tally.known, tally.outside, tally.gaps, tally.longest) == (
            other.known,
            other.outside,
            other.gaps,
            other.longest,
        )


@pytest.mark.parametrize(
    ("factor", "offset", "reason"),
    [(1.8, 32.0, "[degF]"), (1.0, 273.15, "`K`"), (10.0, 0.0, "scale of 0.1"), (100.0, 0.0, "scale of 0.01")],
)
def test_unit_mistakes_of_a_temperature(factor: float, offset: float, reason: str, tmp_path: Path) -> None:
    wrong = (61 + np.random.default_rng(0).normal(0, 0.2, ROWS)) * factor + offset
    judged = validate(INTERFACE, written(tmp_path, tank_temperature_1=wrong))
    assert rules(judged)[:2] == ["TRV-D094", "TRV-D095"]
    assert reason in judged.verdict.findings[1].message


def test_pressure_in_psi() -> None:
    signal = columns(INTERFACE)["rinse_pressure"]
    found = suspect(signal, np.full(100, 30.0))
    assert found is not None
    assert found.share == 1.0
    assert suspect(signal, np.full(100, 3.0)) is None
    assert suspect(signal, np.zeros(0)) is None


def test_each_mistake_is_named_with_its_first_offender(tmp_path: Path) -> None:
    power = np.full(ROWS, 4000.0)
    power[20] = 1e9
    mode = ["heating"] * ROWS
    mode[30] = "boiling"
    times = START + np.arange(ROWS) * 10**9
    times[500:] += 3600 * 10**9
    judged = validate(
        INTERFACE,
        written(
            tmp_path,
            time=pa.array(times, pa.timestamp("ns", tz="UTC")),
            active_power=power,
            operation_mode=mode,
            remark=["x"] * ROWS,
        ),
    )
    messages = {finding.rule: finding.message for finding in judged.verdict.findings}
    assert "1e+09 in row 21 at 2023-11-14T22:13:40.000Z" in messages["TRV-D094"]
    assert "boiling in row 31" in messages["TRV-D096"]
    assert "3601 s" in messages["TRV-D097"]
    assert "'remark'" in messages["TRV-D091"]
    assert not judged.verdict.good


def test_slow_empty_and_unordered(tmp_path: Path) -> None:
    times = START + np.arange(ROWS) * 8 * 10**9
    times[10] = times[8]
    empty = pa.nulls(ROWS, pa.float64())
    judged = validate(INTERFACE, written(tmp_path, time=pa.array(times, pa.timestamp("ns")), active_power=empty))
    assert {"TRV-D090", "TRV-D093", "TRV-D098"} <= set(rules(judged))
    assert judged.verdict.good


def test_cells_that_are_no_numbers(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("time,active_power\n2026-01-01T00:00:00Z,4000\n2026-01-01T00:00:01Z,error\n2026-01-01T00:00:02Z,\n")
    judged = validate(INTERFACE, path)
    assert rules(judged) == ["TRV-D092"]
    assert "error in row 2" in judged.verdict.findings[0].message
    assert judged.tallies["active_power"].known == 1


def test_states_by_code(tmp_path: Path) -> None:
    codes = {state: int(code) for code, state in columns(INTERFACE)["operation_mode"].enumeration.items()}
    judged = validate(INTERFACE, written(tmp_path, operation_mode=[float(codes["ready"])] * ROWS))
    assert rules(judged) == []


def test_times_in_numbers_need_a_unit(tmp_path: Path) -> None:
    path = written(tmp_path, time=np.arange(ROWS) + 1_700_000_000)
    with pytest.raises(DataError, match="--time-unit"):
        validate(INTERFACE, path)
    assert rules(validate(INTERFACE, path, Wishes(unit="s"))) == []


@pytest.mark.parametrize(
    ("name", "content", "match"),
    [
        ("data.xlsx", b"x", "no known kind"),
        ("data.parquet", b"PAR1 no", "cannot be read as parquet"),
        ("data.jsonl", b'{"time": 1}\nnot json\n', "data.jsonl:2"),
        ("data.jsonl", b"[1]\n", "no object"),
        ("data.csv", b"a,b\n1,2\n", "no column of commercial-dishwasher"),
        ("data.csv", b"active_power\n1\n", "no column 'time'"),
        ("data.csv", b"time,active_power\nnoon,1\n", "is no time"),
    ],
)
def test_refused(name: str, content: bytes, match: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=match):
        validate(INTERFACE, tmp_path / name)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300), st.sampled_from(["csv", "jsonl", "parquet", "arrow"]))
def test_garbage_ends_in_a_refusal(tmp_path: Path, content: bytes, kind: str) -> None:
    path = tmp_path / f"garbage.{kind}"
    path.write_bytes(b"time,active_power\n" + content if kind == "csv" else content)
    try:
        validate(INTERFACE, path)
    except TrivetError:
        return


def test_a_table_profile_names_and_converts(tmp_path: Path) -> None:
    (tmp_path / "table.yaml").write_text(
        "kind: profile\nformat: 0\nid: logger\nversion: 0.1.0\ntitle: {en: A logger}\nadapter: replay\n"
        "source: {document: a logger, date: '2026-01-01', confidence: tested}\n"
        "settings: {time: {column: stamp}}\n"
        "points:\n"
        "  tank: {at: {column: 'tank {n}'}, unit: '[degF]', signal: tank_temperature, repeat: {max: 2}}\n"
        "  power: {at: {column: kW}, unit: kW, signal: active_power, sentinels: [-1]}\n",
        encoding="utf-8",
    )
    (tmp_path / "log.csv").write_text(
        "stamp,tank 1,tank 2,kW\n2026-01-01T00:00:00Z,142,140,4\n2026-01-01T00:00:01Z,143,141,-1\n", encoding="utf-8"
    )
    profile = load_profile(str(tmp_path / "table.yaml")).document
    judged = validate(INTERFACE, tmp_path / "log.csv", Wishes(time="stamp", profile=profile))
    assert rules(judged) == []
    assert judged.tallies["tank_temperature_2"].lowest == pytest.approx(60.0)
    assert judged.tallies["active_power"].highest == pytest.approx(4000.0)
    assert judged.tallies["active_power"].known == 1


def test_the_verb(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "commercial-dishwasher", str(written(tmp_path))]) == 0
    assert "tank_temperature_1" in capsys.readouterr().out
    bad = str(written(tmp_path, tank_temperature_1=np.full(ROWS, 142.0)))
    assert main(["validate", "commercial-dishwasher", bad]) == 1
    assert "look like `[degF]`" in capsys.readouterr().out
    assert main(["validate", "commercial-dishwasher", bad, "--format", "json"]) == 1
    assert json.loads(capsys.readouterr().out)["signals"]["tank_temperature_1"]["outside"] == ROWS
    assert main(["validate", "commercial-dishwasher", str(tmp_path / "absent.parquet")]) == 2
