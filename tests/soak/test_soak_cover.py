"""Coverage-guided fuzzing of the package's readers; ``TRIVET_FUZZ_SECONDS`` of CPU time, half an hour by default."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.soak
TESTS = Path(__file__).parents[1]
SECONDS = os.environ.get("TRIVET_FUZZ_SECONDS", "1800")


def test_no_input_ends_in_anything_else(tell: Callable[[str], None]) -> None:
    words = [sys.executable, "-m", "soak.cover", SECONDS, "20261120"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=TESTS)  # noqa: S603 # our script
    assert done.returncode == 0, done.stderr[-2000:]
    *failures, last = done.stdout.splitlines()
    found = json.loads(last)
    for name, counts in found["readers"].items():
        told = ", ".join(f"{number} {what}" for what, number in counts.items())
        tell(f"coverage-guided fuzzing, {name}: {told}")
    tell(f"coverage-guided fuzzing, {SECONDS} s: {len(failures)} failures, peak memory {found['peak']} MB")
    assert failures == []
