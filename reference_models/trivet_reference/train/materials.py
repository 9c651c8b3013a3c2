"""What the reference models were made from, byte for byte: their SLSA provenance."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

import numpy as np

from trivet import __version__
from trivet.build.provenance import Array, document, extract, provenance, sources, tools
from trivet.interface.document import Interface
from trivet.interface.parsed import Parsed
from trivet.package.provenance import Material

BUILDER = "urn:trivet:reference-models"
COMMAND = "python -m trivet_reference.train"


def training(
    parsed: Parsed[Interface],
    extracts: Iterable[Material],
    seeds: Mapping[str, int],
    parameters: Mapping[str, Any],
    started: int | None = None,
    finished: int | None = None,
) -> dict[str, Any]:
    """The predicate of one training on simulated plants.

    Args:
        parsed: The interface.
        extracts: From ``simulated``.
        seeds: By name.
        parameters: Sizes that the caller chose.
        started: When it began [ns, UTC]; None leaves it out, so that the same seeds give the same bytes.
        finished: When it ended [ns, UTC].
    """
    simulator = sources("trivet_reference.plant", "simulator", version=__version__)
    code = sources("trivet_reference", "code", version=__version__)
    interface = document(parsed.document.id, parsed.tree, version=parsed.document.version)
    return provenance(
        [*extracts, simulator, code, interface],
        command=COMMAND,
        builder=BUILDER,
        seeds=seeds,
        parameters=parameters,
        tools=tools("numpy", "scikit-learn", "onnx", "onnxruntime"),
        started=started,
        finished=finished,
    )


def simulated(name: str, seed: int, *parts: object) -> Material:
    """What simulated plants showed and what was wrong with them: all arrays of some dataclasses."""
    made = {f"{number}.{key}": value for number, part in enumerate(parts) for key, value in _arrays(part).items()}
    return extract(name, made, simulated=True, seed=seed)


def _arrays(part: Any) -> dict[str, Array]:
    values = {field.name: getattr(part, field.name) for field in fields(part)}
    return {name: value for name, value in values.items() if isinstance(value, np.ndarray)}
