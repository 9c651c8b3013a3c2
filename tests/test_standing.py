"""A year offline: what lists that travel by stick, the clock's memory and older packages do to a machine."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import certkit as ck
import tinypackage as tiny
from trivet.errors import PackageError, PolicyError
from trivet.package import archive, intake, keys, seen, sign, standing, store
from trivet.package.admit import Verified, admit
from trivet.package.policy import parse_policy
from trivet.package.revoked import SECOND, Revocations, extended, moment, sign_list
from trivet.package.seen import Mark, Ran, Seen, joined, load_seen, precedence
from trivet.package.trust import load_trust

DAY = 86_400 * SECOND
NOW = 1_800_000_000 * SECOND
YEAR = 365 * DAY
OEM, PLANT, STRANGER = (keys.generate("ed25519") for _ in range(3))
PACKAGE = tiny.package()
DIGEST = archive.read(PACKAGE).digest
SIGNED = sign.sign(PACKAGE, OEM)
EMPTY = Revocations("example-oem", 0, 0, 0, {}, {})

Clock = Callable[[], int]


def at(time: int) -> Clock:
    return lambda: time


TODAY = at(NOW)


def listed(old: Revocations = EMPTY, issued: int = NOW, days: int = 90, **more: Mapping[Any, str]) -> Revocations:
    return extended(old, issued, issued + days * DAY, **more)


def brought(
    home: Path, revocations: Revocations, key: keys.PrivateKey = OEM, clock: Clock = TODAY, **more: Any
) -> store.Entry:
    return intake.take(home, sign_list(revocations, key, **more), "stick/example-oem.revoked.json", clock)


def judged(home: Path, data: bytes = SIGNED, clock: Clock = TODAY, **terms: Any) -> Verified:
    return admit(data, load_trust(home), clock=clock, **terms)


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(PackageError) as caught:
        act()
    assert caught.value.hint
    assert "\n" not in str(caught.value)
    return caught.value.rule


def policy(home: Path, **lists: Any) -> None:
    signers = {"oem": {"keys": [keys.public_key(OEM).id]}, "plant": {"keys": [keys.public_key(PLANT).id]}}
    rule = {"interface": "*", "signers": ["oem", "plant"], "threshold": 1}
    tree = {"kind": "policy", "format": 0, "signers": signers, "rules": [rule], "lists": lists}
    (home / "trust" / "policy.json").write_text(json.dumps(tree))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A machine that trusts the OEM and the plant."""
    for name, key in (("oem", OEM), ("plant", PLANT)):
        (tmp_path / f"{name}.pub").write_bytes(keys.public_key(key).pem)
        store.add(tmp_path / "home", tmp_path / f"{name}.pub")
    return tmp_path / "home"


def test_without_lists_nothing_is_asked(home: Path) -> None:
    def forbidden() -> int:
        raise AssertionError

    assert judged(home, clock=forbidden).lists == ()
    assert not (home / "revocation").exists()


def test_a_revoked_package_stops_at_the_next_start_whoever_signed_it(home: Path) -> None:
    assert judged(home).signers
    brought(home, listed(packages={DIGEST: "burns soup"}))
    with pytest.raises(PolicyError, match="burns soup") as caught:
        judged(home)
    assert caught.value.rule == "TRV-P112"
    for data in (PACKAGE, sign.sign(SIGNED, PLANT)):
        assert refused(lambda data=data: judged(home, data, unsigned=True)) == "TRV-P112"  # type: ignore[misc]
    other = sign.sign(tiny.package(version="0.2.0"), OEM)
    assert judged(home, other).lists == (standing.Kept("example-oem", 1, NOW + 90 * DAY),)


def test_a_revoked_signer_does_not_count_and_another_does(home: Path) -> None:
    brought(home, listed(signers={keys.public_key(OEM).id: "keyCompromise"}), PLANT)
    assert refused(lambda: judged(home)) == "TRV-P113"
    both = judged(home, sign.sign(SIGNED, PLANT))
    assert [one.key_id for one in both.signers] == [keys.public_key(PLANT).id]
    assert "keyCompromise" in both.doubts[0].message


