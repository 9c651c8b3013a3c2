"""The policy file: who must have signed what may run here.

::

    {"kind": "policy", "format": 0,
     "signers": {"oem":   {"certificates": [{"root": SHA-256, "subject": "CN=Firmware,O=Example"}]},
                 "plant": {"keys": [KEY ID]}},
     "rules": [{"interface": "commercial-dishwasher", "device_class": "*",
                "signers": ["oem", "plant"], "threshold": 2, "evidence": ["fidelity"], "timestamp": false}],
     "revocation": "kept", "unsigned": false,
     "lists": {"required": true, "expired": "stop"}}

Every rule about a package's interface and a device's class must hold, and there must
be one. A signer counts once, however many signatures it made, and a key belongs to
one signer. Imported only where there is a policy.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from trivet.errors import FormatError, Message, PolicyError
from trivet.package.tree import Node, parse

if TYPE_CHECKING:
    from trivet.package.archive import Package
    from trivet.package.sign import Signer

DIGEST = re.compile(r"[0-9a-f]{64}")
WORD = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")
PROVENANCE = "provenance"
"""Evidence whose content a policy looks at: it must be SLSA provenance of this very model."""

INTERFACE = re.compile(r"\*|[a-z][a-z0-9]*(-[a-z0-9]+)*")
DEVICE_CLASS = re.compile(r"\*|[!-~]([ -~]{0,62}[!-~])?")


class Rule(NamedTuple):
    """What one kind of package needs.

    Attributes:
        interface: Id of the interface, or ``*``.
        device_class: ``appliance.type`` of the device, or ``*``.
        signers: Names of signers, of which ``threshold`` must have signed.
        threshold: How many.
        evidence: Names of evidence that the package must hold.
        timestamp: Whether a signature counts only with a trusted timestamp.
    """

    interface: str
    device_class: str
    signers: tuple[str, ...]
    threshold: int
    evidence: tuple[str, ...]
    timestamp: bool

    def fits(self, interface: str, device_class: str) -> bool:
        """Whether this rule is about an interface and a class of devices; of an unknown class, empty, every rule is."""
        return self.interface in ("*", interface) and (not device_class or self.device_class in ("*", device_class))


class Policy(NamedTuple):
    """One policy file.

    Attributes:
        owners: Key id, or root and subject of a certificate, to the signer's name.
        rules: In the file's order.
        revocation: Whether each certificate's issuer must have a recent revocation list here.
        unsigned: Whether ``--unsigned`` may set the rules aside.
        where: The file.
        need_list: Whether a list of revocations must have been brought here.
        stop_expired: Whether one past its date stops a run, instead of marking its lines.
    """

    owners: Mapping[str | tuple[str, str], str]
    rules: tuple[Rule, ...]
    revocation: bool
    unsigned: bool
    where: str
    need_list: bool = False
    stop_expired: bool = False


def parse_policy(data: bytes, where: str) -> Policy:
    """The policy in a file's bytes.

    Raises:
        PolicyError: A key is unknown, missing, of the wrong type or out of range, or two lines contradict each other.
    """
    root = parse(data, where, PolicyError, "TRV-P098")
    _only(root, ("kind", "format", "signers", "rules"), ("revocation", "unsigned", "lists", "note"))
    root["kind"].choice("policy")
    root["format"].integer(0, 0)
    owners: dict[str | tuple[str, str], str] = {}
    names = [name for name, node in root["signers"].pairs() if _add_signer(owners, name, node)]
    rules = tuple(_rule(node, names) for node in root["rules"].items(256, 1))
    revocation, unsigned = root.get("revocation"), root.get("unsigned")
    return Policy(
        owners=owners,
        rules=rules,
        revocation=revocation is not None and revocation.choice("kept", "required") == "required",
        unsigned=unsigned is not None and _truth(unsigned),
        where=where,
        **_lists(root.get("lists")),
    )


def _lists(node: Node | None) -> dict[str, bool]:
    """What a policy says about lists of revocations."""
    if node is None:
        return {}
    _only(node, (), ("required", "expired", "note"))
    required, expired = node.get("required"), node.get("expired")
    return {
        "need_list": required is not None and _truth(required),
        "stop_expired": expired is not None and expired.choice("mark", "stop") == "stop",
    }


def refusal(policy: Policy, package: Package, signers: Iterable[Signer], classes: Iterable[str]) -> PolicyError | None:
    """Why a policy does not admit a package, or None when it does.

    Args:
        policy: The policy.
        package: A package.
        signers: Those whose signatures verified.
        classes: Classes of the devices that it shall judge; none when they are not known.
    """
    interface, known = package.manifest.interface.id, tuple(signers)
    for device_class in dict.fromkeys(classes) or ("",):
        fitting = [rule for rule in policy.rules if rule.fits(interface, device_class)]
        if not fitting:
            message = Message("no rule is about interface {interface!r}", interface=interface)
            if device_class:
                message = Message(
                    "{said} on devices of class {device_class!r}", said=message, device_class=device_class
                )
            return _refused(policy, message, "add one, if such packages shall run here")
        for rule in fitting:
            if found := _broken(policy, rule, package, known):
                return found
    return None


def _broken(policy: Policy, rule: Rule, package: Package, signers: tuple[Signer, ...]) -> PolicyError | None:
    counted = [signer for signer in signers if signer.signed_at is not None or not rule.timestamp]
    names = {_owner(policy, signer) for signer in counted} & set(rule.signers)
    if len(names) < rule.threshold:
        asked = Message(
            "{threshold} of {names} must have signed", threshold=rule.threshold, names=", ".join(rule.signers)
        )
        if rule.timestamp:
            asked = Message("{said}, with a trusted timestamp", said=asked)
        has = ", ".join(sorted(names)) or Message("none of them")
        message = Message("{asked}, and {has} did", asked=asked, has=has)
        return _refused(policy, message, "ask for the missing signature; `trivet verify` shows who signed")
    for name in rule.evidence:
        if f"evidence/{name}.json" not in package.members:
            message = Message("the package lacks the evidence {name!r}", name=name)
            return _refused(policy, message, "ask its maker for a package with it")
        if name == PROVENANCE and (doubt := _doubted(package)):
            message = Message("its evidence {name!r} {doubt}", name=name, doubt=Message.of(doubt))
            return _refused(policy, message, "ask its maker for a package with it")
    return None


def _doubted(package: Package) -> str:
    """Why the provenance of a package is none; empty where it is."""
    from trivet.package.provenance import read_provenance

    try:
        read_provenance(package)
    except FormatError as error:
        return error.message
    return ""


def _owner(policy: Policy, signer: Signer) -> str:
    """The one name that a signature counts for; empty for a stranger to the policy."""
    return next((policy.owners[one] for one in signer.identities if one in policy.owners), "")


def _refused(policy: Policy, message: str, hint: str) -> PolicyError:
    return PolicyError(message, where=policy.where, hint=hint, rule="TRV-P099")


def _add_signer(owners: dict[str | tuple[str, str], str], name: str, node: Node) -> str:
    """Notes a signer's keys and certificates, none of which may belong to two."""
    if not WORD.fullmatch(name):
        node.fail(
            Message("the signer's name {name!a} is not of the form {pattern}", name=name[:80], pattern=WORD.pattern)
        )
    _only(node, (), ("keys", "certificates", "note"))
    keys, certificates = node.get("keys"), node.get("certificates")
    found: list[tuple[Node, str | tuple[str, str]]] = []
    if keys is not None:
        found += [(item, item.text(DIGEST)) for item in keys.items(256, 1)]
    for item in certificates.items(256, 1) if certificates is not None else ():
        _only(item, ("root", "subject"), ())
        found.append((item, (item["root"].text(DIGEST), item["subject"].text(most=512))))
    if not found:
        node.fail("names neither a key nor a certificate")
    for item, one in found:
        if one in owners:
            item.fail("is named twice; one key or certificate is one signer's")
        owners[one] = name
    return name


