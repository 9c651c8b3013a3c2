"""What the dishwasher model computes from a cycle, tier by tier."""

from __future__ import annotations

from collections.abc import Sequence

from trivet.build.features import Baseline, FeatureList
from trivet_reference.train.listing import Listing, above, below, within

TIER_A = (
    "tank_temperature_1",
    "tank_setpoint_1",
    "rinse_temperature",
    "rinse_setpoint",
    "operation_mode",
    "program_mode",
)
TIER_B = ("active_power", "power_l1", "power_l2", "power_l3")
TIER_C = (
    "wash_pump_current",
    "wash_pressure",
    "wash_flow",
    "rinse_pressure",
    "rinse_flow",
    "tank_level",
    "tank_conductivity",
    "inlet_temperature",
    "water_volume",
    "rinse_aid_volume",
    "rack_count",
    "door_open",
    "fill_valve",
    "drain_pump",
    "tank_heater",
    "booster_heater",
)
COLUMNS = (*TIER_A, *TIER_B, *TIER_C)
PARAMETERS = (
    "rated_power",
    "tank_heater_power",
    "booster_heater_power",
    "wash_pump_power",
    "tank_volume",
    "booster_volume",
    "rinse_volume",
    "voltage",
)
CONTEXT = ("frames", "elapsed", *PARAMETERS)
PRE = 15

_WASHING = within("program_mode", 1, 2, 3, 4)
_RINSING = within("program_mode", 7)
_PUMPING = above("wash_pump_current", 0.5)
_PHASES = (1, 2, 3)


def features(frame: float, length: int) -> FeatureList:
    """The list, for a window of ``length`` rows of ``frame`` seconds whose first ``PRE`` lie before the opening."""
    listing = Listing(PRE)
    _modes(listing)
    _temperatures(listing)
    _power(listing)
    _phases(listing)
    _commands(listing)
    _pumps(listing)
    _water(listing)
    _past(listing)
    _novel(listing)
    return listing.listed(frame, length, COLUMNS, CONTEXT, Baseline(windows=50, least=8, slow=6.0))


def _modes(f: Listing) -> None:
    """Durations of phases: all that a companion node tells about water and drain."""
    f.add("wash", "duration", when=[_WASHING], unit="s")
    f.add("extended", "duration", when=[within("program_mode", 3)], unit="s")
    f.add("standing", "duration", when=[within("program_mode", 8)], unit="s")
    f.add("waiting", "total", "extended", "standing", unit="s")
    f.add("pause", "duration", when=[within("program_mode", 5)], unit="s")
    f.add("rinse", "duration", when=[_RINSING], unit="s")
    f.add("stopped", "duration", when=[within("operation_mode", 8)], unit="s")
    f.add("stops", "starts", when=[within("operation_mode", 8)])


def _temperatures(f: Listing) -> None:
    """Distances from the set-points, how fast they close, what a sensor at its rail shows."""
    f.made("tank_gap", "tank_temperature_1", minus=["tank_setpoint_1"])
    f.made("rinse_gap", "rinse_temperature", minus=["rinse_setpoint"])
    f.summarise("tank_gap", "tank_gap", "first", "last", "min", "max", "mean", "slope")
    f.summarise("rinse_gap", "rinse_gap", "first", "last", "min", "max", "mean")
    f.add("tank_gap_before", "mean", "tank_gap", start=0, stop=PRE, unit="K")
    f.add("rinse_gap_before", "max", "rinse_gap", start=0, stop=PRE, unit="K")
    f.add("rinse_slope_before", "slope", "rinse_temperature", start=0, stop=PRE, unit="K/s")
    f.add("rinse_slope", "slope", "rinse_temperature", when=[within("program_mode", 1, 2, 3, 4, 8)], unit="K/s")
    f.add("rinse_hot", "onset", when=[above("rinse_gap", -2.0)], unit="s")
    f.add("rinse_start", "max", "rinse_gap", when=[_RINSING], unit="K")
    f.add("rinse_end", "min", "rinse_gap", when=[_RINSING], unit="K")
    f.add("droop", "difference", "rinse_start", "rinse_end", unit="K")
    f.add("tank_lowest", "min", "tank_temperature_1", start=0, unit="Cel")
    f.add("tank_highest", "max", "tank_temperature_1", start=0, unit="Cel")
    f.add("rinse_lowest", "min", "rinse_temperature", start=0, unit="Cel")
    f.add("rinse_highest", "max", "rinse_temperature", start=0, unit="Cel")


