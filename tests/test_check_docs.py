"""docs/interfaces.md says what is true: its commands run as they stand; docs/breaking.md is the table of rules."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from trivet.check.changes.change import LEVELS
from trivet.interface.rules import rules

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGE = (DOCS / "interfaces.md").read_text(encoding="utf-8")
BIN = Path(sys.executable).parent

BREAKING = """# What a change breaks

Every change that `trivet breaking` tells of, the levels that it breaks, and the part of the version that it asks for
(before 1.0: one place further right). `tests/conformance/breaking/pairs.yaml` holds labelled pairs of documents for
each. This table is made from `rules.json`; `trivet explain TRV-B013` says why.
"""


def git(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(folder), *who, *arguments], check=True, capture_output=True)  # noqa: S603, S607


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What the page says: the documents under git, on a branch, and its approvals."""
    place = tmp_path / "plant"
    shutil.copytree(ROOT / "tests" / "conformance" / "lint" / "base", place)
    git(place, "init", "-q", "-b", "main")
    git(place, "add", ".")
    git(place, "commit", "-qm", "one")
    git(place, "checkout", "-qb", "work")
    (approvals,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    (place / "approvals.yaml").write_text(approvals, encoding="utf-8")
    return place


def test_the_commands_run_as_they_stand(folder: Path) -> None:
    environment = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}", "TRIVET_HOME": str(folder.parent / "home")}
    seen = ""
    for line in (row[2:] for row in PAGE.splitlines() if row.startswith("$ ")):
        words, expected = shlex.split(line, comments=True), 1 if "# exit 1" in line else 0
        done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
        assert done.returncode == expected, f"{line}: {done.stdout}{done.stderr}"
        seen += done.stdout
    (shown,) = re.findall(r"^interface\.yaml:.*$", PAGE, re.MULTILINE)
    assert shown in seen


def table() -> str:
    """The rules of changes as Markdown."""
    rows = [f"| rule | of | change | {' | '.join(LEVELS)} | asks for |", f"| --- | --- | --- |{' --- |' * 5}"]
    for rule in rules().values():
        if rule.bump and rule.category != "folder" and rule.id != "TRV-B098":
            marks = " | ".join("breaks" if level in rule.breaks else "" for level in LEVELS)
            rows.append(f"| {rule.id} | {rule.category} | {rule.title} | {marks} | {rule.bump} |")
    return "\n".join([BREAKING, *rows]) + "\n"


def test_the_table_of_changes_is_that_of_the_rules(pytestconfig: pytest.Config) -> None:
    file = DOCS / "breaking.md"
    if pytestconfig.getoption("--regen"):
        file.write_text(table(), encoding="utf-8")
    assert file.read_text(encoding="utf-8") == table()


def test_the_workflow_and_the_hook_call_verbs_that_exist() -> None:
    jobs = yaml.safe_load((DOCS / "ci" / "trivet.yml").read_text("utf-8"))["jobs"]
    runs = [step["run"] for step in jobs["check"]["steps"] if "run" in step]
    assert any(run.startswith("trivet check ") for run in runs)
    hook = DOCS / "ci" / "pre-commit"
    assert os.access(hook, os.X_OK)
    assert "trivet check " in hook.read_text("utf-8")


def test_every_link_leads_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", PAGE):
        assert (DOCS / target).exists(), target
