"""Certificates in files: this client's own, made once, and what was approved of servers; needs ``cryptography`` only.

In the home folder's ``certificates``: ``own`` holds this client's certificate and key,
``servers`` what was approved, one file for each host and port, ``trusted`` certificates that
somebody put there, and ``rejected`` those that servers showed and nobody approved yet.
"""

from __future__ import annotations

import base64
import contextlib
import datetime
import hashlib
import json
import os
import re
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from trivet.errors import AdapterError, DocumentError
from trivet.package.trust import home_folder, subfolder
from trivet_opcua.settings import Settings

LARGEST_FILE = 100_000
YEARS = 20
KEY_BITS = 2048
"""What every policy in use takes; Basic256Sha256 takes no more than 4096."""


class Own(NamedTuple):
    """This client's certificate: its file, that of its key, and its thumbprint."""

    certificate: str
    private_key: str
    thumbprint: str


class Pin(NamedTuple):
    """What was approved of a server.

    Attributes:
        certificate: DER.
        policy: Name of the security policy that was the strongest it offered.
        protection: ``sign_and_encrypt`` or ``sign``.
        approved: When, as RFC 3339 text.
    """

    certificate: bytes
    policy: str
    protection: str
    approved: str


def check(settings: Settings, where: str) -> None:
    """Looks whether the files that a document names are what they should be.

    Raises:
        DocumentError: One cannot be read, or holds something else.
    """
    for name, file in (("certificate", settings.certificate), ("server_certificate", settings.server_certificate)):
        try:
            if file:
                _certificate(file)
        except (OSError, ValueError) as error:
            raise _refused(name, file, error, where) from error
    try:
        if settings.private_key:
            _load_key(settings.private_key)
    except (OSError, ValueError, TypeError) as error:
        raise _refused("private_key", settings.private_key, error, where) from error


def application_uri(file: str) -> str:
    """The application URI in a certificate, which a server compares with what its client says; may be empty.

    Raises:
        OSError: The file cannot be read.
        ValueError: It holds no certificate.
    """
    try:
        names = _certificate(file).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ""
    return next(iter(names.get_values_for_type(x509.UniformResourceIdentifier)), "")


def thumbprint(der: bytes) -> str:
    """SHA-1 of a certificate as servers and their tools show it."""
    return hashlib.sha1(der, usedforsecurity=False).hexdigest().upper()


def subject(der: bytes) -> str:
    """Whom a certificate names, for people."""
    try:
        return x509.load_der_x509_certificate(der).subject.rfc4514_string()
    except ValueError:
        return "an unreadable certificate"


def read_der(file: str) -> bytes:
    """A certificate's DER, out of a file in DER or PEM.

    Raises:
        OSError: The file cannot be read.
        ValueError: It holds no certificate.
    """
    return _certificate(file).public_bytes(serialization.Encoding.DER)


def own(home: Path | None = None) -> Own:
    """This client's certificate, made at the first call and the same ever after.

    Raises:
        AdapterError: It can be neither read nor made.
    """
    folder = _folder(home) / "own"
    certificate, key = folder / "trivet.der", folder / "trivet.pem"
    try:
        if not certificate.exists():
            _make(folder)
        return Own(str(certificate), str(key), thumbprint(read_der(str(certificate))))
    except (OSError, ValueError) as error:
        raise AdapterError(
            f"this client's certificate cannot be used ({error})",
            where=str(folder),
            hint="remove the folder, a new certificate is made; servers then have to trust it again",
        ) from error


