"""The content of a page about an interface: headings and tables, before any markup."""

from __future__ import annotations

from typing import NamedTuple

from trivet.export import Subject
from trivet.interface.columns import class_order
from trivet.interface.document import Output, Signal


class Table(NamedTuple):
    """A heading, a sentence below it, and rows below that; the first row heads the columns."""

    heading: str
    text: str
    rows: tuple[tuple[str, ...], ...]


WORDS: dict[str, dict[str, str]] = {
    "en": {},
    "de": {
        "Signals": "Signale",
        "Signal": "Signal",
        "Unit": "Einheit",
        "Range": "Bereich",
        "Period": "Abtastung",
        "Oldest": "Höchstalter",
        "Meaning": "Bedeutung",
        "States": "Zustände",
        "Outputs": "Ausgaben",
        "Output": "Ausgabe",
        "Kind": "Art",
        "Needs": "Braucht",
        "Classes": "Klassen",
        "Class": "Klasse",
        "Remedy": "Abhilfe",
        "Decisions": "Entscheidungen",
        "Rule": "Regel",
        "Watch": "Beobachten",
        "Act": "Handeln",
        "Windows in a row": "Fenster in Folge",
        "Fallback": "Rückfall",
        "Parameters": "Kennwerte",
        "Parameter": "Kennwert",
        "Interface": "Schnittstelle",
        "or": "oder",
        "to": "bis",
    },
    "zh-Hans": {
        "Signals": "信号",
        "Signal": "信号",
        "Unit": "单位",
        "Range": "范围",
        "Period": "周期",
        "Oldest": "最大时效",
        "Meaning": "含义",
        "States": "状态",
        "Outputs": "输出",
        "Output": "输出",
        "Kind": "类型",
        "Needs": "所需信号",
        "Classes": "类别",
        "Class": "类别",
        "Remedy": "处理措施",
        "Decisions": "决策",
        "Rule": "规则",
        "Watch": "关注",
        "Act": "处理",
        "Windows in a row": "连续窗口数",
        "Fallback": "回退",
        "Parameters": "参数",
        "Parameter": "参数",
        "Interface": "接口",
        "or": "或",
        "to": "至",
    },
}
"""Language to the words of a page in it."""


def title(subject: Subject) -> str:
    """The page's heading."""
    return subject.label(subject.interface.title, subject.interface.id)


def word(subject: Subject, text: str) -> str:
    """A word of the page in the subject's language, else in English."""
    return WORDS.get(subject.language, {}).get(text, text)


def tables(subject: Subject) -> list[Table]:
    """Everything that the page says."""
    made = [_signals(subject), _parameters(subject), _outputs(subject)]
    for name, spec in sorted(subject.interface.outputs.items()):
        if spec.classes:
            made.append(_classes(subject, name))
    made += [_decisions(subject), _fallback(subject)]
    return [table for table in made if len(table.rows) > 1 or table.text]


def _head(subject: Subject, *words: str) -> tuple[str, ...]:
    return tuple(word(subject, text) for text in words)


def _signals(subject: Subject) -> Table:
    rows = [_head(subject, "Signal", "Unit", "Range", "Period", "Oldest", "Meaning", "States")]
    rows += [_signal(subject, name, signal) for name, signal in sorted(subject.interface.signals.items())]
    return Table(word(subject, "Signals"), "", tuple(rows))


def _signal(subject: Subject, name: str, signal: Signal) -> tuple[str, ...]:
    states = sorted(signal.enumeration.items(), key=lambda item: int(item[0]))
    shown = f"{name} (1 {word(subject, 'to')} {signal.repeat.max})" if signal.repeat else name
    return (
        shown,
        signal.unit,
        _span(subject, signal.range),
        f"{signal.period:g} s",
        f"{signal.max_age:g} s",
        subject.label(signal.label, name),
        ", ".join(f"{code} {state}" for code, state in states),
    )


def _parameters(subject: Subject) -> Table:
    rows = [_head(subject, "Parameter", "Unit", "Range", "Meaning")]
    for name, spec in sorted(subject.interface.parameters.items()):
        rows.append((name, spec.unit, _span(subject, spec.range), subject.label(spec.label, name)))
    return Table(word(subject, "Parameters"), "", tuple(rows))


def _outputs(subject: Subject) -> Table:
    rows = [_head(subject, "Output", "Kind", "Unit", "Range", "Meaning", "Needs")]
    rows += [_output(subject, name, spec) for name, spec in sorted(subject.interface.outputs.items())]
    return Table(word(subject, "Outputs"), "", tuple(rows))


def _output(subject: Subject, name: str, spec: Output) -> tuple[str, ...]:
    either = f"; {word(subject, 'or')} "
    needs = either.join(", ".join(group) for group in spec.needs)
    span = _span(subject, spec.range) if spec.range else ""
    return name, spec.kind, spec.unit, span, subject.label(spec.label, name), needs


def _classes(subject: Subject, name: str) -> Table:
    classes = subject.interface.classes(name)
    rows = [_head(subject, "Class", "Meaning", "Remedy")]
    for cls in class_order(subject.interface, name):
        spec = classes[cls]
        rows.append((f"{spec.id} {cls}", subject.label(spec.label, cls), subject.label(spec.remedy, "")))
    return Table(f"{word(subject, 'Classes')}: {name}", "", tuple(rows))


def _decisions(subject: Subject) -> Table:
    rows = [_head(subject, "Rule", "Output", "Watch", "Act", "Windows in a row")]
    for name, rule in sorted(subject.interface.decisions.items()):
        rows.append((name, rule.output, f"{rule.watch.raise_at:g}", f"{rule.act.raise_at:g}", str(rule.confirm)))
    return Table(word(subject, "Decisions"), "", tuple(rows))


def _fallback(subject: Subject) -> Table:
    return Table(word(subject, "Fallback"), subject.label(subject.interface.fallback.text, ""), ())


def _span(subject: Subject, span: tuple[float, float]) -> str:
    return f"{span[0]:g} {word(subject, 'to')} {span[1]:g}"