def test_a_revoked_signer_revokes_no_more(home: Path) -> None:
    brought(home, listed(EMPTY._replace(id="plant"), signers={keys.public_key(OEM).id: "keyCompromise"}), PLANT)
    assert refused(lambda: brought(home, listed(packages={DIGEST: "revenge"}))) == "TRV-P113"


@pytest.mark.parametrize(("reason", "counts"), [("superseded", True), ("keyCompromise", False)])
def test_what_a_timestamp_proves_older_stands_for_harmless_reasons(
    reason: str, counts: bool, tmp_path: Path, home: Path
) -> None:
    signer = sign.Signer("oem", "a" * 64, signed_at=datetime.fromtimestamp(NOW // SECOND - 60, UTC))
    one = listed(signers={"a" * 64: reason})
    assert (standing.revoked_signer([one], signer) is None) is counts
    assert standing.revoked_signer([one], signer._replace(signed_at=None)) is not None
    late = datetime.fromtimestamp(NOW // SECOND + 60, UTC)
    assert standing.revoked_signer([one], signer._replace(signed_at=late)) is not None


def test_a_certificate_is_revoked_by_root_and_subject_and_signs_lists(tmp_path: Path) -> None:
    home, root = tmp_path / "home", ck.authority()
    firmware, quality = ck.issue(root, ck.Wish()), ck.issue(root, ck.Wish("Quality"))
    (tmp_path / "root.crt").write_bytes(root.pem)
    store.add(home, tmp_path / "root.crt")
    data, now = ck.signed(PACKAGE, firmware), ck.clock()
    assert judged(home, data, now).signers
    one = listed(issued=now(), signers={(root.print, "CN=Firmware,O=Example"): "privilegeWithdrawn"})
    brought(home, one, quality.key, now, certificates=quality.pem)  # type: ignore[arg-type]
    assert refused(lambda: judged(home, data, now)) == "TRV-P113"
    assert judged(home, ck.signed(PACKAGE, quality), now).signers


# A year offline.


def test_the_list_expires_and_every_line_says_so_unless_the_policy_says_stop(home: Path) -> None:
    brought(home, listed(days=90))
    assert judged(home).lists[0].expires == NOW + 90 * DAY
    after = judged(home, clock=at(NOW + YEAR))
    assert after.signers
    assert after.lists == (standing.Kept("example-oem", 1, 0),)
    policy(home, expired="mark")
    assert judged(home, clock=at(NOW + YEAR)).lists[0].expires == 0
    policy(home, expired="stop")
    assert refused(lambda: judged(home, clock=at(NOW + YEAR))) == "TRV-P115"
    assert judged(home).lists[0].expires
    brought(home, listed(listed(), issued=NOW + YEAR), clock=at(NOW + YEAR))
    assert judged(home, clock=at(NOW + YEAR)).lists[0].number == 2


def test_what_an_expired_list_revoked_stays_revoked(home: Path) -> None:
    brought(home, listed(packages={DIGEST: "burns soup"}))
    assert refused(lambda: judged(home, clock=at(NOW + YEAR))) == "TRV-P112"


def test_the_clock_set_back_is_not_believed(home: Path) -> None:
    brought(home, listed(days=30))
    brought(home, listed(listed(days=30), issued=NOW + 300 * DAY, days=30), clock=at(NOW + 300 * DAY))
    policy(home, expired="stop")
    for earlier in (0, NOW - YEAR, NOW):
        here = standing.stand(load_trust(home), at(earlier))
        assert here.clock() == NOW + 300 * DAY
        assert judged(home, clock=at(earlier)).lists[0].expires
    assert refused(lambda: judged(home, clock=at(NOW + YEAR))) == "TRV-P115"


def test_a_certificate_that_expired_stays_expired_when_the_clock_goes_back(tmp_path: Path, home: Path) -> None:
    root = ck.authority()
    firmware = ck.issue(root, ck.Wish())
    (tmp_path / "root.crt").write_bytes(root.pem)
    store.add(home, tmp_path / "root.crt")
    data, now, later = ck.signed(PACKAGE, firmware), ck.clock(), ck.clock(ck.LATER)
    assert judged(home, data, now).signers
    assert refused(lambda: judged(home, data, later)) == "TRV-P092"
    brought(home, listed(issued=later()), clock=later)
    assert refused(lambda: judged(home, data, now)) == "TRV-P092"


def test_the_stick_is_replaced_by_an_older_one(home: Path, tmp_path: Path) -> None:
    first = listed()
    second = listed(first, issued=NOW + DAY, packages={DIGEST: "burns soup"})
    for number, one in enumerate((first, second)):
        (tmp_path / f"stick{number}").mkdir()
        (tmp_path / f"stick{number}" / "example-oem.revoked.json").write_bytes(sign_list(one, OEM))
    newest, oldest = tmp_path / "stick1", tmp_path / "stick0"
    assert [one.refusal for one in intake.take_folder(home, newest, TODAY)] == [None]
    assert [one.refusal for one in intake.take_folder(home, newest, TODAY)] == [None]
    (outcome,) = intake.take_folder(home, oldest, TODAY)
    assert outcome.refusal is not None
    assert outcome.refusal.rule == "TRV-P114"
    assert "number 1" in outcome.refusal.message
    assert refused(lambda: judged(home)) == "TRV-P112"


def test_an_older_file_put_into_the_home_folder_is_refused(home: Path) -> None:
    brought(home, listed())
    kept = home / "revocation" / "example-oem.revoked.json"
    old = kept.read_bytes()
    brought(home, listed(listed(), packages={DIGEST: "burns soup"}))
    kept.write_bytes(old)
    assert refused(lambda: judged(home)) == "TRV-P114"
    kept.unlink()
    assert refused(lambda: judged(home)) == "TRV-P114"
    kept.write_bytes(sign_list(listed(listed(), issued=NOW + DAY), OEM))
    assert refused(lambda: judged(home)) == "TRV-P114"
    kept.write_bytes(b"{")
    assert refused(lambda: judged(home)) == "TRV-P114"
    brought(home, listed(listed(listed())))
    assert judged(home).lists[0].number == 3


def test_a_list_whose_mark_was_lost_by_a_power_cut_counts_when_it_verifies(home: Path) -> None:
    brought(home, listed())
    kept = home / "revocation" / "example-oem.revoked.json"
    kept.write_bytes(sign_list(listed(listed(), packages={DIGEST: "burns soup"}), OEM))
    assert refused(lambda: judged(home)) == "TRV-P112"
    kept.write_bytes(sign_list(listed(listed(), packages={DIGEST: "burns soup"}), STRANGER))
    with pytest.raises(PolicyError, match="not trusted here for lists"):
        judged(home)


def test_lists_are_signed_by_somebody_who_counts(home: Path, tmp_path: Path) -> None:
    assert refused(lambda: brought(home, listed(), STRANGER)) == "TRV-P046"
    developer = keys.generate("ed25519")
    (tmp_path / "developer.pub").write_bytes(keys.public_key(developer).pem)
    store.add(home, tmp_path / "developer.pub", "development")
    assert refused(lambda: brought(home, listed(), developer)) == "TRV-P046"
    forged = json.loads(sign_list(listed(), OEM))
    forged["dsseEnvelope"]["payload"] = json.loads(sign_list(listed(days=900), OEM))["dsseEnvelope"]["payload"]
    assert refused(lambda: intake.take(home, json.dumps(forged).encode(), "x", TODAY)) == "TRV-P042"
    assert load_seen(str(home / "revocation")) == Seen()


def test_a_list_that_was_verified_stays_when_its_signer_is_trusted_no_longer(home: Path) -> None:
    brought(home, listed(packages={DIGEST: "burns soup"}), PLANT)
    store.remove(home, keys.public_key(PLANT).id)
    assert refused(lambda: judged(home)) == "TRV-P112"


def test_a_policy_can_want_a_list(home: Path) -> None:
    policy(home, required=True)
    assert refused(lambda: judged(home)) == "TRV-P115"
    brought(home, listed())
    assert judged(home).signers
    with pytest.raises(PolicyError):
        parse_policy((home / "trust" / "policy.json").read_bytes().replace(b'"required"', b'"wanted"'), "x")


def test_the_store_shows_and_removes_lists_and_the_clock(home: Path) -> None:
    brought(home, listed(packages={DIGEST: "burns soup"}))
    rows = {entry.kind: entry for entry in store.entries(home)}
    assert rows["revocations"].text.startswith("number 1 of 2027-01-15, ")
    assert "1 packages, 0 signers" in rows["revocations"].text
    assert rows["clock"].text.endswith(f"{moment(NOW)}, from list example-oem 1")
    store.remove(home, "clock")
    assert load_seen(str(home / "revocation")).time == 0
    store.remove(home, "example-oem")
    assert judged(home).signers
    assert refused(lambda: brought(home, listed(days=3))) == "TRV-P114"
    brought(home, listed(packages={DIGEST: "burns soup"}))
    assert refused(lambda: judged(home)) == "TRV-P112"


# Older packages.


def test_an_older_version_than_one_that_ran_is_refused_unless_it_is_meant(home: Path) -> None:
    newer = sign.sign(tiny.package(version="0.2.0"), OEM)
    standing.remember(str(home / "revocation"), judged(home, newer))
    assert refused(lambda: judged(home)) == "TRV-P116"
    assert judged(home, rollback=True).signers
    assert judged(home, newer).signers
    standing.remember(str(home / "revocation"), judged(home, rollback=True))
    assert refused(lambda: judged(home)) == "TRV-P116"
    assert judged(home, PACKAGE, unsigned=True).signers == ()


def test_only_packages_of_trusted_signers_are_remembered(home: Path) -> None:
    newer = tiny.package(version="9.9.9")
    standing.remember(str(home / "revocation"), judged(home, newer, unsigned=True))
    assert not (home / "revocation").exists()
    assert judged(home).signers


def test_trusted_timestamps_move_the_clock(home: Path) -> None:
    verified = judged(home)
    stamped = verified.signers[0]._replace(signed_at=datetime.fromtimestamp(NOW // SECOND, UTC))
    standing.remember(str(home / "revocation"), verified._replace(signers=(stamped,)))
    found = load_seen(str(home / "revocation"))
    assert (found.time, found.source) == (NOW, "a timestamp of kettle-watch 0.1.0")
    assert found.packages == {"kettle-watch": Ran("0.1.0", DIGEST)}


@pytest.mark.parametrize(
    "versions",
    [("0.9.0", "0.10.0", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-rc.2", "1.0.0-rc.11", "1.0.0")],
)
def test_versions_are_ordered_as_semver_says(versions: tuple[str, ...]) -> None:
    assert sorted(set(versions), key=precedence) == list(versions)


def test_memories_are_joined_and_broken_ones_are_said(tmp_path: Path) -> None:
    one = Seen(5, "a", {"x": Mark(2, "1" * 64)}, {"p": Ran("1.0.0", "1" * 64)})
    other = Seen(7, "b", {"x": Mark(1, "2" * 64), "y": Mark(1, "3" * 64)}, {"p": Ran("0.9.0", "2" * 64)})
    whole = Seen(7, "b", {"x": Mark(2, "1" * 64), "y": Mark(1, "3" * 64)}, {"p": Ran("1.0.0", "1" * 64)})
    assert joined(one, other) == joined(other, one) == whole
    folder = str(tmp_path)
    seen.save_seen(folder, one)
    assert seen.save_seen(folder, other) == load_seen(folder) == whole
    for content in (b"", b"{", b"[]", b'{"kind":"seen"}', b"\xff" * 100, b"{" * 2_000_000):
        (tmp_path / "seen.json").write_bytes(content)
        with pytest.raises(PolicyError, match=r"seen\.json") as caught:
            load_seen(folder)
        assert caught.value.rule == "TRV-P117"
        assert (tmp_path / "seen.json").read_bytes() == content
