"""Recordings (Parquet, CSV) through a table profile: the same API as a controller, the original times."""

from __future__ import annotations

from trivet.device.adapter import Adapter
from trivet_replay.playback import decode
from trivet_replay.points import point
from trivet_replay.settings import SCHEME
from trivet_replay.shown import values
from trivet_replay.source import connect, diagnose, identify

__all__ = ["adapter", "values"]

adapter = Adapter(
    name="replay",
    schemes=(SCHEME,),
    point=point,
    connect=connect,
    decode=decode,
    identify=identify,
    diagnose=diagnose,
    recorded=True,
)
