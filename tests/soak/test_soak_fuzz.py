"""A minute of mutated packages and documents: a value or a refusal, in bounded time and memory."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.soak
TESTS = Path(__file__).parents[1]
SECONDS, SEED = 60, 20261120


def test_every_mutation_ends_in_a_value_or_a_refusal(tell: Callable[[str], None]) -> None:
    words = [sys.executable, "-m", "soak.fuzz", str(SECONDS), str(SEED)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=TESTS)  # noqa: S603 # our script
    assert done.returncode == 0, done.stderr[-2000:]
    *failures, last = done.stdout.splitlines()
    found = json.loads(last)
    for kind, counts in found["counts"].items():
        told = ", ".join(f"{number} {what}" for what, number in sorted(counts.items()))
        tell(f"fuzzing, {kind}: {told}")
    tell(f"fuzzing, {SECONDS} s: {len(failures)} failures, peak memory {found['peak']} MB")
    assert failures == []
    assert all(counts["refused"] > 100 for counts in found["counts"].values())
