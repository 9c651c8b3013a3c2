"""A folder as a TUF repository: what is written when, by which keys, and what is not gone on with."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import tinypackage as tiny
from trivet import canonical
from trivet.cli import main
from trivet.errors import FormatError, PolicyError, TrivetError
from trivet.export.tuf.metadata import ROLES, key_id, signed_bytes
from trivet.export.tuf.repository import Keys, Terms, publish
from trivet.package import keys
from trivet.package.keys import PrivateKey

TERMS = Terms(datetime(2026, 1, 2, tzinfo=UTC), 30)


def new_keys(algorithm: str = "ed25519") -> dict[str, PrivateKey]:
    return {role: keys.generate(algorithm) for role in ROLES}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "kettle.trivet").write_bytes(tiny.package())
    (tmp_path / "files" / "notes.txt").write_bytes(b"clean the filter")
    return tmp_path


def written(folder: Path, given: Keys, terms: Terms = TERMS) -> list[str]:
    made = publish(folder / "files", folder / "out", given, terms)
    return [str(path.relative_to(folder / "out")) for path in made]


def signed(folder: Path, name: str) -> dict[str, Any]:
    tree: dict[str, Any] = json.loads((folder / "out" / "metadata" / name).read_bytes())
    return tree


def test_files_come_before_what_names_them(folder: Path) -> None:
    names = written(folder, new_keys())
    assert [name.split("/")[0] for name in names] == ["targets"] * 2 + ["metadata"] * 4
    assert [name.split("/")[1] for name in names[2:]] == [
        "1.root.json",
        "1.targets.json",
        "1.snapshot.json",
        "timestamp.json",
    ]
    targets = signed(folder, "1.targets.json")["signed"]["targets"]
    for name, entry in targets.items():
        content = (folder / "out" / "targets" / f"{entry['hashes']['sha256']}.{name}").read_bytes()
        assert (len(content), canonical.sha256(content)) == (entry["length"], entry["hashes"]["sha256"])
    assert targets["kettle.trivet"]["custom"]["trivet"]["interface"] == "kettle 0.9.0"
    assert "custom" not in targets["notes.txt"]


@pytest.mark.parametrize("algorithm", keys.ALGORITHMS)
def test_every_role_is_signed_by_its_key(algorithm: str, folder: Path) -> None:
    given = new_keys(algorithm)
    written(folder, given)
    for role in ROLES:
        tree = signed(folder, "timestamp.json" if role == "timestamp" else f"1.{role}.json")
        public = keys.public_key(given[role])
        (entry,) = tree["signatures"]
        assert entry["keyid"] == key_id(public) == signed(folder, "1.root.json")["signed"]["roles"][role]["keyids"][0]
        assert public.verifies(bytes.fromhex(entry["sig"]), signed_bytes(tree["signed"]))


def test_the_same_inputs_give_the_same_bytes(folder: Path) -> None:
    """With Ed25519; signatures of the curves carry random numbers."""
    given = new_keys()
    written(folder, given)
    before = {path.name: path.read_bytes() for path in (folder / "out").rglob("*") if path.is_file()}
    publish(folder / "files", folder / "again", given, TERMS)
    assert before == {path.name: path.read_bytes() for path in (folder / "again").rglob("*") if path.is_file()}


def test_versions_rise_and_the_root_stays(folder: Path) -> None:
    given = new_keys()
    written(folder, given)
    (folder / "files" / "notes.txt").unlink()
    names = written(folder, {role: given[role] for role in ROLES[1:]})
    assert names[1:] == ["metadata/2.targets.json", "metadata/2.snapshot.json", "metadata/timestamp.json"]
    assert list(signed(folder, "2.targets.json")["signed"]["targets"]) == ["kettle.trivet"]


def test_a_new_root_is_signed_by_the_old_one(folder: Path) -> None:
    first, second = new_keys(), new_keys()
    written(folder, first)
    with pytest.raises(PolicyError, match="another than before") as caught:
        written(folder, second)
    assert caught.value.rule == "TRV-P126"
    assert "metadata/2.root.json" in written(folder, {**second, "old-root": first["root"]})
    signers = {entry["keyid"] for entry in signed(folder, "2.root.json")["signatures"]}
    assert signers == {key_id(keys.public_key(one["root"])) for one in (first, second)}
    written(folder, {role: second[role] for role in ROLES[1:]})
    with pytest.raises(PolicyError, match="not the one that the root names"):
        written(folder, {role: first[role] for role in ROLES[1:]})


def test_an_expired_root_is_renewed_first(folder: Path) -> None:
    given = new_keys()
    written(folder, given)
    later = Terms(datetime(2027, 2, 1, tzinfo=UTC), 30)
    with pytest.raises(PolicyError, match="the root expired at 2027-01-02"):
        written(folder, {role: given[role] for role in ROLES[1:]}, later)
    assert "metadata/2.root.json" in written(folder, given, later)


@pytest.mark.parametrize("role", ROLES)
def test_no_key_is_made_silently(role: str, folder: Path) -> None:
    with pytest.raises(PolicyError, match=f"no key was given for {role}"):
        written(folder, {name: key for name, key in new_keys().items() if name != role})
    assert not (folder / "out").exists()


@pytest.mark.parametrize("name", ["1.root.json", "1.snapshot.json", "timestamp.json"])
@pytest.mark.parametrize("harm", ["version", "signature", "cut", "gone", "list"])
def test_a_repository_that_was_altered_is_not_gone_on_with(name: str, harm: str, folder: Path) -> None:
    given = new_keys()
    written(folder, given)
    path = folder / "out" / "metadata" / name
    tree = json.loads(path.read_bytes())
    if harm == "gone" and name == "1.root.json":
        pytest.skip("then it is a new repository")
    if harm == "version":
        tree["signed"]["version"] = 7
    elif harm == "signature":
        tree["signatures"][0]["sig"] = "00" * 64
    content = {"cut": path.read_bytes()[:-9], "list": b"[]"}.get(harm, json.dumps(tree).encode())
    path.unlink() if harm == "gone" else path.write_bytes(content)
    with pytest.raises(TrivetError) as caught:
        written(folder, given)
    assert caught.value.rule == "TRV-P127"


@pytest.mark.parametrize("name", ["a b", ".hidden", "-x", "sub", "link", "x" * 200])
def test_what_cannot_be_a_target_is_named(name: str, folder: Path) -> None:
    place = folder / "files" / name
    if name == "sub":
        place.mkdir()
    elif name == "link":
        place.symlink_to(folder / "files" / "notes.txt")
    else:
        place.write_bytes(b"x")
    with pytest.raises(FormatError, match="take it out"):
        written(folder, new_keys())


def test_a_broken_package_is_no_target(folder: Path) -> None:
    (folder / "files" / "kettle.trivet").write_bytes(tiny.package()[:-5])
    with pytest.raises(FormatError):
        written(folder, new_keys())
    assert not (folder / "out" / "metadata").exists()


def test_the_verb(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for role in ROLES:
        keys.write_key(folder / role, keys.generate())
    words = ["export", str(folder / "files"), "--to", "tuf", "--out", str(folder / "out")]
    given = [word for role in ROLES for word in ("--key", f"{role}={folder / role}")]
    assert main([*words, *given, "--at", "2026-01-02"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].endswith("timestamp.json")
    assert signed(folder, "timestamp.json")["signed"]["expires"] == "2026-02-01T00:00:00Z"
    for more in ([], ["--key", "mirror=x"], ["--key", str(folder / "root")], [*given, "--expires", "0"]):
        assert main([*words, *more]) == 2
    assert main(["export", str(folder / "files" / "notes.txt"), "--to", "tuf", "--out", str(folder / "out")]) == 2
