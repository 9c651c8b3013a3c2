"""Documents compare, hash and print by their fields, like any frozen dataclass."""

from __future__ import annotations

import copy
import pickle
from dataclasses import FrozenInstanceError, asdict, replace

import pytest

from trivet.interface.document import FalseAlarms, Level, OutputClass, Repeat

LEVEL = Level(raise_at=0.8, clear_at=0.5)


def test_equal_by_fields_and_by_class() -> None:
    assert Level(raise_at=0.8, clear_at=0.5) == LEVEL
    assert replace(LEVEL, clear_at=0.4) != LEVEL
    assert FalseAlarms(count=1.0, seconds=2.0) != Level(raise_at=1.0, clear_at=2.0)
    assert LEVEL != (0.8, 0.5)


def test_equal_documents_have_equal_hashes() -> None:
    assert len({LEVEL, Level(raise_at=0.8, clear_at=0.5), Repeat(max=3)}) == 2


def test_a_mapping_inside_has_no_hash() -> None:
    with pytest.raises(TypeError):
        hash(OutputClass(id=1, label={"en": "Scale"}))


def test_printed_as_it_is_made() -> None:
    assert repr(LEVEL) == "Level(raise_at=0.8, clear_at=0.5)"
    assert repr(Repeat(max=3)) == "Repeat(max=3, count=None)"


def test_frozen_slotted_and_copied() -> None:
    with pytest.raises(FrozenInstanceError):
        LEVEL.clear_at = 0.1  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        del LEVEL.clear_at
    assert not hasattr(LEVEL, "__dict__")
    assert pickle.loads(pickle.dumps(LEVEL)) == copy.deepcopy(LEVEL) == LEVEL  # noqa: S301 - our own bytes
    assert asdict(LEVEL) == {"raise_at": 0.8, "clear_at": 0.5}


def test_made_of_all_fields_that_have_no_default_and_of_no_others() -> None:
    with pytest.raises(TypeError, match="Level wants 'clear_at'"):
        Level(raise_at=0.8)  # type: ignore[call-arg]
    with pytest.raises(AttributeError, match="lower_at"):
        Level(raise_at=0.8, clear_at=0.5, lower_at=0.1)  # type: ignore[call-arg]
    assert OutputClass(id=1).label is not OutputClass(id=1).label
