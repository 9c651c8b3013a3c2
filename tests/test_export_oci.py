"""Packages in a registry: what goes in comes out bit for bit, and a bad answer ends in an error, soon and small."""

from __future__ import annotations

import base64
import contextlib
import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinypackage as tiny
from servers.oci_registry import Handler, Shelf, running
from trivet import canonical
from trivet.cli import main
from trivet.errors import DigestError, FormatError, RegistryError, TrivetError
from trivet.export.oci import artifact, credentials, media
from trivet.export.oci.layout import Layout, files
from trivet.export.oci.pull import pull
from trivet.export.oci.push import push
from trivet.export.oci.reference import Host, is_reference, parse_reference
from trivet.export.oci.registry import Registry
from trivet.export.oci.transport import ATTEMPTS, Terms
from trivet.package import archive, keys, sign

KEYS = tuple(keys.generate() for _ in range(2))


def signed() -> bytes:
    data = archive.attach(tiny.package(), "META-INF/attestations/bench.json", b"{}")
    for key in KEYS:
        data = sign.sign(data, key)
    return data


PACKAGE = archive.read(signed())
MODEL = artifact.model(PACKAGE)
WEIGHTS = f"sha256:{canonical.sha256(PACKAGE.members['model.onnx'])}"
USER = credentials.Credentials("cook", "secret")


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    with running() as found:
        yield found


def registry(shelf: Shelf, **terms: Any) -> Registry:
    reference = parse_reference(shelf.url.replace("http://", "oci+http://") + "/kitchen/kettle:one")
    return Registry(reference, Terms(**{"sleep": lambda _: None, "timeout": 5.0, **terms}))


def filled(shelf: Shelf) -> Shelf:
    with registry(shelf) as place:
        push(PACKAGE, place)
    shelf.seen.clear()
    return shelf


@pytest.mark.parametrize("api", [False, True])
def test_what_goes_in_comes_out(api: bool, shelf: Shelf) -> None:
    shelf.api = api
    with registry(shelf) as place:
        assert push(PACKAGE, place) == MODEL.digest
        assert pull(place, "one") == pull(place, f"sha256:{MODEL.digest}") == PACKAGE.data
    assert len(shelf.manifests) == 6


def test_an_artifact_is_what_model_pack_says() -> None:
    manifest = json.loads(MODEL.manifest)
    assert manifest["artifactType"] == "application/vnd.cncf.model.manifest.v1+json"
    assert manifest["config"]["mediaType"] == "application/vnd.cncf.model.config.v1+json"
    types = {layer["annotations"]["org.cncf.model.filepath"]: layer["mediaType"] for layer in manifest["layers"]}
    assert types["model.onnx"] == "application/vnd.cncf.model.weight.v1.raw"
    assert types["evidence/data.json"] == "application/vnd.cncf.model.doc.v1.raw"
    config = json.loads(MODEL.blobs[manifest["config"]["digest"].removeprefix("sha256:")])
    assert config["modelfs"]["diffIds"] == [layer["digest"] for layer in manifest["layers"]]


def test_a_signature_does_not_change_the_artifact() -> None:
    assert artifact.model(archive.read(tiny.package())).manifest == MODEL.manifest
    for one in artifact.referrers(PACKAGE, MODEL):
        tree = json.loads(one.manifest)
        assert tree["subject"]["digest"] == f"sha256:{MODEL.digest}"
        assert tree["artifactType"] in (media.SIGNATURE, media.ATTESTATION)


def test_a_countersignature_joins_the_others(shelf: Shelf) -> None:
    once = archive.read(sign.sign(tiny.package(), KEYS[0]))
    with registry(shelf) as place:
        push(once, place)
        push(PACKAGE, place)
        assert pull(place, "one") == PACKAGE.data


