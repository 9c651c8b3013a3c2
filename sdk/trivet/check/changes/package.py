"""Changes of a package: what it reads and gives, its graph, memory, budget, evidence and figures.

Packages are compared by a description, a JSON tree that ``described`` makes of one; its
interface is compared as documents are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from trivet.check.changes.change import Change, differs
from trivet.check.changes.interface import interface_changes
from trivet.errors import FormatError
from trivet.interface.document import Interface
from trivet.interface.load import load
from trivet.interface.parsed import Path
from trivet.package.archive import Package
from trivet.package.graph import walk
from trivet.package.tree import parse

KIND = "package"
FIGURES = "evidence/evaluation.json"

NOISE = 0.01
"""Relative difference of two figures from which on it is told."""

LOWER = ("error", "mae", "rmse", "brier", "loss", "ece", "missed", "unsaid", "called_novel", "false_alarms", "latency")
HIGHER = ("auc", "auroc", "recall", "precision", "accuracy", "f1", "coverage", "detected", "specificity")
"""Names of figures that are better when they are lower, or higher; of others nobody knows here."""

Tree = Mapping[str, Any]


def described(package: Package) -> dict[str, Any]:
    """A package as a tree to compare.

    Raises:
        FormatError: A member that is compared is no JSON.
        GraphError: The graph breaks its contract.
    """
    manifest, facts = package.manifest, walk(package.member("model.onnx"))
    members = {member.path: member.sha256 for member in manifest.members}
    evidence = {path: sha256 for path, sha256 in members.items() if path.startswith("evidence/")}
    return {
        "kind": KIND,
        "id": manifest.name,
        "version": manifest.version,
        "interface": _json(package, "interface.json"),
        "semantic": manifest.interface.semantic,
        "window": manifest.window,
        "length": manifest.length,
        "columns": list(manifest.columns),
        "context": list(manifest.context),
        "outputs": [{"name": port.name, "classes": list(port.classes)} for port in manifest.outputs],
        "state": manifest.tree["state"],
        "opset": facts.opset,
        "operators": dict(facts.operators),
        "model": members["model.onnx"],
        "budget": [dict(row) for row in manifest.budget],
        "evidence": {path.removeprefix("evidence/").removesuffix(".json"): sha for path, sha in evidence.items()},
        "figures": _figures(_json(package, FIGURES)) if FIGURES in members else {},
    }


def package_changes(old: Tree, new: Tree) -> Iterator[Change]:
    """Every change from one description to another; the version itself is none."""
    yield from differs("TRV-B200", ("id",), old["id"], new["id"])
    yield from _interface(old, new)
    yield from differs("TRV-B205", ("window",), old["window"], new["window"])
    yield from differs("TRV-B205", ("length",), old["length"], new["length"])
    yield from _named(("columns",), old["columns"], new["columns"], "TRV-B210", "TRV-B211")
    yield from _named(("context",), old["context"], new["context"], "TRV-B215", "TRV-B216")
    yield from _outputs(old["outputs"], new["outputs"])
    yield from _memory(old["state"], new["state"])
    yield from _graph(old, new)
    yield from _budget(_limits(old["budget"]), _limits(new["budget"]))
    yield from _evidence(old["evidence"], new["evidence"])
    yield from _compared(old["figures"], new["figures"])


def _interface(old: Tree, new: Tree) -> Iterator[Change]:
    was, now = (load(tree["interface"], Interface, where="interface.json") for tree in (old, new))
    if was.id != now.id:
        yield Change("TRV-B201", ("interface", "id"), was.id, now.id)
        return
    yield from differs("TRV-B202", ("semantic",), old["semantic"][:16], new["semantic"][:16])
    if was.version != now.version:
        held = _kept(was.version, now.version)
        yield Change("TRV-B204" if held else "TRV-B203", ("interface", "version"), was.version, now.version)
    for change in interface_changes(was, now):
        yield change._replace(path=("interface", *change.path))


def _kept(old: str, new: str) -> bool:
    """Whether device documents for the old version still run: major equal, minor equal or, from 1.0 on, higher."""
    was, now = (tuple(map(int, text.partition("-")[0].split(".")[:2])) for text in (old, new))
    return was[0] == now[0] and (was[1] == now[1] or (was[0] > 0 and now[1] >= was[1]))


def _named(path: Path, old: Sequence[str], new: Sequence[str], removed: str, added: str) -> Iterator[Change]:
    """Names in tensor order: those that went and came, and whether those that stayed are in another order."""
    yield from (Change(removed, (*path, name), old=True) for name in old if name not in new)
    yield from (Change(added, (*path, name), new=True) for name in new if name not in old)
    if [name for name in old if name in new] != [name for name in new if name in old]:
        yield Change("TRV-B212", path)


def _outputs(old: Sequence[Tree], new: Sequence[Tree]) -> Iterator[Change]:
    was, now = ({port["name"]: port["classes"] for port in ports} for ports in (old, new))
    yield from _named(("outputs",), list(was), list(now), "TRV-B220", "TRV-B221")
    for name in was:
        if name in now:
            yield from _named(("outputs", name, "classes"), was[name], now[name], "TRV-B222", "TRV-B223")


def _memory(old: Tree | None, new: Tree | None) -> Iterator[Change]:
    if _layout(old) != _layout(new):
        was, now = (state and state["layout"] for state in (old, new))
        yield Change("TRV-B230", ("state",), was, now)
        return
    for before, after in zip(old["fields"] if old else (), new["fields"] if new else (), strict=True):
        yield from differs("TRV-B231", ("state", before["name"]), before["initial"], after["initial"])


def _layout(state: Tree | None) -> object:
    return state and (state["layout"], [(field["name"], field["unit"]) for field in state["fields"]])


def _graph(old: Tree, new: Tree) -> Iterator[Change]:
    if old["opset"] != new["opset"]:
        yield Change("TRV-B235" if new["opset"] > old["opset"] else "TRV-B236", ("opset",), old["opset"], new["opset"])
    was, now = old["operators"], new["operators"]
    yield from (Change("TRV-B240", ("operators", name), new=now[name]) for name in sorted(now) if name not in was)
    yield from (Change("TRV-B241", ("operators", name), old=was[name]) for name in sorted(was) if name not in now)
    yield from differs("TRV-B260", ("model",), old["model"][:16], new["model"][:16])


def _limits(rows: Iterable[Tree]) -> dict[tuple[str, ...], float]:
    """What each row is about to its limit [s]."""
    keys = ("architecture", "cpu", "cores", "stage", "percentile")
    return {tuple(str(row[key]) for key in keys): float(row["limit"]) for row in rows}


def _budget(old: Mapping[tuple[str, ...], float], new: Mapping[tuple[str, ...], float]) -> Iterator[Change]:
    """A row is a promise: one that went or is looser is broken."""
    for row in sorted({*old, *new}):
        was, now = old.get(row), new.get(row)
        if was != now:
            broken = was is not None and (now is None or now > was)
            yield Change("TRV-B245" if broken else "TRV-B246", ("budget",), was, now, " ".join(row))


def _evidence(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Change]:
    for name in sorted({*old, *new}):
        if name not in new:
            yield Change("TRV-B255", ("evidence", name), old=True)
        elif name not in old:
            yield Change("TRV-B256", ("evidence", name), new=True)
        else:
            yield from differs("TRV-B257", ("evidence", name), old[name][:16], new[name][:16])


def _compared(old: Mapping[str, float], new: Mapping[str, float]) -> Iterator[Change]:
    """Figures that moved by more than noise, by whether that is worse."""
    for name in sorted({*old, *new}):
        was, now = old.get(name), new.get(name)
        if was is None or now is None:
            yield Change("TRV-B252", ("figures", name), was, now)
        elif abs(now - was) > NOISE * max(abs(was), abs(now)):
            yield Change(_direction(name, now > was), ("figures", name), was, now)


def _direction(name: str, higher: bool) -> str:
    words = name.rpartition(".")[2]
    for ends, good in ((LOWER, False), (HIGHER, True)):
        if any(words == word or words.endswith(f"_{word}") or words.startswith(f"{word}_") for word in ends):
            return "TRV-B251" if higher == good else "TRV-B250"
    return "TRV-B252"


def _figures(tree: Any, path: str = "") -> dict[str, float]:
    """All numbers of a report by their place; lists are intervals and notes, and are left out."""
    found: dict[str, float] = {}
    for key, value in tree.items() if isinstance(tree, dict) else ():
        place = f"{path}.{key}".lstrip(".")
        if isinstance(value, dict):
            found |= _figures(value, place)
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            found[place] = value
    return found


def _json(package: Package, path: str) -> Any:
    """A member as a JSON tree within bounds."""
    return parse(package.member(path), path, FormatError, "TRV-P021").value
