"""TypeScript types of lines and frames; every name is quoted, so that none is ever a keyword."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from trivet.export import Subject
from trivet.export.identifiers import pascal
from trivet.interface.columns import class_order, columns
from trivet.interface.document import Signal

_LINES = """export interface Told {
  time: string;
  package: string;
  signer: string | null;
  interface: typeof DIGEST;
  device: string;
  site: string;
  appliance: string;
  serial: string;
  previous: string | null;
  development?: true;
  expired_lists?: string[];
  origins?: Record<string, Origin>;
}

export interface Origin {
  url: string;
  profile: { id: string; version: string; digest: string };
  session?: Record<string, string>;
}

export interface Prediction extends Told {
  kind: "prediction";
  window: { opened: string; closed: string; flags: ("interrupted" | "joined_late" | "overlong")[] };
  outputs: Outputs;
  withheld: Partial<Record<keyof Outputs, string[]>>;
  withheld_classes: Partial<Record<keyof Outputs, Record<string, string>>>;
  vetoes: Record<string, string[]>;
  accepted: boolean;
  latency: { predict: number };
  state: string | null;
}

export interface Decision extends Told {
  kind: "decision";
  rule: Rule;
  state: "ok" | "watch" | "act";
  before: "ok" | "watch" | "act" | null;
  subject: string;
  value: number;
  text: Record<string, string>;
}

export interface SensorFaults extends Told {
  kind: "sensor_faults";
  faults: Record<string, string>;
}

export interface Gap extends Told {
  kind: "gap";
  start: string;
  end: string | null;
  reason: string;
  origin: string;
  detail: string;
}

export interface NoWindow extends Told {
  kind: "no_window";
  since: string;
  expect_within: number;
}

/** How far the chain of lines goes; about no device. */
export interface Checkpoint {
  kind: "checkpoint";
  time: string;
  previous: string | null;
  event: "start" | "interval" | "resume" | "rotate" | "close";
  count: number;
  continues: { file: string; count: number } | null;
  torn: { bytes: number; sha256: string } | null;
  key: string | null;
  signature: string | null;
}

export type Line = Prediction | Decision | SensorFaults | Gap | NoWindow | Checkpoint;
"""


def files(subject: Subject) -> dict[str, bytes]:
    """One module."""
    return {f"{subject.stem}.ts": module(subject).encode("utf-8")}


def module(subject: Subject) -> str:
    """The module's text."""
    interface = subject.interface
    parts = [
        f"// {_comment(subject.label(interface.title, interface.id))}",
        f"// Interface {interface.id} {interface.version}; made from its document, do not edit. Units are UCUM codes.",
        "",
        f"export const VERSION = {json.dumps(interface.version)};",
        f"export const DIGEST = {json.dumps(subject.digest)};",
        f"export const FRAME_SECONDS = {interface.frame!r};",
        "",
        *_states(interface.signals.items()),
        "/** One frame: null is not known. */",
        "export interface Frame {",
        "  /** End of the frame, ISO 8601, UTC. */",
        "  time: string;",
        *(line for name, signal in sorted(columns(interface).items()) for line in _column(subject, name, signal)),
        "}",
        "",
        "/** What a package may say; null is withheld, a missing one is not in the package. */",
        "export interface Outputs {",
        *(line for name in sorted(interface.outputs) for line in _output(subject, name)),
        "}",
        "",
        f"export type Rule = {_either(interface.decisions) or 'never'};",
        "",
        _LINES,
    ]
    return "\n".join(parts)


def _states(signals: Iterable[tuple[str, Signal]]) -> Iterator[str]:
    for name, signal in sorted(signals):
        if signal.enumeration:
            yield f"export type {pascal(name)} = {_either(signal.enumeration.values())};"
            pairs = sorted(signal.enumeration.items(), key=lambda item: int(item[0]))
            codes = ", ".join(f"{json.dumps(state)}: {int(code)}" for code, state in pairs)
            yield f"export const {pascal(name)}Codes: Record<{pascal(name)}, number> = {{ {codes} }};"
            yield ""


def _column(subject: Subject, name: str, signal: Signal) -> Iterator[str]:
    low, high = signal.range
    yield f"  /** {_comment(subject.label(signal.label, name))} [{_comment(signal.unit)}], {low:g} to {high:g} */"
    kind = _either(signal.enumeration.values()) if signal.enumeration else "number"
    yield f"  {json.dumps(name)}?: {kind} | null;"


def _output(subject: Subject, name: str) -> Iterator[str]:
    spec, classes = subject.interface.outputs[name], class_order(subject.interface, name)
    yield f"  /** {_comment(subject.label(spec.label, name))} [{_comment(spec.unit)}] */"
    kind = f"Record<{_either(classes)}, number | null>" if classes else "number"
    yield f"  {json.dumps(name)}?: {kind} | null;"


def _either(words: Iterable[str]) -> str:
    return " | ".join(json.dumps(word) for word in words)


def _comment(text: str) -> str:
    """Text that cannot end a comment or its line."""
    return "".join(sign if sign.isprintable() else " " for sign in text).replace("*/", "* /")