def pinned(url: str, home: Path | None = None) -> Pin | None:
    """What was approved of the server at a URL, or None.

    Raises:
        AdapterError: The file is there and cannot be read; a broken pin is never taken for none.
    """
    file = _pin_file(url, home)
    if not file.exists():
        return None
    try:
        tree = json.loads(file.read_text("utf-8"))
        der = base64.b64decode(tree["certificate"], validate=True)
        return Pin(der, str(tree["policy"]), str(tree["protection"]), str(tree["approved"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise AdapterError(
            f"what was approved of this server cannot be read ({error})",
            where=str(file),
            hint=f"look who changed it, remove it, and run `trivet connect {url} --approve`",
        ) from error


def pin(url: str, approved: Pin, home: Path | None = None) -> Path:
    """Keeps what was approved of a server; gives the file."""
    file = _pin_file(url, home)
    tree = {
        "url": url,
        "certificate": base64.b64encode(approved.certificate).decode(),
        "subject": subject(approved.certificate),
        "thumbprint": thumbprint(approved.certificate),
        "policy": approved.policy,
        "protection": approved.protection,
        "approved": approved.approved,
    }
    file.parent.mkdir(mode=0o700, exist_ok=True)
    part = file.with_suffix(f".{os.getpid()}.part")
    part.write_text(json.dumps(tree, indent=1) + "\n", encoding="utf-8")
    part.replace(file)
    return file


def trusted(der: bytes, home: Path | None = None) -> bool:
    """Whether somebody put this certificate into the folder ``trusted``."""
    return any(found == der for found in _all(_folder(home) / "trusted"))


def reject(url: str, der: bytes, home: Path | None = None) -> Path:
    """Lays a certificate that nobody approved where it can be looked at and moved to ``trusted``."""
    folder = _folder(home) / "rejected"
    folder.mkdir(mode=0o700, exist_ok=True)
    file = folder / f"{_place(url)}_{thumbprint(der)[:8]}.der"
    with contextlib.suppress(OSError):
        file.write_bytes(der)
    return file


def _all(folder: Path) -> Iterator[bytes]:
    for file in sorted(folder.iterdir()) if folder.is_dir() else ():
        with contextlib.suppress(OSError, ValueError):
            yield read_der(str(file))


def _folder(home: Path | None) -> Path:
    return subfolder(home or home_folder(), "certificates")


def _pin_file(url: str, home: Path | None) -> Path:
    return _folder(home) / "servers" / f"{_place(url)}.json"


def _place(url: str) -> str:
    """A file name for host and port."""
    parts = urlsplit(url)
    return re.sub(r"[^A-Za-z0-9.-]", "-", f"{parts.hostname or ''}_{parts.port or 4840}")


def _make(folder: Path) -> None:
    """Writes certificate and key beside the folder and renames, so that two starts at once end with one of them."""
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".own-"))
    try:
        key = rsa.generate_private_key(65537, KEY_BITS)
        plain, form = serialization.NoEncryption(), serialization.PrivateFormat.PKCS8
        pem = key.private_bytes(serialization.Encoding.PEM, form, plain)
        with os.fdopen(os.open(made / "trivet.pem", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(pem)
        (made / "trivet.der").write_bytes(_self_signed(key).public_bytes(serialization.Encoding.DER))
        with contextlib.suppress(OSError):  # another process was first
            made.rename(folder)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _self_signed(key: rsa.RSAPrivateKey) -> x509.Certificate:
    """An application instance certificate after OPC 10000-6, 6.2.2: URI and host name, for client and server use."""
    host = re.sub(r"[^A-Za-z0-9.-]", "-", socket.gethostname()) or "localhost"
    name = x509.Name(
        [x509.NameAttribute(NameOID.COMMON_NAME, "trivet"), x509.NameAttribute(NameOID.ORGANIZATION_NAME, host)]
    )
    now = datetime.datetime.now(datetime.UTC)
    uses = [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]
    names = [x509.UniformResourceIdentifier(f"urn:{host}:trivet"), x509.DNSName(host)]
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=2))
        .not_valid_after(now + datetime.timedelta(days=365 * YEARS))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(True, True, True, True, False, True, False, False, False), critical=True)
        .add_extension(x509.ExtendedKeyUsage(uses), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _certificate(file: str) -> x509.Certificate:
    data = _read(file)
    return x509.load_pem_x509_certificate(data) if _is_pem(data) else x509.load_der_x509_certificate(data)


def _load_key(file: str) -> None:
    data = _read(file)
    if _is_pem(data):
        load_pem_private_key(data, None)
    else:
        load_der_private_key(data, None)


def _read(file: str) -> bytes:
    with Path(file).open("rb") as opened:
        return opened.read(LARGEST_FILE)


def _is_pem(data: bytes) -> bool:
    return data.startswith(b"-----")


def _refused(name: str, file: str, error: Exception, where: str) -> DocumentError:
    reason = error.strerror if isinstance(error, OSError) else "it holds no such thing, in PEM or DER, without password"
    return DocumentError(f"`{name}` {file!r} cannot be used: {reason}", where=where, hint="check the path")
