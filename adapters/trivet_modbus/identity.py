"""Which controller answers at a URL, and which of some profiles describe it.

A profile's ``match`` names fields of the nameplate, or points of its own, and the text each must have.
A controller whose product code is a profile's id is of that profile, as all that are made from one are.
Points are asked for only of profiles whose ``match`` names some, a few registers each.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping

from trivet.device.adapter import Found
from trivet.device.document import Endpoint, Profile
from trivet.errors import DocumentError, Finding, Message, ReadError
from trivet_modbus.ask import Asker, asking
from trivet_modbus.client import LostError
from trivet_modbus.frame import Refusal
from trivet_modbus.plan import Block
from trivet_modbus.points import ModbusPoint, point

UNITS = range(1, 248)
PACE = 0.05
GLANCE = 0.3


async def identify(url: str, profiles: Mapping[str, Profile]) -> tuple[Found, ...]:
    """What answers at a URL, with the profiles whose ``match`` it fulfils.

    Raises:
        DocumentError: The URL is wrong.
        ConnectError: Nothing answers at the address.
        ReadError: The unit does not answer.
    """
    async with asking(Endpoint(profile="", url=url)) as asker:
        told = await asker.nameplate()
        if isinstance(told, Refusal):
            hint = "check the unit id, the line's speed and parity, and that the controller is on"
            raise ReadError(
                Message("unit {unit} does not answer ({reason})", unit=asker.line.unit, reason=told.reason),
                where=url,
                hint=hint,
                rule="TRV-M101",
            )
        return (await _found(url, asker, told, profiles),)


async def scan(url: str, profiles: Mapping[str, Profile]) -> AsyncIterator[Found]:
    """Every unit that answers on the line of a URL, one after the other and in no hurry.

    Raises:
        DocumentError: The URL is wrong.
        ConnectError: Nothing answers at the address.
    """
    base = Endpoint(profile="", url=url, settings={"timeout": GLANCE, "retries": 0})
    async with asking(base) as first:
        route = first.line.route
        for unit in UNITS:
            place = Endpoint(profile="", url=route.url(unit), settings=base.settings)
            try:
                async with asking(place) as asker:
                    told = await asker.nameplate()
                    if not isinstance(told, Refusal):
                        yield await _found(place.url, asker, told, profiles)
            except LostError:
                continue
            finally:
                await asyncio.sleep(PACE)


async def _found(url: str, asker: Asker, told: Mapping[str, str], profiles: Mapping[str, Profile]) -> Found:
    fitting = {name: score for name, one in profiles.items() if (score := await _score(asker, told, one))}
    fitting |= {name: len(one.match) or 1 for name, one in profiles.items() if told.get("product_code") == one.id}
    ranked = tuple(sorted(fitting, key=lambda name: -fitting[name]))
    findings = []
    if not told:
        message = "it tells nothing of itself: neither function 43/14 nor 17"
        hint = "name its profile with --profile, or find out register by register with `trivet doctor URL --detect`"
        findings.append(Finding("TRV-M102", url, message, hint, "note"))
    name = told.get("model") or told.get("product_code") or told.get("product") or told.get("server_id", "")
    return Found(url, name, told, ranked, findings=tuple(findings))


async def _score(asker: Asker, told: Mapping[str, str], profile: Profile) -> int:
    """How many conditions of ``match`` hold; 0 as soon as one does not."""
    held = 0
    for key in sorted(profile.match, key=lambda key: key in profile.points):
        shown = told.get(key) if key not in profile.points else await _shown(asker, profile, key)
        if shown is None or not _matches(shown, profile.match[key]):
            return 0
        held += 1
    return held


async def _shown(asker: Asker, profile: Profile, name: str) -> str | None:
    """What a point of a profile shows, as text."""
    try:
        one = next(point(profile.points[name], profile).instances())
    except DocumentError:
        return None
    words = await asker.words(one.table, one.address, one.words)
    return None if words is None else _text(one, words)


def _text(one: ModbusPoint, words: list[int]) -> str | None:
    if one.table.bits:
        return str(words[0])
    payload = b"".join(word.to_bytes(2, "big") for word in words)
    if one.type == "string":
        from trivet_modbus.words import text

        return text(one, payload)
    from trivet_modbus.codec import compile_decoder

    decoder = compile_decoder(Block(one.table, one.address, one.words, (one,)), (one.name,))
    readings, states = decoder.decode(payload, 0, 0, "")
    value = float(readings.values[0]) if len(readings) else float(states[0])
    return f"{value:g}" if value == value else None


def _matches(shown: str, wanted: str) -> bool:
    """Equal, or beginning so where the profile ends in ``*``."""
    shown, wanted = shown.strip().casefold(), wanted.strip().casefold()
    return shown.startswith(wanted[:-1]) if wanted.endswith("*") else shown == wanted
