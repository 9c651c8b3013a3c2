"""Drafts of documents: what the source says is kept, what it does not say stays open."""

import io
import re
import shlex
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from test_imports_nodeset import KITCHEN
from trivet.build.nodes import Graph
from trivet.cli import main
from trivet.device.document import Profile
from trivet.errors import DataError, DocumentError, GraphError, TrivetError
from trivet.imports import OPEN, Wish, draft
from trivet.imports.names import snake
from trivet.interface.parse import parse_as
from trivet_modbus import adapter

WISH = Wish("my-machine", date(2026, 11, 20))

REGISTERS = """Acme meter, Modbus map,,,,
Register,Parameter,Data Type,Units,Scale,Function Code,R/W
0,Voltage L1,U16,V,0.1,4,R
0x0010,Active power,FLOAT,W,,4,R
18,Energy,UINT32,kWh,0.01,3,R
20,Reset,U16,,,3,W
22,Tank temperature,INT16,\u00b0C,0.1,3,R
30,Tank temperature,INT16,furlong,,3,R
,,,,,,
x,Broken,U16,,,3,R
"""


def mended(text: str, **answers: str) -> str:
    """What an author answers."""
    for place, answer in answers.items():
        text = text.replace(f'{place}: "?"', f"{place}: {answer}")
    return text.replace('"?"', '"said"')


def test_a_register_list_becomes_a_profile_that_binds(tmp_path: Path) -> None:
    path = tmp_path / "map.csv"
    path.write_text(REGISTERS, encoding="utf-8")
    text = draft(path, "registers", WISH)
    assert 'left out, cannot be read: "Reset"' in text
    assert '# left out: "x, Broken' in text
    profile = parse_as(Profile, mended(text, addressing="zero", word_order="big", unit="Cel"), "draft").document
    points = {name: adapter.point(point, profile) for name, point in profile.points.items()}
    assert set(points) == {"voltage_l1", "active_power", "energy", "tank_temperature", "tank_temperature_2"}
    voltage = profile.points["voltage_l1"]
    assert (voltage.unit, voltage.scale, voltage.at["table"], voltage.at["type"]) == ("V", 0.1, "input", "uint16")
    assert (profile.points["energy"].unit, profile.points["energy"].scale) == ("kW.h", 0.01)
    assert profile.points["tank_temperature"].unit == "Cel"
    assert points["active_power"].address == 16
    assert text.count('unit: "?"') == 1


def workbook(rows: list[list[str]]) -> bytes:
    """A small XLSX with shared strings, as spreadsheets write it."""
    strings = sorted({cell for row in rows for cell in row if cell})
    space = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    shared = "".join(f"<si><t>{text}</t></si>" for text in strings)
    body = ""
    for number, row in enumerate(rows, 1):
        cells = "".join(
            f'<c r="{chr(65 + place)}{number}" t="s"><v>{strings.index(cell)}</v></c>'
            for place, cell in enumerate(row)
            if cell
        )
        body += f'<row r="{number}">{cells}</row>'
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("xl/sharedStrings.xml", f"<sst {space}>{shared}</sst>")
        archive.writestr("xl/worksheets/sheet1.xml", f"<worksheet {space}><sheetData>{body}</sheetData></worksheet>")
    return made.getvalue()


def test_a_workbook_gives_what_its_csv_gives(tmp_path: Path) -> None:
    rows = [line.split(",") for line in REGISTERS.splitlines()]
    (tmp_path / "map.csv").write_text(REGISTERS, encoding="utf-8")
    (tmp_path / "map.xlsx").write_bytes(workbook(rows))
    of_csv, of_book = (draft(tmp_path / name, "registers", WISH) for name in ("map.csv", "map.xlsx"))
    assert of_csv.replace("map.csv", "") == of_book.replace("map.xlsx", "")