def _power(f: Listing) -> None:
    """Total power, in watts and as shares of the nameplate."""
    f.made("phases", "power_l1", "power_l2", "power_l3")
    f.made("power", "active_power", otherwise="phases")
    for part in ("rated", "tank_heater", "booster_heater", "wash_pump"):
        f.made(f"by_{part}", "power", over=f"{part}_power")
    f.summarise("power", "power", "mean", "max", "min", "std", "first")
    f.summarise("by_rated", "by_rated", "mean", "max", "min", "std")
    f.add("weak", "share", when=[below("power", 300.0)])
    f.add("weak_run", "max_run", when=[below("power", 300.0)], unit="s")
    f.add("pump_like", "share", when=[above("by_wash_pump", 0.5), below("by_wash_pump", 1.6)])
    f.add("boosting", "share", when=[above("by_booster_heater", 0.9)])
    f.add("tank_only", "share", when=[above("by_tank_heater", 0.7), below("by_booster_heater", 0.9)])
    f.add("tank_alone", "share", when=[above("by_tank_heater", 0.9), below("by_tank_heater", 1.2)])
    f.add("heating", "max_run", when=[above("by_tank_heater", 0.7)], start=0, unit="s")
    f.add("least_heat", "min", "by_tank_heater")
    f.add("tank_whole", "max_run", when=[above("by_tank_heater", 0.9), below("by_tank_heater", 1.15)], unit="s")
    for low, high in ((0.0, 0.15), (0.15, 0.35), (0.35, 0.55), (0.55, 0.75), (0.75, 0.9), (0.9, 2.0)):
        f.add(f"band_{round(100 * low)}", "share", when=[above("by_rated", low), below("by_rated", high)])
    f.add("power_before", "mean", "by_rated", start=0, stop=PRE)
    f.add("power_before_min", "min", "power", start=0, stop=PRE, unit="W")
    f.add("hot_power", "mean", "by_tank_heater", when=[above("tank_gap", 0.5), above("rinse_gap", 0.5)], start=0)
    f.add("cold_power", "mean", "by_booster_heater", when=[below("rinse_gap", -3.0)])
    f.add("cold_tank_share", "mean", "by_rated", when=[below("tank_gap", -1.5)])
    f.add(
        "cold_tank_still", "mean", "by_tank_heater", when=[below("tank_gap", -1.5), within("program_mode", 0)], start=0
    )
    f.add("cool_tank_power", "mean", "by_tank_heater", when=[below("tank_gap", -2.0), above("rinse_gap", 0.5)])


def _phases(f: Listing) -> None:
    """Each phase, and what does not depend on how the phases are numbered."""
    for k in _PHASES:
        f.made(f"share_l{k}", f"power_l{k}", over="booster_heater_power")
        f.summarise(f"l{k}", f"share_l{k}", "mean", "max", "min")
        f.add(f"l{k}_boosting", "mean", f"share_l{k}", when=[above("by_booster_heater", 0.55)])
        f.add(f"l{k}_watts", "mean", f"power_l{k}", unit="W")
    for kind in ("mean", "max", "min", "boosting", "watts"):
        names = [f"l{k}_{kind}" for k in _PHASES]
        f.add(f"phase_low_{kind}", "smallest", *names)
        f.add(f"phase_high_{kind}", "largest", *names)
        f.add(f"balance_{kind}", "ratio", f"phase_low_{kind}", f"phase_high_{kind}")


def _commands(f: Listing) -> None:
    """Power against what was commanded, where a controller shows its commands."""
    tank_on, tank_off = within("tank_heater", 1), within("tank_heater", 0)
    booster_on, booster_off = within("booster_heater", 1), within("booster_heater", 0)
    still = below("wash_pump_current", 0.5)
    f.add("booster_draw", "mean", "by_booster_heater", when=[booster_on, tank_off])
    f.add("tank_draw", "mean", "by_tank_heater", when=[tank_on, booster_off])
    f.add("tank_draw_still", "mean", "by_tank_heater", when=[tank_on, booster_off, still], start=0)
    f.add("idle_draw", "mean", "by_tank_heater", when=[tank_off, booster_off, still], start=0)
    f.add("both_draw", "mean", "by_rated", when=[tank_on, booster_on])
    f.add("tank_duty", "share", when=[tank_on])
    f.add("booster_duty", "share", when=[booster_on])
    f.add("booster_rate", "slope", "rinse_temperature", when=[booster_on, within("fill_valve", 0)], unit="K/s")
    f.add("refill_rate", "slope", "rinse_temperature", when=[booster_on, within("fill_valve", 1)], unit="K/s")
    f.add("tank_rate", "slope", "tank_temperature_1", when=[tank_on, _WASHING], unit="K/s")


