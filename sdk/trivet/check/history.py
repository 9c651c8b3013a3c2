"""A file as it was at another commit; git is called with fixed arguments, never through a shell."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from trivet.errors import DocumentError, Message
from trivet.interface.text import LARGEST_TEXT

PREFIX = "git:"
PATIENCE = 60.0

_REF = re.compile(r"[A-Za-z0-9_@][A-Za-z0-9_./@{}^~-]{0,200}")


def version_at(ref: str, path: Path, *, exact: bool = False) -> bytes | None:
    """The bytes of a file at a commit; None when it did not exist there.

    Args:
        ref: A branch, tag or commit.
        path: The file as it is now.
        exact: At the commit itself, instead of where its branch and the current one parted.

    Raises:
        DocumentError: There is no repository, no such commit, or the file was too large.
    """
    folder = path.resolve().parent
    commit = base_of(ref, folder, exact=exact)
    top = Path(_git(folder, "rev-parse", "--show-toplevel"))
    name = f"{commit}:{path.resolve().relative_to(top.resolve()).as_posix()}"
    size = _run(folder, "cat-file", "-s", name)
    if size.returncode:
        return None
    if int(size.stdout) > LARGEST_TEXT:
        raise DocumentError(
            Message("was over {most} bytes at {ref}", most=LARGEST_TEXT, ref=ref),
            where=str(path),
            rule="TRV-I002",
        )
    return _run(folder, "cat-file", "blob", name).stdout


def base_of(ref: str, folder: Path, *, exact: bool = False) -> str:
    """The commit that a comparison with a branch starts from.

    Raises:
        DocumentError: There is no repository or no such commit, or the two have no common history.
    """
    if not _REF.fullmatch(ref) or ".." in ref:
        raise DocumentError(Message("`{ref}` is not the name of a commit", ref=ref[:60]), hint="write such as git:main")
    commit = _git(folder, "rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}", about=ref)
    return commit if exact else _git(folder, "merge-base", commit, "HEAD", about=ref)


def changed_since(commit: str, folder: Path) -> set[Path]:
    """Files below a folder that differ from a commit, committed or not.

    Raises:
        DocumentError: There is no repository.
    """
    top = Path(_git(folder, "rev-parse", "--show-toplevel"))
    names = _git(folder, "diff", "--name-only", "--no-ext-diff", "-z", commit, "--", ".")
    return {top / name for name in names.split("\0") if name}


def _git(folder: Path, *arguments: str, about: str = "") -> str:
    done = _run(folder, *arguments)
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        reason = said[0][:200] if said else Message("no such commit, or no common history")
        message = Message("git cannot tell: {reason}", reason=reason)
        message = Message("`{commit}`: {said}", commit=about, said=message) if about else message
        raise DocumentError(message, where=str(folder), hint="check the commit")
    return done.stdout.decode("utf-8", "surrogateescape").strip("\n")


def _run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"}
    command = ["git", "-C", str(folder), "-c", "core.fsmonitor=false", "--no-pager", *arguments]
    try:
        return subprocess.run(command, capture_output=True, check=False, timeout=PATIENCE, env=environment)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DocumentError(
            Message("git cannot be run ({reason})", reason=type(error).__name__), hint="install git, or give a file"
        ) from error
