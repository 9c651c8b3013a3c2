"""``trivet export FILE --to FORMAT``: an interface in the forms that other tools speak."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from trivet.cli.options import add_language, tongue

if TYPE_CHECKING:
    from trivet.export import Subject


def configure(parser: ArgumentParser) -> None:
    """Adds the verb's arguments."""
    parser.add_argument("file", help="an interface document, the id of a shipped one, or a device document")
    parser.add_argument(
        "--to",
        required=True,
        metavar="FORMAT",
        help="json-schema, c, typescript, openapi, asyncapi, wot, nodeset, arrow, markdown or html",
    )
    parser.add_argument("--out", metavar="DIR", help="write the files there; without it one text goes to the screen")
    add_language(parser)


def main(arguments: Namespace) -> int:
    """Writes the files, or shows the only one."""
    from pathlib import Path

    from trivet.export import PAGES, export

    # What machines read is the same on every machine, so the environment speaks for pages only.
    spoken = tongue(arguments) if arguments.language or arguments.to in PAGES else "en"
    made = export(subject_of(arguments.file, spoken), arguments.to)
    if arguments.out is None and len(made) == 1 and arguments.to != "arrow":
        sys.stdout.buffer.write(next(iter(made.values())))
        return 0
    folder = Path(arguments.out or ".")
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in made.items():
        (folder / name).write_bytes(data)
        print(folder / name)
    return 0


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