def _pumps(f: Listing) -> None:
    """Wash and rinse circuits."""
    f.made("pump_draw", "wash_pump_current", over="wash_pump_power")
    f.summarise("pump_draw", "pump_draw", "mean", "std", "max", when=[_PUMPING])
    f.summarise("pump_current", "wash_pump_current", "mean", when=[_PUMPING])
    f.summarise("wash_pressure", "wash_pressure", "mean", "std", when=[_PUMPING])
    f.summarise("wash_flow", "wash_flow", "mean", "std", when=[_PUMPING])
    f.add("wash_roughness", "ratio", "wash_pressure_std", "wash_pressure_mean")
    f.add("wash_flow_squared", "product", "wash_flow_mean", "wash_flow_mean")
    f.add("wash_resistance", "ratio", "wash_pressure_mean", "wash_flow_squared")
    f.add("rinse_flow_mean", "mean", "rinse_flow", when=[above("rinse_flow", 1.0)], unit="L/min")
    f.add("rinse_pressure_mean", "mean", "rinse_pressure", when=[above("rinse_flow", 1.0)], unit="bar")
    f.add("rinse_flow_squared", "product", "rinse_flow_mean", "rinse_flow_mean")
    f.add("rinse_resistance", "ratio", "rinse_pressure_mean", "rinse_flow_squared")
    f.made("rinse_part", "rinse_flow", over="rinse_volume")
    f.add("rinse_amount", "sum", "rinse_part")


def _water(f: Listing) -> None:
    """Level, fresh water, drain, chemistry, door."""
    f.add("level_before", "rise", "tank_level", start=0, stop=PRE, unit="%")
    f.add("level_slope_before", "slope", "tank_level", start=0, stop=PRE, unit="%/s")
    f.add("level_wash", "slope", "tank_level", when=[_WASHING], unit="%/s")
    f.summarise("level", "tank_level", "first", "min", "max")
    f.add("water", "sum", "water_volume", unit="L")
    f.add("water_closed", "mean", "water_volume", when=[within("fill_valve", 0)], start=0, unit="L")
    f.add("water_open", "mean", "water_volume", when=[within("fill_valve", 1)], start=0, unit="L")
    f.add("filling", "duration", when=[within("fill_valve", 1)], unit="s")
    f.add("draining", "duration", when=[within("drain_pump", 1)], unit="s")
    f.summarise("conductivity", "tank_conductivity", "first", "last", "mean")
    f.add("aid", "sum", "rinse_aid_volume", unit="mL")
    f.add("door_starts", "starts", when=[within("door_open", 1)])
    f.add("inlet", "mean", "inlet_temperature", unit="Cel")


