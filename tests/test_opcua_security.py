"""Basic256Sha256 with files: what is pinned is believed, anything else is a gap that says what to do."""

from __future__ import annotations

import datetime
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from asyncua import Server, ua
from asyncua.common.utils import ServiceError
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from kits.opcua import PATIENCE, Reader, opened, profile, target
from trivet.device.adapter import Target
from trivet.device.document import Point
from trivet.errors import DocumentError

pytestmark = pytest.mark.asyncio(loop_scope="module")

PROFILE = profile({"power": Point(at={"path": "Power", "type": "", "namespace": "urn:test:vendor"}, unit="W")})


class Certificates:
    """Files of a server, a trusted client and a stranger, made for one run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("server", "client", "stranger"):
            self._make(name)
        self.trusted = (folder / "client.der").read_bytes()

    def file(self, name: str) -> str:
        return str(self.folder / name)

    def target(
        self, url: str, client: str = "client", server: str = "server", timeout: float = PATIENCE, **other: str
    ) -> Target:
        files = {
            "certificate": self.file(f"{client}.der"),
            "private_key": self.file(f"{client}.pem"),
            "server_certificate": self.file(f"{server}.der"),
        }
        return target(PROFILE, url, None, security="basic256sha256", timeout=timeout, **{**files, **other})

    def _make(self, name: str) -> None:
        key = rsa.generate_private_key(65537, 2048)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        start = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
        names = [x509.UniformResourceIdentifier(f"urn:test:{name}"), x509.DNSName("localhost")]
        uses = [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]
        usage = x509.KeyUsage(True, True, True, True, False, True, False, False, False)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(key.public_key())
            .serial_number(1)
            .not_valid_before(start)
            .not_valid_after(start + datetime.timedelta(days=365 * 50))
            .add_extension(x509.SubjectAlternativeName(names), False)
            .add_extension(x509.ExtendedKeyUsage(uses), False)
            .add_extension(usage, True)
            .sign(key, hashes.SHA256())
        )
        pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
        private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
        (self.folder / f"{name}.pem").write_bytes(private)
        (self.folder / f"{name}.der").write_bytes(certificate.public_bytes(serialization.Encoding.DER))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def url(files: Certificates) -> AsyncIterator[str]:
    server: Any = Server()
    await server.init()
    server.disable_clock(True)
    await server.set_application_uri("urn:test:server")
    server.set_endpoint("opc.tcp://127.0.0.1:0")
    server.set_security_policy([ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt])
    await server.load_certificate(files.file("server.der"))
    await server.load_private_key(files.file("server.pem"))

    async def validate(certificate: x509.Certificate, _: Any) -> None:
        if certificate.public_bytes(serialization.Encoding.DER) != files.trusted:
            raise ServiceError(ua.StatusCodes.BadCertificateUntrusted)

    server.set_certificate_validator(validate)
    index = await server.register_namespace("urn:test:vendor")
    await server.nodes.objects.add_variable(index, "Power", 1500.0)
    await server.start()
    yield f"opc.tcp://127.0.0.1:{server.bserver.port}"
    await server.stop()


async def test_a_pinned_server_and_a_trusted_client_talk(url: str, files: Certificates) -> None:
    async with Reader(files.target(url)) as reader:
        assert (await reader.sample("power")).value == 1500.0
    assert not reader.gaps


async def test_a_client_that_the_server_does_not_trust_is_told_so(url: str, files: Certificates) -> None:
    async with Reader(files.target(url, client="stranger")) as reader:
        await reader.until(opened)
    (gap,) = reader.gaps
    assert gap.reason == "untrusted"
    assert "trust this client's certificate" in gap.detail


async def test_a_server_with_another_certificate_gets_nothing(url: str, files: Certificates) -> None:
    async with Reader(files.target(url, server="stranger", timeout=1.5)) as reader:
        await reader.until(opened)
    assert not reader.all("power")
    assert "certificate" in reader.gaps[0].detail


async def test_a_server_that_wants_security_is_not_talked_to_without(url: str) -> None:
    async with Reader(target(PROFILE, url)) as reader:
        gap = await reader.until(lambda _: True)
    assert gap in reader.gaps
    assert reader.gaps[0].reason in {"denied", "protocol", "reset"}


@pytest.mark.parametrize("name", ["certificate", "private_key", "server_certificate"])
async def test_a_file_that_cannot_be_used_is_an_error_before_connecting(files: Certificates, name: str) -> None:
    for wrong in (files.file("missing"), __file__, files.file("server.pem") if name != "private_key" else __file__):
        with pytest.raises(DocumentError, match=name):
            Reader(files.target("opc.tcp://127.0.0.1:1", timeout=1.0, **{name: wrong}))
