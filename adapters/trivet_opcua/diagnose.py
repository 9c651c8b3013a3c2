"""A look at a live endpoint: what the server is, what of the profile it has, and what arrives within some seconds."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, cast

from trivet.device.adapter import Clock, Diagnosis, Target
from trivet.errors import Finding
from trivet.signals import SECOND, Gap, Item, Quality, Readings, quality, status_name
from trivet_opcua import certificates, checks
from trivet_opcua.browse import find
from trivet_opcua.client import AsyncuaTransport
from trivet_opcua.discovery import Offer, offers
from trivet_opcua.enumerations import foreign
from trivet_opcua.identify import PATIENCE, device_type
from trivet_opcua.link import stream
from trivet_opcua.loss import Lost
from trivet_opcua.points import Name
from trivet_opcua.provenance import models
from trivet_opcua.session import plan
from trivet_opcua.settings import Settings, declared
from trivet_opcua.survey import Survey
from trivet_opcua.transport import Granted, Unit, Value
from trivet_opcua.values import rule, sample, ucum


@dataclass(slots=True)
class Row:
    """What was found about one point.

    Attributes:
        name: Point name, instances with their number.
        unit: EngineeringUnits as the server shows them, or None.
        value: As read once.
        data: Name of its data type.
        codes: The server's names, where that is an enumeration.
        requested: Sampling interval asked for [s].
        revised: What the server made of it [s], or None.
        arrived: Rows that came while it was watched.
        bad: How many of these were Bad.
        foreign: The enumeration that it is of, where that is another than the profile's.
    """

    name: str
    unit: Unit | None
    value: Value
    data: str
    codes: Mapping[int, str]
    requested: float
    revised: float | None = None
    arrived: int = 0
    bad: int = 0
    foreign: str = ""


@dataclass(slots=True)
class Look:
    """All that a look has shown so far; what failed leaves the rest empty.

    Attributes:
        facts: For people and programmes.
        rows: Points that the server has.
        missing: Points that it has not.
        odd: Repeated point to what its count says and how many exist.
        findings: In the order noticed.
    """

    facts: dict[str, Any] = field(default_factory=dict)
    rows: dict[str, Row] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    odd: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


async def diagnose(target: Target, settings: Settings, clock: Clock, seconds: float) -> Diagnosis:
    """Everything about an endpoint that a plant engineer may need; never raises for what a server does.

    Args:
        target: The endpoint, its profile and the points to look at.
        settings: Checked.
        clock: Gives receive times.
        seconds: How long arrivals are counted.
    """
    look = Look({"url": settings.url, "mode": settings.mode, "security": settings.security})
    try:
        look.facts["endpoints"] = _endpoints(await offers(settings.url, settings.timeout))
        await _survey(look, target, settings, clock)
        await _watch(look, target, settings, clock, seconds)
    except Lost as lost:
        what, _, remedy = lost.detail.partition("; ")
        rule_id = "TRV-U001" if lost.reason in ("untrusted", "denied") else "TRV-U005"
        look.findings.append(Finding(rule_id, target.name, what, remedy))
    look.facts["points"] = [_shown(row, target, settings) for row in look.rows.values()]
    look.facts["missing"] = list(look.missing)
    look.findings += checks.points(look, target, settings)
    order = ("error", "warning", "note")
    return Diagnosis(look.facts, tuple(sorted(look.findings, key=lambda each: order.index(each.severity))))


async def _survey(look: Look, target: Target, settings: Settings, clock: Clock) -> None:
    survey = Survey(settings)
    try:
        await survey.open()
        look.facts["secured"] = _secured(survey)
        await _server(look, survey, target, clock)
        await _points(look, survey, target, settings, clock)
    finally:
        await survey.close(PATIENCE)


async def _server(look: Look, survey: Survey, target: Target, clock: Clock) -> None:
    before = clock.now()
    _, beat = await survey.poll([])
    after = clock.now()
    look.facts["clock_offset_s"] = round((beat - (before + after) / 2) / SECOND, 3) if beat else None
    look.facts["round_trip_ms"] = round((after - before) / clock.speed / 1e6, 1)
    look.facts["server"] = await survey.facts()
    look.facts["models"] = await models(survey)
    type_ = device_type(target.profile)
    known: set[Name] = {type_} if type_ else set()
    look.facts["devices"] = [
        {"name": each.child.name, "type": each.types[0].text, **each.plate} for each in await survey.appliances(known)
    ]
    look.findings += checks.server(look.facts, target.name)


async def _points(look: Look, survey: Survey, target: Target, settings: Settings, clock: Clock) -> None:
    asked = plan(target, settings)
    found = await find(survey, asked.points, asked.repeated, asked.instances)
    look.missing, look.odd = found.missing, found.odd
    names = list(found.nodes)
    nodes = [found.nodes[name] for name in names]
    units = dict(zip(found.units, await survey.units(list(found.units.values())), strict=True))
    values = await survey.read(nodes)
    types = await survey.enumerations(nodes)
    others = await foreign(survey, asked.points, found.nodes)
    for name, value, (data, codes) in zip(names, values, types, strict=True):
        look.rows[name] = Row(name, units.get(name), value, data, codes, asked.period(name) / 2)
        look.rows[name].foreign = others.get(name, "")
    if settings.mode == "poll":
        return
    sampling = [max(row.requested / clock.speed, 0.05) for row in look.rows.values()]
    granted: Granted = await survey.subscribe(nodes, sampling, min(sampling, default=1.0))
    look.facts["publishing_s"] = {"requested": min(sampling, default=1.0), "granted": granted.publishing}
    for row, revised in zip(look.rows.values(), granted.sampling, strict=True):
        row.revised = revised * clock.speed


async def _watch(look: Look, target: Target, settings: Settings, clock: Clock, seconds: float) -> None:
    """Counts what the adapter's own source yields, just as a run would see it."""
    gaps: list[Gap] = []
    source = cast("Any", stream(plan(target, settings), clock, lambda: AsyncuaTransport(settings)))
    async with aclosing(source) as items:
        try:
            async with asyncio.timeout(max(seconds, 0.5)):
                async for item in items:
                    _count(look, item, gaps)
        except TimeoutError:
            pass  # the look is over
    look.facts["watched_s"] = seconds
    look.facts["gaps"] = [{"reason": gap.reason, "detail": gap.detail} for gap in gaps if gap.end is None]


