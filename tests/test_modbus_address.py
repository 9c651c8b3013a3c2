"""Address notations: the conformance table, and the way back."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trivet.errors import DocumentError
from trivet_modbus.address import Addressing, Table, manual_number, wire_address

FILE = Path(__file__).parent / "conformance" / "registers" / "addresses.txt"
CASES = [line.split() for line in FILE.read_text().splitlines() if line and not line.startswith("#")]


@pytest.mark.parametrize(("addressing", "table", "written", "expected", "address"), CASES, ids=map(" ".join, CASES))
def test_notation(addressing: str, table: str, written: str, expected: str, address: str) -> None:
    named = None if table == "-" else Table(table)
    if expected == "fail":
        with pytest.raises(DocumentError) as caught:
            wire_address(written, Addressing(addressing), named, "meter/power")
        assert caught.value.where == "meter/power"
        assert caught.value.hint
        return
    assert wire_address(written, Addressing(addressing), named, "") == (Table(expected), int(address))


def test_there_are_enough_notations() -> None:
    assert len(CASES) >= 20


def test_a_number_is_read_like_its_text() -> None:
    assert wire_address(30013, Addressing.MODICON, None, "") == (Table.INPUT, 12)
    with pytest.raises(DocumentError):
        wire_address(True, Addressing.ZERO, Table.INPUT, "")


@given(st.sampled_from(list(Table)), st.integers(0, 65535))
def test_the_manual_number_leads_back(table: Table, address: int) -> None:
    assert wire_address(manual_number(table, address), Addressing.MODICON, None, "") == (table, address)
