"""Which adapter a URL is for, and how it spells it."""

from __future__ import annotations

from trivet.device.adapter import Adapter
from trivet.device.library import adapter, adapters
from trivet.errors import AdapterError, DocumentError, Message


def reader(url: str) -> tuple[Adapter, str]:
    """The adapter of a URL, and the URL in the adapter's own form.

    The bare name of an adapter stands for its first scheme: ``modbus://host`` for ``modbus+tcp://host``.

    Raises:
        DocumentError: No installed adapter takes such a URL.
    """
    scheme, colon, rest = url.partition(":")
    known: list[str] = []
    for name in sorted(adapters()):
        try:
            one = adapter(name)
        except AdapterError:
            continue
        if colon and scheme in one.schemes:
            return one, url
        if colon and scheme == one.name:
            return one, f"{one.schemes[0]}:{rest}"
        known += one.schemes
    hint = Message("begin it with one of {names}", names=", ".join(f"{scheme}:" for scheme in known))
    raise DocumentError(Message("no adapter reads `{url}`", url=url), hint=hint, rule="TRV-D014")
