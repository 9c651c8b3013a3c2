#!/usr/bin/env bash
# The oldest supported dependencies, and peers that share nothing with us. Installs what it may, into a temporary
# folder where it can; says what is missing. Writes benchmarks/results/interop.txt.
set -uo pipefail
cd "$(dirname "$0")/.."

python=$PWD/.venv/bin/python
result=benchmarks/results/interop.txt
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p benchmarks/results
failed=0

say() { echo "$*" | tee -a "$work/result.txt"; }

# The verdict of a pytest run; lines that say why something was skipped go with it.
verdict() {
    grep -E '^(SKIPPED|FAILED|ERROR)' "$2" | cut -c1-160 | tee -a "$work/result.txt"
    say "$1: $(tail -1 "$2")"
}

oldest() {
    "$python" tests/oldest.py >"$work/oldest.txt"
    "$python" -m venv "$work/oldest" &&
        "$work/oldest/bin/python" -m pip install --quiet --disable-pip-version-check --constraint "$work/oldest.txt" \
            --editable '.[all]' pytest pytest-asyncio pytest-xdist hypothesis pint ucumvert jsonschema ||
        { say "oldest dependencies: cannot be installed"; failed=1; return; }
    say "oldest dependencies: $(paste -sd' ' "$work/oldest.txt")"
    "$work/oldest/bin/python" -m pytest -n 4 --dist loadfile -p no:cacheprovider \
        -m 'not interop and not soak' >"$work/oldest.log" 2>&1 || failed=1
    verdict "unit tests on them" "$work/oldest.log"
}

