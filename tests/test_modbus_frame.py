"""Which bytes count as the answer to a request, and what hostile ones end in."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trivet.signals import Quality, quality
from trivet_modbus.frame import EXCEPTIONS, Wanted, identification, judge, refusal, wanted

REQUEST = bytes.fromhex("0007 0000 0006 03 04 000c 0002")
ANSWER = bytes.fromhex("0007 0000 0007 03 04 04 43668000")
WANT = Wanted(7, 3, 4, 4)


def test_a_request_tells_its_answer() -> None:
    assert wanted(REQUEST) == WANT
    assert wanted(bytes.fromhex("0001 0000 0006 01 02 0000 0009")).size == 2
    assert wanted(bytes.fromhex("0001 0000 0005 01 2b 0e 01 00")) == Wanted(1, 1, 43, None)


@pytest.mark.parametrize(
    ("received", "verdict"),
    [
        (ANSWER, ""),
        (b"", ""),
        ("0007 0000 0003 03 84 02", ""),
        (ANSWER[:5], "torn"),
        (ANSWER[:-1], "torn"),
        ("0007 0001 0007 03 04 04 43668000", "garbage"),
        ("0007 0000 00ff 03 04 04 43668000", "garbage"),
        ("0007 0000 0002 03 04 00", "garbage"),
        ("0007 0000 0007 04 04 04 43668000", "unit"),
        ("0007 0000 0007 03 03 04 43668000", "function"),
        ("0007 0000 0003 03 83 02", "function"),
        ("0007 0000 0005 03 04 02 4366", "short"),
        ("0007 0000 0009 03 04 06 436680000000", "short"),
        ("0007 0000 0007 03 04 02 43668000", "short"),
        ("0007 0000 0005 03 84 02 0000", "short"),
        ("0006 0000 0007 03 04 04 43668000", ""),
        (bytes.fromhex("0006 0000 0005 03 04 02 4366") + ANSWER, ""),
        (bytes.fromhex("0006 0000 0005 03 04 02 4366") + ANSWER[:9], "torn"),
    ],
)
def test_verdict(received: bytes | str, verdict: str) -> None:
    data = bytes.fromhex(received) if isinstance(received, str) else received
    assert judge(data, WANT) == verdict


@given(st.binary(max_size=600))
def test_any_bytes_get_a_verdict(data: bytes) -> None:
    assert judge(data, WANT) in ("", "torn", "garbage", "unit", "function", "short")


@pytest.mark.parametrize("code", range(1, 256))
def test_every_exception_is_bad_and_has_a_reason(code: int) -> None:
    meant = refusal(code)
    assert quality(int(meant.status)) is Quality.BAD
    assert meant.reason
    assert " " not in meant.reason


def test_addresses_and_functions_are_not_asked_for_again() -> None:
    assert not any(EXCEPTIONS[code].again for code in (1, 2, 3, 4))
    assert all(EXCEPTIONS[code].again for code in (5, 6, 11))


def test_identification() -> None:
    answer = bytes.fromhex("0e 01 01 ff 02 02 00 05") + b"Maker" + b"\x01\x03M-1"
    assert identification(answer) == ({0: "Maker", 1: "M-1"}, 2)


@pytest.mark.parametrize("text", ["", "0e0101", "0d0101000001", "0e0101000001", "0e01010000010005 4d61"])
def test_a_broken_identification_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="answer"):
        identification(bytes.fromhex(text))


@given(st.binary(max_size=260))
def test_any_identification_ends(data: bytes) -> None:
    try:
        objects, following = identification(b"\x0e" + data)
    except ValueError:
        return
    assert len(objects) <= 255
    assert 0 <= following <= 255


def test_the_request_layout_is_that_of_the_specification() -> None:
    transaction, protocol, length = struct.unpack(">HHH", REQUEST[:6])
    assert (transaction, protocol, length) == (7, 0, len(REQUEST) - 6)
