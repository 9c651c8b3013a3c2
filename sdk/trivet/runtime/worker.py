"""A process of bounded memory and time in which a model is looked at and run for the first time.

It is this interpreter once more, without the environment of this process: no variable, no open file and no
folder is handed on. What it gets is the bytes to judge; what it gives is one line of JSON. Where the platform
cannot bound memory or CPU time, the wall clock still does, and a warning says so.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import warnings
from collections.abc import Mapping
from typing import Any, NoReturn

from trivet import errors
from trivet.errors import GraphError, Message, TrivetError

PATIENCE = 60.0
"""Most time by the wall clock [s]; the machine may be busy with something else."""

LIMITS = ("memory", "CPU time")
"""What a worker bounds where it can, besides the time by the wall clock."""

_BOOT = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from trivet.runtime.trial import main; main()"
_KEPT = ("SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}

_TOO_SLOW = "needs more time for its first run than the limit"
_TOO_LARGE = "needs more memory for its first run than the limit"
_GONE = "broke the process in which it was run for the first time"

_DEATHS = {
    getattr(signal, "SIGXCPU", 0): (_TOO_SLOW, "TRV-R012"),
    getattr(signal, "SIGKILL", 0): ("was stopped in its first run, which used up its memory or time", "TRV-R011"),
}


def judge_package(data: bytes, patience: float = PATIENCE) -> Mapping[str, Any]:
    """The facts of a package's graph, after the walk and all golden vectors.

    Args:
        data: The archive.
        patience: Most time by the wall clock [s].

    Raises:
        TrivetError: What the worker found, or that it did not come back.
    """
    return _ask("package", data, patience)


def judge_model(data: bytes, patience: float = PATIENCE) -> Mapping[str, Any]:
    """The facts of a bare model, after the rules and a first run on zeros.

    Args:
        data: An ONNX file.
        patience: Most time by the wall clock [s].

    Raises:
        TrivetError: What the worker found, or that it did not come back.
    """
    return _ask("model", data, patience)


def _ask(task: str, data: bytes, patience: float) -> Mapping[str, Any]:
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter, fixed words
            _command(task), input=data, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            timeout=patience, cwd=os.sep, env=_environment(), check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        _refuse(_TOO_SLOW, "TRV-R012")
    except OSError as error:
        _refuse(Message("could not be run for the first time ({strerror})", strerror=error.strerror), "TRV-R014")
    if done.returncode:
        _refuse(*_DEATHS.get(-done.returncode, (_GONE, "TRV-R013")))
    return _answer(done.stdout)


def _command(task: str) -> list[str]:
    cache = [f"-Xpycache_prefix={sys.pycache_prefix}"] if sys.pycache_prefix else []
    places = json.dumps([os.path.abspath(place) for place in sys.path])  # noqa: PTH100 - text to text
    return [sys.executable, "-I", "-B", *cache, "-c", _BOOT, places, task]


def _environment() -> dict[str, str]:
    return {name: os.environ[name] for name in _KEPT if name in os.environ} | _ONE_THREAD


def _answer(line: bytes) -> Mapping[str, Any]:
    try:
        answer = json.loads(line)
        missing = [limit for limit in LIMITS if limit not in answer["limits"]]
    except (ValueError, KeyError, TypeError):
        _refuse("could not be run for the first time (no answer)", "TRV-R014")
    if missing:
        message = Message(
            "the first run of a model has no limit of {names} on this platform", names=" or ".join(missing)
        )
        warnings.warn(message, RuntimeWarning, stacklevel=4)
    if "error" in answer:
        raise _error(answer["error"])
    found: Mapping[str, Any] = answer
    return found


def _error(told: Mapping[str, str]) -> TrivetError:
    kind = getattr(errors, told["kind"])
    error: TrivetError = kind(told["message"], where=told["where"], hint=told["hint"], rule=told["rule"])
    return error


def _refuse(message: str, rule: str) -> NoReturn:
    raise GraphError(message, where="model.onnx", hint="do not use it, and tell its maker", rule=rule) from None
