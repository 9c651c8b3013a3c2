"""The inventories of what the reference models were taught: Croissant with answers about responsible use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trivet import __version__
from trivet.build.inventory import croissant
from trivet.interface.document import Interface
from trivet.package.provenance import Material

_SIMULATED = {
    "dataCollection": "Computed by trivet_reference.plant from drawn parameters and seeds. Nothing was measured.",
    "dataCollectionType": "Simulation",
    "dataAnnotationProtocol": "Labels are the simulator's own state, exact at every second.",
    "personalSensitiveInformation": "None. There are no people in the data.",
    "dataReleaseMaintenancePlan": "Made anew from the seeds by `python -m trivet_reference.train` for every version.",
    "dataSocialImpact": (
        "A false alarm costs a service call, a missed fault costs rewashing or spoilt food. The models only advise."
    ),
}

_DISHWASHER = {
    "dataUseCases": "Training of fault prediction on commercial dishwashers. Not for claims about real machines.",
    "dataBiases": (
        "Undercounter, hood-type and conveyor machines of Europe: 230 V, 50 Hz, water of 8 to 58 degC. Fault shares"
        " and lead times are sampling priors, not field statistics."
    ),
    "dataLimitations": (
        "Severities and lead times are assumptions. Soil, foam and water chemistry are coarse, flight-type and utensil"
        " machines are missing. Only noise and repeatability were set by recorded household machines."
    ),
}

_COOKING = {
    "dataUseCases": "Training of energy and readiness forecasts of cooking appliances. Not for claims about real ones.",
    "dataBiases": "Electric appliances of Europe; kitchens open for lunch and dinner; published idle losses.",
    "dataLimitations": "One thermal node an appliance; condensation, fat and convection between zones are missing.",
}


def dishwasher_inventory(interface: Interface, extracts: Sequence[Material], columns: Sequence[str]) -> dict[str, Any]:
    """What the dishwasher model was taught."""
    text = "Simulated commercial dishwashers with faults, one row a frame and machine."
    return _inventory("trivet-dishwasher-training", text, interface, extracts, columns, _DISHWASHER)


def cooking_inventory(interface: Interface, extracts: Sequence[Material], columns: Sequence[str]) -> dict[str, Any]:
    """What the cooking model was taught."""
    text = "Simulated cooking appliances: windows of readings, and what each action then cost."
    return _inventory("trivet-cooking-training", text, interface, extracts, columns, _COOKING)


def _inventory(
    name: str,
    text: str,
    interface: Interface,
    extracts: Sequence[Material],
    columns: Sequence[str],
    answers: dict[str, str],
) -> dict[str, Any]:
    return croissant(
        name,
        f"{text} Simulated only.",
        version=__version__,
        extracts=extracts,
        interface=interface,
        columns=columns,
        answers={**_SIMULATED, **answers},
        simulated=True,
    )
