"""The worker: one verdict comes out, whatever goes in, and nothing of this process goes in but the bytes."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

import onnxwire as wire
import tinypackage as tiny
from hostile.package_runs import hungry
from trivet.errors import DigestError, GraphError
from trivet.runtime import worker
from trivet.runtime.model import Model


def test_a_good_package_gives_its_facts() -> None:
    found = worker.judge_package(tiny.package())
    assert found["facts"]["operators"] == {"Gemm": 1, "MatMul": 1, "Squeeze": 1}
    assert set(found["limits"]) <= set(worker.LIMITS)


def test_a_bare_model_is_run_and_held_against_a_package() -> None:
    found = worker.judge_model(tiny.stateless_model())
    assert (found["run"], found["reason"]) == (True, "")
    nodes = [*tiny.score_nodes(), wire.node("ReduceSum", ["window"], ["sum"])]
    other = wire.model(wire.graph(nodes, tiny.inputs(), tiny.outputs(), tiny.score_weights()), ir=9)
    assert "IR version 9" in worker.judge_model(other)["reason"]


def test_an_error_comes_out_as_it_was_raised() -> None:
    with pytest.raises(GraphError) as caught:
        worker.judge_model(tiny.stateless_model() + b"\0")
    assert (caught.value.rule, caught.value.where) == ("TRV-P060", "model")
    data = bytearray(tiny.package())
    data[data.index(b"MatMul")] ^= 1
    with pytest.raises(DigestError) as broken:
        worker.judge_package(bytes(data))
    assert broken.value.rule == "TRV-P011"


def test_other_answers_than_the_golden_ones_are_refused() -> None:
    weights = [*tiny.score_weights()[:2], wire.tensor("weights", wire.FLOAT, [2, 1], wire.floats([0.5, 0.3]))]
    model = wire.model(wire.graph(tiny.score_nodes(), tiny.inputs(), tiny.outputs(), weights))
    with pytest.raises(GraphError) as caught:
        worker.judge_package(tiny.with_model(model))
    assert caught.value.rule == "TRV-R010"


def test_what_onnxruntime_refuses_is_told_in_its_words() -> None:
    nodes = [*tiny.score_nodes(), wire.node("Cast", ["window"], ["cast"], to=9), wire.node("Add", ["cast"] * 2, ["y"])]
    with pytest.raises(GraphError, match="onnxruntime") as caught:
        worker.judge_model(wire.model(wire.graph(nodes, tiny.inputs(), tiny.outputs(), tiny.score_weights())))
    assert caught.value.rule == "TRV-R015"
    assert str(caught.value).isascii()


def test_memory_is_bounded() -> None:
    with pytest.raises(GraphError) as caught:
        worker.judge_package(hungry())
    assert caught.value.rule == "TRV-R011"


def test_time_is_bounded() -> None:
    with pytest.raises(GraphError) as caught:
        worker.judge_package(tiny.package(), patience=0.01)
    assert caught.value.rule == "TRV-R012"


def test_a_worker_that_dies_or_says_nothing_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(GraphError) as caught:
        worker._ask("nonsense", b"", worker.PATIENCE)
    assert caught.value.rule == "TRV-R013"
    monkeypatch.setattr("sys.executable", "/bin/true")
    with pytest.raises(GraphError) as silent:
        worker.judge_package(b"")
    monkeypatch.setattr("sys.executable", "/nothing")
    with pytest.raises(GraphError) as absent:
        worker.judge_package(b"")
    assert (silent.value.rule, absent.value.rule) == ("TRV-R014", "TRV-R014")


def test_nothing_is_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIVET_SECRET", "hunter2")
    assert "TRIVET_SECRET" not in worker._environment()
    script = "import os, json; print(json.dumps([dict(os.environ), os.getcwd(), sorted(os.listdir('/proc/self/fd'))]))"
    command = [*worker._command("package")[:-3], script]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=os.sep, env=worker._environment())  # noqa: S603 - our own interpreter
    assert "hunter2" not in done.stdout
    assert "PYTHON" not in done.stdout


def test_the_record_saves_the_second_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "kettle.trivet"
    path.write_bytes(tiny.package())
    Model.load(path, unsigned=True, home=tmp_path)
    assert len(list((tmp_path / "admission").iterdir())) == 1
    monkeypatch.setattr("sys.executable", "/nothing")
    Model.load(path, unsigned=True, home=tmp_path)
    path.write_bytes(tiny.package(version="0.1.1"))
    with pytest.raises(GraphError, match="first time"):
        Model.load(path, unsigned=True, home=tmp_path)
