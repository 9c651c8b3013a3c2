"""Every type in every order against vectors that another encoder made; decode after encode changes nothing."""

from __future__ import annotations

import math
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trivet.signals import Quality, Readings, Status, quality
from trivet_modbus.address import Table
from trivet_modbus.at import ORDERED
from trivet_modbus.codec import compile_decoder
from trivet_modbus.kinds import KINDS, NO_NUMBER
from trivet_modbus.layout import WORD_ORDERS
from trivet_modbus.plan import Block
from trivet_modbus.points import ModbusPoint
from trivet_modbus.words import encode, encode_text, text

FOLDER = Path(__file__).parent / "conformance" / "registers"
ORDERS = ("big", "little")


def rows(name: str) -> list[list[str]]:
    lines = (FOLDER / name).read_text().splitlines()
    return [line.split() for line in lines if line and not line.startswith("#")]


def made(kind: str, words: str = "big", order: str = "big", address: int = 0, **more: object) -> ModbusPoint:
    low_half = {"bits": (0, 7)} if KINDS[kind].width == 8 else {}
    given: dict[str, Any] = {**low_half, **more}
    return ModbusPoint(f"p{address}", Table.HOLDING, address, kind, KINDS[kind].words, words, order, **given)


def decoded(payload: bytes, *points: ModbusPoint) -> Readings:
    first, last = min(p.address for p in points), max(p.end for p in points)
    decoder = compile_decoder(Block(points[0].table, first, last - first, points), [p.name for p in points])
    return decoder.decode(payload, 5, 7, "device/meter")[0]


def value(readings: Readings, name: str) -> float:
    return next(sample.value for sample in readings.samples() if sample.name == name)


@pytest.mark.parametrize(("kind", "words", "order", "data", "expected"), [*rows("numbers.txt"), *rows("further.txt")])
def test_number(kind: str, words: str, order: str, data: str, expected: str) -> None:
    point, wire = made(kind, words, order), bytes.fromhex(data)
    sample = decoded(wire, point).sample(0)
    if expected == "bad":
        assert math.isnan(sample.value)
        assert sample.quality is Quality.BAD
        family = KINDS[kind].family
        assert sample.reason == NO_NUMBER.get(family, "not_a_number")
        return
    assert sample.value == float(expected)
    assert (sample.status, sample.reason, sample.source, sample.receive) == (0, "", 5, 7)
    assert encode(point, float(expected)) == wire


def test_every_type_is_proved_in_every_order() -> None:
    seen = {tuple(row[:3]) for row in [*rows("numbers.txt"), *rows("further.txt")]}
    for kind, how in KINDS.items():
        if how.family in ("bool", "string", "bit"):
            continue
        for words in WORD_ORDERS if how.words > 1 else ("big",):
            if how.words not in ORDERED[words] or (how.words == 2 and words in ("swapped", "halves")):
                continue
            for order in ORDERS:
                assert (kind, words, order) in seen


@pytest.mark.parametrize(("half", "bits"), [("high", (8, 15)), ("low", (0, 7))])
def test_halves_of_a_register(half: str, bits: tuple[int, int]) -> None:
    register = b"\x85\x27"
    assert decoded(register, made("uint8", bits=bits)).values.tolist() == [0x85 if half == "high" else 0x27]
    assert decoded(register, made("int8", bits=bits)).values.tolist() == [-123 if half == "high" else 0x27]
    assert decoded(register, made("bcd8", bits=bits)).values.tolist() == [85 if half == "high" else 27]
    assert decoded(register[::-1], made("uint8", order="little", bits=bits)).values.tolist() == [
        0x85 if half == "high" else 0x27
    ]


def test_bits_of_two_and_four_registers() -> None:
    word = made("bit32", bits=(16, 17))
    assert decoded(b"\x00\x03\x00\x00", word).values.tolist() == [3.0]
    assert decoded(b"\x00\x00\x00\x02", made("bit32", "little", bits=(17, 17))).values.tolist() == [1.0]
    assert decoded(b"\x80" + bytes(7), made("bit64", bits=(63, 63))).values.tolist() == [1.0]
    assert encode(made("bit64", bits=(63, 63)), 1.0) == b"\x80" + bytes(7)


def test_minus_zero_is_zero() -> None:
    assert math.copysign(1.0, decoded(b"\x80\x00", made("signmag16")).values[0]) == 1.0


