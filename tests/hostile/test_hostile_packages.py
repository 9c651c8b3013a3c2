"""Every hostile package ends in one typed, tidy refusal; no harmless one does."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import onnxruntime as ort
import pytest

import tinypackage as tiny
from hostile.package_cases import Case, Keys
from hostile.package_graphs import HARMLESS
from hostile.package_limits import ALL, FAMILIES, judge
from trivet.interface.rules import rules
from trivet.package import keys
from trivet.package.admit import admit
from trivet.package.graph import check_contract, walk

TESTS = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def stored() -> Keys:
    return Keys(*(keys.generate() for _ in Keys._fields))


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)
def test_a_hostile_package_is_refused_in_one_sentence(case: Case, stored: Keys) -> None:
    error = judge(case, stored)
    assert error is not None, "accepted"
    assert error.rule == case.rule, str(error)
    text = str(error)
    assert error.hint
    assert "\n" not in text
    assert text.isascii()
    assert text.isprintable()
    assert len(text) < 600
    assert not error.message.endswith(".")


def test_names_are_unique_and_families_are_covered() -> None:
    cases = [case for family in FAMILIES.values() for case in family]
    assert not [name for name, count in Counter(case.name for case in cases).items() if count > 1]
    assert len(cases) >= 400
    assert min(len(family) for family in FAMILIES.values()) >= 5
    assert {case.rule for case in cases} <= set(rules())


def test_all_of_them_together_stay_within_one_gibibyte() -> None:
    script = TESTS / "hostile" / "package_limits.py"
    paths = {"PYTHONPATH": str(TESTS), "PATH": ""}
    done = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, str(script)], capture_output=True, text=True, timeout=600, env=paths
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("name", HARMLESS)
def test_a_harmless_model_is_accepted_and_loads(name: str) -> None:
    package = admit(tiny.with_model(HARMLESS[name]()), (), unsigned=True).package
    check_contract(walk(package.members["model.onnx"]), package.manifest)
    options = ort.SessionOptions()
    options.log_severity_level = 4
    session = ort.InferenceSession(package.member("model.onnx"), options, providers=["CPUExecutionProvider"])
    assert [port.name for port in session.get_outputs()] == ["score"]


def test_every_rule_that_the_code_names_is_explained() -> None:
    rooms = Path(admit.__code__.co_filename).parents[1]
    sources = [*(rooms / "package").glob("*.py"), *(rooms / "runtime").glob("*.py")]
    named = {rule for source in sources for rule in re.findall(r'"(TRV-[PR]\d+)"', source.read_text(encoding="utf-8"))}
    assert named <= set(rules())
    assert {rule for rule in named if rule < "TRV-P080"} == {rule for rule in rules() if "TRV-P" < rule < "TRV-P080"}
