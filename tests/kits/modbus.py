"""Modbus endpoints for tests: profiles, targets and a served plant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trivet.device.adapter import Target
from trivet.device.document import Endpoint, Point, Profile, Provenance
from trivet_modbus.points import point


def profile(points: Mapping[str, Point], **settings: Any) -> Profile:
    """A profile of these points, zero-based unless the settings say otherwise."""
    return Profile(
        kind="profile",
        format=0,
        id="test-meter",
        version="0.1.0",
        title={"en": "Meter"},
        adapter="modbus",
        source=Provenance(document="test", date="2026-11-20", confidence="own"),
        points=points,
        settings={"addressing": "zero", **settings},
    )


def target(source: Profile, url: str, name: str = "dishwasher/meter", **settings: Any) -> Target:
    """All points of a profile at a URL; never gives up on an answer unless ``timeout`` says so."""
    endpoint = Endpoint(profile=source.id, url=url, settings={"timeout": 30, "retries": 1, **settings})
    typed = {key: point(one, source) for key, one in source.points.items()}
    return Target(name=name, endpoint=endpoint, profile=source, points=typed)
