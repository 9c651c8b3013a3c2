"""The home folder, and the trust store in it: public keys of signers that this machine admits.

The store starts empty. A key lies in ``trust/<key id>.pub``; certificates and
policies will lie beside it.
"""

# Every start of a model waits for this module, and pathlib takes longer to import than all of it.
# ruff: noqa: PTH111, PTH117, PTH118, PTH119, PTH208

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from trivet.errors import PolicyError, SignatureError
from trivet.package.keys import PublicKey, read_public_key

if TYPE_CHECKING:
    from pathlib import Path

FOLDERS = ("trust", "admission", "certificates", "revocation", "events", "state")


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
        message = f"cannot be made ({error.strerror})"
        raise PolicyError(
            message, where=str(folder), hint="choose another folder with --home", rule="TRV-P047"
        ) from error
    return folder


def add(home: Path, path: str | Path) -> PublicKey:
    """Trusts the signer whose public key is in a file.

    Raises:
        SignatureError: The file holds no public key.
        PolicyError: The trust store cannot be written.
    """
    key = read_public_key(path)
    target = subfolder(home, "trust") / f"{key.id}.pub"
    scratch = target.with_suffix(f".{os.getpid()}.tmp")
    try:
        scratch.write_bytes(key.pem)
        scratch.replace(target)
    except OSError as error:
        message = f"cannot be written ({error.strerror})"
        raise PolicyError(message, where=str(target), hint="check its permissions", rule="TRV-P047") from error
    return key


def remove(home: Path, key: str) -> PublicKey:
    """Trusts a signer no longer.

    Args:
        home: Home folder.
        key: The key's id or its first digits, or its short name.

    Raises:
        PolicyError: No trusted key, or more than one, is meant.
    """
    digits = key.rpartition(":")[2].lower()
    meant = [found for found in trusted_keys(home) if digits and found.id.startswith(digits)]
    if len(meant) != 1:
        message = f"{len(meant)} trusted keys begin with {digits[:80]!a}"
        raise PolicyError(message, where=str(home / "trust"), hint="see `trivet trust list`", rule="TRV-P047")
    (home / "trust" / f"{meant[0].id}.pub").unlink(missing_ok=True)
    return meant[0]


def trusted_keys(home: str | Path, files: Iterable[str | Path] = ()) -> tuple[PublicKey, ...]:
    """The keys of the trust store, by id, and those in some further files.

    Raises:
        SignatureError: A file holds no public key.
        PolicyError: The trust store holds something that ``add`` did not put there.
    """
    folder = os.path.join(home, "trust")
    stored = [_stored(os.path.join(folder, name)) for name in _names(folder) if name.endswith(".pub")]
    found = {key.id: key for key in (*stored, *map(read_public_key, files))}
    return tuple(found.values())


def _names(folder: str) -> list[str]:
    """What is in a folder, sorted; nothing when it is not there or may not be read."""
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def _stored(path: str) -> PublicKey:
    hint = "delete the file, and add the key again with `trivet trust add`"
    try:
        key = read_public_key(path)
    except SignatureError as error:
        raise PolicyError(error.message, where=path, hint=hint, rule="TRV-P047") from error
    if os.path.basename(path) != f"{key.id}.pub":
        raise PolicyError("is not named after its key", where=path, hint=hint, rule="TRV-P047")
    return key
