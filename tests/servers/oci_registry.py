"""A registry on loopback, written from the OCI distribution specification, that can be told to misbehave."""

from __future__ import annotations

import base64
import hashlib
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

Twist = Callable[["Handler"], bool]
"""Answers a request itself and gives True, or leaves it alone."""


class Shelf:
    """What the registry holds and how it behaves."""

    def __init__(self) -> None:
        self.blobs: dict[str, bytes] = {}
        self.manifests: dict[str, tuple[bytes, str]] = {}
        self.twist: Twist = lambda _: False
        self.auth = ""
        self.api = False
        self.seen: list[tuple[str, str, dict[str, str]]] = []
        self.url = ""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    shelf: Shelf

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Silence."""

    def answer(self, status: int, body: bytes = b"", claim: int | None = None, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body) if claim is None else claim))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def refuse(self, status: int, **headers: str) -> bool:
        """Answers without content."""
        self.answer(status, b"", None, **headers)
        return True

    def hang_up(self, text: bytes = b"") -> None:
        self.wfile.write(text)
        self.close_connection = True

    def handle_any(self) -> None:
        shelf, self.close_connection = self.shelf, False
        shelf.seen.append((self.command, self.path, dict(self.headers.items())))
        self.content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path.startswith("/token"):
            good = self.headers.get("Authorization") == "Basic " + base64.b64encode(b"cook:secret").decode()
            self.answer(200 if good else 401, b'{"token": "opened"}' if good else b"{}")
        elif not shelf.twist(self) and self._admitted():
            self._serve()

    do_GET = do_HEAD = do_PUT = do_POST = handle_any  # noqa: N815 - the library's names

    def _admitted(self) -> bool:
        wanted = {"": None, "basic": "Basic " + base64.b64encode(b"cook:secret").decode(), "bearer": "Bearer opened"}
        if wanted[self.shelf.auth] in (None, self.headers.get("Authorization")):
            return True
        challenge = f'Bearer realm="{self.shelf.url}/token",service="here",scope="x"'
        self.answer(401, b"{}", WWW_Authenticate=challenge if self.shelf.auth == "bearer" else 'Basic realm="here"')
        return False

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        kind, name = re.fullmatch(r"/v2/[a-z/]+/(manifests|blobs|referrers)/(.*)", parts.path).groups()  # type: ignore[union-attr]
        if self.command == "POST":
            self.answer(202, Location=f"{parts.path}one?state=x")
        elif self.command == "PUT" and kind == "blobs":
            (digest,) = parse_qs(parts.query)["digest"]
            assert digest == "sha256:" + hashlib.sha256(self.content).hexdigest()
            self.shelf.blobs[digest] = self.content
            self.answer(201)
        elif self.command == "PUT":
            self.shelf.manifests[name] = self.content, self.headers["Content-Type"]
            self.answer(201)
        else:
            self._give(kind, name)

    def _give(self, kind: str, name: str) -> None:
        if kind == "referrers" and self.shelf.api:
            kind, name = "manifests", name.replace("sha256:", "sha256-")
        found = self.shelf.blobs.get(name) if kind == "blobs" else self.shelf.manifests.get(name, (None,))[0]
        if found is None or kind == "referrers":
            self.answer(404, b"{}")
            return
        start = re.fullmatch(r"bytes=([0-9]+)-", self.headers.get("Range", ""))
        if start is None:
            self.answer(200, found)
        else:
            at = int(start[1])
            self.answer(206, found[at:], Content_Range=f"bytes {at}-{len(found) - 1}/{len(found)}")


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients hang up on a registry that misbehaves."""


@contextmanager
def running() -> Iterator[Shelf]:
    """The registry on a free port."""
    shelf = Shelf()
    server = Server(("127.0.0.1", 0), type("Bound", (Handler,), {"shelf": shelf}))
    shelf.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield shelf
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
