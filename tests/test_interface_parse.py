"""Places, words and bounds of what ``parse`` and ``load`` say; digests, columns, library and rules."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from trivet import canonical
from trivet.device.document import Device, Profile
from trivet.errors import DocumentError
from trivet.interface import library
from trivet.interface.columns import codes, column_names, columns
from trivet.interface.digest import document_digest, semantic_digest, semantic_tree
from trivet.interface.document import Interface, When
from trivet.interface.load import load
from trivet.interface.parse import parse, parse_as, read
from trivet.interface.rules import explain, rules
from trivet.interface.text import compose

SHIPPED = ("commercial-dishwasher", "cooking-appliance")


def shipped(name: str) -> Any:
    return read(library.find("interface", name), Interface)


# parse


def test_lines_of_nodes_and_keys() -> None:
    lines = compose("# why\na: 1\nb:\n  - x\n  - {c: 'd',\n     e: [2, 3]}\n", "f.yaml").lines
    assert lines.at(("a",)) == (2, 4)
    assert lines.at(("a",), key=True) == (2, 1)
    assert lines.at(("b",)) == (3, 1)
    assert lines.at(("b", 0)) == (4, 5)
    assert lines.at(("b", 1, "e", 1)) == (6, 13)
    assert lines.at(("b", 1, "missing", "too")) == (5, 5)


def test_every_error_is_reported_with_its_place() -> None:
    text = "kind: site\nformat: 0\nid: 7\ntitle: {en: no, de: 5}\nmembers: {a: {device: x, prioriti: 1}}\n"
    with pytest.raises(DocumentError) as caught:
        parse(text, "k.yaml", {"site": _site()})
    found = {(finding.rule, finding.where, finding.message, finding.hint) for finding in caught.value.findings}
    assert found == {
        ("TRV-I012", "k.yaml:3:5", "id: must be text, not 7", "put it in quotes"),
        ("TRV-I012", "k.yaml:4:21", "title.de: must be text, not 5", "put it in quotes"),
        ("TRV-I010", "k.yaml:5:26", "members.a.prioriti: is not a key here", "did you mean `priority`?"),
        ("TRV-I011", "k.yaml:1:1", "time_zone: is missing", "add `time_zone`"),
    }
    assert str(caught.value).count("\n") == 0
    assert "(and 3 more)" in str(caught.value)


def _site() -> type[Any]:
    from trivet.interface.site import Site

    return Site


@pytest.mark.parametrize("data", [b"", b"# nothing\n", b"null", b"7", b"text", b"[1]", b"- a\n"])
def test_what_is_no_mapping(data: bytes) -> None:
    with pytest.raises(DocumentError):
        parse_as(Interface, data, "x.yaml")


def test_another_kind_is_named() -> None:
    with pytest.raises(DocumentError, match="`interface`") as caught:
        parse_as(Interface, "kind: profile\n", "x.yaml")
    assert caught.value.rule == "TRV-I008"


def test_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="cannot be read"):
        read(tmp_path / "no.yaml", Interface)
    with pytest.raises(DocumentError, match="cannot be read"):
        read(tmp_path, Interface)


def test_order_of_keys_has_no_meaning() -> None:
    parsed = shipped("cooking-appliance")
    shuffled = {key: parsed.tree[key] for key in reversed(parsed.tree)}
    again = parse_as(Interface, json.dumps(shuffled), "shuffled")
    assert again.document == parsed.document
    assert document_digest(again.tree) == document_digest(parsed.tree)


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_interface_loads_as_it_parses(name: str) -> None:
    parsed = shipped(name)
    assert load(json.loads(canonical.dumps(parsed.tree)), Interface) == parsed.document


def test_conditions_are_checked_when_they_are_made() -> None:
    with pytest.raises(ValueError, match="exactly one"):
        When(signal="x")
    with pytest.raises(ValueError, match="exactly one"):
        When(signal="x", above=1, states=("a",))
    assert When(signal="x", above=0.0).above == 0


def test_load_says_where_inside_the_document() -> None:
    tree = shipped("cooking-appliance").tree
    tree = {**tree, "signals": {**tree["signals"], "mode": {**tree["signals"]["mode"], "range": [0, "14"]}}}
    with pytest.raises(DocumentError) as caught:
        load(tree, Interface, "interface.json")
    assert caught.value.where == "interface.json"
    assert caught.value.message.startswith("signals.mode.range.1: must be a number")


def test_reading_documents_needs_no_heavy_import() -> None:
    script = (
        "import sys; import trivet.interface.load, trivet.interface.check, trivet.interface.digest, trivet.units;"
        "print([name for name in ('pydantic', 'yaml', 'numpy', 'onnxruntime') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.strip() == "[]"


# columns


def test_columns_of_the_dishwasher() -> None:
    interface = shipped("commercial-dishwasher").document
    found = columns(interface)
    assert "tank_temperature" not in found
    assert found["tank_temperature_5"] is interface.signals["tank_temperature"]
    assert (
        column_names("pumped_rinse_setpoint", interface.signals["pumped_rinse_setpoint"])[-1]
        == "pumped_rinse_setpoint_3"
    )
    assert codes(interface.signals["door_open"]) == {"closed": 0.0, "open": 1.0}
    assert codes(interface.signals["active_power"]) == {}


# digests

COLUMNS = ("active_power", "program_mode")


def meaning(tree: Any) -> str:
    return semantic_digest(load(tree, Interface), COLUMNS, ("novelty", "fault"), "cycle", ("rated_power",))


def changed(path: str, value: Any) -> Any:
    """The dishwasher's tree with one value changed."""
    tree = json.loads(canonical.dumps(shipped("commercial-dishwasher").tree))
    node = tree
    *way, last = path.split("/")
    for key in way:
        node = node[int(key) if isinstance(node, list) else key]
    node[last] = value
    return tree


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("title/en", "Dishes"),
        ("note", "other"),
        ("version", "0.9.9"),
        ("signals/active_power/label", {"en": "Power", "de": "Leistung"}),
        ("signals/active_power/note", "x"),
        ("signals/active_power/counter", False),
        ("signals/wash_flow/unit", "m3/h"),
        ("outputs/fault/classes/filter_clog/remedy/en", "Clean it"),
        ("outputs/health/range", [0, 2]),
        ("decisions/fault/confirm", 5),
        ("parameters/voltage/range", [0, 400]),
        ("budget/0/limit", 0.04),
        ("windows/cycle/expect_within", 1000),
    ],
)
def test_what_a_package_does_not_use_changes_nothing(path: str, value: Any) -> None:
    before, after = shipped("commercial-dishwasher").tree, changed(path, value)
    assert meaning(after) == meaning(before)
    assert document_digest(after) != document_digest(before)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("frame", 1),
        ("signals/active_power/unit", "kW"),
        ("signals/active_power/range", [0, 70000]),
        ("signals/active_power/resample", "max"),
        ("signals/active_power/max_age", 11),
        ("signals/active_power/uncertain", "drop"),
        ("signals/program_mode/enumeration/0", "idle"),
        ("windows/cycle/length", 151),
        ("windows/cycle/opens_when/0/hold", 2),
        ("signals/wash_pump_current/range", [0, 21]),
        ("outputs/fault/classes/filter_clog/id", 99),
        ("outputs/novelty/limit", 2),
        ("outputs/fault/needs", [["active_power"]]),
        ("tiers/B", ["power_l1"]),
        ("guards/0/signals", ["active_power"]),
        ("parameters/rated_power/unit", "kW"),
    ],
)
def test_what_a_package_uses_changes_the_semantic_digest(path: str, value: Any) -> None:
    assert meaning(changed(path, value)) != meaning(shipped("commercial-dishwasher").tree)


