"""What all tests share: golden files, settings of hypothesis."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import pytest
from hypothesis import settings

# Several workers share the cores: threads of OpenMP and BLAS that wait by spinning would take them from each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# A test asserts nothing about wall-clock time, so hypothesis does not either.
settings.register_profile("trivet", deadline=None)
settings.load_profile("trivet")

HERE = Path(__file__).parent
GOLDEN = HERE / "golden"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What waits goes first, so that the others fill its pauses."""
    items.sort(key=lambda item: item.get_closest_marker("waits") is None)


def pytest_collection_finish() -> None:
    """What was collected lives to the end, so no later search for garbage need walk through it."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--regen", action="store_true", help="rewrite golden files instead of comparing them")


class Golden:
    """Compares texts and bytes with files that were reviewed once."""

    def __init__(self, regen: bool) -> None:
        self.regen = regen

    def check(self, name: str | Path, content: str | bytes) -> None:
        """Compares with ``tests/golden/<name>``, or with a path from the project's root when it is a Path."""
        path = name if isinstance(name, Path) else GOLDEN / name
        data = content.encode("utf-8") if isinstance(content, str) else content
        if self.regen:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            return
        assert path.is_file(), f"{path} is missing: run pytest with --regen, review it and commit it"
        expected = path.read_bytes()
        if data != expected:
            advice = f"{path} differs: review the change, then run pytest with --regen"
            if isinstance(content, str):
                assert content == expected.decode("utf-8"), advice
            pytest.fail(advice)


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    return Golden(bool(request.config.getoption("--regen")))
