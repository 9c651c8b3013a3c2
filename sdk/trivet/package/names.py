"""Names inside a model: plain ASCII, no two that look alike, and metadata whose keys are given once."""

from __future__ import annotations

import re
from collections.abc import Collection

from trivet.errors import GraphError, Message
from trivet.package.looks import look
from trivet.package.messages import ENTRY
from trivet.package.protobuf import Reader

_NAME = re.compile(r"[!-~]{1,256}")


def check_name(name: str, where: str) -> None:
    """Refuses a name that is not plain printable ASCII.

    Raises:
        GraphError: It is not; names that look alike, or run backwards, deceive readers.
    """
    if not _NAME.fullmatch(name):
        message = Message("has the name {name!a}, which is not plain ASCII without spaces", name=name[:80])
        raise GraphError(message, where=where, hint="rename it and export the model again", rule="TRV-P066")


def check_looks(ports: Collection[str], values: Collection[str]) -> None:
    """Refuses a value whose name looks like that of an input or output.

    Raises:
        GraphError: There is one; who reads the graph would take one for the other.
    """
    looks = {look(name): name for name in ports}
    for name in [*ports, *values]:
        port = looks.get(look(name), name)
        if port != name:
            message = Message("has the name {name!r}, which looks like {other!r}", name=name[:80], other=port[:80])
            raise GraphError(message, where="graph", hint="rename it and export the model again", rule="TRV-P066")


def check_metadata(reader: Reader, entries: list[memoryview], where: str) -> None:
    """Checks the metadata of a model or a part of it.

    Raises:
        GraphError: A key is not plain ASCII, or given twice.
    """
    keys = [reader.read(data, ENTRY, f"{where} metadata").get("key", "") for data in entries]
    for key in keys:
        check_name(key, f"{where} metadata")
    if len(set(keys)) != len(keys):
        message = "has a key twice"
        raise GraphError(message, where=f"{where} metadata", hint="export the model again", rule="TRV-P065")
