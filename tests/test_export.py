"""Exports of both scenarios, and of documents that try to get out of their quotes."""

import json
import math
import re
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trivet.cli import main
from trivet.device.library import load_interface
from trivet.errors import DocumentError
from trivet.export import FORMATS, Subject, export
from trivet.export.frame import UNKNOWN_STATE, layout, pack, size_of, unpack
from trivet.export.identifiers import RESERVED, c_name
from trivet.export.line import frame_schema, line_schema
from trivet.interface.columns import columns
from trivet.interface.digest import document_digest
from trivet.interface.document import Interface, Output, Signal

SCENARIOS = ("commercial-dishwasher", "cooking-appliance")

HOSTILE = (
    "*/ int main(void) { /*",
    "</script><script>alert(1)</script>",
    "\\\nnew line */ \u202e right to left",
    "a | b | [x](javascript:alert(1)) `code` <img src=x onerror=alert(1)>",
    "?? /\\",
    "]]> <!-- & \" '",
)


def subject(name: str = "commercial-dishwasher", language: str = "en") -> Subject:
    parsed = load_interface(name)
    return Subject(parsed.document, document_digest(parsed.tree), None, language)


def hostile(text: str) -> Subject:
    """The dishwasher with a text in every label."""
    given = subject()
    labels = {"en": text}
    signals = {name: replace(signal, label=labels) for name, signal in given.interface.signals.items()}
    outputs = {name: relabelled(spec, labels) for name, spec in given.interface.outputs.items()}
    return given._replace(interface=replace(given.interface, title=labels, signals=signals, outputs=outputs))


def relabelled(spec: Output, labels: dict[str, str]) -> Output:
    classes = {name: replace(cls, label=labels, remedy=labels) for name, cls in spec.classes.items()}
    return replace(spec, label=labels, classes=classes)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("name", SCENARIOS)
def test_equal_documents_give_equal_bytes(name: str, form: str) -> None:
    made = export(subject(name), form)
    assert made == export(subject(name), form)
    assert all(data.strip() for data in made.values())
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+", file) for file in made)


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(DocumentError, match="no format 'xls'"):
        export(subject(), "xls")


@pytest.mark.parametrize("name", SCENARIOS)
def test_schemas_are_schemas(name: str) -> None:
    for schema in (line_schema(subject(name)), frame_schema(subject(name))):
        jsonschema.Draft202012Validator.check_schema(schema)


def test_a_line_schema_knows_the_outputs() -> None:
    schema = line_schema(subject())
    outputs = next(kind["properties"]["outputs"] for kind in schema["oneOf"] if "outputs" in kind["properties"])
    check = jsonschema.Draft202012Validator(outputs)
    assert check.is_valid({"health": 0.5, "fault": {"none": 0.9, "unknown": None}, "novelty": None})
    assert not check.is_valid({"health": 1.5})
    assert not check.is_valid({"wealth": 0.5})
    assert not check.is_valid({"fault": {"gremlins": 1.0}})


@pytest.mark.parametrize("text", HOSTILE)
def test_no_label_leaves_its_comment(text: str) -> None:
    given = hostile(text)
    header = next(iter(export(given, "c").values())).decode()
    module = next(iter(export(given, "typescript").values())).decode()
    for source in (header, module):
        assert "int main" not in re.sub(r"/\*.*?\*/|//[^\n]*", "", source, flags=re.DOTALL)
        assert "\u202e" not in source
    assert re.sub(r"/\*.*?\*/", "", header, flags=re.DOTALL).count("int64_t") == 1


@pytest.mark.parametrize("text", HOSTILE)
def test_no_label_becomes_markup(text: str) -> None:
    given = hostile(text)
    page = next(iter(export(given, "html").values())).decode()
    assert "<script" not in page
    assert "<img" not in page
    markdown = next(iter(export(given, "markdown").values())).decode()
    assert "<" not in markdown
    assert "](javascript" not in markdown.replace("\\]\\(", "")
    widths = {line.replace("\\|", "").count("|") for line in markdown.splitlines() if line.startswith("| health")}
    assert widths == {7}


