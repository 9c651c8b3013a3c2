"""docs/distribution.md says what is true: its commands run as they stand, in order, with a registry on loopback."""

from __future__ import annotations

import re
import shlex
import shutil
from importlib import resources
from pathlib import Path

import pytest

from servers.oci_registry import running
from trivet.cli import main
from trivet.export import PACKAGES
from trivet.package import archive, keys, sign

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "docs" / "distribution.md").read_text(encoding="utf-8")
PACKAGE = next((Path(str(resources.files("trivet_reference"))) / "packages").glob("*cooking*.trivet"))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What a reader has: two packages signed by one key, and a folder of releases."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TRIVET_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    package, key = archive.read(PACKAGE.read_bytes()), keys.generate()
    members = {path: bytes(content) for path, content in package.members.items()}
    Path("oem.key.pub").write_bytes(keys.public_key(key).pem)
    Path("old.trivet").write_bytes(sign.sign(archive.write(package.manifest.tree, members), key))
    later = archive.write({**package.manifest.tree, "version": "0.2.0"}, members)
    Path("new.trivet").write_bytes(sign.sign(later, key))
    Path("releases").mkdir()
    shutil.copy("new.trivet", "releases")
    return tmp_path


def _words(line: str) -> list[str]:
    found = []
    for word in shlex.split(line):
        found += sorted(map(str, Path().glob(word))) if "*" in word else [word]
    return found


def test_the_commands_run_as_they_stand(folder: Path) -> None:
    with running() as shelf:
        for line in (row[2:] for row in TEXT.splitlines() if row.startswith("$ ")):
            words = _words(line.replace("oci://registry.example", shelf.url.replace("http://", "oci+http://")))
            assert words[0] == "trivet", line
            assert main(words[1:]) == 0, line
    wanted = Path("new.trivet").read_bytes()
    assert {Path(f"{name}.trivet").read_bytes() for name in ("made", "pulled", "again")} == {wanted}


def test_every_form_of_a_package_is_in_the_table() -> None:
    assert set(re.findall(r"^\| `([a-z]+)` \|", TEXT, re.MULTILINE)) == {*PACKAGES, "tuf"}
