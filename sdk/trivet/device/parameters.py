"""Whether a device's parameters are those of its interface, and possible."""

from __future__ import annotations

from trivet.device.document import Device
from trivet.errors import Finding
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
            notes.add("TRV-D015", path, f"`{interface.id}` has no parameter `{name}`", hint)
        elif not spec.range[0] <= value <= spec.range[1]:
            message = f"{value:g} {spec.unit} is not possible"
            notes.add(
                "TRV-D015", path, message, f"give a value from {spec.range[0]:g} to {spec.range[1]:g} {spec.unit}"
            )
    return notes.found
