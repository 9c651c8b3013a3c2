"""Many devices, one model: what is due is judged in one call and becomes lines.

Synchronous and without I/O but for the store; the loop around it is ``run``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from trivet.device.faults import SensorWatch
from trivet.interface.document import Interface
from trivet.pipeline.lines import (
    Line,
    Provenance,
    decision_line,
    gap_line,
    no_window_line,
    prediction_line,
    sensor_faults_line,
)
from trivet.pipeline.store import Memory, Store, state_digest
from trivet.runtime.decision import Decider, Decision
from trivet.runtime.model import Model
from trivet.runtime.predictions import Prediction, Predictions
from trivet.signals import Condition, Float32s, Gap, Item, Readings
from trivet.window.window import Notice, Window, Windower, stack

TOLD = ("no_window", "late")
"""Notices that become lines; a cycle joined late says so itself."""


class Observer(Protocol):
    """Somebody who watches a run, such as the live view."""

    def readings(self, device: str, readings: Readings) -> None:
        """Bound readings arrived."""
        ...

    def condition(self, device: str, condition: Condition) -> None:
        """The controller's own alarm changed."""
        ...

    def predictions(self, predictions: Predictions) -> None:
        """A batch was judged."""
        ...

    def lines(self, lines: Sequence[Line]) -> None:
        """Lines are about to be written."""
        ...


@dataclass(slots=True)
class Member:
    """One device of a run; a recorded one exists from its first data on, a live one from the start."""

    id: str
    provenance: Provenance
    windower: Windower
    watch: SensorWatch
    memory: Memory
    heard: bool = False


@dataclass(slots=True)
class Tally:
    """What a run did, for its closing summary.

    Attributes:
        windows: Windows judged or withheld.
        accepted: Windows that advanced the model's memory.
        withheld: Output and first reason to the number of windows.
        decisions: State to the number of changes into it.
        kinds: Line kind to the number of lines.
        latencies: Time of each ``predict`` call [ns] with the windows in it.
    """

    windows: int = 0
    accepted: int = 0
    withheld: Counter[tuple[str, str]] = field(default_factory=Counter)
    decisions: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    latencies: list[tuple[int, int]] = field(default_factory=list)


