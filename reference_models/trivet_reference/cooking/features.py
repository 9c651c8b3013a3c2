"""What the cooking model computes: one thermal node, followed through each action, and what it may be wrong by."""

from __future__ import annotations

from trivet.build.features import Baseline, FeatureList
from trivet_reference.cooking.actions import HORIZON, NEAR
from trivet_reference.identify import ROOM
from trivet_reference.plant.pot import ATMOSPHERE
from trivet_reference.train.listing import Listing, above, below

COLUMNS = (
    "chamber_temperature",
    "chamber_setpoint",
    "core_temperature_1",
    "mode",
    "active_power",
    "ambient_temperature",
)
"""The core temperature is in no feature: the vetoes look at it."""

PARAMETERS = (
    "rated_power",
    "heat_capacity",
    "loss_coefficient",
    "evaporation_coefficient",
    "setback_temperature",
    "steam_share",
)
CONTEXT = ("frames", "elapsed", *PARAMETERS)

READY = ("ready_off", "ready_setback", "ready_hold", "ready_preheat")
ENERGY = ("energy_off", "energy_setback", "energy_hold", "energy_hold")
"""Features that are the answers of the thermal node, action after action; a thermostat preheats as it holds."""

USUAL_SETBACK = 0.8
"""Set-point while set back, as a share of the set-point in degC, where the device document gives none."""

FULL, IDLE = 0.93, 0.1
"""Share of the rated power above which the whole heater is on, and below which none of it."""

_LAST_MINUTE = 6
_NODE = ("ambient", "heat_capacity", "loss_coefficient", "evaporation")
_HEATED = ("ambient", "heat_capacity", "loss_coefficient", "evaporation_heated")


def features(frame: float, length: int) -> FeatureList:
    """The list, for windows of ``length`` rows of ``frame`` seconds."""
    listing = Listing()
    _given(listing)
    _power(listing)
    _ready(listing)
    _energy(listing)
    _remarks(listing, length)
    return listing.listed(frame, length, COLUMNS, CONTEXT, Baseline())


def _given(f: Listing) -> None:
    """Temperatures now, with usual values for what a plant may lack."""
    for name, value, unit in (
        ("zero", 0.0, "1"),
        ("one", 1.0, "1"),
        ("horizon", float(HORIZON), "s"),
        ("hours", 1.0 / 3600.0, "h/s"),
        ("ambient_usual", ROOM, "Cel"),
        ("setback_share", USUAL_SETBACK, "1"),
        ("near", NEAR - 0.5, "K"),
        ("per_atmosphere", 1.0 / ATMOSPHERE, "/kPa"),
    ):
        f.add(name, "constant", value=value, unit=unit)
    f.add("now", "last", "chamber_temperature", unit="Cel")
    f.add("target", "last", "chamber_setpoint", unit="Cel")
    f.add("ambient_seen", "last", "ambient_temperature", unit="Cel")
    f.add("ambient", "otherwise", "ambient_seen", "ambient_usual", unit="Cel")
    f.add("evaporation", "otherwise", "evaporation_coefficient", "zero", unit="W/kPa")
    f.add("setback_usual", "product", "target", "setback_share", unit="Cel")
    f.add("setback_asked", "otherwise", "setback_temperature", "setback_usual", unit="Cel")
    f.add("room", "total", "ambient", "one", unit="Cel")
    f.add("setback_warm", "largest", "setback_asked", "room", unit="Cel")
    f.add("setback", "smallest", "setback_warm", "target", unit="Cel")


def _power(f: Listing) -> None:
    """What the heater and the rest draw, as the meter saw it, else as the nameplate says."""
    f.made("load", "active_power", over="rated_power")
    f.add("full_seen", "mean", "load", when=[above("load", FULL)])
    f.add("base_seen", "min", "load", when=[below("load", IDLE)])
    f.add("base_share", "otherwise", "base_seen", "zero")
    f.add("full_usual", "total", "one", "base_share")
    f.add("full_share", "otherwise", "full_seen", "full_usual")
    f.add("heater_share", "difference", "full_share", "base_share")
    f.add("heater", "product", "heater_share", "rated_power", unit="W")
    f.add("base", "product", "base_share", "rated_power", unit="W")
    f.add("steam", "otherwise", "steam_share", "zero")
    f.add("steam_power", "product", "steam", "heater", unit="W")
    f.add("steam_heated", "product", "steam_power", "per_atmosphere", unit="W/kPa")
    f.add("evaporation_heated", "total", "evaporation", "steam_heated", unit="W/kPa")


