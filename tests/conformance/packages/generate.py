"""Writes the conformance packages: ``PYTHONPATH=tests python -m conformance.packages.generate``.

Every run makes new keys, uses them and forgets them; only their public halves are
written. Packages without a signature come out the same every time.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import onnxwire as wire
import tinypackage as tiny
from conformance.packages import provenance
from hostile.package_cases import Keys
from hostile.package_graphs import HARMLESS
from hostile.package_limits import ALL
from hostile.package_tensors import trees
from trivet import canonical
from trivet.package import archive, bundle, keys, sign

HERE = Path(__file__).parent

BENCH = "META-INF/attestations/bench.json"

Build = Callable[[Keys], bytes]


class Good(NamedTuple):
    """A package that must be admitted, and the names of the keys that verify."""

    why: str
    build: Build
    signers: tuple[str, ...] = ()


def _signed(*names: str) -> Build:
    def build(stored: Keys) -> bytes:
        data = tiny.package()
        for name in names:
            data = sign.sign(data, getattr(stored, name))
        return data

    return build


def _by_other_software(stored: Keys) -> bytes:
    """A bundle as model-signing writes it: indented, no key id, ignored paths, resources in its own order."""
    package = archive.read(tiny.package())
    statement = json.loads(bundle.statement(package))
    predicate = statement["predicate"]
    predicate["serialization"] |= {"ignore_paths": [".git", "../oem.sig"]}
    predicate["resources"].sort(key=lambda item: item["name"].split("/"), reverse=True)
    raw = b"".join(bytes.fromhex(item["digest"]) for item in predicate["resources"])
    statement["subject"] = [{"name": "package", "digest": {"sha256": canonical.sha256(raw)}}]
    path, content = tiny.signed(package.data, stored.oem, json.dumps(statement, indent=2).encode())
    tree = json.loads(content)
    tree["dsseEnvelope"]["signatures"][0]["keyid"] = ""
    tree["verificationMaterial"]["tlogEntries"] = []
    return archive.attach(package.data, path, json.dumps(tree, indent=1).encode())


GOOD: dict[str, Good] = {
    "unsigned": Good("no signature, where unsigned packages are admitted", lambda _: tiny.package()),
    "p256": Good("signed with P-256", _signed("oem"), ("oem",)),
    "p384": Good("signed with P-384", _signed("plant"), ("plant",)),
    "ed25519": Good("signed with Ed25519", _signed("lab"), ("lab",)),
    "countersigned": Good("two trusted signers", _signed("oem", "plant"), ("oem", "plant")),
    "signed-twice": Good("a second signature by one key replaces the first", _signed("oem", "oem"), ("oem",)),
    "stranger-beside": Good(
        "a stranger's signature beside a trusted one does no harm", _signed("oem", "stranger"), ("oem",)
    ),
    "stranger-unsigned": Good("signed by a stranger, where unsigned packages are admitted", _signed("stranger")),
    "other-software": Good("a bundle as model-signing writes it", _by_other_software, ("oem",)),
    "state": Good("a model with memory", lambda _: archive.write(*tiny.counting())),
    "unknown-keys": Good(
        "manifest keys that this format does not know are kept", lambda _: tiny.package(later={"x": [1]})
    ),
    "format-0": Good("the number before the format was frozen", lambda _: tiny.package(format=0)),
    "attestation": Good(
        "an attestation beside the members",
        lambda _: archive.attach(tiny.package(), "META-INF/attestations/bench.json", b"{}"),
    ),
    "trees": Good("a tree ensemble", lambda _: tiny.with_model(trees())),
    "sizes-measured": Good("a tensor expanded to the rows of the window", lambda _: tiny.with_model(_measured())),
    "nan-scalar": Good("a weight of one element may be NaN", lambda _: tiny.with_model(_nan())),
    **{name: Good(why, lambda _, data=data: data) for name, (why, data) in provenance.GOOD.items()},  # type: ignore[misc]
}

BAD: dict[str, str] = {
    "cut-in-half": "the file was cut",
    "prefix-script": "bytes in front",
    "trailing-byte": "a byte behind",
    "archive-comment": "an archive comment",
    "zip64": "zip64 records",
    "count-too-small": "the directory has more entries than its end says",
    "deflated-member": "a compressed member",
    "encrypted": "the encryption flag",
    "modern-date": "a date other than 1980-01-01",
    "symlink": "a symbolic link",
    "extra-field": "an extra field",
    "local-name-differs": "local header and directory name an entry differently",
    "gap-before-directory": "bytes that belong to nothing",
    "overlap": "two entries share bytes",
    "parent-directory": "a name outside the package",
    "unicode-twin": "a name that looks like another",
    "shared-library": "a member of no known role",
    "duplicate-model": "one name twice",
    "members-unsorted": "members out of order",
    "mimetype-other": "another mimetype",
    "bomb": "a member that announces 4 GiB",
    "flipped-model-byte": "a changed byte, CRC as before",
    "manifest-duplicate-key": "a key twice",
    "manifest-deep": "nested too deeply",
    "manifest-spaces": "not canonical",
    "manifest-number-form": "4.0 is not how RFC 8785 writes 4",
    "format-next": "an unknown format number",
    "no-columns": "a missing field",
    "type-of-length": "a field of the wrong type",
    "name-path": "a package name that is a path",
    "interface-digest-other": "the interface is not the one that is named",
    "outputs-next-state": "a reserved output name",
    "budget-without-star": "no budget row for every machine",
    "golden-shape-other": "a golden shape that does not fit the window",
    "golden-none": "no golden vector",
    "members-unsorted-in-manifest": "members not sorted in the manifest",
    "undeclared-evidence": "a member that the manifest does not name",
    "missing-model": "a named member is absent",
    "longer-features": "another size than the manifest says",
    "other-features": "another digest than the manifest says",
    "unsigned": "no signature, where one is needed",
    "bundle-cut": "a bundle that is not JSON",
    "envelope-two-signatures": "two signatures in one envelope",
    "envelope-key-id-other": "file name and envelope name two keys",
    "signature-flipped": "a changed signature",
    "forged": "a stranger's signature under a trusted key's name",
    "one-of-two-broken": "a broken signature of a trusted key beside a good one",
    "payload-other-subject-name": "a changed statement",
    "signed-without-encoding": "a signature over the bare statement",
    "signature-of-another-package": "a good signature, of another package",
    "manifest-edited-after-signing": "a manifest edited after signing",
    "statement-without-model": "a statement that leaves a member out",
    "statement-extra-resource": "a statement with one resource too many",
    "statement-subject-digest": "a subject digest that does not fit the resources",
    "stranger": "signed by a stranger only",
    "protobuf-merged-graph": "a field twice, which parsers merge",
    "protobuf-trailing-text": "bytes after the model",
    "protobuf-unknown-field": "an unknown field",
    "values-too-many": "too many described values",
    "opset-9999-in-graph": "an operator set of the far future",
    "operator-randomnormal": "randomness",
    "operator-loop": "a loop",
    "operator-custom-domain": "an unknown operator domain",
    "operator-reducesum": "an operator whose rows depend on the batch",
    "external-parent": "data outside the file",
    "function-shadows": "a function with an operator's name",
    "name-bidi": "a name that runs backwards",
    "dims-overflow": "dimensions that overflow",
    "data-short": "fewer bytes than the dimensions give",
    "nan-weights": "NaN weights",
    "attribute-unknown": "an attribute that does not belong there",
    "nodes-cyclic": "nodes in a circle",
    "tree-cycle": "a tree in a circle",
    "expand-bomb": "a tensor expanded beyond bounds",
    "columns-twins-by-digit": "two columns that look alike",
    "name-twin-by-digit": "a weight that looks like the window",
    "linear-other-table": "coefficients for more columns than the table has",
    "tree-feature-beyond-table": "a split on a column that the table does not have",
    "broadcast-outer": "a broadcast beyond bounds",
    "concat-doubled": "a tensor joined with itself over and over",
    "rows-by-rows": "a tensor that grows with the square of the batch",
    "values-together": "many tensors that are too large together",
    "input-longer": "a window of another length than the manifest says",
    "output-extra": "an output that the manifest does not name",
}  # fmt: skip


def _measured() -> bytes:
    return HARMLESS["expand-by-rows"]()


def _nan() -> bytes:
    weight = wire.tensor("nan", wire.FLOAT, [], wire.floats([float("nan")]))
    body = wire.graph(tiny.score_nodes(), tiny.inputs(), tiny.outputs(), [*tiny.score_weights(), weight])
    return wire.model(body)


def fresh() -> Keys:
    """New keys, one of each algorithm."""
    return Keys(*(keys.generate(algorithm) for algorithm in ("p256", "p384", "p256", "ed25519")))


def packages(stored: Keys) -> dict[str, tuple[bytes, dict[str, Any]]]:
    """File name to bytes and verdict of every case."""
    found: dict[str, tuple[bytes, dict[str, Any]]] = {}
    for name, good in GOOD.items():
        data = good.build(stored)
        ids = sorted(keys.public_key(getattr(stored, signer)).id for signer in good.signers)
        facts = {"why": good.why, "admitted": True, "unsigned": not ids, "signers": ids}
        found[f"{name}.trivet"] = data, {**facts, "digest": archive.read(data).digest}
    cases = {case.name: case for case in ALL}
    for name, why in BAD.items():
        case = cases[name]
        level = "graph" if case.rule >= "TRV-P060" else "package"
        facts = {"why": why, "admitted": False, "unsigned": case.unsigned, "rule": case.rule, "level": level}
        found[f"{name}_fail.trivet"] = case.build(stored), facts
    for name, (why, data) in provenance.BAD.items():
        facts = {"why": why, "admitted": False, "unsigned": True, "rule": "TRV-P110", "level": "provenance"}
        found[f"{name}_fail.trivet"] = data, facts
    return found


def main() -> None:
    """Writes all cases, their verdicts and the trusted public keys."""
    stored = fresh()
    for old in (*HERE.glob("*.trivet"), *HERE.glob("*.pub")):
        old.unlink()
    verdicts = {}
    for name, (data, facts) in packages(stored).items():
        (HERE / name).write_bytes(data)
        verdicts[name] = facts
    for name in ("oem", "plant", "lab"):
        (HERE / f"{name}.pub").write_bytes(keys.public_key(getattr(stored, name)).pem)
    (HERE / "cases.json").write_text(json.dumps(verdicts, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
