"""State names of the enumerated signals that the plants show, as the interfaces number them."""

from __future__ import annotations

from collections.abc import Mapping

_SWITCH = {0: "off", 1: "on"}
_DOOR = {0: "closed", 1: "open"}

DISHWASHER_STATES: Mapping[str, Mapping[int, str]] = {
    "operation_mode": {
        0: "init",
        1: "machine_off",
        2: "filling",
        3: "filling_heating",
        4: "heating",
        5: "enable_operation",
        6: "ready",
        7: "operation",
        8: "cycle_pause",
        10: "self_cleaning",
        12: "remote_control",
        13: "controlling_outputs",
        15: "error",
    },
    "program_mode": {
        0: "off",
        1: "pre_wash",
        2: "cleaning_1",
        3: "wash_time_increased",
        4: "cleaning_2",
        5: "draining_pause",
        6: "draining",
        7: "final_rinse",
        8: "waiting_time",
        9: "heat_recovery",
    },
    "hygiene_mode": {0: "off", 1: "a0", 2: "hue", 3: "mu", 4: "thermolabile", 5: "a0_td"},
    "door_open": _DOOR,
    "fill_valve": _SWITCH,
    "drain_pump": _SWITCH,
    "tank_heater": _SWITCH,
    "booster_heater": _SWITCH,
}

COOKING_STATES: Mapping[str, Mapping[int, str]] = {
    "mode": {
        0: "off",
        1: "on",
        2: "preheat",
        3: "standby",
        4: "steaming",
        5: "combi_steaming",
        6: "hot_air",
        7: "perfection",
        8: "cleaning",
        9: "preset_start",
        10: "error",
        11: "loading",
        12: "energy_save",
        13: "working",
        14: "cool_down",
    },
    "energy_saving": _SWITCH,
    "door_open": _DOOR,
}
