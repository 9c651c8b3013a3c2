"""Soak tests tell what they measured; it is kept with the commit it was taken at."""

from __future__ import annotations

import platform
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

RESULT = Path(__file__).parents[2] / "benchmarks" / "results" / "soak.txt"


def kept(result: Path) -> Iterator[Callable[[str], None]]:
    """Takes lines for a file, which is written in the end."""
    lines: list[str] = []
    yield lines.append
    words = ("git", "rev-parse", "--short", "HEAD")
    commit = subprocess.run(words, capture_output=True, text=True, check=False, cwd=RESULT.parent.parent).stdout  # noqa: S603 # fixed words
    head = f"commit {commit.strip()}, {datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}"
    result.parent.mkdir(exist_ok=True)
    result.write_text("\n".join([f"{head}, {platform.machine()}", "", *lines, ""]), encoding="utf-8")


@pytest.fixture(scope="session")
def tell() -> Iterator[Callable[[str], None]]:
    """Takes lines for ``benchmarks/results/soak.txt``."""
    yield from kept(RESULT)
