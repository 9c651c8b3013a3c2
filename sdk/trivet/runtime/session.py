"""The only place that calls onnxruntime."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import onnxruntime as ort

from trivet.errors import GraphError, Message

if TYPE_CHECKING:
    from trivet.signals import Float32s

VERSION: str = ort.__version__

_OTHER = "export the model again, or install another onnxruntime"

CHUNK = 512
"""Rows in one call: many more do not fit the cache, many fewer pay each node again; bits are equal by contract."""


class Session:
    """One ONNX session, fixed to one thread so that equal rows give equal bits.

    Attributes:
        outputs: Names of the tensors that ``run`` gives, in that order.
    """

    def __init__(self, model: bytes, outputs: Sequence[str]) -> None:
        """Makes the session from memory; nothing is read from disk.

        Raises:
            GraphError: onnxruntime refuses the model.
        """
        self.outputs = tuple(outputs)
        self._names = list(outputs)
        self._run_options = ort.RunOptions()
        try:
            self._session = ort.InferenceSession(model, _options(), providers=["CPUExecutionProvider"])
        except Exception as error:
            message = Message(
                "onnxruntime {version} refuses the graph ({reason})", version=VERSION, reason=_first_line(error)
            )
            raise GraphError(message, where="model.onnx", hint=_OTHER, rule="TRV-R015") from error

    def run(self, feed: Mapping[str, Float32s]) -> list[Float32s]:
        """The outputs for one batch.

        Args:
            feed: ``window`` float32 ``(batch, length, columns)``, ``context`` float32 ``(batch, k)`` and,
                when the graph has one, ``state`` float32 ``(batch, s)``.

        Returns:
            One float32 array ``(batch, n)`` for each of ``outputs``.

        Raises:
            GraphError: onnxruntime could not run the graph on this input.
        """
        batch = len(next(iter(feed.values())))
        if batch > CHUNK:
            pieces = [self.run({name: of[n : n + CHUNK] for name, of in feed.items()}) for n in range(0, batch, CHUNK)]
            return [np.concatenate(column) for column in zip(*pieces, strict=True)]
        try:
            result: list[Any] = self._session.run(self._names, feed, self._run_options)
        except Exception as error:
            message = Message("the graph could not be run ({reason})", reason=_first_line(error))
            raise GraphError(message, where="model.onnx", hint=_OTHER, rule="TRV-R015") from error
        return result


def _options() -> ort.SessionOptions:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 4
    return options


def _first_line(error: Exception) -> str:
    """What the runtime said, in printable ASCII."""
    said = str(error).strip().splitlines()
    return ascii(said[0][:200])[1:-1] if said else type(error).__name__
