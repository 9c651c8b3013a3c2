"""``trivet import FILE --from FORMAT``: a draft of a document out of what there is, or a package out of a delta."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace


def configure(parser: ArgumentParser) -> None:
    """Adds the verb's arguments."""
    parser.add_argument("file", help="a model, a recording, a register list or a nodeset; a delta")
    parser.add_argument(
        "--from", required=True, dest="form", metavar="FORMAT", help="onnx, table, registers, nodeset; delta"
    )
    parser.add_argument("--id", metavar="NAME", help="of the draft (default: from the file's name)")
    parser.add_argument("--time", default="time", metavar="NAME", help="time column of a table")
    parser.add_argument("--delimiter", default=",", help="of CSV (default: a comma)")
    parser.add_argument("--type", default="", metavar="BROWSENAME", help="object type of a nodeset")
    parser.add_argument("--onto", metavar="OLD", help="package that a delta starts from")
    parser.add_argument("--out", metavar="FILE", help="write it there; refuses to overwrite")


def main(arguments: Namespace) -> int:
    """Writes the draft or the package."""
    return _delta(arguments) if arguments.form == "delta" else _draft(arguments)


def _draft(arguments: Namespace) -> int:
    import re
    from datetime import UTC, datetime
    from pathlib import Path

    from trivet.errors import DocumentError
    from trivet.imports import Wish, draft

    path = Path(arguments.file)
    name = arguments.id or re.sub(r"[^a-z0-9]+", "-", path.stem.lower()).strip("-") or "draft"
    wish = Wish(name, datetime.now(UTC).date(), arguments.time, arguments.delimiter, arguments.type)
    text = draft(path, arguments.form, wish)
    if arguments.out is None:
        print(text, end="")
        return 0
    try:
        with Path(arguments.out).open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        message = f"cannot be written ({error.strerror})"
        raise DocumentError(message, where=arguments.out, hint="choose another name") from error
    print(arguments.out)
    return 0


def _delta(arguments: Namespace) -> int:
    from trivet.errors import DocumentError
    from trivet.export import delta
    from trivet.package.archive import content_of, open_package

    if not arguments.onto:
        raise DocumentError("a delta starts from a package", where=arguments.file, hint="give --onto OLD.trivet")
    return _package(arguments, delta.apply(content_of(arguments.file), open_package(arguments.onto)))


def _package(arguments: Namespace, data: bytes) -> int:
    """Writes a whole package; who signed it is for ``verify`` to say."""
    from pathlib import Path

    from trivet.errors import FormatError
    from trivet.export.folder import write_file
    from trivet.package.archive import file_name, read

    package = read(data)
    target = Path(arguments.out or file_name(package.manifest))
    if target.exists() or target.is_symlink():
        raise FormatError("is there already", where=str(target), hint="choose another name", rule="TRV-P050")
    print(f"{write_file(target, data)}: sha256:{package.digest}")
    return 0
