"""The live view: what each device shows, what the model says, what was decided, and how long it took."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TextIO

from trivet.cli.text import Palette, clip, duration, number, palette
from trivet.device.adapter import Clock
from trivet.interface.columns import columns
from trivet.interface.document import Interface, Signal
from trivet.pipeline.lines import Line, timestamp
from trivet.runtime.model import Model
from trivet.runtime.predictions import Prediction, Predictions
from trivet.signals import SECOND, Condition, Quality, Readings, Sample, quality, status_name

REFRESH = 0.5
CELL = 51
STATES = {"ok": "good", "watch": "warn", "act": "bad"}


@dataclass(slots=True)
class Shown:
    """What is known about one device.

    Attributes:
        samples: Column to its newest sample.
        prediction: Newest prediction.
        latency: Time of the call that made it [ns].
        state: Decision rule to its newest line.
        notes: Newest lines of other kinds.
    """

    model: Model
    samples: dict[str, Sample] = field(default_factory=dict)
    prediction: Prediction | None = None
    latency: int = 0
    states: dict[str, Line] = field(default_factory=dict)
    alarms: dict[str, Condition] = field(default_factory=dict)


class LiveView:
    """Paints a few times a second; an observer of one or more judges.

    Attributes:
        title: First line of the picture.
        events: The decisions so far, newest last.
    """

    EVENTS = 6

    def __init__(self, clock: Clock, out: TextIO, title: str = "") -> None:
        self.title = title
        self.events: list[str] = []
        self._clock = clock
        self._out = out
        self._paint = palette(out)
        self._terminal = out.isatty()
        self._shown: dict[str, Shown] = {}
        self._height = 0

    def device(self, device: str, model: Model) -> None:
        """Makes room for one device."""
        self._shown[device] = Shown(model)

    def readings(self, device: str, readings: Readings) -> None:
        """Keeps the newest sample of each column."""
        newest = {int(column): row for row, column in enumerate(readings.column)}
        for row in newest.values():
            sample = readings.sample(row)
            self._shown[device].samples[sample.name] = sample

    def condition(self, device: str, condition: Condition) -> None:
        """Keeps the controller's own active alarms."""
        alarms = self._shown[device].alarms
        if condition.active:
            alarms[condition.id] = condition
        else:
            alarms.pop(condition.id, None)

    def predictions(self, predictions: Predictions) -> None:
        """Keeps the newest prediction of each device."""
        for prediction in predictions:
            shown = self._shown[prediction.device]
            shown.prediction, shown.latency = prediction, predictions.latency

    def lines(self, lines: Sequence[Line]) -> None:
        """Keeps decisions and notable lines."""
        for line in lines:
            if line["kind"] == "decision":
                self._shown[line["appliance"]].states[line["rule"]] = line
            if line["kind"] != "prediction":
                self.events = [*self.events, event_text(line, self._paint)][-self.EVENTS :]

    async def show(self) -> None:
        """Paints until cancelled; where there is no terminal, only says what happens."""
        told = 0
        while True:
            await asyncio.sleep(REFRESH)
            if self._terminal:
                self._repaint()
            else:
                told = self._tell(told)

    def picture(self, width: int = 100) -> str:
        """The whole view as text."""
        now = self._clock.now()
        rows = [self._paint.bold(f"{self.title}  {timestamp(now)[:19].replace('T', ' ')} UTC"), ""]
        for device, shown in self._shown.items():
            rows += device_rows(device, shown, now, self._paint, width)
        return "\n".join([*rows, *self.events])

    def _repaint(self) -> None:
        size = shutil.get_terminal_size((100, 50))
        rows = [clip(row, size.columns) for row in self.picture(size.columns).splitlines()][: size.lines - 1]
        up = f"\x1b[{self._height}F" if self._height else ""
        self._out.write(up + "".join(f"{row}\x1b[K\n" for row in rows) + "\x1b[J")
        self._out.flush()
        self._height = len(rows)

    def _tell(self, told: int) -> int:
        for text in self.events[told:]:
            self._out.write(text + "\n")
        self._out.flush()
        return len(self.events)