debian() {
    local missing=()
    for package in mbpoll libmodbus-dev socat gcc g++ libc6-dev faketime nodejs openssl softhsm2 opensc docker-registry skopeo; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
    done
    if [ ${#missing[@]} -gt 0 ] && [ "$(id -u)" = 0 ]; then
        apt-get update -qq && apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null && missing=()
    fi
    [ ${#missing[@]} -eq 0 ] || say "missing, install with apt: ${missing[*]}"
    say "peers: $(dpkg-query -W -f '${Package} ${Version}, ' mbpoll libmodbus-dev socat openssl softhsm2 opensc 2>/dev/null)$(node --version 2>/dev/null | sed 's/^/node /')"
}

node_opcua() {
    command -v npm >/dev/null || { say "missing: node and npm, for node-opcua"; return; }
    mkdir "$work/node" && cp tests/servers/node_opcua/package.json "$work/node"
    (cd "$work/node" && npm install --no-audit --no-fund --silent >/dev/null 2>&1) ||
        { say "missing: node-opcua, npm cannot install it"; return; }
    export NODE_PATH=$work/node/node_modules
    say "peer: node-opcua $(node -p 'require("node-opcua/package.json").version')"
}

modbus_serial() {
    command -v npm >/dev/null || { say "missing: node and npm, for modbus-serial"; return; }
    mkdir "$work/modbus" && cp tests/servers/node_modbus/package.json "$work/modbus"
    (cd "$work/modbus" && npm install --no-audit --no-fund --silent >/dev/null 2>&1) ||
        { say "missing: modbus-serial, npm cannot install it"; return; }
    export TRIVET_MODBUS_SERIAL=$work/modbus/node_modules
    say "peer: modbus-serial $(node -p "require('$TRIVET_MODBUS_SERIAL/modbus-serial/package.json').version")"
}

model_signing() {
    "$python" -m venv "$work/signing" &&
        "$work/signing/bin/python" -m pip install --quiet --disable-pip-version-check model-signing pyOpenSSL securesystemslib ||
        { say "missing: model-signing, pip cannot install it"; return; }
    export TRIVET_MODEL_SIGNING=$work/signing/bin/model_signing
    say "peer: model-signing $("$work/signing/bin/python" -c 'from importlib.metadata import version; print(version("model-signing") + ", securesystemslib " + version("securesystemslib"))')"
}

export_peers() {
    command -v npm >/dev/null || { say "missing: node and npm, for the exports' own tools"; return; }
    mkdir "$work/exports"
    (cd "$work/exports" && npm init -y && npm install --no-audit --no-fund --silent typescript @types/node \
        @asyncapi/parser @thing-description-playground/core @node-wot/core @node-wot/binding-modbus @node-wot/binding-opcua) >/dev/null 2>&1 ||
        { say "missing: typescript, asyncapi parser, thing description tools, node-wot, npm cannot install them"; return; }
    export TRIVET_EXPORT_PEERS=$work/exports
    "$python" -m venv "$work/openapi" &&
        "$work/openapi/bin/python" -m pip install --quiet --disable-pip-version-check openapi-spec-validator &&
        export TRIVET_OPENAPI_VALIDATOR=$work/openapi/bin/openapi-spec-validator
    say "peers of exports: typescript, asyncapi parser, thing description playground, node-wot, openapi-spec-validator, gcc, g++"
}

in_toto() {
    "$python" -m venv "$work/in_toto" &&
        "$work/in_toto/bin/python" -m pip install --quiet --disable-pip-version-check in-toto-attestation ||
        { say "missing: in-toto-attestation, pip cannot install it"; return; }
    export TRIVET_IN_TOTO=$work/in_toto/bin/python
    say "peer: in-toto-attestation $("$TRIVET_IN_TOTO" -c 'from importlib.metadata import version; print(version("in-toto-attestation"))')"
}

# An environment that is there already is taken as it is.
distribution_peers() {
    if [ -z "${TRIVET_DISTRIBUTION_PEERS:-}" ]; then
        "$python" -m venv "$work/distribution" &&
            "$work/distribution/bin/python" -m pip install --quiet --disable-pip-version-check tuf basyx-python-sdk \
                'cyclonedx-python-lib[json-validation]' spdx-python-model pyshacl 'tritonclient[http,grpc]' mlflow-skinny \
                aas-test-engines pandas onnx onnxruntime ||
            { say "missing: the peers of distribution, pip cannot install them"; return; }
        export TRIVET_DISTRIBUTION_PEERS=$work/distribution/bin/python
    fi
    say "peers of distribution: $(distribution_versions)"
}

distribution_versions() {
    [ -z "${TRIVET_DISTRIBUTION_PEERS:-}" ] || "$TRIVET_DISTRIBUTION_PEERS" -c 'from importlib.metadata import version
names = "tuf cyclonedx-python-lib basyx-python-sdk spdx-python-model pyshacl aas_test_engines tritonclient mlflow-skinny".split()
print(*(f"{name} {version(name)}," for name in names))'
    dpkg-query -W -f '${Package} ${Version}, ' docker-registry skopeo 2>/dev/null
}

# Every form of a package through its own tool, a line each.
distribution() {
    {
        echo "commit $(git rev-parse --short HEAD), $(date -u +%F), $("$python" --version), $(uname -m); packages are trained on simulated plants"
        distribution_versions | paste -sd' '
        "$python" -m pytest -m interop -rA -n 2 -p no:cacheprovider tests/test_distribution_interop.py \
            >"$work/distribution.log" 2>&1 || failed=1
        grep -E '^(PASSED|SKIPPED|FAILED|ERROR)' "$work/distribution.log" | sed 's,tests/test_distribution_interop.py::test_,,' | cut -c1-160
        tail -1 "$work/distribution.log"
    } >"$work/distribution.txt"
    cp "$work/distribution.txt" benchmarks/results/distribution.txt
}

croissant() {
    "$python" -m venv "$work/croissant" &&
        "$work/croissant/bin/python" -m pip install --quiet --disable-pip-version-check mlcroissant ||
        { say "missing: mlcroissant, pip cannot install it"; return; }
    export TRIVET_CROISSANT=$work/croissant/bin/python
    say "peer: mlcroissant $("$TRIVET_CROISSANT" -c 'from importlib.metadata import version; print(version("mlcroissant"))')"
}

exporters() {
    "$python" -m venv "$work/exporters" &&
        "$work/exporters/bin/python" -m pip install --quiet --disable-pip-version-check skl2onnx onnxmltools lightgbm packaging ||
        { say "missing: skl2onnx, onnxmltools and lightgbm, pip cannot install them"; return; }
    export TRIVET_EXPORTERS=$work/exporters/bin/python
    say "peer: skl2onnx $("$TRIVET_EXPORTERS" -c 'from importlib.metadata import version; print(version("skl2onnx"))')"
}

# Packages through other people's verifiers, and models of other people's exporters through ours; a line each file.
packages() {
    model_signing
    in_toto
    exporters
    for name in package_interop package_verifier package_openssl package_archive provenance inspect_exports; do
        "$python" -m pytest -m interop -rs -n 2 -p no:cacheprovider "tests/test_$name.py" >"$work/$name.log" 2>&1 || failed=1
        verdict "$name" "$work/$name.log"
    done
}

if [ "${1:-}" = packages ]; then
    say "commit $(git rev-parse --short HEAD), $(date -u +%F), $("$python" --version), $(uname -m)"
    debian
    packages
    cp "$work/result.txt" benchmarks/results/packages.txt
    exit $failed
fi
if [ "${1:-}" = distribution ]; then
    debian
    distribution_peers
    distribution
    cat benchmarks/results/distribution.txt
    exit $failed
fi
say "commit $(git rev-parse --short HEAD), $(date -u +%F), $("$python" --version), $(uname -m)"
oldest
debian
node_opcua
modbus_serial
model_signing
in_toto
croissant
exporters
export_peers
distribution_peers
distribution
"$python" -m pytest -m interop -rsfE --ignore tests/test_distribution_interop.py >"$work/interop.log" 2>&1 || failed=1
verdict "interop tests" "$work/interop.log"
cp "$work/result.txt" "$result"
exit $failed
