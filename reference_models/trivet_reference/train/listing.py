"""Writing feature lists without repeating oneself."""

from __future__ import annotations

from collections.abc import Sequence

from trivet.build.features import Baseline, Condition, Feature, FeatureList, Series


def within(series: str, *states: float) -> Condition:
    """The series has one of these codes."""
    return Condition(series, states=states)


def above(series: str, limit: float) -> Condition:
    """The series is above a limit."""
    return Condition(series, above=limit)


def below(series: str, limit: float) -> Condition:
    """The series is below a limit."""
    return Condition(series, below=limit)


class Listing:
    """Features and series in the order in which they are written.

    Attributes:
        features: So far.
        series: So far.
    """

    def __init__(self, start: int = 0) -> None:
        """Begins a list whose windowed features count from row ``start`` unless told otherwise."""
        self.features: list[Feature] = []
        self.series: list[Series] = []
        self._start = start

    def made(
        self, name: str, *plus: str, minus: Sequence[str] = (), over: str | None = None, otherwise: str | None = None
    ) -> str:
        """Adds a series."""
        self.series.append(Series(name, plus, tuple(minus), over, otherwise))
        return name

    def add(
        self,
        name: str,
        operator: str,
        *of: str,
        when: Sequence[Condition] = (),
        start: int | None = None,
        stop: int | None = None,
        value: float | None = None,
        unit: str = "1",
    ) -> str:
        """Adds a feature."""
        first = 0 if start is None and not self._windowed(operator) else (self._start if start is None else start)
        self.features.append(Feature(name, operator, of, tuple(when), first, stop, value, unit))
        return name

    def summarise(self, name: str, series: str, *operators: str, when: Sequence[Condition] = ()) -> None:
        """Adds several series features ``name_operator``."""
        for operator in operators:
            self.add(f"{name}_{operator}", operator, series, when=when)

    def remember(self, name: str, floor: float, *operators: str) -> None:
        """Adds ``name_operator`` for memory operators, with the smallest standard deviation to divide by."""
        for operator in operators:
            self.add(f"{name}_{operator}", operator, name, value=floor if operator in {"z", "drift"} else None)

    def listed(
        self, frame: float, length: int, columns: Sequence[str], context: Sequence[str], baseline: Baseline
    ) -> FeatureList:
        """The whole list."""
        return FeatureList(
            frame=frame,
            length=length,
            columns=tuple(columns),
            context=tuple(context),
            features=tuple(self.features),
            series=tuple(self.series),
            baseline=baseline,
        )

    @staticmethod
    def _windowed(operator: str) -> bool:
        from trivet.build.features import MASK_OPERATORS, SERIES_OPERATORS

        return operator in SERIES_OPERATORS | MASK_OPERATORS
