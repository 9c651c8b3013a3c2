"""Every hostile package in a process of its own: refused by its rule, in bounded time and memory."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hostile.measure import measured, report

pytestmark = pytest.mark.soak


def test_every_case_is_refused_within_limits(tell: Callable[[str], None]) -> None:
    found = measured()
    for row in report(found):
        tell(f"hostile packages, {row}")
    assert [one for family in found.values() for one in family if one.wrong] == []
