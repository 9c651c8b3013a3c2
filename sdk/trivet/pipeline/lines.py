"""The lines that a run writes: RFC 8785 JSON, one a line, each with its provenance.

``schemas/trivet_schemas/line.schema.json`` describes them. JSON has null, never
NaN. ``previous`` is null here; a log puts the digest of the line before there: see ``chain``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from trivet.pipeline.origins import Origins
from trivet.runtime.decision import Decision
from trivet.runtime.predictions import Prediction
from trivet.signals import SECOND

Line = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Provenance:
    """What every line of one device carries; digests in lower-case hexadecimal.

    Attributes:
        package: Package digest.
        signer: Trusted signer, or None.
        interface: Digest of the package's interface.
        device: Digest of the device document.
        site: Site id, or empty.
        appliance: Device id.
        serial: Serial number from the nameplate, or empty.
        development: Whether only a developer's signature admitted the package; every line then says so.
        origins: Where the readings come from, as known when the line is made.
        lists: Lists of revocations that were asked, each with the time from which it is past its date [ns, UTC].
    """

    package: str
    signer: str | None
    interface: str
    device: str
    site: str
    appliance: str
    serial: str
    development: bool = False
    origins: Origins = field(default_factory=Origins)
    lists: tuple[tuple[str, int], ...] = ()

    def line(self, kind: str, time: int, **content: Any) -> Line:
        """A line of one kind about one moment [ns, UTC]."""
        expired = [name for name, until in self.lists if until <= time]
        return {
            "kind": kind,
            "time": timestamp(time),
            "package": self.package,
            "signer": self.signer,
            "interface": self.interface,
            "device": self.device,
            "site": self.site,
            "appliance": self.appliance,
            "serial": self.serial,
            "origins": self.origins.tree,
            "previous": None,
            **({"development": True} if self.development else {}),
            **({"expired_lists": expired} if expired else {}),
            **content,
        }


def timestamp(time: int) -> str:
    """A moment [ns, UTC] in RFC 3339 with milliseconds."""
    moment = datetime.fromtimestamp(time // SECOND, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{time % SECOND // 1_000_000:03d}Z"


def prediction_line(provenance: Provenance, prediction: Prediction, latency: int, state: str | None) -> Line:
    """What the model said about one window.

    Args:
        provenance: Of the device.
        prediction: One row.
        latency: Time that ``predict`` took for the whole batch [ns].
        state: Digest of the memory after this window, or None when there is none.
    """
    opened, closed = prediction.span
    return provenance.line(
        "prediction",
        closed,
        window={"opened": timestamp(opened), "closed": timestamp(closed), "flags": list(prediction.flags)},
        outputs=dict(prediction.values),
        withheld={name: list(reasons) for name, reasons in prediction.reasons.items()},
        withheld_classes={name: dict(classes) for name, classes in prediction.classes.items()},
        vetoes={name: list(vetoes) for name, vetoes in prediction.vetoes.items()},
        accepted=prediction.accepted,
        latency={"predict": latency / SECOND},
        state=state,
    )


def decision_line(provenance: Provenance, decision: Decision, labels: Mapping[str, str]) -> Line:
    """A change of state; ``labels`` are the subject's name and remedy for people."""
    return provenance.line(
        "decision",
        decision.since,
        rule=decision.rule,
        state=decision.state,
        before=decision.before,
        subject=decision.subject,
        value=decision.value,
        text=dict(labels),
    )


def gap_line(provenance: Provenance, start: int, end: int | None, reason: str, origin: str, detail: str) -> Line:
    """A stretch of time without data; ``end`` is null while it lasts."""
    ended = None if end is None else timestamp(end)
    return provenance.line(
        "gap", end or start, start=timestamp(start), end=ended, reason=reason, origin=origin, detail=detail
    )


def no_window_line(provenance: Provenance, time: int, since: int, expected: float) -> Line:
    """A device that opened no window for longer than expected [s]: silence is not health."""
    return provenance.line("no_window", time, since=timestamp(since), expect_within=expected)


def sensor_faults_line(provenance: Provenance, time: int, faults: Mapping[str, str]) -> Line:
    """The sensors that are at fault now, column to fault; an empty table says that all recovered."""
    return provenance.line("sensor_faults", time, faults=dict(faults))
