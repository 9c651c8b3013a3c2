"""What a machine has seen and does not forget: the newest signed date, numbers of lists, versions that ran.

One small file in the home folder, ``revocation/seen.json``. It only grows: two processes that
write it at once each keep what the other found. Whoever deletes it starts anew.
"""

# Every start of a model may wait for this module, and pathlib takes longer to import than all of it.
# ruff: noqa: PTH118

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar

from trivet import canonical
from trivet.errors import Message, PolicyError, SignatureError
from trivet.package.forms import DIGEST, VERSION
from trivet.package.keys import read_file
from trivet.package.tree import LARGEST, Node, parse
from trivet.package.whole import put

FILE = "seen.json"
RULE = "TRV-P117"
MOST = 4096
"""Most lists, and most package names, that are remembered."""

_DIGITS = re.compile(r"[0-9]{1,19}")

T = TypeVar("T")


class Mark(NamedTuple):
    """The newest list of one id.

    Attributes:
        number: Its number; no lower one is taken any more.
        sha256: Of its payload; no other one of this number is taken.
        kept: Whether it is here; otherwise somebody removed it on purpose.
    """

    number: int
    sha256: str
    kept: bool = True


class Ran(NamedTuple):
    """The newest version of one package name that a trusted signer's package ran as."""

    version: str
    digest: str


class Seen(NamedTuple):
    """What was seen.

    Attributes:
        time: The newest signed date [ns, UTC]; it is at least as late as that.
        source: What that date stood on.
        lists: Id to mark.
        packages: Package name to what ran.
    """

    time: int = 0
    source: str = ""
    lists: Mapping[str, Mark] = {}
    packages: Mapping[str, Ran] = {}

    def later(self, time: int, source: str) -> Seen:
        """With a signed date, which counts when it is newer."""
        return self._replace(time=time, source=source) if time > self.time else self

    def listed(self, name: str, mark: Mark) -> Seen:
        """With the newest list of an id."""
        return self._replace(lists={**self.lists, name: mark})

    def ran(self, name: str, run: Ran) -> Seen:
        """With a package that ran, unless a newer version did."""
        known = self.packages.get(name)
        newest = known is None or precedence(run.version) >= precedence(known.version)
        return self._replace(packages={**self.packages, name: run}) if newest else self


def precedence(version: str) -> tuple[Any, ...]:
    """Sort key of a semantic version (SemVer 2.0.0, item 11): a pre-release comes before its release."""
    numbers, _, early = version.partition("-")
    parts = (
        tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in early.split(".")) if early else ()
    )
    return (*map(int, numbers.split(".")), not early, parts)


def joined(one: Seen, other: Seen) -> Seen:
    """What either has seen, the newer of each; ``one`` where they are level."""
    later = one if one.time >= other.time else other
    lists = _newest(one.lists, other.lists, lambda mark: mark.number)
    packages = _newest(one.packages, other.packages, lambda run: precedence(run.version))
    return Seen(later.time, later.source, lists, packages)


def load_seen(folder: str) -> Seen:
    """What is remembered in a ``revocation`` folder; nothing where nothing was written.

    Raises:
        PolicyError: The file is there and cannot be read: what it protects from must not pass for never seen.
    """
    path = os.path.join(folder, FILE)
    if not folder or not os.path.exists(path):  # noqa: PTH110
        return Seen()
    try:
        root = parse(read_file(path, LARGEST + 1), path, PolicyError, RULE)
    except SignatureError as error:
        raise PolicyError(error.message, where=path, hint=_MEND, rule=RULE) from error
    try:
        return _read(root)
    except PolicyError as error:
        error.hint = _MEND
        raise


def save_seen(folder: str, seen: Seen) -> Seen:
    """Adds to what is remembered, whole or not at all; gives what is remembered now.

    Raises:
        PolicyError: It cannot be written.
    """
    whole = joined(seen, load_seen(folder))
    replace_seen(folder, whole)
    return whole


def replace_seen(folder: str, seen: Seen) -> None:
    """Puts this in the place of all that is remembered, for who wants a machine to forget.

    Raises:
        PolicyError: It cannot be written.
    """
    path = os.path.join(folder, FILE)
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)  # noqa: PTH103
        put(path, canonical.dumps(_written(seen)))
    except OSError as error:
        raise PolicyError(
            Message("cannot be written ({reason})", reason=error.strerror),
            where=path,
            hint="check its permissions",
            rule=RULE,
        ) from error


def _newest(one: Mapping[str, T], other: Mapping[str, T], key: Callable[[T], Any]) -> dict[str, T]:
    both = dict(other)
    for name, value in one.items():
        if name not in both or key(value) >= key(both[name]):
            both[name] = value
    return both


def _written(seen: Seen) -> dict[str, Any]:
    return {
        "kind": "seen",
        "format": 0,
        "time": str(seen.time),
        "source": seen.source,
        "lists": {name: mark._asdict() for name, mark in seen.lists.items()},
        "packages": {name: run._asdict() for name, run in seen.packages.items()},
    }


def _read(root: Node) -> Seen:
    root["kind"].choice("seen")
    root["format"].integer(0, 0)
    lists = {
        name: Mark(node["number"].integer(1, 1 << 31), node["sha256"].text(DIGEST), node["kept"].value is True)
        for name, node in _few(root["lists"])
    }
    packages = {
        name: Ran(node["version"].text(VERSION, 64), node["digest"].text(DIGEST))
        for name, node in _few(root["packages"])
    }
    return Seen(int(root["time"].text(_DIGITS)), root["source"].text(most=256), lists, packages)


def _few(node: Node) -> list[tuple[str, Node]]:
    if len(node.object()) > MOST:
        node.fail(Message("has over {most} keys", most=MOST))
    return list(node.pairs())


_MEND = "restore it from a backup; deleting it makes this machine forget what it has seen"
