"""The appliances behind a URL: devices found by type, with their nameplates, and the profiles that fit them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from trivet.device.adapter import Found
from trivet.device.document import Endpoint, Profile
from trivet.errors import ConnectError, Finding, Message
from trivet_opcua import certificates
from trivet_opcua.companion import devices
from trivet_opcua.discovery import Offer, offers, strongest
from trivet_opcua.loss import Lost
from trivet_opcua.points import KITCHEN, PLACEHOLDER, Name
from trivet_opcua.settings import STRONGEST, Settings, settings
from trivet_opcua.survey import Appliance, Survey

PATIENCE = 2.0


async def identify(url: str, profiles: Mapping[str, Profile]) -> tuple[Found, ...]:
    """One proposal for each appliance that a server shows.

    Args:
        url: ``opc.tcp://HOST:PORT``; only this server is asked.
        profiles: By id; those of other adapters are passed over.

    Raises:
        ConnectError: The server does not answer, or its certificate was never approved.
        DocumentError: The URL is none of OPC UA.
    """
    chosen = settings(Endpoint(profile="", url=url))
    try:
        found = await offers(chosen.url, chosen.timeout)
        chosen, findings = _secured(chosen, found)
        seen = await _seen(chosen, profiles)
    except Lost as lost:
        raise refused(lost, chosen.url) from lost
    return tuple(_proposal(chosen, each, profiles, findings, several=_several(each, seen)) for each in seen)


def refused(lost: Lost, url: str) -> ConnectError:
    """A loss as the error of a function that asks once."""
    what, _, remedy = lost.detail.partition("; ")
    return ConnectError(what, where=url, hint=remedy, rule="TRV-U001" if lost.reason == "untrusted" else "")


async def _seen(chosen: Settings, profiles: Mapping[str, Profile]) -> list[Appliance]:
    survey = Survey(chosen)
    try:
        await survey.open()
        return await survey.appliances({type_ for profile in profiles.values() if (type_ := device_type(profile))})
    finally:
        await survey.close(PATIENCE)


def device_type(profile: Profile) -> Name | None:
    """The device type that an OPC UA profile is for, or None."""
    type_, namespace = profile.settings.get("type"), profile.settings.get("namespace")
    if profile.adapter != "opcua" or not (isinstance(type_, str) and type_ and isinstance(namespace, str)):
        return None
    return Name(namespace, type_)


def _secured(chosen: Settings, found: Sequence[Offer]) -> tuple[Settings, tuple[Finding, ...]]:
    """The settings with which a server is looked at: secured where it offers that, never weaker than approved."""
    if strongest(list(found), STRONGEST, chosen.protection):
        return chosen, ()
    if certificates.pinned(chosen.url) is not None:
        raise Lost(
            "denied",
            "the server offers no secured endpoint any more, though one was approved; find out who changed it, and "
            "switch its secured endpoint on again",
        )
    if all(each.policy != "none" for each in found):
        names = ", ".join(sorted({f"{each.policy} ({each.protection})" for each in found}))
        raise Lost(
            "denied", Message("the server offers only {names}; switch on a policy that is still in use", names=names)
        )
    finding = Finding(
        "TRV-U002",
        chosen.url,
        "the server offers no secured endpoint; anybody on this network can read along and pretend to be it",
        "switch a secured endpoint on at the server and connect again, or keep the network closed",
        "warning",
    )
    return settings(Endpoint(profile="", url=chosen.url, settings={"security": "none"})), (finding,)


def _proposal(
    chosen: Settings,
    appliance: Appliance,
    profiles: Mapping[str, Profile],
    findings: tuple[Finding, ...],
    several: bool,
) -> Found:
    name = appliance.child.name
    instances: dict[str, str | int] = {}
    fitting = fits(appliance, profiles)
    if several:
        type_ = device_type(profiles[fitting[0]]) if fitting else appliance.types[0]
        instances[type_.text if type_ else appliance.types[0].text] = name
    numbers = _numbers(appliance)
    where = f"{chosen.url} {name}"
    if len(numbers) > 1:
        instances[PLACEHOLDER] = numbers[0]
        hint = Message(
            "make one device for each, with `instances: {{'{placeholder}': NUMBER}}`", placeholder=PLACEHOLDER
        )
        text = Message("it has several chambers, cups or zones, numbers {names}", names=", ".join(map(str, numbers)))
        findings = (*findings, Finding("TRV-U003", where, text, hint, "note"))
    if not fitting:
        text = Message("no profile is for its type {text}", text=appliance.types[0].text)
        findings = (*findings, Finding("TRV-U004", where, text, "write a profile with this type and its paths"))
    more: dict[str, Any] = {"security": "none"} if chosen.security == "none" else {}
    if instances:
        more["instances"] = instances
    return Found(chosen.url, name, appliance.plate, fitting, more, findings)


def fits(appliance: Appliance, profiles: Mapping[str, Profile]) -> tuple[str, ...]:
    """Ids of the profiles for a device's type, those of the nearest type first, then those that match its nameplate."""
    ranked = []
    for id_, profile in profiles.items():
        type_ = device_type(profile)
        if type_ in appliance.types:
            matched = sum(appliance.plate.get(key) == text for key, text in profile.match.items())
            ranked.append((appliance.types.index(type_), -matched, id_))
    return tuple(id_ for _, _, id_ in sorted(ranked))


def _several(appliance: Appliance, seen: Sequence[Appliance]) -> bool:
    """Whether another device has this one's kitchen type too, so that the device document must name it."""
    kitchen = next((type_ for type_ in appliance.types if type_.text in devices()), appliance.types[0])
    return sum(kitchen in other.types for other in seen) > 1


def _numbers(appliance: Appliance) -> list[int]:
    """Numbers of the chambers, cups or zones that exist."""
    kitchen = next((t.text for t in appliance.types if t.namespace == KITCHEN and t.text in devices()), None)
    stems = (
        [part.removesuffix(PLACEHOLDER) for part in devices()[kitchen].parts if PLACEHOLDER in part] if kitchen else []
    )
    found = {
        int(match[1])
        for stem in stems
        for part in appliance.parts
        if (match := re.fullmatch(rf"{re.escape(stem)}([0-9]+)", part))
    }
    return sorted(found)
