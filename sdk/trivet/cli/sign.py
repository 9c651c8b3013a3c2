"""``trivet sign PACKAGE``: one more signature; no digest changes."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace


def configure(parser: ArgumentParser) -> None:
    """Adds the verb's arguments."""
    parser.add_argument("package", nargs="?", help="a .trivet file; it is replaced by the signed one")
    parser.add_argument("--key", metavar="KEY", help="private key (PEM); its password is read from TRIVET_KEY_PASSWORD")
    parser.add_argument("--new-key", metavar="KEY", help="make a private key and KEY.pub first, and sign with it")
    parser.add_argument("--algorithm", choices=("p256", "p384", "ed25519"), default="p256", help="of a new key")
    parser.add_argument("--out", metavar="FILE", help="write here instead")


def main(arguments: Namespace) -> int:
    """Makes a key, signs, or both."""
    import os
    from pathlib import Path

    from trivet.errors import SignatureError
    from trivet.package import keys
    from trivet.package.archive import open_package
    from trivet.package.sign import sign

    if not (arguments.key or arguments.new_key):
        raise SignatureError("no key was named", hint="give --key KEY, or --new-key KEY to make one")
    if arguments.new_key:
        key = keys.generate(arguments.algorithm)
        public = keys.write_key(arguments.new_key, key, os.environ.get(keys.PASSWORD_VARIABLE, "").encode() or None)
        print(f"made {arguments.new_key} (keep it secret) and {public}")
    else:
        key = keys.read_private_key(arguments.key)
    if arguments.package:
        signed = sign(open_package(arguments.package).data, key)
        target = Path(arguments.out or arguments.package)
        scratch = target.with_suffix(".tmp")
        scratch.write_bytes(signed)
        scratch.replace(target)
        print(f"signed {target} as {keys.public_key(key).name}")
    return 0
