"""A package as the exporters see it: tensors with shapes, columns with units, evidence as flat facts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice, starmap
from typing import Any, NamedTuple
from uuid import NAMESPACE_URL, uuid5

from trivet import canonical
from trivet.errors import FormatError
from trivet.interface.columns import columns
from trivet.interface.document import Interface
from trivet.interface.load import load
from trivet.package.archive import Package
from trivet.package.graph import check_contract, walk
from trivet.package.provenance import Material, read_provenance
from trivet.package.tree import LARGEST, parse

MOST_FACTS = 512
"""Facts of one piece of evidence that an export repeats; the digest stands for the others."""


class Tensor(NamedTuple):
    """An input or output, float32.

    Attributes:
        name: Of the port.
        shape: (batch, ...); the batch is -1.
        meanings: One text for each number along the last axis: column with unit, class, or field of the memory.
    """

    name: str
    shape: tuple[int, ...]
    meanings: tuple[str, ...]

    @property
    def form(self) -> str:
        """For people, such as ``float32 (batch, 30, 6)``."""
        return f"float32 ({', '.join('batch' if size < 0 else str(size) for size in self.shape)})"


class Parcel(NamedTuple):
    """What is exported.

    Attributes:
        package: All digests checked; who signed it is not asked.
        interface: The package's own.
        moment: Stands where a format demands a time; UTC.
        supplier: Who hands the package on, or empty.
    """

    package: Package
    interface: Interface
    moment: datetime
    supplier: str = ""

    @property
    def name(self) -> str:
        """The package's name."""
        return self.package.manifest.name

    @property
    def version(self) -> str:
        """The package's version."""
        return self.package.manifest.version

    @property
    def kinds(self) -> list[str]:
        """What the outputs are, such as ``classes`` and ``novelty``."""
        specs = self.interface.outputs
        return sorted({specs[port.name].kind for port in self.package.manifest.outputs if port.name in specs})

    @property
    def stem(self) -> str:
        """Begins the file names."""
        return f"{self.name}-{self.version}"

    @property
    def urn(self) -> str:
        """Names this very package."""
        return f"urn:trivet:package:{self.name}:{self.version}:sha256:{self.package.digest}"

    @property
    def uuid(self) -> str:
        """The same as a UUID (RFC 9562, version 5)."""
        return str(uuid5(NAMESPACE_URL, self.urn))

    @property
    def time(self) -> str:
        """The moment as RFC 3339 has it, to the second."""
        return self.moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    @property
    def columns(self) -> list[tuple[str, str]]:
        """Columns of the input ``window`` in tensor order, with their UCUM units."""
        signals = columns(self.interface)
        return [(name, signals[name].unit if name in signals else "1") for name in self.package.manifest.columns]

    @property
    def context(self) -> list[tuple[str, str]]:
        """Numbers of the input ``context`` in tensor order, with their UCUM units."""
        units = {name: parameter.unit for name, parameter in self.interface.parameters.items()} | {"elapsed": "s"}
        return [(name, units.get(name, "1")) for name in self.package.manifest.context]

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        """In the graph contract's order."""
        window, context = (tuple(starmap(_with_unit, pairs)) for pairs in (self.columns, self.context))
        found = [
            Tensor("window", (-1, self.package.manifest.length, len(window)), window),
            Tensor("context", (-1, len(context)), context),
        ]
        return (*found, *self._memory("state"))

    @property
    def outputs(self) -> tuple[Tensor, ...]:
        """In the manifest's order."""
        found = []
        for port in self.package.manifest.outputs:
            spec = self.interface.outputs.get(port.name)
            meanings = port.classes or (_with_unit(port.name, spec.unit if spec else "1"),)
            found.append(Tensor(port.name, (-1, len(meanings)), meanings))
        return (*found, *self._memory("next_state"))

    def _memory(self, name: str) -> tuple[Tensor, ...]:
        state = self.package.manifest.state
        if state is None:
            return ()
        fields = tuple(_with_unit(field.name, field.unit) for field in state.fields)
        return (Tensor(name, (-1, len(fields)), fields),)

    @property
    def materials(self) -> tuple[Material, ...]:
        """What training was done with, as the package's provenance names it; empty when it names nothing."""
        found = read_provenance(self.package)
        return found.materials if found else ()

    def evidence(self, name: str) -> dict[str, Any]:
        """A piece of evidence as a tree; empty when there is none of that name, or none that is an object."""
        path = f"evidence/{name}.json"
        content = self.package.members.get(path)
        if content is None or len(content) > LARGEST:
            return {}
        tree = parse(bytes(content), path, FormatError, "TRV-P023").value
        return tree if isinstance(tree, dict) else {}

    def facts(self, name: str) -> list[tuple[str, str]]:
        """The leaves of a piece of evidence: path such as ``plants.taught``, and text."""
        return flat(self.evidence(name))


def flat(tree: Any) -> list[tuple[str, str]]:
    """The leaves of a JSON tree as texts, so many of them: what is no text is spelled as JSON spells it."""
    found = islice(_leaves(tree, ""), MOST_FACTS)
    return [(path, leaf if isinstance(leaf, str) else canonical.dumps(leaf).decode()) for path, leaf in found]


def parcel_of(package: Package, moment: datetime, supplier: str = "") -> Parcel:
    """A package ready for export.

    Raises:
        TrivetError: Its graph or interface is one that admission would refuse; nothing of it goes into other hands.
    """
    check_contract(walk(package.members["model.onnx"]), package.manifest)
    tree = parse(package.member("interface.json"), "interface.json", FormatError, "TRV-P023").value
    return Parcel(package, load(tree, Interface, where="interface.json"), moment, supplier)


def _with_unit(name: str, unit: str) -> str:
    return name if unit == "1" else f"{name} [{unit}]"


def _leaves(node: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(node, dict):
        for key in sorted(node):
            yield from _leaves(node[key], f"{path}.{key}".lstrip("."))
    elif isinstance(node, list):
        for number, item in enumerate(node):
            yield from _leaves(item, f"{path}.{number}".lstrip("."))
    else:
        yield path, node
