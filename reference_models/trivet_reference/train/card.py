"""Model cards inside the packages, made of the interface and of what else the evidence has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from trivet.interface.document import Interface

USES: Mapping[str, tuple[str, str]] = {
    "commercial-dishwasher": (
        "Early warning and naming of faults of one-tank dishwashers, read by people who decide what to do.",
        "Switching machines, proof of hygiene, warranty decisions, machines unlike those in the data.",
    ),
    "cooking-appliance": (
        "Forecast of energy and readiness of a cooking appliance for advice to its operators.",
        "Control, food safety, billing, appliances with food or an open door inside at that moment.",
    ),
}

LIMITS = (
    "Learnt from simulated plants only; no figure says anything about a machine in a kitchen.",
    "Severities, lead times and shares of faults are assumptions of the simulator.",
    "Outputs are null with a reason wherever their signals are missing, old, bad or unlike what was taught.",
)


def card(
    interface: Interface, name: str, version: str, outputs: Sequence[str], evidence: Mapping[str, Any]
) -> dict[str, Any]:
    """The card of one package.

    Args:
        interface: The interface that it serves.
        name: Of the package.
        version: Of the package.
        outputs: Those that it has.
        evidence: What else is known before packing; data, training and figures are taken from it.
    """
    use, beyond = USES[interface.id]
    return {
        "name": name,
        "version": version,
        "interface": {"id": interface.id, "version": interface.version},
        "intended_use": use,
        "out_of_scope": beyond,
        "outputs": [_output(interface, output) for output in outputs],
        "limits": list(LIMITS),
        "human_oversight": "Advice only: the runtime has no way to write to a controller.",
        "fallback": interface.fallback.text.get("en", ""),
        "figures": {key: evidence[key] for key in ("evaluation", "correction") if key in evidence},
        "data": evidence["data"],
        "training": evidence["training"],
        "more": sorted(f"evidence/{key}.json" for key in evidence),
    }


def _output(interface: Interface, name: str) -> dict[str, Any]:
    output = interface.outputs[name]
    return {
        "name": name,
        "meaning": output.label.get("en", name),
        "kind": output.kind,
        "unit": output.unit,
        "classes": sorted(interface.classes(name)),
        "needs": [list(group) for group in interface.needs(name)],
    }
