"""Runs where securesystemslib is installed: verifies the DSSE envelope of a Sigstore bundle with a public key."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any


def main(bundle: str, public: str) -> None:
    """Exits with an error unless the envelope verifies with the key."""
    from cryptography.hazmat.primitives.serialization import load_pem_public_key
    from securesystemslib.dsse import Envelope  # type: ignore[import-not-found, unused-ignore]
    from securesystemslib.signer import SSlibKey  # type: ignore[import-not-found, unused-ignore]

    tree: dict[str, Any] = json.loads(Path(bundle).read_text())["dsseEnvelope"]
    (signature,) = tree["signatures"]
    raw: Any = load_pem_public_key(Path(public).read_bytes())
    key = SSlibKey.from_crypto(raw, keyid=signature["keyid"])
    assert len(Envelope.from_dict(tree).verify([key], 1)) == 1


if __name__ == "__main__":
    main(*sys.argv[1:])
