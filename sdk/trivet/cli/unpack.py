"""``trivet unpack PACKAGE --to DIR``."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace


def configure(parser: ArgumentParser) -> None:
    """Adds the verb's arguments."""
    parser.add_argument("package", help="a .trivet file")
    parser.add_argument("--to", required=True, metavar="DIR", help="an empty or new folder")


def main(arguments: Namespace) -> int:
    """Writes members and signatures side by side; nothing outside the folder."""
    from trivet.package.archive import open_package
    from trivet.package.unpack import unpack

    folder = unpack(open_package(arguments.package), arguments.to)
    print(f"unpacked to {folder}")
    return 0