def test_semantic_digest_has_no_order() -> None:
    interface = shipped("commercial-dishwasher").document
    first = semantic_digest(interface, COLUMNS, ("novelty", "fault"), "cycle")
    assert semantic_digest(interface, reversed(COLUMNS), ("fault", "novelty"), "cycle") == first


@pytest.mark.parametrize(
    ("names", "outputs", "window"), [(("x",), ("fault",), "cycle"), ((), ("x",), "cycle"), ((), ("fault",), "x")]
)
def test_semantic_digest_of_parts_that_are_not_there(names: Any, outputs: Any, window: str) -> None:
    with pytest.raises(DocumentError, match="the interface has no") as caught:
        semantic_tree(shipped("commercial-dishwasher").document, names, outputs, window)
    assert caught.value.rule == "TRV-I018"


def test_document_digest_by_hand() -> None:
    assert document_digest({"b": 1.0, "a": "x"}) == canonical.sha256(b'{"a":"x","b":1}')


# library


def test_shipped_documents_are_found_by_id_and_major_version() -> None:
    assert library.find("interface", "cooking-appliance") == library.find("interface", "cooking-appliance.v0")
    for name, file in library.shipped("profile").items():
        assert read(file, Profile).document.id == name
    for name, file in library.shipped("interface").items():
        document = read(file, Interface).document
        assert name == f"{document.id}.v{document.version.split('.')[0]}"


def test_path_beside_another_document(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text("kind: device\n")
    assert library.find("device", "own.yaml", tmp_path) == tmp_path / "own.yaml"


@pytest.mark.parametrize(
    "name", ["nothing", "nothing.yaml", "../interfaces/cooking-appliance.v0", "cooking-appliance.v7", "", "."]
)
def test_what_is_not_there(name: str) -> None:
    with pytest.raises(DocumentError, match="there is no") as caught:
        library.find("interface", name)
    assert caught.value.hint


def test_nothing_of_a_kind_ships() -> None:
    assert library.shipped("device") == {}
    with pytest.raises(DocumentError):
        library.find("device", "kettle")


# rules


def test_explain() -> None:
    text = explain("trv-i043")
    assert text.startswith("TRV-I043: A label leaks into a feature\n")
    assert "What to do" in text


def test_explain_an_unknown_rule() -> None:
    with pytest.raises(DocumentError, match="no rule") as caught:
        explain("TRV-I999")
    assert caught.value.hint


def test_every_rule_has_title_cause_and_remedy() -> None:
    for rule in rules().values():
        assert rule.title
        assert rule.cause.endswith(".")
        assert rule.remedy.endswith(".")


def test_device_document_is_read(tmp_path: Path) -> None:
    path = tmp_path / "d.yaml"
    path.write_text(
        "kind: device\nformat: 0\nid: a\ninterface: {id: x, version: 0.9.0}\nendpoints: {m: {profile: p, url: 'x:'}}\n"
    )
    parsed = read(path, Device)
    assert parsed.document.endpoints["m"].ct_ratio == 1.0
    assert parsed.at(("endpoints", "m", "url")) == f"{path}:5:34"
