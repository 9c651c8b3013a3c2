"""Files are put in their place whole or not at all, and nothing is left beside them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from trivet.package.whole import put


def test_a_file_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    put(path, b"one")
    put(str(path), b"two", 0o600)
    assert path.read_bytes() == b"two"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("fails", ["fsync", "replace"])
def test_what_was_there_stays_when_it_fails(tmp_path: Path, fails: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "state.json"
    put(path, b"one")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, fails, full)
    with pytest.raises(OSError, match="No space left"):
        put(path, b"two")
    assert path.read_bytes() == b"one"
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_that_lies_in_the_way_is_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"safe")
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / f".state.{os.getpid()}.tmp").symlink_to(outside)
    put(folder / "state", b"new")
    assert outside.read_bytes() == b"safe"
    assert (folder / "state").read_bytes() == b"new"
