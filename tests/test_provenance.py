"""Where a model comes from: what training writes down, what a package says of it, and what is refused."""

from __future__ import annotations

import copy
import json
import os
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import smallmodel
import tinypackage as tiny
from trivet import canonical
from trivet.build.pack import pack
from trivet.build.provenance import document, extract, provenance, recording, sources, tools
from trivet.errors import DataError, FormatError
from trivet.package import archive
from trivet.package.policy import parse_policy, refusal
from trivet.package.provenance import MEMBER, Material, about, parse_provenance, read_provenance, statement
from trivet.package.sign import Signer

STARTED, FINISHED = 1_780_000_000_000_000_000, 1_780_000_600_000_000_000
ROWS = {"x": np.arange(6, dtype=np.float32).reshape(2, 3), "label": np.array(["ok", "clog"])}
PEER = os.environ.get("TRIVET_IN_TOTO")

Tree = dict[str, Any]


def predicate(**changes: Any) -> Tree:
    simulator = Material("plant", "1" * 64, "simulator", {"version": "1.2.0"})
    terms = {"command": "train", "builder": "urn:example:training", "seeds": {"all": 7}, **changes}
    materials = terms.pop("materials", [extract("all", ROWS, simulated=True, seed=7), simulator])
    return provenance(materials, **terms)


def whole(**changes: Any) -> Tree:
    return statement(predicate(**changes), {"model.onnx": "0" * 64})


def test_an_extract_is_its_bytes_whatever_their_layout() -> None:
    first = extract("rows", ROWS)
    assert extract("rows", {"label": ROWS["label"], "x": ROWS["x"].astype(">f4")}) == first
    assert extract("rows", {**ROWS, "x": np.asfortranarray(ROWS["x"])}) == first
    for other in (ROWS["x"].reshape(3, 2), ROWS["x"].astype(np.float64), ROWS["x"] + 1):
        assert extract("rows", {**ROWS, "x": other}).sha256 != first.sha256
    with pytest.raises(DataError, match="Python objects"):
        extract("rows", {"x": np.array([object()])})


def test_files_code_and_documents_are_materials(tmp_path: Path) -> None:
    (tmp_path / "day.csv").write_bytes(b"1,2\n")
    assert recording("day", tmp_path / "day.csv").sha256 == canonical.sha256(b"1,2\n")
    with pytest.raises(DataError, match="cannot be read"):
        recording("day", tmp_path / "night.csv")
    plant = sources("trivet_reference.plant", "simulator", version="1.0.0")
    assert plant == sources("trivet_reference.plant", "simulator", version="1.0.0")
    assert plant.sha256 != sources("trivet_reference", "code").sha256
    with pytest.raises(DataError, match="no Python package"):
        sources("trivet_reference.nowhere", "code")
    assert document("kettle", tiny.INTERFACE).sha256 == canonical.digest(tiny.INTERFACE)
    assert set(tools("numpy")) == {"python", "numpy"}
    with pytest.raises(DataError, match="not installed"):
        tools("numpy", "no-such-distribution")


def test_the_same_training_gives_the_same_bytes_and_times_are_arguments() -> None:
    materials = [extract("b", ROWS), extract("a", ROWS)]
    assert predicate(materials=materials) == predicate(materials=materials[::-1])
    assert "metadata" not in predicate()["runDetails"]
    timed = predicate(started=STARTED, finished=FINISHED)["runDetails"]["metadata"]
    assert timed == {"startedOn": "2026-05-28T20:26:40Z", "finishedOn": "2026-05-28T20:36:40Z"}


def test_what_is_written_is_read() -> None:
    found = parse_provenance(canonical.dumps(whole(started=STARTED, parameters={"rows": 6})), "x")
    assert found.started == "2026-05-28T20:26:40Z"
    assert found.finished == ""
    assert found.parameters == {"rows": 6, "command": "train", "seeds": {"all": 7}}
    assert [one.name for one in found.of("extract")] == ["all"]
    assert found.of("extract")[0].simulated
    assert found.of("simulator")[0].facts == {"version": "1.2.0"}
    assert found.subjects == {"model.onnx": "0" * 64}


def test_a_training_names_its_extracts_and_the_simulator_of_simulated_ones() -> None:
    for materials in ([], [Material("plant", "1" * 64, "simulator", {"version": "1"})]):
        with pytest.raises(FormatError, match=r"extract|must have 1"):
            predicate(materials=materials)
    with pytest.raises(FormatError, match="names no simulator"):
        predicate(materials=[extract("all", ROWS, simulated=True)])
    with pytest.raises(FormatError, match="version of the simulator"):
        predicate(materials=[extract("all", ROWS), Material("plant", "1" * 64, "simulator")])
    with pytest.raises(FormatError, match="twice"):
        predicate(materials=[extract("all", ROWS), extract("all", ROWS)])
    assert predicate(materials=[extract("measured", ROWS)])


