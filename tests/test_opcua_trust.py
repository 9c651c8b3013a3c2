"""Security without any word of it in the document: approved once, the strongest policy, never another server."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from asyncua import Server, ua
from asyncua.common.utils import ServiceError
from asyncua.crypto.permission_rules import User, UserRole
from cryptography import x509

from kits.opcua import PATIENCE, Reader, opened, profile
from trivet.device.adapter import Target
from trivet.device.document import Endpoint, Point
from trivet.errors import ConnectError
from trivet.signals import Json
from trivet_opcua import adapter, certificates
from trivet_opcua.certificates import own, pinned, thumbprint
from trivet_opcua.loss import Lost
from trivet_opcua.security import approve, explained
from trivet_opcua.sentences import SENTENCES, sentence
from trivet_opcua.settings import Settings, settings

pytestmark = pytest.mark.asyncio(loop_scope="module")

POLICY = ua.SecurityPolicyType
PROFILE = profile({"power": Point(at={"path": "Power", "type": "", "namespace": "urn:test:vendor"}, unit="W")})
OFFERED = (
    POLICY.NoSecurity,
    POLICY.Basic256Sha256_SignAndEncrypt,
    POLICY.Aes128Sha256RsaOaep_SignAndEncrypt,
    POLICY.Aes256Sha256RsaPss_SignAndEncrypt,
    POLICY.Aes256Sha256RsaPss_Sign,
)
TWELVE = (
    *("BadCertificateUntrusted", "BadCertificateUriInvalid", "BadCertificateHostNameInvalid"),
    *("BadCertificateTimeInvalid", "BadUserAccessDenied", "BadIdentityTokenRejected", "BadSecurityModeRejected"),
    *("BadTooManySessions", "BadTooManyOperations", "BadNodeIdUnknown", "BadTypeMismatch", "BadTimeout"),
)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TRIVET_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


class Users:
    def get_user(self, _: Any, username: str = "", password: str = "", **__: Any) -> User | None:
        return User(role=UserRole.User) if (username, password) == ("cook", "saucepan") else None


@asynccontextmanager
async def served(folder: Path, *policies: Any, trusts: bool = True, users: bool = False) -> AsyncIterator[str]:
    """A vendor's server with a certificate of its own, made in the folder as a client's is."""
    mine = own(folder)
    server: Any = Server(user_manager=Users()) if users else Server()
    await server.init()
    server.disable_clock(True)
    await server.set_application_uri(certificates.application_uri(mine.certificate))
    server.set_endpoint("opc.tcp://127.0.0.1:0")
    server.set_security_policy(list(policies or OFFERED))
    await server.load_certificate(mine.certificate)
    await server.load_private_key(mine.private_key)

    async def validate(certificate: x509.Certificate, _: Any) -> None:
        del certificate
        if not trusts:
            raise ServiceError(ua.StatusCodes.BadCertificateUntrusted)

    server.set_certificate_validator(validate)
    index = await server.register_namespace("urn:test:vendor")
    await server.nodes.objects.add_variable(index, "Power", 1500.0)
    await server.start()
    try:
        yield f"opc.tcp://127.0.0.1:{server.bserver.port}"
    finally:
        await server.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    async with served(tmp_path_factory.mktemp("server")) as found:
        yield found


def target(url: str, **given: Json) -> Target:
    endpoint = Endpoint(profile=PROFILE.id, url=url, settings={"timeout": PATIENCE, **given})
    points = {name: adapter.point(point, PROFILE) for name, point in PROFILE.points.items()}
    return Target("washer/controller", endpoint, PROFILE, points)


def asked(url: str, **given: Json) -> Settings:
    return settings(Endpoint(profile="x", url=url, settings=given))


async def refusal(where: Target) -> str:
    async with Reader(where) as reader:
        await reader.until(opened)
    assert not reader.all("power")
    return f"{reader.gaps[0].reason}: {reader.gaps[0].detail}"


async def test_a_server_is_approved_once_and_then_only_its_strongest_policy_is_used(url: str) -> None:
    before = await refusal(target(url))
    assert "was never approved" in before
    assert f"trivet connect {url} --approve" in before
    assert adapter.approve is not None
    found = await adapter.approve(url)
    assert found.facts["thumbprint"] in before
    assert (found.facts["policy"], found.facts["protection"]) == ("aes256_sha256_rsapss", "sign_and_encrypt")
    async with Reader(target(url)) as reader:
        assert (await reader.sample("power")).value == 1500.0
    assert not reader.gaps


async def test_a_certificate_in_the_trust_folder_is_approved_at_its_first_use(url: str, home: Path) -> None:
    await refusal(target(url))
    (file,) = (home / "certificates" / "rejected").iterdir()
    (home / "certificates" / "trusted").mkdir()
    file.rename(home / "certificates" / "trusted" / file.name)
    async with Reader(target(url)) as reader:
        await reader.sample("power")
    pin = pinned(url)
    assert pin is not None
    assert thumbprint(pin.certificate)[:8] in file.name


async def test_a_server_with_another_certificate_is_refused_with_both_thumbprints(url: str, tmp_path: Path) -> None:
    await approve(asked(url))
    approved = pinned(url)
    assert approved is not None
    async with served(tmp_path / "impostor") as other:
        certificates.pin(other, approved)
        said = await refusal(target(other, timeout=1.5))
    assert said.startswith("untrusted: the server shows another certificate")
    assert thumbprint(approved.certificate) in said
    assert own(tmp_path / "impostor").thumbprint in said


async def test_nothing_secured_is_a_refusal_and_never_a_downgrade(url: str, tmp_path: Path) -> None:
    await approve(asked(url))
    approved = pinned(url)
    assert approved is not None
    assert adapter.identify is not None
    async with served(tmp_path / "server", POLICY.NoSecurity) as open_url:
        said = await refusal(target(open_url))
        assert "no secured endpoint" in said
        assert "`security: none`" in said
        async with Reader(target(open_url, security="none")) as reader:
            await reader.sample("power")
        certificates.pin(open_url, approved)
        await refusal(target(open_url, timeout=1.5))
        with pytest.raises(ConnectError, match="no secured endpoint any more"):
            await adapter.identify(open_url, {})


@pytest.mark.parametrize("name", ["basic256sha256", "aes128_sha256_rsaoaep"])
async def test_each_policy_in_use_works(url: str, name: str) -> None:
    await approve(asked(url))
    async with Reader(target(url, security=name)) as reader:
        assert (await reader.sample("power")).value == 1500.0


async def test_a_client_that_the_server_does_not_trust_is_told_where_to_click(tmp_path: Path, home: Path) -> None:
    async with served(tmp_path / "server", trusts=False) as url:
        await approve(asked(url))
        said = await refusal(target(url))
    assert said.startswith("untrusted: BadCertificateUntrusted")
    assert own(home).thumbprint in said
    assert "move it from rejected to trusted" in said


async def test_a_user_logs_in_with_a_password_out_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    login: dict[str, Json] = {"user": "cook", "password_env": "KITCHEN_PASSWORD"}
    async with served(tmp_path / "server", users=True) as url:
        await approve(asked(url))
        monkeypatch.setenv("KITCHEN_PASSWORD", "wrong")
        wrong = await refusal(target(url, **login))
        monkeypatch.setenv("KITCHEN_PASSWORD", "saucepan")
        async with Reader(target(url, **login)) as reader:
            assert (await reader.sample("power")).value == 1500.0
    assert wrong.startswith("denied: BadUserAccessDenied")
    assert "wrong;" not in wrong.replace("denied:", "")
    assert "check user name and password" in wrong


async def test_a_client_certificate_is_made_once(home: Path) -> None:
    first, second = own(home), own(home)
    assert first == second
    certificate = x509.load_der_x509_certificate(Path(first.certificate).read_bytes())  # noqa: ASYNC240
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == [
        certificates.application_uri(first.certificate)
    ]
    assert stat.S_IMODE(os.stat(first.private_key).st_mode) == 0o600  # noqa: PTH116


async def test_two_starts_at_once_end_with_one_certificate(home: Path) -> None:
    made = await asyncio.gather(*(asyncio.to_thread(own, home) for _ in range(3)))
    assert len(set(made)) == 1
    assert not [path for path in (home / "certificates").iterdir() if path.name.startswith(".")]


async def test_a_broken_pin_is_never_taken_for_none(url: str, home: Path) -> None:
    await approve(asked(url))
    (file,) = (home / "certificates" / "servers").iterdir()
    file.write_text("{}", "utf-8")
    assert "cannot be read" in await refusal(target(url))


@pytest.mark.parametrize("code", TWELVE)
async def test_the_usual_status_codes_say_what_to_do(code: str) -> None:
    text = sentence(code, client="(thumbprint AB)", server="(thumbprint CD)", url="opc.tcp://host:4840")
    assert text is not None
    assert text.startswith(f"{code}: ")
    assert ";" in text, "after what is wrong comes what to do"
    assert "{" not in text


async def test_an_unusual_code_keeps_its_own_words() -> None:
    lost = Lost("protocol", "the server answered BadOddity", "BadOddity")
    assert await explained(lost, asked("opc.tcp://127.0.0.1:1"), None) is lost
    assert len(SENTENCES) > len(TWELVE)
