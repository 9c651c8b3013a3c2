"""Keeping what a device's endpoints say, with a device document that replays it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import aclosing
from pathlib import Path
from typing import Any, cast

from trivet.device.adapter import Clock
from trivet.device.library import ResolvedDevice
from trivet.device.recording import SCHEME, Writer
from trivet.errors import DataError
from trivet.signals import Readings


async def record(resolved: ResolvedDevice, folder: Path, clock: Clock, seconds: float) -> Mapping[str, int]:
    """Writes one file for each endpoint, and a device document that reads them.

    Args:
        resolved: The device; all points of its profiles are read, bound or not.
        folder: Where to; made if need be, and what is there already is not written over.
        clock: The time of the run.
        seconds: How long [s of real time].

    Returns:
        Endpoint name to the number of values that came.

    Raises:
        DataError: The folder cannot be written, or holds a recording already.
        AdapterError: A protocol's library is missing.
    """
    files = {name: folder / f"{name}.jsonl" for name in resolved.targets}
    taken = [file for file in (*files.values(), folder / "device.yaml") if file.exists()]
    if taken:
        raise DataError("there is a recording already", where=str(taken[0]), hint="choose an empty folder")
    try:
        _write_document(resolved, folder, files)
        counts = await asyncio.gather(*(_endpoint(resolved, name, files[name], clock, seconds) for name in files))
    except OSError as error:
        raise DataError("the recording cannot be written", where=str(folder), hint="check the folder") from error
    return dict(zip(files, counts, strict=True))


async def _endpoint(resolved: ResolvedDevice, name: str, file: Path, clock: Clock, seconds: float) -> int:
    writer, count = Writer(), 0
    source = cast("Any", resolved.adapters[name].connect(resolved.targets[name], clock))
    with file.open("w", encoding="utf-8") as out:
        async with aclosing(source) as items:
            try:
                async with asyncio.timeout(seconds):
                    async for item in items:
                        out.writelines(f"{line}\n" for line in writer.lines(item))
                        count += len(item) if isinstance(item, Readings) else 0
            except TimeoutError:
                pass  # the recording is as long as it was asked to be
    return count


def _write_document(resolved: ResolvedDevice, folder: Path, files: Mapping[str, Path]) -> None:
    """The device document again, with its endpoints reading the files; profiles by path are named absolutely."""
    import yaml

    folder.mkdir(parents=True, exist_ok=True)
    tree = dict(resolved.parsed.tree)
    endpoints = {}
    for name, given in dict(tree["endpoints"]).items():
        kept = {key: value for key, value in given.items() if key not in ("url", "settings")}
        beside = Path(resolved.targets[name].folder) / str(given["profile"])
        profile = str(beside.resolve()) if beside.is_file() else given["profile"]
        endpoints[name] = {**kept, "profile": profile, "url": f"{SCHEME}:{files[name].name}"}
    tree["endpoints"] = endpoints
    text = yaml.safe_dump(tree, sort_keys=False, allow_unicode=True)
    (folder / "device.yaml").write_text(text, encoding="utf-8")
