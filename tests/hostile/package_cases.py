"""What every table of hostile packages consists of."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from trivet.package.keys import PrivateKey, PublicKey, public_key


class Keys(NamedTuple):
    """Signers: all but ``stranger`` are trusted."""

    oem: PrivateKey
    plant: PrivateKey
    stranger: PrivateKey
    lab: PrivateKey

    @property
    def trusted(self) -> tuple[PublicKey, ...]:
        return public_key(self.oem), public_key(self.plant), public_key(self.lab)


class Case(NamedTuple):
    """One file that must be refused.

    Attributes:
        name: Kebab case; unique.
        rule: Rule that it breaks.
        build: Makes the file.
        unsigned: Whether it is refused even where unsigned packages are admitted.
    """

    name: str
    rule: str
    build: Callable[[Keys], bytes]
    unsigned: bool = True


def plain(name: str, rule: str, build: Callable[[], bytes]) -> Case:
    """A case that needs no key."""
    return Case(name, rule, lambda _: build())
