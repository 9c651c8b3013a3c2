"""The readers of what others wrote, each with good inputs and the pieces that mean something to it.

Keys are made from fixed bytes, so that inputs which were kept verify at the next run, too.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric import ed25519

import tinypackage as tiny
from hostile.package_tensors import classifier, trees
from trivet import canonical
from trivet.check.log import verify_log
from trivet.package import archive, bundle, keys, revoked
from trivet.package.admit import admit
from trivet.package.graph import BARE, walk
from trivet.package.manifest import parse_manifest
from trivet.package.provenance import Material, parse_provenance, statement
from trivet.package.standing import vouch
from trivet.package.trust import Trust
from trivet.pipeline.chain import Chain

TESTS = Path(__file__).resolve().parents[1]
PACKAGES = TESTS / "conformance" / "packages"
CERTIFICATES = TESTS / "conformance" / "certificates"

PACKAGE = archive.read(tiny.package())
TRUSTED = tuple(keys.read_public_key(path) for path in sorted(PACKAGES.glob("*.pub")))

KEY = ed25519.Ed25519PrivateKey.from_private_bytes(b"coverage-guided fuzzing, no more")
PUBLIC = keys.public_key(KEY)
NOW = 1_800_000_000 * revoked.SECOND

JSON = b'{ } [ ] , : " null true -1 1e9 0.5 "" [] {} \\u0000'.split()
ZIP = [b"PK\1\2", b"PK\3\4", b"PK\5\6", b"\0\0", b"\x14\0", b"META-INF/", b"golden/", b".json", b"../"]
WIRE = [bytes([field << 3 | kind]) for field in range(1, 16) for kind in (0, 2, 5)] + [b"\xff\xff\xff\x7f"]
OPERATORS = b"Concat Reshape Expand Slice Shape Conv Split Tile LSTM Gather".split()


class Target(NamedTuple):
    """One reader: its name, what it does with bytes, good inputs, and pieces that mean something to it."""

    name: str
    read: Callable[[bytes], object]
    seeds: list[bytes]
    words: list[bytes]


def targets() -> list[Target]:
    """All readers."""
    return [*_package(), *_beside()]


def _package() -> list[Target]:
    """Those of a package and its parts, with seeds out of the conformance packages."""
    good = [path for path in sorted(PACKAGES.glob("*.trivet")) if not path.stem.endswith("_fail")]
    signed = [package for path in good if (package := archive.read(path.read_bytes())).signatures]
    bundles = [content for package in signed for content in package.signatures.values()]
    certified = [p for p in CERTIFICATES.glob("*.sigstore.json") if not p.name.endswith("_fail.sigstore.json")]
    bundles += sorted((path.read_bytes() for path in certified), key=len)[:8]
    about, text = bundle.statement(PACKAGE), canonical.dumps(PACKAGE.manifest.tree)
    models = [tiny.stateless_model(), tiny.counting_model(), trees(), classifier()]
    return [
        Target("archive", archive.read, [tiny.package(), signed[0].data], ZIP),
        Target("manifest", parse_manifest, [text, canonical.dumps(signed[0].manifest.tree)], _words(text)),
        Target("bundle", _bundle, bundles, _words(bundles[0])),
        Target("statement", lambda data: bundle.check_statement(data, PACKAGE, "statement"), [about], _words(about)),
        Target("protobuf", _model, models, [*WIRE, *OPERATORS]),
    ]


def _beside() -> list[Target]:
    """Those of what travels beside packages: lists of revocations, provenance, logs."""
    payloads = [revoked.payload(one) for one in LISTS]
    made = [canonical.dumps(one) for one in _statements()]
    return [
        Target("list", lambda data: revoked.parse_list(data, "list"), payloads, _words(payloads[-1])),
        Target("signed-list", _signed_list, SIGNED, _words(SIGNED[-1])),
        Target("provenance", lambda data: parse_provenance(data, "provenance"), made, _words(made[-1])),
        Target("log", _log, LOGS, _words(LOGS[-1])),
    ]


def _words(text: bytes) -> list[bytes]:
    """What separates JSON, and the texts of a good input."""
    return [*JSON, *text.split(b'"')[1:80:2]]


def _bundle(data: bytes) -> object:
    """A bundle in a package, under the name that it claims; certificates and timestamps included."""
    named = re.search(rb'"keyid": ?"([0-9a-f]{64})"', data)
    hinted = (key.id for key in TRUSTED if key.hint.encode() in data)
    path = f"META-INF/signatures/{named[1].decode() if named else next(hinted, TRUSTED[0].id)}.sigstore.json"
    return admit(PACKAGE._replace(signatures={path: data}), TRUSTED, unsigned=True)


def _model(data: bytes) -> object:
    walk(data, BARE)
    return walk(data)


def _lists() -> list[revoked.Revocations]:
    empty = revoked.Revocations("example-oem", 0, 0, 0, {}, {})
    first = revoked.extended(empty, NOW, 2 * NOW, {"a" * 64: "burns soup"}, {"b" * 64: "keyCompromise"})
    return [
        empty._replace(number=1, expires=NOW),
        first,
        revoked.extended(first, NOW, 2 * NOW, {"c" * 64: ""}, {("d" * 64, "CN=Firmware"): "superseded"}),
    ]


def _signed_list(data: bytes) -> object:
    """A list and who signed it; only what was signed is vouched for."""
    signed = revoked.read_list(data, "list")
    signer = vouch(signed, Trust((PUBLIC,)), lambda: NOW, "list")
    assert signed.revocations in LISTS, "an altered list was vouched for"
    return signer


def _statements() -> list[dict[str, object]]:
    """Of a training on recordings, and of one on a simulator."""
    how = {
        "buildType": "urn:trivet:training:0",
        "externalParameters": {"command": "train", "seeds": {"all": 7}},
        "resolvedDependencies": [Material("day", "1" * 64, "extract", {"rows": 60}).descriptor],
    }
    run: dict[str, object] = {"builder": {"id": "urn:example:training"}}
    simulated = [
        Material("night", "2" * 64, "extract", {"simulated": True, "seed": 7}).descriptor,
        Material("plant", "3" * 64, "simulator", {"version": "1.2.0"}).descriptor,
    ]
    timed = {"startedOn": "2026-05-28T20:26:40Z", "finishedOn": "2026-05-28T20:36:40.5Z"}
    full = {"builder": {"id": "urn:example:training", "version": {"numpy": "2.0"}}, "metadata": timed}
    return [
        statement({"buildDefinition": how, "runDetails": run}, {"model.onnx": "0" * 64}),
        statement(
            {"buildDefinition": {**how, "resolvedDependencies": simulated}, "runDetails": full},
            {"model.onnx": "0" * 64, "features.json": "4" * 64},
        ),
    ]


def _logs() -> list[bytes]:
    """A log that was closed, and one that goes on with it."""
    chain = Chain.signed(KEY, 2, lambda: NOW)
    first = [chain.checkpoint("start"), *(chain.link({"kind": "gap", "number": n}) for n in range(2))]
    first += [chain.checkpoint("interval"), chain.link({"kind": "gap", "number": 2}), chain.checkpoint("close")]
    other = Chain.signed(KEY, 2, lambda: NOW)
    other.previous = chain.previous
    torn = {"bytes": 5, "sha256": "5" * 64}
    second = [other.checkpoint("rotate", {"file": "lines.jsonl.000001"}), other.link({"kind": "gap", "number": 3})]
    return [b"".join(first), b"".join([*second, other.checkpoint("resume", torn=torn)])]


def _log(data: bytes) -> object:
    """A log; no line that a checkpoint vouches for was altered."""
    LOG.write_bytes(data)
    report = verify_log([LOG], PUBLIC)
    for finding in report.findings:
        assert str(finding).isprintable(), finding
        assert finding.rule, finding
    if report.good and report.covered:
        head = b"\n".join(data.split(b"\n")[: report.covered - 1])
        assert any(one.startswith(head) for one in LOGS), "an alteration was passed over"
    return report


LISTS = _lists()
SIGNED = [revoked.sign_list(one, KEY) for one in LISTS]
LOGS = _logs()
FOLDER = tempfile.TemporaryDirectory()
LOG = Path(FOLDER.name) / "lines.jsonl"
