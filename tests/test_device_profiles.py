"""Every profile that ships binds to the interface that it was written for, without a remark."""

from __future__ import annotations

import pytest

from kits.devices import device, endpoint
from trivet.device.binding import bind
from trivet.device.library import load_interface, load_profile

SHIPPED = [
    ("commercial-dishwasher", "opc30200-dishwashing-machine", {"tank_temperature_1", "program_mode", "operation_mode"}),
    ("commercial-dishwasher", "trivet-dishwasher-modbus", {"tank_temperature_1", "program_mode", "wash_pump_current"}),
    ("commercial-dishwasher", "eastron-sdm630", {"active_power", "power_l1", "voltage_l1", "active_energy"}),
    ("commercial-dishwasher", "tracebase-power", {"active_power"}),
    ("cooking-appliance", "opc30200-combi-steamer", {"chamber_temperature", "chamber_setpoint", "mode"}),
    ("cooking-appliance", "cooking-pot", {"chamber_temperature", "chamber_setpoint", "active_power"}),
]


@pytest.mark.parametrize(("interface", "profile", "some"), SHIPPED)
def test_a_shipped_profile_binds(interface: str, profile: str, some: set[str]) -> None:
    document = device({"only": endpoint(profile=profile)})
    binding = bind(load_interface(interface).document, document, {"only": load_profile(profile)})
    assert binding.findings == ()
    assert some <= binding.fitted


def test_a_machine_and_its_meter_share_one_device() -> None:
    endpoints = {
        "machine": endpoint(profile="opc30200-dishwashing-machine"),
        "meter": endpoint(profile="eastron-sdm630"),
    }
    profiles = {name: load_profile(spec.profile) for name, spec in endpoints.items()}
    binding = bind(load_interface("commercial-dishwasher").document, device(endpoints), profiles)
    assert {"program_mode", "tank_temperature_1", "power_l1", "power_l2", "power_l3"} <= binding.fitted
