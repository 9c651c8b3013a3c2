"""Which points of an endpoint are read for a device."""

from __future__ import annotations

from kits.devices import device, endpoint, interface, point, profile
from trivet.device.adapter import Target
from trivet.device.binding import bind
from trivet.device.document import PointRepeat, Profile
from trivet.device.library import load_interface, load_profile
from trivet.device.selection import selected
from trivet.interface.document import Interface
from trivet_modbus import adapter
from trivet_modbus.schedule import schedule

POINTS = {
    "tank": point(unit="Cel", signal="tank_temperature", repeat=PointRepeat(max=3)),
    "rinse": point(unit="Cel", signal="rinse_temperature", scale_register="exponent"),
    "exponent": point(unit="1"),
    "current": point(unit="A"),
    "mode": point(signal="mode", enumeration={"0": "off"}),
    "programme": point(enumeration={"0": "short"}),
    "alarm": point(label={"en": "Door"}),
}


def chosen(source: Profile, known: Interface, **more: object) -> list[str]:
    document = device({"plc": endpoint(profile=source.id)}, **more)
    target = Target("washer/plc", document.endpoints["plc"], source, dict(source.points))
    return list(selected(target, bind(known, document, {"plc": source})).points)


def test_points_that_feed_something_their_factors_and_possible_alarms_are_read() -> None:
    assert chosen(profile(POINTS), interface()) == ["tank", "rinse", "exponent", "mode", "alarm"]


def test_one_instance_of_a_repeated_point_is_enough() -> None:
    source = profile({"tank": point(unit="Cel", repeat=PointRepeat(max=3)), "other": point(unit="Cel")})
    assert chosen(source, interface(), bind={"rinse_temperature": "plc.tank_2"}) == ["tank"]


def test_an_endpoint_that_feeds_nothing_is_read_whole() -> None:
    source = profile({"current": point(unit="A"), "voltage": point(unit="V")})
    used = profile({"rinse": point(unit="Cel", signal="rinse_temperature")})
    document = device({"plc": endpoint(), "other": endpoint()})
    target = Target("washer/other", document.endpoints["other"], source, dict(source.points))
    binding = bind(interface(), document, {"plc": used, "other": source})
    assert selected(target, binding) is target


def test_a_meter_that_covers_power_alone_is_asked_for_two_registers() -> None:
    meter, dishwasher = load_profile("eastron-sdm630").document, load_interface("commercial-dishwasher").document
    spec = endpoint(profile=meter.id, url="modbus+tcp://127.0.0.1", covers=("active_power",))
    document = device({"meter": spec})
    points = {name: adapter.point(one, meter) for name, one in meter.points.items()}
    target = selected(Target("washer/meter", spec, meter, points), bind(dishwasher, document, {"meter": meter}))
    asked = schedule(target).agenda().decoders({})
    blocks = [(d.block.address, d.block.count) for decoders in asked.values() for d in decoders]
    assert blocks == [(0x34, 2)]


def test_alarms_of_a_controller_are_read_although_they_feed_no_signal() -> None:
    source, dishwasher = load_profile("trivet-dishwasher-modbus").document, load_interface("commercial-dishwasher")
    names = chosen(source, dishwasher.document)
    assert {name for name, one in source.points.items() if "severity" in one.at} <= set(names)
