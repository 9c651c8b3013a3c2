"""The interface document: what a scenario's signals, windows, outputs and rules are.

Frozen dataclasses, built alike by ``parse`` (YAML, for authors) and ``load``
(canonical JSON out of a verified package). Durations are seconds; ``length``,
``every`` and ``pre`` count frames. Order in a document never has meaning.

Annotations are evaluated here, once and from bytecode: ``load`` needs them as types.
"""

from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import Literal

from trivet.errors import Message
from trivet.interface.plain import Plain, document

STRICT = {"extra": "forbid"}

Labels = Mapping[str, str]
Needs = tuple[tuple[str, ...], ...]


@document
class Repeat(Plain):
    """A signal of which an appliance may have several.

    Attributes:
        max: Number of fixed columns, ``name_1`` to ``name_max``.
        count: Signal that says how many are fitted, or None.
    """

    __pydantic_config__ = STRICT

    max: int
    count: str | None = None


@document
class FrozenAfter(Plain):
    """When an unchanging value is a sensor fault.

    Attributes:
        seconds: Time without any change [s].
        signal: Enumerated signal that must hold one of ``states`` meanwhile.
        states: State names.
    """

    __pydantic_config__ = STRICT

    seconds: float
    signal: str | None = None
    states: tuple[str, ...] = ()


@document
class Signal(Plain):
    """One quantity of an appliance.

    Attributes:
        unit: UCUM code; temperature differences are in K; ``1`` for states and counts.
        range: Outside it a value is physically impossible.
        period: Expected time between values [s].
        max_age: Oldest confirmation that still counts [s].
        role: ``input`` may enter a feature, ``label`` never does, ``context`` explains.
        resolution: Coarsest step the outputs tolerate, in ``unit``.
        max_rate: Fastest plausible change, in ``unit`` per second.
        counter: Wraps and resets; enters the tensor as its increase per frame.
        enumeration: Code (as text) to state name.
        resample: How the samples of one frame become one value.
        uncertain: What to do with a value of Uncertain quality.
        same_as: Appliance type to the companion-specification name it equals.
        label: Language tag to a name for people.
    """

    __pydantic_config__ = STRICT

    unit: str
    range: tuple[float, float]
    period: float
    max_age: float
    role: Literal["input", "label", "context"] = "input"
    resolution: float | None = None
    max_rate: float | None = None
    counter: bool = False
    enumeration: Mapping[str, str] = field(default_factory=dict)
    repeat: Repeat | None = None
    resample: Literal["last", "mean", "sum", "max"] = "last"
    uncertain: Literal["accept", "flag", "drop"] = "accept"
    frozen_after: FrozenAfter | None = None
    same_as: Mapping[str, str] = field(default_factory=dict)
    label: Labels = field(default_factory=dict)
    note: str = ""


@document
class Parameter(Plain):
    """A constant of one appliance: from the nameplate, an engineer or identification."""

    __pydantic_config__ = STRICT

    unit: str
    range: tuple[float, float]
    label: Labels = field(default_factory=dict)
    note: str = ""


MOST_CONSUMERS = 6
"""That a condition looks beside, since all their sums are looked at."""


@document
class When(Plain):
    """A condition on one signal; exactly one of ``states``, ``above`` and ``below`` is given.

    Attributes:
        signal: Signal name.
        states: Holds while the signal is in one of these states.
        above: Holds while the value is above this, in the signal's unit.
        below: Holds while the value is below this.
        hold: For how long it must hold [s]; the condition counts from where it began to hold.
        beside: What consumers add to the value while they are on, in the signal's unit. They switch as they like: the
            condition looks at the rest, which is left when the largest sum of them that fits is taken away.
        run_on: For how long a cycle goes on after its closing condition began to hold [s].
    """

    __pydantic_config__ = STRICT

    signal: str
    states: tuple[str, ...] = ()
    above: float | None = None
    below: float | None = None
    hold: float = 0.0
    beside: tuple[float, ...] = ()
    run_on: float = 0.0

    def __post_init__(self) -> None:
        if bool(self.states) + (self.above is not None) + (self.below is not None) != 1:
            raise ValueError(Message("must have exactly one of `states`, `above` and `below`"))
        if len(self.beside) > MOST_CONSUMERS:
            raise ValueError(Message("must have at most {most} consumers in `beside`", most=MOST_CONSUMERS))

    @property
    def threshold(self) -> float | None:
        """``above`` or ``below``, whichever is given."""
        return self.below if self.above is None else self.above


