"""``trivet inspect FILE``: what a package promises, or what a bare ONNX model holds."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from trivet.package.archive import Package
from trivet.package.graph import GraphFacts


def configure(parser: ArgumentParser) -> None:
    """Adds the verb's arguments."""
    parser.add_argument("file", help="a .trivet file, or an .onnx file to check by the same rules")


def main(arguments: Namespace) -> int:
    """Prints the file's content; trusts nobody and runs nothing."""
    from pathlib import Path

    from trivet.package.archive import open_package
    from trivet.package.graph import walk

    if arguments.file.endswith(".onnx"):
        try:
            model = Path(arguments.file).read_bytes()
        except OSError as error:
            from trivet.errors import FormatError

            raise FormatError(f"cannot be read ({error.strerror})", where=arguments.file) from error
        print("\n".join(graph_rows(walk(model))))
        return 0
    package = open_package(arguments.file)
    print("\n".join([*package_rows(package), *graph_rows(walk(package.member("model.onnx")))]))
    return 0


def package_rows(package: Package) -> list[str]:
    """The manifest for people."""
    from trivet.package.sign import key_ids

    manifest = package.manifest
    rows = [
        f"package    {manifest.name} {manifest.version}, format {manifest.format}",
        f"digest     sha256:{package.digest}",
        f"signed by  {', '.join(key[:16] for key in key_ids(package)) or 'nobody'}",
        f"interface  {manifest.interface.id} {manifest.interface.version}",
        f"window     {manifest.window}, {manifest.length} frames",
        f"columns    {', '.join(manifest.columns)}",
        f"context    {', '.join(manifest.context)}",
    ]
    rows += [f"output     {p.name}" + (f": {', '.join(p.classes)}" if p.classes else "") for p in manifest.outputs]
    if manifest.state:
        rows.append(f"state      layout {manifest.state.layout}, {len(manifest.state.fields)} numbers")
    for row in manifest.budget:
        where = f"{row['architecture']}, {row['cpu']}, {row['cores']} cores"
        rows.append(f"budget     p{row['percentile']:g} of {row['stage']} within {row['limit'] * 1e3:g} ms on {where}")
    return [*rows, *(f"member     {m.path}  {m.size} bytes  {m.role}" for m in manifest.members)]


def graph_rows(facts: GraphFacts) -> list[str]:
    """What the operator walk found."""
    return [
        f"graph      {facts.nodes} nodes, opset {facts.opset}, operators {', '.join(sorted(facts.operators))}",
        *(f"input      {port}" for port in facts.inputs),
        *(f"output     {port}" for port in facts.outputs),
    ]
