"""Identifiers for other languages out of names and units."""

from __future__ import annotations

import re

_WORDS = """
alignas alignof and and_eq asm auto bitand bitor bool break case catch char class compl concept const consteval
constexpr constinit const_cast continue co_await co_return co_yield decltype default delete do double dynamic_cast
else enum explicit export extern false float for friend goto if inline int long mutable namespace new noexcept not
not_eq nullptr operator or or_eq private protected public register reinterpret_cast requires restrict return short
signed sizeof static static_assert static_cast struct switch template this thread_local throw true try typedef typeid
typename union unsigned using virtual void volatile wchar_t while xor xor_eq time_ns
"""

RESERVED = frozenset(_WORDS.split())
"""Words that C99, C11 or C++20 keep for themselves, and the frame's own field."""

_SIGNS = {
    "%": "percent",
    "/": "_per_",
    ".": "_",
    "'": "_min",
    '"': "_sec",
    "[": "",
    "]": "",
    "{": "_",
    "}": "",
    "*": "",
}


def c_name(name: str, unit: str = "1") -> str:
    """A name with its unit, as C and C++ allow it: ``tank_temperature_Cel``, ``energy_W_h``, ``flow_L_per_min``."""
    plain = re.sub(r"[^A-Za-z0-9_]", "_", name)
    ending = unit_name(unit)
    whole = f"{plain}_{ending}" if ending else plain
    return f"{whole}_" if whole in RESERVED or whole[0].isdigit() else whole


def unit_name(unit: str) -> str:
    """A UCUM code as part of an identifier; empty for the unit 1."""
    if unit == "1":
        return ""
    spelt = "".join(_SIGNS.get(sign, sign) for sign in unit)
    return re.sub(r"_+", "_", re.sub(r"[^A-Za-z0-9]", "_", spelt)).strip("_")


def pascal(name: str) -> str:
    """A kebab- or snake-case name as a type name."""
    return "".join(part.capitalize() for part in re.split(r"[^A-Za-z0-9]+", name) if part)


def macro(name: str) -> str:
    """A name as a macro."""
    return re.sub(r"[^A-Za-z0-9]", "_", name).upper()
