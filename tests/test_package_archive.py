"""The archive: one byte form, whatever machine writes it, and nothing else is read."""

from __future__ import annotations

import io
import os
import random
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import tinypackage as tiny
from trivet import canonical
from trivet.errors import DigestError, FormatError
from trivet.package.archive import attach, file_name, open_package, read, write

HERE = Path(__file__).parent

PACK = """
import hashlib, os, sys, time
if sys.argv[4] != "now":
    time.time, time.time_ns = lambda: float(sys.argv[4]), lambda: int(sys.argv[4]) * 10**9
    time.localtime = time.gmtime = lambda *_: time.struct_time((2038, 1, 19, 3, 14, 8, 1, 19, 1))
os.umask(int(sys.argv[1], 8))
os.chdir(sys.argv[3])
import tinypackage as tiny
from trivet.package.archive import write
members = dict(sorted(tiny.members().items(), reverse=sys.argv[2] == "reversed"))
print(hashlib.sha256(write(tiny.tree(), members)).hexdigest())
"""


def test_what_is_written_is_read_again() -> None:
    package = read(tiny.package())
    assert {path: bytes(content) for path, content in package.members.items()} == tiny.members()
    assert package.digest == canonical.digest(package.manifest.tree)
    assert package.signatures == {}
    assert package.attestations == {}
    assert package.member("features.json") == b"[]"
    assert file_name(package.manifest) == "kettle-watch-0.1.0.trivet"


def test_the_type_can_be_read_at_byte_38() -> None:
    assert tiny.package()[38:68] == b"application/vnd.trivet.package"


def test_an_independent_zip_library_writes_the_same_bytes_and_reads_them() -> None:
    data, stream = tiny.package(), io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as other:
        for path, content in tiny.entries(data):
            entry = zipfile.ZipInfo(path, (1980, 1, 1, 0, 0, 0))
            entry.external_attr, entry.create_system = 0o100644 << 16, 3
            other.writestr(entry, content)
    assert stream.getvalue() == data
    with zipfile.ZipFile(io.BytesIO(data)) as found:
        assert found.testzip() is None
        assert found.namelist() == [path for path, _ in tiny.entries(data)]


def _packed(words: list[str], variables: dict[str, str], before: tuple[str, ...] = ()) -> str:
    """SHA-256 of the package that another process packs: umask, order of members, working folder, clock."""
    done = subprocess.run(  # noqa: S603 - our own script
        [*before, sys.executable, "-c", PACK, *words],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(HERE), "PATH": os.defpath, **variables},
    )
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("umask", "order", "folder", "clock", "variables"),
    [
        ("000", "sorted", "/", "now", {"TZ": "UTC", "PYTHONHASHSEED": "0"}),
        ("077", "reversed", "/tmp", "0", {"TZ": "Asia/Shanghai", "PYTHONHASHSEED": "1234", "LC_ALL": "C"}),
        ("022", "reversed", "/", "4102444800", {"TZ": "America/St_Johns", "LANG": "tr_TR.UTF-8", "PYTHONUTF8": "0"}),
        ("027", "sorted", "/tmp", "1", {"SOURCE_DATE_EPOCH": "1", "PYTHONHASHSEED": "99", "LC_ALL": "POSIX"}),
    ],
)
def test_packing_is_reproducible(umask: str, order: str, folder: str, clock: str, variables: dict[str, str]) -> None:
    assert _packed([umask, order, folder, clock], variables) == canonical.sha256(tiny.package())


@pytest.mark.interop
@pytest.mark.skipif(shutil.which("faketime") is None, reason="faketime is not installed")
@pytest.mark.parametrize("day", ["1999-12-31 23:59:59", "2026-03-29 02:30:00", "2037-01-19 03:14:08"])
def test_packing_is_the_same_on_another_day(day: str) -> None:
    fake = (str(shutil.which("faketime")), day)
    assert _packed(["022", "sorted", "/", "now"], {}, fake) == canonical.sha256(tiny.package())


