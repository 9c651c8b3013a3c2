"""Everything that can go wrong, on one page.

::

    TrivetError
    ├── DocumentError         a document is malformed or contradicts another
    ├── DataError             a recording cannot be read
    ├── DeviceError
    │   ├── AdapterError      no adapter, or its library is not installed
    │   ├── ConnectError      no controller answered
    │   └── ReadError         it refused, or answered nonsense   (also TimeoutError)
    ├── PackageError
    │   ├── FormatError       not a package, or over a limit
    │   ├── DigestError       bytes are not those the manifest names
    │   ├── SignatureError    unsigned, or a signature that does not verify
    │   ├── PolicyError       verified, but not admitted here
    │   └── RegistryError     a registry does not give or take it
    └── ModelError
        ├── GraphError        the ONNX graph breaks the contract
        ├── FidelityError     the graph disagrees with what it was made from
        └── LatencyError      over budget, and the caller asked for an error

A reading that is wrong is a value with a status, never an exception: these are
for "could not". Misuse by the caller is ``ValueError`` or ``TypeError``.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple


class Message(str):
    """An English sentence that remembers its template and its facts, so that it can be told in another language.

    Attributes:
        template: The sentence with a named field for each fact, as ``str.format`` has them.
        facts: Field name to fact; one may be a message itself.
    """

    __slots__ = ("facts", "template")

    template: str
    facts: Mapping[str, object]

    def __new__(cls, template: str, /, **facts: object) -> "Message":
        """A sentence out of its template and facts."""
        made = super().__new__(cls, template.format(**facts))
        made.template, made.facts = template, facts
        return made

    def __getnewargs_ex__(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return (self.template,), dict(self.facts)

    @classmethod
    def of(cls, text: str) -> "Message":
        """A text as a message: itself, or a sentence without facts."""
        return text if isinstance(text, Message) else cls(text.replace("{", "{{").replace("}", "}}"))

    @classmethod
    def joined(cls, texts: Sequence[str], template: str = "{first}, {then}") -> str:
        """Several texts in one, each of which may be a message; the template has ``first`` and ``then``."""
        first, *others = texts or ("",)
        for then in others:
            first = cls(template, first=first, then=then)
        return first

    def plain(self) -> dict[str, object]:
        """All facts by name, those of messages inside it in their place; the outermost has a name first."""
        inner = [fact.plain() for fact in self.facts.values() if isinstance(fact, Message)]
        own = {name: fact for name, fact in self.facts.items() if not isinstance(fact, Message)}
        return own | {name: fact for facts in inner for name, fact in facts.items() if name not in own}


class TrivetError(Exception):
    """Root of all errors raised by trivet.

    The text is one sentence: where, what, what to do next.

    Attributes:
        message: What is wrong, without a full stop.
        where: ``file:line:column``, ``device/point`` or package member; may be empty.
        hint: What to do next; may be empty.
        rule: Stable id of the broken rule, such as ``TRV-P003``; may be empty.
    """

    def __init__(self, message: str, *, where: str = "", hint: str = "", rule: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint
        self.rule = rule

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        remedy = f"; {self.hint}" if self.hint else ""
        rule = f" [{self.rule}]" if self.rule else ""
        return f"{place}{self.message}{remedy}{rule}"


class DocumentError(TrivetError):
    """A document is malformed, of an unknown format, or contradicts another.

    Attributes:
        findings: Everything that was noticed, the first of which is the error's own text; may be empty.
    """

    def __init__(
        self, message: str, *, where: str = "", hint: str = "", rule: str = "", findings: tuple["Finding", ...] = ()
    ) -> None:
        super().__init__(message, where=where, hint=hint, rule=rule)
        self.findings = findings

    @classmethod
    def of(cls, findings: Sequence["Finding"]) -> "DocumentError":
        """One error for at least one finding: it says the first and how many more there are."""
        first, more = findings[0], len(findings) - 1
        message = (
            Message("{first} (and {more} more)", first=Message.of(first.message), more=more) if more else first.message
        )
        return cls(message, where=first.where, hint=first.hint, rule=first.rule, findings=tuple(findings))


class DataError(TrivetError):
    """A recording or a data file cannot be read."""


class DeviceError(TrivetError):
    """Something about a controller could not be done."""


class AdapterError(DeviceError):
    """No adapter speaks this protocol, or its library is not installed."""


class ConnectError(DeviceError):
    """No controller answered."""


class ReadError(DeviceError, TimeoutError):
    """A controller refused a read, did not answer in time, or answered nonsense."""


class PackageError(TrivetError):
    """A package cannot be used."""


class FormatError(PackageError):
    """The file is not a package, or is over a limit."""


class DigestError(PackageError):
    """Bytes are not those that the manifest names."""


class SignatureError(PackageError):
    """There is no signature, or one does not verify."""


class PolicyError(PackageError):
    """The package verifies but is not admitted here."""


class RegistryError(PackageError):
    """A registry does not give or take a package."""


class ModelError(TrivetError):
    """A model cannot be used."""


class GraphError(ModelError):
    """The ONNX graph breaks the graph contract."""


class FidelityError(ModelError):
    """The graph does not answer as the thing it was made from."""


class LatencyError(ModelError):
    """A prediction was over its budget, and the caller asked for that to be an error."""


class Finding(NamedTuple):
    """One thing that a check noticed.

    Attributes:
        rule: Stable id, such as ``TRV-I012``.
        where: ``file:line:column``, ``device/point`` or package member.
        message: What is wrong, one sentence without a full stop.
        hint: What to do about it.
        severity: ``error``, ``warning`` or ``note``.
    """

    rule: str
    where: str
    message: str
    hint: str = ""
    severity: str = "error"

    def __str__(self) -> str:
        remedy = f"; {self.hint}" if self.hint else ""
        return f"{self.where}: {self.severity}: {self.message}{remedy} [{self.rule}]"