def sums(consumers: Iterable[float]) -> list[float]:
    """What any of some consumers add up to, sorted; nothing first."""
    made = {0.0}
    for consumer in consumers:
        made |= {known + consumer for known in made}
    return sorted(made)


@document
class WindowSpec(Plain):
    """How frames become model windows.

    Attributes:
        kind: ``sliding`` or ``cycle``.
        length: Frames in a window.
        every: Frames between two sliding windows.
        opens_when: Alternatives; the first whose signal is fitted is used.
        closes_when: Likewise. A cycle ends where its closing condition began to hold.
        pre: Frames kept from before the opening.
        overlong: What happens to a cycle of more than ``length`` frames.
        max_missing: Largest share of frames between open and close that a needed signal may have lost.
        expect_within: Longest silence [s] before a ``no_window`` line, or None.
    """

    __pydantic_config__ = STRICT

    kind: Literal["sliding", "cycle"]
    length: int
    every: int = 1
    opens_when: tuple[When, ...] = ()
    closes_when: tuple[When, ...] = ()
    pre: int = 0
    overlong: Literal["head", "tail", "withhold"] = "withhold"
    max_missing: float = 0.2
    expect_within: float | None = None


@document
class OutputClass(Plain):
    """One class of an output.

    Attributes:
        id: Number that never changes its meaning; also the order of the tensor's columns.
        needs: Alternative sets of signals or tiers; empty means those of the output.
        label: Language tag to a name for people.
        remedy: Language tag to what a plant engineer should do about it.
    """

    __pydantic_config__ = STRICT

    id: int
    needs: Needs = ()
    label: Labels = field(default_factory=dict)
    remedy: Labels = field(default_factory=dict)


@document
class Output(Plain):
    """One thing a model says.

    Attributes:
        kind: ``novelty``, ``score`` and ``quantity`` have one column; ``classes``, ``actions`` one a class.
        window: Name of the window that it is made from.
        unit: UCUM code; ``1`` for scores and probabilities.
        range: Outside it the output is not believed.
        needs: Alternative sets of signals or tiers.
        classes: Class name to class; for ``classes`` these include ``unknown``.
        classes_of: Another output whose classes this one shares, instead of ``classes``.
        horizon: For forecasts, ``{racks: 50}`` or ``{seconds: 86400}``.
        baseline: Accepted windows before it can be trusted; ``learning n/N`` until then.
        limit: For ``novelty``: above it the window is unlike what the model knows.
    """

    __pydantic_config__ = STRICT

    kind: Literal["novelty", "score", "quantity", "classes", "actions"]
    window: str
    unit: str = "1"
    range: tuple[float, float] | None = None
    needs: Needs = ()
    classes: Mapping[str, OutputClass] = field(default_factory=dict)
    classes_of: str | None = None
    horizon: Mapping[str, float] = field(default_factory=dict)
    baseline: int = 0
    limit: float | None = None
    label: Labels = field(default_factory=dict)


