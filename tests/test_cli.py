"""The verbs around a package, and how fast and how politely the programme starts."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import kitchen
import tinypackage
from conftest import Golden
from trivet.cli import VERBS, main, usage

HEAVY = ("numpy", "asyncio", "pydantic", "yaml", "onnxruntime", "onnx", "sklearn", "scipy", "pandas", "dataclasses")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TRIVET_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return kitchen.furnish(tmp_path)


def loaded(code: str) -> set[str]:
    """The modules that a fresh interpreter has after some code."""
    script = f"import sys\n{code}\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)  # noqa: S603
    return set(done.stdout.split())


def test_import_trivet_loads_nothing_heavy() -> None:
    assert not loaded("import trivet") & set(HEAVY)


def test_help_loads_no_verb() -> None:
    modules = loaded("from trivet.cli import main\nmain(['--help'])")
    assert not {name for name in modules if name.startswith("trivet.") and name != "trivet.cli"}


def test_running_needs_no_training_library() -> None:
    modules = loaded("import trivet.cli.run, trivet.pipeline.assemble, trivet.runtime.admission")
    assert not modules & {"onnx", "sklearn", "scipy", "pandas", "pymodbus", "asyncua", "pyarrow"}


def test_help_is_golden(golden: Golden) -> None:
    golden.check("help.txt", usage() + "\n")


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([verb, "--help"])
    assert stopped.value.code == 0
    assert f"usage: trivet {verb}" in capsys.readouterr().out


def test_an_unknown_verb_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fly"]) == 2
    assert "no verb 'fly'" in capsys.readouterr().err


def test_from_an_unsigned_package_to_a_trusted_one(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "unsigned.trivet"]) == 1
    assert "not signed" in capsys.readouterr().out
    assert main(["sign", "unsigned.trivet", "--new-key", "oem", "--out", "signed.trivet"]) == 0
    assert main(["verify", "signed.trivet"]) == 1
    assert "trivet trust add" in capsys.readouterr().out
    assert main(["trust", "add", "oem.pub"]) == 0
    assert main(["trust", "list"]) == 0
    assert main(["verify", "signed.trivet"]) == 0
    said = capsys.readouterr().out
    assert "signed by p256:" in said
    key = next(line.split()[0] for line in said.splitlines() if line.endswith("p256"))
    assert main(["trust", "remove", key]) == 0
    assert main(["verify", "signed.trivet"]) == 1


def test_one_key_for_this_time(folder: Path) -> None:
    assert main(["verify", "kettle.trivet", "--trust", "maker.pub"]) == 0
    assert main(["verify", "kettle.trivet"]) == 1


def test_inspect_shows_the_promises(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", "kettle.trivet"]) == 0
    said = capsys.readouterr().out
    assert "kettle-watch 0.1.0" in said
    assert "power, temperature" in said
    assert "MatMul" in said


def test_inspect_checks_a_bare_model_by_the_same_rules(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("model.onnx").write_bytes(tinypackage.stateless_model())
    assert main(["inspect", "model.onnx"]) == 0
    assert "it could be in one" in capsys.readouterr().out
    Path("model.onnx").write_bytes(b"\0")
    assert main(["inspect", "model.onnx", "--format", "json"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert (said["verdict"], said["error"]["rule"]) == ("refused", "TRV-P060")
    assert main(["inspect", "nothing.onnx"]) == 2


def test_unpack_writes_members_and_signatures_side_by_side(folder: Path) -> None:
    assert main(["unpack", "kettle.trivet", "--to", "open"]) == 0
    assert Path("open/package/model.onnx").read_bytes() == tinypackage.stateless_model()
    assert len(list(Path("open/signatures").iterdir())) == 1
    assert main(["unpack", "kettle.trivet", "--to", "open"]) == 2


def test_bench_decides_and_names_the_machine(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["bench", "kettle.trivet", "--trust", "maker.pub", "--samples"]
    code = main([*words, "700"])  # how fast this machine is while tests run is no matter of a test
    said = capsys.readouterr().out
    assert f"{('pass', 'fail')[code]:<11}*, *, at least 1 cores" in said
    assert "machine    " in said
    assert main([*words, "100"]) == 2
    assert "p99        needs 662 samples" in capsys.readouterr().out


def test_rules_are_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "TRV-I001", "--language", "en"]) == 0
    assert "What to do" in capsys.readouterr().out
    assert main(["explain", "TRV-X999"]) == 2
