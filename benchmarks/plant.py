"""Simulated machine-hours of dishwashers in an hour of CPU time, in one-second steps; the target is a million."""

from __future__ import annotations

import statistics
import time

from trivet_reference.plant import machine
from trivet_reference.plant.dishwasher import Dishwasher

MACHINES, SECONDS, ROUNDS = 4000, 120, 5
TARGET = 1e6
FLEETS = {"one-tank": machine.ONE_TANK, "with conveyors": (0.3, 0.55, 0.15)}


def rate(plant: Dishwasher) -> float:
    """Machine-hours in an hour of CPU time."""
    start = time.process_time()
    plant.advance(SECONDS)
    return MACHINES * SECONDS / (time.process_time() - start)


def main() -> None:
    plants = {name: Dishwasher(machine.draw(1, MACHINES, types), 1, hour=12.0) for name, types in FLEETS.items()}
    for plant in plants.values():
        plant.advance(30)
    rates = {name: [rate(plant) for _ in range(ROUNDS)] for name, plant in plants.items()}
    for name, found in rates.items():
        middle = statistics.median(found)
        verdict = "reached" if middle >= TARGET else "NOT reached"
        print(f"{name:<16} {middle / 1e6:5.2f} million machine-hours an hour of CPU  target 1.00  {verdict}")


if __name__ == "__main__":
    main()
