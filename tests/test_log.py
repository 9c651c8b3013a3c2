"""The log of a run: chained, signed at intervals, continued after a kill, and what verifying it finds."""

from __future__ import annotations

import asyncio
import io
import json
import signal
import subprocess
import sys
import time
import tracemalloc
from importlib import resources
from itertools import pairwise
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import kitchen
from trivet import canonical
from trivet.check.log import verify_log
from trivet.cli import main
from trivet.errors import DataError
from trivet.package import keys
from trivet.pipeline.chain import EVERY, PAUSE, Chain, verifies
from trivet.pipeline.log import tail
from trivet.pipeline.sinks import JsonLines

SCHEMA = json.loads(resources.files("trivet_schemas").joinpath("line.schema.json").read_text())
KEY = keys.generate("ed25519")
PUBLIC = keys.public_key(KEY)
NOW = 1_800_000_000 * 1_000_000_000


def line(number: int) -> dict[str, Any]:
    return {"kind": "gap", "number": number, "previous": None}


def signed(every: int = EVERY, now: int = NOW) -> Chain:
    return Chain.signed(KEY, every, lambda: now)


def write(path: Path, count: int, chain: Chain | None = None, start: int = 0, **terms: Any) -> None:
    """A run that writes its lines one at a time and closes."""

    async def run() -> None:
        sink = JsonLines(path, chain, **terms)
        for number in range(start, start + count):
            await sink.write([line(number)])
        await sink.close()

    asyncio.run(run())


def trees(path: Path) -> list[dict[str, Any]]:
    return [json.loads(raw) for raw in path.read_bytes().splitlines()]


def rules(*paths: Path, key: keys.PublicKey | None = PUBLIC) -> list[tuple[str, int]]:
    """What verifying finds: rule and line number."""
    found = verify_log(paths, key).findings
    return [
        (one.rule, int(one.where.rsplit(":", 2)[-2])) if one.where.endswith(":1") else (one.rule, 0) for one in found
    ]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """30 lines, a checkpoint before, after each tenth and at the end: lines 1, 12, 23, 34 and 35."""
    write(tmp_path / "lines.jsonl", 30, signed(10))
    return tmp_path / "lines.jsonl"


def test_every_line_names_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    write(path, 5)
    write(path, 3)
    raw = path.read_bytes().splitlines()
    named = [json.loads(one)["previous"] for one in raw]
    assert named == [None, *(canonical.sha256(one) for one in raw[:-1])]
    assert all(canonical.dumps(json.loads(one)) == one for one in raw)
    report = verify_log([path])
    assert (report.good, report.lines, report.checkpoints, report.covered) == (True, 8, 0, 0)


def test_checkpoints_count_the_lines_before_them_and_are_signed(log: Path) -> None:
    found = [(n, one) for n, one in enumerate(trees(log)) if one["kind"] == "checkpoint"]
    assert [(n, one["event"]) for n, one in found] == [
        (0, "start"), (11, "interval"), (22, "interval"), (33, "interval"), (34, "close"),
    ]  # fmt: skip
    for number, one in found:
        assert one["count"] == number
        assert verifies(one, PUBLIC)
        jsonschema.Draft202012Validator(SCHEMA).validate(one)
        assert not verifies({**one, "count": number + 1}, PUBLIC)
        assert not verifies({**one, "signature": "@"}, PUBLIC)
        assert not verifies(one, keys.public_key(keys.generate("ed25519")))
    report = verify_log([log], PUBLIC)
    assert (report.good, report.signed, report.covered, report.closed) == (True, 5, 35, True)


def test_a_checkpoint_is_due_by_lines_and_by_time() -> None:
    times = [NOW]
    chain = Chain.signed(KEY, 3, lambda: times[0])
    chain.checkpoint("start")
    assert not chain.due()
    chain.link(line(0))
    assert not chain.due()
    times[0] += PAUSE
    assert chain.due()
    times[0] = NOW - 1
    assert chain.due()
    assert not Chain().due()


