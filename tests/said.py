"""What the code can say in findings: templates of messages, and sentences without facts, found in its syntax trees."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDERS = ("sdk/trivet", "adapters")
ROOMS = ("interface", "check", "device", "commission", "package", "runtime", "units.py", "adapters")
"""Where findings are made; what other rooms raise has no rule."""

PLACES = {
    "Finding": (2, 3),
    "Problem": (1, 2, 3),
    "add": (2, 3),
    "require": (3, 4),
    "refuse": (1, 2),
    "error": (1, 3),
    "fail": (0, 1),
    "_break": (0,),
    "_fail": (0, 1, 2, 3),
    "_refuse": (0, 1, 2),
    "_refused": (1, 2),
}
"""Name of a call to where its message and its hint stand."""


OUTSIDE = {
    *(
        "server.py",
        "faults.py",
        "troubles.py",
        "certificates.py",
        "recording.py",
        "simulate.py",
        "decision.py",
        "rules.py",
    ),
}
"""Modules of the adapters and rooms whose errors are never findings."""

SEVERITIES = ("error", "warning", "note")
ALWAYS = ("Finding", "Problem", "fail", "_break", "_fail", "_refuse", "_refused")
"""Those that have a rule whether it is written there or not."""


def templates() -> dict[str, str]:
    """Every template of a ``Message`` that has words of its own, to a place where it stands."""
    return _found(
        lambda call: call.args[:1] if name_of(call) == "Message" else call.args[1:] if name_of(call) == "joined" else []
    )


def sentences() -> dict[str, str]:
    """Every message and hint without facts of a finding or of an error with a rule, to a place where it stands."""
    return _found(said_by)


def unremembered() -> list[str]:
    """Places where a finding gets a sentence whose facts nobody could find again."""
    return [
        f"{module.name}:{call.lineno}"
        for module in modules()
        for call in module.calls
        for argument in said_by(call)
        for node in module.resolved(argument, call)
        if isinstance(node, (ast.JoinedStr, ast.BinOp)) and " " in ast.unparse(node)
    ]


def words(template: str) -> str:
    """What there is to translate in a template: letters outside of its fields; nothing in ids and severities."""
    if template.startswith("TRV-") or template in SEVERITIES:
        return ""
    kept, depth = "", 0
    for letter in template.replace("{{", "").replace("}}", ""):
        depth += (letter == "{") - (letter == "}")
        kept += letter if not depth and letter.isalpha() else ""
    return kept


def _found(arguments: Callable[[ast.Call], list[ast.expr]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for module in modules():
        for call in module.calls:
            for argument in arguments(call):
                for node in module.resolved(argument, call):
                    if isinstance(node, ast.Constant) and isinstance(node.value, str) and words(node.value):
                        found.setdefault(node.value, f"{module.name}:{call.lineno}")
    return found


def name_of(call: ast.Call) -> str:
    """The last name of what is called."""
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")


def said_by(call: ast.Call) -> list[ast.expr]:
    """Message and hint of a call that makes a finding, or an error with a rule."""
    name = name_of(call)
    keywords = {keyword.arg: keyword.value for keyword in call.keywords}
    constants = [node.value for node in (*call.args, *keywords.values()) if isinstance(node, ast.Constant)]
    ruled = "rule" in keywords or any(isinstance(text, str) and text.startswith("TRV-") for text in constants)
    if name in PLACES and (ruled or name in ALWAYS):
        found = [call.args[at] for at in PLACES[name] if at < len(call.args) and not _is_place(call.args[at])]
    elif name.endswith("Error") and (ruled or name == "DocumentError"):
        found = call.args[:1]
    else:
        return []
    return found + [keywords[key] for key in ("message", "hint") if key in keywords]


def _is_place(argument: ast.expr) -> bool:
    """Whether an argument says where something is: a name for it, or one word."""
    if isinstance(argument, ast.Constant):
        return isinstance(argument.value, str) and argument.value.isidentifier()
    return isinstance(argument, ast.Name) and argument.id in ("where", "place", "path")


@lru_cache(maxsize=1)
def modules() -> tuple[Module, ...]:
    """The modules of the rooms that make findings."""
    paths = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]
    return tuple(
        Module(path) for path in paths if set(path.relative_to(ROOT).parts) & set(ROOMS) and not _outside(path)
    )


def _outside(path: Path) -> bool:
    return path.name in OUTSIDE and str(path.relative_to(ROOT)) != "sdk/trivet/package/certificates.py"


class Module:
    """A module's calls, and what its names stand for.

    Attributes:
        name: Its path in the project.
        calls: All calls in it.
    """

    def __init__(self, path: Path) -> None:
        self.name = str(path.relative_to(ROOT))
        tree = ast.parse(path.read_text(encoding="utf-8"))
        self.calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
        self._functions: dict[str, ast.FunctionDef] = {}
        self._scope: dict[ast.AST, ast.AST] = {}
        self._bound: dict[tuple[ast.AST, str], list[ast.expr]] = defaultdict(list)
        self._tree = tree
        self._walk(tree, tree)

    def _walk(self, node: ast.AST, scope: ast.AST) -> None:
        self._scope[node] = scope
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            if isinstance(node, ast.FunctionDef):
                self._functions[node.name] = node
            scope = node
        for target, value in _assignments(node):
            self._bound[scope, target].append(value)
        for child in ast.iter_child_nodes(node):
            self._walk(child, scope)

    def resolved(self, node: ast.expr, call: ast.AST, seen: frozenset[str] = frozenset()) -> Iterator[ast.expr]:
        """What an argument may be: alternatives, what its name was set to, what its function returns."""
        if isinstance(node, ast.IfExp):
            yield from self.resolved(node.body, call, seen)
            yield from self.resolved(node.orelse, call, seen)
        elif isinstance(node, ast.BoolOp):
            for value in node.values:
                yield from self.resolved(value, call, seen)
        elif isinstance(node, ast.Name):
            if node.id not in seen:
                for value in self._values(node.id, call):
                    yield from self.resolved(value, call, seen | {node.id})
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in self._functions:
            if node.func.id not in seen:
                yield from self._returned(self._functions[node.func.id], seen | {node.func.id})
        else:
            yield node

    def _values(self, name: str, call: ast.AST) -> list[ast.expr]:
        scope = self._scope[call]
        while (scope, name) not in self._bound and scope is not self._tree:
            scope = self._scope[scope]
        return self._bound.get((scope, name), [])

    def _returned(self, function: ast.FunctionDef, seen: frozenset[str]) -> Iterator[ast.expr]:
        if isinstance(function.returns, ast.Name) and function.returns.id == "str":
            for node in ast.walk(function):
                if isinstance(node, ast.Return) and node.value is not None:
                    yield from self.resolved(node.value, node, seen)


def _assignments(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Names and what they are set to, pair by pair where there are several."""
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
        yield node.target.id, node.value
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        target, value = node.targets[0], node.value
        pairs = (
            zip(target.elts, value.elts, strict=False)
            if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple)
            else [(target, value)]
        )
        yield from ((one.id, what) for one, what in pairs if isinstance(one, ast.Name))
