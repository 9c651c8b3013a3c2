# Two commands on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
BIN := .venv/bin
# One more than cores, since some tests wait.
WORKERS ?= $(shell expr $$(nproc) + 1)

.PHONY: demo test format lint types architecture unit train interop soak bench clean

demo: .venv/ready
	$(BIN)/trivet demo

test: .venv/ready lint types architecture unit

.venv/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --constraint constraints.txt --editable '.[dev]'
	@touch $@

format: .venv/ready
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lint: .venv/ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: .venv/ready
	$(BIN)/mypy

architecture: .venv/ready
	$(BIN)/lint-imports

unit: .venv/ready
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder -m 'not interop and not soak'

train: .venv/ready
	$(BIN)/python -m trivet_reference.train

interop: .venv/ready
	bash tests/interop.sh

soak: .venv/ready
	$(BIN)/python -m pytest -m soak

bench: .venv/ready
	$(BIN)/python benchmarks/run.py

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
