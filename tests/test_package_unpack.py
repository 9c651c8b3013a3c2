"""Unpacking writes below the named folder, once, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

import tinypackage as tiny
from trivet.errors import FormatError
from trivet.package import archive, keys, sign
from trivet.package.unpack import unpack


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_members_and_signatures_lie_side_by_side(tmp_path: Path) -> None:
    data = archive.attach(sign.sign(tiny.package(), keys.generate()), "META-INF/attestations/bench.json", b"{}")
    package = archive.read(data)
    assert unpack(package, tmp_path / "out") == tmp_path / "out" / "package"
    found = _files(tmp_path / "out")
    members = {path.removeprefix("package/") for path in found if path.startswith("package/")}
    assert members == {*package.resources}
    assert [path for path in found if path.startswith("signatures/")] == [
        f"signatures/{sign.key_ids(package)[0]}.sigstore.json"
    ]
    assert found["attestations/bench.json"] == b"{}"
    assert found["package/mimetype"] == b"application/vnd.trivet.package"
    assert {p: found[f"package/{p}"] for p in package.members} == tiny.members()


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    assert unpack(archive.read(tiny.package()), tmp_path).is_dir()


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    package = archive.read(tiny.package())
    unpack(package, tmp_path / "out")
    before = _files(tmp_path)
    (tmp_path / "file").write_bytes(b"mine")
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "empty")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    for name in ("out", "file", "link", "dangling", "file/inside"):
        with pytest.raises(FormatError) as caught:
            unpack(package, tmp_path / name)
        assert caught.value.rule == "TRV-P050"
    assert _files(tmp_path) == {**before, "file": b"mine"}
    assert not (tmp_path / "nowhere").exists()


def test_a_package_built_by_hand_is_checked_too(tmp_path: Path) -> None:
    good = archive.read(tiny.package())
    evil = good._replace(data=tiny.zip_of([*tiny.entries(good.data), ("../evil", b"x")]))
    with pytest.raises(FormatError):
        unpack(evil, tmp_path / "out")
    assert not (tmp_path / "evil").exists()
