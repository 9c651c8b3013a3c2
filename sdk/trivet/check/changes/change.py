"""One change, and how two parts are compared."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, TypeVar

from trivet.interface.parsed import Path

T = TypeVar("T")

LEVELS = ("FIRMWARE", "WIRE", "DATA", "MODEL")
"""What a change can break, the widest promise first: compiled programs, names, numbers, packages."""

Span = tuple[float, float]


class Change(NamedTuple):
    """One change.

    Attributes:
        rule: Id of its rule, which says what it breaks and why.
        path: Place in the new document; in the old one where it was removed.
        old: The part before, None where there was none.
        new: The part after, None where there is none.
        detail: What is special about this one, such as a factor.
    """

    rule: str
    path: Path
    old: Any = None
    new: Any = None
    detail: str = ""


def differs(rule: str, path: Path, old: Any, new: Any, detail: str = "") -> Iterator[Change]:
    """One change when two parts are unequal."""
    if old != new:
        yield Change(rule, path, old, new, detail)


def moved(lower: str, higher: str, path: Path, old: float | None, new: float | None, none: float) -> Iterator[Change]:
    """A number that went down or up; ``none`` is what its absence counts as."""
    before, after = (none if old is None else old), (none if new is None else new)
    if before != after:
        yield Change(lower if after < before else higher, path, old, new)


def spanned(narrower: str, wider: str, path: Path, old: Span | None, new: Span | None) -> Iterator[Change]:
    """A range that excludes something it did not, or only admits more; None is no limit."""
    if old == new:
        return
    endless = (float("-inf"), float("inf"))
    before, after = old or endless, new or endless
    excludes = after[0] > before[0] or after[1] < before[1]
    yield Change(narrower if excludes else wider, path, _plain(old), _plain(new))


def grouped(
    path: Path,
    old: Mapping[str, T],
    new: Mapping[str, T],
    removed: str,
    added: str,
    each: Callable[[Path, T, T], Iterator[Change]],
) -> Iterator[Change]:
    """Named parts: those that went, those that came, and what changed in those that stayed."""
    for name, part in old.items():
        if name in new:
            yield from each((*path, name), part, new[name])
        else:
            yield Change(removed, (*path, name), old=_named(part))
    for name, part in new.items():
        if name not in old:
            yield Change(added, (*path, name), new=_named(part))


def _named(part: object) -> Any:
    """A part as messages show it: plain values as they are, whole documents by their presence."""
    return part if isinstance(part, (str, int, float)) else True


def _plain(span: Span | None) -> list[float] | None:
    return None if span is None else list(span)
