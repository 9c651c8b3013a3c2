"""How a unit is reached: the URLs of Modbus links, one form for each transport; needs no Modbus library.

- ``modbus+tcp://host:502?unit=1``: Modbus TCP
- ``modbus+tls://host:802?unit=1``: Modbus TCP over TLS
- ``modbus+rtuovertcp://host:502?unit=1``: RTU frames through a TCP gateway; ``baud`` may name the line's behind it
- ``modbus+rtu:///dev/ttyUSB0?unit=1&baud=9600&parity=even&stop=1``: RTU on a serial port
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import SplitResult, parse_qsl, urlsplit

from trivet.errors import DocumentError, Message

TCP, TLS, RTU_OVER_TCP, RTU = SCHEMES = ("modbus+tcp", "modbus+tls", "modbus+rtuovertcp", "modbus+rtu")
PORTS: Mapping[str, int] = {TCP: 502, TLS: 802, RTU_OVER_TCP: 502}
BAUDS = (300, 600, 1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400)
BAUD = 19200
PARITIES = ("even", "none", "odd")
CHARACTER = 11
SILENCE_CHARACTERS = 3.5
LEAST_SILENCE = 0.00175


class Route(NamedTuple):
    """One socket or serial port; the units behind it share one link.

    Attributes:
        scheme: Which transport.
        host: Name or IP address; empty for a serial port.
        port: TCP port; 0 for a serial port.
        device: Path of a serial port; else empty.
        baud: Bits a second of a serial line, also of one behind a gateway; 0 where there is none or nobody said.
        parity: ``even``, ``odd`` or ``none``.
        stop: Stop bits, 1 or 2.
    """

    scheme: str
    host: str = ""
    port: int = 0
    device: str = ""
    baud: int = 0
    parity: str = "even"
    stop: int = 1

    @property
    def serial(self) -> bool:
        """Whether it is a serial port."""
        return self.scheme == RTU

    @property
    def framed_rtu(self) -> bool:
        """Whether frames have a checksum and no transaction."""
        return self.scheme in (RTU, RTU_OVER_TCP)

    def seconds(self, characters: int) -> float:
        """How long so many characters are on the serial line; where there is none, 0."""
        return characters * CHARACTER / self.baud if self.baud else 0.0

    @property
    def silence(self) -> float:
        """Least time between two frames [s] (Modbus over Serial Line 1.02, 2.5.1.1); sockets need none."""
        return max(self.seconds(1) * SILENCE_CHARACTERS, LEAST_SILENCE) if self.serial else 0.0

    def url(self, unit: int) -> str:
        """The URL of one unit here."""
        if self.serial:
            return f"{RTU}://{self.device}?unit={unit}&baud={self.baud}&parity={self.parity}&stop={self.stop}"
        return f"{self}?unit={unit}" + (f"&baud={self.baud}" if self.baud else "")

    def __str__(self) -> str:
        if self.serial:
            return self.device
        return f"{self.scheme}://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"


class Security(NamedTuple):
    """Files of a TLS link; nothing in them is ever part of a document.

    Attributes:
        ca: Certificates that the server's must descend from, or the server's own.
        certificate: What this side shows; empty shows none.
        private_key: Its key, without a passphrase.
        server_name: Name that the server's certificate must bear; the URL's host unless given.
    """

    ca: str
    certificate: str = ""
    private_key: str = ""
    server_name: str = ""


def tcp(host: str, port: int = PORTS[TCP]) -> Route:
    """A Modbus TCP server."""
    return Route(TCP, host, port)


def parse_route(url: str, where: str = "") -> tuple[Route, int]:
    """A URL's route and unit id.

    Raises:
        DocumentError: The URL has none of the four forms.
    """
    try:
        parts = urlsplit(url)
        query = dict(parse_qsl(parts.query, strict_parsing=True)) if parts.query else {}
        unit = int(query.pop("unit", "1"))
        route = _serial(parts, query) if parts.scheme == RTU else _socket(parts, query)
    except ValueError as error:
        raise DocumentError(Message("{url!r} is not a Modbus URL", url=url), where=where, hint=_hint(url)) from error
    if route is None or query or parts.fragment or not 0 <= unit <= 255:
        raise DocumentError(Message("{url!r} is not a Modbus URL", url=url), where=where, hint=_hint(url))
    return route, unit


def _socket(parts: SplitResult, query: dict[str, str]) -> Route | None:
    """The socket of a URL; takes its keys out of ``query``."""
    plain = parts.scheme in PORTS and parts.path in ("", "/") and not (parts.username or parts.password)
    baud = int(query.pop("baud", "0")) if parts.scheme == RTU_OVER_TCP else 0
    if not (plain and parts.hostname and baud in (0, *BAUDS)):
        return None
    return Route(parts.scheme, parts.hostname, PORTS[parts.scheme] if parts.port is None else parts.port, baud=baud)


def _serial(parts: SplitResult, query: dict[str, str]) -> Route | None:
    """The serial port of a URL; takes its keys out of ``query``."""
    baud, stop = int(query.pop("baud", str(BAUD))), int(query.pop("stop", "1"))
    parity = query.pop("parity", "even")
    if parts.netloc or not parts.path.startswith("/") or "\0" in parts.path:
        return None
    if baud not in BAUDS or parity not in PARITIES or stop not in (1, 2):
        return None
    return Route(RTU, device=parts.path, baud=baud, parity=parity, stop=stop)


def _hint(url: str) -> str:
    if url.startswith(f"{RTU}:"):
        return Message("write {rtu}:///dev/ttyUSB0?unit=1&baud=9600&parity=even&stop=1", rtu=RTU)
    scheme = next((one for one in (TLS, RTU_OVER_TCP) if url.startswith(f"{one}:")), TCP)
    return Message("write {scheme}://host:{ports}?unit=1", scheme=scheme, ports=PORTS[scheme])
