"""What runs inside the worker: first the libraries, then the limits, then a look at the bytes that nobody vouched for.

The program's name is ``package`` or ``model``; the bytes come in on standard input.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Mapping
from typing import Any

from trivet.errors import GraphError, Message, TrivetError

MEMORY = 768 << 20
"""Most growth of memory over what the libraries take [bytes], besides four times the file."""

SECONDS = 5
"""Most CPU time after the libraries are there [s], besides a second for each 4 MiB of the file."""

_FULL = ("bfc_arena", "bad_alloc", "Failed to allocate memory", "Cannot allocate memory", "bad allocation")


def main() -> None:
    """Judges what comes in and prints one line of JSON."""
    import trivet.package.graph
    import trivet.runtime.admission  # noqa: F401 - before memory is bounded

    data = sys.stdin.buffer.read()
    _limit_files()
    limits = [*_limit_time(SECONDS + (len(data) >> 22)), *_limit_memory(MEMORY + 4 * len(data))]
    print(json.dumps({"limits": limits, **_told(_TASKS[sys.argv[-1]], data)}))  # noqa: T201 - the answer


def _told(task: Callable[[bytes], Mapping[str, Any]], data: bytes) -> Mapping[str, Any]:
    """What a task gives, or the error it ends in."""
    try:
        return task(data)
    except MemoryError:
        return {"error": _described(_full())}
    except TrivetError as error:
        return {"error": _described(_full() if any(word in error.message for word in _FULL) else error)}
    except Exception as error:
        message = Message("could not be run for the first time ({reason})", reason=type(error).__name__)
        hint = "do not use it, and tell its maker"
        return {"error": _described(GraphError(message, where="model.onnx", hint=hint, rule="TRV-R013"))}


def _package(data: bytes) -> Mapping[str, Any]:
    from trivet.package.archive import read
    from trivet.package.graph import check_contract, walk
    from trivet.runtime.admission import make
    from trivet.runtime.golden import check_all

    package = read(data)
    facts = walk(package.members["model.onnx"])
    check_contract(facts, package.manifest)
    check_all(make(package, None), package)
    return {"facts": facts._asdict()}


def _model(data: bytes) -> Mapping[str, Any]:
    """Facts, the first reason why no package may hold the model, and whether it was run."""
    from trivet.package.graph import BARE, walk

    facts = walk(data, BARE)
    reason = ""
    try:
        walk(data)
    except GraphError as error:
        reason = str(error)
    return {"facts": facts._asdict(), "reason": reason, "run": _run(data, facts)}


def _run(data: bytes, facts: Any) -> bool:
    """Loads a bare model, and runs it on zeros where only the batch is open."""
    import numpy as np

    from trivet.package.tensor import TYPES
    from trivet.runtime.session import Session

    session = Session(data, [port.name for port in facts.outputs])
    feed = {}
    for port in facts.inputs:
        batch, *rest = port.shape or ("",)
        if not port.shape or not all(isinstance(dim, int) and dim for dim in rest):
            return False
        shape = (batch if isinstance(batch, int) and batch else 1, *rest)
        feed[port.name] = np.zeros(shape, TYPES[port.type][0].replace("float", "float32"))
    session.run(feed)
    return True


_TASKS: dict[str, Callable[[bytes], Mapping[str, Any]]] = {"package": _package, "model": _model}


def _full() -> GraphError:
    message = "needs more memory for its first run than the limit"
    return GraphError(message, where="model.onnx", hint="ask its maker for a smaller one", rule="TRV-R011")


def _described(error: TrivetError) -> dict[str, str]:
    facts = {"message": error.message, "where": error.where, "hint": error.hint, "rule": error.rule}
    return {"kind": type(error).__name__, **facts}


def _limit_files() -> None:
    """No core file, and nothing written."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        for what in (resource.RLIMIT_CORE, resource.RLIMIT_FSIZE):
            resource.setrlimit(what, (0, 0))


def _limit_time(seconds: int) -> list[str]:
    """Bounds CPU time to what is used now and so much more; the kernel ends what goes over it."""
    try:
        import resource
    except ImportError:
        return []
    used = resource.getrusage(resource.RUSAGE_SELF)
    most = int(used.ru_utime + used.ru_stime) + 1 + seconds
    return ["CPU time"] if _bounded(resource.RLIMIT_CPU, most, most + 2) else []


def _limit_memory(growth: int) -> list[str]:
    """Bounds the address space to what is taken now and so much more; needs the kernel to say what is taken."""
    try:
        import resource

        with open("/proc/self/statm", encoding="ascii") as facts:  # noqa: PTH123 - as the rest of the runtime
            taken = int(facts.read().split()[0]) * resource.getpagesize()
    except (ImportError, OSError, ValueError):
        return []
    return ["memory"] if _bounded(resource.RLIMIT_AS, taken + growth, taken + growth) else []


def _bounded(what: int, soft: int, hard: int) -> bool:
    """Sets a limit, or keeps a tighter one that is there already."""
    import resource

    try:
        highest = resource.getrlimit(what)[1]
        if highest != resource.RLIM_INFINITY:
            soft, hard = min(soft, highest), min(hard, highest)
        resource.setrlimit(what, (soft, hard))
    except (OSError, ValueError):
        return False
    return True
