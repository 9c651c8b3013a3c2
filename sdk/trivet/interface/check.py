"""What must hold of an interface beyond its types; every rule has an id, explained in ``rules.json``.

``parse`` and ``load`` accept a document whose parts have the right types;
``check`` finds what contradicts, leaks a label into a feature or cannot work.
"""

from __future__ import annotations

import re

from trivet.errors import Finding, Message
from trivet.interface.check_outputs import check_decisions, check_guards, check_outputs
from trivet.interface.check_signals import check_signals, check_tiers
from trivet.interface.check_windows import check_windows
from trivet.interface.document import Interface, Labels
from trivet.interface.findings import Findings
from trivet.interface.parsed import Parsed
from trivet.interface.path import Path

_KEBAB = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_SEMVER = re.compile(r"(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(-[0-9A-Za-z.-]+)?")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_SNAKE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
STAGES = ("predict",)


def check(interface: Interface | Parsed[Interface]) -> list[Finding]:
    """Everything that is wrong with an interface, in the order of its lines when it was parsed."""
    source = interface if isinstance(interface, Parsed) else None
    document = interface.document if isinstance(interface, Parsed) else interface
    findings = Findings(document, document.id, source)
    for part in (
        _check_identity,
        _check_names,
        _check_labels,
        check_signals,
        check_tiers,
        check_windows,
        check_outputs,
        check_guards,
        check_decisions,
        _check_budget,
    ):
        part(findings)
    return sorted(findings.found, key=_line)


def _line(finding: Finding) -> tuple[int, int]:
    numbers = finding.where.rsplit(":", 2)[1:]
    return (int(numbers[0]), int(numbers[1])) if len(numbers) == 2 else (0, 0)


def _check_identity(findings: Findings[Interface]) -> None:
    interface = findings.document
    hint = "write lower-case words joined by hyphens, such as `commercial-dishwasher`"
    findings.require(
        bool(_KEBAB.fullmatch(interface.id)),
        "TRV-I020",
        ("id",),
        Message("`{id}` is not kebab-case", id=interface.id),
        hint,
    )
    shape = bool(_SEMVER.fullmatch(interface.version))
    hint = "write three numbers, such as `0.9.0`"
    findings.require(
        shape,
        "TRV-I021",
        ("version",),
        Message("`{version}` is not a semantic version", version=interface.version),
        hint,
    )
    findings.require(interface.frame > 0, "TRV-I022", ("frame",), "must be above 0", "write the frame step in seconds")
    findings.require(interface.settle >= 0, "TRV-I022", ("settle",), "must not be negative", "write 0 or more seconds")
    findings.require(bool(interface.signals), "TRV-I022", ("signals",), "is empty", "declare at least one signal")


def _check_names(findings: Findings[Interface]) -> None:
    interface = findings.document
    groups = {
        "signals": interface.signals,
        "parameters": interface.parameters,
        "windows": interface.windows,
        "outputs": interface.outputs,
        "decisions": interface.decisions,
    }
    hint = "write lower-case words joined by underscores, beginning with a letter"
    for group, names in groups.items():
        for name in names:
            findings.require(bool(_SNAKE.fullmatch(name)), "TRV-I023", (group, name), "is not snake_case", hint)
    for name in interface.parameters:
        taken = name in ("frames", "elapsed")
        findings.require(not taken, "TRV-I024", ("parameters", name), "is a name the context has already", "rename it")


def _check_labels(findings: Findings[Interface]) -> None:
    interface = findings.document
    _check_languages(findings, ("title",), interface.title)
    _check_languages(findings, ("fallback", "text"), interface.fallback.text)
    for name, signal in interface.signals.items():
        _check_languages(findings, ("signals", name, "label"), signal.label)
    for name, parameter in interface.parameters.items():
        _check_languages(findings, ("parameters", name, "label"), parameter.label)
    for name, output in interface.outputs.items():
        _check_languages(findings, ("outputs", name, "label"), output.label)
        for key, value in output.classes.items():
            _check_languages(findings, ("outputs", name, "classes", key, "label"), value.label)
            _check_languages(findings, ("outputs", name, "classes", key, "remedy"), value.remedy)


def _check_languages(findings: Findings[Interface], path: Path, labels: Labels) -> None:
    for language in labels:
        shape = bool(_LANGUAGE.fullmatch(language))
        hint = "write a language tag such as `en`, `de` or `zh-Hans`"
        findings.require(shape, "TRV-I025", (*path, language), "is not a language tag", hint)
    if labels and "en" not in labels:
        findings.add("TRV-I025", path, "has no English text", "add `en`", "warning")


def _check_budget(findings: Findings[Interface]) -> None:
    rows = findings.document.budget
    star = any(row.architecture == row.cpu == "*" and row.cores == 1 for row in rows)
    hint = "add a row with architecture '*', cpu '*' and cores 1"
    findings.require(star, "TRV-I090", ("budget",), "has no row for every machine", hint)
    for index, row in enumerate(rows):
        path: Path = ("budget", index)
        stage = row.stage in STAGES
        findings.require(
            stage, "TRV-I091", (*path, "stage"), Message("`{stage}` is not a stage", stage=row.stage), "write `predict`"
        )
        findings.require(0 < row.percentile < 100, "TRV-I091", (*path, "percentile"), "must lie between 0 and 100")
        findings.require(row.limit > 0, "TRV-I091", (*path, "limit"), "must be above 0 seconds")
        findings.require(row.cores >= 1, "TRV-I091", (*path, "cores"), "must be at least 1")
