"""What a source would ask of its unit, and how long that takes, without asking; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from trivet.device.adapter import Diagnosis, Target
from trivet.errors import Finding, Message
from trivet.signals import SECOND
from trivet_modbus.address import manual_number
from trivet_modbus.codec import Decoder
from trivet_modbus.points import ModbusPoint
from trivet_modbus.schedule import Schedule, schedule

MILLISECOND = 1e6
BUSY = 0.8
"""Share of the time above which a line has no room for a retry."""


def preview(target: Target) -> Diagnosis:
    """The plan for a target, as it is while every condition holds that can hold together.

    Raises:
        DocumentError: The endpoint's URL or settings are wrong, or no point can be read.
    """
    made = schedule(target)
    agenda = made.agenda()
    planned = agenda.decoders(agenda.widest())
    share = _share(made, planned)
    serial = f"{made.line.baud} baud" if made.line.baud else "a network"
    turnaround = 1000 * made.layout.turnaround
    facts: dict[str, Any] = {
        "line": f"{serial}, and {turnaround:g} ms that the controller takes for each answer",
        "requests": list(_rows(made, planned)),
        "line_in_use": f"{100 * share:.2g} % of the time",
    }
    conditional: dict[str, list[str]] = {}
    for one in made.points:
        if one.when or one.count or one.selector:
            conditional.setdefault(_condition(one), []).append(one.name)
    if conditional:
        facts["asked_only_while"] = conditional
    texts = [one.name for one in made.points if one.type == "string"]
    if texts:
        facts["read_to_identify_only"] = texts
    return Diagnosis(facts, tuple(_findings(target, share)))


def _rows(made: Schedule, planned: Mapping[str, tuple[Decoder, ...]]) -> Iterator[dict[str, Any]]:
    periods = {turn.name: turn.period / SECOND for turn in made.turns}
    for name, decoders in reversed(list(planned.items())):
        for block in (decoder.block for decoder in decoders):
            first, last = (manual_number(block.table, block.address + n) for n in (0, block.count - 1))
            yield {
                "every_s": periods[name],
                "function": block.table.function,
                "wire": block.address,
                "hex": f"0x{block.address:04X}",
                "manual": first if first == last else f"{first}-{last}",
                "count": block.count,
                "points": len(block.points),
                "ms": round(made.cost.of(block.table, block.count) / MILLISECOND, 1),
            }


def _share(made: Schedule, planned: Mapping[str, tuple[Decoder, ...]]) -> float:
    """How much of the time the line is in use."""
    share = 0.0
    for turn in made.turns:
        blocks = [decoder.block for decoder in planned.get(turn.name, ())]
        share += sum(made.cost.of(block.table, block.count) for block in blocks) / turn.period
    return share


def _condition(one: ModbusPoint) -> str:
    parts = [f"{name} is {code:g}" for name, code in one.when]
    if one.count:
        parts.append(f"{one.count} is {one.number} or more")
    if one.selector:
        parts.append(f"{one.selector} is known")
    return " and ".join(parts)


def _findings(target: Target, share: float) -> Iterator[Finding]:
    if share > BUSY:
        message = Message("needs {share:.0f} % of its line's time", share=100 * share)
        hint = "read less often (`periods`), fewer points, or at a higher baud rate"
        yield Finding("TRV-M122", target.name, message, hint, "warning")
