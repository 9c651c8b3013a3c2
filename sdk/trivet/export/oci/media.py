"""Media types and annotations: OCI image specification 1.1, CNCF ModelPack, Sigstore."""

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
EMPTY = "application/vnd.oci.empty.v1+json"
LAYOUT = "1.0.0"

MODEL = "application/vnd.cncf.model.manifest.v1+json"
CONFIG = "application/vnd.cncf.model.config.v1+json"
_LAYER = "application/vnd.cncf.model"
WEIGHT = f"{_LAYER}.weight.v1.raw"
SETTINGS = f"{_LAYER}.weight.config.v1.raw"
DOC = f"{_LAYER}.doc.v1.raw"
DATASET = f"{_LAYER}.dataset.v1.raw"

SIGNATURE = "application/vnd.dev.sigstore.bundle.v0.3+json"
ATTESTATION = "application/vnd.trivet.attestation.v1+json"

FILEPATH = "org.cncf.model.filepath"
TITLE = "org.opencontainers.image.title"
VERSION = "org.opencontainers.image.version"
REFERENCE = "org.opencontainers.image.ref.name"
PACKAGE = "trivet.package"
"""Package digest, on the manifest."""

OF_ROLE = {"model": WEIGHT, "interface": SETTINGS, "features": SETTINGS, "golden": DATASET, "evidence": DOC}
"""Role of a member to the type of its layer; mimetype and manifest are settings."""