@settings(max_examples=25, deadline=None)
@given(st.text(max_size=60))
def test_xml_and_json_take_any_label(text: str) -> None:
    given = hostile(text or " ")
    ElementTree.fromstring(next(iter(export(given, "nodeset").values())))  # noqa: S314 # our own text
    for form in ("json-schema", "openapi", "asyncapi", "wot"):
        for data in export(given, form).values():
            json.loads(data)


@given(
    st.from_regex(r"[a-z][a-z0-9_]{0,20}", fullmatch=True), st.sampled_from(["1", "Cel", "W.h", "L/min", "%", "[degF]"])
)
def test_c_names(name: str, unit: str) -> None:
    made = c_name(name, unit)
    assert re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", made)
    assert made not in RESERVED


def test_names_of_units() -> None:
    assert c_name("tank_temperature", "Cel") == "tank_temperature_Cel"
    assert c_name("flow", "L/min") == "flow_L_per_min"
    assert c_name("energy", "W.h") == "energy_W_h"
    assert c_name("load", "%") == "load_percent"
    assert c_name("int") == "int_"


def values(interface: Interface) -> st.SearchStrategy[dict[str, Any]]:
    def of(signal: Signal) -> st.SearchStrategy[Any]:
        known: st.SearchStrategy[Any] = st.floats(*signal.range, width=32)
        if signal.enumeration:
            known = st.sampled_from(sorted(signal.enumeration.values()))
        elif signal.counter:
            known = st.floats(*signal.range)
        return st.none() | known

    return st.fixed_dictionaries({name: of(signal) for name, signal in columns(interface).items()})


DISHWASHER = subject().interface


@given(st.integers(0, 2**62), values(DISHWASHER))
def test_a_frame_comes_back(time: int, frame: dict[str, Any]) -> None:
    data = pack(DISHWASHER, time, frame)
    assert unpack(DISHWASHER, data) == (time, frame)


def test_a_frame_of_nothing_is_all_unknown() -> None:
    fields = layout(DISHWASHER)
    _, got = unpack(DISHWASHER, pack(DISHWASHER, 0, {"operation_mode": math.nan, "door_open": "ajar"}))
    assert set(got.values()) == {None}
    assert size_of(fields) == fields[-1].offset + fields[-1].size
    assert UNKNOWN_STATE.to_bytes(2, "little", signed=True) in pack(DISHWASHER, 0, {})
    with pytest.raises(DocumentError, match="bytes"):
        unpack(DISHWASHER, b"")


def test_the_order_of_a_document_has_no_meaning() -> None:
    turned = replace(DISHWASHER, signals=dict(reversed(list(DISHWASHER.signals.items()))))
    assert layout(turned) == layout(DISHWASHER)


def test_pages_speak_other_languages() -> None:
    german = next(iter(export(subject(language="de"), "html").values())).decode()
    chinese = next(iter(export(subject(language="zh-Hans"), "markdown").values())).decode()
    assert "<h2>Ausgaben</h2>" in german
    assert '<html lang="de">' in german
    assert "## 输出" in chinese


DOCS = Path(__file__).parents[1] / "docs" / "exports.md"


def test_the_commands_and_code_of_the_page_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = DOCS.read_text(encoding="utf-8")
    for line in re.findall(r"^\$ trivet (.*)$", text, re.MULTILINE):
        assert main(shlex.split(line)) == 0
    assert len(list((tmp_path / "made").iterdir())) == 10
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102 # the page's own example
    assert names["values"]["operation_mode"] == "heating"


def test_a_device_gets_a_thing_description(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("machine.yaml").write_text(
        "kind: device\nformat: 0\nid: machine\n"
        "interface: {id: commercial-dishwasher, version: 0.9.0}\n"
        "endpoints:\n  meter: {profile: eastron-sdm630, url: 'modbus+tcp://127.0.0.1:502?unit=1'}\n",
        encoding="utf-8",
    )
    assert main(["export", "machine.yaml", "--to", "wot", "--out", "."]) == 0
    thing = json.loads(Path("machine.td.jsonld").read_text(encoding="utf-8"))
    assert thing["properties"]["active_power"]["unit"] == "W"
    assert thing["properties"]["active_power"]["forms"][0]["href"].startswith("modbus+tcp://127.0.0.1:502")


def test_what_cannot_be_exported_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "no-such-interface", "--to", "c"]) == 2
    assert "no-such-interface" in capsys.readouterr().err
