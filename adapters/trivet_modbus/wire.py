"""Bytes to and from a route: sockets, TLS and serial ports behind one small interface."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from typing import Any, Protocol

from trivet.errors import AdapterError
from trivet_modbus.route import TLS, Route, Security

KEEPALIVE = 1
ROOM = 4096


class Wire(Protocol):
    """An open connection or port."""

    def write(self, data: bytes) -> None:
        """Sends; never waits."""
        ...

    def close(self) -> None:
        """Closes at once."""
        ...


Received = Callable[[bytes], None]
Gone = Callable[[str], None]


class Unreachable(Exception):  # noqa: N818 # it never leaves the adapter
    """Nothing could be opened.

    Attributes:
        reason: One word: ``refused``, ``reset``, ``unknown_host``, ``untrusted``, ``absent``, ``denied`` ...
        detail: What the operating system says.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail


class _Stream(asyncio.BufferedProtocol):
    """One TCP or TLS connection.

    It receives into room of its own: for any other protocol the event loop asks for 256 KiB at each answer.
    """

    def __init__(self, received: Received, gone: Gone) -> None:
        self._received, self._gone = received, gone
        self._room = memoryview(bytearray(ROOM))
        self._transport: asyncio.Transport | None = None
        self._closing = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Takes the transport."""
        if isinstance(transport, asyncio.Transport):
            self._transport = transport
            self.write = transport.write  # type: ignore[method-assign]
        plain = transport.get_extra_info("socket")
        if plain is not None:
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, KEEPALIVE)

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 # asyncio calls it so
        """Room for what came."""
        return self._room

    def buffer_updated(self, nbytes: int) -> None:
        """Hands on what came."""
        self._received(bytes(self._room[:nbytes]))

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 # asyncio calls it so
        """Says it at once."""
        if not self._closing:
            self._closing = True
            self._gone("reset")

    def write(self, data: bytes) -> None:  # noqa: ARG002
        """Nothing is open yet."""
        raise ConnectionError("not open")

    def close(self) -> None:
        """Drops the connection without a word."""
        self._closing = True
        if self._transport is not None:
            self._transport.abort()


async def dial(route: Route, security: Security | None, received: Received, gone: Gone) -> Wire:
    """Opens a route.

    Args:
        route: Where.
        security: What to trust and to show, for TLS.
        received: Called with bytes as they come.
        gone: Called once with one word when the other side is gone.

    Raises:
        Unreachable: It cannot be opened.
        AdapterError: This system has no serial ports, or a TLS link has no certificates.
    """
    if route.serial:
        return _serial(route, received, gone)
    secured = _tls(route, security) if route.scheme == TLS else {}
    loop = asyncio.get_running_loop()
    try:
        _, stream = await loop.create_connection(lambda: _Stream(received, gone), route.host, route.port, **secured)
    except ssl.SSLError as error:
        raise Unreachable("untrusted", getattr(error, "verify_message", "") or error.reason or str(error)) from error
    except socket.gaierror as error:
        raise Unreachable("unknown_host", error.strerror or str(error)) from error
    except ConnectionRefusedError as error:
        raise Unreachable("refused", "") from error
    except OSError as error:
        raise Unreachable("reset" if isinstance(error, ConnectionError) else "unreachable", str(error)) from error
    return stream


def _tls(route: Route, security: Security | None) -> dict[str, Any]:
    if security is None:
        raise AdapterError("a TLS link needs its certificates", where=str(route), hint="name `ca` in its settings")
    try:
        context = tls_context(security)
    except (OSError, ValueError) as error:
        # SSLError is an OSError
        raise Unreachable("certificate", str(error)) from error
    return {"ssl": context, "server_hostname": security.server_name or route.host}


def tls_context(security: Security) -> ssl.SSLContext:
    """What a TLS link trusts and shows: only these certificates, only this name, TLS 1.2 at least.

    Raises:
        OSError: A file cannot be read, or holds no certificate or key.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(security.ca)
    # a server's own certificate may be named instead of who issued it
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    if security.certificate:
        context.load_cert_chain(security.certificate, security.private_key or None, password=_no_passphrase)
    return context


def _no_passphrase() -> str:
    raise ValueError("the private key needs a passphrase; a key file without one is needed")


def _serial(route: Route, received: Received, gone: Gone) -> Wire:
    try:
        from trivet_modbus.serial_port import SerialPort, open_port
    except ImportError as error:
        message = "this system has no serial ports that trivet can use"
        raise AdapterError(message, where=str(route), hint="use a gateway: modbus+rtuovertcp://") from error
    try:
        return SerialPort(open_port(route), received, gone)
    except FileNotFoundError as error:
        raise Unreachable("absent", f"there is no {route.device}") from error
    except BlockingIOError as error:
        raise Unreachable("taken", "another program has it open") from error
    except PermissionError as error:
        raise Unreachable("denied", "this user may not open it") from error
    except OSError as error:
        raise Unreachable("unreachable", error.strerror or str(error)) from error
