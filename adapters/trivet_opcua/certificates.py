"""Certificate files of a secured endpoint; needs ``cryptography`` only."""

from __future__ import annotations

from pathlib import Path

from cryptography import x509


def application_uri(file: str) -> str:
    """The application URI in a certificate file (PEM or DER), which a server compares with what its client says.

    Raises:
        OSError: The file cannot be read.
        ValueError: It holds no certificate.
    """
    data = Path(file).read_bytes()
    load = x509.load_pem_x509_certificate if data.startswith(b"-----") else x509.load_der_x509_certificate
    try:
        names = load(data).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ""
    return next(iter(names.get_values_for_type(x509.UniformResourceIdentifier)), "")
