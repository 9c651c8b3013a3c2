"""The feature list: what a package computes from a window, as a signed document.

Every operator of the closed set has three forms that a test holds equal: nodes
of the graph, numpy arrays, and one pass over the rows with a memory that does
not grow with the window.

A frame *counts* for a feature when its series is known there, all of ``when``
holds, and its row lies in ``[start, stop)``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from trivet.errors import DocumentError

FORMAT = 0

NAME = re.compile(r"[a-z][a-z0-9_]{0,99}")

SERIES_OPERATORS = frozenset({"known", "mean", "std", "min", "max", "first", "last", "sum", "slope", "rise"})
"""Over the counting frames of one series; all but ``known`` are NaN when there is none.

``std`` divides by the count; ``slope`` is least squares, in units per second; ``rise`` is last minus first.
"""

MASK_OPERATORS = frozenset({"duration", "share", "max_run", "starts", "onset"})
"""Over ``when`` itself; NaN when the series that it looks at are never known together.

``duration`` and ``max_run`` (longest unbroken stretch) are seconds, ``share`` is of the known frames,
``starts`` counts changes from a known false to true, ``onset`` is the seconds from ``start`` to the
first frame where it holds, NaN if it never does.
"""

DERIVED_OPERATORS: Mapping[str, int | None] = {
    "constant": 0,
    "ratio": 2,
    "difference": 2,
    "product": 2,
    "otherwise": 2,
    "total": None,
    "largest": None,
    "smallest": None,
    "hold_power": 4,
    "cool_down": 6,
    "cool_time": 6,
    "heat_up_time": 7,
}
"""Over other features and context inputs: number of sources, None for one or more."""

MEMORY_OPERATORS = frozenset({"residual", "z", "ewma", "drift"})
"""Against the machine's own past: see ``trivet.build.baseline``."""


