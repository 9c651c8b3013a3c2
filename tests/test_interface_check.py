"""Every rule of ``check`` fires where it should, and on nothing that ships."""

from __future__ import annotations

import copy
import re
from typing import Any

import pytest

from conftest import HERE
from test_interface_documents import BAD, refusals
from trivet.device.check import check_profile
from trivet.device.document import Profile
from trivet.interface import library
from trivet.interface.check import check
from trivet.interface.document import Interface
from trivet.interface.load import load
from trivet.interface.parse import read
from trivet.interface.rules import rules

SOURCES = HERE.parent / "sdk" / "trivet"

NOVELTY = {"kind": "novelty", "window": "boil", "limit": 1, "needs": [["power"]]}
GUARD = {"check": "ramp", "action": "veto", "signals": ["power"], "limit": 1}

# Path, new value, rule, path that is blamed (the same when it is empty).
CHANGES: list[tuple[str, Any, str, str]] = [
    ("id", "Kettle", "TRV-I020", ""),
    ("version", "1", "TRV-I021", ""),
    ("frame", 0, "TRV-I022", ""),
    ("settle", -1, "TRV-I022", ""),
    ("parameters", {"frames": {"unit": "1", "range": [0, 1]}}, "TRV-I024", "parameters.frames"),
    ("tiers", {"power": ["power"]}, "TRV-I024", "tiers.power"),
    ("title", {"english": "Kettle"}, "TRV-I025", "title.english"),
    ("title", {"de": "Kessel"}, "TRV-I025", "title"),
    ("parameters", {"x": {"unit": "Wh", "range": [0, 1]}}, "TRV-I030", "parameters.x.unit"),
    ("parameters", {"x": {"unit": "W", "range": [1, 1]}}, "TRV-I033", "parameters.x.range"),
    ("signals.power.period", 0, "TRV-I034", ""),
    ("signals.power.max_rate", 0, "TRV-I035", ""),
    ("signals.power.resolution", -1, "TRV-I035", ""),
    ("signals.mode.unit", "W", "TRV-I036", ""),
    ("signals.mode.enumeration", {"0.5": "off"}, "TRV-I036", "signals.mode.enumeration.0.5"),
    ("signals.mode.enumeration", {"0": "Off"}, "TRV-I036", "signals.mode.enumeration.0"),
    ("signals.mode.counter", True, "TRV-I037", ""),
    ("signals.power.repeat", {"max": 0}, "TRV-I038", "signals.power.repeat.max"),
    ("signals.power.repeat", {"max": 1000}, "TRV-I038", "signals.power.repeat.max"),
    ("signals.power.repeat", {"max": 2, "count": "alarm"}, "TRV-I038", "signals.power.repeat.count"),
    ("signals.power.frozen_after", {"seconds": 0}, "TRV-I039", "signals.power.frozen_after.seconds"),
    ("signals.power.frozen_after", {"seconds": 9, "signal": "x"}, "TRV-I039", "signals.power.frozen_after.signal"),
    ("signals.power.frozen_after", {"seconds": 9, "states": ["off"]}, "TRV-I039", "signals.power.frozen_after.states"),
    ("signals.power.frozen_after", {"seconds": 9, "signal": "mode"}, "TRV-I039", "signals.power.frozen_after"),
    ("tiers", {"A": []}, "TRV-I041", "tiers.A"),
    ("tiers", {"A": ["nothing"]}, "TRV-I041", "tiers.A.0"),
    ("outputs.fault.needs", [[]], "TRV-I044", "outputs.fault.needs.0"),
    ("windows.boil.length", 0, "TRV-I050", ""),
    ("windows.boil.length", 10**6, "TRV-I050", ""),
    ("windows.boil.every", 0, "TRV-I050", ""),
    ("windows.boil.pre", -1, "TRV-I050", ""),
    ("windows.boil.every", 2, "TRV-I051", ""),
    ("windows.boil.opens_when.0.hold", -1, "TRV-I053", ""),
    ("windows.boil.closes_when.0.below", -1, "TRV-I054", ""),
    ("windows.boil.closes_when.0.run_on", -1, "TRV-I053", ""),
    ("windows.boil.opens_when.0.run_on", 2, "TRV-I053", ""),
    ("windows.boil.closes_when.0.beside", [-200, 900], "TRV-I053", ""),
    ("windows.boil.closes_when.0.beside", [900, 980], "TRV-I054", ""),
    ("windows.boil.expect_within", 0, "TRV-I056", ""),
    ("outputs.second", NOVELTY, "TRV-I058", "windows.boil"),
    ("outputs.fault.kind", "score", "TRV-I063", "outputs.fault"),
    ("outputs.fault.classes", {}, "TRV-I063", "outputs.fault"),
    ("outputs.fault.classes_of", "novelty", "TRV-I063", "outputs.fault.classes"),
    ("outputs.fault.classes_of", "nothing", "TRV-I064", ""),
    ("outputs.fault.limit", 1, "TRV-I065", ""),
    ("outputs.novelty.limit", 0, "TRV-I065", ""),
    ("outputs.fault.horizon", {"racks": -1}, "TRV-I066", "outputs.fault.horizon.racks"),
    ("outputs.fault.baseline", -1, "TRV-I067", ""),
    ("outputs.fault.unit", "x", "TRV-I030", ""),
    ("outputs.fault.range", [1, 0], "TRV-I033", ""),
    ("guards", [{**GUARD, "signals": ["x"]}], "TRV-I071", "guards.0.signals.0"),
    (
        "guards",
        [{"check": "running_programme", "action": "veto", "signals": ["mode"], "states": ["x"]}],
        "TRV-I072",
        "guards.0.states.0",
    ),
    ("guards", [{"check": "missing", "states": ["off"]}], "TRV-I073", "guards.0.states"),
    ("guards", [{"check": "missing", "action": "veto"}], "TRV-I074", "guards.0.action"),
    (
        "guards",
        [{"check": "switching", "action": "veto", "limit": 6, "parameters": {"s": 1}}],
        "TRV-I073",
        "guards.0.parameters.seconds",
    ),
    (
        "guards",
        [{"check": "switching", "action": "veto", "limit": 6, "parameters": {"s": 1}}],
        "TRV-I073",
        "guards.0.parameters.s",
    ),
    ("decisions.fault.output", "x", "TRV-I080", ""),
    ("decisions.fault.confirm", 0, "TRV-I083", ""),
    ("decisions.fault.hold", -1, "TRV-I083", ""),
    ("decisions.fault.false_alarms", {"count": 0, "seconds": 1}, "TRV-I083", "decisions.fault.false_alarms"),
    ("budget.0.stage", "train", "TRV-I091", ""),
    ("budget.0.limit", 0, "TRV-I091", ""),
    ("budget.0.cores", 0, "TRV-I091", ""),
]


