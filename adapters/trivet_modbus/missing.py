"""Points that a unit is known not to have: they are not asked for, and each poll says so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from trivet.signals import Readings
from trivet_modbus.codec import Decoder, compile_decoder
from trivet_modbus.frame import EXCEPTIONS
from trivet_modbus.learned import Learned
from trivet_modbus.plan import Block
from trivet_modbus.points import ModbusPoint

ILLEGAL_ADDRESS = EXCEPTIONS[2]


@dataclass(frozen=True, slots=True)
class Missing:
    """Points of one poll class and table.

    Attributes:
        poll: Their poll class.
        decoder: That names them.
    """

    poll: str
    decoder: Decoder

    def readings(self, now: int, origin: str) -> Readings:
        """A row without a number for each of them."""
        return self.decoder.refused(int(ILLEGAL_ADDRESS.status), ILLEGAL_ADDRESS.reason, now, origin)


def missing(points: Iterable[ModbusPoint], learned: Learned) -> Iterator[Missing]:
    """Those of some points that lie in holes."""
    lacking = (one for one in points if one.type != "string" and not one.severity and learned.lacks(one))
    ordered = sorted(lacking, key=lambda one: (one.poll, one.table, one.address))
    for (poll, table), group in groupby(ordered, key=lambda one: (one.poll, one.table)):
        members = tuple(group)
        first, stop = members[0].address, max(one.end for one in members)
        decoder = compile_decoder(Block(table, first, stop - first, members), [one.name for one in members])
        yield Missing(poll, decoder)
