"""The manifest as a typed value."""

from __future__ import annotations

import tinypackage as tiny
from trivet import canonical
from trivet.package import archive
from trivet.package.manifest import State, StateField, parse_manifest


def test_a_manifest_is_typed() -> None:
    manifest = archive.read(archive.write(*tiny.counting())).manifest
    assert manifest.name == "kettle-count"
    assert manifest.columns == ("power", "temperature")
    assert manifest.context == ("frames", "elapsed")
    assert [(port.name, port.classes) for port in manifest.outputs] == [("score", ())]
    assert manifest.state == State(1, (StateField("windows", "1", 0.0),))
    assert manifest.interface.digest == canonical.digest(tiny.INTERFACE)
    assert [member.path for member in manifest.members] == sorted(member.path for member in manifest.members)
    assert {member.role for member in manifest.members} == {"interface", "model", "features", "golden", "evidence"}
    assert manifest.budget[0]["limit"] == 0.05


def test_parsing_and_writing_keeps_the_bytes() -> None:
    text = canonical.dumps(archive.read(tiny.package(later={"x": 1})).manifest.tree)
    assert canonical.dumps(parse_manifest(text).tree) == text


def test_all_three_layers_of_golden_vectors_are_described() -> None:
    tree, content = tiny.tree(), tiny.members()
    tree["context"] = ["frames", "elapsed", "rated_power"]
    content["golden/0.context.f32"] = bytes(12)
    content |= {"golden/s.f32": bytes(32), "golden/w.f32": bytes(32), "golden/c.f32": bytes(12)}
    golden = tree["golden"]
    golden["outputs"][0]["context"]["shape"] = [1, 3]
    golden["samples"] = [
        {
            "samples": tiny.array("golden/s.f32", 2, 4),
            "window": tiny.array("golden/w.f32", 4, 2),
            "context": tiny.array("golden/c.f32", 3),
            "parameters": {"rated_power": 2000},
        }
    ]
    golden["prediction"] = [{"case": 0, "expected": {"score": tiny.array("golden/0.score.f32", 1, 1)}}]
    assert archive.read(archive.write(tree, content)).manifest.golden == golden
