"""A model from features and an estimator to a package and back."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import small
import smallmodel
from trivet.build.assemble import assemble
from trivet.build.features import FeatureList
from trivet.build.fidelity import check_graph
from trivet.build.folder import pack_folder
from trivet.build.golden import Recorded
from trivet.build.inputs import Inputs, Runner
from trivet.build.margins import NEAREST, margins
from trivet.build.pack import pack
from trivet.errors import DocumentError, FidelityError, GraphError
from trivet.interface.document import Interface
from trivet.interface.load import load
from trivet.package.archive import Package, read
from trivet.runtime.admission import make
from trivet.runtime.golden import array, check_all
from trivet.runtime.session import Session

OUTPUTS = ("novelty", "health", "fault", "next_state")


@pytest.fixture(scope="module")
def data() -> bytes:
    return pack(smallmodel.spec())


@pytest.fixture(scope="module")
def package(data: bytes) -> Package:
    return read(data)


def test_same_bytes_again(data: bytes) -> None:
    assert pack(smallmodel.spec()) == data


def test_manifest(package: Package) -> None:
    manifest = package.manifest
    assert manifest.name == "small-model"
    assert manifest.columns == small.COLUMNS
    assert manifest.context == ("frames", "elapsed", "rated_power")
    assert [port.name for port in manifest.outputs] == ["novelty", "health", "fault"]
    assert manifest.outputs[2].classes == smallmodel.CLASSES
    assert manifest.state is not None
    assert manifest.state.fields[0].name == "windows"
    assert manifest.opset == 17
    assert {member.role for member in manifest.members} == {"interface", "model", "features", "golden", "evidence"}


def test_outputs_are_those_of_the_estimator(package: Package) -> None:
    spec = smallmodel.spec()
    session = Session(package.member("model.onnx"), OUTPUTS)
    unseen, _ = smallmodel.simulate(200, seed=9)
    inputs = unseen.with_state(9)
    made = dict(zip(OUTPUTS, session.run(inputs.feed()), strict=True))
    interface = load(smallmodel.tree(), Interface)
    shown = assemble(interface, spec.features, spec.outputs, show_features=True)
    runner = Runner(shown, ["fault", "features.fault"])
    (report,) = check_graph(runner, inputs, spec.outputs, spec.estimators)
    assert report.label_flips == 0
    assert runner.run(inputs)["fault"].tobytes() == made["fault"].tobytes()
    known = ~np.isnan(made["fault"]).any(axis=1)
    assert known.sum() > 100


def test_features_and_evidence_are_inside(package: Package) -> None:
    assert FeatureList.from_tree(json.loads(package.member("features.json"))) == smallmodel.FEATURES
    fidelity = json.loads(package.member("evidence/fidelity.json"))
    assert [report["label_flips"] for report in fidelity["graph"] + fidelity["blocks"]] == [0, 0]
    assert json.loads(package.member("evidence/data.json"))["simulated"] is True
    assert json.loads(package.member("evidence/gates.json"))["fitted_patterns"] == 8


def test_golden_layers(package: Package) -> None:
    golden = package.manifest.golden
    assert len(golden["samples"]) == 1
    assert len(golden["outputs"]) == len(golden["prediction"]) == 4
    plain, several, lacking, run = golden["outputs"]
    assert plain["window"]["shape"] == [1, 40, 3]
    assert several["window"]["shape"] == [4, 40, 3]
    assert np.isnan(array(package, lacking["window"])).all(axis=1).any()
    states = array(package, run["state"])
    assert states[0].tolist() == [0] * 9
    assert states[-1, 0] > smallmodel.FEATURES.baseline.windows
    said = array(package, golden["prediction"][3]["expected"]["health"])[:, 0]
    learnt = states[:, 0] >= smallmodel.FEATURES.baseline.windows
    assert np.isnan(said[~learnt]).all()
    assert np.isfinite(said[learnt]).any()


def test_golden_windows_keep_clear_of_splits(package: Package) -> None:
    spec = smallmodel.spec()
    for case in package.manifest.golden["outputs"]:
        rows = Inputs(*(array(package, case[name]) for name in ("window", "context", "state")))
        assert margins(package.member("model.onnx"), rows, spec.samples.with_state(9)).min() >= NEAREST


def test_margins_see_a_threshold() -> None:
    """A window whose feature stands on a split is not golden."""
    from trivet.build.margins import Splits

    splits = Splits(
        roots=np.array([0]),
        feature=np.array([1, -1, 0, -1, -1]),
        threshold=np.array([2.0, 0, 5.0, 0, 0], np.float32),
        left=np.array([1, 0, 3, 0, 0]),
        right=np.array([2, 0, 4, 0, 0]),
        unknown_left=np.array([False] * 5),
        mode="BRANCH_LEQ",
    )
    x = np.array([[5.0, 1.0], [5.0, 3.0], [4.5, np.nan], [np.nan, np.nan]], np.float32)
    np.testing.assert_allclose(splits.nearest(x, np.array([1.0, 2.0])), [0.5, 0.0, 0.5, np.inf])


def test_readings_become_the_recorded_window(package: Package) -> None:
    case = package.manifest.golden["samples"][0]
    window, context = array(package, case["window"]), array(package, case["context"])
    assert case["parameters"] == {"rated_power": 500}
    assert context.tolist()[::2] == [25, 500]
    assert np.isfinite(window[: smallmodel.PRE + 25]).all()
    assert np.isnan(window[smallmodel.PRE + 25 :]).all()


def test_the_runtime_admits_it(package: Package) -> None:
    check_all(make(package, None), package)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"evidence": {"data": {}}}, "no evidence 'training'"),
        ({"window": "recent"}, "no window"),
        ({"budget": [{"architecture": "*", "cpu": "*", "cores": 1, "stage": "predict", "percentile": 99, "limit": 9}]},
         "looser"),
        ({"budget": []}, "missing"),
    ],
)  # fmt: skip
def test_refused(change: dict[str, Any], match: str) -> None:
    with pytest.raises(DocumentError, match=match):
        pack(smallmodel.spec(**change))


def edited(**signals: Any) -> dict[str, Any]:
    tree = smallmodel.tree()
    for name, changes in signals.items():
        tree["signals"][name] |= changes
    return tree


def test_labels_never_enter() -> None:
    with pytest.raises(DocumentError, match="'pressure' is a label"):
        pack(smallmodel.spec(interface=edited(pressure={"role": "label"})))


def test_other_frame_step() -> None:
    with pytest.raises(DocumentError, match="frames are 2 s"):
        pack(smallmodel.spec(interface=smallmodel.tree() | {"frame": 1}))


def test_longer_baseline_than_promised() -> None:
    tree = smallmodel.tree()
    tree["outputs"]["health"]["baseline"] = 2
    with pytest.raises(DocumentError, match="baseline takes 3 windows"):
        pack(smallmodel.spec(interface=tree))


def test_another_estimator_is_refused() -> None:
    from sklearn.base import clone

    estimator, _ = smallmodel.trained()
    inputs, labels = smallmodel.simulate(300, seed=7)
    other = clone(estimator).fit(np.nan_to_num(inputs.window[:, 5, [0, 1, 2, 0, 1, 2, 0, 1]]), labels)
    with pytest.raises(FidelityError, match="flips"):
        pack(smallmodel.spec(estimators={"fault": other}))


def test_without_samples() -> None:
    nothing = smallmodel.simulate(3, seed=1)[0].rows([])
    with pytest.raises(GraphError, match="no window"):
        pack(smallmodel.spec(samples=nothing, estimators={}))


def test_readings_without_a_cycle() -> None:
    idle = Recorded(np.array([[0, t, 20, 0] for t in range(30)] + [[1, t, 0, 0] for t in range(30)], np.float32))
    with pytest.raises(GraphError, match="made no window"):
        pack(smallmodel.spec(recorded=[idle]))


@pytest.fixture
def folder(tmp_path: Path, package: Package) -> Path:
    """The same model as a maker would bring it: an ONNX file and a document."""
    state = package.manifest.state
    assert state is not None
    document = {
        "kind": "pack",
        "format": 0,
        "name": "own-model",
        "version": "1.0.0",
        "interface": "./small.yaml",
        "window": "cycle",
        "model": "model.onnx",
        "samples": "samples.npz",
        "recorded": ["cycle.csv"],
        "parameters": {"rated_power": 500},
        "columns": list(small.COLUMNS),
        "context": ["frames", "elapsed", "rated_power"],
        "outputs": [{"name": "novelty"}, {"name": "health"}, {"name": "fault", "classes": list(smallmodel.CLASSES)}],
        "state": {"layout": 1, "fields": [field._asdict() for field in state.fields]},
        "evidence": {"data": "data.json", "training": "data.json"},
    }
    samples = smallmodel.spec().samples
    recorded = smallmodel.spec().recorded[0].rows
    lines = [f"{small.COLUMNS[int(c)]},{t:.3f},{v:.9g},{int(q)}" for c, t, v, q in recorded.tolist()]
    (tmp_path / "pack.yaml").write_text(json.dumps(document))
    (tmp_path / "small.yaml").write_text(json.dumps(smallmodel.tree()))
    (tmp_path / "data.json").write_text('{"rows": 600}')
    (tmp_path / "model.onnx").write_bytes(package.member("model.onnx"))
    (tmp_path / "cycle.csv").write_text("\n".join(["column,seconds,value,quality", *lines]))
    np.savez(tmp_path / "samples.npz", window=samples.window, context=samples.context)
    return tmp_path


def test_own_graph(folder: Path, package: Package) -> None:
    made = read(pack_folder(folder / "pack.yaml"))
    assert made.manifest.interface == package.manifest.interface
    assert made.manifest.outputs == package.manifest.outputs
    assert len(made.manifest.golden["samples"]) == 1
    for name in ("window", "context"):
        np.testing.assert_array_equal(
            array(made, made.manifest.golden["samples"][0][name]),
            array(package, package.manifest.golden["samples"][0][name]),
        )


def test_own_graph_needs_no_scikit_learn(folder: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from trivet.build.folder import pack_folder; "
        "pack_folder(Path(sys.argv[1])); assert 'sklearn' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program, str(folder / "pack.yaml")], check=True)  # noqa: S603


@pytest.mark.parametrize(
    ("file", "content", "match"),
    [
        ("samples.npz", b"no archive", "no NumPy archive"),
        ("data.json", b"{", "is not JSON"),
        ("cycle.csv", b"column,seconds\npower,1", "no table"),
        ("cycle.csv", b"column,seconds,value,quality\npower,1,2,7", "a quality that is not"),
        ("pack.yaml", b"kind: pack\nformat: 0", "is missing"),
    ],
)
def test_bad_folder(folder: Path, file: str, content: bytes, match: str) -> None:
    (folder / file).write_bytes(content)
    with pytest.raises(DocumentError, match=match):
        pack_folder(folder / "pack.yaml")


def test_missing_model(folder: Path) -> None:
    (folder / "model.onnx").unlink()
    with pytest.raises(DocumentError, match="cannot be read"):
        pack_folder(folder / "pack.yaml")


def test_graph_that_does_not_fit(folder: Path) -> None:
    document = json.loads((folder / "pack.yaml").read_text())
    document["state"]["fields"] = document["state"]["fields"][:-1]
    (folder / "pack.yaml").write_text(json.dumps(document))
    with pytest.raises(GraphError):
        pack_folder(folder / "pack.yaml")


@pytest.mark.parametrize(
    ("library", "module"), [("onnx", "nodes"), ("onnx", "margins"), ("sklearn.ensemble", "forests")]
)
def test_missing_extra_says_how_to_install_it(library: str, module: str) -> None:
    program = (
        f"import sys; sys.modules[{library!r}] = None\n"
        "from trivet.errors import GraphError\n"
        f"try:\n    import trivet.build.{module}\n"
        "except GraphError as error:\n    print(error)"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)  # noqa: S603
    assert "pip install 'trivet[train]'" in done.stdout
