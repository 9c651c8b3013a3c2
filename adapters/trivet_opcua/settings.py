"""The keys of an OPC UA endpoint in a device document; needs no OPC UA library."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from trivet.device.document import Endpoint
from trivet.errors import DocumentError
from trivet.signals import Json

SCHEME = "opc.tcp"
FILES = ("certificate", "private_key", "server_certificate")
KEYS = frozenset({"mode", "security", "timeout", "publishing", "periods", *FILES})
PERIODS: Mapping[str, float] = {"fast": 0.5, "normal": 1.0, "slow": 10.0, "static": 600.0}


@dataclass(frozen=True, slots=True)
class Settings:
    """How one endpoint is talked to.

    Attributes:
        url: ``opc.tcp://host:port/path`` without user or password.
        mode: ``subscribe``, or ``poll`` for controllers without subscriptions.
        security: ``none`` or ``basic256sha256`` (signed and encrypted).
        certificate: File of this client's certificate.
        private_key: File of its key.
        server_certificate: File of the only server certificate that is accepted.
        timeout: Longest wait for an answer [s of real time].
        publishing: Requested publishing interval [s], or None for half the shortest period.
        periods: Poll class to the time between two confirmations [s].
    """

    url: str
    mode: str = "subscribe"
    security: str = "none"
    certificate: str = ""
    private_key: str = ""
    server_certificate: str = ""
    timeout: float = 3.0
    publishing: float | None = None
    periods: Mapping[str, float] = field(default_factory=lambda: dict(PERIODS))


def settings(endpoint: Endpoint, where: str = "", folder: str = ".") -> Settings:
    """The checked settings of an endpoint.

    Args:
        endpoint: From the device document.
        where: Name of the endpoint, for messages.
        folder: Folder of the document, from which relative paths count.

    Raises:
        DocumentError: The URL or a key is wrong, or the transport's security was not chosen.
    """
    given = endpoint.settings
    unknown = sorted(set(given) - KEYS)
    if unknown:
        raise DocumentError(
            f"an OPC UA endpoint has no setting {unknown[0]!r}", where=where, hint=f"use {sorted(KEYS)}"
        )
    files = {name: _text(given.get(name, ""), name, where) for name in FILES}
    return Settings(
        url=_url(endpoint.url, where),
        mode=_choice(given.get("mode", "subscribe"), ("subscribe", "poll"), "mode", where),
        security=_security(given.get("security"), files, where),
        timeout=_seconds(given.get("timeout", 3.0), "timeout", where),
        publishing=_seconds(given["publishing"], "publishing", where) if "publishing" in given else None,
        periods={**PERIODS, **_periods(given.get("periods", {}), where)},
        **{name: str(Path(folder) / file) if file else "" for name, file in files.items()},
    )


def _url(text: str, where: str) -> str:
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError:
        raise DocumentError(f"{text!r} is not a URL", where=where, hint="write opc.tcp://HOST:4840") from None
    if url.scheme != SCHEME or not url.hostname:
        raise DocumentError(f"{text!r} is not an OPC UA URL", where=where, hint="write opc.tcp://HOST:4840")
    if url.username is not None or url.password is not None:
        raise DocumentError("a URL holds no user or password", where=where, hint="take them out of the document")
    host = f"[{url.hostname}]" if ":" in url.hostname else url.hostname
    return f"{SCHEME}://{host}:{port or 4840}{url.path}"


def _security(value: Json, files: dict[str, str], where: str) -> str:
    if value is None:
        raise DocumentError(
            "the endpoint does not say how it is secured",
            where=where,
            hint="write `security: basic256sha256` with its three files, or `security: none` for an open network",
        )
    choice = _choice(value, ("none", "basic256sha256"), "security", where)
    missing = [name for name, file in files.items() if not file]
    if choice != "none" and missing:
        raise DocumentError(f"`security: {choice}` needs the file {missing[0]!r}", where=where, hint="name its path")
    if choice == "none" and len(missing) < len(files):
        raise DocumentError("`security: none` uses no certificates", where=where, hint="write basic256sha256")
    return choice


def _choice(value: Json, choices: tuple[str, ...], key: str, where: str) -> str:
    if value not in choices:
        raise DocumentError(f"`{key}` is {' or '.join(choices)}", where=where, hint=f"got {value!r}")
    return str(value)


def _seconds(value: Json, key: str, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value <= 3600:
        raise DocumentError(f"`{key}` is a time above 0 and up to 3600 s", where=where, hint=f"got {value!r}")
    return float(value)


def _periods(value: Json, where: str) -> dict[str, float]:
    if not isinstance(value, Mapping) or not set(value) <= set(PERIODS):
        raise DocumentError("`periods` gives seconds for poll classes", where=where, hint=f"use {sorted(PERIODS)}")
    return {name: _seconds(seconds, f"periods/{name}", where) for name, seconds in value.items()}


def _text(value: Json, key: str, where: str) -> str:
    if not isinstance(value, str):
        raise DocumentError(f"`{key}` is the path of a file", where=where, hint=f"got {value!r}")
    return value
