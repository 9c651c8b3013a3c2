"""The pieces that AAS submodels are made of, as JSON of the metamodel 3.0."""

from __future__ import annotations

import re
from typing import Any

from trivet.export.parcel import Parcel

Tree = dict[str, Any]
PRODUCT = "0112/2///61987#ABN590#002 "  # the templates have the blank at its end
VERSION = "0173-1#02-AAS354#002"


class Template:
    """Makes elements with the semantic ids of one IDTA template.

    Attributes:
        root: Begins the semantic ids of its elements.
    """

    def __init__(self, name: str) -> None:
        self.root = f"https://admin-shell.io/idta/{name}/"
        self._submodel = f"https://admin-shell.io/idta/SubmodelTemplate/{name}/1/0"

    def submodel(self, parcel: Parcel, name: str, elements: list[Tree], model: bool = False) -> Tree:
        """The submodel; one template refers to itself as to a model, the others globally."""
        key = {"type": "Submodel" if model else "GlobalReference", "value": self._submodel}
        return {
            "modelType": "Submodel",
            "id": f"{parcel.urn}#{name}",
            "idShort": name,
            "administration": {"version": "1", "revision": "0"},
            "semanticId": {"type": "ModelReference" if model else "ExternalReference", "keys": [key]},
            "submodelElements": elements,
        }

    def meaning(self, path: str) -> Tree:
        """A semantic id: a path below the template's root, or another dictionary's id as it stands."""
        foreign = path.startswith(("0112/", "0173-"))
        return glob(path if foreign else f"{self.root}{path}/1/0")

    def element(self, kind: str, name: str, path: str, **more: Any) -> Tree:
        """Any element."""
        return {"modelType": kind, "idShort": id_short(name), "semanticId": self.meaning(path), **more}

    def property(self, name: str, path: str, value: str) -> Tree:
        """A text; everything is text in these templates."""
        return self.element("Property", name, path, valueType="xs:string", value=value)

    def text(self, name: str, path: str, value: str) -> Tree:
        """A text that may be there in several languages."""
        return self.element("MultiLanguageProperty", name, path, value=[{"language": "en", "text": value[:1023]}])

    def collection(self, name: str, path: str, elements: list[Tree]) -> Tree:
        """Elements under a name; JSON of the metamodel has no empty list."""
        return self.element("SubmodelElementCollection", name, path, **({"value": elements} if elements else {}))

    def reference(self, name: str, path: str, value: Tree | None) -> Tree:
        """A reference, or one that leads nowhere."""
        return self.element("ReferenceElement", name, path, **({"value": value} if value else {}))

    def file(self, name: str, path: str, kind: str, value: str) -> Tree:
        """A file inside the container."""
        return self.element("File", name, path, contentType=kind, value=value)

    def contact(self, parcel: Parcel, path: str) -> Tree:
        """Who hands the package on; leads nowhere when nobody was named."""
        return self.reference("ContactInformation", path, glob(parcel.supplier) if parcel.supplier else None)

    def facts(self, path: str, facts: list[tuple[str, str]]) -> list[Tree]:
        """Free properties of one semantic id, named after the facts."""
        return [self.property(name, path, value) for name, value in _unique(facts)]


def glob(value: str) -> Tree:
    """A reference to something outside the environment."""
    return {"type": "ExternalReference", "keys": [{"type": "GlobalReference", "value": value}]}


def to_submodel(parcel: Parcel, name: str) -> Tree:
    """A reference to another submodel of the same container."""
    return {"type": "ModelReference", "keys": [{"type": "Submodel", "value": f"{parcel.urn}#{name}"}]}


def id_short(name: str) -> str:
    """A name as idShort allows it: letters, digits, underscore, a letter first, at most 128."""
    plain = re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_")
    return (plain if plain[:1].isalpha() else f"n_{plain}")[:128].rstrip("_")


def _unique(facts: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The facts under names that stay different as idShorts."""
    seen: set[str] = set()
    found = []
    for number, (name, value) in enumerate(facts):
        short = id_short(name)
        if short in seen:
            short = f"{short[:120]}_{number}"
        seen.add(short)
        found.append((short, value))
    return found