def test_a_recording_is_measured_and_its_units_are_asked_for(tmp_path: Path) -> None:
    rows = 300
    table: dict[str, Any] = {
        "time": pa.array(1_700_000_000_000_000_000 + np.arange(rows) * 2 * 10**9, pa.timestamp("ns", tz="UTC")),
        "Tank Temp": np.linspace(20, 65, rows),
        "mode": ["heating", "Ready now"] * (rows // 2),
        "remark": [f"note {n}" for n in range(rows)],
        "empty": pa.nulls(rows, pa.float64()),
    }
    pq.write_table(pa.table(table), tmp_path / "log.parquet")
    text = draft(tmp_path / "log.parquet", "table", WISH)
    tree = yaml.safe_load(text)
    assert tree["frame"] == 2
    tank = tree["signals"]["tank_temp"]
    assert (tank["unit"], tank["range"], tank["period"]) == (OPEN, [20, 65], 2)
    assert tree["signals"]["mode"]["enumeration"] == {"0": "ready_now", "1": "heating"}
    assert "remark" not in tree["signals"]
    assert '"empty" has no values' in text


def test_a_model_shows_its_ports(tmp_path: Path) -> None:
    g = Graph()
    first = g.op("Mul", "x", g.floats(2.0))
    (tmp_path / "model.onnx").write_bytes(g.model([("x", ("batch", 60, 3))], {"health": (first, ("batch", 60, 3))}))
    tree = yaml.safe_load(draft(tmp_path / "model.onnx", "onnx", WISH))
    assert list(tree["signals"]) == ["column_1", "column_2", "column_3"]
    assert tree["windows"]["recent"]["length"] == 60
    assert list(tree["outputs"]) == ["health"]


def test_an_open_draft_does_not_pass(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "map.csv").write_text(REGISTERS, encoding="utf-8")
    out = tmp_path / "draft.yaml"
    words = ["import", str(tmp_path / "map.csv"), "--from", "registers", "--id", "acme", "--out", str(out)]
    assert main(words) == 0
    assert main(["lint", str(out)]) == 1
    assert main(words) == 2
    assert "cannot be written" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "form", "content", "error"),
    [
        ("a.csv", "pictures", b"", DocumentError),
        ("a.csv", "registers", b"just,words\n1,2\n", DataError),
        ("a.csv", "registers", b"\xff\xfe", DataError),
        ("a.csv", "registers", b"address,name\n,\n", DataError),
        ("a.xlsx", "registers", b"not a zip", DataError),
        ("a.onnx", "onnx", b"not a model", GraphError),
        ("a.parquet", "table", b"nothing", DataError),
        ("a.csv", "table", b"when,x\n1,2\n", DataError),
    ],
)
def test_refused(name: str, form: str, content: bytes, error: type[TrivetError], tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(error):
        draft(tmp_path / name, form, WISH)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_workbook_with_entities_is_refused(encoding: str, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.xlsx", "w") as archive:
        text = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><worksheet>&b;</worksheet>'
        archive.writestr("xl/worksheets/sheet1.xml", text.encode(encoding))
    with pytest.raises(DataError, match="no plain sheet"):
        draft(tmp_path / "bomb.xlsx", "registers", WISH)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.text(max_size=12), min_size=3, max_size=3), max_size=6))
def test_any_cells_give_yaml_that_can_be_read(tmp_path: Path, rows: list[list[str]]) -> None:
    path = tmp_path / "map.csv"
    table = [["address", "name", "unit"], ["1", "first", "V"], *rows]
    text = "\n".join(",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in table)
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        made = draft(path, "registers", WISH)
    except TrivetError:
        return
    assert "first" in yaml.safe_load(made)["points"]


def test_names() -> None:
    assert snake("TankTemp (\u00b0C)") == "tank_temp_c"
    assert snake("3-phase power") == "value_3_phase_power"
    assert snake("Power", ["power", "power_2"]) == "power_3"
    assert snake("\u6e29\u5ea6") == "value"


DOCS = Path(__file__).parents[1] / "docs" / "data.md"


def test_the_commands_of_the_page_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    table: dict[str, Any] = {
        "time": pa.array(1_700_000_000_000_000_000 + np.arange(100) * 10**9, pa.timestamp("ns", tz="UTC")),
        "tank_temperature_1": np.linspace(60, 62, 100),
    }
    pq.write_table(pa.table(table), "recording.parquet")
    pa.csv.write_csv(pa.table(table), "recording.csv")
    Path("registers.csv").write_text(REGISTERS, encoding="utf-8")
    Path("machine.NodeSet2.xml").write_bytes(KITCHEN.read_bytes())
    g = Graph()
    Path("model.onnx").write_bytes(g.model([("x", ("batch", 3))], {"y": (g.op("Abs", "x"), ("batch", 3))}))
    commands = re.findall(r"^\$ trivet (.*)$", DOCS.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(commands) == 6
    for line in commands:
        assert main(shlex.split(line)) == 0
