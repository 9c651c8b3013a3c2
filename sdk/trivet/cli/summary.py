"""The closing words of a run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from trivet.pipeline.judge import Judge


def summary(judge: Judge, files: Sequence[str] = ()) -> str:
    """What was judged, what was withheld and why, what was decided, how long it took, and where it lies."""
    tally, manifest = judge.tally, judge.model.manifest
    signer = judge.model.signer or "nobody trusted (--unsigned)"
    signer += ", a developer (--allow-development)" if judge.model.development else ""
    rows = [
        f"{manifest.name} {manifest.version}, signed by {signer}",
        f"  devices    {', '.join(judge.members)}",
        f"  windows    {tally.windows}, of which {tally.accepted} accepted",
    ]
    rows += _withheld(tally.withheld)
    rows += [f"  decisions  {count} to {state}" for state, count in sorted(tally.decisions.items())]
    rows += [f"  lines      {', '.join(f'{count} {kind}' for kind, count in sorted(tally.kinds.items())) or 'none'}"]
    if tally.latencies:
        each = sorted(latency / windows for latency, windows in tally.latencies)
        limit = min((row["limit"] for row in manifest.budget), default=0.0)
        median, worst = each[len(each) // 2] / 1e6, each[-1] / 1e6
        rows.append(f"  latency    median {median:.3f} ms, worst {worst:.3f} ms a window; budget {limit * 1e3:g} ms")
    return "\n".join([*rows, *(f"  written    {name}" for name in files)])


def _withheld(counts: Mapping[tuple[str, str], int]) -> Iterator[str]:
    """One row for each reason, with the outputs that were withheld equally often for it."""
    alike: dict[tuple[str, int], list[str]] = defaultdict(list)
    for (name, reason), count in sorted(counts.items()):
        alike[reason, count].append(name)
    return (f"  withheld   {count} {reason}: {', '.join(names)}" for (reason, count), names in alike.items())
