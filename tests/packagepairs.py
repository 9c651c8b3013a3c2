"""Random pairs of packages, the second made from the first as makers do it: weights, members, versions, signatures."""

from __future__ import annotations

import random

import tinypackage as tiny
from trivet import canonical
from trivet.package import archive, keys, sign

KEYS = tuple(keys.generate() for _ in range(3))


def pair(seed: int, most: int = 40_000) -> tuple[bytes, bytes]:
    """Two packages; the digest of the manifest tells them apart unless nothing was changed."""
    rng = random.Random(seed)  # noqa: S311 - reproducible, not secret
    tree, members = tiny.tree(), tiny.members(rng.randbytes(rng.randrange(1, most)))
    for number in range(rng.randrange(6)):
        members[f"evidence/e{number}.json"] = canonical.dumps({"x": rng.random(), "text": "z" * rng.randrange(2000)})
    changed = dict(members)
    for _ in range(rng.randrange(5)):
        _change(rng, changed)
    version = f"0.{rng.randrange(3)}.{rng.randrange(3)}"
    packages = archive.write(tree, members), archive.write({**tree, "version": version}, changed)
    return _sign(rng, packages[0]), _sign(rng, packages[1])


def _change(rng: random.Random, members: dict[str, bytes]) -> None:
    what = rng.choice(["edit", "insert", "delete", "retrain", "add", "drop", "swap"])
    model, extra = members["model.onnx"], [path for path in members if path.startswith("evidence/e")]
    at = rng.randrange(len(model))
    if what == "edit":
        members["model.onnx"] = model[:at] + rng.randbytes(min(50, len(model) - at)) + model[at + 50 :]
    elif what == "insert":
        members["model.onnx"] = model[:at] + rng.randbytes(rng.randrange(200)) + model[at:]
    elif what == "delete":
        members["model.onnx"] = (model[:at] + model[at + rng.randrange(200) :]) or b"x"
    elif what == "retrain":
        members["model.onnx"] = rng.randbytes(len(model))
    elif what == "add":
        members[f"evidence/e{rng.randrange(9)}.json"] = canonical.dumps([rng.random()])
    elif extra and what == "drop":
        del members[rng.choice(extra)]
    elif len(extra) > 1:
        first, second = rng.sample(extra, 2)
        members[first], members[second] = members[second], members[first]


def _sign(rng: random.Random, data: bytes) -> bytes:
    for key in rng.sample(KEYS, rng.randrange(3)):
        data = sign.sign(data, key)
    if rng.random() < 0.3:
        data = archive.attach(data, "META-INF/attestations/bench.json", canonical.dumps([rng.random()]))
    return data
