"""Where a device's readings come from, as its lines say it: the documents, and what each source said of itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from trivet.device.library import ResolvedDevice
from trivet.signals import Readings

LONGEST_TEXT = 256
MOST_TEXTS = 64
CREDENTIALS = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*://)[^/?#]*@")

Tree = dict[str, dict[str, Any]]


class Origins:
    """The endpoints of one device.

    Attributes:
        tree: Endpoint name to ``url``, ``profile`` {id, version, digest} and, once it delivered something, ``session``:
            texts by name. Another object whenever it changes, so that lines may keep it.
    """

    def __init__(self, declared: Tree | None = None) -> None:
        self.tree: Tree = declared or {}
        self._said: dict[str, Mapping[str, str]] = {}

    def hear(self, readings: Readings) -> None:
        """Notes what the source of these readings says of itself, where that is new."""
        said = readings.provenance
        if not said or self._said.get(readings.origin) == said:
            return
        self._said[readings.origin] = said
        name = readings.origin.rpartition("/")[2]
        if name in self.tree:
            self.tree = {**self.tree, name: {**self.tree[name], "session": _bounded(said)}}


def declared(device: ResolvedDevice) -> Tree:
    """The endpoints of a device before anything was read."""
    return {
        name: {
            "url": CREDENTIALS.sub(r"\1", endpoint.url),
            "profile": {
                "id": device.profiles[name].document.id,
                "version": device.profiles[name].document.version,
                "digest": device.profile_digests[name],
            },
        }
        for name, endpoint in device.device.endpoints.items()
    }


def _bounded(said: Mapping[str, str]) -> dict[str, str]:
    """Texts of a server, which may say anything, so that lines stay short and are UTF-8."""
    return {_text(name): _text(said[name]) for name in list(said)[:MOST_TEXTS]}


def _text(text: str) -> str:
    return text[:LONGEST_TEXT].encode("utf-8", "replace").decode("utf-8")
