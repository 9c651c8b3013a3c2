"""The card's tables are the figures that the command wrote."""

import json

from conftest import HERE
from trivet_reference.evaluate.summary import tables

CARD = HERE.parent / "reference_models" / "trivet_reference" / "cards" / "dishwasher.md"
FIGURES = HERE.parent / "benchmarks" / "results" / "fleet.json"


def test_the_card_has_the_tables_of_the_last_run() -> None:
    made = json.loads(FIGURES.read_text(encoding="utf-8"))
    assert all(one["simulated"] for one in made)
    assert tables(made).strip() in CARD.read_text(encoding="utf-8")


def test_what_is_no_number_is_a_dash() -> None:
    warned = {"name": "CUSUM", "months": 0.5, "recall": None, "interval": [None, None], "alarms": 2}
    tier = {
        "events": [],
        "warnings": [warned],
        "places": [-1],
        "probabilities": {"fault_24h": [0.1, None]},
        "precision": {"filter_clog": None, "booster_scale": 0.5},
        "coverage": None,
    }
    shown = tables([{"of": "machines", "machines": 3, "tiers": dict.fromkeys("ABC", tier)}])
    assert "| CUSUM: warned of / false alarms | - / 2 | - / 2 | - / 2 |" in shown
    assert "| in the first two places | - | - | - |" in shown
    assert "booster_scale" in shown
    assert "filter_clog" not in shown
