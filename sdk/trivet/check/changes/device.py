"""Changes of a device document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from trivet.check.changes.change import Change, differs, grouped
from trivet.check.changes.profile import setting_changes
from trivet.check.changes.texts import reworded
from trivet.device.document import Device, Endpoint
from trivet.interface.parsed import Path


def device_changes(old: Device, new: Device) -> Iterator[Change]:
    """Every change from one device document to another."""
    yield from differs("TRV-B140", ("id",), old.id, new.id)
    yield from _interface(old, new)
    yield from differs("TRV-B143", ("site",), old.site, new.site)
    yield from differs("TRV-B144", ("appliance", "serial"), old.appliance.serial, new.appliance.serial)
    yield from reworded(("appliance",), old.appliance, new.appliance, "manufacturer", "model", "type")
    yield from differs("TRV-B145", ("time_zone",), old.time_zone, new.time_zone)
    yield from grouped(("endpoints",), old.endpoints, new.endpoints, "TRV-B146", "TRV-B147", _endpoint)
    yield from _lines(("bind",), old.bind, new.bind)
    yield from _parameters(old.parameters, new.parameters)
    for key, rule in (("windows", "TRV-B156"), ("decisions", "TRV-B157")):
        was, now = getattr(old, key), getattr(new, key)
        for name in sorted({*was, *now}):
            if was.get(name) != now.get(name):
                yield Change(rule, (key, name))
    yield from grouped(("zones",), old.zones, new.zones, "TRV-B158", "TRV-B159", _lines)
    yield from reworded((), old, new, "note")


def _interface(old: Device, new: Device) -> Iterator[Change]:
    yield from differs("TRV-B141", ("interface", "id"), old.interface.id, new.interface.id)
    was, now = old.interface.version, new.interface.version
    if was != now:
        major = was.split(".")[:1] != now.split(".")[:1] or was.split(".")[0] == "0"
        yield Change("TRV-B142" if major else "TRV-B160", ("interface", "version"), was, now)


def _endpoint(path: Path, old: Endpoint, new: Endpoint) -> Iterator[Change]:
    yield from differs("TRV-B148", (*path, "profile"), old.profile, new.profile)
    yield from differs("TRV-B149", (*path, "url"), old.url, new.url)
    yield from differs("TRV-B150", (*path, "ct_ratio"), old.ct_ratio, new.ct_ratio)
    yield from differs("TRV-B151", (*path, "invert"), sorted(old.invert), sorted(new.invert))
    yield from differs("TRV-B152", (*path, "covers"), sorted(old.covers), sorted(new.covers))
    yield from differs("TRV-B153", (*path, "instances"), dict(old.instances), dict(new.instances))
    yield from setting_changes((*path, "settings"), old.settings, new.settings)


def _lines(path: Path, old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Change]:
    for name in sorted({*old, *new}):
        yield from differs("TRV-B154", (*path, name), old.get(name), new.get(name))


def _parameters(old: Mapping[str, float], new: Mapping[str, float]) -> Iterator[Change]:
    for name in sorted({*old, *new}):
        yield from differs("TRV-B155", ("parameters", name), old.get(name), new.get(name))