def _ready(f: Listing) -> None:
    """Time to the set-point at full power, after each action."""
    f.add("ready_preheat", "heat_up_time", "now", "target", "heater", *_HEATED, unit="s")
    f.add("cooled", "cool_down", "now", "horizon", *_NODE, unit="Cel")
    f.add("ready_off", "heat_up_time", "cooled", "target", "heater", *_HEATED, unit="s")
    f.add("lowered", "largest", "cooled", "setback", unit="Cel")
    f.add("ready_lowered", "heat_up_time", "lowered", "target", "heater", *_HEATED, unit="s")
    f.add("ready_late", "difference", "ready_preheat", "horizon", unit="s")
    f.add("ready_setback", "largest", "ready_lowered", "ready_late", unit="s")
    f.add("gap", "difference", "target", "now", unit="K")
    f.add("beyond", "difference", "gap", "near", unit="K")
    f.add("away_low", "largest", "beyond", "zero")
    f.add("away", "smallest", "away_low", "one")
    f.add("ready_hold", "product", "ready_preheat", "away", unit="s")


def _energy(f: Listing) -> None:
    """Heating, holding and what runs beside the heater, over the horizon and until it is ready again."""
    _held(f, "target", "ready_preheat")
    f.add("heat_back", "heat_up_time", "now", "setback", "heater", *_HEATED, unit="s")
    _held(f, "setback", "heat_back")
    f.add("heat_within", "smallest", "heat_back", "horizon", unit="s")
    f.add("heat_setback", "total", "heat_within", "ready_setback", unit="s")
    f.add("on_setback", "total", "horizon", "ready_setback", unit="s")
    f.add("on_target", "largest", "horizon", "ready_preheat", unit="s")
    _sum(f, "energy_off", "ready_off", "ready_off", None)
    _sum(f, "energy_setback", "heat_setback", "on_setback", "setback_kept")
    _sum(f, "energy_hold", "ready_preheat", "on_target", "target_kept")


def _held(f: Listing, level: str, heating: str) -> None:
    """Energy [J] that keeps a level for what is left of the horizon once it is there.

    Of the power that holds a level, too, a share leaves as steam: it is the loss over what stays.
    """
    f.add(f"{level}_still", "hold_power", level, "ambient", "loss_coefficient", "evaporation", unit="W")
    f.add(f"{level}_pressed", "hold_power", level, "ambient", "zero", "steam", unit="kPa")
    f.add(f"{level}_steam", "product", f"{level}_pressed", "per_atmosphere")
    f.add(f"{level}_stays", "difference", "one", f"{level}_steam")
    f.add(f"{level}_loss", "ratio", f"{level}_still", f"{level}_stays", unit="W")
    f.add(f"{level}_power", "smallest", f"{level}_loss", "heater", unit="W")
    f.add(f"{level}_settling", "cool_time", "now", level, *_NODE, unit="s")
    f.add(f"{level}_before", "total", heating, f"{level}_settling", unit="s")
    f.add(f"{level}_rest", "difference", "horizon", f"{level}_before", unit="s")
    f.add(f"{level}_time", "largest", f"{level}_rest", "zero", unit="s")
    f.add(f"{level}_kept", "product", f"{level}_power", f"{level}_time", unit="J")


def _sum(f: Listing, name: str, heating: str, on: str, kept: str | None) -> None:
    """Energy [Wh] of heating seconds, seconds in which the appliance is on, and holding."""
    f.add(f"{name}_heat", "product", "heater", heating, unit="J")
    f.add(f"{name}_base", "product", "base", on, unit="J")
    parts = (f"{name}_heat", f"{name}_base", *((kept,) if kept else ()))
    f.add(f"{name}_joules", "total", *parts, unit="J")
    f.add(name, "product", f"{name}_joules", "hours", unit="W.h")


def _remarks(f: Listing, length: int) -> None:
    """What tells how wrong the thermal node is, all of it without a dimension but for temperatures."""
    late = length - _LAST_MINUTE
    for name, operator in (("load_max", "max"), ("load_min", "min"), ("load_mean", "mean"), ("load_last", "last")):
        f.add(name, operator, "load")
    f.add("load_late", "mean", "load", start=late)
    f.add("state", "last", "mode")
    f.add("sighted", "known", "mode")
    f.add("span", "difference", "target", "ambient", unit="K")
    f.add("gap_share", "ratio", "gap", "span")
    f.add("stored", "ratio", "heat_capacity", "rated_power", unit="s/K")
    f.add("full_time", "product", "stored", "span", unit="s")
    f.add("target_share", "ratio", "target_loss", "rated_power")
    f.add("loss", "hold_power", "now", "ambient", "loss_coefficient", "evaporation", unit="W")
    f.add("loss_share", "ratio", "loss", "rated_power")
    for name, start in (("", 0), ("_late", late)):
        f.add(f"slope{name}", "slope", "chamber_temperature", start=start, unit="K/s")
        f.add(f"push{name}", "product", f"slope{name}", "stored")
    f.add("used", "total", "push", "loss_share")
    f.add("balance", "difference", "load_mean", "used")


REMARKS = (
    "load_max",
    "load_min",
    "load_mean",
    "load_last",
    "load_late",
    "full_seen",
    "base_seen",
    "state",
    "gap",
    "gap_share",
    "full_time",
    "target_share",
    "loss_share",
    "push",
    "push_late",
    "balance",
    "rated_power",
)
"""What the correction looks at."""

NOVELTY = ("now", "gap", "load_max", "load_min", "push", "push_late", "balance")
"""What novelty looks at."""
