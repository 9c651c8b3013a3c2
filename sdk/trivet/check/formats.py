"""A verdict as text, JSON, JUnit, SARIF or workflow annotations; every value escaped where it goes."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from math import isfinite
from typing import Any

from trivet import __version__
from trivet.check.verdict import Verdict, place, quoted
from trivet.errors import Finding, Message
from trivet.interface.languages import spoken
from trivet.interface.rules import rules

LEVELS = {"error": "error", "warning": "warning", "note": "notice"}
SARIF = {"error": "error", "warning": "warning", "note": "note"}
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def shown(text: str) -> str:
    """A text with nothing in it that a terminal would obey or a reader not see."""
    return "".join(_visible(letter) for letter in text)


def _visible(letter: str) -> str:
    hidden = unicodedata.category(letter) in ("Cc", "Cf", "Zl", "Zp", "Cs")
    return f"\\u{ord(letter):04x}" if hidden else letter


def text(verdict: Verdict) -> str:
    """For people: each finding with the line it is about, then the verdict."""
    return "\n".join([*lines(verdict), verdict.line()])


def lines(verdict: Verdict, tongue: str = "en") -> Iterator[str]:
    """The findings of ``text``, one at a time, in a language."""
    for finding in verdict.findings:
        yield shown(str(spoken(finding, tongue)))
        line, column = quoted(verdict, finding)
        if line.strip():
            yield f"    {shown(line)}"
            yield f"    {' ' * len(shown(line[: column - 1]))}^"


def as_json(verdict: Verdict) -> str:
    """One JSON object: verdict, counts, findings."""
    return json.dumps(
        {
            "verb": verdict.verb,
            "good": verdict.good,
            "line": verdict.line(),
            "files": list(verdict.subjects),
            **verdict.counts(),
            "findings": [_entry(verdict, finding) for finding in verdict.findings],
        },
        ensure_ascii=True,
        indent=2,
    )


def _entry(verdict: Verdict, finding: Finding) -> dict[str, Any]:
    file, line, column = place(finding)
    return {
        "rule": finding.rule,
        "severity": finding.severity,
        "file": file,
        "line": line,
        "column": column,
        "message": finding.message,
        "hint": finding.hint,
        "facts": facts(finding),
        "text": quoted(verdict, finding)[0].strip(),
    }


def facts(finding: Finding) -> dict[str, Any]:
    """What a finding's sentences say of this case, by name, as JSON has it."""
    found = {
        name: fact
        for text in (finding.hint, finding.message)
        if isinstance(text, Message)
        for name, fact in text.plain().items()
    }
    return {name: fact if _plain(fact) else str(fact) for name, fact in found.items()}


def _plain(fact: object) -> bool:
    return fact is None or type(fact) in (str, int, bool) or (type(fact) is float and isfinite(fact))


def junit(verdict: Verdict) -> str:
    """JUnit XML: one test case for each file, failed when it has an error."""
    from xml.sax.saxutils import escape, quoteattr

    def attribute(value: str) -> str:
        return quoteattr(_NOT_XML.sub("?", value))

    by_file: dict[str, list[Finding]] = {name: [] for name in verdict.subjects}
    for finding in verdict.findings:
        by_file.setdefault(place(finding).file, []).append(finding)
    failed = sum(any(finding.severity == "error" for finding in found) for found in by_file.values())
    out = ['<?xml version="1.0" encoding="utf-8"?>']
    out.append(f'<testsuite name="trivet {verdict.verb}" tests="{len(by_file)}" failures="{failed}">')
    for name, found in by_file.items():
        errors = [finding for finding in found if finding.severity == "error"]
        out.append(f'<testcase classname="trivet.{verdict.verb}" name={attribute(name)}>')
        if errors:
            body = escape(_NOT_XML.sub("?", "\n".join(map(str, errors))))
            out.append(f"<failure message={attribute(errors[0].message)}>{body}</failure>")
        others = "\n".join(str(finding) for finding in found if finding.severity != "error")
        if others:
            out.append(f"<system-out>{escape(_NOT_XML.sub('?', others))}</system-out>")
        out.append("</testcase>")
    return "\n".join([*out, "</testsuite>"])


def sarif(verdict: Verdict) -> str:
    """SARIF 2.1.0, as code hosts read it."""
    known = rules()
    used = sorted({finding.rule for finding in verdict.findings if finding.rule})
    driver = {
        "name": "trivet",
        "version": __version__,
        "rules": [
            {
                "id": rule,
                "shortDescription": {"text": known[rule].title if rule in known else rule},
                "help": {"text": known[rule].page() if rule in known else rule},
            }
            for rule in used
        ],
    }
    results = [_result(finding) for finding in verdict.findings]
    schema = "https://json.schemastore.org/sarif-2.1.0.json"
    tree = {"$schema": schema, "version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results}]}
    return json.dumps(tree, ensure_ascii=True, indent=2)


def _result(finding: Finding) -> dict[str, Any]:
    from urllib.parse import quote

    file, line, column = place(finding)
    where: dict[str, Any] = {"artifactLocation": {"uri": quote(file)}}
    if line:
        where["region"] = {"startLine": line, "startColumn": column}
    message = finding.message + (f"; {finding.hint}" if finding.hint else "")
    result: dict[str, Any] = {
        "level": SARIF[finding.severity],
        "message": {"text": message},
        "locations": [{"physicalLocation": where}],
        "properties": {"facts": facts(finding)},
    }
    return {"ruleId": finding.rule, **result} if finding.rule else result


def github(verdict: Verdict) -> str:
    """Workflow commands that annotate the changed lines."""
    out = []
    for finding in verdict.findings:
        file, line, column = place(finding)
        spot = f",line={line},col={column}" if line else ""
        said = finding.message + (f"; {finding.hint}" if finding.hint else "")
        out.append(
            f"::{LEVELS[finding.severity]} file={_property(file)}{spot},title={_property(finding.rule)}::{_data(said)}"
        )
    return "\n".join([*out, _data(shown(verdict.line()))])


def _data(value: str) -> str:
    return value.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(value: str) -> str:
    return _data(value).replace(":", "%3A").replace(",", "%2C")


FORMATS: Mapping[str, Callable[[Verdict], str]] = {
    "text": text,
    "json": as_json,
    "junit": junit,
    "sarif": sarif,
    "github": github,
}
