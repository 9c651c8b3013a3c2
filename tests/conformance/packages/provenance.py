"""Packages that say where their model comes from, and packages that say so wrongly; none is signed."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import tinypackage as tiny
from trivet import canonical
from trivet.package import archive
from trivet.package.provenance import MEMBER, Material, statement

Tree = dict[str, Any]
Edit = Callable[[Tree], Any]

SUBJECTS = {
    path: canonical.sha256(data)
    for path, data in tiny.members().items()
    if path in ("model.onnx", "features.json", "interface.json")
}
MEASURED = Material("day", "1" * 64, "extract", {"rows": 1440})
SIMULATED = Material("night", "2" * 64, "extract", {"simulated": True, "seed": 7})
PLANT = Material("plant", "3" * 64, "simulator", {"version": "1.2.0"})


def trained(*materials: Material) -> Tree:
    """The statement about a training."""
    how = {
        "buildType": "urn:trivet:training:0",
        "externalParameters": {"command": "train", "seeds": {"all": 7}},
        "resolvedDependencies": [one.descriptor for one in materials],
    }
    return statement({"buildDefinition": how, "runDetails": {"builder": {"id": "urn:example:training"}}}, SUBJECTS)


def package(told: Tree | bytes) -> bytes:
    """The tiny package with a statement among its evidence."""
    content = told if isinstance(told, bytes) else canonical.dumps(told)
    return archive.write(tiny.tree(), tiny.members() | {MEMBER: content})


def _edited(edit: Edit) -> bytes:
    tree = copy.deepcopy(trained(MEASURED))
    edit(tree)
    return package(tree)


def _how(**changes: Any) -> Edit:
    return lambda tree: tree["predicate"]["buildDefinition"].update(changes)


def _material(**changes: Any) -> Edit:
    return lambda tree: tree["predicate"]["buildDefinition"]["resolvedDependencies"][0].update(changes)


GOOD: dict[str, tuple[str, bytes]] = {
    "provenance": ("trained on recordings", package(trained(MEASURED))),
    "provenance-simulated": ("trained on a simulated plant", package(trained(MEASURED, SIMULATED, PLANT))),
    "provenance-unknown-keys": (
        "keys that this format does not know",
        _edited(lambda t: t["predicate"]["runDetails"].update(byproducts=[])),
    ),
}

BAD: dict[str, tuple[str, bytes]] = {
    "provenance-empty": ("no statement", package(b"{}")),
    "provenance-cut": ("a statement that is not JSON", package(canonical.dumps(trained(MEASURED))[:-1])),
    "provenance-key-twice": ("a key twice", package(b'{"subject":[],' + canonical.dumps(trained(MEASURED))[1:])),
    "provenance-statement-other": (
        "an older statement",
        _edited(lambda t: t.update(_type="https://in-toto.io/Statement/v0.1")),
    ),
    "provenance-predicate-other": (
        "another predicate",
        _edited(lambda t: t.update(predicateType="https://slsa.dev/provenance/v0.2")),
    ),
    "provenance-build-type-other": ("another build type", _edited(_how(buildType="https://example.invalid/build"))),
    "provenance-subject-missing": ("nothing about the feature list", _edited(lambda t: t["subject"].pop(0))),
    "provenance-subject-more": (
        "about a member that training does not make",
        _edited(lambda t: t["subject"].append({"name": "evidence/data.json", "digest": {"sha256": "0" * 64}})),
    ),
    "provenance-subject-twice": ("a subject twice", _edited(lambda t: t["subject"].append(t["subject"][0]))),
    "provenance-other-model": (
        "about another model",
        _edited(lambda t: t["subject"][2].update(digest={"sha256": "0" * 64})),
    ),
    "provenance-without-materials": ("nothing that it was made from", _edited(_how(resolvedDependencies=[]))),
    "provenance-without-extract": ("a simulator, and nothing to learn from", package(trained(PLANT))),
    "provenance-without-simulator": ("a simulated extract without its simulator", package(trained(SIMULATED))),
    "provenance-simulator-without-version": (
        "a simulator of unknown version",
        package(trained(SIMULATED, PLANT._replace(facts={}))),
    ),
    "provenance-material-twice": ("an extract twice", package(trained(MEASURED, MEASURED))),
    "provenance-role-other": ("an unknown role", _edited(_material(annotations={"role": "weather"}))),
    "provenance-digest-short": ("half a digest", _edited(_material(digest={"sha256": "12"}))),
    "provenance-digest-other": ("another hash", _edited(_material(digest={"sha512": "1" * 128}))),
    "provenance-seed-text": (
        "a seed that is a text",
        _edited(_how(externalParameters={"command": "train", "seeds": {"all": "7"}})),
    ),
    "provenance-builder-other": (
        "a builder that is no URI",
        _edited(lambda t: t["predicate"]["runDetails"].update(builder={"id": "me"})),
    ),
}