class Judge:
    """The model, its devices, and what they remember.

    Attributes:
        members: Device id to device.
        tally: What happened so far.
    """

    LATENCIES = 10_000

    def __init__(self, model: Model, members: Sequence[Member], store: Store) -> None:
        self.model = model
        self.members = {member.id: member for member in members}
        self.tally = Tally()
        self.decider = Decider(model.interface, tuple(model.ports))
        self._store = store
        self._observers: list[Observer] = []
        for member in members:
            for rule, standing in member.memory.standings.items():
                self.decider.standings[member.id, rule] = standing

    def observe(self, observer: Observer) -> None:
        """Lets somebody watch from now on."""
        self._observers.append(observer)

    def feed(self, device: str, item: Item) -> list[Line]:
        """Takes one item of a device's source; gives the lines that it causes by itself."""
        member = self.members[device]
        member.heard = True
        if isinstance(item, Readings):
            return self._count(self._readings(member, item))
        if isinstance(item, Gap):
            member.windower.gap(item)
            return self._count(
                [gap_line(member.provenance, item.start, item.end, item.reason, item.origin, item.detail)]
            )
        for observer in self._observers:
            observer.condition(device, item)
        return []

    def advance(self, now: int) -> list[Line]:
        """Closes frames up to ``now`` [ns, UTC] and judges every window that is due, in one call."""
        heard = [member for member in self.members.values() if member.heard]
        return self._judge([made for member in heard for made in member.windower.advance(now)])

    def finish(self) -> list[Line]:
        """Closes what is open when the data end."""
        return self._judge([made for member in self.members.values() for made in member.windower.finish()])

    def _readings(self, member: Member, readings: Readings) -> list[Line]:
        member.windower.feed(readings)
        member.provenance.origins.hear(readings)
        for observer in self._observers:
            observer.readings(member.id, readings)
        if not member.watch.feed(readings) or not len(readings):
            return []
        faults = {column: fault.kind for column, fault in member.watch.faults.items()}
        return [sensor_faults_line(member.provenance, int(readings.receive.max()), faults)]

    def _judge(self, made: Sequence[Window | Notice]) -> list[Line]:
        lines = [self._notice(item) for item in made if isinstance(item, Notice) and item.kind in TOLD]
        windows = sorted((item for item in made if isinstance(item, Window)), key=lambda w: w.span[1])
        for batch in _one_each(windows):
            lines += self._batch(batch)
        return self._count(lines)

    def _batch(self, windows: Sequence[Window]) -> list[Line]:
        """Judges at most one window a device, so that memories advance in order of closing."""
        members = [self.members[window.device] for window in windows]
        for member, window in zip(members, windows, strict=True):
            self._renew(member, window.span[0])
        states = [member.memory.state for member in members]
        state: Float32s | None = None if states[0] is None else np.stack([s for s in states if s is not None])
        predictions = self.model.predict(stack(windows), state)
        decisions = self.decider.step(predictions)
        self._remember(members, predictions)
        for observer in self._observers:
            observer.predictions(predictions)
        return self._lines(members, predictions, decisions)

    def _renew(self, member: Member, opens: int) -> None:
        """Lets a device that was repaired be learnt anew."""
        if self._store.renewed(member.id, member.memory, opens):
            member.memory = self._store.initial()
            for key in [key for key in self.decider.standings if key[0] == member.id]:
                del self.decider.standings[key]

    def _remember(self, members: Sequence[Member], predictions: Predictions) -> None:
        for row, member in enumerate(members):
            state = None if predictions.state is None else predictions.state[row]
            standings = {rule: s for (device, rule), s in self.decider.standings.items() if device == member.id}
            member.memory = Memory(state, predictions.spans[row][1], standings)
            self._store.save(member.id, member.memory)

    def _lines(self, members: Sequence[Member], predictions: Predictions, decisions: list[Decision]) -> list[Line]:
        lines: list[Line] = []
        self._tally(predictions)
        for member, prediction in zip(members, predictions, strict=True):
            own = [decision for decision in decisions if decision.device == member.id]
            lines += [decision_line(member.provenance, d, labels(self.model.interface, d)) for d in own]
            self.tally.decisions.update(decision.state for decision in own)
            digest = None if member.memory.state is None else state_digest(member.memory.state)
            lines.append(prediction_line(member.provenance, prediction, predictions.latency, digest))
            self._tally_row(prediction)
        return lines

    def _tally(self, predictions: Predictions) -> None:
        self.tally.latencies.append((predictions.latency, len(predictions)))
        del self.tally.latencies[: -self.LATENCIES]

    def _tally_row(self, prediction: Prediction) -> None:
        self.tally.windows += 1
        self.tally.accepted += prediction.accepted
        self.tally.withheld.update((name, reasons[0]) for name, reasons in prediction.reasons.items())

    def _notice(self, notice: Notice) -> Line:
        member = self.members[notice.device]
        if notice.kind == "no_window":
            expected = self.model.interface.windows[self.model.manifest.window].expect_within or 0.0
            return no_window_line(member.provenance, notice.end, notice.start, expected)
        return gap_line(member.provenance, notice.start, notice.end, notice.kind, member.id, notice.detail)

    def _count(self, lines: list[Line]) -> list[Line]:
        self.tally.kinds.update(line["kind"] for line in lines)
        if lines:
            for observer in self._observers:
                observer.lines(lines)
        return lines


def _one_each(windows: Sequence[Window]) -> list[list[Window]]:
    """Windows in batches with each device at most once, in order of closing."""
    batches: list[list[Window]] = []
    depth: Counter[str] = Counter()
    for window in windows:
        if depth[window.device] == len(batches):
            batches.append([])
        batches[depth[window.device]].append(window)
        depth[window.device] += 1
    return batches


def labels(interface: Interface, decision: Decision) -> Mapping[str, str]:
    """The subject's name and remedy in English, for people."""
    rule = interface.decisions[decision.rule]
    subject = interface.classes(rule.output).get(decision.subject)
    if subject is None:
        return {}
    texts = {"label": subject.label.get("en", decision.subject), "remedy": subject.remedy.get("en", "")}
    return {key: text for key, text in texts.items() if text}
