"""Whether a device's parameters are those of its interface, and possible."""

from __future__ import annotations

from trivet.device.document import Device
from trivet.errors import Finding, Message
from trivet.interface.document import Interface
from trivet.interface.findings import Findings, near
from trivet.interface.parsed import Parsed


def check_parameters(interface: Interface, device: Device | Parsed[Device]) -> list[Finding]:
    """Parameters that the interface does not have, or outside the range it gives them."""
    source = device if isinstance(device, Parsed) else None
    document = device.document if isinstance(device, Parsed) else device
    notes = Findings(document, document.id, source)
    for name, value in document.parameters.items():
        path, spec = ("parameters", name), interface.parameters.get(name)
        if spec is None:
            hint = near(name, interface.parameters)
            notes.add("TRV-D015", path, Message("`{id}` has no parameter `{name}`", id=interface.id, name=name), hint)
        elif not spec.range[0] <= value <= spec.range[1]:
            message = Message("{value:g} {unit} is not possible", value=value, unit=spec.unit)
            notes.add(
                "TRV-D015",
                path,
                message,
                Message(
                    "give a value from {low:g} to {high:g} {unit}",
                    low=spec.range[0],
                    high=spec.range[1],
                    unit=spec.unit,
                ),
            )
    return notes.found
