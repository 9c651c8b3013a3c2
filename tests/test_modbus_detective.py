"""The order detective: what it ranks first, when it does not decide, what its readings are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kits.riddles import STEP, hinted, riddle, right, wrong
from trivet_modbus.detective import AFTER, BEFORE, TRIED, Verdict, Words, display_tolerance, interpret, investigate
from trivet_modbus.likelihood import Expectation

TANK = Expectation("Cel", -10, 120, 10)


def times(polls: int) -> tuple[float, ...]:
    return tuple(STEP * number for number in range(polls))


def around(value: list[list[int]], beside: int = 700) -> Words:
    """Registers of a value at the address, and constants around it."""
    width = BEFORE + AFTER
    rows = [[beside] * BEFORE + words + [beside] * (width - BEFORE - len(words)) for words in value]
    return np.array(rows, np.int64)


def floats(values: list[float], swapped: bool = False) -> Words:
    words = [list(np.array([value], ">f4").view(">u2")) for value in values]
    return around([[int(word) for word in (pair[::-1] if swapped else pair)] for pair in words])


HEATING = [55.13, 55.42, 55.71, 56.02, 56.35, 56.61, 56.93, 57.2, 57.55, 57.81]


def test_it_ranks_the_truth_first_and_never_decides_wrongly() -> None:
    cases = [hinted(riddle(seed)) for seed in range(3 * len(TRIED))]
    verdicts = [investigate(case.times, case.words, case.expected) for case in cases]
    pairs = list(zip(cases, verdicts, strict=True))
    assert sum(right(case, verdict) for case, verdict in pairs) >= 0.95 * len(cases)
    assert not any(wrong(case, verdict) for case, verdict in pairs)


def test_without_a_display_it_still_never_decides_wrongly() -> None:
    for seed in range(1000, 1000 + 2 * len(TRIED)):
        case = riddle(seed)
        assert not wrong(case, investigate(case.times, case.words, case.expected)), seed


@pytest.mark.parametrize("swapped", [False, True])
def test_the_word_order_of_a_float_is_found(swapped: bool) -> None:
    expected = replace(TANK, shown=57.8, tolerance=display_tolerance(57.8))
    verdict = investigate(times(10), floats(HEATING, swapped), expected)
    best = verdict.ranked[0].best
    assert best.layout == ("float32", "little" if swapped else "big", "big")
    assert best.offset == 0
    assert best.values == pytest.approx(HEATING, rel=1e-6)
    assert verdict.layout
    assert verdict.address


def test_an_address_that_is_off_by_one_is_found() -> None:
    words = np.roll(floats(HEATING), 1, axis=1)
    verdict = investigate(times(10), words, replace(TANK, shown=57.8, tolerance=display_tolerance(57.8)))
    assert verdict.ranked[0].best.offset == 1
    assert verdict.address


def test_a_neighbour_as_plausible_leaves_the_address_undecided() -> None:
    rows = [[round(10 * value), round(10 * value) + 200 + 3 * number] for number, value in enumerate(HEATING)]
    verdict = investigate(times(10), around(rows), TANK)
    assert ("int16", "big", "big") in verdict.ranked[0].layouts()
    assert not verdict.address
    shown = replace(TANK, shown=57.8, tolerance=display_tolerance(57.8))
    assert investigate(times(10), around(rows), shown).address


def test_a_value_that_stands_still_is_not_decided() -> None:
    verdict = investigate(times(10), around([[615]] * 10), TANK)
    assert not verdict.layout
    assert "did not change" in verdict.reason


def test_a_value_that_rests_at_the_very_address_is_not_taken_for_a_neighbour() -> None:
    rows = [[round(10 * value)] for value in HEATING]
    words = np.roll(around(rows, 615), 1, axis=1)
    verdict = investigate(times(10), words, TANK)
    assert verdict.ranked[0].best.offset == 1
    assert not verdict.address


def test_what_fits_nothing_is_said() -> None:
    dice = np.random.default_rng(1)
    words = dice.integers(40_000, 60_000, (10, BEFORE + AFTER))
    verdict = investigate(times(10), words, replace(TANK, shown=60.0, tolerance=0.6))
    assert not verdict.layout
    assert "fits" in verdict.reason


def test_too_few_polls_and_refused_registers() -> None:
    assert "few" in investigate(times(3), floats(HEATING[:3]), TANK).reason
    refused = np.full((5, BEFORE + AFTER), -1, np.int64)
    verdict: Verdict = investigate(times(5), refused, TANK)
    assert verdict.ranked == ()
    assert not verdict.layout
    partly = floats(HEATING)
    partly[:, BEFORE + 2 :] = -1
    assert investigate(times(10), partly, TANK).ranked[0].best.type == "float32"


def test_scales_that_are_as_plausible_are_told() -> None:
    rows = [[round(10 * value)] for value in HEATING]
    reading = next(one for one in investigate(times(10), around(rows), TANK).ranked if one.best.type == "int16")
    assert len({reading.best.scale, *reading.scales}) > 1


@pytest.mark.parametrize(
    ("name", "words", "orders", "expected"),
    [
        ("int32", [0x0001, 0x0002], ("big", "big"), 65538.0),
        ("int32", [0x0001, 0x0002], ("little", "big"), 131073.0),
        ("uint16", [0x1234], ("big", "little"), float(0x3412)),
        ("int64", [1, 2, 3, 4], ("swapped", "big"), float((2 << 48) + (1 << 32) + (4 << 16) + 3)),
        ("int64", [1, 2, 3, 4], ("halves", "big"), float((3 << 48) + (4 << 32) + (1 << 16) + 2)),
        ("mod10k32", [12, 345], ("big", "big"), 120345.0),
        ("bcd32", [0x1234, 0x5678], ("big", "big"), 12345678.0),
    ],
)
def test_words_are_read_as_the_profile_would(
    name: str, words: list[int], orders: tuple[str, str], expected: float
) -> None:
    assert interpret(np.array([words], np.int64), name, *orders).tolist() == [expected]