def test_signatures_of_other_tools_stay_and_are_left_alone(shelf: Shelf) -> None:
    filled(shelf)
    tag = artifact.fallback_tag(MODEL.digest)
    index = json.loads(shelf.manifests[tag][0])
    foreign = artifact.describe(b"theirs", media.MANIFEST) | {"artifactType": "application/vnd.example+json"}
    shelf.manifests[tag] = artifact.index([*index["manifests"], foreign]), media.INDEX
    with registry(shelf) as place:
        push(PACKAGE, place)
        assert foreign in json.loads(shelf.manifests[tag][0])["manifests"]
        assert pull(place, "one") == PACKAGE.data


def test_what_is_there_is_not_sent_again(shelf: Shelf) -> None:
    with registry(filled(shelf)) as place:
        push(PACKAGE, place)
    assert not [path for method, path, _ in shelf.seen if method == "POST"]


@pytest.mark.parametrize("auth", ["basic", "bearer"])
def test_credentials_are_given_when_asked_for(auth: str, shelf: Shelf) -> None:
    shelf.auth = auth
    with registry(shelf, credentials=USER) as place:
        push(PACKAGE, place)
        assert pull(place, "one") == PACKAGE.data
    assert "Authorization" not in shelf.seen[0][2]
    with registry(shelf) as place, pytest.raises(RegistryError, match=r"HTTP 401"):
        pull(place, "one")
    with registry(shelf, credentials=credentials.Credentials("cook", "wrong")) as place, pytest.raises(RegistryError):
        pull(place, "one")


def weights(change: Callable[[Handler, bytes], None]) -> Callable[[Handler], bool]:
    """Answers requests for the model's bytes in another way."""

    def twist(handler: Handler) -> bool:
        hit = handler.command == "GET" and handler.path.endswith(WEIGHTS)
        if hit:
            change(handler, handler.shelf.blobs[WEIGHTS])
        return hit

    return twist


def endless(handler: Handler, body: bytes) -> None:
    """More than was asked for, without a length."""
    handler.send_response(200)
    handler.send_header("Connection", "close")
    handler.end_headers()
    for _ in range(200):
        handler.wfile.write(body)
    handler.close_connection = True


