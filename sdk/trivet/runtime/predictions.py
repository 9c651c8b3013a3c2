"""What a model said about a batch of windows, and what the guard let through."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from trivet.runtime.guard import Verdict

if TYPE_CHECKING:
    from trivet.signals import Float32s

Value = float | None | dict[str, float | None]


class Prediction(NamedTuple):
    """One device's prediction, made when somebody asks for one.

    Attributes:
        device: Device id.
        span: Opening and close of the window [ns, UTC].
        values: Output name to its value; None where withheld, by class where it has classes.
        reasons: Output name to why it was withheld, the first reason first; absent when it was not.
        classes: Output name to the classes withheld alone, and why.
        vetoes: Output name to the vetoes that stand against acting on it.
        accepted: Whether the window may advance the model's memory.
        flags: ``interrupted``, ``joined_late``, ``overlong``.
    """

    device: str
    span: tuple[int, int]
    values: Mapping[str, Value]
    reasons: Mapping[str, tuple[str, ...]]
    classes: Mapping[str, Mapping[str, str]]
    vetoes: Mapping[str, tuple[str, ...]]
    accepted: bool
    flags: tuple[str, ...]

    def top(self, output: str) -> tuple[str, float] | None:
        """The likeliest class of an output and its value, or None when it was withheld."""
        value = self.values[output]
        known = [(v, k) for k, v in value.items() if v is not None] if isinstance(value, dict) else []
        return (max(known)[1], max(known)[0]) if known else None


@dataclass(slots=True, eq=False, repr=False)
class Predictions:
    """Predictions of a batch in columns; an item is a ``Prediction``.

    Not frozen, and equal only to itself, for the same reasons as ``Windows``.

    Attributes:
        devices: Device ids, length ``batch``.
        spans: ``(batch)`` of (open, close) [ns, UTC].
        ports: Output name to its class names; empty for outputs with one column.
        raw: Output name to rows of numbers as the graph gave them, ``(batch)(classes)``.
        verdicts: ``(batch)`` what the guard said.
        flags: ``(batch)`` flags of the windows.
        state: float32 ``(batch, s)``: the next state of accepted rows, the old one of the others; or None.
        latency: Time that the whole batch took [ns].
    """

    devices: list[str]
    spans: list[tuple[int, int]]
    ports: Mapping[str, tuple[str, ...]]
    raw: dict[str, list[list[float]]]
    verdicts: list[Verdict]
    flags: list[tuple[str, ...]]
    state: Float32s | None
    latency: int

    def __len__(self) -> int:
        return len(self.devices)

    def __iter__(self) -> Iterator[Prediction]:
        return (self[row] for row in range(len(self)))

    def __getitem__(self, row: int) -> Prediction:
        verdict = self.verdicts[row]
        values = {name: _value(self.raw[name][row], classes, name, verdict) for name, classes in self.ports.items()}
        return Prediction(
            self.devices[row],
            self.spans[row],
            values,
            verdict.reasons,
            verdict.classes,
            verdict.vetoes,
            verdict.accepted,
            self.flags[row],
        )


def _value(numbers: list[float], classes: tuple[str, ...], output: str, verdict: Verdict) -> Value:
    if output in verdict.reasons:
        return None
    if not classes:
        return numbers[0]
    withheld = verdict.classes.get(output, {})
    return {name: None if name in withheld else number for name, number in zip(classes, numbers, strict=True)}
