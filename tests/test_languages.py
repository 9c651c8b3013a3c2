"""Texts for people in English, German and Chinese: both shipped interfaces, and the rules that findings name."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from trivet.check.labels import labelled
from trivet.cli import main
from trivet.device.library import load_interface
from trivet.interface.languages import VARIABLES, language, translation
from trivet.interface.rules import explain, rules

LANGUAGES = ["de", "en", "zh-Hans"]


@pytest.mark.parametrize("scenario", ["commercial-dishwasher", "cooking-appliance"])
def test_every_text_of_a_shipped_interface_is_translated(scenario: str) -> None:
    texts = list(labelled(load_interface(scenario).document))
    missing = [path for path, labels in texts if labels and sorted(labels) != LANGUAGES]
    untranslated = [path for path, labels in texts if labels and len(set(labels.values())) != len(LANGUAGES)]
    assert len(texts) > 30
    assert missing == untranslated == []


@pytest.mark.parametrize(
    ("wanted", "environment", "expected"),
    [
        ("de", {}, "de"),
        ("de-AT", {"LANG": "zh_CN.UTF-8"}, "de"),
        ("zh", {}, "zh-Hans"),
        ("zh-hans-cn", {}, "zh-Hans"),
        ("en-GB", {"LANG": "de_DE.UTF-8"}, "en"),
        ("fr", {"LANG": "de_DE.UTF-8"}, "fr"),
        ("zh-TW", {}, "zh-TW"),
        (None, {}, "en"),
        ("", {"LANG": "C.UTF-8"}, "en"),
        (None, {"LANG": "de_CH.UTF-8"}, "de"),
        (None, {"LANG": "de_DE@euro"}, "de"),
        (None, {"LANG": "zh_CN.GB18030"}, "zh-Hans"),
        (None, {"LANG": "zh_SG"}, "zh-Hans"),
        (None, {"LANG": "zh_TW.UTF-8"}, "en"),
        (None, {"LANG": "zh_Hant_CN"}, "en"),
        (None, {"LANG": "del_US"}, "en"),
        (None, {"LANG": "de_DE", "LC_MESSAGES": "zh_CN", "LC_ALL": ""}, "zh-Hans"),
        (None, {"LANG": "de_DE", "LC_MESSAGES": "zh_CN", "LC_ALL": "C"}, "en"),
    ],
)
def test_the_language_is_that_asked_for_or_the_environments(
    wanted: str | None, environment: dict[str, str], expected: str
) -> None:
    assert language(wanted, environment) == expected


TONGUES = ("de", "zh-Hans")
PLACEHOLDER = re.compile(r"`[^`]*`|--[a-z]+|TRV-[A-Z]\d+|\{[a-z]+\}|'\*'|\d+(?:\.\d+)+")


def kept(text: str) -> Counter[str]:
    """What a translation must leave as it is: code, options, ids, numbers."""
    return Counter(PLACEHOLDER.findall(text))


@pytest.mark.parametrize("tongue", TONGUES)
def test_translated_rules_exist_and_keep_their_code(tongue: str) -> None:
    known, found = rules(), translation(tongue).rules
    assert set(found) <= set(known)
    for rule, texts in found.items():
        for field, text in texts._asdict().items():
            original = getattr(known[rule], field)
            assert text.strip() == text != "", (rule, field)
            assert text != original, (rule, field)
            assert kept(text) == kept(original), (rule, field)


@pytest.mark.parametrize("tongue", TONGUES)
def test_all_rules_are_translated(tongue: str) -> None:
    words, found = translation(tongue)
    wanted = list(rules().values())
    assert [rule.id for rule in wanted if rule.id not in found] == []
    assert [rule.id for rule in wanted if not set(rule.breaks.values()) <= set(words)] == []
    assert all(word.strip() for word in words.values())


def test_a_page_says_what_is_not_translated() -> None:
    german = explain("TRV-B013", "de")
    assert german.startswith("TRV-B013: Ein Signal steht in einer anderen Einheit derselben Größe\n")
    assert "Was zu tun ist: Den alten Teil behalten" in german
    assert "FIRMWARE Name, Skalierung und Grenzen des Felds ändern sich\n" in german
    assert "übersetzt:" not in german
    assert "What to do: " in explain("TRV-B013", "fr")
    assert explain("TRV-B013", "fr").endswith("(Not translated: title, remedy, cause, what breaks.)\n")
    assert "ranslated" not in explain("TRV-B013")


def test_findings_are_told_in_the_language_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    document = tmp_path / "interface.yaml"
    document.write_text("kind: interface\nformat: 1\nid: x\n", encoding="utf-8")
    assert main(["lint", str(document)]) == 1
    english = capsys.readouterr().out
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    assert main(["lint", str(document)]) == 1
    chinese = capsys.readouterr().out.splitlines()
    assert f"{document}:1:1: 错误: version: 缺失; 添加 `version` [TRV-I011]" in chinese
    assert chinese[-1] == english.splitlines()[-1]
    assert main(["lint", str(document), "--language", "en"]) == 1
    assert capsys.readouterr().out == english


def test_the_environment_speaks_for_pages_only(
    monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    assert main(["export", "cooking-appliance", "--to", "markdown"]) == 0
    assert capfdbinary.readouterr().out.startswith("# Energie von Gargeräten\n".encode())
    assert main(["export", "cooking-appliance", "--to", "typescript"]) == 0
    assert b"Garraum" not in capfdbinary.readouterr().out
    assert main(["export", "cooking-appliance", "--to", "typescript", "--language", "de"]) == 0
    assert b"Garraum" in capfdbinary.readouterr().out


def test_a_screen_that_lacks_the_letters_gets_escapes() -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    words = [str(Path(sys.executable).parent / "trivet"), "explain", "TRV-I011", "--language", "zh"]
    done = subprocess.run(words, env=environment, capture_output=True, check=True)  # noqa: S603
    assert done.stdout.startswith(b"TRV-I011: \\u7f3a")