@document
class Guard(Plain):
    """A condition under which an output is withheld, or advice vetoed.

    Attributes:
        check: One of a closed list.
        action: ``withhold`` gives null with a reason; ``veto`` forbids an advice.
        outputs: Outputs it stands before; empty means all.
        signals: Signals it looks at; empty means those that the outputs need.
        limit: Threshold, where the check has one.
        parameters: Further numbers of a named veto.
    """

    __pydantic_config__ = STRICT

    check: Literal[
        "missing",
        "stale",
        "bad",
        "novelty_above",
        "not_finite",
        "out_of_range",
        "running_programme",
        "lethality",
        "hot_holding",
        "ramp",
        "switching",
    ]
    action: Literal["withhold", "veto"] = "withhold"
    outputs: tuple[str, ...] = ()
    signals: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    limit: float | None = None
    parameters: Mapping[str, float] = field(default_factory=dict)


@document
class Level(Plain):
    """When a decision state is entered and left; ``clear`` is below ``raise_at``."""

    __pydantic_config__ = STRICT

    raise_at: float
    clear_at: float


@document
class FalseAlarms(Plain):
    """The false-alarm budget that a decision was tuned for: at most ``count`` in ``seconds``."""

    __pydantic_config__ = STRICT

    count: float
    seconds: float


@document
class DecisionRule(Plain):
    """How an output becomes a state.

    Attributes:
        output: Output it reads.
        classes: Classes that can raise it; empty means all but ``none`` and ``unknown``.
        watch: Level of ``watch``.
        act: Level of ``act``.
        confirm: Consecutive windows that must agree before the state goes up.
        hold: Shortest time that a state is kept before it goes down [s].
        false_alarms: Budget that the levels were tuned for.
    """

    __pydantic_config__ = STRICT

    output: str
    watch: Level
    act: Level
    classes: tuple[str, ...] = ()
    confirm: int = 1
    hold: float = 0.0
    false_alarms: FalseAlarms | None = None


@document
class BudgetRow(Plain):
    """A latency limit on one class of hardware.

    Attributes:
        architecture: As ``platform.machine()`` names it, or ``*``.
        cpu: CPU model, or ``*``.
        cores: Least number of cores.
        stage: ``predict``: one device, guard and decision included.
        percentile: Such as 99.
        limit: Upper limit [s].
    """

    __pydantic_config__ = STRICT

    architecture: str
    cpu: str
    cores: int
    stage: str
    percentile: float
    limit: float


@document
class Fallback(Plain):
    """What a consumer does when an output is withheld.

    Attributes:
        action: ``none`` changes nothing at the appliance; ``vendor`` trusts the controller's own alarms.
        text: Language tag to a sentence for people.
    """

    __pydantic_config__ = STRICT

    action: Literal["none", "vendor"]
    text: Labels = field(default_factory=dict)


@document
class Interface(Plain):
    """A scenario's interface.

    Attributes:
        kind: Always ``interface``.
        format: Number of the document format; 0 until the first stable release.
        id: Kebab-case name.
        version: Semantic version of this interface.
        frame: Step of the frame grid [s].
        settle: How long after its end a frame waits for late samples [s].
        tiers: Named sets of signals, usable in ``needs``.
    """

    __pydantic_config__ = STRICT

    kind: Literal["interface"]
    format: Literal[0]
    id: str
    version: str
    title: Labels
    frame: float
    settle: float
    signals: Mapping[str, Signal]
    windows: Mapping[str, WindowSpec]
    outputs: Mapping[str, Output]
    fallback: Fallback
    budget: tuple[BudgetRow, ...]
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    tiers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    guards: tuple[Guard, ...] = ()
    decisions: Mapping[str, DecisionRule] = field(default_factory=dict)
    note: str = ""

    def classes(self, output: str) -> Mapping[str, OutputClass]:
        """Classes of an output by name; empty for outputs with one column."""
        spec = self.outputs[output]
        return self.outputs[spec.classes_of].classes if spec.classes_of else spec.classes

    def needs(self, output: str, cls: str | None = None) -> Needs:
        """Alternative sets of signals that an output, or one class of it, needs, with tiers spelt out."""
        raw = (self.classes(output)[cls].needs if cls is not None else ()) or self.outputs[output].needs
        return tuple(tuple(s for name in group for s in self.tiers.get(name, (name,))) for group in raw)
