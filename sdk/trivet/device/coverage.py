"""What a plant's signals suffice for: each output and class, or what it would take."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from trivet.interface.document import Interface, Needs

Lacks = tuple[tuple[str, ...], ...]
"""For each alternative set of needs, the columns that are not fitted; empty when some set is complete."""


def judgeable(interface: Interface, fitted: Collection[str]) -> Mapping[str, Mapping[str, Lacks]]:
    """What each output and class lacks at a plant.

    Args:
        interface: The interface.
        fitted: Columns that some point feeds.

    Returns:
        Output name to what it lacks: under ``""`` the output as a whole, under each class name the
        class. Nothing lacking is ``()``; otherwise the alternatives, the smallest first.
    """
    return {
        output: {
            "": lacking(interface.needs(output), fitted),
            **{name: lacking(interface.needs(output, name), fitted) for name in interface.classes(output)},
        }
        for output in interface.outputs
    }


def lacking(needs: Needs, fitted: Collection[str]) -> Lacks:
    """What alternative sets of columns lack; ``()`` when one is complete, or nothing is needed."""
    alternatives = [tuple(column for column in group if column not in fitted) for group in needs]
    if not alternatives or () in alternatives:
        return ()
    return tuple(sorted(dict.fromkeys(alternatives), key=len))
