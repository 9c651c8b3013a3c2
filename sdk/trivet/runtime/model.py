"""The model of one verified package: windows in, guarded predictions out."""

from __future__ import annotations

from collections.abc import Mapping
from time import perf_counter_ns
from typing import TYPE_CHECKING

import numpy as np

from trivet.errors import GraphError
from trivet.interface.document import Interface
from trivet.package.manifest import Manifest
from trivet.runtime.guard import Guard, Verdict
from trivet.runtime.predictions import Predictions
from trivet.runtime.session import Session
from trivet.window.windows import Windows

if TYPE_CHECKING:
    from pathlib import Path

    from trivet.package.standing import Kept
    from trivet.runtime.veto import Vetoes
    from trivet.signals import Float32s

MANY = 16
"""From this batch on, rows are looked at together first."""

LEARNED = "windows"
"""Name of the state field that counts accepted windows."""


class Model:
    """One package, ready to judge windows.

    Attributes:
        manifest: The package's contract.
        interface: The package's own interface, the one that is executed.
        digest: Package digest: SHA-256 of the manifest.
        signer: Name of the trusted signer, or None when it runs unsigned.
        development: Whether only a developer's signature admits it.
        lists: Lists of revocations that were asked when it was admitted.
    """

    def __init__(
        self,
        manifest: Manifest,
        interface: Interface,
        model: bytes,
        digest: str,
        signer: str | None,
        development: bool = False,
        lists: tuple[Kept, ...] = (),
    ) -> None:
        self.manifest = manifest
        self.interface = interface
        self.digest = digest
        self.signer = signer
        self.development = development
        self.lists = lists
        self.ports = {port.name: port.classes for port in manifest.outputs}
        names = [*self.ports, *(["next_state"] if manifest.state else [])]
        self._session = Session(model, names)
        self._guard = Guard(interface, manifest)
        self._vetoes = _vetoes(interface, manifest)
        self._shape = (manifest.length, len(manifest.columns))
        fields = manifest.state.fields if manifest.state else ()
        self._initial = np.array([[field.initial for field in fields]], np.float32)
        self._learned = next((n for n, field in enumerate(fields) if field.name == LEARNED), None)

    @classmethod
    def load(
        cls,
        source: str | Path,
        *,
        keys: tuple[str | Path, ...] = (),
        unsigned: bool = False,
        home: str | Path | None = None,
        policy: str | Path | None = None,
        classes: tuple[str, ...] = (),
        development: bool = False,
        rollback: bool = False,
        remember: bool = False,
    ) -> Model:
        """Verifies a package and makes its model.

        Args:
            source: Path of a ``.trivet`` file.
            keys: Public keys and root certificates to trust besides those of the home folder.
            unsigned: Run although nobody trusted has signed it.
            home: Home folder; else ``TRIVET_HOME``, else the platform's state folder.
            policy: Policy file to use instead of the home folder's.
            classes: Classes of the devices that it shall judge, for the policy; none when they are not known.
            development: Let developers' signatures count; every line then says so.
            rollback: Run it although a newer version of the package ran here.
            remember: Keep in the home folder that this version ran here, and the newest date that its signers prove.

        Raises:
            PackageError: The file is not a package, was altered, or its signer is not trusted here.
            ModelError: The graph breaks its contract or does not reproduce the golden vectors.
        """
        from trivet.runtime.admission import load

        terms = {"policy": policy, "classes": classes, "development": development, "rollback": rollback}
        return load(source, keys=keys, unsigned=unsigned, home=home, remember=remember, **terms)

    def initial_state(self, batch: int) -> Float32s | None:
        """The memory of devices that have none yet, float32 ``(batch, s)``, or None when the model has no memory."""
        return np.repeat(self._initial, batch, axis=0) if self.manifest.state else None

    def raw(self, windows: Windows, state: Float32s | None = None) -> dict[str, Float32s]:
        """What the graph says, unguarded; for golden vectors and evaluation.

        Returns:
            Output name, and ``next_state``, to float32 ``(batch, n)``.
        """
        return dict(zip(self._session.outputs, self._run(windows, state), strict=True))

    def predict(self, windows: Windows, state: Float32s | None = None) -> Predictions:
        """Guarded predictions for a batch of windows.

        Args:
            windows: One row a device; its columns are the manifest's.
            state: float32 ``(batch, s)``; None starts from the initial state.

        Returns:
            One row a window; ``state`` holds the next state of accepted rows.

        Raises:
            GraphError: The windows are not of this package's shape.
        """
        start = perf_counter_ns()
        if self.manifest.state and state is None:
            state = self.initial_state(len(windows))
        arrays = self._run(windows, state)
        named = dict(zip(self.ports, arrays, strict=False))
        raw = {name: array.tolist() for name, array in named.items()}
        before = [self._guard.before(*row) for row in _rows(windows)]
        verdicts = self._after(before, named, raw, state)
        if self._vetoes:
            verdicts = self._vetoes.apply(windows, verdicts)
        advanced = self._advance(state, arrays[-1], verdicts) if state is not None else None
        latency = perf_counter_ns() - start
        return Predictions(windows.devices, windows.spans, self.ports, raw, verdicts, windows.flags, advanced, latency)

    def _run(self, windows: Windows, state: Float32s | None) -> list[Float32s]:
        if windows.values.shape[1:] != self._shape:
            raise GraphError(
                f"windows are {windows.values.shape[1:]} and the package wants {self._shape}",
                where=self.manifest.name,
                hint="make them with the window and columns of its manifest",
            )
        feed: dict[str, Float32s] = {"window": windows.values, "context": windows.context}
        if self.manifest.state:
            feed["state"] = state if state is not None else np.repeat(self._initial, len(windows), axis=0)
        return self._session.run(feed)

    def _after(
        self,
        verdicts: list[Verdict],
        arrays: Mapping[str, Float32s],
        raw: Mapping[str, list[list[float]]],
        state: Float32s | None,
    ) -> list[Verdict]:
        """Holds the outputs against the guard; a large batch looks at single rows only where it must."""
        learned = None if state is None or self._learned is None else state[:, self._learned]
        rows = self._suspects(verdicts, arrays, learned) if len(verdicts) >= MANY else range(len(verdicts))
        after = self._guard.after
        for row in rows:
            numbers = {name: of[row] for name, of in raw.items()}
            verdicts[row] = after(verdicts[row], numbers, None if learned is None else float(learned[row]))
        return verdicts

    def _suspects(self, verdicts: list[Verdict], arrays: Mapping[str, Float32s], learned: Float32s | None) -> list[int]:
        """Rows that the outputs may forbid something."""
        groups: dict[int, list[int]] = {}
        for row, verdict in enumerate(verdicts):
            groups.setdefault(id(verdict), []).append(row)
        suspects: list[int] = []
        for rows in groups.values():
            whole = len(rows) == len(verdicts)
            parts = arrays if whole else {name: array[rows] for name, array in arrays.items()}
            counts = learned if learned is None or whole else learned[rows]
            plain = self._guard.plain(verdicts[rows[0]], parts, counts)
            suspects += [rows[n] for n in (~plain).nonzero()[0].tolist()]
        return suspects

    @staticmethod
    def _advance(state: Float32s, following: Float32s, verdicts: list[Verdict]) -> Float32s:
        finite = np.isfinite(following)
        if finite.all() and all(verdict.accepted for verdict in verdicts):
            return following
        accepted = finite.all(axis=1) & np.array([verdict.accepted for verdict in verdicts])
        return np.where(accepted[:, None], following, state)


def _vetoes(interface: Interface, manifest: Manifest) -> Vetoes | None:
    """The vetoes of a package, or None; most have none, and do not wait for the import."""
    if all(guard.action != "veto" for guard in interface.guards):
        return None
    from trivet.runtime.veto import Vetoes

    return Vetoes(interface, manifest) or None


def _rows(w: Windows) -> zip[tuple[tuple[bool, ...], list[int], list[int], list[int], int, tuple[str, ...]]]:
    return zip(w.fitted, w.missing, w.stale, w.bad, w.frames, w.flags, strict=True)
