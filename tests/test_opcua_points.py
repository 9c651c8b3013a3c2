"""Points and settings of OPC UA documents; no server."""

from __future__ import annotations

from pathlib import Path

import pytest

from kits.opcua import COMBI, DISHWASHER, profile, shipped
from trivet.device.document import Endpoint, Point, PointRepeat
from trivet.errors import DocumentError
from trivet.interface.columns import columns
from trivet.interface.document import Interface
from trivet.interface.library import find
from trivet.interface.parse import read
from trivet.signals import Json
from trivet.units import parse
from trivet_opcua.points import DI, KITCHEN, Name, OpcPoint, expand, point
from trivet_opcua.settings import Settings, password, settings

VENDOR = "urn:vendor"


def made(at: dict[str, Json], repeat: PointRepeat | None = None, **more: Json) -> OpcPoint:
    spec = Point(at=at, repeat=repeat)
    return point(spec, profile({"tank": spec}, namespaces={"di": DI, "v": VENDOR}, **more))


def test_a_path_is_qualified_by_the_profiles_namespace_and_prefixes() -> None:
    found = made({"path": "Parameters/v:Power/di:Model"})
    assert found.type == Name(KITCHEN, "DishWashingMachineDeviceType")
    assert found.path == (Name(KITCHEN, "Parameters"), Name(VENDOR, "Power"), Name(DI, "Model"))


def test_an_empty_type_starts_at_the_objects_folder() -> None:
    assert made({"path": "Line/Power", "type": "", "namespace": VENDOR}).type is None


def test_a_browse_name_may_have_a_colon_that_is_no_prefix() -> None:
    assert made({"path": "Pump:1"}).path == (Name(KITCHEN, "Pump:1"),)


def test_a_node_needs_its_namespace_uri() -> None:
    assert made({"node": "nsu=urn:vendor;s=Tank;1"}).node == (VENDOR, "s=Tank;1")


def test_repeats_expand_to_numbered_points() -> None:
    found = expand("tank", made({"path": "P/T_<No.>"}, PointRepeat(max=3)), {})
    assert list(found) == ["tank_1", "tank_2", "tank_3"]
    assert found["tank_3"].path[-1].text == "T_3"


def test_the_device_document_picks_the_instance_where_nothing_repeats() -> None:
    at = {"path": "Chamber_<No.>/IsDoorOpen"}
    assert expand("door", made(at), {"<No.>": 2})["door"].path[0].text == "Chamber_2"
    assert expand("door", made(at), {})["door"].path[0].text == "Chamber_1"


@pytest.mark.parametrize(
    ("at", "words"),
    [
        ({"path": "2:Parameters"}, "by index"),
        ({"node": "ns=2;s=Tank"}, "namespace URI"),
        ({"node": "nsu=urn:x;i=tank"}, "numeric"),
        ({"path": ""}, "`path` or a `node`"),
        ({}, "`path` or a `node`"),
        ({"path": "Parameters//Tank"}, "empty"),
        ({"path": "Parameters/T_<n>"}, "<No.>"),
        ({"path": 7}, "text"),
        ({"path": "T", "register": 40001}, "no key 'register'"),
        ({"path": "T", "data": "UInt17"}, "not an OPC UA data type"),
    ],
)
def test_a_wrong_point_is_refused_with_its_place(at: dict[str, Json], words: str) -> None:
    with pytest.raises(DocumentError, match=words) as refused:
        made(at)
    assert refused.value.where == "test/tank"
    assert refused.value.hint


def test_a_repeated_point_needs_its_placeholder() -> None:
    with pytest.raises(DocumentError, match=r"<No\.>"):
        made({"path": "Parameters/T_1"}, PointRepeat(max=2))


@pytest.mark.parametrize("settings", [{"namespace": ""}, {"namespaces": ["urn:x"]}, {"namespace": 7}, {"types": {}}])
def test_wrong_profile_settings_are_refused(settings: dict[str, Json]) -> None:
    spec = Point(at={"path": "T"})
    with pytest.raises(DocumentError):
        point(spec, profile({"tank": spec}, **settings))


@pytest.mark.parametrize("name", [DISHWASHER, COMBI])
def test_shipped_profiles_fit_their_interface(name: str) -> None:
    found = shipped(name)
    scenario = "commercial-dishwasher" if name == DISHWASHER else "cooking-appliance"
    interface = read(find("interface", scenario), Interface).document
    for spec in found.points.values():
        typed = point(spec, found)
        assert typed.path
        assert spec.at["data"]
        if spec.signal:
            signal = interface.signals[spec.signal]
            assert set(spec.enumeration.values()) <= set(signal.enumeration.values())
            assert bool(spec.enumeration) == bool(signal.enumeration)
            assert parse(spec.unit or "1").dimension == parse(signal.unit).dimension
            assert (spec.repeat.max if spec.repeat else 1) <= (signal.repeat.max if signal.repeat else 1)
        assert not spec.repeat or spec.repeat.count is None or spec.repeat.count in found.points


