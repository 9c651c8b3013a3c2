"""Made the lists and packages of this folder, once: ``python -m conformance.revocations.generate`` in ``tests/``.

A case is a machine to which lists are brought, one after the other, and which then judges a package. Keys were
thrown away; what is here stays as it is, and further cases go into a folder beside it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import certkit as ck
import tinypackage as tiny
from trivet import canonical
from trivet.package import archive, bundle, keys, revoked, sign

HERE = Path(__file__).parent
Tree = dict[str, Any]
Edit = Callable[[Tree], Any]

DIGEST = archive.read(tiny.package()).digest
SIGNERS = {"oem": "p256", "plant": "p384", "lab": "ed25519", "developer": "p256", "stranger": "p256"}
KEYS = {name: keys.generate(algorithm) for name, algorithm in SIGNERS.items()}
IDS = {name: keys.public_key(key).id for name, key in KEYS.items()}

ROOT, CLOCKS = ck.authority(), ck.authority("Clocks")
FIRMWARE, QUALITY, CLOCK = ck.issue(ROOT, ck.Wish()), ck.issue(ROOT, ck.Wish("Quality")), ck.stamper(CLOCKS)
SUBJECT = {"root": ROOT.print, "subject": "CN=Firmware,O=Example"}
"""Who signed ``certified.trivet``, as a list names it."""


def day(number: int) -> str:
    """A day from the one on which cases are judged."""
    return f"{ck.NOW + timedelta(days=number):%Y-%m-%dT%H:%M:%SZ}"


def listed(**changes: Any) -> Tree:
    """The tree of a list."""
    return {
        "kind": "revocations", "format": 1, "id": "example-oem", "number": 1, "issued": day(-1), "expires": day(90),
        "packages": [], "signers": [],
    } | changes  # fmt: skip


def package(digest: str = DIGEST, **changes: Any) -> list[Tree]:
    """Packages of a list: one."""
    return [{"digest": digest, "date": day(-1), "reason": "burns soup"} | changes]


def signer(who: Tree, reason: str = "keyCompromise", **changes: Any) -> list[Tree]:
    """Signers of a list: one."""
    return [{**who, "date": day(-1), "reason": reason} | changes]


class Wrap(NamedTuple):
    """A list and how it is signed.

    Attributes:
        tree: The payload.
        by: Name of the key.
        kind: Payload type.
        edit: What is done to the bundle afterwards.
        text: The payload's bytes, where they are not the canonical ones of the tree.
        held: A certificate instead of the key.
    """

    tree: Tree
    by: str = "oem"
    kind: str = revoked.PAYLOAD_TYPE
    edit: Edit | None = None
    text: bytes | None = None
    held: ck.Held | None = None

    def build(self) -> bytes:
        """The file."""
        content = self.text or canonical.dumps(self.tree)
        key = self.held.key if self.held else KEYS[self.by]
        made = sign.bundle_of(
            content, self.kind, keys.public_key(key), keys.sign_bytes(key, bundle.pae(content, self.kind)),  # type: ignore[arg-type]
            self.held.pem if self.held else b"",
        )  # fmt: skip
        tree = json.loads(bundle.write(made))
        if self.edit:
            self.edit(tree)
        return canonical.dumps(tree)


def _resigned(tree: Tree) -> None:
    """Another payload under the old signature."""
    other = Wrap(listed(expires=day(900))).build()
    tree["dsseEnvelope"]["payload"] = json.loads(other)["dsseEnvelope"]["payload"]


def _signature(**changes: Any) -> Edit:
    return lambda tree: tree["dsseEnvelope"]["signatures"][0].update(changes)


REVENGE = listed(packages=package())
INDENTED = json.dumps(REVENGE, indent=2).encode()

LISTS: dict[str, Wrap] = {
    "empty": Wrap(listed()),
    "number-0-of-the-format": Wrap(listed(format=0, packages=package())),
    "package": Wrap(REVENGE),
    "package-indented": Wrap(REVENGE, text=INDENTED),
    "other-package": Wrap(listed(packages=package("1" * 64))),
    "second": Wrap(listed(number=2, packages=package())),
    "second-other": Wrap(listed(number=2, packages=package("1" * 64))),
    "third-forgets": Wrap(listed(number=3)),
    "by-plant": Wrap(listed(id="plant", signers=signer({"key": IDS["oem"]})), "plant"),
    "by-lab": Wrap(listed(id="lab", expires=day(30), packages=package("2" * 64)), "lab"),
    "oem-superseded": Wrap(listed(id="plant", signers=signer({"key": IDS["oem"]}, "superseded")), "plant"),
    "of-next-year": Wrap(listed(id="plant", issued=day(365), expires=day(400)), "plant"),
    "by-certificate": Wrap(listed(signers=signer(SUBJECT)), held=QUALITY),
    "certificate-superseded": Wrap(listed(signers=signer(SUBJECT, "superseded"))),
    "certificate-compromised": Wrap(listed(signers=signer(SUBJECT))),
    "certificate-superseded-long-ago": Wrap(listed(signers=signer(SUBJECT, "superseded", date=day(-30)))),
    "by-stranger_fail": Wrap(listed(), "stranger"),
    "by-developer_fail": Wrap(listed(), "developer"),
    "payload-other_fail": Wrap(listed(), edit=_resigned),
    "signature-flipped_fail": Wrap(listed(), edit=_signature(sig="AAAA")),
    "signed-as-a-package_fail": Wrap(
        listed(), kind=bundle.PAYLOAD_TYPE, edit=lambda t: t["dsseEnvelope"].update(payloadType=revoked.PAYLOAD_TYPE)
    ),
    "type-of-a-package_fail": Wrap(listed(), kind=bundle.PAYLOAD_TYPE),
    "without-key-id_fail": Wrap(listed(), edit=_signature(keyid="")),
    "key-id-of-another_fail": Wrap(listed(), edit=_signature(keyid=IDS["plant"])),
    "two-signatures_fail": Wrap(
        listed(), edit=lambda t: t["dsseEnvelope"].update(signatures=t["dsseEnvelope"]["signatures"] * 2)
    ),
    "kind-other_fail": Wrap(listed(kind="policy")),
    "format-next_fail": Wrap(listed(format=2)),
    "unknown-key_fail": Wrap(listed(note="x")),
    "without-signers_fail": Wrap({k: v for k, v in listed().items() if k != "signers"}),
    "key-twice_fail": Wrap(listed(), text=b'{"number":1,' + canonical.dumps(listed())[1:]),
    "id-path_fail": Wrap(listed(id="../oem")),
    "number-none_fail": Wrap(listed(number=0)),
    "number-huge_fail": Wrap(listed(number=2**31 + 1)),
    "number-text_fail": Wrap(listed(number="1")),
    "date-local_fail": Wrap(listed(issued="2027-02-28T12:00:00+01:00")),
    "date-fraction_fail": Wrap(listed(issued="2027-02-28T12:00:00.5Z")),
    "date-none-such_fail": Wrap(listed(issued="2027-02-29T12:00:00Z")),
    "expires-when-issued_fail": Wrap(listed(expires=day(-1))),
    "digest-short_fail": Wrap(listed(packages=package("12"))),
    "digest-upper-case_fail": Wrap(listed(packages=package("A" * 64))),
    "package-twice_fail": Wrap(listed(packages=package() * 2)),
    "package-without-reason_fail": Wrap(listed(packages=[{"digest": DIGEST, "date": day(-1)}])),
    "package-with-note_fail": Wrap(listed(packages=package(note="x"))),
    "reason-other_fail": Wrap(listed(signers=signer({"key": IDS["oem"]}, "mood"))),
    "signer-nobody_fail": Wrap(listed(signers=signer({}))),
    "signer-two_fail": Wrap(listed(signers=signer({**SUBJECT, "key": IDS["oem"]}))),
    "signer-twice_fail": Wrap(listed(signers=signer(SUBJECT) * 2)),
}


def packages() -> dict[str, bytes]:
    """The packages that are judged; all but ``newer`` have one digest."""
    made, certified = tiny.package(), ck.signed(tiny.package(), FIRMWARE)
    return {
        "both": sign.sign(sign.sign(made, KEYS["oem"]), KEYS["plant"]),
        "oem": sign.sign(made, KEYS["oem"]),
        "newer": sign.sign(tiny.package(version="0.2.0"), KEYS["oem"]),
        "certified": certified,
        "stamped": sign.attach_timestamp(certified, ck.stamped(ck.signature_of(certified), ck.Stamp(CLOCK))),
    }


class Case(NamedTuple):
    """What is brought to a machine, and what it then says.

    Attributes:
        why: What is special about it.
        lists: Names of lists in order, and the rule by which one is refused.
        package: Name of what is judged.
        signers: Names of those who count; for certificates the package's only signer.
        rule: Why the package is refused; empty where it is admitted.
        expired: Ids of lists past their date.
        day: When, from the usual day.
        ran: Packages that ran before.
        policy: What the machine's policy says about lists.
    """

    why: str
    lists: tuple[tuple[str, str | None], ...]
    package: str = "both"
    signers: tuple[str, ...] = ("oem", "plant")
    rule: str = ""
    expired: tuple[str, ...] = ()
    day: int = 0
    ran: tuple[str, ...] = ()
    policy: Tree | None = None


def _good(*names: str) -> tuple[tuple[str, str | None], ...]:
    return tuple((name, None) for name in names)


CERTIFIED = ("CN=Firmware,O=Example",)
BROKEN = {
    "by-stranger": "TRV-P046", "by-developer": "TRV-P046", "payload-other": "TRV-P042", "signature-flipped": "TRV-P042",
    "signed-as-a-package": "TRV-P042", "type-of-a-package": "TRV-P041", "without-key-id": "TRV-P041",
    "key-id-of-another": "TRV-P041", "two-signatures": "TRV-P041",
}  # fmt: skip
CASES: dict[str, Case] = {
    "nothing-revoked": Case("a list that revokes nothing", _good("empty")),
    "another-package-revoked": Case("a list about another package", _good("other-package")),
    "lists-of-three": Case(
        "lists by keys of all three kinds",
        _good("other-package", "by-lab", "of-next-year"),
        expired=("example-oem", "lab"),
    ),
    "signer-revoked-another-counts": Case(
        "the OEM's key is revoked, the plant's is not", _good("by-plant"), signers=("plant",)
    ),
    "newer-number": Case(
        "number 3 after number 2: what it no longer names is no longer revoked", _good("second", "third-forgets")
    ),
    "the-same-again": Case("the same list twice", _good("empty", "empty")),
    "expired-marks": Case(
        "past its date, and the policy says nothing", _good("empty"), expired=("example-oem",), day=91
    ),
    "expired-and-mark": Case(
        "past its date, and the policy says mark",
        _good("empty"),
        expired=("example-oem",),
        day=91,
        policy={"expired": "mark"},
    ),
    "clock-set-back": Case(
        "a date that was signed later than the clock says, so that another list is past its date",
        _good("by-lab", "of-next-year"),
        expired=("lab",),
    ),
    "timestamp-before-superseded": Case(
        "a trusted timestamp from before a harmless revocation", _good("certificate-superseded"), "stamped", CERTIFIED
    ),
    "wanted-and-there": Case("a list that the policy wants", _good("empty"), policy={"required": True}),
    "newer-after-older": Case("version 0.2.0 where 0.1.0 ran", (), "newer", ("oem",), ran=("oem",)),
    "package-revoked_fail": Case("the package is revoked", _good("package"), rule="TRV-P112"),
    "package-revoked-by-number-0_fail": Case(
        "the same in the format's number 0", _good("number-0-of-the-format"), rule="TRV-P112"
    ),
    "package-revoked-indented_fail": Case(
        "the same as JSON that is not canonical", _good("package-indented"), rule="TRV-P112"
    ),
    "package-revoked-past-its-date_fail": Case(
        "what an expired list revoked stays revoked", _good("package"), rule="TRV-P112", day=91
    ),
    "older-number_fail": Case(
        "number 1 after number 2 is refused, and number 2 stays in force",
        (("second", None), ("empty", "TRV-P114")),
        rule="TRV-P112",
    ),
    "other-of-one-number_fail": Case("another list of one number", (("second-other", None), ("second", "TRV-P114"))),
    "signer-revoked_fail": Case("the only signer is revoked", _good("by-plant"), "oem", rule="TRV-P113"),
    "signer-superseded_fail": Case(
        "a harmless reason, but no timestamp says when it was signed", _good("oem-superseded"), "oem", rule="TRV-P113"
    ),
    "signer-revokes-no-more_fail": Case(
        "a list by a signer whom another list revoked",
        (("by-plant", None), ("package", "TRV-P113")),
        signers=("plant",),
    ),
    "certificate-revoked_fail": Case(
        "a certificate by root and subject, in a list by another certificate",
        _good("by-certificate"),
        "certified",
        rule="TRV-P113",
    ),
    "certificate-superseded_fail": Case(
        "without a timestamp", _good("certificate-superseded"), "certified", rule="TRV-P113"
    ),
    "certificate-compromised_fail": Case(
        "a timestamp does not help where the key may be in other hands",
        _good("certificate-compromised"),
        "stamped",
        rule="TRV-P113",
    ),
    "timestamp-after-superseded_fail": Case(
        "a timestamp from after the revocation", _good("certificate-superseded-long-ago"), "stamped", rule="TRV-P113"
    ),
    "expired-and-stop_fail": Case(
        "past its date, and the policy says stop", _good("empty"), rule="TRV-P115", day=91, policy={"expired": "stop"}
    ),
    "wanted-and-missing_fail": Case(
        "the policy wants a list, and there is none", (), rule="TRV-P115", policy={"required": True}
    ),
    "older-version_fail": Case("version 0.1.0 where 0.2.0 ran", (), "oem", rule="TRV-P116", ran=("newer",)),
    **{
        f"list-{name.removesuffix('_fail')}_fail": Case(
            "a list that is refused", ((name, BROKEN.get(name.removesuffix("_fail"), "TRV-P111")),)
        )
        for name in LISTS
        if name.endswith("_fail")
    },
}


def told(case: Case) -> Tree:
    """A case as JSON."""
    certified = case.package in ("certified", "stamped")
    ids = [*case.signers] if certified else sorted(IDS[name] for name in case.signers)
    verdict: Tree = {"rule": case.rule} if case.rule else {"signers": ids, "expired": [*case.expired]}
    return {
        "why": case.why,
        "time": day(case.day),
        "lists": [{"file": f"{name}.revoked.json"} | ({"rule": rule} if rule else {}) for name, rule in case.lists],
        **({"ran": [f"{name}.trivet" for name in case.ran]} if case.ran else {}),
        **({"policy": case.policy} if case.policy else {}),
        "package": f"{case.package}.trivet",
        "certificates": certified or any(LISTS[name].held is not None for name, _ in case.lists),
        "admitted": not case.rule,
        **verdict,
    }


def main() -> None:
    """Writes everything into an empty folder."""
    if (HERE / "cases.json").exists():
        raise SystemExit("these cases are kept as they are; make further ones in a folder beside this one")
    files = {f"{name}.revoked.json": wrap.build() for name, wrap in LISTS.items()}
    files |= {f"{name}.trivet": data for name, data in packages().items()}
    files |= {f"{name}.pub": keys.public_key(KEYS[name]).pem for name in SIGNERS if name != "stranger"}
    files |= {"root.crt": ROOT.pem, "clocks.crt": CLOCKS.pem}
    for name, data in files.items():
        (HERE / name).write_bytes(data)
    content = {
        "files": {name: canonical.sha256(data) for name, data in sorted(files.items())},
        "cases": {name: told(case) for name, case in CASES.items()},
    }
    (HERE / "cases.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
