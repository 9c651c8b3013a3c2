"""A folder with everything that ``trivet run`` needs: a tiny signed package, a recording, a device document."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

import tinypackage
from trivet.package import archive, keys
from trivet.package.sign import sign

PROFILE: dict[str, Any] = {
    "kind": "profile",
    "format": 0,
    "id": "kettle-table",
    "version": "0.1.0",
    "title": {"en": "Recorded kettle"},
    "adapter": "replay",
    "source": {"document": "made for a test", "date": "2026-01-01", "confidence": "own"},
    "settings": {"time": {"column": "time", "format": "seconds", "start": "2026-01-01T00:00:00Z"}, "gap": 5},
    "points": {
        "power": {"at": {"column": "power_w"}, "unit": "W", "signal": "power"},
        "temperature": {"at": {"column": "temp_f"}, "unit": "[degF]", "signal": "temperature"},
    },
}

DEVICE: dict[str, Any] = {
    "kind": "device",
    "format": 0,
    "id": "kettle-1",
    "interface": {"id": "kettle", "version": "0.9.0"},
    "appliance": {"serial": "K-17"},
    "site": "canteen",
    "endpoints": {"table": {"profile": "kettle-table.yaml", "url": "replay:day.csv"}},
}


def rows(seconds: int) -> list[tuple[float, float, float]]:
    """Time, 100 W, and 50 degF (10 Cel) more a second than 50 Cel."""
    return [(float(n), 100.0, 122.0 + 1.8 * n) for n in range(seconds)]


def write_rows(path: Path, content: Iterable[Iterable[object]]) -> None:
    lines = ["time,power_w,temp_f", *(",".join(map(str, row)) for row in content)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_yaml(path: Path, tree: dict[str, Any], **changes: Any) -> Path:
    path.write_text(yaml.safe_dump({**tree, **changes}, sort_keys=False), encoding="utf-8")
    return path


def furnish(folder: Path, counting: bool = False) -> Path:
    """Writes package, key, profile, device and a recording of a minute; gives the folder."""
    key = keys.generate()
    keys.write_key(folder / "maker", key)
    data = archive.write(*tinypackage.counting()) if counting else tinypackage.package()
    (folder / "kettle.trivet").write_bytes(sign(data, key))
    (folder / "unsigned.trivet").write_bytes(data)
    write_yaml(folder / "kettle-table.yaml", PROFILE)
    write_yaml(folder / "kettle-1.yaml", DEVICE)
    write_rows(folder / "day.csv", rows(60))
    return folder
