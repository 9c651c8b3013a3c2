"""Prints pins for the oldest supported versions: the lower bounds of the project, and today's test tools."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
COMPANIONS = ("scipy==1.14.1",)
"""What the oldest versions were used with at their time; they call what later versions warn of."""
TOOLS = ("pytest", "pytest-asyncio", "hypothesis", "pint", "ucumvert", "jsonschema")


def pins() -> list[str]:
    """One ``name==version`` for each direct dependency and each tool that tests need."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *(one for name in extras if name not in ("all", "dev") for one in extras[name])]
    lowest = [re.sub(r"\s*>=\s*([0-9.]+).*", r"==\1", one) for one in wanted]
    pinned = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return [*lowest, *COMPANIONS, *(line for line in pinned if line.lower().partition("==")[0] in TOOLS)]


if __name__ == "__main__":
    print("\n".join(pins()))
