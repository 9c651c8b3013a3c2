"""Rules about devices, sites and events by themselves."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from trivet.check.source import Source
from trivet.device.check import zone_exists
from trivet.device.document import Device, Endpoint, EventRecord
from trivet.errors import Message
from trivet.interface.findings import Findings
from trivet.interface.site import Site, Tariff

_KEBAB = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_CURRENCY = re.compile(r"[A-Z]{3}")


def check_plant(notes: Findings[Device]) -> None:
    """Endpoints that are asked twice, meters that cover nothing."""
    seen: dict[tuple[str, str], str] = {}
    for name, endpoint in notes.document.endpoints.items():
        other = seen.setdefault((endpoint.url, endpoint.profile), name)
        if other != name:
            message = Message("reads the same controller with the same profile as `{other}`", other=other)
            notes.add("TRV-L070", ("endpoints", name, "url"), message, "remove one of the two")
        _check_transformer(notes, name, endpoint)
    for zone, lines in notes.document.zones.items():
        if not lines:
            notes.add("TRV-L072", ("zones", zone), "binds nothing of its own", "bind its points, or remove it")


def _check_transformer(notes: Findings[Device], name: str, endpoint: Endpoint) -> None:
    if endpoint.ct_ratio < 0 or 0 < endpoint.ct_ratio < 1:
        message = Message("{ct_ratio:g} makes every reading smaller", ct_ratio=endpoint.ct_ratio)
        hint = "a current transformer of 100 to 5 A has the ratio 20"
        notes.add("TRV-L071", ("endpoints", name, "ct_ratio"), message, hint)


def check_site(notes: Findings[Site], folder: Path, sources: Mapping[Path, Source]) -> None:
    """Names, money, power, and members that exist."""
    site = notes.document
    if not _KEBAB.fullmatch(site.id):
        notes.add(
            "TRV-D030",
            ("id",),
            Message("`{id}` is not kebab-case", id=site.id),
            "write lower-case words joined by hyphens",
        )
    if not zone_exists(site.time_zone):
        hint = "write an IANA name such as `Europe/Berlin` or `UTC`"
        notes.add(
            "TRV-D016", ("time_zone",), Message("`{time_zone}` is not a time zone", time_zone=site.time_zone), hint
        )
    if site.currency and not _CURRENCY.fullmatch(site.currency):
        notes.add(
            "TRV-L090",
            ("currency",),
            Message("`{currency}` is not an ISO 4217 code", currency=site.currency),
            "write such as `EUR`",
        )
    if site.tariffs and not site.currency:
        notes.add("TRV-L091", ("tariffs",), "are prices without a currency", "give `currency`")
    _check_tariffs(notes, site.tariffs)
    if site.power_limit is not None and (site.power_limit.limit <= 0 or site.power_limit.seconds <= 0):
        notes.add("TRV-L093", ("power_limit",), "must be above 0 W and 0 seconds", "remove it where there is none")
    _check_members(notes, folder, sources)


def _check_tariffs(notes: Findings[Site], tariffs: tuple[Tariff, ...]) -> None:
    for index, tariff in enumerate(tariffs[:-1]):
        if not tariff.hours:
            message = "holds always, so that no later tariff ever does"
            notes.add("TRV-L092", ("tariffs", index), message, "put it last")
            return


def _check_members(notes: Findings[Site], folder: Path, sources: Mapping[Path, Source]) -> None:
    site = notes.document
    if not site.members:
        notes.add("TRV-L094", ("members",), "is empty", "name the appliances of this site")
    if site.power_limit is not None and site.members and not any(member.shed for member in site.members.values()):
        message = "cannot be kept: no member may be asked to yield"
        notes.add("TRV-L096", ("power_limit",), message, "let `shed` be true for some")
    seen: dict[Path, str] = {}
    for name, member in site.members.items():
        path = ("members", name, "device")
        file = (folder / member.device).resolve()
        other = seen.setdefault(file, name)
        if other != name:
            notes.add("TRV-L095", path, Message("is the same appliance as `{other}`", other=other), "remove one")
        source = sources.get(file)
        if source is None and not file.is_file():
            notes.add(
                "TRV-L094",
                path,
                Message("there is no file `{device}`", device=member.device),
                "give the path from this file",
            )
        elif source is not None and isinstance(source.document, Device):
            zone = source.document.time_zone
            if zone != site.time_zone:
                message = Message("lives in `{zone}`, this site in `{time_zone}`", zone=zone, time_zone=site.time_zone)
                notes.add("TRV-L097", path, message, "give both the same time zone")


def check_event(notes: Findings[EventRecord], classes: Mapping[str, frozenset[str]]) -> None:
    """Who, what, and whether the fault has the interface's name for it.

    Args:
        notes: Where findings go.
        classes: Device id to the fault classes of its interface, for the devices that are known.
    """
    event = notes.document
    if event.event in ("fault", "repaired", "part") and not event.subject:
        notes.add(
            "TRV-L100",
            ("event",),
            Message("`{event}` without a `subject`", event=event.event),
            "name the fault class or the part",
        )
    if not event.by:
        notes.add("TRV-L101", ("event",), "nobody says so", "give `by`")
    known = classes.get(event.device)
    if classes and known is None:
        notes.add(
            "TRV-L102",
            ("device",),
            Message("no device here is called `{device}`", device=event.device),
            "correct the id",
        )
    elif event.event in ("fault", "repaired") and known and event.subject and event.subject not in known:
        message = Message("`{subject}` is no fault class of the device's interface", subject=event.subject)
        notes.add("TRV-L103", ("subject",), message, "use the name that the interface gives it")
