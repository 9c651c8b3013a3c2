"""Runs every hostile package in a process of at most 1 GiB; started by ``test_hostile_packages``.

Prints one line for each case that is accepted, breaks another rule, or ends in
anything but a ``TrivetError``; no line means that all is well.
"""

from __future__ import annotations

import resource

from hostile.package_archives import CASES as ARCHIVES
from hostile.package_cases import Case, Keys
from hostile.package_graphs import CASES as GRAPHS
from hostile.package_manifests import CASES as MANIFESTS
from hostile.package_operators import CASES as OPERATORS
from hostile.package_protobuf import CASES as PROTOBUF
from hostile.package_signatures import CASES as SIGNATURES
from hostile.package_tensors import CASES as TENSORS
from trivet.errors import TrivetError
from trivet.package import keys
from trivet.package.admit import admit
from trivet.package.graph import check_contract, walk

ALL: list[Case] = [*ARCHIVES, *MANIFESTS, *SIGNATURES, *OPERATORS, *PROTOBUF, *TENSORS, *GRAPHS]


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
