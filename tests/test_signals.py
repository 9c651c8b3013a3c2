"""Readings as samples, one by one and all at once."""

from __future__ import annotations

import math

import numpy as np
import pytest

from trivet.signals import Quality, Readings, Sample, Status

READINGS = Readings(
    names=("power", "mode"),
    column=np.array([1, 0, 1, 0]),
    values=np.array([2.0, 61.5, math.nan, 0.0]),
    status=np.array([0, 0, int(Status.BAD_OUT_OF_SERVICE), int(Status.UNCERTAIN)], np.uint32),
    source=np.array([1, 2, 3, 4]),
    receive=np.array([5, 6, 7, 8]),
    origin="washer/meter",
    reasons={2: "sentinel"},
)


def test_all_samples_are_those_of_their_rows() -> None:
    every = READINGS.samples()
    assert str(every) == str([READINGS.sample(row) for row in range(len(READINGS))])
    assert every[0] == Sample("mode", 2.0, 0, 1, 5, "washer/meter")
    assert (every[2].name, every[2].quality, every[2].reason) == ("mode", Quality.BAD, "sentinel")
    assert all(type(value) in (str, float, int) for sample in every for value in sample)


def test_a_sample_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        READINGS.sample(0).value = 3.0  # type: ignore[misc]
