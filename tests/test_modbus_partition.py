"""Registers beside a candidate: what their splits cost together, and what they leave alone."""

from __future__ import annotations

import numpy as np
import pytest

from trivet_modbus.kinds import KINDS
from trivet_modbus.likelihood import number_bits, word_bits
from trivet_modbus.partition import OTHER, PLAIN, SAME, STATES, Surroundings

POLLS = 12
DRIFT = np.arange(POLLS)
PAIR = KINDS["uint32"]


def pairs(words: np.ndarray) -> np.ndarray:
    """Bits of a 32-bit value that begins at each register, most significant register first."""
    raw = (words[:, :-1] << 16 | words[:, 1:]).astype(np.float64)
    return np.array([number_bits(raw, PAIR)])


def test_values_of_one_layout_cost_what_they_need() -> None:
    low = 60_000 + 900 * DRIFT
    words = np.stack([low >> 16, low & 0xFFFF] * 4, axis=1)
    bits = pairs(words)
    around = Surroundings(words, {2: bits})
    beside = around.beside(2, bits, [2])
    values = 3 * SAME + bits[0, 0] + bits[0, 4] + bits[0, 6]
    assert values - 0.01 < beside[0, 0] < values, "any other split is far less likely, but not impossible"


def test_a_wrong_place_tears_its_neighbours() -> None:
    low = 60_000 + 900 * DRIFT
    words = np.stack([low >> 16, low & 0xFFFF] * 4, axis=1)
    bits = pairs(words)
    right, wrong = (Surroundings(words, {2: bits}).beside(2, bits, [2, 3]) + bits[:, [2, 3]])[0]
    assert right + 50.0 < wrong


def test_a_state_is_a_register_by_itself_and_a_number_is_not() -> None:
    nothing = np.full((1, 2), np.inf)
    states = np.stack([DRIFT % 2, 7 + 0 * DRIFT, 7 + 0 * DRIFT], axis=1)
    assert len(set(states[:, 0].tolist())) < STATES
    alone = word_bits(states)
    (bits,) = Surroundings(states, {2: nothing}).beside(2, nothing, [1])[0]
    assert bits == pytest.approx(alone[0] - np.log2(2.0**-PLAIN + 2.0**-SAME)), "a state, or a value cut off"
    numbers = np.stack([DRIFT, 0 * DRIFT, 0 * DRIFT, DRIFT, 0 * DRIFT, 0 * DRIFT], axis=1)
    (bits,) = Surroundings(numbers, {2: np.full((1, 5), np.inf)}).beside(2, np.full((1, 5), np.inf), [1])[0]
    alone = word_bits(numbers)
    likeliest = SAME + alone[0] + OTHER + alone[3] + PLAIN + alone[4] + SAME + alone[5]
    assert likeliest - 1.0 < bits < likeliest


def test_refused_registers_cost_nothing() -> None:
    refused = np.full((POLLS, 6), -1, np.int64)
    bits = np.full((1, 5), np.inf)
    assert Surroundings(refused, {2: bits}).beside(2, bits, [2])[0, 0] <= 2 * SAME