def kettle() -> Any:
    """The tree of a good document: a conformance case without its fault."""
    (case,) = [case for case in BAD if case.stem == "budget_without_star_fail"]
    tree = copy.deepcopy(read(case, Interface).tree)
    tree["budget"][0]["architecture"] = "*"
    return tree


def changed(path: str, value: Any) -> Interface:
    tree = kettle()
    *way, last = path.split(".")
    node = tree
    for key in way:
        node = node[int(key) if isinstance(node, list) else key]
    node[last] = value
    return load(tree, Interface)


def test_the_kettle_is_good() -> None:
    assert check(load(kettle(), Interface)) == []


@pytest.mark.parametrize(("path", "value", "rule", "blamed"), CHANGES)
def test_rule(path: str, value: Any, rule: str, blamed: str) -> None:
    found = check(changed(path, value))
    places = [finding.message.partition(": ")[0] for finding in found if finding.rule == rule]
    assert (blamed or path) in places, found
    assert {finding.where for finding in found} == {changed(path, value).id}


@pytest.mark.parametrize("name", ["commercial-dishwasher", "cooking-appliance"])
def test_shipped_interfaces_have_no_findings(name: str) -> None:
    assert [str(finding) for finding in check(read(library.find("interface", name), Interface))] == []


@pytest.mark.parametrize("name", sorted(library.shipped("profile")))
def test_shipped_profiles_have_no_findings(name: str) -> None:
    assert [str(finding) for finding in check_profile(read(library.find("profile", name), Profile))] == []


def test_guard_without_a_novelty() -> None:
    tree = kettle()
    del tree["outputs"]["novelty"]
    assert "TRV-I075" in {finding.rule for finding in check(load(tree, Interface))}


def test_empty_parts() -> None:
    tree = kettle()
    tree.update(signals={}, windows={}, outputs={}, guards=[], decisions={})
    assert {finding.rule for finding in check(load(tree, Interface))} == {"TRV-I022", "TRV-I050", "TRV-I060"}


def used() -> set[str]:
    """Rule ids of documents that the code can report."""
    files = [*SOURCES.glob("interface/*.py"), SOURCES / "units.py", SOURCES / "device" / "check.py"]
    return {rule for file in files for rule in re.findall(r'"(TRV-[IU]\d{3})"', file.read_text("utf-8"))}


def test_every_rule_is_explained_and_every_explained_rule_is_used() -> None:
    assert used() == {rule for rule in rules() if rule.startswith("TRV-I")}


def test_every_rule_of_check_has_a_case() -> None:
    covered = {rule for _, _, rule, _ in CHANGES} | {finding.rule for case in BAD for finding in refusals(case)}
    elsewhere = {"TRV-I018", "TRV-I019", "TRV-I031", "TRV-I032", "TRV-I075"}
    assert used() - covered == elsewhere