def _count(look: Look, item: Item, gaps: list[Gap]) -> None:
    if isinstance(item, Gap):
        gaps.append(item)
    if isinstance(item, Readings):
        for each in item.samples():
            row = look.rows.get(each.name)
            if row is not None:
                row.arrived += 1
                row.bad += each.quality is Quality.BAD


def _shown(row: Row, target: Target, settings: Settings) -> dict[str, Any]:
    """One point for the report: the value as a model would get it, and how it came about."""
    point = plan(target, settings).points[row.name]
    given = declared(settings.units, row.name)
    found = sample(row.value.raw, row.value.status, row.value.source, rule(point, row.unit, given, bool(row.foreign)))
    shown: dict[str, Any] = {
        "point": row.name,
        "value": None if quality(found.status) is Quality.BAD else found.value,
        "status": status_name(found.status),
        "unit": point.unit,
        "server_unit": given or ucum(row.unit) or (row.unit.text if row.unit else None),
        "data": row.data,
        "period_s": row.requested * 2,
        "sampling_s": row.revised,
        "arrived": row.arrived,
    }
    code = row.value.raw
    if isinstance(code, int) and code in row.codes:
        shown["state"] = row.codes[code]
    return shown | ({"reason": found.reason} if found.reason else {})


def _endpoints(found: Sequence[Offer]) -> list[dict[str, Any]]:
    return [
        {
            "url": each.url,
            "policy": each.policy,
            "protection": each.protection,
            "login": list(each.tokens),
            "thumbprint": certificates.thumbprint(each.certificate) if each.certificate else None,
        }
        for each in found
    ]


def _secured(survey: Survey) -> dict[str, Any]:
    used = survey.secured
    if used is None:
        return {"policy": "none"}
    return {
        "policy": used.policy,
        "protection": used.protection,
        "server_thumbprint": certificates.thumbprint(used.server),
        "client_certificate": used.certificate,
    }
