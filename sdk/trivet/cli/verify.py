"""``trivet verify PACKAGE...``: digests, signature, signer; needs neither numpy nor onnxruntime."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from trivet.cli.options import add_trust


def configure(parser: ArgumentParser) -> None:
    """Adds the verb's arguments."""
    parser.add_argument("package", nargs="+", help="a .trivet file")
    add_trust(parser)


def main(arguments: Namespace) -> int:
    """Prints one verdict a package; 1 when one is refused."""
    from trivet.errors import PackageError
    from trivet.package.admit import admit
    from trivet.package.archive import open_package
    from trivet.package.trust import home_name, trusted_keys

    keys = trusted_keys(home_name(arguments.home), arguments.trust)
    refused = 0
    for path in arguments.package:
        try:
            verified = admit(open_package(path), keys, unsigned=arguments.unsigned)
        except PackageError as error:
            refused += 1
            print(f"refused  {path}: {error}")
            continue
        package = verified.package
        signer = f"signed by {verified.signer}" if verified.signer else "not signed by anybody trusted"
        print(f"good     {path}: {len(package.members)} members, {signer}")
        print(f"         package sha256:{package.digest}")
    return 1 if refused else 0
