"""RFC 8785: numbers of its appendix B, hand-written cases, and what must be refused."""

from __future__ import annotations

import json
import math
import struct
from collections import OrderedDict
from enum import Enum, IntEnum
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trivet import canonical


class Word(str, Enum):  # noqa: UP042 - its own text is its name, unlike that of a StrEnum
    DOOR = "door"


class Kind(IntEnum):
    ONE = 1


class Pair(NamedTuple):
    left: int
    right: int


# RFC 8785, appendix B: IEEE 754 bits and the text that JSON must carry.
APPENDIX_B = [
    ("0000000000000000", "0"),
    ("8000000000000000", "0"),
    ("0000000000000001", "5e-324"),
    ("8000000000000001", "-5e-324"),
    ("7fefffffffffffff", "1.7976931348623157e+308"),
    ("ffefffffffffffff", "-1.7976931348623157e+308"),
    ("4340000000000000", "9007199254740992"),
    ("c340000000000000", "-9007199254740992"),
    ("4430000000000000", "295147905179352830000"),
    ("44b52d02c7e14af5", "9.999999999999997e+22"),
    ("44b52d02c7e14af6", "1e+23"),
    ("44b52d02c7e14af7", "1.0000000000000001e+23"),
    ("444b1ae4d6e2ef4e", "999999999999999700000"),
    ("444b1ae4d6e2ef4f", "999999999999999900000"),
    ("444b1ae4d6e2ef50", "1e+21"),
    ("3eb0c6f7a0b5ed8c", "9.999999999999997e-7"),
    ("3eb0c6f7a0b5ed8d", "0.000001"),
    ("41b3de4355555553", "333333333.3333332"),
    ("41b3de4355555554", "333333333.33333325"),
    ("41b3de4355555555", "333333333.3333333"),
    ("41b3de4355555556", "333333333.3333334"),
    ("41b3de4355555557", "333333333.33333343"),
    ("becbf647612f3696", "-0.0000033333333333333333"),
    ("43143ff3c1cb0959", "1424953923781206.2"),
]

HAND_WRITTEN: list[tuple[Any, str]] = [
    ({}, "{}"),
    ([], "[]"),
    ([None, True, False], "[null,true,false]"),
    ({"b": 1, "a": {"d": 2.50, "c": 1e2}}, '{"a":{"c":100,"d":2.5},"b":1}'),
    ({"10": 1, "9": 2, "1": 3}, '{"1":3,"10":1,"9":2}'),
    ('\u20ac$\u000f\nA\'B"\\"/', '"€$\\u000f\\nA\'B\\"\\\\\\"/"'),
    ("\b\t\n\f\r\x1f\x7f\u2028", '"\\b\\t\\n\\f\\r\\u001f\x7f\u2028"'),
    # Keys are sorted by UTF-16 code units: U+1F600 (D83D DE00) comes before U+FB33.
    ({"\ufb33": 1, "\U0001f600": 2, "\u00f6": 3, "1": 4, "\r": 5}, '{"\\r":5,"1":4,"ö":3,"😀":2,"\ufb33":1}'),
    ((1, (2.0, -0.0)), "[1,[2,0]]"),
    (0.1 + 0.2, "0.30000000000000004"),
    (123456789012345680000.0, "123456789012345680000"),
    (1.5e-9, "1.5e-9"),
    (100000000000000000000, "100000000000000000000"),
]


@pytest.mark.parametrize(("bits", "text"), APPENDIX_B)
def test_numbers_of_appendix_b(bits: str, text: str) -> None:
    (value,) = struct.unpack(">d", bytes.fromhex(bits))
    assert canonical.dumps(value) == text.encode()
    assert float(text) == value


def test_derived_classes_count_as_what_they_are() -> None:
    assert canonical.dumps([Word.DOOR, Kind.ONE, {Word.DOOR: OrderedDict(b=1, a=Pair(1, 2))}]) == (
        b'["door",1,{"door":{"a":[1,2],"b":1}}]'
    )


@pytest.mark.parametrize(("tree", "text"), HAND_WRITTEN)
def test_hand_written(tree: Any, text: str) -> None:
    assert canonical.dumps(tree).decode() == text


@pytest.mark.parametrize(
    "tree",
    [
        math.nan,
        math.inf,
        -math.inf,
        2**53 + 1,
        -(2**60),
        10**400,
        {1: 2},
        {None: 1},
        b"x",
        {1},
        "\ud800",
        {"\udfff": 1},
        object(),
    ],
)
def test_refused(tree: Any) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the type is the contract, JSON trees have no place to name
        canonical.dumps([tree])


def test_digest_is_sha256_of_the_canonical_form() -> None:
    assert canonical.digest({}) == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    assert canonical.digest({"b": 1, "a": 2}) == canonical.digest({"a": 2.0, "b": 1.0})


json_trees = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(json_trees)
def test_reading_and_writing_again_changes_nothing(tree: Any) -> None:
    text = canonical.dumps(tree)
    assert canonical.dumps(json.loads(text)) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_come_back_exactly(value: float) -> None:
    assert float(canonical.dumps(value)) == value
