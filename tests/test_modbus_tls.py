"""TLS: only the server that was named, only with certificates from files, and never without TLS."""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from kits.contract import close, samples, until
from kits.modbus import profile, target
from servers.modbus_raw import RawServer, word
from trivet.device.clock import ScaledClock
from trivet.device.document import Point
from trivet.signals import Gap, Readings
from trivet_modbus import adapter

POWER = profile({"power": Point(at={"table": "holding", "address": 10, "type": "uint16"})})
TODAY = datetime.datetime.now(datetime.UTC)
Issuer = tuple[x509.Certificate, ec.EllipticCurvePrivateKey]


def certificate(folder: Path, name: str, issuer: Issuer | None, host: str = "") -> Issuer:
    """Writes ``name.pem`` and ``name.key``."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer[0].subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(TODAY - datetime.timedelta(days=1))
        .not_valid_after(TODAY + datetime.timedelta(days=2))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    )
    if host:
        alternative: x509.GeneralName = x509.DNSName(host)
        if host[0].isdigit():
            alternative = x509.IPAddress(ipaddress.ip_address(host))
        builder = builder.add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
    made = builder.sign(issuer[1] if issuer else key, hashes.SHA256())
    (folder / f"{name}.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / f"{name}.key").write_bytes(secret)
    return made, key


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificates")
    authority = certificate(folder, "ca", None)
    certificate(folder, "server", authority, "127.0.0.1")
    certificate(folder, "named", authority, "meter.local")
    certificate(folder, "client", authority)
    certificate(folder, "other", None)
    return folder


@asynccontextmanager
async def secured(files: Path, name: str = "server", mutual: bool = False) -> AsyncIterator[tuple[RawServer, str]]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files / f"{name}.pem", files / f"{name}.key")
    if mutual:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(files / "ca.pem")
    server = RawServer()
    listener = await asyncio.start_server(server.connected, "127.0.0.1", 0, ssl=context)
    try:
        yield server, f"modbus+tls://127.0.0.1:{listener.sockets[0].getsockname()[1]}?unit=3"
    finally:
        listener.close()
        for writer in tuple(server.writers):
            writer.transport.abort()
        await asyncio.gather(*server.tasks)


async def first(url: str, files: Path, **settings: str) -> tuple[str, float]:
    """Reason of the first gap, or nothing, and the first value."""
    stream = adapter.connect(target(POWER, url, folder=str(files), **settings), ScaledClock(10.0))
    async with asyncio.timeout(15):
        (*_, item) = await until(stream, lambda item: isinstance(item, (Gap, Readings)))
    await close(stream)
    return (item.reason, 0.0) if isinstance(item, Gap) else ("", samples([item])[0].value)


async def test_a_value_through_tls(files: Path) -> None:
    async with secured(files) as (_, url):
        assert await first(url, files, ca="ca.pem") == ("", float(word(3, 3, 10)))
        assert await first(url, files, ca="server.pem") == ("", float(word(3, 3, 10)))


async def test_both_sides_show_certificates(files: Path) -> None:
    async with secured(files, mutual=True) as (server, url):
        shown = {"certificate": "client.pem", "private_key": "client.key"}
        assert await first(url, files, ca="ca.pem", **shown) == ("", float(word(3, 3, 10)))
        server.log.clear()
        reason, _ = await first(url, files, ca="ca.pem")
        assert reason
        assert server.log == []


async def test_another_server_is_not_trusted(files: Path) -> None:
    async with secured(files, "other") as (server, url):
        assert (await first(url, files, ca="ca.pem"))[0] == "untrusted"
        assert server.log == []
    async with secured(files, "named") as (server, url):
        assert (await first(url, files, ca="ca.pem"))[0] == "untrusted"
        assert await first(url, files, ca="ca.pem", server_name="meter.local") == ("", float(word(3, 3, 10)))


async def test_a_server_without_tls_gets_no_request(files: Path) -> None:
    server = RawServer()
    listener = await asyncio.start_server(server.connected, "127.0.0.1", 0)
    url = f"modbus+tls://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    stream = adapter.connect(target(POWER, url, folder=str(files), ca="ca.pem", timeout=0.2), ScaledClock(10.0))
    async with asyncio.timeout(15):
        gap = await anext(stream)
    await close(stream)
    listener.close()
    for writer in tuple(server.writers):
        writer.transport.abort()
    assert isinstance(gap, Gap)
    assert all(request.function not in (1, 2, 3, 4) for request in server.log)
