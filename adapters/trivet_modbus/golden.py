"""One recorded exchange as a profile reads it; pure."""

from __future__ import annotations

import struct

from trivet.device.document import Profile
from trivet.device.frames import Frame, Shown
from trivet.errors import DocumentError
from trivet_modbus.address import FUNCTIONS
from trivet_modbus.agenda import Agenda
from trivet_modbus.cost import cost, size
from trivet_modbus.layout import profile_map
from trivet_modbus.points import point

REQUEST = struct.Struct(">BBHH")
TABLES = {function: table for table, function in FUNCTIONS.items()}
HINT = "write unit id, function code and data, without header and checksum"


def show(profile: Profile, frame: Frame) -> Shown:
    """What an exchange means; only points that lie whole in the answer, and that apply, are shown.

    Raises:
        DocumentError: The exchange is no read request and its answer, or a point is wrong.
    """
    if len(frame.request) != REQUEST.size or frame.request[1] not in TABLES:
        raise DocumentError("is no read request", hint=HINT)
    unit, function, address, count = REQUEST.unpack(frame.request)
    table = TABLES[function]
    head, data = frame.reply[:3], frame.reply[3:]
    if head != bytes([unit, function, size(table, count) & 0xFF]) or len(data) != size(table, count):
        raise DocumentError("is no answer to this request", hint=HINT)
    layout = profile_map(profile)
    points = [one for source in profile.points.values() for one in point(source, profile).instances()]
    agenda = Agenda(points, layout, cost(0, layout.turnaround))
    for name, value in frame.known.items():
        agenda.learn(name, value)
    # what decides may stand in the same answer: it is read first, then everything
    for _ in range(len(points)):
        decoder = agenda.within(table, address, count)
        readings, states = agenda.judged(decoder, *decoder.decode(data, 0, 0, profile.id))
        if agenda.within(table, address, count).points == decoder.points:
            break
    samples = readings.samples()
    conditions = {one.name: bool(on) for one, on in zip(decoder.points[decoder.readings :], states, strict=True)}
    return Shown({s.name: s.value for s in samples}, {s.name: s.reason for s in samples if s.reason}, conditions)
