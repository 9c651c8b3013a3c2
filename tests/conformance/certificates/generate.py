"""Writes the bundles of this folder and ``cases.json``: ``python -m conformance.certificates.generate`` in ``tests/``.

Each bundle goes into ``../packages/unsigned.trivet`` as ``META-INF/signatures/KEYID.sigstore.json``, and is judged with
the roots, timestamp roots and revocation lists, and at the time, that its case names. Keys are thrown away.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import certkit as ck
import test_package_certificates as forged
import test_package_revocation as revoked
import test_package_timestamp as stamped
import tinypackage as tiny
from trivet.package import archive, keys
from trivet.package.trust import SIGN, Trust

HERE = Path(__file__).parent
LARGE = ("huge", "der-huge", "deep", "der-deep", "many-parts")
"""Too large to keep; tests make them."""


class Good(NamedTuple):
    """A bundle that must be admitted."""

    build: Callable[[], bytes]
    trust: Trust
    time: datetime = ck.NOW
    lists: tuple[bytes, ...] = ()


def _by(algorithm: str) -> Callable[[], bytes]:
    own = ck.Wish(key=ck.key(f"conformance {algorithm}", algorithm))
    return lambda: ck.signed(tiny.package(), ck.issue(forged.ISSUER, own), forged.ISSUER)


PINNED = ck.pinned(forged.ROOT)
GOOD: dict[str, Good] = {
    **{f"chain-{algorithm}": Good(_by(algorithm), PINNED) for algorithm in keys.ALGORITHMS},
    "issuer-pinned": Good(_by("p256"), ck.pinned(forged.ISSUER)),
    "nothing-revoked": Good(_by("p256"), PINNED, lists=(ck.revoked(forged.ISSUER, 4711),)),
    "stamped-and-expired": Good(stamped._stamped, stamped.TRUST, stamped.LATE),
    "stamped-by-a-stranger-and-valid": Good(stamped.UNTRUSTED["stranger"], stamped.TRUST),
}


def cases() -> dict[str, tuple[bytes, dict[str, Any]]]:
    """File name to bundle and facts."""
    found = {name: _case(one.build(), one.trust, one.time, one.lists) for name, one in GOOD.items()}
    for name, (rule, build) in forged.REFUSED.items():
        found[f"certificate-{name}_fail"] = _case(*build(), ck.NOW, rule=rule)
    for name, (rule, change) in forged.MALFORMED.items():
        found[f"bundle-{name}_fail"] = _case(forged._edited(change), PINNED, ck.NOW, rule=rule)
    for name, listed in revoked.LIST.items():
        package = ck.signed(tiny.package(), revoked.FIRMWARE, revoked.ISSUER)
        found[f"list-{name}_fail"] = _case(package, ck.pinned(revoked.ROOT), ck.NOW, (listed(),), "TRV-P095")
    for rule, time, table in (("TRV-P096", ck.NOW, stamped.BROKEN), ("TRV-P097", stamped.LATE, stamped.UNTRUSTED)):
        for name, make in table.items():
            found[f"timestamp-{name}_fail"] = _case(make(), stamped.TRUST, time, rule=rule)
    kept = {name: one for name, one in found.items() if name.partition("-")[2].removesuffix("_fail") not in LARGE}
    return {f"{name}.sigstore.json": one for name, one in kept.items()}


def _case(
    data: bytes, trust: Trust, time: datetime, lists: tuple[bytes, ...] = (), rule: str | None = None
) -> tuple[bytes, dict[str, Any]]:
    ((path, bundle),) = archive.read(data).signatures.items()
    facts: dict[str, Any] = {
        "admitted": rule is None,
        "keyid": path.rpartition("/")[2].partition(".")[0],
        "time": f"{time:%Y-%m-%dT%H:%M:%SZ}",
        "roots": [one.pem.decode() for one in trust.anchors if one.purpose == SIGN],
        "timestamp_roots": [one.pem.decode() for one in trust.anchors if one.purpose != SIGN],
        "lists": [one.decode() for one in lists],
    }
    return bundle, facts | ({"rule": rule} if rule else {})


def main() -> None:
    """Writes everything anew."""
    for path in HERE.glob("*.sigstore.json"):
        path.unlink()
    made = cases()
    for name, (bundle, _) in made.items():
        (HERE / name).write_bytes(bundle)
    text = json.dumps({name: facts for name, (_, facts) in sorted(made.items())}, indent=1)
    (HERE / "cases.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
