"""Hostile documents are refused in bounded time and memory, in every verb that reads them."""

from __future__ import annotations

import os
import random
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from test_check_lint import FILES, TEXTS
from trivet.check.breaking import changes
from trivet.check.fix import REPAIRED, fixed
from trivet.check.formats import FORMATS
from trivet.check.lint import lint, lint_sources, own_findings
from trivet.check.source import source_of
from trivet.cli import main
from trivet.errors import DocumentError, TrivetError

INTERFACE = TEXTS["interface"]
HEAD = "kind: interface\nformat: 0\n"


def rules_of(data: bytes, name: str = "hostile.yaml") -> set[str]:
    verdict = lint_sources([source_of(data, name)])
    for write in FORMATS.values():
        write(verdict)
    return {finding.rule for finding in verdict.findings if finding.severity == "error"}


def laughs() -> str:
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    return HEAD + "\n".join(rows) + "\n"


CASES = {
    "alias bomb": (laughs().encode(), "TRV-I003"),
    "quadratic": ((HEAD + "a: &a " + "x" * 100_000 + "\nb: [" + "*a, " * 5000 + "*a]\n").encode(), "TRV-I003"),
    "duplicate keys": ((HEAD + "id: a\n" * 40_000).encode(), "TRV-I004"),
    "deep flow": (("a: " + "[" * 100_000).encode(), "TRV-I002"),
    "deep block": ("".join("  " * n + "- \n" for n in range(1000)).encode(), "TRV-I002"),
    "many unknown names": (
        INTERFACE.replace("tiers:\n", f"tiers:\n  big: [{','.join(f'n{n}' for n in range(600))}]\n").encode(),
        "TRV-I041",
    ),
    "many classes of one id": (
        INTERFACE.replace(
            "    classes:\n", "    classes:\n" + "".join(f"      c{n}: {{id: 7}}\n" for n in range(600))
        ).encode(),
        "TRV-I061",
    ),
    "many blanks": ((INTERFACE + "#" + " " * 500_000 + "x\nid: b\n").encode(), "TRV-I004"),
    "a large text": ((HEAD + "note: " + "x" * (1 << 20)).encode(), "TRV-I002"),
    "utf-16": (INTERFACE.encode("utf-16"), "TRV-I001"),
    "latin-1": (INTERFACE.replace("Boiler}", "Kühler}").encode("latin-1"), "TRV-I001"),
    "a nul": (INTERFACE.replace("Boiler}", "Boi\0ler}").encode(), "TRV-I001"),
    "an escape": (INTERFACE.replace("{en: Boiler}", '{en: "\\e[2J"}').encode(), "TRV-I001"),
    "a tag": (INTERFACE.replace("frame: 1\n", "frame: !!python/object/apply:os.system [id]\n").encode(), "TRV-I003"),
    "a merge": ((HEAD + "<<: {id: a}\n").encode(), "TRV-I003"),
    "right to left": (INTERFACE.replace("en: Boiler", "en: Boiler\u202egnp").encode(), "TRV-L001"),
    "an isolate": (INTERFACE.replace("en: Boiler", "en: \u2066Boiler").encode(), "TRV-L001"),
    "no width": (INTERFACE.replace("heater_power:", "heater\u200b_power:", 1).encode(), "TRV-L001"),
    "look-alike": (INTERFACE.replace("heater_power:", "he\u0430ter_power:", 1).encode(), "TRV-L002"),
    "look-alike tier": (INTERFACE.replace("electric:", "\u0435lectric:", 1).encode(), "TRV-L002"),
    "script": (INTERFACE.replace("{en: Boiler}", "{en: '<script>alert(1)</script>'}").encode(), "TRV-L003"),
    "image": (INTERFACE.replace("{en: Boiler}", "{en: '<img src=x onerror=alert(1)>'}").encode(), "TRV-L003"),
    "a link": (INTERFACE.replace("{en: Boiler}", "{en: 'javascript:alert(1)'}").encode(), "TRV-L003"),
    "a name of markup": (INTERFACE.replace("heater_power:", "'<b onload=x>':", 1).encode(), "TRV-L003"),
    "a huge number": (INTERFACE.replace("frame: 1\n", f"frame: {'9' * 5000}\n").encode(), "TRV-I007"),
    "a huge exponent": (INTERFACE.replace("frame: 1\n", "frame: 1e999999999\n").encode(), "TRV-I007"),
    "a huge unit": (INTERFACE.replace("unit: W\n", "unit: m999999999\n", 1).encode(), "TRV-I030"),
    "many repeats": (INTERFACE.replace("max: 4,", "max: 4000000000,").encode(), "TRV-I038"),
    "empty": (b"", "TRV-I005"),
    "nothing but a mark": (b"\xef\xbb\xbf", "TRV-I005"),
}


