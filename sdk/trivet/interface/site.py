"""The site document: a kitchen's opening hours, tariff, power limit and appliances."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from trivet.errors import Message
from trivet.interface.document import STRICT, Labels

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

_CLOCK = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """A stretch of a day, in the site's time zone.

    Attributes:
        days: Days of the week it is on; empty means every day.
        start: ``HH:MM``, 24 hours.
        end: ``HH:MM``; not after ``start`` means on the next day.
    """

    __pydantic_config__ = STRICT

    start: str
    end: str
    days: tuple[Day, ...] = ()

    def __post_init__(self) -> None:
        for text in (self.start, self.end):
            if not _CLOCK.fullmatch(text):
                raise ValueError(Message("{text!r} is not a time of day such as '06:30'", text=text))


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariff:
    """A price of energy while it holds; the first tariff that holds counts.

    Attributes:
        price: For each kW.h, in the site's currency.
        hours: When it holds; empty means always.
    """

    __pydantic_config__ = STRICT

    price: float
    hours: tuple[Hours, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerLimit:
    """The most that a site may draw, as a mean over ``seconds``; ``limit`` is in W."""

    __pydantic_config__ = STRICT

    limit: float
    seconds: float = 900.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """How many orders an hour an appliance may expect while it holds; the first demand that holds counts.

    Attributes:
        orders: For each hour.
        hours: When it holds; empty means always.
    """

    __pydantic_config__ = STRICT

    orders: float
    hours: tuple[Hours, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What an appliance's maker allows; what is not declared is not checked.

    Attributes:
        lowest: Least set-point [degC].
        highest: Highest set-point and temperature, as of oil [degC].
        ramp: Fastest change of temperature [K/s].
        switchings: Most switchings of the contactor within an hour.
        humidity: Least chamber humidity [%].
    """

    __pydantic_config__ = STRICT

    lowest: float | None = None
    highest: float | None = None
    ramp: float | None = None
    switchings: float | None = None
    humidity: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """An appliance of a site.

    Attributes:
        device: Path of its device document.
        priority: The higher, the later it is asked to yield.
        shed: Whether advice may ask it to yield at all.
        demand: Expected orders; empty means that it is needed at any time while the kitchen is open.
        setpoint: Temperature at which it is used [degC]; needed only to keep ``limits``.
        limits: What advice has to keep.
    """

    __pydantic_config__ = STRICT

    device: str
    priority: int = 0
    shed: bool = True
    demand: tuple[Demand, ...] = ()
    setpoint: float | None = None
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A kitchen: when it is open, what energy costs, what it may draw, and what stands in it.

    Attributes:
        kind: Always ``site``.
        format: Number of the document format.
        id: Kebab-case name.
        time_zone: IANA name.
        currency: ISO 4217 code of the prices, or empty.
        opening: When the kitchen works.
        members: Appliance name to appliance.
    """

    __pydantic_config__ = STRICT

    kind: Literal["site"]
    format: Literal[0]
    id: str
    title: Labels
    time_zone: str
    members: Mapping[str, Member]
    currency: str = ""
    opening: tuple[Hours, ...] = ()
    tariffs: tuple[Tariff, ...] = ()
    power_limit: PowerLimit | None = None
    note: str = ""