def test_a_chain_without_key_has_no_checkpoints_and_says_what_that_means(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "lines.jsonl", 5)
    assert main(["verify", str(tmp_path / "lines.jsonl")]) == 0
    assert "chained only: who can write the file could have made the whole chain anew" in capsys.readouterr().out
    keys.write_key(tmp_path / "operator", KEY)
    words = ["verify", str(tmp_path / "lines.jsonl"), "--log-key", str(tmp_path / "operator.pub")]
    assert main(words) == 1
    assert "TRV-R033" in capsys.readouterr().out


# Whatever is done to a log shows, with the line at which it shows.


def edited(log: Path, change: Any) -> None:
    raw = log.read_bytes().splitlines(keepends=True)
    change(raw)
    log.write_bytes(b"".join(raw))


CHANGES: dict[str, tuple[Any, list[tuple[str, int]] | None]] = {
    "a value": (lambda raw: raw.__setitem__(4, raw[4].replace(b'"number":3', b'"number":8')), [("TRV-R030", 6)]),
    "a space": (lambda raw: raw.__setitem__(4, raw[4].replace(b'":', b'": ', 1)), [("TRV-R030", 6)]),
    "a line removed": (lambda raw: raw.pop(4), [("TRV-R030", 5), *(("TRV-R032", n) for n in (11, 22, 33, 34))]),
    "a line doubled": (
        lambda raw: raw.insert(4, raw[4]), [("TRV-R030", 6), *(("TRV-R032", n) for n in (13, 24, 35, 36))],
    ),
    "two lines exchanged": (
        lambda raw: raw.__setitem__(slice(4, 6), raw[5:3:-1]),
        [("TRV-R030", 5), ("TRV-R030", 6), ("TRV-R030", 7)],
    ),
    "the beginning cut off": (
        lambda raw: raw.__delitem__(slice(0, 3)),
        [("TRV-R030", 1), *(("TRV-R032", n) for n in (9, 20, 31, 32))],
    ),
    "a checkpoint removed": (
        lambda raw: raw.pop(22), [("TRV-R030", 23), ("TRV-R032", 33), ("TRV-R032", 34)],
    ),
    "a checkpoint altered": (
        lambda raw: raw.__setitem__(22, raw[22].replace(b'"count":22', b'"count":21')),
        [("TRV-R032", 23), ("TRV-R033", 23), ("TRV-R030", 24)],
    ),
    "the last line altered": (
        lambda raw: raw.__setitem__(34, raw[34].replace(b'"close"', b'"start"')), [("TRV-R033", 35)],
    ),
    "cut inside a line": (lambda raw: raw.__setitem__(34, raw[34][:40]), [("TRV-R031", 35)]),
    "a line of another kind": (lambda raw: raw.insert(4, b"hello\n"), None),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_every_change_is_found_at_its_line(name: str, log: Path) -> None:
    change, expected = CHANGES[name]
    edited(log, change)
    found = rules(log)
    if expected is None:
        assert ("TRV-R031", 5) in found
    else:
        assert found == expected


def test_a_chain_made_anew_is_found_by_its_signatures(log: Path) -> None:
    """Somebody who can write the file, and has not got the key, edits a line and mends all digests after it."""
    lines = trees(log)
    lines[4]["number"] = 99
    chain = Chain()
    log.write_bytes(b"".join(map(chain.link, lines)))
    assert rules(log, key=None) == []
    assert rules(log) == [("TRV-R033", n) for n in (12, 23, 34, 35)]
    other = Chain.signed(keys.generate("ed25519"), 10, lambda: NOW)
    write(log.with_name("other.jsonl"), 30, other)
    assert {rule for rule, _ in rules(log.with_name("other.jsonl"))} == {"TRV-R033"}


def test_what_cannot_be_seen_is_said(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Cut at a checkpoint, or after it, a log still verifies; the verdict says for how many lines nobody vouches."""
    keys.write_key(log.with_name("operator"), KEY)
    words = ["verify", str(log), "--log-key", str(log.with_name("operator.pub"))]
    assert main(words) == 0
    assert "the run closed it" in capsys.readouterr().out
    for kept, told in (
        (23, "lines after the last checkpoint could have been cut off"),
        (28, "for the 5 lines after it"),
    ):
        write(log.with_name(f"{kept}.jsonl"), 0)
        cut = log.with_name(f"{kept}.jsonl")
        cut.write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[:kept]))
        assert main(["verify", str(cut), *words[2:]]) == 0
        assert told in capsys.readouterr().out


def test_verdicts_for_programs(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(log), "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["findings"] == []
    edited(log, lambda raw: raw.pop(4))
    assert main(["verify", str(log), "--format", "json"]) == 1
    assert json.loads(capsys.readouterr().out)["findings"][0]["rule"] == "TRV-R030"
    assert main(["verify", str(log.with_name("nowhere.jsonl"))]) == 1


# Kills, restarts, rotation.


@pytest.mark.parametrize("key", [None, KEY])
@pytest.mark.parametrize("cut", [1, 40])
def test_half_a_line_is_cut_off_and_accounted_for(tmp_path: Path, cut: int, key: keys.PrivateKey | None) -> None:
    path = tmp_path / "lines.jsonl"
    write(path, 4, signed() if key else None)
    whole = path.read_bytes()
    torn = Chain().link(line(9))[:cut]
    path.write_bytes(whole + torn)
    assert ("TRV-R031", len(whole.splitlines()) + 1) in rules(path, key=None)
    write(path, 3, signed() if key else None)
    assert path.read_bytes().startswith(whole)
    assert verify_log([path], PUBLIC if key else None).good
    (told,) = [one for one in trees(path) if one.get("event") == "resume"]
    assert told["torn"] == {"bytes": cut, "sha256": canonical.sha256(torn)}


def test_a_log_of_before_is_continued(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    path.write_bytes(b'{"kind":"gap","previous":null}\n' * 3)
    write(path, 2)
    assert [one["previous"] is None for one in trees(path)] == [True, True, True, False, False]


WRITER = """
import asyncio, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from test_log import line, signed
from trivet.pipeline.sinks import JsonLines
async def run():
    sink, n = JsonLines(Path(sys.argv[1]), signed(5), rotate=20_000), 0
    while True:
        n += 1
        await sink.write([{**line(n), "padding": "x" * 3000}] * 3)
        print(n, flush=True)
asyncio.run(run())
"""


def test_kill_9_at_any_moment_leaves_a_chain_that_goes_on(tmp_path: Path) -> None:
    path, told = tmp_path / "lines.jsonl", 0
    keys.write_key(tmp_path / "operator", KEY)
    for _ in range(4):
        # The writer has a key of its own; the chain is what is looked at.
        with subprocess.Popen(  # noqa: S603
            [sys.executable, "-c", WRITER, str(path), str(Path(__file__).parent)], stdout=subprocess.PIPE
        ) as writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            time.sleep(0.05)
            writer.send_signal(signal.SIGKILL)
            told += 1 + len(writer.stdout.read().splitlines())
    write(path, 0, signed())
    files = [*sorted(tmp_path.glob("lines.jsonl.0*")), path]
    report = verify_log(files)
    assert report.good, report.findings
    assert report.lines - report.checkpoints >= 3 * told
    assert len(files) > 1


def test_a_full_file_is_followed_by_the_next(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    write(path, 20, signed(5), rotate=1500)
    write(path, 20, signed(5), start=20, rotate=1500)
    files = [*sorted(tmp_path.glob("lines.jsonl.0*")), path]
    assert len(files) > 3
    assert all(trees(file)[0]["continues"]["file"] == before.name for before, file in pairwise(files))
    assert [one["number"] for file in files for one in trees(file) if one["kind"] == "gap"] == list(range(40))
    assert rules(*files) == []
    middle = verify_log(files[1:], PUBLIC)
    assert middle.good
    assert middle.continued == files[0].name
    assert ("TRV-R030", 1) in rules(files[0], files[2])
    assert ("TRV-R030", 1) in rules(files[1], files[0])
    assert ("TRV-R032", 1) in rules(files[2], files[1])


def test_a_rotation_that_was_cut_short_names_the_file_before(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    write(path, 5, signed())
    path.rename(tmp_path / "lines.jsonl.000001")
    write(path, 5)
    assert trees(path)[0]["continues"] == {"count": 7, "file": "lines.jsonl.000001"}
    assert verify_log([tmp_path / "lines.jsonl.000001", path]).good


def test_one_chain_has_one_writer(tmp_path: Path) -> None:
    first = JsonLines(tmp_path / "lines.jsonl")
    with pytest.raises(DataError, match="another run"):
        JsonLines(tmp_path / "lines.jsonl")
    asyncio.run(first.close())
    asyncio.run(JsonLines(tmp_path / "lines.jsonl").close())


def test_standard_output_is_a_chain_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    out = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(out, write_through=True))
    write(Path("-"), 5, signed())
    (tmp_path / "out.jsonl").write_bytes(out.getvalue())
    assert rules(tmp_path / "out.jsonl") == []


def test_a_full_disk_ends_the_chain_and_not_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "lines.jsonl"

    async def run() -> None:
        sink = JsonLines(path, signed())
        await sink.write([line(0)])
        real = sink._file

        class Full(io.BytesIO):
            def write(self, data: Any) -> int:
                real.write(data[:30])
                raise OSError(28, "No space left on device")

        sink._file = Full()
        with pytest.raises(DataError, match="1 lines could not be written"):
            await sink.write([line(1)])
        sink._file = real
        await sink.close()

    asyncio.run(run())
    write(path, 2, signed())
    assert rules(path) == []
    assert [one["torn"]["bytes"] for one in trees(path) if one.get("torn")] == [30]


def test_a_file_that_is_no_log_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "video.bin"
    path.write_bytes(b"x" * ((1 << 20) + 2))
    with pytest.raises(DataError, match="choose another file"):
        JsonLines(path)
    assert path.stat().st_size == (1 << 20) + 2
    assert tail(Path("/dev/null")).lines == 0


def test_verifying_takes_a_line_of_memory(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    chain = signed(100)
    with path.open("wb") as file:
        for number in range(20_000):
            file.write(chain.link({**line(number), "padding": "x" * 200}))
            if chain.due():
                file.write(chain.checkpoint("interval"))
    tracemalloc.start()
    report = verify_log([path], PUBLIC)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert report.good
    assert path.stat().st_size > 5e6
    assert most < 1e6


def test_a_run_writes_a_chain_that_verifies(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kitchen.furnish(tmp_path)
    keys.write_key(tmp_path / "operator", keys.generate())
    log, home = str(tmp_path / "lines.jsonl"), str(tmp_path / "home")
    words = ["run", str(tmp_path / "kettle.trivet"), str(tmp_path / "kettle-1.yaml"), "--out", log, "--forget"]
    words += ["--home", home, "--trust", str(tmp_path / "maker.pub")]
    for _ in range(2):
        assert main([*words, "--log-key", str(tmp_path / "operator"), "--checkpoint", "20", "--rotate", "0.02"]) == 0
    files = [*map(str, sorted(tmp_path.glob("lines.jsonl.0*"))), log]
    capsys.readouterr()
    assert main(["verify", *files, "--log-key", str(tmp_path / "operator.pub")]) == 0
    assert "the run closed it" in capsys.readouterr().out
    for file in files:
        for one in trees(Path(file)):
            jsonschema.Draft202012Validator(SCHEMA).validate(one)
