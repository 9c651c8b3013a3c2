"""``trivet export FILE --to FORMAT``: an interface or a package in the forms that other tools speak."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from trivet.cli.options import add_language, add_registry, tongue

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trivet.export import Subject
    from trivet.package.archive import Package
    from trivet.package.keys import PrivateKey


BINARY = ("arrow", "aasx", "delta")
"""Never written to a screen."""


def configure(parser: ArgumentParser) -> None:
    """Adds the verb's arguments."""
    parser.add_argument(
        "file",
        help="an interface document, the id of a shipped one, a device document, a .trivet package, or a folder",
    )
    parser.add_argument(
        "--to",
        required=True,
        metavar="FORMAT",
        help="of an interface: json-schema, c, typescript, openapi, asyncapi, wot, nodeset, arrow, markdown or html; "
        "of a package: triton, mlflow, oip, aasx, cyclonedx, spdx, oci or delta; of a folder: tuf",
    )
    parser.add_argument("--from", dest="old", metavar="OLD", help="package that a delta starts from")
    parser.add_argument("--out", metavar="DIR", help="write the files there; without it one text goes to the screen")
    parser.add_argument("--supplier", default="", metavar="NAME", help="who hands a package on")
    parser.add_argument(
        "--at", metavar="TIME", help="stands where a format wants a time (else SOURCE_DATE_EPOCH, else now)"
    )
    parser.add_argument("--registry", metavar="ADDRESS", help="push there: oci://HOST/REPOSITORY[:TAG]")
    add_registry(parser)
    parser.add_argument(
        "--key", action="append", default=[], metavar="ROLE=FILE", help="root, targets, snapshot, timestamp, old-root"
    )
    parser.add_argument("--expires", type=int, default=30, metavar="DAYS", help="of a repository's metadata")
    add_language(parser)


def main(arguments: Namespace) -> int:
    """Writes the files, or shows the only one."""
    from trivet.export.folder import write_files

    if arguments.to == "tuf":
        return _repository(arguments)
    if arguments.to == "oci" and arguments.registry:
        return _push(arguments)
    made = _of_package(arguments) if is_package(arguments.file) else _of_interface(arguments)
    if arguments.out is None and len(made) == 1 and arguments.to not in BINARY:
        sys.stdout.buffer.write(next(iter(made.values())))
        return 0
    for path in write_files(arguments.out or ".", made):
        print(path)
    return 0


def is_package(name: str) -> bool:
    """Whether a file begins as a package does."""
    from pathlib import Path

    try:
        if not Path(name).is_file():
            return False
        with Path(name).open("rb") as file:
            return file.read(4) == b"PK\3\4"
    except (OSError, ValueError):
        return False  # whoever reads documents says what is wrong with the path


def _of_package(arguments: Namespace) -> Mapping[str, bytes]:
    from trivet.cli.options import moment
    from trivet.export import export
    from trivet.export.parcel import parcel_of
    from trivet.package.archive import open_package

    package = open_package(arguments.file)
    if arguments.to == "delta":
        return _delta(arguments, package)
    return export(parcel_of(package, moment(arguments), arguments.supplier), arguments.to)


def _delta(arguments: Namespace, new: Package) -> Mapping[str, bytes]:
    from trivet.errors import DocumentError
    from trivet.export import delta
    from trivet.package.archive import open_package

    if not arguments.old:
        raise DocumentError("a delta starts from a package", where="--to delta", hint="give --from OLD.trivet")
    old = open_package(arguments.old)
    return {delta.file_name(old, new): delta.make(old, new)}


def _push(arguments: Namespace) -> int:
    from trivet.cli.options import registry
    from trivet.export.oci.push import push
    from trivet.package.archive import open_package

    package = open_package(arguments.file)
    with registry(arguments, arguments.registry) as place:
        print(f"pushing {len(package.data)} bytes to {place.reference}", file=sys.stderr)
        digest = push(package, place)
        address = place.reference._replace(tag=place.reference.tag or package.manifest.version, digest=digest)
    print(address)
    return 0


def _repository(arguments: Namespace) -> int:
    from pathlib import Path

    from trivet.cli.options import moment
    from trivet.errors import DocumentError
    from trivet.export.tuf.repository import Terms, publish

    folder = Path(arguments.file)
    if not folder.is_dir() or not arguments.out or not 1 <= arguments.expires <= 3660:
        hint = "give the folder of its files, --out DIR, and --expires from 1 to 3660 days"
        raise DocumentError("a repository is made of a folder", where=arguments.file, hint=hint)
    terms = Terms(moment(arguments), arguments.expires)
    for path in publish(folder, Path(arguments.out), _keys(arguments.key), terms):
        print(path)
    return 0


def _keys(given: list[str]) -> dict[str, PrivateKey]:
    from trivet.errors import PolicyError
    from trivet.export.tuf.metadata import ROLES
    from trivet.export.tuf.repository import OLD_ROOT
    from trivet.package.keys import read_private_key

    found = {}
    for text in given:
        role, _, file = text.partition("=")
        if role not in (*ROLES, OLD_ROOT) or not file or role in found:
            hint = f"write ROLE=FILE, each role once: {', '.join((*ROLES, OLD_ROOT))}"
            raise PolicyError("names no role and file", where=f"--key {text[:200]}", hint=hint, rule="TRV-P126")
        found[role] = read_private_key(file)
    return found


def _of_interface(arguments: Namespace) -> Mapping[str, bytes]:
    from trivet.export import PAGES, export

    # What machines read is the same on every machine, so the environment speaks for pages only.
    spoken = tongue(arguments) if arguments.language or arguments.to in PAGES else "en"
    return export(subject_of(arguments.file, spoken), arguments.to)


def subject_of(name: str, language: str = "en") -> Subject:
    """The interface in a document, of a shipped id, or behind a device document.

    Raises:
        DocumentError: It is none of these.
    """
    from pathlib import Path

    from trivet.device.library import load_interface, resolve
    from trivet.export import Subject
    from trivet.interface.digest import document_digest
    from trivet.interface.parse import parse

    device = None
    if Path(name).is_file():
        from trivet.device.document import Device
        from trivet.interface.document import Interface

        text = Path(name).read_bytes()
        if isinstance(parse(text, name, {"device": Device, "interface": Interface}).document, Device):
            device = resolve(name)
    reference = device.device.interface.id if device is not None else name
    parsed = load_interface(reference, Path(name).parent if device is not None else None)
    return Subject(parsed.document, document_digest(parsed.tree), device, language)
