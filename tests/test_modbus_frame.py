"""Which bytes count as the answer to a request, in both framings, and what hostile ones end in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trivet.signals import Quality, quality
from trivet_modbus.frame import EXCEPTIONS, Ask, Framing, Refusal, identification, length, read_request, refusal
from trivet_modbus.mbap import Mbap
from trivet_modbus.rtu import Rtu, crc, framed

ASK = read_request(3, 4, 12, 2)
REQUEST = bytes.fromhex("0001 0000 0006 03 04 000c 0002")
ANSWER = bytes.fromhex("0001 0000 0007 03 04 04 43668000")
DATA = bytes.fromhex("43668000")


def outcome(framing: Framing, received: bytes, ask: Ask = ASK) -> bytes | str | None:
    framing.begin(ask)
    answer = framing.feed(received)
    return answer.reason if isinstance(answer, Refusal) else answer


def test_the_request_and_its_size() -> None:
    assert Mbap().begin(ASK) == REQUEST
    assert Rtu().begin(ASK) == bytes.fromhex("03 04 000c 0002 b02a")
    assert read_request(1, 2, 0, 9).size == 2
    assert read_request(1, 3, 0, 9).size == 18


def test_the_checksum_is_that_of_the_specification() -> None:
    assert framed(2, b"\x07") == bytes.fromhex("02 07 41 12")
    assert crc(framed(17, bytes.fromhex("03 006b 0003"))) == 0


@pytest.mark.parametrize(
    ("received", "verdict", "clean"),
    [
        (ANSWER, DATA, True),
        (b"", None, True),
        ("0001 0000 0003 03 84 02", "illegal_address", True),
        (ANSWER[:5], None, True),
        (ANSWER[:-1], None, True),
        ("0001 0001 0007 03 04 04 43668000", "garbage", False),
        ("0001 0000 00ff 03 04 04 43668000", "garbage", False),
        ("0001 0000 0002 03 04 00", "garbage", False),
        ("0001 0000 0007 04 04 04 43668000", "unit", True),
        ("0001 0000 0007 03 03 04 43668000", "function", True),
        ("0001 0000 0003 03 83 02", "function", True),
        ("0001 0000 0005 03 04 02 4366", "short", True),
        ("0001 0000 0009 03 04 06 436680000000", "short", True),
        ("0001 0000 0007 03 04 02 43668000", "short", True),
        ("0001 0000 0005 03 84 02 0000", "short", True),
        ("0006 0000 0007 03 04 04 43668000", None, True),
        (bytes.fromhex("0006 0000 0005 03 04 02 4366") + ANSWER, DATA, True),
        (bytes.fromhex("0006 0000 0005 03 04 02 4366") + ANSWER[:9], None, True),
    ],
)
def test_verdict_over_tcp(received: bytes | str, verdict: bytes | str | None, clean: bool) -> None:
    framing = Mbap()
    assert outcome(framing, bytes.fromhex(received) if isinstance(received, str) else received) == verdict
    assert framing.clean is clean


def rtu(unit: int, pdu: str) -> bytes:
    return framed(unit, bytes.fromhex(pdu))


@pytest.mark.parametrize(
    ("received", "verdict", "clean"),
    [
        (rtu(3, "04 04 43668000"), DATA, True),
        (rtu(3, "84 02"), "illegal_address", True),
        (rtu(3, "04 04 43668000")[:-1], None, False),
        (b"\x03", None, False),
        (rtu(3, "04 04 43668000")[:-1] + b"\0", "crc", False),
        (rtu(3, "04 04 43668000") * 2, DATA, False),
        (rtu(4, "04 04 43668000"), "unit", False),
        (rtu(3, "03 04 43668000"), "function", False),
        (rtu(3, "04 02 4366"), "short", False),
        (rtu(3, "04 06 436680000000"), "short", False),
        (b"\xde\xad\xbe" + rtu(3, "04 04 43668000"), "garbage", False),
        (b"\x03\xad", "garbage", False),
    ],
)
def test_verdict_over_rtu(received: bytes, verdict: bytes | str | None, clean: bool) -> None:
    framing = Rtu()
    assert outcome(framing, received) == verdict
    assert framing.clean is clean


@pytest.mark.parametrize("framing", [Mbap, Rtu])
@given(data=st.binary(max_size=600), cuts=st.lists(st.integers(1, 300), max_size=5))
def test_any_bytes_end_in_the_answer_a_refusal_or_nothing(framing: type[Framing], data: bytes, cuts: list[int]) -> None:
    stream = framing()
    stream.begin(ASK)
    answer: bytes | Refusal | None = None
    for cut in [*cuts, 600]:
        answer, data = stream.feed(data[:cut]), data[cut:]
        if answer is not None:
            break
    assert answer is None or isinstance(answer, Refusal) or len(answer) == 4
    stream.stray(data)
    assert stream.end() in ("", "torn", "transaction")


@given(st.integers(1, 60), st.binary(min_size=250, max_size=250))
def test_an_answer_byte_by_byte_is_the_same(count: int, data: bytes) -> None:
    ask, payload = read_request(9, 3, 0, count), data[: 2 * count]
    for stream, frame in (
        (Mbap(), bytes([0, 1, 0, 0, 0, 3 + len(payload), 9, 3, len(payload)]) + payload),
        (Rtu(), framed(9, bytes([3, len(payload)]) + payload)),
    ):
        stream.begin(ask)
        answers = [stream.feed(frame[i : i + 1]) for i in range(len(frame))]
        assert answers[:-1] == [None] * (len(frame) - 1)
        assert answers[-1] == payload
        assert stream.clean


def test_a_stream_with_a_late_answer_names_only_transactions_that_it_never_used() -> None:
    framing = Mbap()
    framing.begin(ASK)
    assert framing.end() == ""
    framing.begin(ASK)
    assert framing.feed(ANSWER) is None
    assert framing.end() == ""
    framing.begin(ASK)
    assert framing.feed(b"\x77" + ANSWER[1:]) is None
    assert framing.end() == "transaction"
    assert framing.clean


def test_answers_that_say_their_own_length() -> None:
    identity = bytes.fromhex("0e 01 01 00 00 02 00 05") + b"Maker" + b"\x01\x03M-1"
    assert [length(43, identity[:n]) for n in (0, 5, 7)] == [None] * 3
    assert length(43, identity) == length(43, identity + b"more") == len(identity)
    assert length(17, b"") is None
    assert length(17, b"\x03") == 4
    ask = Ask(5, 43, bytes([14, 2, 0]), None)
    assert outcome(Rtu(), framed(5, b"\x2b" + identity), ask) == identity
    assert outcome(Rtu(), framed(5, b"\xab\x01"), ask) == "illegal_function"


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
