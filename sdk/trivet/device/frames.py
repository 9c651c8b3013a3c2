"""Golden frames: what a controller answered, byte for byte, and what that means.

They stand in ``PROFILE.frames.json`` beside ``PROFILE.yaml``::

    {"profile": "my-controller", "source": "recorded at the test bench on 2026-11-20",
     "frames": [{"note": "cold start", "known": {"unit_setting": 0},
                 "request": "01 03 5b00 0002", "reply": "01 03 04 000008fd",
                 "values": {"voltage_l1": 230.1}, "reasons": {}, "conditions": {"door_alarm": true}}]}

``request`` and ``reply`` are what every transport carries alike: unit id, function code, data, without
a header or checksum. ``values`` are in the point's unit, null where there is no number, with the
reason in ``reasons``; ``conditions`` are named alarms; ``known`` holds what other answers had said about
points that decide how these are read. Only what is listed is compared.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from trivet.device.document import Profile
from trivet.errors import DocumentError, Finding, Message

SUFFIX = ".frames.json"
LARGEST = 1 << 20
CLOSE = 1e-9
KEYS = frozenset({"note", "known", "request", "reply", "values", "reasons", "conditions"})


class Frame(NamedTuple):
    """One exchange and its meaning; the attributes are the keys of the file."""

    request: bytes
    reply: bytes
    values: Mapping[str, float | None]
    reasons: Mapping[str, str] = {}
    conditions: Mapping[str, bool] = {}
    known: Mapping[str, float] = {}
    note: str = ""


class Shown(NamedTuple):
    """What an adapter makes of an exchange.

    Attributes:
        values: Point name to value; NaN when there is no number.
        reasons: Point name to the reason, for those without.
        conditions: Named alarm to whether it is active.
    """

    values: Mapping[str, float]
    reasons: Mapping[str, str] = {}
    conditions: Mapping[str, bool] = {}


Show = Callable[[Profile, Frame], Shown]


def frames_beside(profile: str | Path) -> Path:
    """Where the frames of a profile's file are."""
    return Path(str(profile).removesuffix(".yaml") + SUFFIX)


def load_frames(path: str | Path) -> tuple[Frame, ...]:
    """The golden frames in a file.

    Raises:
        DocumentError: It cannot be read, or is not in this form.
    """
    try:
        with Path(path).open("rb") as file:
            tree = json.loads(file.read(LARGEST))
        return tuple(_frame(node) for node in tree["frames"])
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        message = Message("is no file of frames ({kind}: {reason})", kind=type(error).__name__, reason=error)
        hint = "see docs/modbus-profiles.md for the form"
        raise DocumentError(message, where=str(path), hint=hint, rule="TRV-M121") from error


def check_frames(profile: Profile, frames: Sequence[Frame], show: Show, where: str = "") -> list[Finding]:
    """What a profile reads otherwise than its golden frames say.

    Args:
        profile: The profile.
        frames: Its frames.
        show: The adapter's ``show``.
        where: The file of the frames.
    """
    found = []
    for number, frame in enumerate(frames):
        place = f"{where}:frames[{number}]"
        try:
            shown = show(profile, frame)
        except DocumentError as error:
            found.append(Finding("TRV-M121", place, error.message, error.hint))
            continue
        hint = "correct the profile, or the frame if it was written wrongly"
        found += [Finding("TRV-M120", place, problem, hint) for problem in _differences(frame, shown)]
    return found


def golden_findings(profile: Profile, path: str | Path, show: Show) -> list[Finding]:
    """What a profile reads otherwise than the frames beside its file say; nothing where there are none."""
    beside = frames_beside(path)
    if not str(path).endswith(".yaml") or not beside.is_file():
        return []
    try:
        return check_frames(profile, load_frames(beside), show, str(beside))
    except DocumentError as error:
        return [Finding(error.rule, str(beside), error.message, error.hint)]


def _differences(frame: Frame, shown: Shown) -> Iterator[str]:
    for name, wanted in frame.values.items():
        value = shown.values.get(name)
        if value is None:
            yield Message("`{name}` is not in this answer", name=name)
        elif (wanted is None) != math.isnan(value):
            yield Message("`{name}` is {found}, not {expected}", name=name, found=_text(value), expected=_text(wanted))
        elif wanted is not None and not math.isclose(value, wanted, rel_tol=CLOSE, abs_tol=CLOSE):
            yield Message("`{name}` is {found!r}, not {expected!r}", name=name, found=value, expected=wanted)
    for name, reason in frame.reasons.items():
        if shown.reasons.get(name, "") != reason:
            yield Message(
                "`{name}` has the reason {found!r}, not {expected!r}",
                name=name,
                found=shown.reasons.get(name) or Message("nothing"),
                expected=reason,
            )
    for name, active in frame.conditions.items():
        if shown.conditions.get(name) is not active:
            yield Message("`{name}` is not active" if active else "`{name}` is active", name=name)


def _text(value: float | None) -> str:
    return Message("no number") if value is None or math.isnan(value) else f"{value:g}"


def _frame(node: Any) -> Frame:
    unknown = sorted(set(node) - KEYS)
    if unknown:
        raise ValueError(f"no key {unknown[0]!r}")
    return Frame(
        bytes.fromhex(node["request"]),
        bytes.fromhex(node["reply"]),
        {str(name): None if value is None else float(value) for name, value in node.get("values", {}).items()},
        {str(name): str(reason) for name, reason in node.get("reasons", {}).items()},
        {str(name): bool(active) for name, active in node.get("conditions", {}).items()},
        {str(name): float(value) for name, value in node.get("known", {}).items()},
        str(node.get("note", "")),
    )