@dataclass(frozen=True, slots=True)
class Series:
    """A sum of columns, made before any feature; NaN where one of them is.

    Attributes:
        name: Usable wherever a column is.
        plus: Columns or earlier series that are added.
        minus: Columns or earlier series that are taken away.
        over: Context input that the sum is divided by, or None.
        otherwise: Column or earlier series that stands in where the result is NaN, or None.
    """

    name: str
    plus: tuple[str, ...]
    minus: tuple[str, ...] = ()
    over: str | None = None
    otherwise: str | None = None


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition on one series; exactly one of ``states``, ``above`` and ``below`` is given.

    Attributes:
        series: Column or series.
        states: Whole-numbered codes, one of which it must have.
        above: It must be above this.
        below: It must be below this.
    """

    series: str
    states: tuple[float, ...] = ()
    above: float | None = None
    below: float | None = None

    def intervals(self) -> list[tuple[float, float]]:
        """Open intervals that do not meet, such that the condition holds inside one of them."""
        if self.above is not None:
            return [(self.above, float("inf"))]
        if self.below is not None:
            return [(float("-inf"), self.below)]
        runs: list[tuple[float, float]] = []
        for code in sorted(self.states):
            if runs and code - runs[-1][1] < 1:
                runs[-1] = (runs[-1][0], code + 0.5)
            else:
                runs.append((code - 0.5, code + 0.5))
        return runs


@dataclass(frozen=True, slots=True)
class Feature:
    """One number made from a window, the context or the machine's past.

    Attributes:
        name: Unique among features, and no context input has it.
        operator: One of the closed set.
        of: Series for a series operator; features or context inputs for the others; nothing for a mask operator.
        when: Conditions that must all hold in a frame for it to count.
        start: First row that can count.
        stop: Row before which it must lie, or None.
        value: Of ``constant``: the number. Of ``z`` and ``drift``: the smallest standard deviation to divide by.
        unit: UCUM code of the result.
    """

    name: str
    operator: str
    of: tuple[str, ...] = ()
    when: tuple[Condition, ...] = ()
    start: int = 0
    stop: int | None = None
    value: float | None = None
    unit: str = "1"


@dataclass(frozen=True, slots=True)
class Baseline:
    """How the machine's own past is kept.

    Attributes:
        windows: Accepted windows that make the baseline; it is frozen afterwards.
        least: Known values below which a baseline says nothing.
        slow: Time constant of ``ewma``, in windows.
        layout: Number of the state's layout; a new one resets the memory.
    """

    windows: int = 50
    least: int = 10
    slow: float = 50.0
    layout: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureList:
    """All features of a package.

    Attributes:
        frame: Step of the frame grid [s].
        length: Rows of a window.
        columns: Column names in tensor order.
        context: Context names in tensor order.
        features: In the order in which they can be computed: a source stands before its users.
    """

    frame: float
    length: int
    columns: tuple[str, ...]
    context: tuple[str, ...]
    features: tuple[Feature, ...]
    series: tuple[Series, ...] = ()
    baseline: Baseline = Baseline()

    def __post_init__(self) -> None:
        _check(self)

    def __getitem__(self, name: str) -> Feature:
        return next(feature for feature in self.features if feature.name == name)

    @property
    def names(self) -> tuple[str, ...]:
        """Feature names, in order."""
        return tuple(feature.name for feature in self.features)

    @property
    def remembered(self) -> tuple[str, ...]:
        """Features that have a baseline, in order of first use."""
        users = (f for f in self.features if f.operator in {"residual", "z", "drift"})
        return tuple(dict.fromkeys(f.of[0] for f in users))

    @property
    def averaged(self) -> tuple[str, ...]:
        """Features that have a slow mean, in order of first use."""
        users = (f for f in self.features if f.operator in {"ewma", "drift"})
        return tuple(dict.fromkeys(f.of[0] for f in users))

    def to_tree(self) -> dict[str, Any]:
        """The JSON tree; values at their defaults are left out."""
        return {"format": FORMAT, **_tree(self)}

    @classmethod
    def from_tree(cls, tree: Mapping[str, Any], where: str = "features.json") -> FeatureList:
        """The list that a JSON tree stands for.

        Raises:
            DocumentError: The tree is malformed, or of another format.
        """
        if tree.get("format") != FORMAT:
            raise DocumentError(f"format {tree.get('format')!r} of a feature list is unknown", where=where)
        try:
            return _list(tree)
        except (TypeError, KeyError, ValueError, AttributeError) as error:
            raise DocumentError(f"a feature list is malformed ({error})", where=where) from error


def _list(tree: Mapping[str, Any]) -> FeatureList:
    features = tuple(
        Feature(**{**_tuples(f), "when": tuple(Condition(**_tuples(c)) for c in f.get("when", ()))})
        for f in tree["features"]
    )
    series = tuple(Series(**_tuples(s)) for s in tree.get("series", ()))
    rest = {k: v for k, v in _tuples(tree).items() if k not in {"format", "features", "series", "baseline"}}
    return FeatureList(features=features, series=series, baseline=Baseline(**tree.get("baseline", {})), **rest)


def _tuples(tree: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in tree.items()}


def _tree(node: Any) -> Any:
    if isinstance(node, tuple):
        return [_tree(item) for item in node]
    if not hasattr(node, "__dataclass_fields__"):
        return node
    values = {field.name: getattr(node, field.name) for field in fields(node)}
    defaults = {field.name: field.default for field in fields(node)}
    return {name: _tree(value) for name, value in values.items() if value != defaults[name]}


def _check(features: FeatureList) -> None:
    known = [*features.columns]
    for series in features.series:
        sources = (*series.plus, *series.minus, *((series.otherwise,) if series.otherwise else ()))
        _require(series.name, sources, known, series.plus != ())
        _require(series.name, (series.over,) if series.over else (), features.context, series.name not in known)
        known.append(series.name)
    made = list(features.context)
    for feature in features.features:
        _check_feature(feature, known, made, features)
        made.append(feature.name)


def _check_feature(feature: Feature, series: Sequence[str], made: Sequence[str], features: FeatureList) -> None:
    name, operator = feature.name, feature.operator
    _require(name, (), (), name not in made and NAME.fullmatch(name) is not None)
    stop = features.length if feature.stop is None else feature.stop
    _require(name, (), (), 0 <= feature.start < stop <= features.length)
    for condition in feature.when:
        given = [condition.states != (), condition.above is not None, condition.below is not None]
        whole = all(code == int(code) for code in condition.states)
        _require(name, (condition.series,), series, given.count(True) == 1 and whole)
    if operator in SERIES_OPERATORS:
        _require(name, feature.of, series, len(feature.of) == 1)
    elif operator in MASK_OPERATORS:
        _require(name, (), (), feature.of == () and feature.when != ())
    elif operator in MEMORY_OPERATORS:
        floor = operator not in {"z", "drift"} or (feature.value or 0) > 0
        _require(name, feature.of, made, len(feature.of) == 1 and floor and not feature.when)
        _require(name, (), (), not remembers(features, feature.of[0]))
    elif operator in DERIVED_OPERATORS:
        arity = DERIVED_OPERATORS[operator]
        right = len(feature.of) == arity if arity is not None else len(feature.of) > 0
        _require(name, feature.of, made, right and (operator != "constant" or feature.value is not None))
    else:
        raise DocumentError(f"operator {operator!r} is not in the closed set", where=f"features.json: {name}")


def remembers(features: FeatureList, name: str) -> bool:
    """Whether a feature depends, however far back, on the machine's past."""
    by_name = {feature.name: feature for feature in features.features}
    feature = by_name.get(name)
    if feature is None or feature.operator in SERIES_OPERATORS | MASK_OPERATORS:
        return False
    return feature.operator in MEMORY_OPERATORS or any(remembers(features, source) for source in feature.of)


def _require(name: str, used: Sequence[str], known: Sequence[str], sound: bool) -> None:
    unknown = [source for source in used if source not in known]
    if unknown:
        raise DocumentError(f"{unknown[0]!r} is not known where it is used", where=f"features.json: {name}")
    if not sound:
        raise DocumentError(
            "a name is taken, or an argument is missing or of the wrong kind",
            where=f"features.json: {name}",
            hint="see the operators in trivet.build.features",
        )
