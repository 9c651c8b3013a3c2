"""What the registers around a value are, over all ways to split them into values; pure.

The registers of one controller mostly have one layout. So a candidate is judged by all registers that were
read, not by its own alone: in the true layout its neighbours become values, too, in a wrong one they
come apart. Bits are those of ``likelihood``; the probabilities of all splits are summed, since several may fit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from trivet.signals import Floats
from trivet_modbus.likelihood import LEFTOVER, wild, word_bits

SAME, PLAIN, OTHER = 1.0, 3.0, 16.0
"""Bits that say what follows: a value of the layout in question, a register by itself, a value of another layout."""
STATES = 5
"""A register with fewer different values may be a state or a setting, which any map has beside its numbers."""


class Surroundings:
    """Explains registers beside a candidate.

    Attributes:
        registers: How many there are.
    """

    def __init__(self, words: NDArray[np.int64], bits: Mapping[int, Floats]) -> None:
        """Prepares what all layouts share.

        Args:
            words: ``(polls, registers)``; -1 where one was refused.
            bits: For each width what values cost that begin at each register, ``(layouts, registers - width + 1)``;
                infinite where the words are none.
        """
        self.registers = words.shape[1]
        edge = max(bits) - 1
        torn = (words >= 0).all(axis=0) & wild(np.abs(np.diff(words, axis=0)), 1)
        # a value that was cut off by the end of what was read is no fault of the layout
        torn[:edge] = torn[self.registers - edge :] = False
        refused = (words < 0).any(axis=0)
        few = (np.diff(np.sort(words, axis=0), axis=0) > 0).sum(axis=0) < STATES
        plain = np.where(refused, 0.0, word_bits(np.maximum(words, 0)))
        self._single = plain + np.where(refused, 0.0, np.where(few, PLAIN, OTHER) + LEFTOVER * torn)
        self._first = SAME + np.cumsum(plain)
        self._last = SAME + np.cumsum(plain[::-1])
        self._other = {width: OTHER + table.min(axis=0) for width, table in bits.items()}

    def beside(self, width: int, bits: Floats, starts: Iterable[int]) -> Floats:
        """Bits for all registers before and after a value.

        Args:
            width: Registers of a value.
            bits: As above, of some layouts of that width.
            starts: Where the value may begin.

        Returns:
            ``(layouts, starts)``.
        """
        before = self._before(width, bits)
        first = list(starts)
        after = self._after(width, bits)
        return before[:, first] + after[:, [start + width for start in first]]

    def _before(self, width: int, bits: Floats) -> Floats:
        """Bits for the registers before each place, ``(layouts, registers + 1)``."""
        told = np.zeros((len(bits), self.registers + 1))
        for stop in range(1, self.registers + 1):
            ways = [told[:, stop - 1] + self._single[stop - 1]]
            ways += [told[:, stop - w] + other[stop - w] for w, other in self._other.items() if w <= stop]
            if stop < width:
                ways.append(np.full(len(bits), self._first[stop - 1]))
            else:
                ways.append(told[:, stop - width] + SAME + bits[:, stop - width])
            told[:, stop] = _together(ways)
        return told

    def _after(self, width: int, bits: Floats) -> Floats:
        """Bits for the registers from each place on, ``(layouts, registers + 1)``."""
        told = np.zeros((len(bits), self.registers + 1))
        for start in reversed(range(self.registers)):
            room = self.registers - start
            ways = [told[:, start + 1] + self._single[start]]
            ways += [told[:, start + w] + other[start] for w, other in self._other.items() if w <= room]
            if room < width:
                ways.append(np.full(len(bits), self._last[room - 1]))
            else:
                ways.append(told[:, start + width] + SAME + bits[:, start])
            told[:, start] = _together(ways)
        return told


def _together(ways: list[Floats]) -> Floats:
    """Bits of what can come about in any of several ways: their probabilities add up."""
    return np.asarray(-np.logaddexp2.reduce(-np.stack(ways)))
