"""What frozen, slotted dataclasses have in common, written once instead of for each.

``dataclass`` would write and compile their methods anew for each class, which is nine tenths
of what importing the documents would cost, and every model that is loaded waits for that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, Field, FrozenInstanceError, dataclass, field
from typing import ClassVar, TypeVar, dataclass_transform

T = TypeVar("T")


class Plain:
    """A frozen document, which is made, compared, printed and copied by its fields."""

    __slots__: tuple[str, ...] = ()
    __dataclass_fields__: ClassVar[dict[str, Field[object]]]

    def __init__(self, **values: object) -> None:
        for name, spec in self.__dataclass_fields__.items():
            if name not in values:
                values[name] = spec.default if spec.default_factory is MISSING else spec.default_factory()
                if values[name] is MISSING:
                    raise TypeError(f"{type(self).__qualname__} wants {name!r}")
        self.__setstate__(values)
        self.__post_init__()

    def __post_init__(self) -> None:
        """Refuses values that contradict each other, with a ``ValueError``."""

    def __setattr__(self, name: str, value: object) -> None:
        raise FrozenInstanceError(f"{name!r} of {type(self).__qualname__} cannot be set")

    def __delattr__(self, name: str) -> None:
        raise FrozenInstanceError(f"{name!r} of {type(self).__qualname__} cannot be deleted")

    def __getstate__(self) -> dict[str, object]:
        return {name: getattr(self, name) for name in self.__slots__}

    def __setstate__(self, values: Mapping[str, object]) -> None:
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def __eq__(self, other: object) -> bool:
        return self._values() == other._values() if type(other) is type(self) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._values())

    def __repr__(self) -> str:
        return f"{type(self).__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in self.__slots__)})"

    def _values(self) -> tuple[object, ...]:
        return tuple(getattr(self, name) for name in self.__slots__)


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
def document(cls: type[T]) -> type[T]:
    """A frozen, slotted dataclass whose fields are given by name and whose methods are those of ``Plain``."""
    return dataclass(slots=True, kw_only=True, init=False, eq=False, repr=False)(cls)