def _rule(node: Node, names: list[str]) -> Rule:
    _only(node, ("interface", "signers", "threshold"), ("device_class", "evidence", "timestamp", "note"))
    signers = tuple(item.choice(*names) for item in node["signers"].items(256, 1))
    if len(set(signers)) != len(signers):
        node["signers"].fail("names a signer twice")
    device_class, evidence, timestamp = (node.get(key) for key in ("device_class", "evidence", "timestamp"))
    return Rule(
        interface=node["interface"].text(INTERFACE, 64),
        device_class="*" if device_class is None else device_class.text(DEVICE_CLASS, 64),
        signers=signers,
        threshold=node["threshold"].integer(1, len(signers)),
        evidence=() if evidence is None else tuple(item.text(WORD) for item in evidence.items(64)),
        timestamp=timestamp is not None and _truth(timestamp),
    )


def _only(node: Node, needed: Iterable[str], allowed: Iterable[str]) -> None:
    """Refuses keys that are not known: a policy with a slip of the pen must not mean something weaker."""
    tree = node.object()
    for key in needed:
        _ = node[key]
    if unknown := sorted(set(tree) - {*needed, *allowed}):
        node.fail(Message("has the unknown key {key!a}", key=unknown[0][:80]), _MEND)


def _truth(node: Node) -> bool:
    if not isinstance(node.value, bool):
        node.fail("must be true or false", _MEND)
    return bool(node.value)


_MEND = "correct the policy; docs/signing.md shows one"
