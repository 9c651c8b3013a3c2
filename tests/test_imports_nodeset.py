"""NodeSet2 files to drafts of OPC UA profiles: the shipped companion model, our own export, and hostile files."""

from datetime import date
from importlib import resources
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from test_export import subject
from trivet.cli import main
from trivet.device.document import Profile
from trivet.device.library import load_profile
from trivet.errors import DataError, DocumentError, TrivetError
from trivet.export import export
from trivet.imports import OPEN, Wish, draft
from trivet.interface.parse import parse_as
from trivet_opcua import adapter

SHIPPED = Path(str(resources.files("trivet_opcua"))) / "nodesets"
KITCHEN = SHIPPED / "Opc.Ua.CommercialKitchenEquipment.NodeSet2.xml"
OF_BASE = {"device_health"}
"""Points of the shipped profile that the model inherits from a file of its own."""

HEAD = """<?xml version="1.0" encoding="utf-8"?>
<UANodeSet xmlns="http://opcfoundation.org/UA/2011/03/UANodeSet.xsd" xmlns:x="http://opcfoundation.org/UA/2008/02/Types.xsd">
<NamespaceUris><Uri>urn:maker</Uri><Uri>urn:other/parts/</Uri></NamespaceUris>
<Aliases><Alias Alias="Part">i=47</Alias><Alias Alias="Mode">ns=1;i=9</Alias></Aliases>
"""
MAKER = """
<UAObjectType NodeId="ns=1;i=1" BrowseName="1:OvenType"><References>
  <Reference ReferenceType="HasSubtype" IsForward="false">ns=1;i=2</Reference>
  <Reference ReferenceType="Part">ns=1;i=3</Reference></References></UAObjectType>
<UAObjectType NodeId="ns=1;i=2" BrowseName="1:MachineType"/>
<UAObject NodeId="ns=1;i=3" BrowseName="2:Chamber"><References>
  <Reference ReferenceType="HasModellingRule">i=78</Reference></References></UAObject>
<UAVariable NodeId="ns=1;i=4" BrowseName="1:Temperature" DataType="i=10">
  <DisplayName>Chamber &quot;1&quot;</DisplayName>
  <References><Reference ReferenceType="Organizes" IsForward="false">ns=1;i=3</Reference>
  <Reference ReferenceType="HasProperty">ns=1;i=5</Reference>
  <Reference ReferenceType="HasModellingRule">i=80</Reference></References></UAVariable>
<UAVariable NodeId="ns=1;i=5" BrowseName="EngineeringUnits" DataType="i=887"><Value><x:EUInformation>
  <x:UnitId>4604232</x:UnitId><x:DisplayName><x:Text>\u00b0F</x:Text></x:DisplayName></x:EUInformation></Value></UAVariable>
<UAVariable NodeId="ns=1;i=6" BrowseName="1:Mode" DataType="Mode"><References>
  <Reference ReferenceType="i=46" IsForward="false">ns=1;i=2</Reference>
  <Reference ReferenceType="HasModellingRule">i=78</Reference></References></UAVariable>
<UAVariable NodeId="ns=1;i=7" BrowseName="1:Flow" DataType="i=11"><References>
  <Reference ReferenceType="HasComponent" IsForward="false">ns=1;i=2</Reference>
  <Reference ReferenceType="HasProperty">ns=1;i=8</Reference>
  <Reference ReferenceType="HasModellingRule">i=78</Reference></References></UAVariable>
<UAVariable NodeId="ns=1;i=8" BrowseName="EngineeringUnits" DataType="i=887"><Value><x:EUInformation>
  <x:UnitId>-1</x:UnitId><x:DisplayName><x:Text>stones</x:Text></x:DisplayName></x:EUInformation></Value></UAVariable>
<UADataType NodeId="ns=1;i=9" BrowseName="1:ModeType"><References>
  <Reference ReferenceType="HasSubtype" IsForward="false">i=29</Reference>
  <Reference ReferenceType="HasProperty">ns=1;i=10</Reference></References></UADataType>
<UAVariable NodeId="ns=1;i=10" BrowseName="EnumValues" DataType="i=7594" ValueRank="1"><Value><x:ListOfExtensionObject>
  <x:EnumValueType><x:Value>3</x:Value><x:DisplayName><x:Text>Pre Heat</x:Text></x:DisplayName></x:EnumValueType>
  <x:EnumValueType><x:Value>7</x:Value><x:DisplayName><x:Text>Idle</x:Text></x:DisplayName></x:EnumValueType>
</x:ListOfExtensionObject></Value></UAVariable>
"""


