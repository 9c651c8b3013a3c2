"""Taking lists of revocations into the home folder, one or a whole stick."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from time import time_ns
from typing import NamedTuple

from trivet.errors import Message, PackageError, PolicyError
from trivet.package import store
from trivet.package.keys import read_file
from trivet.package.revoked import LARGEST, SUFFIX, Revocations, moment, read_list
from trivet.package.seen import load_seen, replace_seen, save_seen
from trivet.package.standing import believed_clock, check_order, mark_of, revoked_signer, stand, vouch
from trivet.package.trust import files_of, load_trust

KIND = "revocations"
CLOCK = "clock"

MOST_FILES = 256
"""Most lists on one stick."""


class Outcome(NamedTuple):
    """What became of one file of a stick.

    Attributes:
        path: The file.
        entry: What is kept of it now, or None.
        refusal: Why it was refused, or None.
    """

    path: str
    entry: store.Entry | None
    refusal: PackageError | None


def take(home: Path, content: bytes, where: str, clock: Callable[[], int] = time_ns) -> store.Entry:
    """Keeps a list of revocations, if it is signed by somebody trusted and not older than what was seen.

    Args:
        home: Home folder.
        content: The file's bytes.
        where: The file.
        clock: The time [ns since the epoch, UTC].

    Raises:
        SignatureError: It is no list, or its signature does not verify.
        PolicyError: Its signer is not trusted here or was revoked, it is older than one that was seen, or
            the home folder cannot be written.
    """
    folder = str(home / "revocation")
    signed, seen, trust = read_list(content, where), load_seen(folder), load_trust(home)
    signer = vouch(signed, trust, believed_clock(seen, clock), where)
    check_order(signed, seen, where)
    others = [one for one in _lists(home) if one.id != signed.revocations.id]
    if (doubt := revoked_signer(others, signer)) is not None:
        raise PolicyError(doubt.message, where=where, hint="ask for the list by another signer", rule="TRV-P113")
    target = store.write(home, "revocation", f"{signed.revocations.id}{SUFFIX}", content)
    one = signed.revocations
    save_seen(folder, seen.listed(one.id, mark_of(signed)).later(one.issued, f"list {one.name}"))
    return _entry(one, target, believed_clock(load_seen(folder), clock)())


def take_folder(home: Path, folder: Path, clock: Callable[[], int] = time_ns) -> tuple[Outcome, ...]:
    """Keeps every list of revocations and every authority's revocation list in a folder; one refusal stops no other.

    Raises:
        PolicyError: There is no such folder, or there are too many lists in it.
    """
    if not folder.is_dir():
        raise PolicyError("is no folder", where=str(folder), hint="name the folder of the stick", rule="TRV-P047")
    paths = [*files_of(str(folder), SUFFIX), *files_of(str(folder), ".crl")]
    if len(paths) > MOST_FILES:
        raise PolicyError(
            Message("holds over {most} lists", most=MOST_FILES), where=str(folder), hint="bring fewer", rule="TRV-P047"
        )
    return tuple(_outcome(home, path, clock) for path in paths)


def entries(home: Path, clock: Callable[[], int] = time_ns) -> tuple[store.Entry, ...]:
    """The lists that are kept, and the earliest time that is believed.

    Raises:
        PolicyError: As ``standing.stand``.
    """
    here = stand(load_trust(home), clock)
    rows = [_entry(one, home / "revocation" / f"{one.id}{SUFFIX}", here.clock()) for one in here.lists]
    seen = here.seen
    if seen.time:
        text = f"never believed earlier than {moment(seen.time)}, from {seen.source}"
        rows.append(store.Entry(CLOCK, CLOCK, text, False, home / "revocation" / "seen.json"))
    return tuple(rows)


def forget(home: Path, entry: store.Entry) -> None:
    """Removes a list, of which the number stays remembered, or the earliest time that is believed.

    Raises:
        PolicyError: It cannot be written.
    """
    folder = str(home / "revocation")
    seen = load_seen(folder)
    if entry.kind == CLOCK:
        replace_seen(folder, seen._replace(time=0, source=""))
        return
    replace_seen(folder, seen.listed(entry.id, seen.lists[entry.id]._replace(kept=False)))
    store.unlink(entry.path)


def _outcome(home: Path, path: str, clock: Callable[[], int]) -> Outcome:
    try:
        return Outcome(path, store.add(home, path, clock=clock), None)
    except PackageError as error:
        return Outcome(path, None, error)


def _lists(home: Path) -> tuple[Revocations, ...]:
    """Lists that are kept, as far as they can be read: a broken one must not stop its own replacement."""
    found = []
    for path in files_of(os.fspath(home / "revocation"), SUFFIX):
        try:
            found.append(read_list(read_file(path, LARGEST + 1), path).revocations)
        except PackageError:
            continue
    return tuple(found)


def _entry(one: Revocations, path: Path, now: int) -> store.Entry:
    state = "next due" if one.expires > now else "PAST ITS DATE, due"
    counts = f"{len(one.packages)} packages, {len(one.signers)} signers"
    text = f"number {one.number} of {moment(one.issued)[:10]}, {state} {moment(one.expires)[:10]}, {counts}"
    return store.Entry(KIND, one.id, text, False, path)
