"""``trivet sign PACKAGE``: one more signature or timestamp; no digest changes."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path


def configure(parser: ArgumentParser) -> None:
    """Adds the verb's arguments."""
    parser.add_argument("package", nargs="?", help="a .trivet file; it is replaced by the signed one")
    parser.add_argument("--key", metavar="KEY", help="private key (PEM); its password is read from TRIVET_KEY_PASSWORD")
    parser.add_argument("--new-key", metavar="KEY", help="make a private key and KEY.pub first, and sign with it")
    parser.add_argument("--algorithm", choices=("p256", "p384", "ed25519"), default="p256", help="of a new key")
    parser.add_argument(
        "--certificate", metavar="CHAIN", help="the signer's certificate (PEM), then its issuers in order"
    )
    parser.add_argument("--prepare", metavar="OUT", help="write the bytes to sign, and OUT.json with their digests")
    parser.add_argument("--attach", metavar="SIGNATURE", help="add a signature made elsewhere over those bytes")
    parser.add_argument("--public", metavar="KEY.pub", help="the public key of that signature, or give --certificate")
    parser.add_argument("--request-timestamp", metavar="OUT", help="write a request for a timestamp authority")
    parser.add_argument("--of", default="", metavar="KEYID", help="whose signature, when there are several")
    parser.add_argument("--attach-timestamp", metavar="RESPONSE", help="add the authority's answer")
    parser.add_argument("--out", metavar="FILE", help="write here instead")


def main(arguments: Namespace) -> int:
    """Does the one thing that was asked for."""
    from trivet.errors import SignatureError

    tasks = {
        "key": _sign,
        "new_key": _sign,
        "prepare": _prepare,
        "attach": _attach,
        "request_timestamp": _request,
        "attach_timestamp": _stamp,
    }
    asked = [name for name in tasks if getattr(arguments, name)]
    if len(asked) != 1:
        hint = "give one of --key, --new-key, --prepare, --attach, --request-timestamp, --attach-timestamp"
        message = "these exclude each other" if asked else "no key was named"
        raise SignatureError(message, where=", ".join(asked), hint=hint, rule="TRV-P101")
    if not arguments.package and asked[0] != "new_key":
        hint = f"`trivet sign PACKAGE --{asked[0].replace('_', '-')} ...`"
        raise SignatureError("no package was named", hint=hint, rule="TRV-P101")
    tasks[asked[0]](arguments)
    return 0


def _sign(arguments: Namespace) -> None:
    import os

    from trivet.package import keys
    from trivet.package.sign import sign

    if arguments.new_key:
        key = keys.generate(arguments.algorithm)
        public = keys.write_key(arguments.new_key, key, os.environ.get(keys.PASSWORD_VARIABLE, "").encode() or None)
        print(f"made {arguments.new_key} (keep it secret) and {public}")
    else:
        key = keys.read_private_key(arguments.key)
    if arguments.package:
        target = _write(arguments, sign(_data(arguments), key, _certificates(arguments)))
        print(f"signed {target} as {keys.public_key(key).name}")


def _prepare(arguments: Namespace) -> None:
    import json

    from trivet.package.archive import open_package
    from trivet.package.sign import message, preparation

    package = open_package(arguments.package)
    write(arguments.prepare, message(package))
    write(f"{arguments.prepare}.json", json.dumps(preparation(package), indent=1).encode() + b"\n")
    print(f"wrote {arguments.prepare}, the bytes to sign, and {arguments.prepare}.json")
    print(f"then: trivet sign {arguments.package} --attach SIGNATURE --public KEY.pub")


def _attach(arguments: Namespace) -> None:
    from trivet.errors import SignatureError
    from trivet.package import keys
    from trivet.package.sign import attach_signature, certificate_key

    chain = _certificates(arguments)
    if not (arguments.public or chain):
        hint = "give --public KEY.pub or --certificate CHAIN"
        raise SignatureError("whose signature it is was not said", hint=hint, rule="TRV-P101")
    key = keys.read_public_key(arguments.public) if arguments.public else certificate_key(chain, arguments.certificate)
    target = _write(arguments, attach_signature(_data(arguments), key, keys.read_file(arguments.attach), chain))
    print(f"the signature of {key.name} verifies; signed {target}")


def _request(arguments: Namespace) -> None:
    from trivet.package.archive import open_package
    from trivet.package.sign import request_timestamp

    write(arguments.request_timestamp, request_timestamp(open_package(arguments.package), arguments.of))
    print(f"wrote {arguments.request_timestamp}; send it to the authority as application/timestamp-query")
    print(f"then: trivet sign {arguments.package} --attach-timestamp RESPONSE")


def _stamp(arguments: Namespace) -> None:
    from trivet.package.keys import read_file
    from trivet.package.sign import attach_timestamp

    target = _write(arguments, attach_timestamp(_data(arguments), read_file(arguments.attach_timestamp, (1 << 16) + 1)))
    print(f"added a timestamp to {target}")


def _data(arguments: Namespace) -> bytes:
    from trivet.package.archive import open_package

    return open_package(arguments.package).data


def _certificates(arguments: Namespace) -> bytes:
    from trivet.package.keys import read_file

    return read_file(arguments.certificate) if arguments.certificate else b""


def _write(arguments: Namespace, signed: bytes) -> Path:
    return write(arguments.out or arguments.package, signed)


def write(path: str, content: bytes) -> Path:
    """Writes a file whole or not at all."""
    from trivet.errors import SignatureError
    from trivet.package.whole import put

    target = Path(path)
    try:
        put(target, content)
    except OSError as error:
        message = f"cannot be written ({error.strerror})"
        raise SignatureError(
            message, where=path, hint="check the folder and its permissions", rule="TRV-P045"
        ) from error
    return target