def wish(kind: str = "") -> Wish:
    return Wish("my-machine", date(2026, 11, 20), type=kind)


def answered(text: str) -> Profile:
    """The draft when its author has said what the file does not."""
    for place, answer in {"unit": "'1'", "max": "5"}.items():
        text = text.replace(f'{place}: "?"', f"{place}: {answer}")
    return parse_as(Profile, text.replace('"?"', '"said"'), "draft").document


def written(folder: Path, body: str, head: str = HEAD) -> Path:
    path = folder / "maker.NodeSet2.xml"
    path.write_text(head + body + "</UANodeSet>", encoding="utf-8")
    return path


def paths(profile: Profile) -> dict[str, tuple[object, str | None, tuple[str, ...]]]:
    """Path, with instances that the hand-written profile fixes at the first, to data type, unit and codes."""
    made = {}
    for name, point in profile.points.items():
        if name not in OF_BASE:
            path = str(point.at["path"])
            path = f"{path[:-1]}<No.>" if path.endswith("_1") else path
            made[path] = (point.at.get("data"), point.unit, tuple(point.enumeration))
    return made


def test_the_draft_of_a_companion_type_agrees_with_the_shipped_profile() -> None:
    profile = answered(draft(KITCHEN, "nodeset", wish("DishWashingMachineDeviceType")))
    points = {name: adapter.point(point, profile) for name, point in profile.points.items()}
    assert len(points) > 25
    shipped = load_profile("opc30200-dishwashing-machine").document
    assert profile.settings["type"] == shipped.settings["type"]
    assert profile.settings["namespace"] == shipped.settings["namespace"]
    assert dict(shipped.settings["namespaces"]).items() <= dict(profile.settings["namespaces"]).items()
    ours, theirs = paths(profile), paths(shipped)
    assert set(theirs) <= set(ours)
    for path, (data, unit, codes) in theirs.items():
        assert ours[path][:2] == (data, unit or ("1" if ours[path][1] else None)), path
        assert set(codes) <= set(ours[path][2]), path
    assert profile.points["operation_mode"].enumeration["4"] == "heating"


@pytest.mark.parametrize("name", ["CookingZoneDeviceType", "CombiSteamerDeviceType", "CoffeeMachineDeviceType"])
def test_every_draft_binds(name: str) -> None:
    profile = answered(draft(KITCHEN, "nodeset", wish(name)))
    for point in profile.points.values():
        adapter.point(point, profile)


def test_our_own_export_is_read_back(tmp_path: Path) -> None:
    ((file, data),) = export(subject(), "nodeset").items()
    (tmp_path / file).write_bytes(data)
    profile = answered(draft(tmp_path / file, "nodeset", wish("CommercialDishwasherPredictionType")))
    assert (profile.points["health"].unit, profile.points["health"].range) == ("1", (0.0, 1.0))
    assert profile.source.document.startswith(file)


