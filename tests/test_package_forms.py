"""Forms of names against the regular expressions that say them, and paths against theirs."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trivet.package import forms, layout
from trivet.package.forms import Form

FORMS = [forms.KEBAB, forms.NAME, forms.VERSION, forms.DIGEST, forms.UNIT, forms.WORDS, forms.STEM]
NEAR = st.text("ab09_-. *~\n\x7fAéß²٣", max_size=8)
DEVICE = r"(?!(?:con|prn|aux|nul|com[0-9]|lpt[0-9])\.)"
STEM = rf"{DEVICE}{forms.STEM.pattern}"
ROLES = {
    "interface": r"interface\.json",
    "model": r"model\.onnx",
    "features": r"features\.json",
    "golden": rf"golden/{STEM}\.f32",
    "evidence": rf"evidence/{STEM}\.json",
}
META = rf"META-INF/signatures/[0-9a-f]{{64}}\.sigstore\.json|META-INF/attestations/{STEM}\.json"
STEMS = st.sampled_from(["con", "com0", "com", "lpt9.x", "console", "nul.", "a" * 99, "a" * 101, "f" * 64]) | NEAR


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.pattern)
@given(data=st.data())
def test_a_form_is_its_expression(form: Form, data: st.DataObject) -> None:
    text = data.draw(NEAR | st.from_regex(form.pattern) | st.text(max_size=70))
    assert form.fullmatch(text) == bool(re.fullmatch(form.pattern, text))


@given(
    st.sampled_from(["", "golden/", "evidence/", "META-INF/signatures/", "META-INF/attestations/", "golden"]),
    STEMS | st.sampled_from(["interface", "model"]),
    st.sampled_from(["", ".f32", ".json", ".onnx", ".sigstore.json", "f32"]),
)
def test_paths_are_allowed_as_their_expressions_say(folder: str, stem: str, suffix: str) -> None:
    path = folder + stem + suffix
    role = next((name for name, pattern in ROLES.items() if re.fullmatch(pattern, path)), None)
    assert layout.role(path) == role
    assert layout.is_meta(path) == bool(re.fullmatch(META, path))
