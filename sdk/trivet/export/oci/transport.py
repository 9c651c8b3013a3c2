"""HTTP with bounds: on time, on size, on redirects, on where credentials go; nothing but the standard library."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

from trivet.errors import RegistryError
from trivet.export.oci.credentials import Credentials
from trivet.export.oci.reference import Host

ATTEMPTS = 4
MOST_REDIRECTS = 3
SLOWEST = 32 << 10
"""Least bytes per second of a long answer."""

_CHUNK = 1 << 16
_MOVED = (301, 302, 303, 307, 308)
_BUSY = (429, 500, 502, 503, 504)
_TROUBLE = (OSError, http.client.HTTPException)


class Answer(NamedTuple):
    """What a server said.

    Attributes:
        status: HTTP status.
        headers: In lower case.
        body: At most what was asked for, and one byte that says there is more.
        whole: Whether the body came to its end; if not, the connection broke off.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    whole: bool


class Request(NamedTuple):
    """What is asked.

    Attributes:
        method: HTTP method.
        url: Absolute.
        headers: Without credentials.
        body: Bytes to send.
        most: Most bytes of the answer's body.
        authorization: Sent to the host in ``url``, and to no other.
    """

    method: str
    url: str
    headers: Mapping[str, str] = {}
    body: bytes | None = None
    most: int = 1 << 16
    authorization: str = ""


class Terms(NamedTuple):
    """How a registry is talked to.

    Attributes:
        hosts: Hosts beside the registry that it may send to.
        credentials: Of a user, or None.
        timeout: Of one step, and of an answer of no length [s].
        sleep: Waits between attempts [s].
    """

    hosts: frozenset[str] = frozenset()
    credentials: Credentials | None = None
    timeout: float = 30.0
    sleep: Callable[[float], None] = time.sleep


class Transport:
    """Connections to one registry and the hosts that it may send to; to be closed.

    Attributes:
        host: The registry.
        terms: How it is talked to.
    """

    def __init__(self, host: Host, terms: Terms) -> None:
        self.host = host
        self.terms = terms
        self._open: dict[Host, http.client.HTTPConnection] = {}

    def close(self) -> None:
        """Closes all connections."""
        for connection in self._open.values():
            connection.close()
        self._open.clear()

    def send(self, request: Request) -> Answer:
        """The answer to a request, after redirects and as many attempts as are allowed.

        Raises:
            RegistryError: No answer, a redirect to where it may not go, or a server that stays busy.
        """
        trouble: Exception | None = None
        for attempt in range(ATTEMPTS):
            if attempt:
                self.terms.sleep(2.0 ** (attempt - 2))
            try:
                answer = self._follow(request)
            except _TROUBLE as error:
                trouble = error
                continue
            if answer.status not in _BUSY:
                return answer
            trouble = None
        reason = ascii(str(trouble or "it is busy"))[1:-1][:200]
        hint = "check the address and the network, then try again"
        raise RegistryError(
            f"does not answer ({reason})", where=str(self.host), hint=hint, rule="TRV-P124"
        ) from trouble

    def _follow(self, request: Request) -> Answer:
        for _ in range(MOST_REDIRECTS + 1):
            answer = self._once(request)
            if answer.status not in _MOVED or request.method not in ("GET", "HEAD"):
                return answer
            url = self.resolve(request.url, answer)
            keep = self.permitted(url) == self.permitted(request.url)
            request = request._replace(url=url, authorization=request.authorization if keep else "")
        raise self._refused(f"redirects more than {MOST_REDIRECTS} times")

    def resolve(self, url: str, answer: Answer) -> str:
        """Where an answer sends to, as an absolute URL.

        Raises:
            RegistryError: To nothing that is one.
        """
        try:
            return urljoin(url, answer.headers["location"])
        except (KeyError, ValueError) as error:
            raise self._refused("sends to something that is no URL") from error

    def permitted(self, url: str) -> Host:
        """The host of a URL.

        Raises:
            RegistryError: It is not the registry's own nor one of those allowed, or gives up TLS.
        """
        try:
            parts = urlsplit(url)
            secure = parts.scheme == "https"
            host = Host(secure, parts.hostname or "", parts.port or (443 if secure else 80))
        except ValueError as error:
            raise self._refused("sends to something that is no URL") from error
        if parts.scheme not in ("http", "https") or not host.name or "@" in parts.netloc:
            raise self._refused(f"sends to {url[:120]!a}")
        if host != self.host and str(host) not in self.terms.hosts:
            name = ascii(str(host)[:120])
            raise self._refused(f"sends to another host, {name}", f"if that is right, give --allow-host {name}")
        if self.host.secure and not secure:
            raise self._refused(f"sends from TLS to plain HTTP, {str(host)[:120]!a}")
        return host

    def _once(self, request: Request) -> Answer:
        host, parts = self.permitted(request.url), urlsplit(request.url)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        headers = {"User-Agent": "trivet", **request.headers}
        if request.authorization:
            headers["Authorization"] = request.authorization
        allowed = self.terms.timeout + (request.most + len(request.body or b"")) / SLOWEST
        connection = self._open.pop(host, None) or self._connect(host)
        try:
            with _within(connection, allowed):
                connection.request(request.method, path, request.body, headers)
                response = connection.getresponse()
                body, whole = _read(response, request.most)
        except (UnicodeError, ValueError) as error:
            connection.close()
            raise self._refused(f"sends to something that is no URL ({str(error)[:80]!a})") from error
        except BaseException:
            connection.close()
            raise
        if whole and len(body) <= request.most and not response.will_close:
            response.close()
            self._open[host] = connection
        else:
            connection.close()
        return Answer(response.status, {key.lower(): value for key, value in response.getheaders()}, body, whole)

    def _connect(self, host: Host) -> http.client.HTTPConnection:
        if host.secure:
            context = ssl.create_default_context()
            return http.client.HTTPSConnection(host.name, host.port, timeout=self.terms.timeout, context=context)
        return http.client.HTTPConnection(host.name, host.port, timeout=self.terms.timeout)

    def _refused(self, message: str, hint: str = "use another registry") -> RegistryError:
        return RegistryError(message, where=str(self.host), hint=hint, rule="TRV-P124")


@contextmanager
def _within(connection: http.client.HTTPConnection, seconds: float) -> Iterator[None]:
    """Hangs up after so many seconds, whatever keeps the line busy; the timeout of a socket is that of one read."""
    if connection.sock is None:
        connection.connect()
    timer = threading.Timer(seconds, _hang_up, [connection.sock])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _hang_up(line: socket.socket) -> None:
    with suppress(OSError):
        # Not the method of a TLS socket, which would go on in plain text.
        socket.socket.shutdown(line, socket.SHUT_RDWR)


def _read(response: http.client.HTTPResponse, most: int) -> tuple[bytes, bool]:
    """At most ``most + 1`` bytes, and whether that was all there is."""
    body, promised = bytearray(), response.length
    while len(body) <= most:
        try:
            part = response.read1(min(_CHUNK, most + 1 - len(body)))
        except _TROUBLE:
            return bytes(body), False
        if not part:
            break
        body += part
    return bytes(body), len(body) > most or promised is None or len(body) == promised