def test_a_case_has_limits_and_codes_of_its_own() -> None:
    limited = made("int16", limits=(-10.0, 50.0))
    sample = decoded(struct.pack(">h", 51), limited).sample(0)
    assert (sample.value, sample.status, sample.reason) == (51.0, Status.BAD_OUT_OF_RANGE, "out_of_range")
    assert decoded(struct.pack(">h", 50), limited).sample(0).status == 0
    coded = made("uint16", codes=((7.0, 1.0), (8.0, 0.0)))
    assert decoded(struct.pack(">H", 7), coded).sample(0).value == 1.0
    unknown = decoded(struct.pack(">H", 1), coded).sample(0)
    assert math.isnan(unknown.value)
    assert unknown.reason == "unknown_state"


@pytest.mark.parametrize(("order", "data", "low", "high", "expected"), rows("bits.txt"))
def test_bits(order: str, data: str, low: str, high: str, expected: str) -> None:
    point = made("bit", order=order, bits=(int(low), int(high)))
    assert decoded(bytes.fromhex(data), point).values.tolist() == [float(expected)]
    encoded = int.from_bytes(encode(point, float(expected)), "big")
    assert encoded & ~int(data, 16) == 0


def test_mixed_types_and_gaps_keep_their_names() -> None:
    points = (
        made("float32", "little", address=100),
        made("int16", address=102, scale=0.1, offset=-40.0),
        made("uint32", address=110),
        made("bit", address=112, bits=(3, 3)),
        made("int16", address=103),
    )
    payload = bytearray(2 * 13)
    for point, raw in zip(points, (1.5, 220.0, 70000.0, 1.0, -7.0), strict=True):
        data = encode(point, raw)
        payload[2 * (point.address - 100) : 2 * (point.end - 100)] = data
    readings = decoded(bytes(payload), *points)
    expected = {"p100": 1.5, "p102": -18.0, "p110": 70000.0, "p112": 1.0, "p103": -7.0}
    assert {sample.name: sample.value for sample in readings.samples()} == expected
    assert readings.names == tuple(expected)
    assert readings.origin == "device/meter"


def test_sentinels_are_bad_and_no_number() -> None:
    points = (
        made("int16", address=0, sentinels=(-32768.0, 32767.0), scale=0.1),
        made("int16", address=1, scale=0.1),
        made("uint32", address=2, sentinels=(4294967295.0,)),
    )
    readings = decoded(struct.pack(">hhI", -32768, -32768, 4294967295), *points)
    by_name = {sample.name: sample for sample in readings.samples()}
    assert by_name["p1"].value == pytest.approx(-3276.8)
    assert by_name["p1"].quality is Quality.GOOD
    for name in ("p0", "p2"):
        assert math.isnan(by_name[name].value)
        assert (by_name[name].status, by_name[name].reason) == (Status.BAD_OUT_OF_SERVICE, "sentinel")
    again = decoded(struct.pack(">hhI", 32767, 0, 1), *points)
    assert [sample.reason for sample in again.samples() if sample.name == "p0"] == ["sentinel"]
    assert [sample.value for sample in again.samples() if sample.name == "p2"] == [1.0]


def test_bit_tables_come_lowest_bit_first() -> None:
    points = tuple(ModbusPoint(f"c{a}", Table.COIL, a, "bool") for a in (10, 11, 12, 20))
    readings = decoded(bytes([0b0000_0101, 0b0000_0100]), *points)
    assert readings.values.tolist() == [1.0, 0.0, 1.0, 1.0]
    inverted = ModbusPoint("c", Table.COIL, 0, "bool", scale=-1.0, offset=1.0)
    assert decoded(b"\x01", inverted).values.tolist() == [0.0]


def test_overflow_of_a_scaled_float_is_bad() -> None:
    readings = decoded(struct.pack(">d", 1e308), made("float64", scale=1000.0))
    assert quality(int(readings.status[0])) is Quality.BAD


def test_conditions_are_kept_apart_from_readings() -> None:
    points = (made("uint16", address=0), made("bit", address=1, bits=(2, 2), severity=700))
    block = Block(Table.HOLDING, 0, 2, points)
    decoder = compile_decoder(block, ["p0"])
    readings, states = decoder.decode(struct.pack(">HH", 9, 0b100), 0, 0, "")
    assert readings.values.tolist() == [9.0]
    assert states.tolist() == [1.0]
    assert [point.name for point in decoder.points[decoder.readings :]] == ["p1"]


