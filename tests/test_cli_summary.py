"""The closing words of a run."""

from collections import Counter
from types import SimpleNamespace
from typing import Any

from trivet.cli.summary import summary


def judge(**counted: Any) -> Any:
    tally = {"windows": 3, "accepted": 1, "withheld": Counter(), "decisions": Counter(), "kinds": Counter()}
    manifest = SimpleNamespace(name="trivet-dishwasher", version="1.0.0", budget=[{"limit": 0.01}])
    model = SimpleNamespace(manifest=manifest, signer="p256:77", development=False)
    return SimpleNamespace(
        model=model, members=["washer-1"], tally=SimpleNamespace(**{**tally, "latencies": [], **counted})
    )


def test_outputs_withheld_equally_often_for_one_reason_share_a_row() -> None:
    withheld = Counter({("health", "missing"): 2, ("fault", "missing"): 2, ("fault", "interrupted"): 1})
    told = summary(judge(withheld=withheld)).splitlines()
    assert told[3:5] == ["  withheld   1 interrupted: fault", "  withheld   2 missing: fault, health"]


def test_latency_is_that_of_one_window() -> None:
    told = summary(judge(latencies=[(4_000_000, 2), (9_000_000, 1)]), ["kitchen/washer-1.jsonl"])
    assert "latency    median 9.000 ms, worst 9.000 ms a window; budget 10 ms" in told
    assert told.endswith("  written    kitchen/washer-1.jsonl")
    assert "lines      none" in told
