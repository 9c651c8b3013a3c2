"""Thing Descriptions of devices: forms in the protocols' own terms, and raw values that nobody can take for others."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kits.modbus import profile
from trivet.device.document import Endpoint, Point, Profile, Provenance
from trivet.device.library import load_interface, load_profile, resolve
from trivet.errors import DocumentError
from trivet.export import Subject
from trivet.export.wot import thing
from trivet.interface.digest import document_digest
from trivet_modbus.points import ModbusPoint
from trivet_modbus.points import point as modbus_point
from trivet_opcua.points import DI, KITCHEN, OpcPoint
from trivet_opcua.points import point as opc_point

DEVICE = """
kind: device
format: 0
id: machine
interface: {{id: commercial-dishwasher, version: 0.9.0}}
endpoints:
{endpoints}
"""


def properties(folder: Path, *endpoints: str) -> dict[str, Any]:
    path = folder / "machine.yaml"
    path.write_text(DEVICE.format(endpoints="\n".join(f"  {line}" for line in endpoints)), encoding="utf-8")
    parsed = load_interface("commercial-dishwasher")
    subject = Subject(parsed.document, document_digest(parsed.tree), resolve(path), "en")
    assert subject.device is not None
    made: dict[str, Any] = thing(subject, subject.device)["properties"]
    return made


def modbus(at: Mapping[str, Any], **settings: Any) -> ModbusPoint:
    source = profile({"x": Point(at=at)}, **settings)
    return modbus_point(source.points["x"], source)


def at_unit(url: str = "modbus+tcp://10.0.0.7?unit=5", **settings: Any) -> Endpoint:
    return Endpoint(profile="test-meter", url=url, settings=settings)


def test_a_register_in_the_words_of_the_modbus_binding() -> None:
    point = modbus({"table": "input", "address": 52, "type": "float32"}, word_order="little")
    assert point.form(at_unit()) == {
        "href": "modbus+tcp://10.0.0.7:502/5/52?quantity=2",
        "op": ["readproperty", "observeproperty"],
        "contentType": "application/octet-stream;length=4;byteSeq=LITTLE_ENDIAN_BYTE_SWAP",
        "modv:entity": "InputRegister",
        "modv:zeroBasedAddressing": True,
        "modv:pollingTime": 1000,
        "modv:mostSignificantByte": True,
        "modv:mostSignificantWord": False,
        "modv:type": "xsd:float",
    }
    assert point.payload() == {"type": "number"}


@pytest.mark.parametrize(
    ("table", "kind", "entity", "told", "payload"),
    [
        ("coil", "bool", "Coil", "xsd:boolean", "boolean"),
        ("discrete", "bool", "DiscreteInput", "xsd:boolean", "boolean"),
        ("holding", "int16", "HoldingRegister", "xsd:short", "integer"),
        ("holding", "uint16", "HoldingRegister", "xsd:unsignedShort", "integer"),
        ("input", "int32", "InputRegister", "xsd:int", "integer"),
        ("input", "uint32", "InputRegister", "xsd:unsignedInt", "integer"),
        ("input", "float64", "InputRegister", "xsd:double", "number"),
    ],
)
def test_tables_and_types(table: str, kind: str, entity: str, told: str, payload: str) -> None:
    point = modbus({"table": table, "address": 7} | ({} if kind == "bool" else {"type": kind}))
    form = point.form(at_unit())
    assert (form["modv:entity"], form["modv:type"], point.payload()) == (entity, told, {"type": payload})
    assert ("signed=false" in str(form["contentType"])) == kind.startswith("uint")


def test_what_the_modbus_binding_cannot_say_is_said_beside_it() -> None:
    for at in ({"type": "bcd16"}, {"type": "bit", "bit": 3}, {"type": "float64", "word_order": "swapped"}):
        point = modbus({"table": "holding", "address": 1, **at})
        assert "modv:type" not in point.form(at_unit())
        encoding = point.payload()["trivet:encoding"]
        assert isinstance(encoding, dict)
        assert encoding["type"] == at["type"]


def test_links_that_the_binding_has_no_url_for_say_their_numbers() -> None:
    url = "modbus+rtu:///dev/ttyUSB0?unit=3&baud=9600"
    form = modbus({"table": "holding", "address": 9, "type": "int16"}).form(at_unit(url))
    assert (form["href"], form["modv:unitID"], form["modv:address"], form["modv:quantity"]) == (url, 3, 9, 1)
    with pytest.raises(DocumentError, match="not a Modbus URL"):
        modbus({"table": "coil", "address": 9}).form(at_unit("modbus+tcp://host?unit=999"))


def test_the_endpoint_decides_how_often() -> None:
    point = modbus({"table": "holding", "address": 9, "type": "int16"}, periods={"normal": 5})
    assert point.form(at_unit())["modv:pollingTime"] == 5000
    assert point.form(at_unit(periods={"normal": 0.25}))["modv:pollingTime"] == 250


def opc(at: Mapping[str, Any], settings: Mapping[str, Any]) -> OpcPoint:
    points = {"x": Point(at=at)}
    source = Profile(
        kind="profile",
        format=0,
        id="test-machine",
        version="0.1.0",
        title={"en": "Machine"},
        adapter="opcua",
        source=Provenance(document="test", date="2026-11-20", confidence="own"),
        points=points,
        settings=settings,
    )
    return opc_point(points["x"], source)


def test_a_node_is_in_the_url() -> None:
    point = opc({"node": "nsu=urn:maker#2;s=Tank & probe.T", "data": "Float"}, {})
    form = point.form(Endpoint(profile="x", url="opc.tcp://host:4840/machine"))
    assert form["href"] == "opc.tcp://host:4840/machine/?id=nsu=urn:maker%232;s=Tank%20%26%20probe.T"
    assert point.payload() == {"type": "number"}


@given(st.text(st.characters(blacklist_categories=["Cs"]), min_size=1, max_size=20))
def test_no_identifier_leaves_its_url(text: str) -> None:
    point = opc({"node": f"nsu=urn:maker;s={text}"}, {})
    href = str(point.form(Endpoint(profile="x", url="opc.tcp://host:4840"))["href"])
    parts = urlsplit(href)
    assert (parts.netloc, parts.path, parts.fragment, "&" in parts.query) == ("host:4840", "/", "", False)
    assert href.isascii()
    assert href.isprintable()
    assert unquote(parts.query) == f"id=nsu=urn:maker;s={text}"


def test_a_path_is_from_the_objects_folder_or_from_a_device_of_a_type() -> None:
    names = {"namespace": KITCHEN, "namespaces": {"di": DI}}
    endpoint = Endpoint(profile="x", url="opc.tcp://host:4840", instances={"<No.>": 2})
    form = opc({"path": "di:DeviceSet/One.Two"}, names).form(endpoint)
    assert form["uav:browsePath"] == f"/Objects/nsu={DI};DeviceSet/nsu={KITCHEN};One&.Two"
    form = opc({"path": "Zone_<No.>/Power", "type": "CookingZoneDeviceType"}, names).form(endpoint)
    assert form["uav:browsePath"] == f"nsu={KITCHEN};Zone_2/nsu={KITCHEN};Power"
    assert form["trivet:type"] == f"nsu={KITCHEN};CookingZoneDeviceType"


def test_raw_values_have_their_own_schema(tmp_path: Path) -> None:
    made = properties(tmp_path, "washer: {profile: trivet-dishwasher-modbus, url: 'modbus+tcp://127.0.0.1?unit=3'}")
    tank = made["tank_temperature_1"]
    assert (tank["type"], tank["trivet:scale"], tank["trivet:unit"], "unit" in tank) == ("integer", 0.1, "Cel", False)
    assert (tank["minimum"], tank["maximum"]) == (-100, 1200)
    native = load_profile("trivet-dishwasher-modbus").document.points["operation_mode"].enumeration
    assert {str(one["const"]): one["title"] for one in made["operation_mode"]["oneOf"]} == native
    assert [one["const"] for one in made["door_open"]["oneOf"]] == [False, True]


def test_instances_have_paths_of_their_own(tmp_path: Path) -> None:
    made = properties(tmp_path, "washer: {profile: opc30200-dishwashing-machine, url: 'opc.tcp://127.0.0.1:4840'}")
    paths = [made[f"tank_temperature_{number}"]["forms"][0]["uav:browsePath"] for number in range(1, 6)]
    assert [path.rpartition("_")[2] for path in paths] == ["1", "2", "3", "4", "5"]
    assert made["tank_temperature_1"]["unit"] == "Cel"


def test_a_value_that_needs_another_point_has_no_unit(tmp_path: Path) -> None:
    document = tmp_path / "meter.yaml"
    document.write_text(
        "kind: profile\nformat: 0\nid: test-meter\nversion: 0.1.0\ntitle: {en: Meter}\nadapter: modbus\n"
        "source: {document: test, date: '2026-11-20', confidence: own}\nsettings: {addressing: zero}\npoints:\n"
        "  mode: {at: {table: holding, address: 0, type: uint16}}\n"
        "  power: {at: {table: holding, address: 1, type: int16}, unit: W, signal: active_power,"
        " selector: {point: mode, cases: {'1': {scale: 0.1}}}}\n",
        encoding="utf-8",
    )
    power = properties(tmp_path, "meter: {profile: meter.yaml, url: 'modbus+tcp://127.0.0.1'}")["active_power"]
    assert (power["trivet:by"], power["trivet:unit"]) == (["mode"], "W")
    assert not {"unit", "minimum", "trivet:scale"} & set(power)


def test_a_recording_keeps_the_url_alone(tmp_path: Path) -> None:
    made = properties(tmp_path, "meter: {profile: eastron-sdm630, url: 'record:log.jsonl'}")
    assert made["active_power"]["forms"] == [{"href": "record:log.jsonl", "op": ["readproperty"]}]
    assert made["active_power"]["unit"] == "W"
