"""What the client library hands over, in plain types; told by attributes, so that this needs no OPC UA library."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from trivet_opcua.loss import Lost, status
from trivet_opcua.transport import Change, Publication, Unit, Value

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
GONE = "BadSubscriptionIdInvalid"


def value(found: Any) -> Value:
    """A DataValue in plain types; the raw value is the library's own."""
    code = found.StatusCode
    raw = None if found.Value is None else found.Value.Value
    return Value(raw, 0 if code is None else code.value, time(found.SourceTimestamp), time(found.ServerTimestamp))


def time(moment: Any) -> int:
    """Nanoseconds since the epoch; 0 for none, for OPC UA's own zero in 1601, and beyond what 64 bits hold (2262)."""
    if not isinstance(moment, datetime):
        return 0
    found = ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - EPOCH) // MICROSECOND * 1000
    return found if 0 < found < 2**63 else 0


def moment(at: int) -> datetime:
    """A time [ns, UTC] as the library writes it."""
    return EPOCH + timedelta(microseconds=at // 1000)


def unit(raw: Any) -> Unit | None:
    """The value of an EngineeringUnits property, or None when it is something else."""
    return Unit(raw.UnitId, raw.DisplayName.Text or "") if hasattr(raw, "UnitId") else None


def publication(message: Any, beat: int, namespaces: Sequence[str], complete: bool = True) -> Publication:
    """A NotificationMessage in plain types.

    Args:
        message: As Publish or Republish gave it.
        beat: The item whose changes are the server's clock.
        namespaces: URIs in the order of the server's table, for node ids in events.
        complete: Whether the server has nothing else waiting.

    Raises:
        Lost: The server says in it that the subscription has ended.
    """
    parts = message.NotificationData or ()
    found = Publication(complete=complete, number=int(message.SequenceNumber or 0), message=bool(parts))
    for part in parts:
        _sort(part, found, beat, namespaces)
    return found


def _sort(part: Any, into: Publication, beat: int, namespaces: Sequence[str]) -> None:
    if hasattr(part, "MonitoredItems"):
        for item in part.MonitoredItems:
            change = value(item.Value)
            if item.ClientHandle == beat:
                into.beat = time(change.raw)
            else:
                into.changes.append(Change(item.ClientHandle, change))
    elif hasattr(part, "Events"):
        into.events += [[_plain(field.Value, namespaces) for field in event.EventFields] for event in part.Events]
    elif hasattr(part, "Status") and part.Status.is_bad():
        raise _ended(part.Status.name)


def _ended(name: str) -> Lost:
    """The end of a subscription, for which a time-out is as final as any other reason."""
    known = status(name)
    return known if known.final else Lost(known.reason, f"the server ended the subscription with {name}", GONE)


def _plain(found: Any, namespaces: Sequence[str]) -> Any:
    if hasattr(found, "NamespaceIndex") and hasattr(found, "Identifier"):
        index = found.NamespaceIndex
        uri = namespaces[index] if index < len(namespaces) else str(index)
        return "" if found.is_null() else f"nsu={uri};{found.to_string().split(';')[-1]}"
    if hasattr(found, "Text"):
        return found.Text or ""
    return time(found) if isinstance(found, datetime) else found
