"""What a delta makes is the package bit for bit, or nothing at all."""

from __future__ import annotations

import contextlib
import json
import lzma
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinypackage as tiny
from packagepairs import KEYS, pair
from trivet import canonical
from trivet.cli import main
from trivet.errors import DigestError, FormatError, TrivetError
from trivet.export import delta, splice
from trivet.package import archive, keys, sign
from trivet.package.admit import admit

PAIRS = 60


@pytest.mark.parametrize("start", [pytest.param(0), *(pytest.param(s, marks=pytest.mark.soak) for s in (60, 500))])
def test_random_pairs_come_out_identical(start: int) -> None:
    for seed in range(start, start + (PAIRS if start == 0 else 500)):
        old, new = map(archive.read, pair(seed))
        made = delta.make(old, new)
        assert made == delta.make(old, new)
        assert delta.apply(made, old) == new.data


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=600), st.lists(st.tuples(st.integers(0, 600), st.integers(0, 600), st.binary(max_size=90))))
def test_splices_come_out_identical(old: bytes, edits: list[tuple[int, int, bytes]]) -> None:
    new = old
    for start, end, text in edits:
        new = new[:start] + text + new[end:]
    found = splice.splice(old, new)
    assert splice.join(old, found.table, found.literals, len(new)) == new
    assert found.rows <= splice.most_rows(len(new))
    assert len(found.table) == splice.table_size(found.rows)


@given(st.binary(max_size=200), st.lists(st.tuples(*[st.integers(0, 2**32 - 1)] * 3), max_size=5), st.binary())
def test_any_table_ends_in_bytes_or_an_error(old: bytes, rows: list[tuple[int, ...]], literals: bytes) -> None:
    table = b"".join(number.to_bytes(4, "little") for row in rows for number in row)
    with contextlib.suppress(ValueError):
        assert len(splice.join(old, table, literals, 100)) == 100


def test_the_signature_holds_and_countersigned_copies_do() -> None:
    old = archive.read(sign.sign(tiny.package(), KEYS[1]))
    new = sign.sign(tiny.package(version="0.2.0"), KEYS[0])
    made = delta.make(archive.read(tiny.package()), archive.read(new))
    assert delta.apply(made, old) == new
    assert admit(delta.apply(made, old), [keys.public_key(KEYS[0])]).signers


def test_another_base_is_refused() -> None:
    made = delta.make(archive.read(tiny.package()), archive.read(tiny.package(version="0.2.0")))
    with pytest.raises(DigestError, match="starts from package") as caught:
        delta.apply(made, archive.read(tiny.package(version="0.1.1")))
    assert caught.value.rule == "TRV-P121"


@pytest.mark.parametrize("seed", range(2))
def test_every_cut_and_every_changed_byte_is_refused(seed: int) -> None:
    """Only what the archive does not depend on may differ: there is nothing such in a delta but xz's own padding."""
    old, new = map(archive.read, pair(seed, most=600))
    made = delta.make(old, new)
    for end in range(len(made)):
        with pytest.raises(TrivetError):
            delta.apply(made[:end], old)
    for place in range(len(made)):
        changed = bytearray(made)
        changed[place] ^= 1 << place % 8
        try:
            assert delta.apply(bytes(changed), old) == new.data
        except TrivetError:
            continue


def edited(change: Callable[[dict[str, Any]], None], stream: bytes | None = None) -> bytes:
    """A delta whose header was changed after it was made."""
    made = delta.make(archive.read(tiny.package()), archive.read(tiny.package(version="0.2.0")))
    line, _, old = made.partition(b"\n")
    header = json.loads(line)
    change(header)
    return canonical.dumps(header) + b"\n" + (old if stream is None else stream)


