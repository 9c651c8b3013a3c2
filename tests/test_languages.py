"""Texts for people in English, German and Chinese: both shipped interfaces, and the rules that findings name."""

from __future__ import annotations

import pytest

from trivet.check.labels import labelled
from trivet.device.library import load_interface

LANGUAGES = ["de", "en", "zh-Hans"]


@pytest.mark.parametrize("scenario", ["commercial-dishwasher", "cooking-appliance"])
def test_every_text_of_a_shipped_interface_is_translated(scenario: str) -> None:
    texts = list(labelled(load_interface(scenario).document))
    missing = [path for path, labels in texts if labels and sorted(labels) != LANGUAGES]
    untranslated = [path for path, labels in texts if labels and len(set(labels.values())) != len(LANGUAGES)]
    assert len(texts) > 30
    assert missing == untranslated == []
