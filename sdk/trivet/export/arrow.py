"""An Apache Arrow schema of frames: an IPC stream without rows, with unit and range in each field's metadata."""

from __future__ import annotations

from typing import Any

from trivet.errors import AdapterError
from trivet.export import Subject
from trivet.interface.columns import columns
from trivet.interface.document import Signal


def files(subject: Subject) -> dict[str, bytes]:
    """The stream."""
    return {f"{subject.stem}.arrows": stream(subject)}


def stream(subject: Subject) -> bytes:
    """The schema as an IPC stream.

    Raises:
        AdapterError: pyarrow is not installed.
    """
    try:
        import pyarrow as pa
    except ImportError as error:
        raise AdapterError("Arrow needs pyarrow", hint="pip install 'trivet[parquet]'") from error
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema(subject, pa)):
        pass
    made: bytes = sink.getvalue().to_pybytes()
    return made


def schema(subject: Subject, pa: Any) -> Any:
    """The schema: time of the frame's end in UTC, then the columns by name; null is not known."""
    fields = [pa.field("time", pa.timestamp("ns", tz="UTC"), nullable=False)]
    fields += [_field(subject, name, signal, pa) for name, signal in sorted(columns(subject.interface).items())]
    about = {"trivet.interface": subject.stem, "trivet.digest": subject.digest}
    return pa.schema([*fields], metadata=about)


def _field(subject: Subject, name: str, signal: Signal, pa: Any) -> Any:
    low, high = signal.range
    about = {"unit": signal.unit, "minimum": f"{low:g}", "maximum": f"{high:g}", "max_age": f"{signal.max_age:g}"}
    about["title"] = subject.label(signal.label, name)
    kind = pa.dictionary(pa.int16(), pa.string()) if signal.enumeration else pa.float64()
    return pa.field(name, kind, metadata=about)
