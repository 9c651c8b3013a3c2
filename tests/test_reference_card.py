"""Cards are made of what is known, and say what the models are not for."""

from trivet import canonical
from trivet.interface.document import Interface
from trivet.interface.library import find
from trivet.interface.parse import read
from trivet_reference.train.card import USES, card


def test_a_card_says_what_a_model_is_for_and_where_its_figures_come_from() -> None:
    for name in USES:
        interface = read(find("interface", name), Interface).document
        evidence = {"data": {"kind": "simulated"}, "training": {"seed": 1}, "evaluation": {"error": 0.1}}
        made = card(interface, "m", "0.1.0", tuple(interface.outputs), evidence)
        canonical.dumps(made)
        assert made["figures"] == {"evaluation": {"error": 0.1}}
        assert made["fallback"]
        assert "simulated plants only" in made["limits"][0]
        assert [output["name"] for output in made["outputs"]] == list(interface.outputs)
        assert made["more"] == ["evidence/data.json", "evidence/evaluation.json", "evidence/training.json"]
