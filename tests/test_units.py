"""Units against an independent library (pint with ucumvert), hand-computed numbers, and bad codes."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from trivet import units
from trivet.errors import DocumentError, TrivetError

TABLE: dict[str, Any] = units._table()

# Not in the oracle; or not as UCUM has them: it takes [Cal] for a small calorie, [cft_i] for a foot,
# [Btu_th] with more digits, and refuses prefixes before [g].
NOT_IN_ORACLE = {"[pH]", "B", "[in_i'Hg]", "[in_i'H2O]", "att", "[HP]", "'", "''", "mo", "mo_j", "wk"}
NOT_IN_ORACLE |= {"[Cal]", "[cft_i]", "[Btu_th]", "[g]"}
ORACLE_BASES = {
    "[length]": "m",
    "[time]": "s",
    "[mass]": "g",
    "[temperature]": "K",
    "[luminosity]": "cd",
    "[substance]": "mol",
    "[current]": "A",
}


@lru_cache(maxsize=1)
def oracle() -> Any:
    import ucumvert

    return ucumvert.PintUcumRegistry()


def oracle_scale(code: str) -> tuple[float, dict[str, int]]:
    """Factor to SI base units and their exponents, as the oracle has them."""
    quantity = (1 * oracle().from_ucum(code)).to_base_units()
    exponents = {ORACLE_BASES[str(key)]: int(power) for key, power in dict(quantity.dimensionality).items()}
    return float(quantity.magnitude), exponents


def own_scale(code: str) -> tuple[float, dict[str, int]]:
    """The same from our table: kilograms for grams, coulombs as ampere seconds, no radians."""
    unit = units.parse(code)
    powers = dict(zip(TABLE["bases"], unit.dimension, strict=True))
    charge, mass = powers.pop("C"), powers["g"]
    powers["A"], powers["s"] = charge, powers["s"] + charge
    powers.pop("rad")
    return float(unit.scale) / 1000.0**mass, {name: power for name, power in powers.items() if power}


atoms = sorted(set(TABLE["atoms"]) | set(TABLE["bases"]) - NOT_IN_ORACLE)


@pytest.mark.parametrize("code", [a for a in atoms if a not in NOT_IN_ORACLE])
def test_atom_is_that_of_the_oracle(code: str) -> None:
    scale, exponents = own_scale(code)
    expected, expected_exponents = oracle_scale(code)
    assert exponents == expected_exponents
    # UCUM gives conventional mercury six digits, the oracle twelve.
    assert scale == pytest.approx(expected, rel=1e-5 if "Hg" in code else 1e-9)


def in_oracle(code: str) -> bool:
    return not any(name in code for name in [*TABLE["special"], *NOT_IN_ORACLE]) and "B" not in code


@pytest.mark.parametrize("code", sorted(filter(in_oracle, set(TABLE["unece"].values()))))
def test_code_behind_unece_is_that_of_the_oracle(code: str) -> None:
    plain = code.partition("{")[0]
    expected, expected_exponents = oracle_scale(plain) if not plain.isdigit() else (float(plain), {})
    scale, exponents = own_scale(code)
    assert exponents == expected_exponents
    assert scale == pytest.approx(expected, rel=1e-5 if "Hg" in code else 1e-9)


metric = sorted(atom for atom, (_, _, prefixed) in TABLE["atoms"].items() if prefixed and atom not in NOT_IN_ORACLE)
plain = sorted(set(metric) | {"m", "s", "g", "K", "C", "cd", "min", "h", "d", "%", "[in_i]", "[lb_av]", "[gal_us]"})


@st.composite
def components(draw: st.DrawFn) -> str:
    atom = draw(st.sampled_from(plain))
    prefixed = atom in metric or atom in ("m", "s", "g", "K", "C", "cd")
    prefix = draw(st.sampled_from(["", "k", "m", "u", "M", "c", "d", "h", "da", "n"])) if prefixed else ""
    exponent = draw(st.sampled_from(["", "2", "3", "-1", "-2", "1"]))
    assume(f"{prefix}{atom}" != "hbar")  # the oracle's name for the reduced Planck constant
    return f"{prefix}{atom}{exponent}"


@given(st.lists(components(), min_size=1, max_size=4), st.lists(st.sampled_from("./"), min_size=3, max_size=3))
def test_composed_code_is_that_of_the_oracle(parts: list[str], operators: list[str]) -> None:
    code = parts[0] + "".join(operator + part for operator, part in zip(operators, parts[1:], strict=False))
    try:
        scale, exponents = own_scale(code)
    except DocumentError:
        assume(False)  # too long, or beyond the bound on scales
    expected, expected_exponents = oracle_scale(code)
    assert exponents == expected_exponents
    assert scale == pytest.approx(expected, rel=1e-5 if "Hg" in code else 1e-9)


temperatures = st.sampled_from(["Cel", "[degF]", "K", "[degR]", "[degRe]", "mK", "kK"])


@given(temperatures, temperatures, st.floats(-273.0, 2000.0))
@settings(max_examples=300)
def test_temperatures_are_those_of_the_oracle(source: str, target: str, value: float) -> None:
    scale, offset = units.conversion(source, target)
    registry = oracle()
    expected = registry.Quantity(value, registry.from_ucum(source).units).to(registry.from_ucum(target).units).magnitude
    assert value * scale + offset == pytest.approx(expected, rel=1e-9, abs=1e-6)


@pytest.mark.parametrize(
    ("source", "target", "scale", "offset"),
    [
        ("[degF]", "Cel", 5 / 9, -160 / 9),
        ("Cel", "[degF]", 1.8, 32.0),
        ("Cel", "K", 1.0, 273.15),
        ("K", "Cel", 1.0, -273.15),
        ("kW", "W", 1000.0, 0.0),
        ("kW.h", "W.h", 1000.0, 0.0),
        ("W.h", "J", 3600.0, 0.0),
        ("bar", "kPa", 100.0, 0.0),
        ("[psi]", "bar", 0.06894757293168361, 0.0),
        ("[gal_us]/min", "L/min", 3.785411784, 0.0),
        ("uS/cm", "mS/cm", 0.001, 0.0),
        ("%", "1", 0.01, 0.0),
        ("V.A{var}", "V.A", 1.0, 0.0),
        ("m3/h", "L/min", 50 / 3, 0.0),
        ("deg", "rad", math.pi / 180, 0.0),
        ("{racks}", "1", 1.0, 0.0),
        ("[Cal]", "J", 4184.0, 0.0),
        ("[cft_i]", "L", 28.316846592, 0.0),
        ("[Btu_th]", "J", 1054.35, 0.0),
        ("k[g]", "m/s2", 9806.65, 0.0),
        ("[HP]", "W", 745.6998715822702, 0.0),
        ("[in_i'H2O]", "Pa", 249.08891, 0.0),
        ("att", "Pa", 98066.5, 0.0),
        ("wk", "d", 7.0, 0.0),
        ("''", "deg", 1 / 3600, 0.0),
    ],
)
def test_conversion_by_hand(source: str, target: str, scale: float, offset: float) -> None:
    assert units.conversion(source, target) == pytest.approx((scale, offset), rel=1e-15, abs=1e-12)


alike = st.sampled_from([("Cel", "[degF]", "K"), ("W", "kW", "J/s"), ("L/min", "m3/h", "mL/s"), ("bar", "Pa", "[psi]")])


@given(alike, st.integers(0, 2), st.integers(0, 2), st.floats(-1e6, 1e6))
def test_there_and_back(codes: tuple[str, ...], first: int, second: int, value: float) -> None:
    scale, offset = units.conversion(codes[first], codes[second])
    back, shift = units.conversion(codes[second], codes[first])
    assert (value * scale + offset) * back + shift == pytest.approx(value, rel=1e-9, abs=1e-6)


@pytest.mark.parametrize(
    ("source", "target"),
    [("W", "J"), ("Cel", "W"), ("K", "s"), ("L", "L/min"), ("mol", "1"), ("dB", "1"), ("rad", "1")],
)
def test_dimensions_must_agree(source: str, target: str) -> None:
    with pytest.raises(DocumentError, match="cannot become") as caught:
        units.conversion(source, target)
    assert caught.value.rule == "TRV-I031"


BAD = (
    "Wh|kWh|degC|°C|C°|Cel/min|1.Cel|(Cel)|Cel2|kCel.m|[degF]2|m.|.m|m//s|m..s|(m|m)|()||m^2|m2m|0|m999|kmin|k%|[foo]|"
    "mm[in_i]|k[in_i]|{a|a}|{|}|{a}m|m{a}2|m{a}{b}|K{| m|m |m s|+1|-|m-|--m|/|//m|[|]|m]|[[m]]|VA|var|RPM|psi|gal|"
    "k[pH]|Ym30.Ym30.Ym30|/Cel"
)


@pytest.mark.parametrize("code", [*BAD.split("|"), "m" * 65, "m\n", "m\0", "①", "m²"])
def test_bad_code(code: str) -> None:
    with pytest.raises(DocumentError) as caught:
        units.parse(code)
    assert caught.value.rule == "TRV-I030"


@pytest.mark.parametrize(
    ("code", "meant"), [("Wh", "W.h"), ("degC", "Cel"), ("VA", "V.A"), ("var", "V.A{var}"), ("psi", "[psi]")]
)
def test_hint_names_what_is_meant(code: str, meant: str) -> None:
    with pytest.raises(DocumentError, match="write") as caught:
        units.parse(code)
    assert meant in caught.value.hint


@given(st.text(max_size=80))
def test_any_text_is_a_unit_or_a_document_error(code: str) -> None:
    try:
        unit = units.parse(code)
    except TrivetError:
        return
    assert 0 < float(unit.scale) < math.inf


@given(st.text("mskWCelK[]{}()./0123456789-+^*%", max_size=70))
def test_any_nearly_right_text_is_a_unit_or_a_document_error(code: str) -> None:
    try:
        unit = units.parse(code)
    except TrivetError:
        return
    assert 0 < float(unit.scale) < math.inf


def test_every_spelling_and_unece_code_is_a_unit() -> None:
    for code in [*TABLE["spellings"].values(), *TABLE["unece"].values(), *TABLE["quantities"].values()]:
        units.parse(code)


def test_spellings_are_not_units_of_their_own() -> None:
    """Only these are UCUM codes with another meaning: a femtotonne and a picohenry."""
    for text, meant in TABLE["spellings"].items():
        if text in ("ft", "pH"):
            continue
        try:
            unit = units.parse(text)
        except DocumentError:
            continue
        assert unit == units.parse(meant), text


@pytest.mark.parametrize(
    ("number", "common", "code"),
    [
        # Numbers as OPC UA servers send them, from the UNECE table that the OPC Foundation publishes.
        (4408652, "CEL", "Cel"),
        (4604232, "FAH", "[degF]"),
        (4932940, "KEL", "K"),
        (20529, "P1", "%"),
        (5457219, "SEC", "s"),
        (5723220, "WTT", "W"),
        (4937544, "KWH", "kW.h"),
        (5063250, "MBR", "mbar"),
        (5259596, "PAL", "Pa"),
        (19506, "L2", "L/min"),
        (4732465, "H61", "mS/cm"),
        (12890, "2Z", "mV"),
        (13360, "40", "mL/s"),
    ],
)
def test_unece(number: int, common: str, code: str) -> None:
    assert units.unece(number) == units.unece(common) == code
    assert units.unece_id(code) == number


@pytest.mark.parametrize("identifier", [-1, 0, 5, 2**31, 2**70, "ZZZ", "", "cel"])
def test_unknown_unece(identifier: int | str) -> None:
    with pytest.raises(DocumentError, match="UNECE"):
        units.unece(identifier)


def test_no_unece_code_for_a_unit() -> None:
    with pytest.raises(DocumentError, match="no UNECE code"):
        units.unece_id("[degRe]")


@pytest.mark.parametrize(
    ("code", "name"),
    [("kW", "power"), ("L/min", "volume flow"), ("Cel", "temperature"), ("1", "number"), ("m/rad", "m.rad-1")],
)
def test_quantity(code: str, name: str) -> None:
    assert units.quantity(units.parse(code)) == name
