"""What is wrong or odd about a unit and the profile it is read with."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from typing import Any

from trivet.device.adapter import Clock, Diagnosis, Target
from trivet.errors import Finding, Message
from trivet.signals import Gap, Readings, Sample
from trivet_modbus import symptoms
from trivet_modbus.address import manual_number
from trivet_modbus.ask import Asker, asking
from trivet_modbus.client import LostError
from trivet_modbus.codec import Decoder
from trivet_modbus.frame import Refusal
from trivet_modbus.layout import profile_map
from trivet_modbus.mistake import mistaken
from trivet_modbus.plan import Block
from trivet_modbus.schedule import schedule
from trivet_modbus.source import stream

FIRST_LOOK = 3.0


async def diagnose(target: Target, clock: Clock, seconds: float) -> Diagnosis:
    """A look at every point of a unit for a while, then at its words, its limits and its patience.

    Raises:
        DocumentError: The endpoint's URL or settings are wrong.
        AdapterError: This system cannot open such a route.
    """
    samples, gaps = await _polled(target, clock, max(seconds, FIRST_LOOK))
    found: list[Finding] = [_gone(target, gap) for gap in gaps[:1]]
    facts: dict[str, Any] = {}
    try:
        async with asking(target.endpoint, target.name, target.folder) as asker:
            facts |= await _identity(asker, target, found)
            typed = [one for point in target.points.values() for one in point.instances()]
            found += await mistaken(asker, target, typed, samples, clock)
            found += await _limits(asker, target, samples)
            facts["turnaround"] = _turnaround(asker, target, found)
    except LostError as lost:
        if not gaps:
            found.append(Finding("TRV-M101", target.name, str(lost), "check address, cable and power"))
    wrong = any(one.rule in ("TRV-M113", "TRV-M114") for one in found)
    found += [one for one in symptoms.points(target, samples) if not (wrong and one.rule == "TRV-M112")]
    facts["points"] = list(_rows(target, samples))
    return Diagnosis(facts, tuple(found))


async def _polled(target: Target, clock: Clock, seconds: float) -> tuple[dict[str, list[Sample]], list[Gap]]:
    """Everything that a normal source says in so many seconds, by point."""
    samples: dict[str, list[Sample]] = {}
    gaps: list[Gap] = []
    items = stream(schedule(target), clock, lambda: 0.5)
    try:
        async with asyncio.timeout(seconds / clock.speed):
            async for item in items:
                if isinstance(item, Readings):
                    for sample in item.samples():
                        samples.setdefault(sample.name, []).append(sample)
                elif isinstance(item, Gap):
                    gaps.append(item)
    except TimeoutError:
        pass
    finally:
        if isinstance(items, AsyncGenerator):
            await items.aclose()
    return samples, gaps


def _gone(target: Target, gap: Gap) -> Finding:
    hint = "check address, unit id, cable and power; on a serial line also speed and parity"
    reason = f"{gap.reason}: {gap.detail}" if gap.detail else gap.reason
    return Finding("TRV-M101", target.name, Message("the unit did not answer ({reason})", reason=reason), hint)


async def _identity(asker: Asker, target: Target, found: list[Finding]) -> dict[str, Any]:
    """What the unit says it is; a finding where that is not what the profile is for."""
    told = await asker.nameplate()
    if isinstance(told, Refusal):
        return {"nameplate": {}}
    for key, wanted in target.profile.match.items():
        shown = told.get(key)
        if key not in target.points and shown is not None and not _same(shown, wanted):
            message = Message(
                "it calls itself {shown!r} ({key}), the profile is for {wanted!r}", shown=shown, key=key, wanted=wanted
            )
            hint = "take the profile of this controller; a wrong one gives plausible numbers in wrong places"
            found.append(Finding("TRV-M110", target.name, message, hint))
    return {"nameplate": dict(told)}


def _same(shown: str, wanted: str) -> bool:
    stem = wanted.rstrip("*").casefold()
    return shown.casefold().startswith(stem) if wanted.endswith("*") else shown.casefold() == stem


async def _limits(asker: Asker, target: Target, samples: dict[str, list[Sample]]) -> list[Finding]:
    """Blocks that are refused as a whole and served in halves: the unit takes shorter requests than planned."""
    dead = {name for name, seen in samples.items() if symptoms.is_dead(seen)}
    agenda = schedule(target).agenda()
    for asked in agenda.ask(agenda.classes):
        if not isinstance(asked, Decoder) or asked.block.table.bits or asked.block.count < 2:
            continue
        block = asked.block
        if any(one.name in dead for one in block.points):
            continue
        if await asker.words(block.table, block.address, block.count) is None:
            reason, served = asker.refused, await _served(asker, block)
            if served:
                message = Message(
                    "a request of {count} registers is refused ({reason}), one of {served} is answered",
                    count=block.count,
                    reason=reason,
                    served=served,
                )
                hint = Message("write `block_limit: {served}` into the profile's settings", served=served)
                return [Finding("TRV-M115", target.name, message, hint, "warning")]
    return []


async def _served(asker: Asker, block: Block) -> int:
    """The most registers from the block's address on that the unit gives at once; 0 when none."""
    low, high = 0, block.count
    while high - low > 1:
        middle = (low + high) // 2
        if await asker.words(block.table, block.address, middle) is None:
            high = middle
        else:
            low = middle
    return low


def _turnaround(asker: Asker, target: Target, found: list[Finding]) -> dict[str, float]:
    """Median and longest turnaround; a finding where the profile promises better."""
    layout = profile_map(target.profile)
    median, longest = asker.turnaround(50), asker.turnaround(100)
    if longest > layout.worst_turnaround:
        message = Message(
            "an answer took {took:.0f} ms, the profile says {most:.0f} at most",
            took=longest * 1000.0,
            most=layout.worst_turnaround * 1000.0,
        )
        hint = "write a longer `worst_turnaround` into the profile's settings: after a timeout the line waits so long"
        found.append(Finding("TRV-M116", target.name, message, hint, "warning"))
    return {"median_ms": round(median * 1e3, 2), "longest_ms": round(longest * 1e3, 2)}


def _rows(target: Target, samples: dict[str, list[Sample]]) -> Iterator[dict[str, Any]]:
    """One row a point: where it is, and what it shows."""
    for name, source in target.points.items():
        for one in source.instances():
            seen = samples.get(one.name, [])
            if not seen:
                continue
            last = seen[-1]
            yield {
                "point": one.name,
                "address": manual_number(one.table, one.address),
                "type": one.type,
                "value": None if last.value != last.value else float(f"{last.value:.6g}"),
                "unit": target.profile.points[name].unit or "",
                "status": last.reason or "good",
                "polls": len(seen),
            }
