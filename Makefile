# Two commands matter: `make demo` and `make test`. Everything else serves those who change the code.
PY ?= python3
export UV_PYTHON_DOWNLOADS = never
unexport PYTHONDONTWRITEBYTECODE
BIN := .venv/bin
UV_VERSION := 0.13.8

.PHONY: help demo test check fast cover sim days soak fuzz bench lock clean docs format
.DEFAULT_GOAL := help

help:           ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## / - /'

.venv/.stamp: requirements/dev.lock pyproject.toml
	$(PY) -m venv .venv
	$(BIN)/python -m pip install -q --disable-pip-version-check uv==$(UV_VERSION)
	$(BIN)/uv pip sync -q --python $(BIN)/python --require-hashes requirements/dev.lock
	$(BIN)/uv pip install -q --python $(BIN)/python --no-deps --no-build-isolation -e .
	touch $@

.venv-clients/.stamp: .venv/.stamp requirements/clients.lock
	$(PY) -m venv .venv-clients
	$(BIN)/uv pip sync -q --python .venv-clients/bin/python --require-hashes requirements/clients.lock
	touch $@

.venv-coinbase/.stamp: .venv/.stamp requirements/coinbase.lock
	$(PY) -m venv .venv-coinbase
	$(BIN)/uv pip sync -q --python .venv-coinbase/bin/python --require-hashes requirements/coinbase.lock
	touch $@

demo: .venv/.stamp      ## synthetic market, backtests, certificate, paper with a kill in it; prints the reports' paths
	$(BIN)/ballast demo

test: .venv/.stamp .venv-clients/.stamp .venv-coinbase/.stamp      ## every test
	$(BIN)/python -m pytest -q -n 2 --dist worksteal

fast: .venv/.stamp      ## the tests of `make check`
	$(BIN)/python -m pytest -q -n 2 --dist worksteal -m "not slow"

check: .venv/.stamp     ## before each commit: format, lint, types, rooms, tidy, fast tests
	$(BIN)/ruff format --check src tests bench docs
	$(BIN)/ruff check src tests bench docs
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python docs/generate.py
	$(BIN)/python -m pytest -q -n 2 --dist worksteal -m "not slow"

format: .venv/.stamp    ## rewrite the layout of the code
	$(BIN)/ruff format src tests bench docs
	$(BIN)/ruff check --fix src tests bench docs

cover: .venv/.stamp     ## every test, with branch coverage and its gate; compiled code runs interpreted
	rm -f .coverage .coverage.*
	NUMBA_DISABLE_JIT=1 $(BIN)/python -m pytest -q -n 2 --dist worksteal -m "not slow" --cov --cov-report=term:skip-covered --cov-report=html

N ?= 20000
sim: .venv/.stamp       ## many more random cases than `make test`; N says how many
	BALLAST_EXAMPLES=$(N) $(BIN)/python -m pytest -q -n 2 tests/property tests/sim

DAYS ?= 1000
days: .venv/.stamp      ## the simulated node for DAYS days from seed FIRST: faults, deaths, violations, what to run again
	$(BIN)/python -m tests.sim.many --days $(DAYS) --first $(or $(FIRST),1000)

MINUTES ?= 120
VENUE ?= BYBITLINEAR
soak: .venv/.stamp      ## ten symbols and random faults at VENUE for MINUTES: memory, tasks, fills, violations
	$(BIN)/python -m tests.e2e.live.soak --minutes $(MINUTES) --venue $(VENUE)

fuzz: .venv/.stamp      ## a million broken messages for every parser
	BALLAST_MUTATIONS=1000000 $(BIN)/python -m pytest -q --timeout 3600 -n 2 tests/property/venues/test_normalise_broken.py

bench: .venv/.stamp     ## speed, side by side with peers, as ratios
	$(BIN)/python bench/run.py

docs: .venv/.stamp      ## write the generated pages (CLI reference, settings, reasons)
	$(BIN)/python docs/generate.py

lock: .venv/.stamp      ## resolve requirements/*.lock anew
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url pyproject.toml --extra research --extra exchanges --extra postgres --extra keyring requirements/dev.in -o requirements/dev.lock
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url requirements/clients.in -o requirements/clients.lock
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url requirements/coinbase.in -o requirements/coinbase.lock

clean:          ## remove what the other targets made
	rm -rf .venv .venv-clients .venv-coinbase demo .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist htmlcov
