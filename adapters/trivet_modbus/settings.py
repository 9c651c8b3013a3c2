"""The keys of an endpoint's URL and ``settings``, and checks of settings; needs no Modbus library."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from trivet.device.document import Endpoint
from trivet.errors import DocumentError, Message
from trivet.signals import Json
from trivet_modbus.route import TCP, TLS, Route, Security, parse_route

CLASSES = ("fast", "normal", "slow", "static")
PERIODS: Mapping[str, float] = {"fast": 0.5, "normal": 1.0, "slow": 10.0, "static": 600.0}
TLS_KEYS = frozenset({"ca", "certificate", "private_key", "server_name"})
ENDPOINT_KEYS = frozenset({"timeout", "retries", "periods", "worst_turnaround", "raw"})


@dataclass(frozen=True, slots=True)
class Line:
    """Where a unit is and how patient a client is with it.

    Attributes:
        route: Its socket or serial port.
        unit: Unit id, 0 to 255.
        timeout: Longest wait for one answer [s of real time].
        retries: Further tries after silence or a busy answer.
        periods: Poll class to period [s], where it differs from the profile's.
        worst_turnaround: Longest time in which the unit answers, if ever [s]; 0 leaves it to the profile.
        security: Certificates of a TLS link.
        raw: File to which every answer is appended as it came, or None; see ``tape``.
    """

    route: Route
    unit: int = 1
    timeout: float = 1.0
    retries: int = 1
    periods: Mapping[str, float] = field(default_factory=dict)
    worst_turnaround: float = 0.0
    security: Security | None = None
    raw: Path | None = None

    @property
    def baud(self) -> int:
        """Bits a second of the serial line, also of one behind a gateway; 0 where there is none."""
        return self.route.baud


def line(endpoint: Endpoint, where: str = "", folder: str = ".") -> Line:
    """The checked URL and settings of an endpoint.

    Args:
        endpoint: Of a device document.
        where: What errors call it.
        folder: What the paths of certificates count from.

    Raises:
        DocumentError: The URL has none of the forms in ``route``, or a setting is wrong.
    """
    route, unit = parse_route(endpoint.url, where)
    given = endpoint.settings
    secured = route.scheme == TLS
    known(given, ENDPOINT_KEYS | TLS_KEYS if secured else ENDPOINT_KEYS, where)
    return Line(
        route=route,
        unit=unit,
        timeout=seconds(given.get("timeout", 1.0), "timeout", where),
        retries=whole(given.get("retries", 1), (0, 10), "retries", where),
        periods=periods(given, where),
        worst_turnaround=seconds(given["worst_turnaround"], "worst_turnaround", where)
        if "worst_turnaround" in given
        else 0.0,
        security=_security(given, folder, where) if secured else None,
        raw=_raw(given["raw"], folder, where) if "raw" in given else None,
    )


def parse_url(url: str, where: str = "") -> tuple[str, int, int]:
    """Host, port and unit id of ``modbus+tcp://host:port?unit=1``; ``parse_route`` knows all forms.

    Raises:
        DocumentError: The URL has another form.
    """
    route, unit = parse_route(url, where)
    if route.scheme != TCP:
        raise DocumentError(
            Message("{url!r} is not Modbus TCP", url=url),
            where=where,
            hint=Message("write {tcp}://host:502?unit=1", tcp=TCP),
        )
    return route.host, route.port, unit


def choice(value: Json, allowed: tuple[str, ...], name: str, where: str) -> str:
    """A text that is one of a few.

    Raises:
        DocumentError: It is none of them.
    """
    if value not in allowed or not isinstance(value, str):
        raise DocumentError(
            Message("{name!r} is {value!r}", name=name, value=value),
            where=where,
            hint=Message("use one of {names}", names=", ".join(allowed)),
        )
    return value


def whole(value: Json, bounds: tuple[int, int], name: str, where: str) -> int:
    """An integer within bounds.

    Raises:
        DocumentError: It is not.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not bounds[0] <= value <= bounds[1]:
        hint = Message("use an integer from {low} to {high}", low=bounds[0], high=bounds[1])
        raise DocumentError(Message("{name!r} is {value!r}", name=name, value=value), where=where, hint=hint)
    return value


def known(given: Mapping[str, Json], keys: Collection[str], where: str) -> None:
    """Checks that a mapping has only keys that exist.

    Raises:
        DocumentError: It has another.
    """
    unknown = sorted(set(given) - set(keys))
    if unknown:
        raise DocumentError(
            Message("Modbus has no setting {unknown!r}", unknown=unknown[0]),
            where=where,
            hint=Message("use {names}", names=", ".join(sorted(keys))),
        )


def seconds(value: Json, name: str, where: str) -> float:
    """A duration above 0 and of a day at most [s].

    Raises:
        DocumentError: It is not.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0.0 < value <= 86400.0:
        raise DocumentError(
            Message("{name!r} is {value!r}", name=name, value=value), where=where, hint="use seconds, above 0"
        )
    return float(value)


def periods(given: Mapping[str, Json], where: str) -> dict[str, float]:
    """Poll class to period [s], of those that are given.

    Raises:
        DocumentError: A class is unknown or a period is none.
    """
    named = given.get("periods", {})
    if not isinstance(named, Mapping):
        raise DocumentError(
            "'periods' is not a mapping",
            where=where,
            hint=Message("give seconds for {names}", names=", ".join(CLASSES)),
        )
    known(named, CLASSES, f"{where}/periods")
    return {name: seconds(value, name, f"{where}/periods") for name, value in named.items()}


def _raw(name: Json, folder: str, where: str) -> Path:
    """The file of raw words, beside the device document and nowhere else."""
    if not isinstance(name, str) or not name.endswith(".jsonl") or Path(name).name != name:
        hint = "name a file such as words.jsonl; it is written beside the device document"
        raise DocumentError(Message("'raw' is {name!r}", name=name), where=where, hint=hint)
    return Path(folder) / name


def _security(given: Mapping[str, Json], folder: str, where: str) -> Security:
    """The certificates of a TLS link; there is none without."""
    hint = "give `ca`: the file of the certificate that the server's descends from, or of the server's own"
    if "ca" not in given:
        raise DocumentError("a TLS endpoint does not say whom to trust", where=where, hint=hint)
    for name in sorted(TLS_KEYS & set(given)):
        if not isinstance(given[name], str) or not given[name]:
            raise DocumentError(
                Message("{name!r} is {value!r}", name=name, value=given[name]),
                where=where,
                hint="use the path of a file, or a name",
            )
    if "private_key" in given and "certificate" not in given:
        raise DocumentError("'private_key' without 'certificate'", where=where, hint="name both files")
    named = {name: str(Path(folder) / given[name]) for name in ("ca", "certificate", "private_key") if name in given}
    missing = next((path for path in named.values() if not Path(path).is_file()), None)
    if missing is not None:
        raise DocumentError(
            Message("there is no file {missing}", missing=missing),
            where=where,
            hint="paths count from the device document",
        )
    return Security(**named, server_name=given.get("server_name", ""))
