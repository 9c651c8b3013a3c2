"""Rules about the texts for people."""

from __future__ import annotations

from collections.abc import Iterator

from trivet.errors import Message
from trivet.interface.document import Interface, Labels
from trivet.interface.findings import Findings
from trivet.interface.parsed import Path

LONGEST_LABEL = 300


def check_labels(notes: Findings[Interface]) -> None:
    """Empty, overlong, missing, doubled and half-translated texts."""
    interface = notes.document
    languages: dict[str, Path] = {}
    for path, labels in labelled(interface):
        for language, text in labels.items():
            languages.setdefault(language, (*path, language))
            if not text.strip():
                notes.add("TRV-L010", (*path, language), "is empty", "write it, or remove the line")
            elif len(text) > LONGEST_LABEL:
                notes.add(
                    "TRV-L010",
                    (*path, language),
                    Message("has {count} characters", count=len(text)),
                    Message("at most {most}", most=LONGEST_LABEL),
                )
    for path, labels in labelled(interface):
        missing = sorted(set(languages) - set(labels)) if labels else []
        if missing:
            notes.add(
                "TRV-L011",
                path,
                Message("is not translated to `{language}`", language=missing[0]),
                "translate all texts, or none",
            )
    _check_named(notes)
    _check_doubled(notes)


def labelled(interface: Interface) -> Iterator[tuple[Path, Labels]]:
    """Every group of texts of an interface, with its path."""
    yield ("title",), interface.title
    yield ("fallback", "text"), interface.fallback.text
    for name, signal in interface.signals.items():
        yield ("signals", name, "label"), signal.label
    for name, parameter in interface.parameters.items():
        yield ("parameters", name, "label"), parameter.label
    for name, output in interface.outputs.items():
        yield ("outputs", name, "label"), output.label
        for key, cls in output.classes.items():
            yield ("outputs", name, "classes", key, "label"), cls.label
            yield ("outputs", name, "classes", key, "remedy"), cls.remedy


def _check_named(notes: Findings[Interface]) -> None:
    """Classes and the fallback say something to people."""
    for name, output in notes.document.outputs.items():
        for key, cls in output.classes.items():
            path: Path = ("outputs", name, "classes", key)
            if not cls.label:
                notes.add("TRV-L012", path, "has no label", "say what it means, in words for an engineer")
            elif output.kind == "classes" and key not in ("none", "unknown") and not cls.remedy:
                notes.add("TRV-L013", path, "has no remedy", "say what somebody should do about it")
    if not notes.document.fallback.text:
        notes.add("TRV-L014", ("fallback",), "has no text", "say what holds while the model is silent")


def _check_doubled(notes: Findings[Interface]) -> None:
    seen: dict[tuple[str, str], str] = {}
    for name, signal in notes.document.signals.items():
        for language, text in signal.label.items():
            other = seen.setdefault((language, text.strip().casefold()), name)
            if other != name:
                message = Message("is also the label of `{other}`", other=other)
                notes.add("TRV-L015", ("signals", name, "label", language), message, "tell the two apart")
