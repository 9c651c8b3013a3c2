"""The home folder, the trust store, and who is admitted by it."""

from __future__ import annotations

from pathlib import Path

import pytest

import certkit as ck
import tinypackage as tiny
from trivet.errors import PackageError, PolicyError, SignatureError
from trivet.package import archive, keys, sign, store, trust
from trivet.package.admit import admit
from trivet.package.trust import SIGN, Anchor, Trust


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def _public(folder: Path, name: str = "oem") -> tuple[keys.PrivateKey, Path]:
    key = keys.generate("ed25519")
    path = folder / f"{name}.pub"
    path.write_bytes(keys.public_key(key).pem)
    return key, path


def test_the_home_folder_is_found_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    variables = {"TRIVET_HOME": "/srv/trivet", "XDG_STATE_HOME": "/var/state"}
    assert trust.home_folder("/here", variables) == Path("/here")
    assert trust.home_folder(None, variables) == Path("/srv/trivet")
    assert trust.home_folder(None, {"XDG_STATE_HOME": "/var/state"}) == Path("/var/state/trivet")
    assert trust.home_folder(None, {"TRIVET_HOME": "", "XDG_STATE_HOME": "relative"}) == trust.home_folder(None, {})
    monkeypatch.setenv("HOME", str(tmp_path))
    assert trust.home_folder(None, {}) == tmp_path / ".local/state/trivet"


def test_subfolders_are_private_and_made_on_demand(home: Path) -> None:
    for name in trust.FOLDERS:
        assert trust.subfolder(home, name).stat().st_mode & 0o777 == 0o700
    assert home.stat().st_mode & 0o777 == 0o700
    with pytest.raises(ValueError, match="none of"):
        trust.subfolder(home, "../elsewhere")
    (home.parent / "file").write_bytes(b"")
    with pytest.raises(PolicyError, match="cannot be made"):
        trust.subfolder(home.parent / "file", "trust")


def test_the_store_starts_empty_and_reading_makes_nothing(home: Path) -> None:
    assert trust.load_trust(home).keys == ()
    assert not home.exists()


def test_keys_are_added_listed_and_removed(home: Path, tmp_path: Path) -> None:
    (_, first), (_, second) = _public(tmp_path, "a"), _public(tmp_path, "b")
    added = store.add(home, first)
    assert store.add(home, first).id == added.id
    other = store.add(home, second)
    assert [key.id for key in trust.load_trust(home).keys] == sorted([added.id, other.id])
    assert [path.name for path in (home / "trust").iterdir() if path.suffix != ".pub"] == []
    assert store.remove(home, added.id[:12]).id == added.id
    assert store.remove(home, f"ed25519:{other.id[:16]}").id == other.id
    assert trust.load_trust(home).keys == ()


@pytest.mark.parametrize("key", ["", "0000", "zzz", "../x"])
def test_an_unclear_removal_is_refused(home: Path, tmp_path: Path, key: str) -> None:
    _, path = _public(tmp_path)
    store.add(home, path)
    with pytest.raises(PolicyError):
        store.remove(home, key)
    assert len(trust.load_trust(home).keys) == 1


def test_private_keys_and_nonsense_are_not_added(home: Path, tmp_path: Path) -> None:
    keys.write_key(tmp_path / "oem", keys.generate())
    (tmp_path / "note").write_text("trust me")
    for path in (tmp_path / "oem", tmp_path / "note", tmp_path / "nothing"):
        with pytest.raises(SignatureError):
            store.add(home, path)
    assert trust.load_trust(home).keys == ()


def test_a_stray_file_in_the_store_is_refused(home: Path, tmp_path: Path) -> None:
    _, path = _public(tmp_path)
    key = store.add(home, path)
    stored = home / "trust" / f"{key.id}.pub"
    stored.rename(stored.with_name("oem.pub"))
    with pytest.raises(PolicyError, match="not named after its key"):
        trust.load_trust(home)
    (home / "trust" / "oem.pub").write_bytes(b"junk")
    with pytest.raises(PolicyError) as caught:
        trust.load_trust(home)
    assert "trivet trust add" in caught.value.hint


def test_further_keys_are_trusted_for_once(home: Path, tmp_path: Path) -> None:
    _, path = _public(tmp_path)
    assert len(trust.load_trust(home, [path, str(path)]).keys) == 1
    assert trust.load_trust(home).keys == ()


SIGNATURES = ("none", "trusted", "stranger", "both", "broken")
VERDICTS = {
    # (signatures, trusts somebody, unsigned allowed): signer is known, or the error's rule
    ("none", False, False): "TRV-P040",
    ("none", False, True): "nobody",
    ("none", True, False): "TRV-P040",
    ("none", True, True): "nobody",
    ("trusted", False, False): "TRV-P046",
    ("trusted", False, True): "nobody",
    ("trusted", True, False): "signer",
    ("trusted", True, True): "signer",
    ("stranger", False, False): "TRV-P046",
    ("stranger", False, True): "nobody",
    ("stranger", True, False): "TRV-P046",
    ("stranger", True, True): "nobody",
    ("both", False, False): "TRV-P046",
    ("both", False, True): "nobody",
    ("both", True, False): "signer",
    ("both", True, True): "signer",
    ("broken", False, False): "TRV-P046",
    ("broken", False, True): "nobody",
    ("broken", True, False): "TRV-P042",
    ("broken", True, True): "TRV-P042",
}


@pytest.mark.parametrize(("circumstances", "verdict"), VERDICTS.items(), ids=str)
def test_admission(circumstances: tuple[str, bool, bool], verdict: str) -> None:
    signatures, trusts, unsigned = circumstances
    oem, stranger = keys.generate("ed25519"), keys.generate("ed25519")
    data = tiny.package()
    if signatures in ("trusted", "both"):
        data = sign.sign(data, oem)
    if signatures in ("stranger", "both"):
        data = sign.sign(data, stranger)
    if signatures == "broken":
        ((path, content),) = archive.read(sign.sign(data, oem)).signatures.items()
        start = content.index(b'"sig":"') + 7
        data = archive.attach(data, path, content[:start] + b"AAAA" + content[start + 4 :])
    trusted = [keys.public_key(oem)] if trusts else []
    if verdict.startswith("TRV"):
        with pytest.raises(PackageError) as caught:
            admit(data, trusted, unsigned)
        assert caught.value.rule == verdict
        return
    verified = admit(archive.read(data), trusted, unsigned)
    assert verified.signer == (keys.public_key(oem).name if verdict == "signer" else None)
    assert verified.key_id == (keys.public_key(oem).id if verdict == "signer" else None)
    assert verified.package.data == data


def test_refusals_name_the_command_that_helps() -> None:
    with pytest.raises(SignatureError) as missing:
        admit(tiny.package(), ())
    assert "`trivet sign`" in missing.value.hint
    assert "`--unsigned`" in missing.value.hint
    with pytest.raises(PolicyError) as untrusted:
        admit(sign.sign(tiny.package(), keys.generate()), ())
    assert "`trivet trust add KEY.pub`" in untrusted.value.hint
    assert "`--trust KEY.pub`" in untrusted.value.hint


def test_a_stored_root_that_was_exchanged_stops_everything() -> None:
    root = ck.authority()
    own = ck.issue(root, ck.Wish())
    for pem in (own.pem, b"junk", root.pem * 2, ck.authority("Other").pem):
        trust = Trust(anchors=(Anchor(root.print, SIGN, pem, "root.crt"),))
        with pytest.raises(PackageError) as caught:
            admit(ck.signed(tiny.package(), own), trust, clock=ck.clock())
        assert caught.value.rule == "TRV-P047"
