"""The policy file and developers: who must have signed what."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import resources
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import certkit as ck
import tinypackage as tiny
from trivet.errors import PackageError, PolicyError, SignatureError
from trivet.package import keys, sign
from trivet.package.admit import Verified, admit
from trivet.package.policy import parse_policy
from trivet.package.trust import Trust

Tree = dict[str, Any]
OEM, PLANT, LAB, STRANGER = (keys.generate("ed25519") for _ in range(4))
ID = {name: keys.public_key(key).id for name, key in {"oem": OEM, "plant": PLANT, "lab": LAB}.items()}
KEYS = tuple(keys.public_key(key) for key in (OEM, PLANT, LAB))
ROOT = ck.authority()
FIRMWARE = ck.issue(ROOT, ck.Wish())
SCHEMA = json.loads((resources.files("trivet_schemas") / "policy.schema.json").read_text("utf-8"))


def _tree(*rules: Tree, **others: Any) -> Tree:
    signers = {name: {"keys": [one]} for name, one in ID.items()}
    signers["oem"]["certificates"] = [{"root": ROOT.print, "subject": "CN=Firmware,O=Example"}]  # type: ignore[list-item]
    return {"kind": "policy", "format": 0, "signers": signers, "rules": list(rules) or [_rule()], **others}


def _rule(*signers: str, **others: Any) -> Tree:
    return {"interface": "kettle", "signers": list(signers or ("oem",)), "threshold": 1, **others}


def _trust(tree: Tree, **others: Any) -> Trust:
    policy = parse_policy(json.dumps(tree).encode(), "policy.json")
    return ck.pinned(ROOT, keys=KEYS, policy=policy, **others)


def _package(*signers: keys.PrivateKey | ck.Held) -> bytes:
    data = tiny.package()
    for one in signers:
        data = ck.signed(data, one) if isinstance(one, ck.Held) else sign.sign(data, one)
    return data


def _outcome(act: Callable[[], Verified]) -> str:
    try:
        return "good" if act().signers else "unsigned"
    except PackageError as error:
        return error.rule if error.hint and "\n" not in str(error) else "untidy"


TWO = _rule("oem", "plant", "lab", threshold=2)
MATRIX: dict[str, tuple[Tree, tuple[keys.PrivateKey | ck.Held, ...], str]] = {
    "one-of-one": (_tree(), (OEM,), "good"),
    "one-of-one-by-certificate": (_tree(), (FIRMWARE,), "good"),
    "another-of-one": (_tree(), (PLANT,), "TRV-P099"),
    "another-and-the-one": (_tree(), (PLANT, OEM), "good"),
    "a-stranger": (_tree(), (STRANGER,), "TRV-P099"),
    "a-stranger-beside": (_tree(), (STRANGER, OEM), "good"),
    "nobody": (_tree(), (), "TRV-P040"),
    "two-of-three": (_tree(TWO), (OEM, LAB), "good"),
    "all-of-three": (_tree(TWO), (OEM, PLANT, LAB), "good"),
    "one-of-two": (_tree(TWO), (PLANT,), "TRV-P099"),
    "one-key-twice": (_tree(TWO), (OEM, OEM), "TRV-P099"),
    "key-and-certificate-of-one-signer": (_tree(TWO), (OEM, FIRMWARE), "TRV-P099"),
    "certificate-and-another": (_tree(TWO), (FIRMWARE, PLANT), "good"),
    "one-and-a-stranger": (_tree(TWO), (OEM, STRANGER), "TRV-P099"),
    "two-rules-both-hold": (_tree(_rule(), _rule("plant", interface="*")), (OEM, PLANT), "good"),
    "two-rules-one-fails": (_tree(_rule(), _rule("plant", interface="*")), (OEM,), "TRV-P099"),
    "any-interface": (_tree(_rule(interface="*")), (OEM,), "good"),
    "another-interface": (_tree(_rule(interface="oven")), (OEM,), "TRV-P099"),
    "a-rule-for-another-interface-beside": (_tree(_rule("lab", interface="oven"), _rule()), (OEM,), "good"),
    "evidence-is-there": (_tree(_rule(evidence=["data"])), (OEM,), "good"),
    "evidence-is-missing": (_tree(_rule(evidence=["data", "fidelity"])), (OEM,), "TRV-P099"),
    "timestamp-is-missing": (_tree(_rule(timestamp=True)), (OEM,), "TRV-P099"),
    "timestamp-is-missing-on-a-certificate": (_tree(_rule(timestamp=True)), (FIRMWARE,), "TRV-P099"),
    "revocation-list-is-missing": (_tree(revocation="required"), (FIRMWARE,), "TRV-P099"),
    "revocation-lists-are-nothing-to-keys": (_tree(revocation="required"), (OEM,), "good"),
    "a-class-that-is-not-known": (_tree(_rule(device_class="hood"), _rule("plant")), (OEM, PLANT), "good"),
    "a-class-that-is-not-known-is-any": (_tree(_rule(device_class="hood"), _rule("plant")), (PLANT,), "TRV-P099"),
}


@pytest.mark.parametrize("name", MATRIX)
def test_policies(name: str) -> None:
    tree, signers, verdict = MATRIX[name]
    assert _outcome(lambda: admit(_package(*signers), _trust(tree), clock=ck.clock())) == verdict


@pytest.mark.parametrize(
    ("classes", "verdict"),
    [
        (("hood",), "good"),
        (("hood", "hood"), "good"),
        (("conveyor",), "TRV-P099"),
        (("hood", "conveyor"), "TRV-P099"),
        (("hood", "oven"), "TRV-P099"),
        (("hood", ""), "TRV-P099"),
        ((), "TRV-P099"),
    ],
)
def test_each_class_of_device_has_its_rules(classes: tuple[str, ...], verdict: str) -> None:
    """No rule is about ovens; a device of no class could be a conveyor."""
    tree = _tree(_rule(device_class="hood"), _rule("plant", device_class="conveyor"))
    assert _outcome(lambda: admit(_package(OEM), _trust(tree), classes=classes)) == verdict


def test_unsigned_packages_need_the_policys_word() -> None:
    for allowed, verdict in ((False, "TRV-P099"), (True, "unsigned")):
        trust = _trust(_tree(unsigned=allowed))
        assert _outcome(lambda trust=trust: admit(_package(PLANT), trust, unsigned=True)) == verdict  # type: ignore[misc]
    with pytest.raises(SignatureError, match="does not let"):
        admit(_package(), _trust(_tree()), unsigned=True)


def test_a_doubt_is_said_beside_the_policys_refusal() -> None:
    with pytest.raises(PolicyError, match="expired"):
        admit(_package(FIRMWARE), _trust(_tree()), clock=ck.clock(ck.LATER))


DEVELOPER = {
    # (signers, allowed): the outcome, and whether it counts on a developer
    ("dev", False): ("TRV-P100", False),
    ("dev", True): ("good", True),
    ("oem", False): ("good", False),
    ("oem", True): ("good", False),
    ("both", False): ("good", False),
    ("both", True): ("good", False),
}


@pytest.mark.parametrize("by", ["key", "certificate"])
@pytest.mark.parametrize(("circumstances", "outcome"), DEVELOPER.items(), ids=str)
def test_developers(by: str, circumstances: tuple[str, bool], outcome: tuple[str, bool]) -> None:
    who, allowed = circumstances
    developer: keys.PrivateKey | ck.Held = LAB if by == "key" else FIRMWARE
    marked = frozenset([ID["lab"] if by == "key" else ROOT.print])
    signers = {"dev": (developer,), "oem": (OEM,), "both": (developer, OEM)}[who]
    trust = ck.pinned(ROOT, keys=KEYS, development=marked)
    verdict, development = outcome
    if verdict != "good":
        with pytest.raises(PolicyError, match="developer") as caught:
            admit(_package(*signers), trust, development=allowed, clock=ck.clock())
        assert caught.value.rule == verdict
        return
    verified = admit(_package(*signers), trust, development=allowed, clock=ck.clock())
    assert verified.development is development
    assert any(signer.development for signer in verified.signers) is development


def test_a_developer_counts_towards_a_threshold_only_where_allowed() -> None:
    trust = _trust(_tree(TWO), development=frozenset([ID["lab"]]))
    assert _outcome(lambda: admit(_package(OEM, LAB), trust)) == "TRV-P100"
    verified = admit(_package(OEM, LAB), trust, development=True)
    assert verified.development
    assert verified.key_id == ID["oem"]
    assert _outcome(lambda: admit(_package(LAB), trust, development=True)) == "TRV-P099"
    assert _outcome(lambda: admit(_package(LAB), trust._replace(policy=None), True)) == "unsigned"


def _set(*way: str | int, value: Any) -> Callable[[Tree], None]:
    def edit(tree: Any) -> None:
        for key in way[:-1]:
            tree = tree[key]
        tree[way[-1]] = value

    return edit


def _drop(*way: str | int) -> Callable[[Tree], None]:
    def edit(tree: Any) -> None:
        for key in way[:-1]:
            tree = tree[key]
        del tree[way[-1]]

    return edit


CERTIFICATE = ("signers", "oem", "certificates", 0)
MALFORMED: dict[str, Callable[[Tree], None]] = {
    "unknown-key": _set("treshold", value=2),
    "unknown-key-of-a-rule": _set("rules", 0, "treshold", value=2),
    "unknown-key-of-a-signer": _set("signers", "oem", "key", value=ID["oem"]),
    "unknown-key-of-a-certificate": _set(*CERTIFICATE, "san", value="x"),
    "kind": _set("kind", value="device"),
    "kind-missing": _drop("kind"),
    "format": _set("format", value=1),
    "format-true": _set("format", value=True),
    "signers-missing": _drop("signers"),
    "signer-empty": _set("signers", "oem", value={}),
    "signer-with-odd-name": _set("signers", "an OEM", value={"keys": ["0" * 64]}),
    "signer-without-keys": _set("signers", "lab", "keys", value=[]),
    "key-id-short": _set("signers", "oem", "keys", 0, value=ID["oem"][:16]),
    "key-id-upper-case": _set("signers", "oem", "keys", 0, value="AB" * 32),
    "root-short": _set(*CERTIFICATE, "root", value="00"),
    "subject-missing": _drop(*CERTIFICATE, "subject"),
    "rules-missing": _drop("rules"),
    "rules-empty": _set("rules", value=[]),
    "rule-without-threshold": _drop("rules", 0, "threshold"),
    "rule-without-interface": _drop("rules", 0, "interface"),
    "rule-about-odd-interface": _set("rules", 0, "interface", value="Kettle"),
    "rule-without-signers": _set("rules", 0, "signers", value=[]),
    "rule-of-a-signer-twice": _set("rules", 0, "signers", value=["oem", "oem"]),
    "threshold-zero": _set("rules", 0, "threshold", value=0),
    "threshold-fraction": _set("rules", 0, "threshold", value=0.5),
    "threshold-text": _set("rules", 0, "threshold", value="1"),
    "evidence-path": _set("rules", 0, "evidence", value=["../data"]),
    "evidence-text": _set("rules", 0, "evidence", value="data"),
    "timestamp-number": _set("rules", 0, "timestamp", value=1),
    "unsigned-text": _set("unsigned", value="no"),
    "revocation-word": _set("revocation", value="never"),
}
CONTRADICTIONS: dict[str, Callable[[Tree], None]] = {
    # more than a schema can say
    "threshold-above-signers": _set("rules", 0, "threshold", value=2),
    "rule-of-an-unknown-signer": _set("rules", 0, "signers", value=["OEM"]),
    "key-of-two-signers": _set("signers", "plant", "keys", value=[ID["oem"]]),
    "key-twice": _set("signers", "plant", "keys", value=[ID["plant"], ID["plant"]]),
    "certificate-of-two-signers": _set(
        "signers", "plant", "certificates", value=[{"root": ROOT.print, "subject": "CN=Firmware,O=Example"}]
    ),
}


@pytest.mark.parametrize("name", [*MALFORMED, *CONTRADICTIONS])
def test_a_malformed_policy_is_refused_by_parser_and_schema(name: str) -> None:
    tree = json.loads(json.dumps(_tree()))
    (MALFORMED | CONTRADICTIONS)[name](tree)
    with pytest.raises(PolicyError) as caught:
        _trust(tree)
    assert caught.value.rule == "TRV-P098", str(caught.value)
    assert caught.value.where.startswith("policy.json")
    assert Draft202012Validator(SCHEMA).is_valid(tree) is (name in CONTRADICTIONS)


def test_good_policies_fit_the_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    for tree, _, _ in MATRIX.values():
        assert Draft202012Validator(SCHEMA).is_valid(tree)
        _trust(tree)


@pytest.mark.parametrize(
    "text", [b"", b"[]", b"null", b"{", b'{"kind":"policy","kind":"policy"}', b"[" * 9999, b"\xff"]
)
def test_what_is_no_json_is_refused(text: bytes) -> None:
    with pytest.raises(PolicyError) as caught:
        parse_policy(text, "policy.json")
    assert caught.value.rule == "TRV-P098"


def test_a_threshold_with_timestamps_counts_only_stamped_ones() -> None:
    clocks = ck.authority("Clocks")
    data = _package(FIRMWARE)
    rule = _rule(timestamp=True)
    trust = ck.pinned(ROOT, stampers=[clocks], policy=parse_policy(json.dumps(_tree(rule)).encode(), "policy.json"))
    stamped = sign.attach_timestamp(data, ck.stamped(ck.signature_of(data), ck.Stamp(ck.stamper(clocks))))
    assert _outcome(lambda: admit(stamped, trust, clock=ck.clock())) == "good"
    assert _outcome(lambda: admit(data, trust, clock=ck.clock())) == "TRV-P099"


def test_a_required_list_must_be_recent(tmp_path: Any) -> None:
    from datetime import timedelta

    trust = _trust(_tree(revocation="required"), lists=tmp_path)
    fresh = ck.revoked(ROOT, 4711)
    (tmp_path / "root.crl").write_bytes(fresh)
    assert _outcome(lambda: admit(_package(FIRMWARE), trust, clock=ck.clock())) == "good"
    late = ck.clock(ck.NOW + timedelta(days=7))
    assert _outcome(lambda: admit(_package(FIRMWARE), trust, clock=late)) == "TRV-P099"
    early = ck.clock(ck.NOW - timedelta(days=2))
    assert _outcome(lambda: admit(_package(FIRMWARE), trust, clock=early)) == "TRV-P099"


def test_a_key_and_its_certificate_count_for_one_signer() -> None:
    """The key is the plant's by the policy, the certificate over it the OEM's: the key's owner has signed."""
    tree = _tree(TWO)
    own = keys.public_key(FIRMWARE.key)  # type: ignore[arg-type]
    tree["signers"]["plant"]["keys"].append(own.id)
    trust = _trust(tree)
    for known in (trust, trust._replace(keys=(*KEYS, own))):
        assert _outcome(lambda known=known: admit(_package(FIRMWARE), known, clock=ck.clock())) == "TRV-P099"  # type: ignore[misc]
        assert _outcome(lambda known=known: admit(_package(FIRMWARE, PLANT), known, clock=ck.clock())) == "TRV-P099"  # type: ignore[misc]
        assert _outcome(lambda known=known: admit(_package(FIRMWARE, OEM), known, clock=ck.clock())) == "good"  # type: ignore[misc]


def test_errors_are_of_the_right_kind() -> None:
    with pytest.raises(SignatureError):
        admit(_package(), _trust(_tree()))
    with pytest.raises(PolicyError):
        admit(_package(PLANT), _trust(_tree()))