def test_bytes_of_members_may_be_any_buffer() -> None:
    views = {path: memoryview(bytearray(content)) for path, content in tiny.members().items()}
    assert write(tiny.tree(), views) == tiny.package()  # type: ignore[arg-type]


def test_members_of_the_tree_are_filled_in() -> None:
    assert write({**tiny.tree(), "members": "anything"}, tiny.members()) == tiny.package()


def test_unknown_manifest_keys_are_kept() -> None:
    package = read(tiny.package(remark={"by": ["us"]}))
    assert package.manifest.tree["remark"] == {"by": ["us"]}
    assert write(package.manifest.tree, {p: bytes(v) for p, v in package.members.items()}) == package.data


def test_write_makes_nothing_that_read_refuses() -> None:
    for path, content in (("model.pkl", b""), ("golden/A.f32", b""), ("../x", b""), ("evidence/x.json\n", b"")):
        with pytest.raises(FormatError, match="no path"):
            write(tiny.tree(), {**tiny.members(), path: content})
    with pytest.raises(FormatError, match="not JSON"):
        tiny.package(length=float("nan"))
    with pytest.raises(FormatError, match="'model'"):
        write(tiny.tree(), {path: content for path, content in tiny.members().items() if path != "model.onnx"})


def test_attaching_changes_no_digest_and_replaces() -> None:
    data, path = tiny.package(), "META-INF/attestations/bench.json"
    once = attach(data, path, b'{"p99":1}')
    again = attach(once, path, b'{"p99":2}')
    assert read(again).attestations == {path: b'{"p99":2}'}
    assert read(again).digest == read(data).digest
    assert read(again).members == read(data).members
    assert once.startswith(data[: data.index(b"PK\1\2")])
    bare = read(again)
    assert write(bare.manifest.tree, {p: bytes(v) for p, v in bare.members.items()}) == data


@pytest.mark.parametrize("path", ["model.onnx", "META-INF/x", "META-INF/signatures/x.sigstore.json", "manifest.json"])
def test_only_signatures_and_attestations_are_attached(path: str) -> None:
    with pytest.raises(FormatError):
        attach(tiny.package(), path, b"{}")


def test_attestations_are_bounded() -> None:
    with pytest.raises(FormatError, match="limit"):
        attach(tiny.package(), "META-INF/attestations/x.json", bytes((1 << 20) + 1))


def test_every_changed_byte_is_refused() -> None:
    good = tiny.package()
    for position in range(len(good)):
        data = bytearray(good)
        data[position] ^= random.Random(position).randrange(1, 256)  # noqa: S311 - not for security
        with pytest.raises((FormatError, DigestError)):
            read(bytes(data))


def test_every_cut_is_refused() -> None:
    good = tiny.package()
    for length in range(len(good)):
        with pytest.raises(FormatError):
            read(good[:length])


def test_a_file_is_opened_by_path_and_blamed_by_path(tmp_path: Path) -> None:
    target = tmp_path / "x.trivet"
    target.write_bytes(tiny.package())
    assert open_package(target).digest == open_package(str(target)).digest
    target.write_bytes(tiny.package()[:-1])
    with pytest.raises(FormatError) as caught:
        open_package(target)
    assert caught.value.where == str(target)


def test_what_is_no_file_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "nothing", tmp_path / "pipe", Path("/dev/zero"), "a\0b"):
        with pytest.raises(FormatError) as caught:
            open_package(path)
        assert caught.value.rule == "TRV-P001"


def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    target = tmp_path / "x.trivet"
    with target.open("wb") as stream:
        stream.truncate(1 << 40)
    with pytest.raises(FormatError, match="at most"):
        open_package(target)


def test_a_name_that_was_not_judged_yet_is_told_in_printable_characters() -> None:
    entries = [*tiny.entries(tiny.package()), ("x\x1b[2J\0.json", b"{}")]
    with pytest.raises(FormatError) as caught:
        read(tiny.zip_of(entries, central={len(entries) - 1: {"version": 10}}))
    assert caught.value.rule == "TRV-P004"
    assert str(caught.value).isprintable()
    assert caught.value.where == r"x\x1b[2J\x00.json"
