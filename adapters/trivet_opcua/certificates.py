"""Certificate files of a secured endpoint; needs ``cryptography`` only."""

from __future__ import annotations

from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_pem_private_key

from trivet.errors import DocumentError
from trivet_opcua.settings import Settings

LARGEST_FILE = 100_000


def check(settings: Settings, where: str) -> None:
    """Looks whether the files of a secured endpoint are what they should be.

    Raises:
        DocumentError: One cannot be read, or holds something else.
    """
    if settings.security == "none":
        return
    for name, file in (("certificate", settings.certificate), ("server_certificate", settings.server_certificate)):
        try:
            _certificate(file)
        except (OSError, ValueError) as error:
            raise _refused(name, file, error, where) from error
    try:
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
