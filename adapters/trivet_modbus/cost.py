"""What a read request costs on its line, in time; pure.

A request of so many addresses takes ``request + each * bytes of data``: the answer's data are the
only part that grows. Serial lines: a character is 11 bits, frames are parted by 3.5 characters of
silence and at least by 1.75 ms (Modbus over Serial Line 1.02, 2.5.1.1); a request is 8 characters, an
answer 5 and its data. TCP: both frames at 100 Mbit/s with the headers of Ethernet, IP and TCP.
"""

from __future__ import annotations

from typing import NamedTuple

from trivet_modbus.address import Table

BITS = 11
REQUEST = 8
ANSWER = 5
SILENCE = 3.5
SHORTEST_SILENCE = 1_750_000
FAST_BAUD = 19200
NETWORK = 100e6
TCP_FRAMES = 12 + 9 + 2 * 78
"""Request, answer without data, and for each the headers of its packet [bytes]."""


class Cost(NamedTuple):
    """Time that a request takes [ns].

    Attributes:
        request: Of any request, the controller's turnaround in it.
        each: Of one byte of data in the answer.
    """

    request: int
    each: int

    def of(self, table: Table, count: int) -> int:
        """Nanoseconds of a request for so many addresses."""
        return self.request + self.each * size(table, count)


def size(table: Table, count: int) -> int:
    """Bytes of data in an answer."""
    return (count + 7) // 8 if table.bits else 2 * count


def cost(baud: int, turnaround: float) -> Cost:
    """The cost of requests on a line.

    Args:
        baud: Of a serial line, also behind a gateway; 0 for TCP.
        turnaround: What the controller usually takes to answer [s].
    """
    if not baud:
        return Cost(round(1e9 * (turnaround + 8 * TCP_FRAMES / NETWORK)), round(8e9 / NETWORK))
    character = round(1e9 * BITS / baud)
    silence = round(SILENCE * character)
    if baud > FAST_BAUD:
        silence = max(silence, SHORTEST_SILENCE)
    return Cost((REQUEST + ANSWER) * character + 2 * silence + round(1e9 * turnaround), character)
