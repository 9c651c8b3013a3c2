"""JSON Schema 2020-12 of lines and frames."""

from __future__ import annotations

from trivet.export import Subject
from trivet.export.line import frame_schema, line_schema, text_of


def files(subject: Subject) -> dict[str, bytes]:
    """Two schemas."""
    return {
        f"{subject.stem}.line.schema.json": text_of(line_schema(subject)),
        f"{subject.stem}.frame.schema.json": text_of(frame_schema(subject)),
    }
