"""Where a model comes from: an in-toto statement whose predicate is SLSA provenance v1, read and checked.

It is the evidence ``provenance`` of a package. Its subjects are the members that training made, by their
SHA-256, since no member can name the digest of the manifest that names it; ``about`` says the same of the whole
package. Materials are SLSA's resolved dependencies; what they are stands in their annotation ``role``::

    extract     what was learned from, byte for byte; ``simulated`` says whether a plant or a program made it
    simulator   the program that made simulated extracts, with its ``version``
    interface   the document that the model was trained for
    code        what turned one into the other
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from trivet.errors import FormatError, Message
from trivet.package.tree import Node, parse

if TYPE_CHECKING:
    from trivet.package.archive import Package

NAME = "provenance"
MEMBER = f"evidence/{NAME}.json"

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://slsa.dev/provenance/v1"
BUILD_TYPE = "urn:trivet:training:0"

ROLES = ("extract", "simulator", "interface", "code")

MADE = ("model", "features", "interface")
"""Roles of the members that a statement is about."""

MOST_MATERIALS = 4096
MOST_FACTS = 64

DIGEST = re.compile(r"[0-9a-f]{64}")
MOMENT = re.compile(r"[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9](\.[0-9]{1,9})?Z")
URI = re.compile(r"[a-z][a-z0-9+.-]*:[!-~]+")

Tree = dict[str, Any]


class Material(NamedTuple):
    """One thing that a model was made from.

    Attributes:
        name: For people, such as ``all_faults``.
        sha256: Lower-case hexadecimal.
        role: One of ``ROLES``.
        facts: What else is known, such as ``rows``, ``seed``, ``version`` or ``simulated``.
    """

    name: str
    sha256: str
    role: str = "extract"
    facts: Mapping[str, Any] = {}

    @property
    def simulated(self) -> bool:
        """Whether no appliance was measured for it."""
        return self.facts.get("simulated") is True

    @property
    def descriptor(self) -> Tree:
        """The material as an in-toto resource descriptor."""
        annotations = {"role": self.role, **self.facts}
        return {"name": self.name, "digest": {"sha256": self.sha256}, "annotations": annotations}


class Provenance(NamedTuple):
    """What a statement says.

    Attributes:
        subjects: Name to SHA-256 of what was made.
        materials: What it was made from.
        parameters: What the one who trained chose: command, seeds, sizes.
        builder: URI of who or what trained.
        tools: Name to version of what it used.
        started: RFC 3339, or empty where nobody told: the same inputs then give the same bytes.
        finished: The same.
        predicate: The whole predicate, unknown keys included.
    """

    subjects: Mapping[str, str]
    materials: tuple[Material, ...]
    parameters: Mapping[str, Any]
    builder: str
    tools: Mapping[str, str]
    started: str
    finished: str
    predicate: Mapping[str, Any]

    def of(self, role: str) -> tuple[Material, ...]:
        """The materials of one role."""
        return tuple(one for one in self.materials if one.role == role)


def statement(predicate: Mapping[str, Any], subjects: Mapping[str, str]) -> Tree:
    """The in-toto statement that says where subjects, name to SHA-256, come from."""
    named = [{"name": name, "digest": {"sha256": sha256}} for name, sha256 in sorted(subjects.items())]
    return {"_type": STATEMENT_TYPE, "subject": named, "predicateType": PREDICATE_TYPE, "predicate": dict(predicate)}


def read_provenance(package: Package) -> Provenance | None:
    """What a package says about its own training; None when it says nothing.

    Raises:
        FormatError: The statement is malformed, or about another model.
    """
    if MEMBER not in package.members:
        return None
    found = parse_provenance(package.member(MEMBER), MEMBER)
    made = {member.path: member.sha256 for member in package.manifest.members if member.role in MADE}
    if dict(found.subjects) != made:
        message = "is about another model, interface or feature list than those of the package"
        raise FormatError(message, where=MEMBER, hint=_AGAIN, rule="TRV-P110")
    return found


def about(package: Package) -> Tree | None:
    """The same statement with the whole package as its subject, to be told beside it; None when there is none.

    Raises:
        FormatError: As ``read_provenance``.
    """
    found = read_provenance(package)
    name = f"{package.manifest.name}-{package.manifest.version}"
    return None if found is None else statement(found.predicate, {name: package.digest})


def parse_provenance(data: bytes, where: str) -> Provenance:
    """The statement in a JSON text.

    Raises:
        FormatError: It is not JSON within bounds, not SLSA provenance v1 of a training, or contradicts itself.
    """
    root = parse(data, where, FormatError, "TRV-P110")
    root["_type"].choice(STATEMENT_TYPE)
    root["predicateType"].choice(PREDICATE_TYPE)
    predicate = root["predicate"]
    how, run = predicate["buildDefinition"], predicate["runDetails"]
    how["buildType"].choice(BUILD_TYPE)
    materials = tuple(_material(node) for node in how["resolvedDependencies"].items(MOST_MATERIALS, 1))
    _check_materials(how["resolvedDependencies"], materials)
    times = run.get("metadata")
    return Provenance(
        subjects=_subjects(root["subject"]),
        materials=materials,
        parameters=_parameters(how["externalParameters"]),
        builder=run["builder"]["id"].text(URI, 512),
        tools=_tools(run["builder"]),
        started=_moment(times, "startedOn"),
        finished=_moment(times, "finishedOn"),
        predicate=predicate.object(),
    )


def _subjects(node: Node) -> dict[str, str]:
    items = node.items(64, 1)
    found = {item["name"].text(most=256): item["digest"]["sha256"].text(DIGEST) for item in items}
    if len(found) != len(items):
        node.fail("names a subject twice")
    return found


def _material(node: Node) -> Material:
    facts = dict(_few(node["annotations"]))
    role = node["annotations"]["role"].choice(*ROLES)
    del facts["role"]
    return Material(node["name"].text(most=256), node["digest"]["sha256"].text(DIGEST), role, facts)


def _check_materials(node: Node, materials: Sequence[Material]) -> None:
    """Something must have been learned from, and what was simulated by something."""
    named = {(one.role, one.name) for one in materials}
    if len(named) != len(materials):
        node.fail("names a material twice")
    extracts = [one for one in materials if one.role == "extract"]
    if not extracts:
        node.fail("names no training extract", "give each part of the training data as a material")
    simulators = [one for one in materials if one.role == "simulator"]
    if any(one.simulated for one in extracts) and not simulators:
        node.fail("has simulated extracts and names no simulator", "give the simulator with its version and digest")
    for one in simulators:
        if not isinstance(one.facts.get("version"), str):
            node.fail(Message("does not say the version of the simulator {name!a}", name=one.name[:80]))


def _parameters(node: Node) -> Mapping[str, Any]:
    node["command"].text(most=4096)
    for _, seed in node["seeds"].pairs():
        seed.integer(-(2**53), 2**53)
    return _few(node)


def _tools(builder: Node) -> dict[str, str]:
    version = builder.get("version")
    if version is None:
        return {}
    _few(version)
    return {name: node.text(most=256) for name, node in version.pairs()}


def _moment(times: Node | None, key: str) -> str:
    found = None if times is None else times.get(key)
    return "" if found is None else found.text(MOMENT, 64)


def _few(node: Node) -> dict[str, Any]:
    tree = node.object()
    if len(tree) > MOST_FACTS:
        node.fail(Message("has over {most} keys", most=MOST_FACTS))
    return tree


_AGAIN = "ask the maker for the package again"
