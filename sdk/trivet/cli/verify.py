"""``trivet verify PACKAGE...``: digests, signature, signer; needs neither numpy nor onnxruntime."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from trivet.cli.options import add_trust

if TYPE_CHECKING:
    from trivet.package.admit import Verified
    from trivet.package.sign import Signer


def configure(parser: ArgumentParser) -> None:
    """Adds the verb's arguments."""
    parser.add_argument("package", nargs="+", help="a .trivet file")
    parser.add_argument(
        "--device-class", action="append", default=[], metavar="TYPE", help="appliance type that it is for (policy)"
    )
    add_trust(parser)


def main(arguments: Namespace) -> int:
    """Prints one verdict a package; 1 when one is refused."""
    from trivet.errors import PackageError
    from trivet.package.admit import admit
    from trivet.package.archive import open_package
    from trivet.package.trust import home_name, load_trust

    trust = load_trust(home_name(arguments.home), arguments.trust, arguments.policy)
    refused, classes, development = 0, tuple(arguments.device_class), arguments.allow_development
    for path in arguments.package:
        try:
            package = open_package(path)
            verified = admit(package, trust, arguments.unsigned, development=development, classes=classes)
        except PackageError as error:
            refused += 1
            print(f"refused  {path}: {error}")
            continue
        print("\n".join(rows(path, verified)))
    return 1 if refused else 0


def rows(path: str, verified: Verified) -> list[str]:
    """What is said about a good package."""
    package = verified.package
    signer = f"signed by {verified.signer}" if verified.signer else "not signed by anybody trusted"
    found = [
        f"good     {path}: {len(package.members)} members, {signer}",
        f"         package sha256:{package.digest}",
    ]
    found += [f"         signed by {one.name}" for one in verified.signers[1:]]
    found += [f"         {detail}" for one in verified.signers for detail in details(one)]
    found += [f"         does not count: {doubt}" for doubt in verified.doubts]
    return found


def details(signer: Signer) -> list[str]:
    """What is known about a signer beyond the name."""
    found = []
    if signer.certificate:
        chain = " <- ".join(one[:16] for one in signer.certificate.chain)
        found.append(f"certificate of {', '.join([signer.certificate.subject, *signer.certificate.names])}: {chain}")
    if signer.signed_at:
        found.append(f"signed before {signer.signed_at:%Y-%m-%d %H:%M:%S} UTC, says a trusted timestamp")
    if signer.development:
        found.append(f"{signer.name} is a developer: not for production")
    return found