def test_a_refused_block_has_all_its_points() -> None:
    decoder = compile_decoder(Block(Table.HOLDING, 0, 3, (made("uint16"), made("float32", address=1))), ["p0", "p1"])
    readings = decoder.refused(int(Status.BAD_NODE_ID_UNKNOWN), "illegal_address", 9, "d/m")
    assert sorted(s.name for s in readings.samples()) == ["p0", "p1"]
    assert all(math.isnan(s.value) and s.reason == "illegal_address" and s.receive == 9 for s in readings.samples())


@pytest.mark.parametrize("payload", [b"", b"\x00", b"\x00\x00\x00"])
def test_a_payload_of_another_length_is_refused(payload: bytes) -> None:
    with pytest.raises(ValueError, match="bytes for a block"):
        decoded(payload, made("uint16"))


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        ("int16", 32768.0),
        ("uint16", -1.0),
        ("float32", 1e39),
        ("bcd16", 10000.0),
        ("mod10k32", 1e8),
        ("signmag16", 32768.0),
        ("int48", 2.0**47),
        ("datetime48", -1.0),
        ("datetime64", 1e18),
    ],
)
def test_a_number_that_does_not_fit_is_refused(kind: str, raw: float) -> None:
    with pytest.raises(ValueError, match="cannot hold"):
        encode(made(kind), raw)


@pytest.mark.parametrize(
    ("words", "order", "half", "data"),
    [
        (3, "big", "", b"SDM63\0"),
        (3, "little", "", b"DS6M\x003"),
        (5, "big", "low", b"\0S\0D\0M\x006\x003"),
        (5, "big", "high", b"S\0D\0M\x006\x003\0"),
        (5, "little", "low", b"S\0D\0M\x006\x003\0"),
    ],
)
def test_text_in_all_packings(words: int, order: str, half: str, data: bytes) -> None:
    point = ModbusPoint("model", Table.HOLDING, 0, "string", words, byte_order=order, half=half)
    assert text(point, data) == "SDM63"
    assert encode_text(point, "SDM63") == data


@st.composite
def encodable(draw: st.DrawFn) -> tuple[ModbusPoint, float]:
    kind = draw(st.sampled_from(sorted(set(KINDS) - {"bool", "string"})))
    how = KINDS[kind]
    low = draw(st.integers(0, how.width - 1)) if how.family == "bit" else draw(st.sampled_from([0, 8]))
    high = draw(st.integers(low, how.width - 1)) if how.family == "bit" else low + 7
    orders = [order for order in WORD_ORDERS if how.words in ORDERED[order]]
    bits = (low, high) if how.width == 8 or how.family == "bit" else (0, 15)
    point = made(kind, draw(st.sampled_from(orders)), draw(st.sampled_from(ORDERS)), bits=bits)
    half = min(2 ** (how.width - 1), 2**53)
    if how.family == "float":
        return point, draw(st.floats(width=how.width, allow_nan=False, allow_infinity=False))  # type: ignore[arg-type]
    if how.family == "datetime":
        return point, float(draw(st.integers(946_684_800, 4_102_444_799)))  # the years 2000 to 2099
    top = {
        "bit": min(2 ** (high - low + 1) - 1, 2**53),
        "bcd": min(10 ** (how.width // 4) - 1, 2**53),
        "mod10k": min(10_000**how.words - 1, 2**53),
        "uint": min(2**how.width - 1, 2**53),
    }.get(how.family, half - 1)
    bottom = {"int": -half, "signmag": 1 - half}.get(how.family, 0)
    return point, float(draw(st.integers(bottom, top)))


@given(encodable())
def test_decode_after_encode_changes_nothing(case: tuple[ModbusPoint, float]) -> None:
    point, raw = case
    readings = decoded(encode(point, raw), point)
    assert readings.values[0] == raw
    assert readings.status[0] == 0


@given(st.binary(min_size=200, max_size=200))
def test_any_bytes_decode_without_an_exception(payload: bytes) -> None:
    points, address = [], 0
    for kind in sorted(set(KINDS) - {"bool", "string"}):
        points.append(made(kind, "little", "big", address))
        address = points[-1].end
    readings = decoded(payload[: 2 * address].ljust(2 * address, b"\0"), *points)
    bad = np.isnan(readings.values)
    assert (bad == (readings.status >= 0x8000_0000)).all()
    assert set(readings.reasons) == set(np.flatnonzero(bad).tolist())
