"""Numbers, durations and colours as people read them."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TextIO


@dataclass(frozen=True, slots=True)
class Palette:
    """Text in colour, or plain where nobody sees colours."""

    colours: bool

    def plain(self, text: str) -> str:
        """The text as it is."""
        return text

    def bold(self, text: str) -> str:
        """Headings."""
        return self._in("1", text)

    def good(self, text: str) -> str:
        """All is well."""
        return self._in("32", text)

    def warn(self, text: str) -> str:
        """Worth a look."""
        return self._in("33", text)

    def bad(self, text: str) -> str:
        """Needs somebody."""
        return self._in("1;31", text)

    def _in(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.colours else text


def palette(out: TextIO) -> Palette:
    """Colours on a terminal only, and not where NO_COLOR is set."""
    return Palette(out.isatty() and not os.environ.get("NO_COLOR"))


def clip(text: str, width: int) -> str:
    """A line cut to so many visible characters; colours count for nothing and are switched off at the end."""
    seen, kept = 0, []
    for part in re.split(r"(\x1b\[[0-9;]*m)", text):
        if part.startswith("\x1b"):
            kept.append(part)
        else:
            kept.append(part[: max(width - seen, 0)])
            seen += len(part)
    return "".join(kept)


def number(value: float | None) -> str:
    """A number in about four significant figures, ``-`` for none."""
    if value is None or value != value:
        return "-"
    if value == int(value) and abs(value) < 1e9:
        return str(int(value))
    return f"{value:.1f}" if abs(value) >= 100 else f"{value:.3g}"


def duration(seconds: float) -> str:
    """An age or a length of time."""
    if seconds < 100:
        return f"{max(seconds, 0):.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.0f} h"