def test_the_dishwasher_profile_has_every_signal_of_tier_a() -> None:
    interface = read(find("interface", "commercial-dishwasher"), Interface).document
    named = {spec.signal for spec in shipped(DISHWASHER).points.values()}
    companion = {name for name, signal in interface.signals.items() if "opc30200" in signal.same_as}
    assert companion <= named
    assert set(interface.tiers["A"]) <= set(columns(interface))


def endpoint(url: str = "opc.tcp://host", **given: Json) -> Settings:
    return settings(Endpoint(profile="x", url=url, settings=given), "washer/controller")


def test_settings_are_read() -> None:
    found = endpoint("opc.tcp://HOST:4841/path", security="none", mode="poll", timeout=2, periods={"slow": 5})
    assert (found.url, found.mode, found.timeout) == ("opc.tcp://host:4841/path", "poll", 2.0)
    assert (found.periods["slow"], found.periods["normal"]) == (5.0, 1.0)
    assert endpoint("opc.tcp://[::1]", security="none").url == "opc.tcp://[::1]:4840"


def test_security_is_the_strongest_unless_told() -> None:
    found = endpoint()
    assert (found.security, found.protection, found.user) == ("strongest", "sign_and_encrypt", "")


def test_a_password_comes_from_the_environment_or_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KITCHEN_PASSWORD", "from the environment")
    variable = {"password_env": "KITCHEN_PASSWORD"}
    assert password(endpoint(user="cook", **variable)) == "from the environment"
    file = tmp_path / "secret"
    file.write_text("from a file\n", "utf-8")
    assert password(endpoint(user="cook", password_file=str(file))) == "from a file"
    assert password(endpoint()) is None
    for wrong in ({"password_env": "NOT_SET_ANYWHERE"}, {"password_file": str(tmp_path / "none")}):
        with pytest.raises(DocumentError) as refused:
            password(endpoint(user="cook", **wrong))
        assert "from a file" not in str(refused.value)


def test_relative_files_count_from_the_documents_folder() -> None:
    files = {"certificate": "own.der", "private_key": "/keys/own.pem", "server_certificate": "its.der"}
    given = Endpoint(profile="x", url="opc.tcp://host", settings={"security": "basic256sha256", **files})
    found = settings(given, folder="/site")
    paths = (found.certificate, found.private_key, found.server_certificate)
    assert paths == ("/site/own.der", "/keys/own.pem", "/site/its.der")


@pytest.mark.parametrize(
    ("url", "given", "words"),
    [
        ("opc.tcp://host", {"security": "auto"}, "`security` is strongest or"),
        ("opc.tcp://host", {"security": "basic128rsa15"}, "`security` is strongest or"),
        ("opc.tcp://host", {"protection": "none"}, "`protection` is sign_and_encrypt or sign"),
        ("opc.tcp://host", {"certificate": "a.der"}, "go together"),
        ("opc.tcp://host", {"security": "none", "user": "cook", "password_env": "X"}, "not sent over an open"),
        ("opc.tcp://host", {"user": "cook"}, "password in one place"),
        ("opc.tcp://host", {"user": "cook", "password_env": "X", "password_file": "y"}, "password in one place"),
        ("opc.tcp://host", {"password_env": "X"}, "password in one place"),
        ("opc.tcp://host", {"units": {"tank_temperature": 3}}, "a UCUM code"),
        ("opc.tcp://host", {"units": "Cel"}, "UCUM codes for points"),
        ("opc.tcp://host", {"security": "none", "certificate": "a.der"}, "uses no certificates"),
        ("opc.tcp://host", {"security": "none", "certificate": 1}, "path of a file"),
        ("opc.tcp://user:secret@host", {"security": "none"}, "no user or password"),
        ("modbus+tcp://host", {"security": "none"}, "not an OPC UA URL"),
        ("opc.tcp://host:port", {"security": "none"}, "not a URL"),
        ("opc.tcp:///path", {"security": "none"}, "not an OPC UA URL"),
        ("opc.tcp://host", {"security": "none", "mode": "push"}, "`mode` is subscribe or poll"),
        ("opc.tcp://host", {"security": "none", "timeout": 0}, "above 0"),
        ("opc.tcp://host", {"security": "none", "timeout": True}, "above 0"),
        ("opc.tcp://host", {"security": "none", "publishing": "1 s"}, "above 0"),
        ("opc.tcp://host", {"security": "none", "periods": {"often": 1}}, "poll classes"),
        ("opc.tcp://host", {"security": "none", "password": "x"}, "holds no password"),
    ],
)
def test_wrong_settings_are_refused_with_their_place(url: str, given: dict[str, Json], words: str) -> None:
    with pytest.raises(DocumentError, match=words) as refused:
        endpoint(url, **given)
    assert refused.value.where == "washer/controller"
    assert refused.value.hint
    assert "secret" not in str(refused.value)