def cut(handler: Handler, body: bytes) -> None:
    handler.answer(200, body[: len(body) // 2], claim=len(body))
    handler.close_connection = True


WRONG: dict[str, tuple[Callable[[Handler, bytes], None], type[TrivetError]]] = {
    "other bytes": (lambda h, b: h.answer(200, bytes(len(b))), DigestError),
    "too short": (lambda h, b: h.answer(200, b[:-1]), DigestError),
    "too long": (lambda h, b: h.answer(200, b + b"x"), DigestError),
    "endless": (endless, DigestError),
    "always cut": (cut, DigestError),
    "gone": (lambda h, b: h.answer(404), RegistryError),
    "busy": (lambda h, b: h.answer(503), RegistryError),
    "no content": (lambda h, b: h.answer(204), RegistryError),
    "unasked part": (lambda h, b: h.answer(206, b, Content_Range=f"bytes 0-9/{len(b)}"), RegistryError),
    "elsewhere": (lambda h, b: h.answer(307, Location="http://192.0.2.1/x"), RegistryError),
    "to a name": (lambda h, b: h.answer(302, Location="https://evil.example/x"), RegistryError),
    "to a file": (lambda h, b: h.answer(302, Location="file:///etc/passwd"), RegistryError),
    "to a user": (lambda h, b: h.answer(302, Location=f"http://a:b@{h.headers['Host']}/x"), RegistryError),
    "to nothing": (lambda h, b: h.answer(302), RegistryError),
    "to nonsense": (lambda h, b: h.answer(302, Location="http://[/x y"), RegistryError),
    "in a circle": (lambda h, b: h.answer(302, Location=h.path), RegistryError),
    "silence": (lambda h, b: h.hang_up(), RegistryError),
    "no http": (lambda h, b: h.hang_up(b"SSH-2.0\r\n"), RegistryError),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_bad_answer_ends_in_an_error(name: str, shelf: Shelf) -> None:
    change, error = WRONG[name]
    filled(shelf).twist = weights(change)
    with registry(shelf) as place, pytest.raises(error) as caught:
        pull(place, "one")
    assert caught.value.rule in ("TRV-P124", "TRV-P125")
    assert len(shelf.seen) < 20 + ATTEMPTS


def test_what_broke_off_is_gone_on_with(shelf: Shelf) -> None:
    parts: list[str] = []

    def first_cut(handler: Handler) -> bool:
        hit = handler.command == "GET" and handler.path.endswith(WEIGHTS) and not parts
        if handler.path.endswith(WEIGHTS):
            parts.append(handler.headers.get("Range", ""))
        if hit:
            cut(handler, handler.shelf.blobs[WEIGHTS])
        return hit

    filled(shelf).twist = first_cut
    with registry(shelf) as place:
        assert pull(place, "one") == PACKAGE.data
    assert parts == ["", f"bytes={len(PACKAGE.members['model.onnx']) // 2}-"]


def drip(handler: Handler, text: bytes) -> None:
    """A little at a time, each soon enough for the socket, until the other side hangs up."""
    with contextlib.suppress(OSError):
        for _ in range(400):
            handler.wfile.write(text)
            handler.wfile.flush()
            time.sleep(0.02)
    handler.close_connection = True


@pytest.mark.parametrize("text", [b"HTTP/1.1 100 Continue\r\n\r\n", b"X", b"HTTP/1.1 200 OK\r\nA: b\r\n"])
def test_a_server_that_drips_is_left(text: bytes, shelf: Shelf) -> None:
    filled(shelf).twist = weights(lambda h, _: drip(h, text))
    with registry(shelf, timeout=0.2) as place, pytest.raises((RegistryError, DigestError)):
        place.blob(artifact.Descriptor("", WEIGHTS.removeprefix("sha256:"), 300))


def test_no_answer_reaches_the_screen_raw(shelf: Shelf) -> None:
    for twist in (
        lambda h: h.hang_up(b"\x1b[31mred\r\n") is None,
        lambda h: h.refuse(302, Location="http://\x1b[31m/"),
    ):
        shelf.twist = twist
        with registry(shelf) as place, pytest.raises(RegistryError) as caught:
            place.manifest("one")
        assert str(caught.value).isprintable()


def test_credentials_stay_with_their_host(shelf: Shelf) -> None:
    with running() as other:
        filled(shelf).auth = "basic"
        other.blobs = shelf.blobs
        shelf.twist = weights(lambda h, _: h.answer(307, Location=f"{other.url}{h.path}"))
        hosts = frozenset([other.url.removeprefix("http://")])
        with registry(shelf, credentials=USER) as place, pytest.raises(RegistryError, match="another host"):
            pull(place, "one")
        with registry(shelf, credentials=USER, hosts=hosts) as place:
            assert pull(place, "one") == PACKAGE.data
        assert other.seen
        assert not [headers for _, _, headers in other.seen if "Authorization" in headers]


def test_a_token_server_elsewhere_gets_no_password(shelf: Shelf) -> None:
    challenge = 'Bearer realm="https://evil.example/token",service="x"'
    shelf.twist = lambda h: h.refuse(401, WWW_Authenticate=challenge)
    with registry(shelf, credentials=USER) as place, pytest.raises(RegistryError, match="another host"):
        place.manifest("one")


def test_no_password_over_plain_http_to_another_machine() -> None:
    place = Registry(parse_reference("oci+http://registry.example/a:b"), Terms(credentials=USER))
    with pytest.raises(RegistryError, match="plain HTTP"):
        place._check_private(Host(False, "registry.example", 80))


@pytest.mark.parametrize("name", ["kitchen:5000", "localhost.evil.example", "127.0.0.1.evil.example", "10.0.0.1"])
def test_what_is_not_this_machine(name: str) -> None:
    assert not Host(False, name, 80).local


def test_an_upload_goes_nowhere_else(shelf: Shelf) -> None:
    shelf.twist = lambda h: h.command == "POST" and h.refuse(202, Location="http://192.0.2.1/up")
    with registry(shelf) as place, pytest.raises(RegistryError, match="another host"):
        push(PACKAGE, place)
    assert not shelf.manifests


def test_a_push_that_fails_names_nothing(shelf: Shelf) -> None:
    shelf.twist = lambda h: h.command == "PUT" and h.path.endswith("one") and h.refuse(500)
    with registry(shelf) as place, pytest.raises(RegistryError):
        push(PACKAGE, place)
    assert "one" not in shelf.manifests


def edited(change: Callable[[dict[str, Any]], None]) -> bytes:
    tree = json.loads(MODEL.manifest)
    change(tree)
    return canonical.dumps(tree)


BAD: dict[str, Callable[[dict[str, Any]], None]] = {
    "another type": lambda t: t.update(artifactType="application/vnd.docker.image"),
    "no layers": lambda t: t.update(layers=[]),
    "a layer less": lambda t: t["layers"].pop(),
    "a layer twice": lambda t: t["layers"].append(t["layers"][2]),
    "a path out": lambda t: t["layers"][2]["annotations"].update({media.FILEPATH: "../../evil"}),
    "a signature": lambda t: t["layers"][2]["annotations"].update(
        {media.FILEPATH: f"META-INF/signatures/{'0' * 64}.sigstore.json"}
    ),
    "another size": lambda t: t["layers"][2].update(size=3),
    "a huge size": lambda t: t["layers"][2].update(size=1 << 40),
    "another digest": lambda t: t["layers"][2].update(digest="sha512:00"),
    "swapped layers": lambda t: t["layers"][2].update(digest=t["layers"][3]["digest"], size=t["layers"][3]["size"]),
    "another package": lambda t: t["annotations"].update({media.PACKAGE: "sha256:" + "0" * 64}),
    "no package": lambda t: t.pop("annotations"),
    "version 1": lambda t: t.update(schemaVersion=1),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_manifest_is_refused(name: str, shelf: Shelf) -> None:
    filled(shelf).manifests["one"] = edited(BAD[name]), media.MANIFEST
    with registry(shelf) as place, pytest.raises(TrivetError) as caught:
        pull(place, "one")
    assert isinstance(caught.value, (FormatError, DigestError, RegistryError))


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff", b"{}" * 600_000, b'{"schemaVersion":2}'])
def test_what_is_no_manifest_is_refused(content: bytes, shelf: Shelf) -> None:
    filled(shelf).manifests["one"] = content, media.MANIFEST
    with registry(shelf) as place, pytest.raises(TrivetError):
        pull(place, "one")


def test_another_manifest_than_its_digest_is_refused(shelf: Shelf) -> None:
    filled(shelf).manifests[f"sha256:{MODEL.digest}"] = edited(lambda t: t.update(x=1)), media.MANIFEST
    with registry(shelf) as place, pytest.raises(DigestError):
        pull(place, f"sha256:{MODEL.digest}")


@given(st.integers(0, len(MODEL.manifest) - 1), st.binary(min_size=1, max_size=3))
def test_any_edit_of_a_manifest_ends_in_the_package_or_an_error(place: int, text: bytes) -> None:
    def fetch(wanted: artifact.Descriptor) -> bytes:
        if wanted.digest not in MODEL.blobs:
            raise DigestError("is not there")
        return MODEL.blobs[wanted.digest]

    changed = MODEL.manifest[:place] + text + MODEL.manifest[place + len(text) :]
    with contextlib.suppress(TrivetError):
        assert artifact.assemble(changed, fetch, {}) == tiny.package()


def test_a_layout_in_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    package = tmp_path / "kettle.trivet"
    package.write_bytes(PACKAGE.data)
    out = tmp_path / "layout"
    assert main(["export", str(package), "--to", "oci", "--out", str(out)]) == 0
    assert Layout(out).tags == ["0.1.0"]
    assert main(["import", str(out), "--from", "oci", "--out", str(tmp_path / "again.trivet")]) == 0
    assert (tmp_path / "again.trivet").read_bytes() == PACKAGE.data
    (out / "blobs" / "sha256" / WEIGHTS.removeprefix("sha256:")).write_bytes(b"other")
    assert main(["import", str(out), "--from", "oci", "--out", str(tmp_path / "third.trivet")]) == 2
    assert main(["import", str(out), "--from", "oci", "--tag", "9", "--out", str(tmp_path / "third.trivet")]) == 2
    assert main(["import", str(tmp_path), "--from", "oci", "--out", str(tmp_path / "third.trivet")]) == 2
    assert not (tmp_path / "third.trivet").exists()
    assert main(["import", str(package)]) == 2
    assert "--from" in capsys.readouterr().err


def test_a_layout_is_the_same_everywhere() -> None:
    assert files(PACKAGE) == files(archive.read(PACKAGE.data))
    assert all(re.fullmatch(r"oci-layout|index\.json|blobs/sha256/[0-9a-f]{64}", name) for name in files(PACKAGE))


def test_the_verbs(
    tmp_path: Path, shelf: Shelf, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    package, back = tmp_path / "kettle.trivet", tmp_path / "back.trivet"
    package.write_bytes(PACKAGE.data)
    address = shelf.url.replace("http://", "oci+http://") + "/kitchen/kettle"
    shelf.auth = "bearer"
    monkeypatch.setenv(credentials.USER_VARIABLE, "cook")
    monkeypatch.setenv(credentials.PASSWORD_VARIABLE, "secret")
    assert main(["export", str(package), "--to", "oci", "--registry", address]) == 0
    told = capsys.readouterr().out.strip()
    assert told == f"{address}:0.1.0@sha256:{MODEL.digest}"
    assert main(["import", told, "--out", str(back)]) == 0
    assert back.read_bytes() == PACKAGE.data
    assert main(["import", address, "--out", str(tmp_path / "x")]) == 2
    assert main(["import", f"{address}:none", "--out", str(tmp_path / "x")]) == 2
    assert "secret" not in capsys.readouterr().err


def test_credentials_from_a_file(tmp_path: Path) -> None:
    host, file = Host(True, "registry.example", 443), tmp_path / "auth.json"
    file.write_text(json.dumps({"auths": {"registry.example": {"auth": base64.b64encode(b"cook:se:cret").decode()}}}))
    assert credentials.find(host, {}, str(file)) == ("cook", "se:cret")
    assert "se:cret" not in repr(credentials.find(host, {}, str(file)))
    with pytest.raises(FormatError, match="no credentials for"):
        credentials.find(host._replace(port=5000), {}, str(file))
    for text in ('{"auths": {"registry.example": {"auth": "!"}}}', "{}", "[]"):
        file.write_text(text)
        with pytest.raises(FormatError):
            credentials.find(host, {}, str(file))
    assert credentials.find(host, {credentials.USER_VARIABLE: "cook"}, None) is None


GOOD = (
    "oci://registry.example/a:1",
    "oci://registry.example:5000/a/b-c__d.e",
    "oci+http://[::1]:5000/a@sha256:" + "0" * 64,
)
REFUSED = (
    "oci://registry.example/A:1",
    "oci://registry.example",
    "oci://user:x@registry.example/a",
    "oci://registry.example/../a",
    "oci://registry.example:99999/a",
    "oci://registry.example/a:1?x",
    "oci://registry.example/a:1\n",
    "https://registry.example/a",
)


@pytest.mark.parametrize("text", GOOD)
def test_addresses(text: str) -> None:
    assert str(parse_reference(text)) == text


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(FormatError):
        parse_reference(text)


@given(st.text(max_size=60))
def test_any_text_is_an_address_or_refused(text: str) -> None:
    assert not is_reference("https://" + text)
    with contextlib.suppress(FormatError):
        assert str(parse_reference("oci://" + text)).startswith("oci://")
