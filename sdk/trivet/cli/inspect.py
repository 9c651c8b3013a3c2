"""``trivet inspect FILE``: what a package promises, or what a bare ONNX model holds, after the rules of admission."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trivet.errors import TrivetError
    from trivet.package.archive import Package

Facts = Mapping[str, Any]


def configure(parser: ArgumentParser) -> None:
    """Adds the verb's arguments."""
    parser.add_argument("file", help="a .trivet file, or an .onnx file to check by the same rules")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="how it is written")


def main(arguments: Namespace) -> int:
    """Prints the file's content, 1 when a rule refuses it; trusts nobody, and runs the model in a worker only."""
    from trivet.errors import TrivetError

    data = _bytes(arguments.file)
    try:
        found = _bare(data) if arguments.file.endswith(".onnx") else _package(data)
    except TrivetError as error:
        print(_refusal(arguments.file, error, arguments.format))
        return 1
    tree, rows = found
    if arguments.format == "json":
        print(_json({"file": arguments.file, "verdict": "good", **tree}))
    else:
        print("\n".join(rows))
    return 0


def _bytes(path: str) -> bytes:
    from trivet.errors import FormatError
    from trivet.package.archive import content_of

    try:
        return content_of(path)
    except FormatError as error:
        error.where = path
        raise


def _bare(data: bytes) -> tuple[Facts, list[str]]:
    from trivet.runtime.worker import judge_model

    found = judge_model(data)
    run = "one row of zeros" if found["run"] else "not run, since more than its batch is open"
    rows = [*graph_rows(found["facts"]), f"run        {run}", f"limits     {_limits(found)}"]
    rows.append(f"package    {found['reason'] or 'as far as the graph goes, it could be in one'}")
    return {"graph": found["facts"], "run": found["run"], "not_in_a_package": found["reason"] or None}, rows


def _package(data: bytes) -> tuple[Facts, list[str]]:
    from trivet.package.archive import read
    from trivet.runtime.worker import judge_package

    package = read(data)
    found = judge_package(data)
    rows = [*package_rows(package), *graph_rows(found["facts"]), f"limits     {_limits(found)}"]
    tree = {"digest": package.digest, "signed_by": _signers(package), "manifest": package.manifest.tree}
    return {**tree, "graph": found["facts"]}, rows


def _limits(found: Facts) -> str:
    return f"looked at in a process of limited {' and '.join(['wall time', *found['limits']])}"


def _refusal(path: str, error: TrivetError, form: str) -> str:
    if form == "text":
        return f"refused    {path}: {error}"
    facts = {"rule": error.rule, "where": error.where, "message": error.message, "hint": error.hint}
    return _json({"file": path, "verdict": "refused", "error": facts})


def _json(tree: Facts) -> str:
    import json

    return json.dumps(tree, indent=1, ensure_ascii=False)


def _signers(package: Package) -> list[str]:
    from trivet.package.layout import SIGNATURES

    return [path.removeprefix(SIGNATURES).partition(".")[0] for path in package.signatures]


def package_rows(package: Package) -> list[str]:
    """The manifest for people."""
    manifest = package.manifest
    rows = [
        f"package    {manifest.name} {manifest.version}, format {manifest.format}",
        f"digest     sha256:{package.digest}",
        f"signed by  {', '.join(key[:16] for key in _signers(package)) or 'nobody'}",
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


def graph_rows(facts: Facts) -> list[str]:
    """What the operator walk found."""
    versions = f"IR {facts['ir']}, opset {facts['opset']}" + (f", ai.onnx.ml {facts['ml']}" if facts["ml"] else "")
    return [
        f"graph      {facts['nodes']} nodes, {facts['weights']} weights, {versions}",
        f"operators  {', '.join(f'{name} {count}' for name, count in facts['operators'].items())}",
        *(f"{what:<11}{_port(port)}" for what in ("input", "output") for port in facts[f"{what}s"]),
    ]


def _port(port: list[Any]) -> str:
    from trivet.package.tensor import TYPES

    name, kind, shape = port
    return f"{name}  {TYPES[kind][0]} ({', '.join(str(dim or '?') for dim in shape)})"
