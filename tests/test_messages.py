"""What findings say: every sentence is there in every language, with the same facts, and none is lost on the way."""

from __future__ import annotations

import json
import pickle
import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from string import Formatter

import pytest

import said
from test_check_breaking import PAIRS, both
from test_check_lint import CASES, judged
from test_package_conformance import CASES as PACKAGES
from test_package_conformance import HERE as PACKAGES_FOLDER
from trivet import units
from trivet.check.breaking import compare
from trivet.check.breaking import judged as weighed
from trivet.check.formats import as_json, lines, sarif
from trivet.check.source import source_of
from trivet.check.verdict import Verdict
from trivet.errors import Finding, Message, TrivetError
from trivet.interface.languages import said as told
from trivet.interface.languages import spoken, translation
from trivet.interface.rules import rules
from trivet.package import archive
from trivet.package.admit import admit
from trivet.package.graph import check_contract, walk
from trivet.package.messages import FORBIDDEN
from trivet.package.trust import Trust

TONGUES = ("de", "zh-Hans")
PAGES = {
    *("Wrong:", "Right:", "What to do: ", "It asks for a new {bump} version.", "`trivet lint --fix` can do it."),
    *("(Not translated: {parts}.)", "title", "remedy", "cause", "what breaks", "holds", *said.SEVERITIES),
}
"""Words of pages and of lines, which are no messages."""


def everything() -> dict[str, str]:
    """All sentences and templates, and words that come into messages from tables."""
    measured = json.loads(Path(units.__file__).with_suffix(".json").read_text("utf-8"))["quantities"]
    tables = {why for rule in rules().values() for why in rule.breaks.values()} | {*FORBIDDEN.values(), *measured}
    return {**said.sentences(), **said.templates(), **dict.fromkeys(tables, "a table")}


def fields(template: str) -> Counter[tuple[str | None, str | None, str | None]]:
    """Name, format and conversion of each field."""
    return Counter(part[1:] for part in Formatter().parse(template) if part[1] is not None)


def test_no_finding_gets_a_sentence_without_its_facts() -> None:
    assert said.unremembered() == []


@pytest.mark.parametrize("tongue", TONGUES)
def test_every_sentence_is_there_in_every_language(tongue: str) -> None:
    words, needed = translation(tongue).words, everything()
    assert {text: place for text, place in needed.items() if text not in words} == {}
    assert set(words) - set(needed) == PAGES


@pytest.mark.parametrize("tongue", TONGUES)
def test_no_translation_loses_or_invents_a_fact(tongue: str) -> None:
    templates = said.templates()
    for english, other in translation(tongue).words.items():
        if english in templates:
            assert fields(other) == fields(english), english
            assert Counter(re.findall("`[^`]*`", other)) == Counter(re.findall("`[^`]*`", english)), english
        assert other.strip(), english


def test_a_message_is_its_sentence_and_its_facts() -> None:
    inner = Message("`{name}` is not a column", name="rpm")
    message = Message("{place}: {said}", place="signals.{rpm}", said=inner)
    assert message == "signals.{rpm}: `rpm` is not a column"
    assert message.plain() == {"place": "signals.{rpm}", "name": "rpm"}
    again = pickle.loads(pickle.dumps(message))  # noqa: S301
    assert (again, again.template, again.plain()) == (message, message.template, message.plain())
    assert told(message, "de") == "signals.{rpm}: `rpm` ist keine Spalte"
    assert told(Message("add `{name}`", name="{0.__class__}"), "zh-Hans") == "添加 `{0.__class__}`"
    assert told(message, "en") == told(message, "fr") == message
    assert Message.joined(["a", "b", "c"], "{first} or {then}") == "a or b or c"
    assert told(Message.joined(["a", "b"], "{first} or {then}"), "de") == "a oder b"
    assert Message.joined([]) == ""


def test_a_fact_is_never_taken_for_a_sentence() -> None:
    """A signal may be called as a message is."""
    assert told(Message("`{name}` is not a column", name="is missing"), "de") == "`is missing` ist keine Spalte"


def found_in_documents() -> Iterator[Finding]:
    for case in CASES:
        yield from judged(case, "wrong").findings


def found_in_changes() -> Iterator[Finding]:
    for pair in PAIRS:
        old, new = (source_of(json.dumps(tree).encode(), "x.yaml") for tree in both(pair))
        if old.parsed is not None and new.parsed is not None:
            yield from weighed(compare(old, new), "FIRMWARE", None, date(2026, 11, 28))


def found_in_packages() -> Iterator[Finding]:
    for name in PACKAGES:
        try:
            package = archive.open_package(PACKAGES_FOLDER / name)
            admit(package, Trust(), unsigned=True)
            check_contract(walk(package.members["model.onnx"]), package.manifest)
        except TrivetError as error:
            yield Finding(error.rule, name, error.message, error.hint)


def untranslated(text: str, tongue: str) -> list[str]:
    """The parts of a text that stay English."""
    if not isinstance(text, Message):
        return [text] if said.words(text) and told(text, tongue) == text else []
    inner = [part for fact in text.facts.values() if isinstance(fact, Message) for part in untranslated(fact, tongue)]
    own = text.template
    return inner + ([own] if said.words(own) and own not in translation(tongue).words else [])


@pytest.mark.parametrize("found", [found_in_documents, found_in_changes, found_in_packages])
def test_whatever_is_found_is_told_in_every_language(found: Callable[[], Iterator[Finding]]) -> None:
    findings = list(found())
    assert len(findings) > 40
    for tongue in TONGUES:
        left = {part for one in findings for text in (one.message, one.hint) for part in untranslated(text, tongue)}
        assert left == set()


def test_programmes_get_english_and_facts_people_their_language(tmp_path: Path) -> None:
    verdict = judged(next(case for case in CASES if case["rule"] == "TRV-I033"))
    entry = next(one for one in json.loads(as_json(verdict))["findings"] if one["rule"] == "TRV-I033")
    assert "is not below" in entry["message"]
    assert {"low", "high", "place"} <= set(entry["facts"])
    result = next(r for r in json.loads(sarif(verdict))["runs"][0]["results"] if r["ruleId"] == "TRV-I033")
    assert result["properties"]["facts"] == entry["facts"]
    assert any("liegt nicht unter" in row and "Fehler" in row for row in lines(verdict, "de"))
    assert any("不小于" in row and "错误" in row for row in lines(verdict, "zh-Hans"))
    assert not any("liegt nicht unter" in row for row in lines(verdict))


def test_facts_are_json_whatever_they_are() -> None:
    message = Message("{a} {b} {c}", a=float("nan"), b=Path("x"), c=None)
    entry = json.loads(as_json(Verdict("lint", [Finding("TRV-I001", "x:1:1", message)], ["x"])))["findings"][0]
    assert entry["facts"] == {"a": "nan", "b": "x", "c": None}


def test_a_spoken_finding_keeps_its_rule_and_place() -> None:
    finding = Finding("TRV-I011", "a.yaml:1:1", Message("{place}: {said}", place="id", said="is missing"), "keep one")
    other = spoken(finding, "zh-Hans")
    assert (other.rule, other.where, other.severity) == ("TRV-I011", "a.yaml:1:1", "错误")
    assert spoken(finding, "en") is finding
