"""The path that ``trivet run`` uses, from device documents to lines, as a function."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from trivet.errors import DataError
from trivet.pipeline.assemble import assemble
from trivet.pipeline.lines import Line
from trivet.pipeline.run import run
from trivet.pipeline.store import Store
from trivet.runtime.model import Model

PACKAGES = Path(__file__).parents[1] / "packages"


def recorded(name: str) -> Path:
    """A folder of recorded data.

    Raises:
        DataError: It is not installed.
    """
    root = Path(os.environ.get("TRIVET_DATA", Path(__file__).parents[4] / "shared" / "data"))
    if not (root / name).is_dir():
        raise DataError(f"recorded data {name} are not installed", hint="set TRIVET_DATA to the folder that holds them")
    return root / name


def load(pattern: str, home: Path, packages: Path = PACKAGES) -> Model:
    """A reference package, verified with the public key beside it.

    Raises:
        DataError: There is none.
    """
    found = sorted(packages.glob(pattern))
    if not found:
        raise DataError(f"there is no {pattern}", where=str(packages), hint="run `make train`")
    return Model.load(found[-1], keys=(packages / "train.pub",), home=home)


class Kept:
    """A sink that keeps lines in memory.

    Attributes:
        lines: In the order written.
    """

    def __init__(self) -> None:
        self.lines: list[Line] = []

    async def write(self, lines: Sequence[Line]) -> None:
        """Keeps them."""
        self.lines += lines

    async def close(self) -> None:
        """Nothing to let go."""


def judged(model: Model, devices: Sequence[Path]) -> list[Line]:
    """All lines of a run over recordings, with memories that start empty and are not kept."""
    ready = assemble(model, devices, store=Store(None, model))
    kept = Kept()
    asyncio.run(run(ready.judge, ready.sources, ready.clock, [kept]))
    return kept.lines


def write(folder: Path, name: str, tree: Mapping[str, Any]) -> Path:
    """Writes a document."""
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(dict(tree), sort_keys=False), encoding="utf-8")
    return path


def device(name: str, interface: str, endpoint: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """A device document with one endpoint."""
    return {
        "kind": "device",
        "format": 0,
        "id": name,
        "interface": {"id": interface, "version": "0.9.0"},
        "endpoints": {"record": dict(endpoint)},
        **more,
    }


def seconds(text: str) -> float:
    """A line's time in seconds since the epoch."""
    return datetime.fromisoformat(text).timestamp()


def likeliest(line: Line) -> str | None:
    """The likeliest class of ``fault``, or None when it was withheld."""
    scores = line["outputs"].get("fault")
    if not scores:
        return None
    known = {name: value for name, value in scores.items() if value is not None}
    return max(known, key=known.__getitem__) if known else None
