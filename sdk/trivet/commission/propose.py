"""A proposal as a file: checked as it would be read, looked at, and written where nothing is overwritten."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from trivet.commission.connect import Proposal
from trivet.commission.cycles import (
    POWER,
    Thresholds,
    decided_by,
    found_cycles,
    frames,
    overrides,
    thresholds,
)
from trivet.commission.watch import Seen, watch
from trivet.device.adapter import Clock
from trivet.device.binding import Binding, bind
from trivet.device.document import Device
from trivet.device.library import ResolvedDevice, resolve
from trivet.errors import DocumentError, Finding, Message
from trivet.interface.document import Interface, When
from trivet.interface.parse import parse_as
from trivet.window.cycles import Cycle

HEAD = "# Proposed by trivet connect; read it before you run a model on it.\n"


@dataclass(frozen=True, slots=True)
class Run:
    """Cycles of one window in what was seen.

    Attributes:
        window: Name of the window.
        by: Signal that opened them.
        spans: First second and length of each [s], from the beginning of the look.
        whole: Whether each was seen from its beginning to its end.
    """

    window: str
    by: str
    spans: tuple[tuple[float, float], ...]
    whole: tuple[bool, ...]


def text(tree: Mapping[str, Any]) -> str:
    """A document as YAML, checked to be one.

    Raises:
        DocumentError: It is none.
    """
    made = HEAD + yaml.safe_dump(dict(tree), sort_keys=False, allow_unicode=True, width=110)
    parse_as(Device, made, f"{tree['id']}.yaml")
    return made


def target(proposal: Proposal, folder: Path, force: bool) -> Path:
    """The file of a proposal.

    Raises:
        DocumentError: It exists, and may not be overwritten.
    """
    path = folder / f"{proposal.name}.yaml"
    if path.exists() and not force:
        raise DocumentError(
            Message("{path} exists", path=path),
            where=proposal.name,
            hint="choose another name, or give --force",
            rule="TRV-D083",
        )
    return path


def resolved(proposal: Proposal, folder: Path) -> tuple[ResolvedDevice, Binding]:
    """A proposal as `trivet read` and `trivet run` would have it, without a file in the engineer's folder.

    Raises:
        DocumentError: It would not work.
        AdapterError: A protocol's library is missing.
    """
    tree = dict(proposal.tree)
    tree["endpoints"] = {name: _absolute(one, folder) for name, one in tree["endpoints"].items()}
    with tempfile.TemporaryDirectory(prefix="trivet-") as place:
        path = Path(place) / f"{proposal.name}.yaml"
        path.write_text(text(tree), encoding="utf-8")
        made = resolve(path)
    return made, bind(proposal.interface, made.parsed, made.profiles)


def _absolute(endpoint: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    profile = endpoint["profile"]
    known = (folder / profile).is_file() and profile.endswith((".yaml", ".yml"))
    return {**endpoint, "profile": str((folder / profile).resolve()) if known else profile}


async def look(proposal: Proposal, folder: Path, clock: Clock, seconds: float) -> tuple[Seen, Binding]:
    """What a proposed device shows for a while.

    Raises:
        DocumentError: The proposal would not work.
        AdapterError: A protocol's library is missing.
    """
    made, binding = resolved(proposal, folder)
    return await watch(made, binding, clock, seconds), binding


def with_thresholds(proposal: Proposal, binding: Binding, seen: Seen) -> tuple[Proposal, Thresholds | None]:
    """A proposal whose cycles open and close at thresholds of its own power, where power decides them."""
    interface = proposal.interface
    trace = seen.traces.get(POWER)
    if trace is None:
        return proposal, None
    values = frames(*trace.numbers(), interface.frame)
    found = thresholds(values[np.isfinite(values)])
    windows = {
        name: lines
        for name, lines in (overrides(interface, found) if found else {}).items()
        if decided_by(interface, binding.fitted, name) == POWER
    }
    if not windows:
        return proposal, found
    return Proposal(proposal.name, {**proposal.tree, "windows": windows}, interface, proposal.findings), found


def runs(proposal: Proposal, binding: Binding, seen: Seen) -> list[Run]:
    """The cycles that a run would have found in what was seen, window by window."""
    found = []
    for name, window in proposal.interface.windows.items():
        by = decided_by(proposal.interface, binding.fitted, name)
        if window.kind != "cycle" or by not in seen.traces:
            continue
        own = proposal.tree.get("windows", {}).get(name)
        opens, closes = _conditions(own) if own else _standard(proposal.interface, name, binding)
        traces = {one.signal: _grid(seen, one.signal, proposal.interface) for one in (opens, closes)}
        cycles = found_cycles(proposal.interface, name, opens, closes, traces)
        found.append(_run(name, by, cycles, proposal.interface.frame))
    return found


def _run(name: str, by: str, cycles: list[Cycle], frame: float) -> Run:
    spans = tuple((one.opened * frame, (one.closed - one.opened) * frame) for one in cycles)
    return Run(name, by, spans, tuple(not (one.joined or one.cut) for one in cycles))


def _conditions(own: Mapping[str, Any]) -> tuple[When, When]:
    return When(**own["opens_when"][0]), When(**own["closes_when"][0])


def _standard(interface: Interface, name: str, binding: Binding) -> tuple[When, When]:
    """The conditions that a run would use: the first of each whose signal is fitted."""
    window = interface.windows[name]
    opens = next(when for when in window.opens_when if when.signal in binding.fitted)
    closes = next((when for when in window.closes_when if when.signal in binding.fitted), None)
    if closes is None:
        raise DocumentError(Message("nothing here can close window `{name}`", name=name), where=interface.id)
    return opens, closes


def _grid(seen: Seen, column: str, interface: Interface) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """A column on the frames of the look: means of numbers, the newest of states, held over empty frames."""
    begin = min(trace.samples[0].receive for trace in seen.traces.values())
    trace = seen.traces[column]
    times, values = trace.numbers()
    step = round(interface.frame * 1e9)
    count = int((max(t.last.receive for t in seen.traces.values()) - begin) // step) + 1
    made = np.full(count, np.nan)
    place = (times - begin) // step
    if interface.signals[column].enumeration:
        made[place] = values
    else:
        sums, numbers = np.zeros(count), np.zeros(count)
        np.add.at(sums, place, values)
        np.add.at(numbers, place, 1.0)
        made = np.divide(sums, numbers, out=made, where=numbers > 0)
    for index in range(1, count):
        if made[index] != made[index]:
            made[index] = made[index - 1]
    return made


def doubts(found: Thresholds | None, seen: Seen, where: str) -> list[Finding]:
    """What is to be said when power shows no two levels."""
    if POWER not in seen.traces or found is not None:
        return []
    hint = "watch for longer, while the appliance waits and works: --watch 900"
    return [Finding("TRV-D084", where, "the power showed no two levels; no threshold is proposed", hint, "note")]