_PAST: Sequence[tuple[str, float, tuple[str, ...]]] = (
    ("waiting", 4.0, ("z", "drift")),
    ("pause", 2.0, ("z", "drift")),
    ("tank_gap_mean", 0.5, ("z", "drift")),
    ("tank_gap_min", 0.5, ("z",)),
    ("rinse_gap_min", 0.7, ("z", "drift")),
    ("rinse_gap_max", 0.5, ("z", "drift")),
    ("rinse_slope", 0.01, ("z", "drift")),
    ("rinse_hot", 5.0, ("z", "drift")),
    ("droop", 0.5, ("z", "drift")),
    ("elapsed", 5.0, ("drift",)),
    ("frames", 2.0, ("drift",)),
    ("power_mean", 50.0, ("z", "drift")),
    ("power_max", 50.0, ("z", "drift")),
    ("power_min", 50.0, ("z",)),
    ("band_90", 0.03, ("drift",)),
    ("tank_only", 0.03, ("z", "drift")),
    ("tank_alone", 0.03, ("drift",)),
    ("boosting", 0.03, ("z", "drift")),
    ("heating", 6.0, ("z", "drift")),
    ("pump_like", 0.03, ("drift",)),
    ("least_heat", 0.03, ("drift",)),
    ("tank_whole", 6.0, ("drift",)),
    ("phase_low_boosting", 0.02, ("z", "drift")),
    ("phase_low_max", 0.02, ("z", "drift")),
    ("by_rated_max", 0.02, ("z", "drift")),
    ("balance_max", 0.02, ("z", "drift")),
    ("balance_watts", 0.02, ("z", "drift")),
    ("balance_boosting", 0.02, ("z",)),
    ("booster_draw", 0.01, ("z",)),
    ("booster_rate", 0.01, ("z", "drift")),
    ("refill_rate", 0.01, ("drift",)),
    ("booster_duty", 0.03, ("drift",)),
    ("pump_current_mean", 0.02, ("z", "drift")),
    ("pump_draw_std", 2e-5, ("z", "drift")),
    ("wash_pressure_mean", 0.004, ("z", "drift")),
    ("wash_flow_mean", 3.0, ("z", "drift")),
    ("wash_roughness", 0.003, ("drift",)),
    ("rinse_flow_mean", 0.1, ("z", "drift")),
    ("rinse_resistance", 1e-5, ("z", "drift")),
    ("level_slope_before", 0.01, ("drift",)),
    ("level_wash", 0.005, ("drift",)),
    ("water_open", 0.005, ("z", "drift")),
    ("water_closed", 0.001, ("drift",)),
    ("conductivity_mean", 0.02, ("z", "drift")),
    ("aid", 0.05, ("z", "drift")),
)


def _past(f: Listing) -> None:
    """The same against the machine's own first cycles, where that says more than the number itself."""
    for name, floor, operators in _PAST:
        f.remember(name, floor, *operators)
    for k in _PHASES:
        for kind in ("max", "watts"):
            name = f"l{k}_{kind}"
            f.add(f"{name}_residual", "residual", name)
            f.add(f"{name}_usual", "difference", name, f"{name}_residual")
            f.add(f"{name}_change", "ratio", f"{name}_residual", f"{name}_usual")
    for kind in ("max", "watts"):
        changes = [f"l{k}_{kind}_change" for k in _PHASES]
        f.add(f"phase_loss_{kind}", "smallest", *changes)
        f.add(f"phase_gain_{kind}", "largest", *changes)


NOVELTY = (
    "blind_weak",
    "blind_weak_run",
    "novel_tank_low",
    "novel_tank_high",
    "novel_rinse_low",
    "novel_rinse_high",
    "novel_wash",
    "novel_rinse",
    "novel_waiting",
    "by_rated_max",
    "phase_high_max",
)
"""What novelty looks at: bounded quantities that any known cycle, healthy or not, keeps within narrow limits."""


def _novel(f: Listing) -> None:
    """Features of novelty: cut at both ends, so that a known fault does not count as an unknown cycle.

    The blind ones are about plants whose cycles are found by power alone, and unknown elsewhere:
    a commercial machine between racks rests for less time than its closing condition allows.
    """
    f.add("seen", "known", "program_mode")
    f.add("one", "constant", value=1.0)
    f.add("sighted", "smallest", "seen", "one")
    f.add("blind", "difference", "one", "sighted")
    for name in ("weak", "weak_run"):
        f.add(f"blind_{name}", "ratio", name, "blind")
    for name, source, low, high in (
        ("tank_low", "tank_gap_min", -12.0, 12.0),
        ("tank_high", "tank_gap_max", -12.0, 12.0),
        ("rinse_low", "rinse_gap_min", -40.0, 12.0),
        ("rinse_high", "rinse_gap_max", -20.0, 12.0),
        ("wash", "wash", 0.0, 250.0),
        ("rinse", "rinse", 0.0, 25.0),
        ("waiting", "waiting", 0.0, 150.0),
    ):
        f.add(f"{name}_floor", "constant", value=low)
        f.add(f"{name}_ceiling", "constant", value=high)
        f.add(f"{name}_raised", "largest", source, f"{name}_floor")
        f.add(f"novel_{name}", "smallest", f"{name}_raised", f"{name}_ceiling")
