"""Modbus for trivet: profiles of registers as readings, and servers that show a plant."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

from trivet.device.adapter import Adapter, Clock, Diagnosis, Found, Quest, Target, Values
from trivet.device.document import Point, Profile
from trivet.device.frames import Frame, Shown
from trivet.signals import Item, Readings

if TYPE_CHECKING:
    from trivet_modbus.codec import Decoder
    from trivet_modbus.points import ModbusPoint

FAULTS = (
    *("stall", "slow", "late", "silent", "drop", "short", "half", "wrong_transaction", "wrong_unit", "duplicate"),
    *("garbage", "flip", "split", "busy", "hole", "tear"),
)


def point(source: Point, profile: Profile) -> ModbusPoint:
    """Checks one point of a profile.

    Raises:
        DocumentError: A key is unknown, missing, or contradicts another; ``where`` names the point.
    """
    from trivet_modbus import points

    return points.point(source, profile)


def connect(target: Target, clock: Clock) -> AsyncIterator[Item]:
    """The endless source of one unit.

    Raises:
        AdapterError: This system has no serial ports, and the URL names one.
        DocumentError: The endpoint's URL or settings are wrong.
    """
    from trivet_modbus.schedule import schedule

    plan = schedule(target)
    from trivet_modbus.source import stream

    return stream(plan, clock, random.random)


def decode(decoder: Decoder, payload: bytes, source: int, receive: int, origin: str) -> Readings:
    """The data bytes of one block's answer as readings; pure.

    Args:
        decoder: Made by ``trivet_modbus.codec.compile_decoder``.
        payload: The bytes after the byte count.
        source: Middle of the request [ns, UTC].
        receive: End of the request [ns, UTC].
        origin: Endpoint it came from.
    """
    return decoder.decode(payload, source, receive, origin)[0]


def identify(url: str, profiles: Mapping[str, Profile]) -> Awaitable[tuple[Found, ...]]:
    """What answers at a URL, with the profiles that fit; see ``identity``."""
    from trivet_modbus import identity

    return identity.identify(url, profiles)


def scan(url: str, profiles: Mapping[str, Profile]) -> AsyncIterator[Found]:
    """Every unit that answers on the line of a URL; see ``identity``."""
    from trivet_modbus import identity

    return identity.scan(url, profiles)


def detect(url: str, place: str, quest: Quest, clock: Clock, seconds: float) -> Awaitable[Diagnosis]:
    """What the registers at an address could mean; see ``inquiry``."""
    from trivet_modbus import inquiry

    return inquiry.detect(url, place, quest, clock, seconds)


def diagnose(target: Target, clock: Clock, seconds: float) -> Awaitable[Diagnosis]:
    """What is wrong or odd about a unit and the profile it is read with; see ``diagnosis``."""
    from trivet_modbus import diagnosis

    return diagnosis.diagnose(target, clock, seconds)


def plan(target: Target) -> Diagnosis:
    """What would be asked of a unit, and how long that takes; see ``preview``."""
    from trivet_modbus import preview

    return preview.preview(target)


def show(profile: Profile, frame: Frame) -> Shown:
    """What a recorded exchange means; see ``golden``."""
    from trivet_modbus import golden

    return golden.show(profile, frame)


def serve(
    profile: Profile, values: Values, bind: str, clock: Clock, faults: Sequence[str] = (), raw: str = ""
) -> AbstractAsyncContextManager[str]:
    """A Modbus server that shows a plant through a profile; the context gives its URL.

    Args:
        profile: Which registers there are.
        values: What the plant shows.
        bind: ``host:port`` for Modbus TCP, ``pty`` for a pseudo-terminal, or a URL as clients write it; port 0
            takes a free one.
        clock: The time that the plant lives in.
        faults: Trouble that it makes at the wire, as ``faults.parse`` reads it: ``stall:every=30,delay=0.3``.
        raw: File of recorded registers that are shown instead of the plant, see ``tape``.

    Raises:
        DocumentError: A point of the profile, ``bind``, a fault or ``raw`` is wrong.
        AdapterError: The address or the port cannot be used.
    """
    from trivet_modbus import server
    from trivet_modbus.faults import parse
    from trivet_modbus.tape import load

    tape = load(raw) if raw else None
    return server.serve(profile, values, bind, clock, [parse(text) for text in faults], tape)


adapter = Adapter(
    name="modbus",
    schemes=("modbus+tcp", "modbus+tls", "modbus+rtuovertcp", "modbus+rtu"),
    point=point,
    connect=connect,
    decode=decode,
    identify=identify,
    scan=scan,
    detect=detect,
    diagnose=diagnose,
    plan=plan,
    show=show,
    serve=serve,
    faults=FAULTS,
    raw=True,
)
