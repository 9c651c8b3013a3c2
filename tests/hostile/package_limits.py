"""Every hostile package by family; and all judged in one process of at most 1 GiB, for ``test_hostile_packages``.

Prints one line for each case that is accepted, breaks another rule, or ends in
anything but a ``TrivetError``; no line means that all is well. The families are
those that a loader has to refuse; runs, which take seconds, are left to ``measure``.
"""

from __future__ import annotations

import resource

from hostile import package_graphs as graphs
from hostile import package_manifests as manifests
from hostile import package_operators as operators
from hostile import package_signatures as signatures
from hostile import package_tensors as tensors
from hostile.package_archives import CASES as ARCHIVES
from hostile.package_cases import Case, Keys
from hostile.package_protobuf import CASES as PROTOBUF
from hostile.package_runs import CASES as RUNS
from trivet.errors import TrivetError
from trivet.package import keys
from trivet.package.admit import admit
from trivet.package.graph import check_contract, walk

MIXED = (*manifests.MEMBERS, *signatures.SIGNERS)

FAMILIES: dict[str, list[Case]] = {
    "archive": ARCHIVES,
    "manifest": [case for case in manifests.CASES if case not in MIXED],
    "signatures": [case for case in signatures.CASES if case not in MIXED],
    "mix-ups": list(MIXED),
    "external data": operators.EXTERNAL,
    "operators": [*operators.OPERATORS, *operators.VERSIONS],
    "protobuf": PROTOBUF,
    "tensors": tensors.TENSORS,
    "trees": tensors.TREES,
    "names": graphs.NAMES,
    "wiring and ports": [*graphs.WIRING, *graphs.CONTRACT],
    "sizes": graphs.SIZES,
    "run time": RUNS,
}

ALL: list[Case] = [case for name, family in FAMILIES.items() if name != "run time" for case in family]


def judge(case: Case, stored: Keys) -> TrivetError | None:
    """What trivet says of a case, the graph included; None when it accepts it."""
    data = case.build(stored)
    try:
        package = admit(data, stored.trusted, unsigned=case.unsigned).package
        check_contract(walk(package.members["model.onnx"]), package.manifest)
    except TrivetError as error:
        return error
    return None


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
    stored = Keys(*(keys.generate() for _ in Keys._fields))
    for case in ALL:
        try:
            error = judge(case, stored)
        except BaseException as untidy:
            print(f"{case.name}: {untidy!r}", flush=True)
            continue
        if error is None or error.rule != case.rule:
            print(f"{case.name}: {error}", flush=True)


if __name__ == "__main__":
    main()
