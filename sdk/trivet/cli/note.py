"""``trivet note DEVICE --repaired FAULT``: what turned out to be true, so that models and their evaluation learn it."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from trivet.cli.options import add_home

_SUBJECTS = {
    "fault": "a fault was confirmed",
    "repaired": "it was repaired",
    "part": "a part was replaced",
    "cleaned": "this was cleaned",
    "descaled": "this was descaled",
}


def configure(parser: ArgumentParser) -> None:
    """Adds the verb's arguments."""
    parser.add_argument("device", help="a device document; without an event its events are listed")
    kinds = parser.add_mutually_exclusive_group()
    for name, text in _SUBJECTS.items():
        optional = {"nargs": "?", "const": ""} if name in ("cleaned", "descaled") else {}
        kinds.add_argument(f"--{name}", metavar="WHAT", help=text, **optional)  # type: ignore[arg-type]
    parser.add_argument("--from", dest="start", metavar="TIME", help="since when, with its offset (default: now)")
    parser.add_argument("--to", dest="end", metavar="TIME", help="until when")
    parser.add_argument("--by", default="", metavar="WHO", help="who says so")
    parser.add_argument("--certainty", choices=("confirmed", "likely", "suspected"), default="confirmed")
    parser.add_argument("--note", default="", metavar="TEXT", help="anything else")
    add_home(parser)


def main(arguments: Namespace) -> int:
    """Notes one event, or lists what was noted."""
    from datetime import UTC, datetime

    from trivet.device.library import resolve
    from trivet.package.trust import home_folder
    from trivet.pipeline.events import Events
    from trivet.pipeline.note import note

    resolved = resolve(arguments.device)
    events = Events(home_folder(arguments.home) / "events")
    chosen = next((name for name in _SUBJECTS if getattr(arguments, name) is not None), None)
    if chosen is None:
        for event in events.of(resolved.device.id):
            until = f" to {event.end}" if event.end else ""
            who = f", says {event.by}" if event.by else ""
            print(f"{event.start}{until}  {event.event} {event.subject} ({event.certainty}{who}) {event.note}".rstrip())
        return 0
    said = {
        "event": chosen,
        "subject": getattr(arguments, chosen),
        "start": arguments.start or datetime.now(UTC).isoformat(timespec="seconds"),
        "end": arguments.end,
        "by": arguments.by,
        "certainty": arguments.certainty,
        "note": arguments.note,
    }
    event, path = note(events, resolved, said)
    print(f"noted: {event.device} {event.event} {event.subject}".rstrip() + f" since {event.start}, in {path}")
    return 0