HOSTILE: dict[str, Callable[[dict[str, Any]], None]] = {
    "format": lambda h: h.update(format=1),
    "no-base": lambda h: h.pop("base"),
    "base": lambda h: h.update(base="../"),
    "result": lambda h: h["result"].update(sha256="0" * 64),
    "result-size": lambda h: h["result"].update(size=1),
    "result-package": lambda h: h["result"].update(package="0" * 64),
    "name": lambda h: h["entries"][2].update(path="../../evil"),
    "device": lambda h: h["entries"][2].update(path="evidence/con.json"),
    "twice": lambda h: h["entries"].append(h["entries"][2]),
    "order": lambda h: h["entries"].reverse(),
    "nothing": lambda h: h.update(entries=[]),
    "many": lambda h: h.update(entries=h["entries"] * 500),
    "huge": lambda h: h["entries"][1].update(size=1 << 40),
    "large-manifest": lambda h: h["entries"][1].update(size=1 << 27),
    "rows": lambda h: h["entries"][1].update(rows=1 << 30, literals=0),
    "no-rows": lambda h: h["entries"][1].update(rows=0, literals=0),
    "from-nowhere": lambda h: h["entries"][2].update({"from": "META-INF/signatures/x"}),
    "from-number": lambda h: h["entries"][2].update({"from": 7}),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_headers_are_refused(name: str) -> None:
    with pytest.raises(TrivetError):
        delta.apply(edited(HOSTILE[name]), archive.read(tiny.package()))


@pytest.mark.parametrize("size", [0, 1, 20 << 20])
def test_a_stream_of_another_length_is_refused(size: int) -> None:
    """Not a byte more than promised is decompressed."""
    bomb = lzma.compress(bytes(size), lzma.FORMAT_XZ, preset=0)
    with pytest.raises(FormatError, match=r"cut short|longer"):
        delta.apply(edited(lambda _: None, bomb), archive.read(tiny.package()))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "old.trivet").write_bytes(tiny.package())
    (tmp_path / "new.trivet").write_bytes(sign.sign(tiny.package(version="0.2.0"), KEYS[0]))
    (tmp_path / "out").mkdir()
    return tmp_path


NAME = "kettle-watch-0.1.0-to-kettle-watch-0.2.0.delta"


def _verbs(folder: Path, out: str = "made.trivet") -> tuple[list[str], list[str]]:
    old, new, to = folder / "old.trivet", folder / "new.trivet", folder / "out"
    give = ["export", str(new), "--to", "delta", "--from", str(old), "--out", str(to)]
    take = ["import", str(to / NAME), "--from", "delta", "--onto", str(old), "--out", str(to / out)]
    return give, take


def test_the_verbs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    give, take = _verbs(folder)
    assert main(give) == 0
    assert main(take) == 0
    assert (folder / "out" / "made.trivet").read_bytes() == (folder / "new.trivet").read_bytes()
    assert main(take) == 2
    assert "is there already" in capsys.readouterr().err
    assert main([*give[:4], "--out", str(folder / "out")]) == 2
    assert "--from OLD" in capsys.readouterr().err
    assert main([*take[:4], "--out", str(folder / "x")]) == 2
    assert "--onto OLD" in capsys.readouterr().err


@pytest.mark.parametrize("harm", ["cut", "altered", "other base", "empty"])
def test_a_broken_delta_leaves_nothing(harm: str, folder: Path) -> None:
    give, take = _verbs(folder)
    assert main(give) == 0
    file = folder / "out" / NAME
    data = file.read_bytes()
    if harm == "other base":
        (folder / "old.trivet").write_bytes(tiny.package(version="0.1.7"))
    else:
        file.write_bytes({"cut": data[:-40], "altered": data[:-60] + b"?" + data[-59:], "empty": b""}[harm])
    assert main(take) == 2
    assert [path.name for path in (folder / "out").iterdir()] == [NAME]


def test_a_full_disk_leaves_nothing(folder: Path) -> None:
    """The write fails after some bytes, as it does when a disk fills up."""
    give, take = _verbs(folder)
    assert main(give) == 0
    (folder / "out" / "made.trivet").unlink(missing_ok=True)
    limit = (folder / "new.trivet").stat().st_size // 2
    done = subprocess.run(  # noqa: S603 - our own verb
        [sys.executable, "-m", "trivet.cli", *take],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "cannot be written" in done.stderr
    assert [path.name for path in (folder / "out").iterdir()] == [NAME]


@pytest.mark.soak
def test_a_disk_that_is_really_full_leaves_nothing(folder: Path) -> None:
    give, _ = _verbs(folder)
    assert main(give) == 0
    place = folder / "small"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8k", "tmpfs", str(place)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:  # noqa: S603 - a file system of two pages
        pytest.skip("file systems cannot be mounted here")
    try:
        (place / "filler").write_bytes(bytes(4096))
        take = _verbs(folder)[1]
        assert main([*take[:-1], str(place / "made.trivet")]) == 2
        assert [path.name for path in place.iterdir()] == ["filler"]
    finally:
        subprocess.run(["umount", str(place)], check=True)  # noqa: S603, S607 - what was mounted above
