"""The keys of an OPC UA endpoint in a device document; needs no OPC UA library."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from trivet import units
from trivet.device.document import Endpoint
from trivet.errors import DocumentError, Message
from trivet.signals import Json

SCHEME = "opc.tcp"
FILES = ("certificate", "private_key", "server_certificate", "password_file")
KEYS = frozenset(
    {"mode", "security", "protection", "user", "password_env", "timeout", "publishing", "periods", "units", *FILES}
)
STRONGEST = "strongest"
POLICIES = ("aes256_sha256_rsapss", "basic256sha256", "aes128_sha256_rsaoaep")
"""Security policies that are still in use, the strongest first; the older ones are never used."""

PROTECTIONS = ("sign_and_encrypt", "sign")
LONGEST_SECRET = 4096
PERIODS: Mapping[str, float] = {"fast": 0.5, "normal": 1.0, "slow": 10.0, "static": 600.0}


class Link(NamedTuple):
    """What decides a session: endpoints that are equal in all of it share one. See ``Settings`` for what they are."""

    url: str
    security: str
    protection: str
    certificate: str
    private_key: str
    server_certificate: str
    user: str
    password_env: str
    password_file: str
    timeout: float


@dataclass(frozen=True, slots=True)
class Settings:
    """How one endpoint is talked to.

    Attributes:
        url: ``opc.tcp://host:port/path`` without user or password.
        mode: ``subscribe``, or ``poll`` for controllers without subscriptions.
        security: ``strongest``, one of ``POLICIES``, or ``none``.
        protection: ``sign_and_encrypt`` or ``sign``.
        certificate: File of this client's certificate; empty for the one in the home folder.
        private_key: File of its key.
        server_certificate: File of the only server certificate that is accepted; empty for what was approved.
        user: Name to log in with; empty for anonymous.
        password_env: Environment variable that holds the password.
        password_file: File that holds it.
        units: Point name to the UCUM code of what the server sends, where it does not say so itself.
        timeout: Longest wait for an answer [s of real time].
        publishing: Requested publishing interval [s], or None for half the shortest period.
        periods: Poll class to the time between two confirmations [s].
    """

    url: str
    mode: str = "subscribe"
    security: str = STRONGEST
    protection: str = "sign_and_encrypt"
    certificate: str = ""
    private_key: str = ""
    server_certificate: str = ""
    user: str = ""
    password_env: str = ""
    password_file: str = ""
    units: Mapping[str, str] = field(default_factory=dict)
    timeout: float = 3.0
    publishing: float | None = None
    periods: Mapping[str, float] = field(default_factory=lambda: dict(PERIODS))

    @property
    def link(self) -> Link:
        """What of it decides the session."""
        return Link(*(getattr(self, name) for name in Link._fields))


def settings(endpoint: Endpoint, where: str = "", folder: str = ".") -> Settings:
    """The checked settings of an endpoint.

    Args:
        endpoint: From the device document.
        where: Name of the endpoint, for messages.
        folder: Folder of the document, from which relative paths count.

    Raises:
        DocumentError: The URL or a key is wrong.
    """
    given = endpoint.settings
    unknown = sorted(set(given) - KEYS)
    if {"password", "passphrase", "secret"} & set(unknown):
        raise DocumentError(
            Message("a device document holds no {unknown}", unknown=unknown[0]),
            where=where,
            hint="write `password_env: NAME_OF_A_VARIABLE` or `password_file: PATH`",
        )
    if unknown:
        raise DocumentError(
            Message("an OPC UA endpoint has no setting {unknown!r}", unknown=unknown[0]),
            where=where,
            hint=Message("use {names}", names=", ".join(sorted(KEYS))),
        )
    files = {name: _text(given.get(name, ""), name, where) for name in FILES}
    words = {name: _text(given.get(name, ""), name, where, "text") for name in ("user", "password_env")}
    security = _security(given.get("security", STRONGEST), {**files, **words}, where)
    return Settings(
        url=_url(endpoint.url, where),
        mode=_choice(given.get("mode", "subscribe"), ("subscribe", "poll"), "mode", where),
        security=security,
        protection=_choice(given.get("protection", PROTECTIONS[0]), PROTECTIONS, "protection", where),
        timeout=_seconds(given.get("timeout", 3.0), "timeout", where),
        publishing=_seconds(given["publishing"], "publishing", where) if "publishing" in given else None,
        periods={**PERIODS, **_periods(given.get("periods", {}), where)},
        units=_units(given.get("units", {}), where),
        **words,
        **{name: str(Path(folder) / file) if file else "" for name, file in files.items()},
    )


def password(settings: Settings, where: str = "") -> str | None:
    """The password of the settings' user, out of the environment or a file; None without a user.

    Raises:
        DocumentError: It is not where the settings say.
    """
    if not settings.user:
        return None
    if settings.password_env:
        found = os.environ.get(settings.password_env)
        if found is None:
            name = settings.password_env
            raise DocumentError(
                Message("the variable {name} is not set", name=name), where=where, hint="set it to the user's password"
            )
        return found
    try:
        with Path(settings.password_file).open(encoding="utf-8") as file:
            return file.read(LONGEST_SECRET).rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        file_name = settings.password_file
        raise DocumentError(
            Message("`password_file` {file_name!r} cannot be read", file_name=file_name), where=where, hint="check it"
        ) from error


def declared(units_: Mapping[str, str], name: str) -> str | None:
    """The unit that a document declares for a point, or for all instances of a repeated one."""
    return units_.get(name) or units_.get(name.rpartition("_")[0])


def _url(text: str, where: str) -> str:
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError:
        raise DocumentError(
            Message("{text!r} is not a URL", text=text), where=where, hint="write opc.tcp://HOST:4840"
        ) from None
    if url.scheme != SCHEME or not url.hostname:
        raise DocumentError(
            Message("{text!r} is not an OPC UA URL", text=text), where=where, hint="write opc.tcp://HOST:4840"
        )
    if url.username is not None or url.password is not None:
        raise DocumentError("a URL holds no user or password", where=where, hint="take them out of the document")
    host = f"[{url.hostname}]" if ":" in url.hostname else url.hostname
    return f"{SCHEME}://{host}:{port or 4840}{url.path}"


def _security(value: Json, given: Mapping[str, str], where: str) -> str:
    choice = _choice(value, (STRONGEST, *POLICIES, "none"), "security", where)
    if choice == "none":
        used = [name for name in FILES[:3] if given[name]]
        if used:
            raise DocumentError(
                "`security: none` uses no certificates", where=where, hint=Message("take out `{used}`", used=used[0])
            )
        if given["user"]:
            hint = "use a secured endpoint, or log in anonymously"
            raise DocumentError("a password is not sent over an open connection", where=where, hint=hint)
    if bool(given["certificate"]) != bool(given["private_key"]):
        raise DocumentError("`certificate` and `private_key` go together", where=where, hint="name both, or neither")
    secrets = [name for name in ("password_env", "password_file") if given[name]]
    if len(secrets) != (1 if given["user"] else 0):
        hint = "name one of `password_env` and `password_file`"
        raise DocumentError("a `user` has a password in one place", where=where, hint=hint)
    return choice


def _units(value: Json, where: str) -> dict[str, str]:
    if not isinstance(value, Mapping):
        raise DocumentError("`units` gives UCUM codes for points", where=where, hint="write {tank_temperature: Cel}")
    for name, code in value.items():
        units.parse(_text(code, f"units/{name}", where, "a UCUM code"))
    return {name: str(code) for name, code in value.items()}


def _choice(value: Json, choices: tuple[str, ...], key: str, where: str) -> str:
    if value not in choices:
        raise DocumentError(
            Message("`{key}` is {names}", key=key, names=" or ".join(choices)),
            where=where,
            hint=Message("got {value!r}", value=value),
        )
    return str(value)


def _seconds(value: Json, key: str, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value <= 3600:
        raise DocumentError(
            Message("`{key}` is a time above 0 and up to 3600 s", key=key),
            where=where,
            hint=Message("got {value!r}", value=value),
        )
    return float(value)


def _periods(value: Json, where: str) -> dict[str, float]:
    if not isinstance(value, Mapping) or not set(value) <= set(PERIODS):
        raise DocumentError(
            "`periods` gives seconds for poll classes",
            where=where,
            hint=Message("use {names}", names=", ".join(sorted(PERIODS))),
        )
    return {name: _seconds(seconds, f"periods/{name}", where) for name, seconds in value.items()}


def _text(value: Json, key: str, where: str, what: str = "the path of a file") -> str:
    if not isinstance(value, str):
        raise DocumentError(
            Message("`{key}` is {what}", key=key, what=what), where=where, hint=Message("got {value!r}", value=value)
        )
    return value
