"""Memories survive: written whole or not at all, whatever happens."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest

from small import manifest
from trivet.errors import DataError
from trivet.pipeline.store import Memory, Store, state_digest
from trivet.runtime.decision import Standing
from trivet.runtime.model import Model

MEMORY = Memory(np.array([12, 0.1], np.float32), 1_700_000_000_123_456_789, {"fault": Standing("watch", "clog", 5)})


def model(name: str = "small") -> Model:
    contract = manifest()._replace(name=name)
    initial = lambda batch: np.zeros((batch, 2), np.float32)  # noqa: E731
    return cast("Model", SimpleNamespace(manifest=contract, initial_state=initial))


def test_a_memory_comes_back_bit_by_bit(tmp_path: Path) -> None:
    Store(tmp_path, model()).save("dish 1", MEMORY)
    back = Store(tmp_path, model()).load("dish 1")
    assert back.closed == MEMORY.closed
    assert back.standings == MEMORY.standings
    assert back.state is not None
    assert MEMORY.state is not None
    assert back.state.tobytes() == MEMORY.state.tobytes()
    assert state_digest(back.state) == state_digest(MEMORY.state)


def test_a_new_device_starts_from_the_initial_state(tmp_path: Path) -> None:
    fresh = Store(tmp_path, model()).load("dish")
    assert fresh.state is not None
    assert fresh.state.tolist() == [0, 0]


def test_devices_and_packages_do_not_share_memories(tmp_path: Path) -> None:
    Store(tmp_path, model()).save("a/b", MEMORY)
    assert Store(tmp_path, model()).load("a_b").closed is None
    assert Store(tmp_path, model("other")).load("a/b").closed is None


def test_a_name_cannot_leave_the_folder(tmp_path: Path) -> None:
    Store(tmp_path / "state", model()).save("../../evil", MEMORY)
    assert [path.parent.name for path in tmp_path.rglob("*.json")] == ["state"]


def test_no_folder_keeps_nothing() -> None:
    store = Store(None, model())
    store.save("dish", MEMORY)
    assert store.load("dish").closed is None


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"layout": 1}', b"\xff"])
def test_a_broken_file_is_said_and_kept(tmp_path: Path, content: bytes) -> None:
    store = Store(tmp_path, model())
    store.save("dish", MEMORY)
    (path,) = tmp_path.iterdir()
    path.write_bytes(content)
    with pytest.raises(DataError, match="cannot be read"):
        store.load("dish")
    assert path.read_bytes() == content


def test_a_full_disk_leaves_the_old_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path, model())
    store.save("dish", MEMORY)

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DataError, match="No space left"):
        store.save("dish", MEMORY._replace(closed=1))
    assert store.load("dish").closed == MEMORY.closed
    assert len(list(tmp_path.iterdir())) == 1


WRITER = """
import sys
from pathlib import Path
import numpy as np
sys.path.insert(0, sys.argv[2])
from test_pipeline_store import MEMORY, model
from trivet.pipeline.store import Store
store = Store(Path(sys.argv[1]), model())
n = 0
while True:
    n += 1
    store.save("dish", MEMORY._replace(state=np.full(2, n, np.float32), closed=n))
    print(n, flush=True)
"""


def test_kill_9_leaves_a_whole_memory(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WRITER, str(tmp_path), str(Path(__file__).parent)]
    for _ in range(3):
        with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:  # noqa: S603
            assert writer.stdout is not None
            first = int(writer.stdout.readline())
            time.sleep(0.05)
            writer.send_signal(signal.SIGKILL)
            told = [first, *map(int, writer.stdout.read().splitlines())]
        back = Store(tmp_path, model()).load("dish")
        assert back.closed is not None
        assert back.closed >= told[-1]
        assert back.state is not None
        assert back.state.tolist() == [back.closed] * 2
