"""URLs of links, one form for each transport, and the certificates of a secure one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from trivet.device.document import Endpoint
from trivet.errors import DocumentError
from trivet_modbus.route import RTU, RTU_OVER_TCP, TCP, TLS, Route, parse_route
from trivet_modbus.settings import line, parse_url


@pytest.mark.parametrize(
    ("url", "route", "unit"),
    [
        ("modbus+tcp://meter", Route(TCP, "meter", 502), 1),
        ("modbus+tcp://10.0.0.7:1502?unit=3", Route(TCP, "10.0.0.7", 1502), 3),
        ("modbus+tcp://[::1]:502/?unit=255", Route(TCP, "::1", 502), 255),
        ("modbus+tls://meter?unit=0", Route(TLS, "meter", 802), 0),
        ("modbus+rtuovertcp://gateway:4001?unit=9&baud=9600", Route(RTU_OVER_TCP, "gateway", 4001, baud=9600), 9),
        ("modbus+rtu:///dev/ttyUSB0", Route(RTU, device="/dev/ttyUSB0", baud=19200), 1),
        (
            "modbus+rtu:///dev/ttyS1?unit=7&baud=9600&parity=none&stop=2",
            Route(RTU, device="/dev/ttyS1", baud=9600, parity="none", stop=2),
            7,
        ),
    ],
)
def test_form(url: str, route: Route, unit: int) -> None:
    assert parse_route(url) == (route, unit)
    assert parse_route(route.url(unit)) == (route, unit)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "meter:502",
        "opc.tcp://meter",
        "modbus+udp://meter",
        "modbus+tcp://",
        "modbus+tcp://meter:70000",
        "modbus+tcp://meter?unit=256",
        "modbus+tcp://meter?unit=x",
        "modbus+tcp://meter?baud=9600",
        "modbus+tcp://me:secret@meter",
        "modbus+tcp://meter/path",
        "modbus+tcp://meter#1",
        "modbus+rtuovertcp://gateway?baud=9601",
        "modbus+rtu://dev/ttyUSB0",
        "modbus+rtu:ttyUSB0",
        "modbus+rtu:///dev/ttyUSB0?baud=12",
        "modbus+rtu:///dev/ttyUSB0?parity=mark",
        "modbus+rtu:///dev/ttyUSB0?stop=3",
        "modbus+rtu:///dev/ttyUSB0?bits=7",
    ],
)
def test_another_form_is_refused_with_the_right_one(url: str) -> None:
    with pytest.raises(DocumentError, match="not a Modbus URL") as caught:
        parse_route(url, "washer/meter")
    assert caught.value.where == "washer/meter"
    assert "modbus+" in caught.value.hint


def test_the_short_form_is_for_modbus_tcp() -> None:
    assert parse_url("modbus+tcp://meter?unit=3") == ("meter", 502, 3)
    with pytest.raises(DocumentError, match="not Modbus TCP"):
        parse_url("modbus+rtuovertcp://meter?unit=3")


def test_times_on_a_serial_line() -> None:
    assert Route(RTU, device="/dev/x", baud=9600).silence == pytest.approx(0.00401, abs=1e-5)
    assert Route(RTU, device="/dev/x", baud=115200).silence == pytest.approx(0.00175)
    assert Route(TCP, "meter", 502).silence == 0.0
    assert Route(RTU, device="/dev/x", baud=9600).seconds(255) == pytest.approx(0.2922, abs=1e-4)


def tls(folder: Path, **settings: Any) -> Endpoint:
    (folder / "ca.pem").write_text("made for a test", encoding="utf-8")
    return Endpoint(profile="p", url="modbus+tls://meter?unit=3", settings=settings)


def test_certificates_are_files_beside_the_device_document(tmp_path: Path) -> None:
    found = line(tls(tmp_path, ca="ca.pem", server_name="meter.local"), folder=str(tmp_path)).security
    assert found is not None
    assert (found.ca, found.certificate, found.server_name) == (str(tmp_path / "ca.pem"), "", "meter.local")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "whom to trust"),
        ({"ca": 5}, "'ca' is 5"),
        ({"ca": "other.pem"}, "there is no file"),
        ({"ca": "ca.pem", "private_key": "ca.pem"}, "without 'certificate'"),
        ({"ca": "ca.pem", "certificate": "client.pem"}, "there is no file"),
        ({"ca": "ca.pem", "insecure": "yes"}, "no setting 'insecure'"),
    ],
)
def test_a_secure_endpoint_that_says_too_little_is_refused(
    settings: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(DocumentError, match=message):
        line(tls(tmp_path, **settings), folder=str(tmp_path))


def test_a_plain_endpoint_has_no_certificates() -> None:
    with pytest.raises(DocumentError, match="no setting 'ca'"):
        line(Endpoint(profile="p", url="modbus+tcp://meter", settings={"ca": "ca.pem"}))
