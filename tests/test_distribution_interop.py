"""Each form of a package through that ecosystem's own tool; results go to benchmarks/results/distribution.txt.

Python peers are in the environment that ``TRIVET_DISTRIBUTION_PEERS`` names (its interpreter); docker-registry and
skopeo are Debian's. ``TRIVET_IDTA_TEMPLATES`` may name a folder with the published JSON templates of IDTA 02058, 02059
and 02060, ``TRIVET_SPDX_SHACL`` one with SPDX's ``spdx-model.ttl`` and ``spdx-context.jsonld``.
"""

from __future__ import annotations

import http.server
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from test_export_packages import traced
from test_modbus_tls import certificate
from trivet.cli import main
from trivet.export import export
from trivet.export.oci import artifact
from trivet.export.parcel import Parcel, parcel_of
from trivet.export.tuf.metadata import ROLES
from trivet.export.tuf.repository import Terms, publish
from trivet.package import archive, keys, sign

PYTHON = os.environ.get("TRIVET_DISTRIBUTION_PEERS", "")
PACKAGES = Path(str(resources.files("trivet_reference"))) / "packages"
REFERENCE = sorted(PACKAGES.glob("*.trivet"))
MOMENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture(params=[*(path.stem for path in REFERENCE), "traced"])
def path(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A reference package, or a tiny one with provenance."""
    if request.param != "traced":
        return PACKAGES / f"{request.param}.trivet"
    file = tmp_path_factory.mktemp("traced") / "traced.trivet"
    file.write_bytes(sign.sign(traced(), keys.generate()))
    return file


pytestmark = pytest.mark.interop
peers = pytest.mark.skipif(not PYTHON, reason="set TRIVET_DISTRIBUTION_PEERS")
debian = pytest.mark.skipif(
    not (shutil.which("docker-registry") and shutil.which("skopeo")),
    reason="docker-registry or skopeo is not installed",
)


def ask(script: str, *words: str | Path, good: bool = True) -> str:
    """Runs a script in the peers' environment."""
    done = subprocess.run(  # noqa: S603 - the peers' own interpreter
        [PYTHON, "-c", script, *map(str, words)], capture_output=True, text=True, check=False
    )
    assert (done.returncode == 0) == good, done.stdout + done.stderr
    return done.stdout.strip()


def made(path: Path, form: str, folder: Path) -> tuple[Parcel, Path]:
    """The parcel, and its first file in that form below a folder."""
    parcel = parcel_of(archive.open_package(path), MOMENT, "Example Kitchens")
    files = export(parcel, form)
    for name, content in files.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return parcel, folder / next(iter(files))


CYCLONEDX = """
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
problem = JsonStrictValidator(SchemaVersion.V1_6).validate_str(open(sys.argv[1]).read())
sys.exit(str(problem) if problem else 0)
"""


@peers
def test_cyclonedx_strict_validator(path: Path, tmp_path: Path) -> None:
    _, file = made(path, "cyclonedx", tmp_path)
    ask(CYCLONEDX, file)
    tree = json.loads(file.read_bytes())
    tree["metadata"]["component"]["modelCard"]["unit"] = "K"
    file.write_text(json.dumps(tree))
    ask(CYCLONEDX, file, good=False)


SPDX = """
import io, sys
from spdx_python_model import v3_0_1 as spdx
found = spdx.SHACLObjectSet()
with open(sys.argv[1]) as file:
    spdx.JSONLDDeserializer().read(file, found)
assert not found.missing_ids, found.missing_ids
spdx.JSONLDSerializer().write(found, io.BytesIO())
(model,) = found.foreach_type("ai_AIPackage")
assert list(found.foreach_type("dataset_DatasetPackage"))
print(model.name, model.software_packageVersion, model.verifiedUsing[0].hashValue, len(model.ai_metric))
"""
SHACL = """
import json, sys
from pathlib import Path
import rdflib
from pyshacl import validate
tree, model = json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2])
tree["@context"] = json.loads((model / "spdx-context.jsonld").read_text())["@context"]
graph = rdflib.Graph().parse(data=json.dumps(tree), format="json-ld")
shapes = rdflib.Graph().parse(model / "spdx-model.ttl")
conforms, _, text = validate(graph, shacl_graph=shapes, ont_graph=shapes)
print(len(graph))
sys.exit(0 if conforms else text)
"""


@peers
def test_spdx_model(path: Path, tmp_path: Path) -> None:
    """The bindings are generated from SPDX's SHACL and hold its cardinalities, types and patterns."""
    parcel, file = made(path, "spdx", tmp_path)
    name, version, digest, _ = ask(SPDX, file).split()
    assert (name, version, digest) == (parcel.name, parcel.version, parcel.package.digest)
    changes: tuple[dict[str, Any], ...] = (
        {"dataset_datasetType": []},
        {"dataset_datasetType": ["noise"]},
        {"spdxId": "no iri"},
    )
    for change in changes:
        tree = json.loads(file.read_bytes())
        data = next(one for one in tree["@graph"] if one["type"] == "dataset_DatasetPackage")
        data.update(change)
        (tmp_path / "bad.json").write_text(json.dumps(tree))
        ask(SPDX, tmp_path / "bad.json", good=False)


@peers
@pytest.mark.skipif("TRIVET_SPDX_SHACL" not in os.environ, reason="set TRIVET_SPDX_SHACL to a folder")
def test_spdx_shacl(path: Path, tmp_path: Path) -> None:
    _, file = made(path, "spdx", tmp_path)
    assert int(ask(SHACL, file, os.environ["TRIVET_SPDX_SHACL"])) > 100
    tree = json.loads(file.read_bytes())
    data = next(one for one in tree["@graph"] if one["type"] == "dataset_DatasetPackage")
    del data["dataset_datasetType"]
    tree["@graph"] = [data, *(one for one in tree["@graph"] if one["type"] in ("CreationInfo", "Agent"))]
    file.write_text(json.dumps(tree))
    ask(SHACL, file, os.environ["TRIVET_SPDX_SHACL"], good=False)


TRITON = """
import sys
from google.protobuf import text_format
from tritonclient.grpc.model_config_pb2 import ModelConfig, DataType
config = text_format.Parse(open(sys.argv[1]).read(), ModelConfig())
assert config.backend == "onnxruntime" and config.max_batch_size > 0
assert all(one.data_type == DataType.TYPE_FP32 for one in (*config.input, *config.output))
print(config.name, *(f"{one.name}:{'x'.join(map(str, one.dims))}" for one in (*config.input, *config.output)))
"""


@peers
def test_triton_config(path: Path, tmp_path: Path) -> None:
    parcel, file = made(path, "triton", tmp_path)
    name, *ports = ask(TRITON, file).split()
    wanted = [f"{one.name}:{'x'.join(map(str, one.shape[1:]))}" for one in (*parcel.inputs, *parcel.outputs)]
    assert (name, ports) == (parcel.name, wanted)
    assert (file.parent / "1" / "model.onnx").read_bytes() == parcel.package.member("model.onnx")
    file.write_text(file.read_text() + "unknown_field: 1\n")
    ask(TRITON, file, good=False)


KSERVE = """
import json, sys
from google.protobuf import json_format
import tritonclient.http as client
from tritonclient.grpc.service_pb2 import ModelMetadataResponse
answer = client.InferenceServerClient(sys.argv[1]).get_model_metadata(sys.argv[2])
made = json_format.ParseDict(answer, ModelMetadataResponse())
for one in made.inputs:
    client.InferInput(one.name, [1, *list(one.shape)[1:]], one.datatype)
print(made.name, list(made.versions), *(f"{one.name}:{one.datatype}" for one in (*made.inputs, *made.outputs)))
"""


@contextmanager
def answering(url: str, content: bytes) -> Iterator[str]:
    """A server with one answer."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            """Silence."""

        def do_GET(self) -> None:
            self.send_response(200 if self.path == url else 404)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


@peers
def test_kserve_v2_client(path: Path, tmp_path: Path) -> None:
    parcel, file = made(path, "oip", tmp_path)
    with answering(f"/v2/models/{parcel.name}", file.read_bytes()) as address:
        told = ask(KSERVE, address, parcel.name)
    ports = " ".join(f"{one.name}:FP32" for one in (*parcel.inputs, *parcel.outputs))
    assert told == f"{parcel.name} ['{parcel.version}'] {ports}"


MLFLOW = """
import json, sys, warnings
warnings.simplefilter("ignore")
import mlflow, numpy as np
model = mlflow.pyfunc.load_model(sys.argv[1])
given = {name: np.array(rows, np.float32) for name, rows in json.load(sys.stdin).items()}
assert {one.name: len(one.shape) for one in model.metadata.signature.inputs.inputs}.keys() == given.keys()
json.dump({name: rows.tolist() for name, rows in model.predict(given).items()}, sys.stdout)
"""


@peers
def test_mlflow_answers_as_the_golden_vectors_say(path: Path, tmp_path: Path) -> None:
    import numpy as np

    parcel, file = made(path, "mlflow", tmp_path)
    case = parcel.package.manifest.golden["outputs"][0]

    def read(array: dict[str, Any]) -> Any:
        return np.frombuffer(parcel.package.members[array["path"]], "<f4").reshape(array["shape"])

    given = {name: read(case[name]).tolist() for name in ("window", "context", "state") if case.get(name)}
    done = subprocess.run(  # noqa: S603 - the peers' own interpreter
        [PYTHON, "-c", MLFLOW, str(file.parent)], input=json.dumps(given), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    answers = json.loads(done.stdout[done.stdout.index("{") :])
    assert answers.keys() == case["expected"].keys()
    for name, array in case["expected"].items():
        np.testing.assert_allclose(np.array(answers[name]), read(array), rtol=1e-5, atol=1e-5, equal_nan=True)


BASYX = """
import sys, warnings
warnings.simplefilter("ignore")
from basyx.aas import model
from basyx.aas.adapter import aasx
found, files = model.DictObjectStore(), aasx.DictSupplementaryFileContainer()
with aasx.AASXReader(sys.argv[1], failsafe=False) as reader:
    reader.read_into(found, files)
(name,) = files
files.write_file(name, open(sys.argv[2], "wb"))
shell = next(one for one in found if isinstance(one, model.AssetAdministrationShell))
assert all(reference.resolve(found) for reference in shell.submodel)
nameplate = next(one for one in found if one.id_short == "AIModelNameplate")
dataset = next(one for one in found if one.id_short == "AIDataset")
for collection in nameplate.submodel_element:
    if collection.id_short == "AIDataset":
        assert collection.value.get("id_short", "AIDatasetReference").value.resolve(found) is dataset
print(*sorted(one.id_short for one in found))
"""


@peers
def test_basyx_reads_the_shell(path: Path, tmp_path: Path) -> None:
    _, file = made(path, "aasx", tmp_path)
    assert ask(BASYX, file, tmp_path / "again.trivet") == "AIDataset AIDeployment AIModelNameplate Model"
    assert (tmp_path / "again.trivet").read_bytes() == path.read_bytes()


IDTA = """
import sys
from aas_test_engines.file import check_aasx_file
with open(sys.argv[1], "rb") as file:
    result = check_aasx_file(file)
sys.exit(0 if result.ok() else "\\n".join(result.to_lines()))
"""


@peers
def test_the_test_engine_of_idta(path: Path, tmp_path: Path) -> None:
    _, file = made(path, "aasx", tmp_path)
    ask(IDTA, file)
    file.write_bytes(
        file.read_bytes().replace(b'"modelType": "Range"', b'"modelType": "Rnage"').replace(b"aas-spec", b"aas-spce")
    )
    ask(IDTA, file, good=False)


def elements(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every element of a submodel."""
    below = node.get("submodelElements") or node.get("value")
    for one in below if isinstance(below, list) else ():
        if "modelType" in one:
            yield one
            yield from elements(one)


def meaning(node: dict[str, Any]) -> str:
    return str(node["semanticId"]["keys"][0]["value"])


def check_mandatory(template: dict[str, Any], ours: dict[str, Any]) -> None:
    """Every element that must be there is, in every place where its parent is."""
    mine = [one for one in ours.get("submodelElements") or ours.get("value") or [] if "modelType" in one]
    for one in template.get("submodelElements") or template.get("value") or []:
        if "modelType" not in one:
            continue
        twins = [mine_too for mine_too in mine if meaning(mine_too) == meaning(one)]
        (cardinality,) = (q["value"] for q in one["qualifiers"] if q["type"] == "SMT/Cardinality")
        assert twins or not cardinality.startswith("One"), one["idShort"]
        for twin in twins:
            assert twin["modelType"] == one["modelType"]
            if one["modelType"] == "SubmodelElementCollection":
                check_mandatory(one, twin)


@pytest.mark.skipif("TRIVET_IDTA_TEMPLATES" not in os.environ, reason="set TRIVET_IDTA_TEMPLATES to a folder")
def test_the_published_templates(path: Path, tmp_path: Path) -> None:
    import zipfile

    _, file = made(path, "aasx", tmp_path)
    ours = json.loads(zipfile.ZipFile(file).read("aasx/data.json"))["submodels"]
    published = [json.loads(one.read_bytes()) for one in Path(os.environ["TRIVET_IDTA_TEMPLATES"]).rglob("*.json")]
    templates = {one["submodels"][0]["idShort"]: one["submodels"][0] for one in published}
    for submodel in ours:
        template = templates[submodel["idShort"]]
        assert submodel["semanticId"] == template["semanticId"]
        assert {meaning(one) for one in elements(submodel)} <= {meaning(one) for one in elements(template)}
        check_mandatory(template, submodel)


TUF = """
import sys
from pathlib import Path
from tuf.api.exceptions import DownloadHTTPError
from tuf.ngclient import Updater
from tuf.ngclient.fetcher import FetcherInterface

class Folder(FetcherInterface):
    def _fetch(self, url):
        try:
            yield Path(url.removeprefix("stick:")).read_bytes()
        except FileNotFoundError:
            raise DownloadHTTPError("not there", 404)

repository, client, root, target = map(Path, sys.argv[1:])
(client / "files").mkdir(parents=True, exist_ok=True)
try:
    updater = Updater(str(client), f"stick:{repository}/metadata/", str(client / "files"),
                      f"stick:{repository}/targets/", fetcher=Folder(), bootstrap=root.read_bytes())
    updater.refresh()
    found = updater.get_targetinfo(str(target))
    print(updater.download_target(found) if found else "no target")
except Exception as error:
    print(type(error).__name__)
"""


class Stick:
    """A repository on a stick, and a client that has seen it."""

    def __init__(self, folder: Path, path: Path) -> None:
        self.folder, self.name = folder, path.name
        self.keys = {role: keys.generate() for role in ROLES}
        (folder / "files").mkdir()
        shutil.copy(path, folder / "files")
        self.publish()
        shutil.copy(folder / "stick" / "metadata" / "1.root.json", folder / "root.json")

    def publish(self, ago: int = 0, days: int = 30) -> None:
        terms = Terms(datetime.now(UTC) - timedelta(days=ago), days)
        publish(self.folder / "files", self.folder / "stick", self.keys, terms)

    def keep(self) -> Path:
        """A copy as it is now."""
        return Path(shutil.copytree(self.folder / "stick", self.folder / "kept"))

    def ask(self, repository: Path | None = None) -> str:
        place = repository or self.folder / "stick"
        return ask(TUF, place, self.folder / "client", self.folder / "root.json", self.name)


@pytest.fixture
def stick(path: Path, tmp_path: Path) -> Stick:
    return Stick(tmp_path, path)


@peers
def test_tuf_gives_the_package(path: Path, stick: Stick) -> None:
    assert Path(stick.ask()).read_bytes() == path.read_bytes()
    stick.publish()
    assert Path(stick.ask()).read_bytes() == path.read_bytes()
    stick.keys = {role: keys.generate("ed25519") for role in ROLES} | {"old-root": stick.keys["root"]}
    stick.publish()
    assert Path(stick.ask()).read_bytes() == path.read_bytes()


@peers
def test_tuf_refuses_a_rollback(path: Path, stick: Stick) -> None:
    old = stick.keep()
    stick.publish()
    assert path.name in stick.ask()
    assert stick.ask(old) == "BadVersionNumberError"


@peers
def test_tuf_refuses_a_freeze(path: Path, stick: Stick) -> None:
    stick.publish(ago=40, days=30)
    assert stick.ask() == "ExpiredMetadataError"


@peers
@pytest.mark.parametrize("role", ["snapshot", "targets"])
def test_tuf_refuses_mix_and_match(role: str, path: Path, stick: Stick) -> None:
    stick.publish()
    metadata = stick.folder / "stick" / "metadata"
    shutil.copy(metadata / f"1.{role}.json", metadata / f"2.{role}.json")
    assert stick.ask() in ("LengthOrHashMismatchError", "DownloadLengthMismatchError", "BadVersionNumberError")


@peers
def test_tuf_refuses_another_file_and_another_key(path: Path, stick: Stick) -> None:
    (file,) = (stick.folder / "stick" / "targets").iterdir()
    content = file.read_bytes()
    file.write_bytes(content[:-1] + b"?")
    assert stick.ask() == "LengthOrHashMismatchError"
    file.write_bytes(content)
    other = Stick(Path(str(shutil.copytree(stick.folder / "files", stick.folder / "other"))), path)
    assert stick.ask(other.folder / "stick") == "UnsignedMetadataError"


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def docker_registry(folder: Path, tls: str = "") -> Iterator[str]:
    """Debian's registry; gives its host and port."""
    port = free_port()
    storage = f"storage: {{filesystem: {{rootdirectory: {folder / 'data'}}}}}"
    settings = folder / "registry.yml"
    settings.write_text(f"version: 0.1\nlog: {{level: error}}\n{storage}\nhttp: {{addr: '127.0.0.1:{port}'{tls}}}\n")
    process = subprocess.Popen(["docker-registry", "serve", str(settings)], stderr=subprocess.DEVNULL)  # noqa: S603, S607
    try:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def skopeo(*words: str) -> str:
    done = subprocess.run(["skopeo", *words], capture_output=True, text=True, check=False)  # noqa: S603, S607
    assert done.returncode == 0, done.stderr
    return done.stdout


@debian
def test_docker_registry_and_skopeo(path: Path, tmp_path: Path) -> None:
    digest, plain = artifact.model(archive.open_package(path)).digest, "--src-tls-verify=false"
    with docker_registry(tmp_path) as host:
        address = f"oci+http://{host}/kitchen/model"
        assert main(["export", str(path), "--to", "oci", "--registry", f"{address}:one"]) == 0
        assert main(["import", f"{address}:one", "--out", str(tmp_path / "back.trivet")]) == 0
        assert (tmp_path / "back.trivet").read_bytes() == path.read_bytes()
        skopeo("copy", plain, f"docker://{host}/kitchen/model:one", f"oci:{tmp_path / 'layout'}:0.1.0")
        skopeo("copy", plain, f"docker://{host}/kitchen/model:one", f"oci-archive:{tmp_path / 'one.tar'}:one")
        skopeo(
            "copy", "--dest-tls-verify=false", f"oci:{tmp_path / 'layout'}:0.1.0", f"docker://{host}/other/model:two"
        )
        found = json.loads(skopeo("inspect", "--raw", "--tls-verify=false", f"docker://{host}/other/model:two"))
        assert found["artifactType"] == "application/vnd.cncf.model.manifest.v1+json"
        index = json.loads(
            skopeo("inspect", "--raw", "--tls-verify=false", f"docker://{host}/kitchen/model:sha256-{digest}")
        )
        assert [one["artifactType"] for one in index["manifests"]] == ["application/vnd.dev.sigstore.bundle.v0.3+json"]
        assert main(["import", f"oci+http://{host}/other/model@sha256:{digest}", "--out", str(tmp_path / "two")]) == 0
    assert json.loads((tmp_path / "layout" / "index.json").read_bytes())["manifests"][0]["digest"] == f"sha256:{digest}"


@debian
def test_our_layout_goes_through_skopeo(path: Path, tmp_path: Path) -> None:
    """With its signatures: the index under the fallback tag is copied like an image for several platforms."""
    package = archive.open_package(path)
    version, tag = package.manifest.version, artifact.fallback_tag(artifact.model(package).digest)
    assert main(["export", str(path), "--to", "oci", "--out", str(tmp_path / "ours")]) == 0
    with docker_registry(tmp_path) as host:
        place = f"docker://{host}/kitchen/model"
        for name in (version, tag):
            skopeo("copy", "--all", "--dest-tls-verify=false", f"oci:{tmp_path / 'ours'}:{name}", f"{place}:{name}")
        back = tmp_path / "back.trivet"
        assert main(["import", f"oci+http://{host}/kitchen/model:{version}", "--out", str(back)]) == 0
    assert back.read_bytes() == path.read_bytes()


@debian
def test_a_registry_with_tls(path: Path, tmp_path: Path) -> None:
    root = certificate(tmp_path, "root", None)
    certificate(tmp_path, "server", root, "127.0.0.1")
    tls = f", tls: {{certificate: '{tmp_path / 'server.pem'}', key: '{tmp_path / 'server.key'}'}}"
    trivet = [sys.executable, "-m", "trivet.cli"]
    with docker_registry(tmp_path, tls) as host:
        words = [*trivet, "export", str(path), "--to", "oci", "--registry", f"oci://{host}/kitchen/model:one"]
        trusting = {**os.environ, "SSL_CERT_FILE": str(tmp_path / "root.pem")}
        assert subprocess.run(words, env=trusting, check=False).returncode == 0  # noqa: S603 - our own verb
        done = subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603 - our own verb
    assert done.returncode == 2
    assert "certificate verify failed" in done.stderr
