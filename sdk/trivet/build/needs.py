"""Which sets of signals must be known before a column of an output may be a number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from trivet.interface.document import Interface, Needs


def needs_by_column(interface: Interface, output: str, classes: Sequence[str]) -> tuple[Needs, ...]:
    """The sets of needs of each column of an output's tensor."""
    return tuple(interface.needs(output, name) for name in classes) or (interface.needs(output),)


def unmet(columns: Mapping[str, bool], needs: Sequence[Needs]) -> list[bool]:
    """For each list of sets, whether none of them is known whole; ``columns`` says which columns are."""
    return [not any(all(columns.get(name, False) for name in group) for group in sets) for sets in needs]
