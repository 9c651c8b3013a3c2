"""``trivet trust revoke LIST``: beginning, extending or renewing a list of revocations, signed here or elsewhere."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trivet.package.revoked import Identity, Revocations

DAYS, MOST_DAYS = 365, 36_500
DAY = 86_400 * 1_000_000_000


def configure(parser: ArgumentParser) -> None:
    """Adds the arguments of making a list."""
    group = parser.add_argument_group("revoke")
    group.add_argument("--id", metavar="NAME", help="whose list it is, such as example-oem; for the first one")
    group.add_argument("--package", action="append", default=[], metavar="FILE", help="a package, or its digest")
    group.add_argument("--signer", action="append", default=[], metavar="KEY.pub", help="a public key, or its id")
    group.add_argument(
        "--certificate-of", nargs=2, action="append", default=[], metavar=("ROOT", "SUBJECT"),
        help="a signer by certificate: root.crt, or its id, and the subject that `trivet verify` prints",
    )  # fmt: skip
    group.add_argument("--reason", default="unspecified", help="why; of a signer one of RFC 5280's, as keyCompromise")
    group.add_argument("--days", type=int, default=DAYS, metavar="N", help=f"until the next list is due ({DAYS})")
    group.add_argument("--key", metavar="KEY", help="private key (PEM) of the list's signer")
    group.add_argument("--certificate", metavar="CHAIN", help="the signer's certificate (PEM), then its issuers")
    group.add_argument("--prepare", metavar="OUT", help="write the bytes to sign instead")
    group.add_argument(
        "--attach", metavar="SIGNATURE", help="make the list of a signature over the bytes of --prepared"
    )
    group.add_argument("--prepared", metavar="FILE", help="what --prepare wrote")
    group.add_argument("--public", metavar="KEY.pub", help="the public key of that signature, or give --certificate")


def revoke(arguments: Namespace) -> int:
    """Writes the next list, or the bytes to sign."""
    from trivet.errors import SignatureError
    from trivet.package.keys import read_private_key
    from trivet.package.revoked import message, sign_list

    if sum(map(bool, (arguments.key, arguments.prepare, arguments.attach))) != 1:
        hint = "give one of --key, --prepare, --attach"
        raise SignatureError("who signs the list was not said", hint=hint, rule="TRV-P101")
    if arguments.attach:
        return _attach(arguments)
    following = _next(arguments)
    if arguments.prepare:
        _write(arguments.prepare, message(following))
        print(f"wrote {arguments.prepare}, the bytes to sign for list {following.name}")
        options = f"--attach SIGNATURE --prepared {arguments.prepare} --public KEY.pub"
        print(f"then: trivet trust revoke {arguments.what} {options}")
        return 0
    _write(arguments.what, sign_list(following, read_private_key(arguments.key), _chain(arguments)))
    return _told(arguments.what, following)


def _attach(arguments: Namespace) -> int:
    from trivet.errors import SignatureError
    from trivet.package.keys import read_file, read_public_key
    from trivet.package.revoked import LARGEST, attach_signature, parse_list, payload_of
    from trivet.package.sign import certificate_key

    chain = _chain(arguments)
    if not arguments.prepared or not (arguments.public or chain):
        hint = "give --prepared FILE, and --public KEY.pub or --certificate CHAIN"
        raise SignatureError("what was signed, or by whom, was not said", hint=hint, rule="TRV-P101")
    content = payload_of(read_file(arguments.prepared, LARGEST + 1), arguments.prepared)
    key = read_public_key(arguments.public) if arguments.public else certificate_key(chain, arguments.certificate)
    _write(arguments.what, attach_signature(content, key, read_file(arguments.attach), chain))
    return _told(arguments.what, parse_list(content, arguments.prepared))


def _next(arguments: Namespace) -> Revocations:
    """The list after the one in the file, or the first of its id."""
    from time import time_ns

    from trivet.errors import SignatureError
    from trivet.package.keys import read_file
    from trivet.package.revoked import LARGEST, Revocations, extended, read_list

    if Path(arguments.what).exists():
        old = read_list(read_file(arguments.what, LARGEST + 1), arguments.what).revocations
    elif arguments.id:
        old = Revocations(arguments.id, 0, 0, 0, {}, {})
    else:
        hint = "give --id NAME to begin a list, or the path of the one to extend"
        raise SignatureError("there is no such list", where=arguments.what, hint=hint, rule="TRV-P101")
    if not 1 <= arguments.days <= MOST_DAYS:
        raise SignatureError(f"--days must be from 1 to {MOST_DAYS}", hint="a year is usual", rule="TRV-P101")
    now = time_ns()
    packages = {_package(one): arguments.reason for one in arguments.package}
    named = [*map(_key, arguments.signer), *(_certificate(*pair) for pair in arguments.certificate_of)]
    return extended(old, now, now + arguments.days * DAY, packages, dict.fromkeys(named, arguments.reason))


def _package(name: str) -> str:
    from trivet.package.archive import open_package
    from trivet.package.revoked import DIGEST

    digest = name.removeprefix("sha256:")
    return digest if DIGEST.fullmatch(digest) else open_package(name).digest


def _key(name: str) -> Identity:
    from trivet.package.keys import read_public_key
    from trivet.package.revoked import DIGEST

    return name if DIGEST.fullmatch(name) else read_public_key(name).id


def _certificate(root: str, subject: str) -> Identity:
    from trivet.package import certificates
    from trivet.package.keys import read_file
    from trivet.package.revoked import DIGEST

    if DIGEST.fullmatch(root):
        return root, subject
    return certificates.fingerprint(certificates.parse_pem(read_file(root), root)[0]), subject


def _chain(arguments: Namespace) -> bytes:
    from trivet.package.keys import read_file

    return read_file(arguments.certificate) if arguments.certificate else b""


def _write(path: str, content: bytes) -> None:
    from trivet.cli.sign import write

    write(path, content)


def _told(path: str, one: Revocations) -> int:
    from trivet.package.revoked import moment

    counts = f"{len(one.packages)} packages, {len(one.signers)} signers"
    print(f"signed {path}: list {one.name}, {counts}, next due {moment(one.expires)[:10]}")
    return 0
