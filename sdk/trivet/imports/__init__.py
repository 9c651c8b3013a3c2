"""Drafts of documents out of what people already have: models, recordings, register lists, nodesets.

A draft is text for an author. What the source does not say stays open and is marked; units
above all are asked for and never guessed.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import NamedTuple

from trivet.errors import DocumentError

FORMATS: Mapping[str, str] = {
    "onnx": "the ports of an ONNX model to an interface",
    "table": "the columns of a Parquet, CSV, JSON lines or Arrow file to an interface",
    "registers": "a register list (CSV or XLSX) to a Modbus profile",
    "nodeset": "an object type of an OPC UA NodeSet2 file to an OPC UA profile",
}
"""Format to what it drafts."""

OPEN = "?"
"""Stands for what the author has to say; no document with it passes `lint`."""


class Wish(NamedTuple):
    """How a draft is to be called.

    Attributes:
        id: Kebab-case name of the document.
        today: Date of the source in a profile.
        time: Heading of the time column of a table.
        delimiter: Of CSV.
        type: Browse name of an object type.
    """

    id: str
    today: date
    time: str = "time"
    delimiter: str = ","
    type: str = ""


def draft(path: Path, form: str, wish: Wish) -> str:
    """The text of a draft.

    Raises:
        DocumentError: There is no such format, or nothing can be drafted from the file.
        TrivetError: The file cannot be read.
    """
    if form not in FORMATS:
        raise DocumentError(f"nothing is drafted from {form!r}", hint="use one of " + ", ".join(FORMATS))
    text: str = importlib.import_module(f"trivet.imports.{form}").draft(path, wish)
    return text