EDITS: dict[str, Callable[[Tree], Any]] = {
    "another statement": lambda t: t.update(_type="https://in-toto.io/Statement/v0.1"),
    "another predicate": lambda t: t.update(predicateType="https://slsa.dev/provenance/v0.2"),
    "no subject": lambda t: t.update(subject=[]),
    "a subject twice": lambda t: t["subject"].append(t["subject"][0]),
    "another build type": lambda t: t["predicate"]["buildDefinition"].update(buildType="https://example.invalid/"),
    "no builder": lambda t: t["predicate"]["runDetails"].pop("builder"),
    "a builder that is no URI": lambda t: t["predicate"]["runDetails"]["builder"].update(id="me"),
    "a tool without version": lambda t: t["predicate"]["runDetails"]["builder"].update(version={"numpy": 2}),
    "a local time": lambda t: t["predicate"]["runDetails"].update(metadata={"startedOn": "2026-05-28T20:26:40"}),
    "a digest cut": lambda t: dependency(t).update(digest={"sha256": "12"}),
    "another hash": lambda t: dependency(t).update(digest={"sha512": "1" * 128}),
    "no role": lambda t: dependency(t)["annotations"].pop("role"),
    "another role": lambda t: dependency(t)["annotations"].update(role="weather"),
    "no seeds": lambda t: t["predicate"]["buildDefinition"]["externalParameters"].pop("seeds"),
    "a seed that is text": lambda t: t["predicate"]["buildDefinition"]["externalParameters"].update(seeds={"a": "7"}),
    "no materials": lambda t: t["predicate"]["buildDefinition"].update(resolvedDependencies=[]),
    "many facts": lambda t: dependency(t)["annotations"].update({str(n): n for n in range(65)}),
}


def dependency(tree: Tree) -> Tree:
    found: Tree = tree["predicate"]["buildDefinition"]["resolvedDependencies"][0]
    return found


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_a_malformed_statement_is_refused(edit: Callable[[Tree], Any]) -> None:
    tree = copy.deepcopy(whole())
    edit(tree)
    with pytest.raises(FormatError) as caught:
        parse_provenance(canonical.dumps(tree), MEMBER)
    assert caught.value.rule == "TRV-P110"


def test_keys_that_are_not_known_are_kept() -> None:
    tree = whole()
    tree["predicate"]["runDetails"]["byproducts"] = [{"name": "log", "digest": {"sha256": "2" * 64}}]
    assert parse_provenance(canonical.dumps(tree), "x").predicate == tree["predicate"]


def test_a_packed_model_says_where_it_comes_from() -> None:
    spec = smallmodel.spec()
    data = pack(replace(spec, evidence={**spec.evidence, "provenance": predicate()}))
    package = archive.read(data)
    found = read_provenance(package)
    assert found is not None
    assert set(found.subjects) == {"model.onnx", "features.json", "interface.json"}
    outer = about(package)
    assert outer is not None
    assert outer["subject"] == [{"name": "small-model-0.1.0", "digest": {"sha256": package.digest}}]
    assert outer["predicate"] == found.predicate
    with pytest.raises(FormatError, match="key 'buildDefinition' is missing"):
        pack(replace(spec, evidence={**spec.evidence, "provenance": {}}))


def test_a_package_without_it_says_nothing_and_one_about_another_model_is_refused() -> None:
    package = archive.read(tiny.package())
    assert read_provenance(package) is None
    assert about(package) is None
    members = tiny.members() | {MEMBER: canonical.dumps(whole())}
    with pytest.raises(FormatError, match="about another model"):
        read_provenance(archive.read(archive.write(tiny.tree(), members)))


def test_a_policy_can_ask_for_it() -> None:
    rule = {"interface": "*", "signers": ["oem"], "threshold": 1, "evidence": ["provenance"]}
    signers = {"oem": {"keys": ["a" * 64]}}
    policy = parse_policy(
        canonical.dumps({"kind": "policy", "format": 0, "signers": signers, "rules": [rule]}), "policy.json"
    )
    digests = {path: canonical.sha256(data) for path, data in tiny.members().items()}
    about_it = statement(
        predicate(), {path: digests[path] for path in ("model.onnx", "features.json", "interface.json")}
    )

    def told(evidence: Tree | None) -> str:
        members = tiny.members() | ({} if evidence is None else {MEMBER: canonical.dumps(evidence)})
        package = archive.read(archive.write(tiny.tree(), members))
        found = refusal(policy, package, [Signer("oem", "a" * 64)], ())
        return found.message if found else ""

    assert told(None) == "the package lacks the evidence 'provenance'"
    assert "another model" in told(whole())
    assert told(about_it) == ""


VALIDATE = """
import json, sys
from google.protobuf.json_format import ParseDict
from in_toto_attestation.v1.statement import Statement
from in_toto_attestation.v1 import statement_pb2
from in_toto_attestation.predicates.provenance.v1 import provenance_pb2
tree = json.load(sys.stdin)
Statement.copy_from_pb(ParseDict(tree, statement_pb2.Statement())).validate()
ParseDict(tree["predicate"], provenance_pb2.Provenance())
"""


@pytest.mark.interop
@pytest.mark.skipif(PEER is None, reason="in-toto-attestation is not installed; set TRIVET_IN_TOTO to its Python")
def test_the_in_toto_library_validates_the_statement() -> None:
    def judged(tree: Tree) -> int:
        done = subprocess.run([str(PEER), "-c", VALIDATE], input=json.dumps(tree), text=True, check=False)  # noqa: S603
        return done.returncode

    assert judged(whole(started=STARTED, finished=FINISHED)) == 0
    assert judged({**whole(), "subject": []}) != 0
