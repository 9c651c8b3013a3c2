"""The home folder, and the trust store in it: public keys of signers that this machine admits.

The store starts empty. A key lies in ``trust/<key id>.pub``; certificates and
policies will lie beside it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from trivet.errors import PolicyError, SignatureError
from trivet.package.keys import PublicKey, read_public_key

FOLDERS = ("trust", "admission", "certificates", "revocation", "events", "state")


def home_folder(argument: str | Path | None = None, environ: Mapping[str, str] | None = None) -> Path:
    """The home folder: the argument, else ``TRIVET_HOME``, else the platform's state folder.

    Args:
        argument: What ``--home`` gave.
        environ: Environment variables; those of this process when None.
    """
    variables = os.environ if environ is None else environ
    given = argument or variables.get("TRIVET_HOME")
    if given:
        return Path(given)
    state = Path(variables.get("XDG_STATE_HOME", ""))
    # The XDG specification says that a relative path is invalid and ignored.
    return (state if state.is_absolute() else Path.home() / ".local" / "state") / "trivet"


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


def trusted_keys(home: Path, files: Iterable[str | Path] = ()) -> tuple[PublicKey, ...]:
    """The keys of the trust store, by id, and those in some further files.

    Raises:
        SignatureError: A file holds no public key.
        PolicyError: The trust store holds something that ``add`` did not put there.
    """
    stored = [_stored(path) for path in sorted((home / "trust").glob("*.pub"))]
    found = {key.id: key for key in (*stored, *map(read_public_key, files))}
    return tuple(found.values())


def _stored(path: Path) -> PublicKey:
    hint = "delete the file, and add the key again with `trivet trust add`"
    try:
        key = read_public_key(path)
    except SignatureError as error:
        raise PolicyError(error.message, where=str(path), hint=hint, rule="TRV-P047") from error
    if path.name != f"{key.id}.pub":
        raise PolicyError("is not named after its key", where=str(path), hint=hint, rule="TRV-P047")
    return key
