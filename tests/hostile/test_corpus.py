"""What coverage-guided fuzzing kept: each input still ends in a value or a tidy refusal."""

from __future__ import annotations

from pathlib import Path

import pytest

from soak.cover import CORPUS
from soak.readers import Target, targets
from trivet.errors import TrivetError

READERS = {target.name: target for target in targets()}


@pytest.mark.parametrize("target", READERS.values(), ids=READERS)
def test_kept_inputs_end_in_a_value_or_a_refusal(target: Target) -> None:
    inputs = sorted((CORPUS / target.name).glob("*.bin"))
    assert inputs
    for path in inputs:
        error = _refusal(target, path.read_bytes())
        assert error is None or (str(error).isprintable() and error.rule), path.name


def _refusal(target: Target, data: bytes) -> TrivetError | None:
    try:
        target.read(data)
    except TrivetError as error:
        return error
    return None


def test_the_corpus_is_small() -> None:
    assert {folder.name for folder in CORPUS.iterdir()} == set(READERS)
    assert sum(path.stat().st_size for path in Path(CORPUS).rglob("*.bin")) < 300_000