@pytest.mark.parametrize("name", CASES)
def test_a_hostile_document_is_refused(name: str) -> None:
    data, rule = CASES[name]
    tracemalloc.start()
    try:
        found = rules_of(data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert rule in found, found
    assert peak < 120e6


def test_a_hundred_megabytes_are_not_read(tmp_path: Path) -> None:
    file = tmp_path / "large.yaml"
    with file.open("wb") as stream:
        stream.write(HEAD.encode())
        stream.truncate(100 << 20)
    tracemalloc.start()
    try:
        verdict = lint([file])
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert [finding.rule for finding in verdict.findings] == ["TRV-I002"]
    assert peak < 8e6


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    for name in (tmp_path, tmp_path / "pipe.yaml", tmp_path / "absent.yaml"):
        assert main(["lint", str(name)]) == 2
    assert main(["check", str(tmp_path / "absent")]) == 2
    assert main(["check", str(tmp_path)]) == 0


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.yaml").write_text("kind: interface\n")
    (tmp_path / "in" / "loop").symlink_to(tmp_path / "in", target_is_directory=True)
    (tmp_path / "in" / "away").symlink_to(tmp_path / "out", target_is_directory=True)
    assert main(["check", str(tmp_path / "in")]) == 0


def survive(data: bytes, name: str) -> None:
    """Linting, mending and comparing end without an exception that is not ours."""
    source = source_of(data, str(FILES[name]))
    verdict = lint_sources([source, *(source_of(TEXTS[other].encode(), str(FILES[other])) for other in ("interface",))])
    for write in FORMATS.values():
        write(verdict)
    after, count = fixed(source, own_findings)
    assert fixed(after, own_findings)[1] == 0
    before, left = ([one.rule in REPAIRED for one in own_findings(each)] for each in (source, after))
    assert count == 0 or sum(left) < sum(before)
    if source.parsed is not None and source.kind in ("interface", "profile", "device"):
        try:
            assert changes(source.tree, source.tree) == []
        except DocumentError:
            pytest.fail("a document that was read cannot be compared with itself")


def mutated(text: str, choices: random.Random) -> bytes:
    """A document with a few lines, values or bytes changed, doubled, moved or lost."""
    rows = text.split("\n")
    for _ in range(choices.randint(1, 4)):
        at = choices.randrange(len(rows))
        kind = choices.randrange(6)
        if kind == 0:
            rows.insert(at, rows[choices.randrange(len(rows))])
        elif kind == 1:
            rows.pop(at)
            rows = rows or [""]
        elif kind == 2 and ": " in rows[at]:
            key, _, _ = rows[at].partition(": ")
            values = ["null", "-1", "''", "[]", "{}", "1e9", "off", "[1, 0]", "'°C'", "{a: {b: 1}}", "99999", "x.y"]
            rows[at] = f"{key}: {choices.choice(values)}"
        elif kind == 3:
            rows[at] = rows[at][: choices.randrange(len(rows[at]) + 1)]
        elif kind == 4:
            spot = choices.randrange(len(rows[at]) + 1)
            rows[at] = rows[at][:spot] + choices.choice("\u200b\u202e{}[],:#&*'\"-\\ \u0430") + rows[at][spot:]
        else:
            other = choices.randrange(len(rows))
            rows[at], rows[other] = rows[other], rows[at]
    return "\n".join(rows).encode("utf-8", "surrogatepass")


@given(st.sampled_from(sorted(TEXTS)), st.integers(0, 1 << 32))
@settings(max_examples=60, deadline=None)
def test_changed_documents_never_break_a_check(name: str, seed: int) -> None:
    survive(mutated(TEXTS[name], random.Random(seed)), name)  # noqa: S311 - not for secrets


@given(st.binary(max_size=300))
@settings(max_examples=40, deadline=None)
def test_any_bytes_never_break_a_check(data: bytes) -> None:
    try:
        rules_of(data)
        rules_of(data, "any.inventory.csv")
    except TrivetError:
        pytest.fail("lint must tell, not raise")


@pytest.mark.soak
def test_a_long_run_of_changed_documents() -> None:
    for seed in range(20_000):
        choices = random.Random(seed)  # noqa: S311 - not for secrets
        name = choices.choice(sorted(TEXTS))
        survive(mutated(TEXTS[name], choices), name)
