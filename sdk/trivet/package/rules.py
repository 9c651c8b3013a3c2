"""What each rule of the package room means, and what to do when it is broken; for ``trivet explain``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Rule(NamedTuple):
    """One rule.

    Attributes:
        cause: Why a package breaks it.
        remedy: What to do then.
    """

    cause: str
    remedy: str


_AGAIN = "Ask the maker for the package again, and compare its SHA-256 with theirs."
_DISTRUST = "Do not use the package. Ask its maker for it again over another channel."
_EXPORT = "Export the model again with `trivet.build`, or with allowed operators only."

RULES: Mapping[str, Rule] = {
    "TRV-P001": Rule("The file cannot be read, is no regular file, or is over the size limit.", "Check the path."),
    "TRV-P002": Rule("The file is not one whole zip archive: cut short, or bytes before or after it.", _AGAIN),
    "TRV-P003": Rule("The directory of the archive is broken or has too many entries.", _AGAIN),
    "TRV-P004": Rule(
        "An entry is compressed, encrypted, dated, commented or otherwise not as packages are.",
        "Do not repack packages with zip tools. Ask the maker for the package again.",
    ),
    "TRV-P005": Rule("An entry's own header differs from the directory, so that readers could disagree.", _AGAIN),
    "TRV-P006": Rule("Entries overlap, leave gaps, or lie outside the file.", _AGAIN),
    "TRV-P007": Rule("A name is not one that a package may hold.", "Keep only the members that the format names."),
    "TRV-P008": Rule("A name is there twice.", _AGAIN),
    "TRV-P009": Rule("The members are not in the one order of the format, or the mimetype is another.", _AGAIN),
    "TRV-P010": Rule("A member is over the limit for its kind.", "Make the member smaller."),
    "TRV-P011": Rule("Bytes of a member were changed after packing (CRC).", _AGAIN),
    "TRV-P020": Rule("The manifest is not JSON within bounds, or names a key twice.", _AGAIN),
    "TRV-P021": Rule("The manifest is not in the canonical form of RFC 8785.", "Pack with `trivet pack`."),
    "TRV-P022": Rule("The package is of another format number.", "Install the trivet that reads it."),
    "TRV-P023": Rule("A field of the manifest is missing, of the wrong type or out of range.", _AGAIN),
    "TRV-P024": Rule("Two fields of the manifest contradict each other.", "Correct the field named, and pack again."),
    "TRV-P030": Rule("The archive holds a member that the manifest does not name.", _DISTRUST),
    "TRV-P031": Rule("The manifest names a member that is not there.", _AGAIN),
    "TRV-P032": Rule("A member's size is not that of the manifest.", _DISTRUST),
    "TRV-P033": Rule("A member's SHA-256 is not that of the manifest.", _DISTRUST),
    "TRV-P040": Rule("Nobody signed the package.", "Sign it with `trivet sign`, or pass `--unsigned`."),
    "TRV-P041": Rule("A signature file is not a Sigstore 0.3 bundle with one key signature.", _DISTRUST),
    "TRV-P042": Rule("A signature does not verify with the key that it names.", _DISTRUST),
    "TRV-P043": Rule("A signature is about something else than this package.", _DISTRUST),
    "TRV-P044": Rule("A key is of an algorithm that packages do not use.", "Use P-256, P-384 or Ed25519."),
    "TRV-P045": Rule(
        "A key file cannot be read or written, or is not the kind of key wanted.",
        "Give a PEM file; set TRIVET_KEY_PASSWORD for an encrypted private key.",
    ),
    "TRV-P046": Rule(
        "The package is signed, but by nobody trusted on this machine.",
        "Check the key with its owner, then `trivet trust add KEY.pub`.",
    ),
    "TRV-P047": Rule("The trust store cannot be read or written, or holds a stray file.", "Repair the folder named."),
    "TRV-P050": Rule("The target folder is not empty or cannot be written.", "Give a new folder."),
    "TRV-P060": Rule("The model is not well-formed protobuf, or uses unknown or doubled fields.", _EXPORT),
    "TRV-P061": Rule("The model is over a limit on bytes, nodes or initializers.", "Make the model smaller."),
    "TRV-P062": Rule(
        "IR or operator-set version is not one that old and new runtimes share.",
        "Export with IR 8, ai.onnx 17 to 21 and ai.onnx.ml 3.",
    ),
    "TRV-P063": Rule("An operator or its domain is not on the list of allowed ones.", _EXPORT),
    "TRV-P064": Rule("A tensor refers to data outside the file.", "Export the model as one file."),
    "TRV-P065": Rule("The model has functions, inner graphs, sparse tensors, sequences or doubled metadata.", _EXPORT),
    "TRV-P066": Rule("A name is not plain ASCII; such names can deceive a reader.", "Rename it."),
    "TRV-P067": Rule("A tensor's type, dimensions and data do not agree, or are out of bounds.", _EXPORT),
    "TRV-P068": Rule("A weight is NaN or infinite.", "Train again; only tensors of one element may be so."),
    "TRV-P069": Rule("An operator has an attribute that it may not have, twice, or of the wrong type.", _EXPORT),
    "TRV-P070": Rule("A value is used before it exists, defined twice, or an output is missing.", _EXPORT),
    "TRV-P071": Rule("A tree ensemble is cyclic, incomplete, too deep or out of range.", _EXPORT),
    "TRV-P072": Rule("A tensor is expanded to a size that is computed or too large.", _EXPORT),
    "TRV-P073": Rule("The graph's inputs, outputs or opset are not those of the manifest.", "Pack both together."),
}