def device_rows(device: str, shown: Shown, now: int, paint: Palette, width: int) -> list[str]:
    """One device's block of the picture."""
    cells = [signal_cell(c, s, shown.model.interface, now, paint) for c, s in sorted(shown.samples.items())]
    across = max(1, (width - 2) // (CELL + 2))
    decided = state_text(shown.states, paint) if shown.model.interface.decisions else ""
    rows = [paint.bold(device) + "  " + decided]
    rows += ["  " + "  ".join(cells[n : n + across]) for n in range(0, len(cells), across)]
    rows += [f"  alarm   {c.message or c.id} (severity {c.severity})" for c in shown.alarms.values()]
    return [*rows, "  " + prediction_text(shown.prediction, shown.latency, shown.model, paint), ""]


def signal_cell(column: str, sample: Sample, interface: Interface, now: int, paint: Palette) -> str:
    """Name, value, unit, age and status of one signal, ``CELL`` characters wide."""
    signal = columns(interface)[column]
    value = f"{value_text(signal, sample.value)} {'' if signal.unit == '1' else signal.unit}"
    age = duration((now - sample.receive) / SECOND)
    status = sample.reason or status_name(sample.status)
    text = f"{column:<20.20}{value:>13.13} {age:>6} "
    shade = {Quality.GOOD: paint.plain, Quality.UNCERTAIN: paint.warn, Quality.BAD: paint.bad}[quality(sample.status)]
    return text + shade(f"{status:<10.10}")


def value_text(signal: Signal, value: float) -> str:
    """A number, or the state that it stands for."""
    if signal.enumeration and value == value:
        return signal.enumeration.get(str(int(value)), number(value))
    return number(value)


def state_text(states: Mapping[str, Line], paint: Palette) -> str:
    """Where the device stands, worst first."""
    if not states:
        return paint.plain("not judged yet")
    worst = max(states.values(), key=lambda line: list(STATES).index(line["state"]))
    shade = getattr(paint, STATES[worst["state"]])
    subject = worst["text"].get("label", worst["subject"])
    return str(shade(worst["state"].upper())) + (f"  {subject}" if subject else "")


def prediction_text(prediction: Prediction | None, latency: int, model: Model, paint: Palette) -> str:
    """The newest prediction in one line, with its latency against the budget."""
    if prediction is None:
        return "no window yet"
    parts = []
    for name in model.ports:
        if name in prediction.reasons:
            parts.append(paint.warn(f"{name} {prediction.reasons[name][0]}"))
        else:
            parts.append(output_text(name, prediction, model.ports[name]))
    limit = min((row["limit"] for row in model.manifest.budget), default=0.0)
    vetoes = sorted({veto for found in prediction.vetoes.values() for veto in found})
    parts += [paint.warn(f"vetoed by {', '.join(vetoes)}")] if vetoes else []
    return "   ".join([f"{latency / 1e6:.2f} ms of {limit * 1e3:g} ms", *parts])


def output_text(name: str, prediction: Prediction, classes: tuple[str, ...]) -> str:
    """One output: its number, its likeliest class, or one number for each action."""
    value = prediction.values[name]
    if not isinstance(value, dict):
        return f"{name} {number(value)}"
    top = prediction.top(name)
    if "none" in classes:
        return f"{name} {top[0]} {top[1]:.2f}" if top else f"{name} -"
    return f"{name} " + " ".join(f"{action}={number(v and round(v))}" for action, v in value.items())


def event_text(line: Line, paint: Palette) -> str:
    """One line of what happened, for people."""
    head = f"{line['time'][11:19]}  {line['appliance']}  "
    if line["kind"] == "decision":
        shade = getattr(paint, STATES[line["state"]])
        words = line["text"].get("label", line["subject"])
        remedy = line["text"].get("remedy", "")
        tail = f" {words} ({line['value']:.2f})" + (f": {remedy}" if remedy else "") if words else ""
        return head + str(shade(line["state"].upper())) + tail
    if line["kind"] == "gap":
        return head + paint.warn(
            f"no data ({line['reason']})" if line["end"] is None else f"data again ({line['reason']})"
        )
    if line["kind"] == "sensor_faults":
        faults = ", ".join(f"{column} {fault}" for column, fault in line["faults"].items())
        return head + paint.warn(f"sensors: {faults or 'all recovered'}")
    return head + paint.warn(line["kind"])
