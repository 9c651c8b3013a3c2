"""The home folder, and the trust store in it: whose packages this machine admits.

::

    trust/<key id>.pub                     a signer's public key
    trust/<SHA-256>.crt                    a root that signers' certificates lead to
    trust/<SHA-256>.timestamp.crt          a root of timestamp authorities
    trust/<...>.development.pub, .crt      the same for developers: admitted only with ``--allow-development``
    trust/policy.json                      who must have signed what; without one, anybody trusted
    revocation/<...>.crl                   revocation lists of those roots and of what they issued

The store starts empty. It is read here and written by ``store``.
"""

# Every start of a model waits for this module, and pathlib takes longer to import than all of it.
# ruff: noqa: PTH111, PTH117, PTH118, PTH208

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from trivet.errors import Message, PolicyError, SignatureError
from trivet.package.keys import PublicKey, parse_public_key, read_file

if TYPE_CHECKING:
    from pathlib import Path

    from trivet.package.policy import Policy

FOLDERS = ("trust", "admission", "certificates", "revocation", "events", "state")

SIGN, TIMESTAMP, DEVELOPMENT = "sign", "timestamp", "development"
"""What a pinned certificate is for; a developer's also signs."""

POLICY = "policy.json"
MOST_POLICY_BYTES = 1 << 20


class Anchor(NamedTuple):
    """A pinned certificate, not parsed: that takes longer than all the rest, and few packages need it.

    Attributes:
        id: SHA-256 of its DER form, or empty when it was named for this once.
        purpose: ``sign`` or ``timestamp``.
        pem: What the file holds.
        where: The file.
    """

    id: str
    purpose: str
    pem: bytes
    where: str


class Trust(NamedTuple):
    """Whom a machine trusts.

    Attributes:
        keys: Public keys of signers.
        anchors: Pinned certificates.
        development: Ids of the keys and certificates that are developers'.
        revocation: Folder of revocation lists, or empty.
        policy: Who must have signed, or None: anybody who is trusted.
    """

    keys: tuple[PublicKey, ...] = ()
    anchors: tuple[Anchor, ...] = ()
    development: frozenset[str] = frozenset()
    revocation: str = ""
    policy: Policy | None = None


def home_folder(argument: str | Path | None = None, environ: Mapping[str, str] | None = None) -> Path:
    """The home folder: the argument, else ``TRIVET_HOME``, else the platform's state folder.

    Args:
        argument: What ``--home`` gave.
        environ: Environment variables; those of this process when None.
    """
    from pathlib import Path

    return Path(home_name(argument, environ))


def home_name(argument: str | Path | None = None, environ: Mapping[str, str] | None = None) -> str:
    """As ``home_folder``, for a start that does not wait for ``pathlib``."""
    variables = os.environ if environ is None else environ
    given = argument or variables.get("TRIVET_HOME")
    if given:
        return os.fspath(given)
    state = variables.get("XDG_STATE_HOME", "")
    # The XDG specification says that a relative path is invalid and ignored.
    if not os.path.isabs(state):
        state = os.path.join(os.path.expanduser("~"), ".local", "state")
    return os.path.join(state, "trivet")


def subfolder(home: Path, name: str) -> Path:
    """One of the ``FOLDERS`` of a home folder, made if need be, for its owner only.

    Raises:
        PolicyError: It cannot be made.
    """
    if name not in FOLDERS:
        raise ValueError(f"{name!r} is none of {', '.join(FOLDERS)}")
    folder = home / name
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        message = Message("cannot be made ({strerror})", strerror=error.strerror)
        raise PolicyError(
            message, where=str(folder), hint="choose another folder with --home", rule="TRV-P047"
        ) from error
    return folder


def load_trust(home: str | Path, files: Iterable[str | Path] = (), policy: str | Path | None = None) -> Trust:
    """The trust store of a home folder, and what some further files add for this once.

    Args:
        home: Home folder; it need not be there.
        files: Public keys and root certificates.
        policy: Policy file to use instead of the store's.

    Raises:
        SignatureError: A file holds neither a public key nor a certificate.
        PolicyError: The store holds something that ``store`` did not put there, or the policy is malformed.
    """
    folder, development = os.path.join(home, "trust"), set()
    keys: dict[str, PublicKey] = {}
    anchors: list[Anchor] = []
    for name in _names(folder):
        path, (stem, _, rest) = os.path.join(folder, name), name.partition(".")
        marks, _, kind = rest.rpartition(".")
        if kind == "pub" and marks in ("", DEVELOPMENT):
            keys[stem] = _stored(path, stem)
        elif kind == "crt" and marks in ("", DEVELOPMENT, TIMESTAMP):
            anchors.append(Anchor(stem, TIMESTAMP if marks == TIMESTAMP else SIGN, read_file(path), path))
        elif kind in ("pub", "crt"):
            raise PolicyError("is not named after its key or certificate", where=path, hint=_AGAIN, rule="TRV-P047")
        if marks == DEVELOPMENT:
            development.add(stem)
        if name == POLICY:
            policy = policy or path
    for file in files:
        found = _named(file)
        if isinstance(found, Anchor):
            anchors.append(found)
        else:
            keys.setdefault(found.id, found)
    lists = os.path.join(home, "revocation")
    return Trust(tuple(keys.values()), tuple(anchors), frozenset(development), lists, _policy(policy))


def files_of(folder: str, suffix: str) -> list[str]:
    """Paths of the files in a folder that end so, sorted."""
    return [os.path.join(folder, name) for name in _names(folder) if name.endswith(suffix)]


def _named(file: str | Path) -> PublicKey | Anchor:
    content = read_file(file)
    if b"-----BEGIN CERTIFICATE-----" in content:
        return Anchor("", SIGN, content, str(file))
    return parse_public_key(content, str(file))


def _policy(path: str | Path | None) -> Policy | None:
    if path is None:
        return None
    from trivet.package.policy import parse_policy

    try:
        content = read_file(path, MOST_POLICY_BYTES + 1)
    except SignatureError as error:
        raise PolicyError(
            error.message, where=str(path), hint="check the path of the policy", rule="TRV-P098"
        ) from error
    return parse_policy(content, str(path))


def _names(folder: str) -> list[str]:
    """What is in a folder, sorted; nothing when it is not there or may not be read."""
    try:
        return sorted(os.listdir(folder)) if folder else []
    except OSError:
        return []


_AGAIN = "delete the file, and add it again with `trivet trust add`"


def _stored(path: str, stem: str) -> PublicKey:
    try:
        key = parse_public_key(read_file(path), path)
    except SignatureError as error:
        raise PolicyError(error.message, where=path, hint=_AGAIN, rule="TRV-P047") from error
    if stem != key.id:
        raise PolicyError("is not named after its key", where=path, hint=_AGAIN, rule="TRV-P047")
    return key
