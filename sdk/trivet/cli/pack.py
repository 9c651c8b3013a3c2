"""``trivet pack pack.yaml``: an unsigned package from a model of one's own."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace


def configure(parser: ArgumentParser) -> None:
    """Adds the verb's arguments."""
    parser.add_argument("document", help="a pack.yaml; it names the ONNX graph, sample windows and evidence")
    parser.add_argument("--out", metavar="FILE", help="default: NAME-VERSION.trivet here")


def main(arguments: Namespace) -> int:
    """Runs every gate and writes the package."""
    from pathlib import Path

    from trivet.build.folder import pack_folder
    from trivet.package.archive import file_name, read

    data = pack_folder(Path(arguments.document))
    package = read(data)
    target = Path(arguments.out or file_name(package.manifest))
    target.write_bytes(data)
    print(f"packed {target}: sha256:{package.digest}")
    print(f"not signed yet; `trivet sign {target} --key KEY` does that")
    return 0