def test_members_come_by_inverse_references_and_from_supertypes(tmp_path: Path) -> None:
    text = draft(written(tmp_path, MAKER), "nodeset", wish("OvenType"))
    tree = yaml.safe_load(text)
    assert tree["settings"]["namespaces"]["parts"] == "urn:other/parts/"
    points = tree["points"]
    assert points["temperature"]["at"] == {"path": "parts:Chamber/Temperature", "data": "Float"}
    assert (points["temperature"]["unit"], points["temperature"]["label"]["en"]) == ("[degF]", 'Chamber "1"')
    assert points["mode"]["enumeration"] == {"3": "pre_heat", "7": "idle"}
    assert (points["mode"]["at"]["data"], points["mode"]["poll"]) == ("Int32", "static")
    assert points["flow"]["unit"] == OPEN
    assert 'the file says "stones"' in text


def test_without_a_type_the_types_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, MAKER)
    assert main(["import", str(path), "--from", "nodeset"]) == 2
    assert "MachineType, OvenType" in capsys.readouterr().err
    with pytest.raises(DocumentError, match="no object type"):
        draft(path, "nodeset", wish("FridgeType"))
    with pytest.raises(DocumentError, match="no variables"):
        draft(written(tmp_path, '<UAObjectType NodeId="ns=1;i=1" BrowseName="1:A"/>'), "nodeset", wish("A"))


ENTITIES = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not xml",
        b"<html/>",
        f"{ENTITIES}<UANodeSet>&b;</UANodeSet>".encode(),
        f"{ENTITIES}<UANodeSet>&b;</UANodeSet>".encode("utf-16"),
        f'<?xml version="1.0" encoding="utf-16le"?>{ENTITIES}<UANodeSet>&b;</UANodeSet>'.encode("utf-16-le"),
        (HEAD + MAKER).encode(),
        b" " * ((16 << 20) + 1),
        b"<a>" * 200_000,
    ],
    ids=["empty", "text", "html", "entities", "utf-16", "utf-16 unmarked", "cut", "large", "deep"],
)
def test_hostile_files_are_refused(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x.xml"
    path.write_bytes(data)
    with pytest.raises(DataError):
        draft(path, "nodeset", wish("OvenType"))


def test_types_that_hold_themselves_end(tmp_path: Path) -> None:
    rule = '<Reference ReferenceType="HasModellingRule">i=78</Reference>'
    refer = "".join(f'<Reference ReferenceType="HasComponent">ns=1;i={n}</Reference>' for n in range(10, 30))
    objects = "".join(
        f'<UAObject NodeId="ns=1;i={n}" BrowseName="1:O{n}"><References>{rule}'
        '<Reference ReferenceType="HasTypeDefinition">ns=1;i=1</Reference></References></UAObject>'
        for n in range(10, 30)
    )
    body = f'<UAObjectType NodeId="ns=1;i=1" BrowseName="1:A"><References>{refer}</References></UAObjectType>{objects}'
    with pytest.raises(DataError, match="too many members"):
        draft(written(tmp_path, body), "nodeset", wish("A"))
    loop = '<UAObjectType NodeId="ns=1;i=1" BrowseName="1:A"><References><Reference ReferenceType="HasSubtype">ns=1;i=1'
    with pytest.raises(DocumentError, match="no variables"):
        draft(written(tmp_path, f"{loop}</Reference></References></UAObjectType>"), "nodeset", wish("A"))


NAMES = st.text(st.characters(blacklist_categories=["Cs", "Cc"]), max_size=12)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(NAMES, NAMES, NAMES)
def test_any_names_give_yaml_that_can_be_read(tmp_path: Path, browse: str, label: str, state: str) -> None:
    from xml.sax.saxutils import escape, quoteattr

    body = MAKER.replace('"1:Flow"', quoteattr(f"1:{browse}")).replace("Pre Heat", escape(state))
    body = body.replace("Chamber &quot;1&quot;", escape(label)).replace("stones", escape(state))
    try:
        made = draft(written(tmp_path, body), "nodeset", wish("OvenType"))
    except TrivetError:
        return
    assert yaml.safe_load(made)["points"]["mode"]["at"]["path"] == "Mode"
    answered(made)
