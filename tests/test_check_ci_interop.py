"""The workflow and the hooks of ``docs/ci`` as they are written: in a fresh clone, with a fresh environment."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import venv
from pathlib import Path

import pytest
import yaml

pytestmark = pytest.mark.interop

ROOT = Path(__file__).resolve().parents[1]
CI = ROOT / "docs" / "ci"
SHIPPED = ROOT / "schemas" / "trivet_schemas" / "interfaces"
WHO = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
UNIT = ("    unit: Cel\n", "    unit: K\n")


def git(folder: Path, *words: str) -> str:
    command = ["git", *WHO, *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=_environment())  # noqa: S603
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


def _environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "PRE_COMMIT", "LC_"))}
    return {**kept, "LANG": "C.UTF-8", **more}


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with this project's wheel, where `pip install trivet` finds it."""
    folder = tmp_path_factory.mktemp("wheels")
    words = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(ROOT)]
    subprocess.run(words, check=True, capture_output=True)  # noqa: S603
    return folder


@pytest.fixture
def upstream(tmp_path: Path) -> Path:
    """Somebody's repository: an interface on main, past 1.0, which a branch changes."""
    folder = tmp_path / "upstream"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    text = (SHIPPED / "commercial-dishwasher.v0.yaml").read_text("utf-8")
    document = re.sub(r"^version: .*$", "version: 1.0.0", text, count=1, flags=re.MULTILINE)
    (folder / "interface.yaml").write_text(document, encoding="utf-8")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "Add the interface")
    git(folder, "checkout", "-q", "-b", "change")
    (folder / "interface.yaml").write_text(document.replace("label: {en: ", "label: {en: The ", 1), "utf-8")
    git(folder, "commit", "-q", "-a", "-m", "Reword")
    return folder


def break_it(folder: Path) -> None:
    path = folder / "interface.yaml"
    path.write_text(path.read_text("utf-8").replace(*UNIT, 1), encoding="utf-8")


def environment(folder: Path, wheels: Path) -> dict[str, str]:
    """What `setup-python` leaves behind: an environment of its own, first on the path."""
    venv.create(folder, with_pip=True)
    path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return _environment(PATH=path, VIRTUAL_ENV=str(folder), PIP_FIND_LINKS=str(wheels), PIP_CONSTRAINT=_pins(folder))


def _pins(folder: Path) -> str:
    """The versions that this project is tested with."""
    target = folder / "constraints.txt"
    target.write_text((ROOT / "constraints.txt").read_text("utf-8"), encoding="utf-8")
    return str(target)


def steps(clone: Path, surroundings: dict[str, str]) -> list[subprocess.CompletedProcess[str]]:
    """Runs the workflow's own commands in their order, as a runner does; stops at the first that fails."""
    workflow = yaml.safe_load((CI / "trivet.yml").read_text("utf-8"))
    (job,) = workflow["jobs"].values()
    used = [step["uses"].partition("@")[0] for step in job["steps"] if "uses" in step]
    assert used == ["actions/checkout", "actions/setup-python"]
    done = []
    for step in job["steps"]:
        if "run" in step:
            script = step["run"].replace("${{ github.base_ref }}", "main")
            assert "${{" not in script
            words = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
            done.append(
                subprocess.run(words, cwd=clone, env=surroundings, capture_output=True, text=True, check=False)  # noqa: S603
            )
            if done[-1].returncode:
                break
    return done


def test_the_workflow_passes_a_good_change_and_stops_a_break(upstream: Path, wheels: Path, tmp_path: Path) -> None:
    surroundings = environment(tmp_path / "python", wheels)
    git(tmp_path, "clone", "-q", "--branch", "change", str(upstream), "good")
    install, check = steps(tmp_path / "good", surroundings)
    assert (install.returncode, check.returncode) == (0, 0), install.stderr + check.stdout + check.stderr
    break_it(upstream)
    git(upstream, "commit", "-q", "-a", "-m", "Change a unit")
    git(tmp_path, "clone", "-q", "--branch", "change", str(upstream), "bad")
    *_, check = steps(tmp_path / "bad", surroundings)
    assert check.returncode == 1, check.stdout + check.stderr
    (row,) = [row for row in check.stdout.splitlines() if "TRV-B014" in row or "TRV-B013" in row]
    assert re.match(r"::error file=(\./)?interface\.yaml,line=\d+,col=\d+,title=TRV-B01\d::", row)
    for level in ("FIRMWARE:", "WIRE:", "DATA:", "MODEL:"):
        assert level in row


def test_the_hooks_stop_a_bad_commit(upstream: Path, wheels: Path, tmp_path: Path) -> None:
    surroundings = environment(tmp_path / "python", wheels)
    pip = [str(tmp_path / "python" / "bin" / "pip"), "install", "--quiet", "trivet[modbus,opcua]", "pre-commit"]
    subprocess.run(pip, check=True, env=surroundings, capture_output=True)  # noqa: S603
    surroundings["PRE_COMMIT_HOME"] = str(tmp_path / "home")
    hook = upstream / ".git" / "hooks" / "pre-commit"
    hook.write_text((CI / "pre-commit").read_text("utf-8"), encoding="utf-8")
    hook.chmod(0o755)
    assert commit(upstream, surroundings, "allowed").returncode == 0
    break_it(upstream)
    stopped = commit(upstream, surroundings, "stopped")
    assert stopped.returncode == 1
    assert "TRV-B01" in stopped.stdout + stopped.stderr
    hook.unlink()
    (upstream / ".pre-commit-config.yaml").write_text((CI / "pre-commit-config.yaml").read_text("utf-8"), "utf-8")
    git(upstream, "add", ".pre-commit-config.yaml")
    framework = str(tmp_path / "python" / "bin" / "pre-commit")
    run = [framework, "run", "--all-files"]
    done = subprocess.run(run, cwd=upstream, env=surroundings, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 1, done.stdout + done.stderr
    assert "TRV-B01" in done.stdout
    git(upstream, "checkout", "-q", "interface.yaml")
    done = subprocess.run(run, cwd=upstream, env=surroundings, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stdout + done.stderr


def commit(folder: Path, surroundings: dict[str, str], message: str) -> subprocess.CompletedProcess[str]:
    words = ["git", *WHO, "commit", "--allow-empty", "-a", "-m", message]
    return subprocess.run(words, cwd=folder, env=surroundings, capture_output=True, text=True, check=False)  # noqa: S603
