"""From URLs to device documents: who answers, which profile fits, what feeds what, written only when asked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from trivet.commission.urls import reader
from trivet.device.adapter import Adapter, Found
from trivet.device.document import Endpoint, Profile
from trivet.device.library import load_interface, load_profile
from trivet.errors import DocumentError, Finding, Message
from trivet.interface.document import Interface
from trivet.interface.library import shipped

ENDPOINT_KEYS = frozenset(one.name for one in fields(Endpoint)) - {"profile", "url", "settings"}
ELECTRICAL = ("active_", "power_l", "current_l", "voltage_l", "frequency")
NAMEPLATE = {
    "manufacturer": ("manufacturer",),
    "model": ("model", "product", "product_code"),
    "serial": ("serialnumber", "serial_number", "serial"),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """One appliance or meter behind a URL, and how it will be read.

    Attributes:
        reader: The adapter.
        asked: The URL that was given.
        found: What answered.
        profile: Id or path of the profile that is proposed; empty when none fits.
        document: That profile, or None.
    """

    reader: Adapter
    asked: str
    found: Found
    profile: str = ""
    document: Profile | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """A device document that could be written.

    Attributes:
        name: Id of the device.
        tree: The document.
        interface: Interface it is for.
        findings: What the engineer should know.
    """

    name: str
    tree: dict[str, Any]
    interface: Interface
    findings: tuple[Finding, ...] = field(default=())


def profiles(folder: str | None = None) -> dict[str, Profile]:
    """The profiles that ship, by id, and those of a folder, by path.

    Raises:
        DocumentError: The folder is none, or a profile in it is malformed.
    """
    known = {name: load_profile(name).document for name in sorted(shipped("profile"))}
    if folder is not None:
        if not Path(folder).is_dir():
            raise DocumentError(
                Message("{folder} is not a folder", folder=folder), hint="give the folder of your profiles"
            )
        for path in sorted(Path(folder).glob("*.yaml")):
            known[str(path)] = load_profile(str(path.resolve())).document
    return known


async def ask(url: str, known: Mapping[str, Profile], chosen: str | None = None) -> list[Answer]:
    """What answers at a URL, each with the profile that is proposed for it.

    Args:
        url: As it was given.
        known: Id or path to profile.
        chosen: Profile that the engineer named, or None to take the one that fits.

    Raises:
        DocumentError: The URL is wrong, or there is no such profile.
        ConnectError: Nothing answers.
        ReadError: Something answers, but not the unit that was asked for.
    """
    one, exact = reader(url)
    mine = {name: profile for name, profile in known.items() if profile.adapter == one.name}
    if one.identify is None:
        found: Sequence[Found] = (Found(exact),)
    else:
        found = await one.identify(exact, mine)
    return [_answer(one, url, each, mine, chosen) for each in found]


def _answer(one: Adapter, url: str, found: Found, known: Mapping[str, Profile], chosen: str | None) -> Answer:
    name = chosen or (found.profiles[0] if found.profiles else "")
    if not name:
        return Answer(one, url, found)
    document = known.get(name) or load_profile(name).document
    if document.adapter != one.name:
        raise DocumentError(
            Message(
                "profile `{name}` is read by `{adapter}`, not by `{expected}`",
                name=name,
                adapter=document.adapter,
                expected=one.name,
            ),
            where=url,
        )
    return Answer(one, url, found, name, document)


def propose(
    name: str, answers: Sequence[Answer], interface: str | None = None, folder: Path | None = None
) -> list[Proposal]:
    """Device documents for what answered: one for each appliance, meters joined where there is one appliance only.

    Args:
        name: Id of the device; several get ``name-1`` and so on.
        answers: Everything that answered, in the order asked.
        interface: Id of the interface, or None for the one that the profiles feed most of.
        folder: Where the documents will be written; paths of profiles count from it.

    Raises:
        DocumentError: The name is no id, or no answer has a profile.
    """
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
        raise DocumentError(
            Message("`{name}` is no name for a device", name=name),
            hint="lower-case words joined by hyphens",
            rule="TRV-D030",
        )
    usable = [one for one in answers if one.document is not None]
    if not usable:
        raise DocumentError("no profile fits what answers", where=name, hint=NEXT, rule="TRV-D080")
    appliances = [one for one in usable if not is_meter(one.document)]
    if len(appliances) < 2:
        return [_proposal(name, usable, (), interface, folder)]
    urls = [one.asked for one in appliances]
    if len(set(urls)) == len(urls):
        return [_proposal(name, usable, (), interface, folder)]
    notes = tuple(_unassigned(one) for one in usable if is_meter(one.document))
    return [_proposal(f"{name}-{number}", [one], notes, interface, folder) for number, one in enumerate(appliances, 1)]


NEXT = (
    "name one with --profile; or write one: find each value with `trivet doctor URL --detect ADDRESS --signal NAME`, "
    "then give its folder with --profiles"
)


def is_meter(profile: Profile | None) -> bool:
    """Whether a profile offers electrical quantities only."""
    signals = [point.signal for point in profile.points.values() if point.signal] if profile else []
    return bool(signals) and all(signal.startswith(ELECTRICAL) for signal in signals)


def best_interface(answers: Sequence[Answer]) -> Interface:
    """The shipped interface that profiles feed most signals of.

    Raises:
        DocumentError: They feed none.
    """
    fed = {point.signal for one in answers if one.document for point in one.document.points.values() if point.signal}
    every = [load_interface(name.partition(".v")[0]).document for name in sorted(shipped("interface"))]
    best = max(every, key=lambda one: (len(fed & one.signals.keys()), one.id), default=None)
    if best is None or not fed & best.signals.keys():
        raise DocumentError("the profiles feed no interface", hint="name one with --interface, and bind points to it")
    return best


def _unassigned(one: Answer) -> Finding:
    hint = "connect the appliance's own URL and the meter's again, with --pick and the name of the appliance"
    return Finding("TRV-D081", one.asked, "which of the appliances this meter measures is not known", hint, "warning")


def _proposal(
    name: str, answers: Sequence[Answer], notes: tuple[Finding, ...], interface: str | None, folder: Path | None
) -> Proposal:
    chosen = load_interface(interface).document if interface else best_interface(answers)
    endpoints: dict[str, dict[str, Any]] = {}
    taken: dict[str, Answer] = {}
    for one in answers:
        key = _free("meter" if is_meter(one.document) else "controller", endpoints)
        endpoints[key], taken[key] = _endpoint(one, folder), one
    binds, doubts = _doubles(taken, chosen)
    tree: dict[str, Any] = {
        "kind": "device",
        "format": 0,
        "id": name,
        "interface": {"id": chosen.id, "version": chosen.version},
    }
    appliance = _nameplate(answers)
    tree |= {"appliance": appliance} if appliance else {}
    tree["endpoints"] = endpoints
    tree |= {"bind": binds} if binds else {}
    found = tuple(finding for one in answers for finding in one.found.findings)
    return Proposal(name, tree, chosen, (*found, *doubts, *notes))


def _endpoint(one: Answer, folder: Path | None) -> dict[str, Any]:
    """The endpoint of a device document."""
    profile = one.profile
    if folder is not None and Path(profile).is_file():
        path = Path(profile).resolve()
        base = folder.resolve()
        profile = str(path.relative_to(base)) if path.is_relative_to(base) else str(path)
        profile = profile if "/" in profile else f"./{profile}"
    made: dict[str, Any] = {"profile": profile, "url": one.found.url}
    keys = dict(one.found.settings)
    settings = {**keys.pop("settings", {}), **{key: keys.pop(key) for key in list(keys) if key not in ENDPOINT_KEYS}}
    return made | keys | ({"settings": settings} if settings else {})


def _nameplate(answers: Sequence[Answer]) -> dict[str, str]:
    """Manufacturer, model and serial number of the appliance, as its controller tells them."""
    controllers = [one for one in answers if not is_meter(one.document)] or list(answers)
    made = {}
    for key, names in NAMEPLATE.items():
        told = {name.lower(): str(text) for name, text in controllers[0].found.nameplate.items()}
        text = next((told[name] for name in names if told.get(name)), "")
        if text:
            made[key] = text
    return made


def _doubles(endpoints: Mapping[str, Answer], interface: Interface) -> tuple[dict[str, str], list[Finding]]:
    """Which endpoint feeds a signal that several offer: a meter what is electrical, else the first."""
    offers: dict[str, list[str]] = {}
    for key, one in endpoints.items():
        for name, point in one.document.points.items() if one.document else ():
            if point.signal is not None and point.signal in interface.signals:
                offers.setdefault(point.signal, []).append(f"{key}.{name}")
    binds, doubts = {}, []
    for signal, places in offers.items():
        if len({place.partition(".")[0] for place in places}) > 1:
            meters = [place for place in places if is_meter(endpoints[place.partition(".")[0]].document)]
            binds[signal] = meters[0] if meters else places[0]
            message = Message(
                "{signal} is offered by {names}; {taken} is taken",
                signal=signal,
                names=", ".join(places),
                taken=binds[signal],
            )
            doubts.append(Finding("TRV-D082", signal, message, "change the line under `bind` if that is wrong", "note"))
    return binds, doubts


def _free(name: str, taken: Mapping[str, Any]) -> str:
    numbers = (f"{name}_{number}" for number in range(2, len(taken) + 3))
    return name if name not in taken else next(one for one in numbers if one not in taken)
