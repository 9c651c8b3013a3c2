"""``trivet import FILE --from FORMAT``: a draft of a document, or a package out of its other forms."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from trivet.cli.options import add_registry


def configure(parser: ArgumentParser) -> None:
    """Adds the verb's arguments."""
    parser.add_argument(
        "file",
        help="a model, a recording, a register list or a nodeset; for a package a delta, "
        "an OCI layout, or an address oci://HOST/REPOSITORY:TAG",
    )
    parser.add_argument(
        "--from", dest="form", metavar="FORMAT", help="onnx, table, registers, nodeset; delta, oci (an address is oci)"
    )
    parser.add_argument("--id", metavar="NAME", help="of the draft (default: from the file's name)")
    parser.add_argument("--time", default="time", metavar="NAME", help="time column of a table")
    parser.add_argument("--delimiter", default=",", help="of CSV (default: a comma)")
    parser.add_argument("--type", default="", metavar="BROWSENAME", help="object type of a nodeset")
    parser.add_argument("--onto", metavar="OLD", help="package that a delta starts from")
    parser.add_argument("--tag", metavar="NAME", help="of a package in an OCI layout that holds several")
    add_registry(parser)
    parser.add_argument("--out", metavar="FILE", help="write it there; refuses to overwrite")


def main(arguments: Namespace) -> int:
    """Writes the draft or the package."""
    from trivet.errors import DocumentError
    from trivet.export.oci.reference import is_reference

    if arguments.form is None and not is_reference(arguments.file):
        hint = "give --from onnx, table, registers, nodeset, delta or oci"
        raise DocumentError("what it is was not said", where=arguments.file, hint=hint)
    verbs = {"delta": _delta, "oci": _artifact, None: _artifact}
    return verbs.get(arguments.form, _draft)(arguments)


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


def _artifact(arguments: Namespace) -> int:
    from trivet.export.oci.reference import is_reference

    return _package(arguments, _pulled(arguments) if is_reference(arguments.file) else _laid_out(arguments))


def _pulled(arguments: Namespace) -> bytes:
    import sys

    from trivet.cli.options import registry
    from trivet.errors import FormatError
    from trivet.export.oci.pull import pull

    with registry(arguments, arguments.file) as place:
        name = f"sha256:{place.reference.digest}" if place.reference.digest else place.reference.tag
        if not name:
            hint = "write oci://HOST/REPOSITORY:TAG or ...@sha256:DIGEST"
            raise FormatError("names no tag and no digest", where=arguments.file, hint=hint, rule="TRV-P123")
        print(f"pulling {place.reference}", file=sys.stderr)
        return pull(place, name)


def _laid_out(arguments: Namespace) -> bytes:
    from pathlib import Path

    from trivet.errors import FormatError
    from trivet.export.oci.layout import Layout
    from trivet.export.oci.pull import pull

    folder = Layout(Path(arguments.file))
    tags = [arguments.tag] if arguments.tag else folder.tags
    if len(tags) != 1:
        message = f"holds {len(tags)} packages"
        raise FormatError(message, where=arguments.file, hint="say which with --tag NAME", rule="TRV-P125")
    return pull(folder, tags[0])


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
