"""A repository in a registry (OCI distribution specification 1.1): manifests, blobs, referrers, both ways."""

from __future__ import annotations

import re
from types import TracebackType
from urllib.parse import urlencode

from trivet import canonical
from trivet.errors import DigestError, FormatError, RegistryError
from trivet.export.oci import media
from trivet.export.oci.artifact import Descriptor, fallback_tag
from trivet.export.oci.credentials import challenge
from trivet.export.oci.reference import Host, Reference
from trivet.export.oci.transport import ATTEMPTS, Answer, Request, Terms, Transport
from trivet.package.tree import LARGEST, parse

_RANGE = re.compile(r"bytes ([0-9]{1,12})-[0-9]{1,12}/([0-9]{1,12}|\*)")


class Registry:
    """One repository; a context manager.

    Attributes:
        reference: Its address.
    """

    def __init__(self, reference: Reference, terms: Terms | None = None) -> None:
        self.reference = reference
        self._transport = Transport(reference.host, terms or Terms())
        scheme = "https" if reference.host.secure else "http"
        self._base = f"{scheme}://{reference.host}/v2/{reference.repository}/"
        self._authorization = ""

    def __enter__(self) -> Registry:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._transport.close()

    def manifest(self, name: str) -> bytes | None:
        """A manifest or index by tag or ``sha256:DIGEST``, or None when there is none.

        Raises:
            RegistryError: The registry does not give it.
            DigestError: It gives another one.
        """
        accept = {"Accept": f"{media.MANIFEST}, {media.INDEX}"}
        answer = self._send(Request("GET", f"{self._base}manifests/{name}", accept, most=LARGEST))
        if answer.status == 404:
            return None
        body = self._whole(answer, f"manifest {name}")
        if name.startswith("sha256:") and canonical.sha256(body) != name.removeprefix("sha256:"):
            raise self._wrong(f"gives another manifest than {name}")
        return body

    def referrers(self, digest: str) -> bytes | None:
        """The index of what refers to a manifest: by the API, else by the fallback tag, or None."""
        url = f"{self._base}referrers/sha256:{digest}"
        answer = self._send(Request("GET", url, {"Accept": media.INDEX}, most=LARGEST))
        if answer.status == 200:
            return self._whole(answer, "referrers")
        return self.manifest(fallback_tag(digest))

    def blob(self, wanted: Descriptor) -> bytes:
        """A blob, its size and digest checked; what broke off is gone on with.

        Raises:
            RegistryError: The registry does not give it.
            DigestError: It gives something else.
        """
        got = bytearray()
        for _ in range(ATTEMPTS):
            ranged = {"Range": f"bytes={len(got)}-"} if got else {}
            request = Request("GET", f"{self._base}blobs/sha256:{wanted.digest}", ranged, most=wanted.size)
            answer = self._send(request)
            if answer.status == 200:
                got.clear()
            elif answer.status != 206 or not _goes_on(answer, len(got)):
                raise self._failed(answer, f"blob sha256:{wanted.digest[:16]}")
            got += answer.body
            if len(got) > wanted.size or (answer.whole and len(got) != wanted.size):
                raise self._wrong(f"gives {len(got)} bytes or more of a blob of {wanted.size}")
            if answer.whole:
                break
        if len(got) != wanted.size or canonical.sha256(bytes(got)) != wanted.digest:
            raise self._wrong(f"gives {len(got)} bytes that are not blob sha256:{wanted.digest[:16]}")
        return bytes(got)

    def put_blob(self, content: bytes) -> None:
        """Stores a blob, unless it is there.

        Raises:
            RegistryError: The registry does not take it.
        """
        digest = f"sha256:{canonical.sha256(content)}"
        if self._has(digest):
            return
        answer = self._send(Request("POST", f"{self._base}blobs/uploads/", {"Content-Length": "0"}))
        if answer.status != 202:
            raise self._failed(answer, "upload")
        url = self._transport.resolve(self._base, answer)
        url += ("&" if "?" in url else "?") + urlencode({"digest": digest})
        answer = self._send(Request("PUT", url, {"Content-Type": "application/octet-stream"}, content))
        # An upload whose answer was lost is done when it is tried again.
        if answer.status != 201 and not self._has(digest):
            raise self._failed(answer, f"blob {digest[:23]}")

    def _has(self, digest: str) -> bool:
        return self._send(Request("HEAD", f"{self._base}blobs/{digest}", most=0)).status == 200

    def put_manifest(self, name: str, content: bytes, kind: str) -> None:
        """Stores a manifest or index under a tag or ``sha256:DIGEST``.

        Raises:
            RegistryError: The registry does not take it.
        """
        answer = self._send(Request("PUT", f"{self._base}manifests/{name}", {"Content-Type": kind}, content))
        if answer.status != 201:
            raise self._failed(answer, f"manifest {name}")

    def _send(self, request: Request) -> Answer:
        """Asks, and once more with credentials when the registry wants them; they stay with its own host."""
        answer = self._transport.send(self._authorized(request))
        if answer.status != 401:
            return answer
        self._authorization = self._authorize(answer)
        return self._transport.send(self._authorized(request))

    def _authorized(self, request: Request) -> Request:
        own = self._transport.permitted(request.url) == self.reference.host
        return request._replace(authorization=self._authorization) if own else request

    def _authorize(self, answer: Answer) -> str:
        """The header that the registry asks for (distribution specification, token authentication)."""
        asked, user = challenge(answer.headers.get("www-authenticate", "")), self._transport.terms.credentials
        if asked is None or (asked.scheme == "basic" and user is None):
            raise self._failed(answer, "this request without credentials")
        if asked.scheme == "basic":
            self._check_private(self.reference.host)
            return user.basic if user else ""
        realm = asked.parameters.get("realm", "")
        query = urlencode({key: value for key, value in asked.parameters.items() if key in ("service", "scope")})
        url = f"{realm}{'&' if '?' in realm else '?'}{query}"
        if user is not None:
            self._check_private(self._transport.permitted(url))
        given = self._transport.send(Request("GET", url, authorization=user.basic if user else ""))
        tree = parse(self._whole(given, "a token"), "the token", FormatError, "TRV-P125")
        token = tree.get("token") or tree["access_token"]
        return f"Bearer {token.text(re.compile('[!-~]+'), 1 << 15)}"

    def _check_private(self, host: Host) -> None:
        """Refuses to send a password where others on the way can read it."""
        if not host.secure and not host.local:
            hint = "use oci://, or a registry that asks for none"
            raise RegistryError("would get credentials over plain HTTP", where=str(host), hint=hint, rule="TRV-P123")

    def _whole(self, answer: Answer, what: str) -> bytes:
        if answer.status != 200:
            raise self._failed(answer, what)
        if not answer.whole or len(answer.body) > LARGEST:
            raise self._wrong(f"gives {what} cut short, or over {LARGEST} bytes")
        return answer.body

    def _failed(self, answer: Answer, what: str) -> RegistryError:
        hint = "set TRIVET_REGISTRY_USER and TRIVET_REGISTRY_PASSWORD" if answer.status in (401, 403) else _CHECK
        message = f"refuses {what} (HTTP {answer.status})"
        return RegistryError(message, where=str(self.reference), hint=hint, rule="TRV-P124")

    def _wrong(self, message: str) -> DigestError:
        return DigestError(message, where=str(self.reference), hint="do not use what it holds", rule="TRV-P125")


_CHECK = "check name and tag"


def _goes_on(answer: Answer, start: int) -> bool:
    found = _RANGE.fullmatch(answer.headers.get("content-range", ""))
    return start > 0 and found is not None and int(found[1]) == start
