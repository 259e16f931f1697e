# `make demo` and `make test` need Python >= 3.11, make and git; the rest is installed into .venv, nothing elsewhere.
#   PYTHON=python3.12 make test      choose the interpreter (only when .venv is first made)
#   make test PYTEST_ARGS="-x -k x"  pass arguments to pytest
#   SLOTKEEPER_REQUIRE_SERVERS=1     is handed on to the tests: a database server that is missing is a failure

PYTHON ?= $(firstword $(foreach name,python3.13 python3.12 python3.11 python3.14 python3 python,$(if \
  $(shell $(name) -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>&1 || echo no),,$(name))))
PYTEST_ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
# Whose results depend on the version of dateutil: rules, schedules, and what is computed from them.
KNOW_DATEUTIL := tests/domain tests/engine tests/corpus tests/contrib tests/test_docs.py
COVERED := --cov --cov-report=term-missing:skip-covered

# uv follows these variables before it looks for ./.venv.
unexport VIRTUAL_ENV UV_PYTHON
export UV_PROJECT_ENVIRONMENT := $(CURDIR)/$(VENV)

# --inexact: uv lives in the environment that it fills, and groups are added to it one by one.
SYNC = $(UV) sync --quiet --frozen --inexact --python $(BIN)/python --no-default-groups

.DEFAULT_GOAL := help
.PHONY: bench bench-check bench-growth bench-page bench-stores build chaos clean cov demo docs format galera help layers lint migration soak test test-dateutil4 types

help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([^:]+):.*## /\1\t/' | expand -t 18

demo: $(VENV)/.demo ## play one week of a workshop
	$(BIN)/python docs/examples/workshop_week/demo.py

test: $(VENV)/.dev ## run the tests with coverage
	$(BIN)/python -m pytest -n auto --dist worksteal $(COVERED) $(PYTEST_ARGS)

test-dateutil4: .venv-dateutil4/.done ## run the tests against python-dateutil 4, without what caps it below 3
	.venv-dateutil4/bin/python -m pytest -n auto --dist worksteal -p no:cacheprovider $(PYTEST_ARGS) $(KNOW_DATEUTIL)

soak: $(VENV)/.dev ## run the tests that take minutes
	HYPOTHESIS_PROFILE=soak $(BIN)/python -m pytest -m soak $(PYTEST_ARGS)

chaos: $(VENV)/.dev ## fight databases with kills and cut connections (SLOTKEEPER_CHAOS_SECONDS for each store)
	$(BIN)/python -m pytest -m chaos $(PYTEST_ARGS) tests/chaos

galera: $(VENV)/.dev ## run the tests on a Galera cluster of three nodes, which they start
	$(BIN)/python -m pytest -m galera -s tests/galera $(PYTEST_ARGS)

bench: $(VENV)/.bench ## measure, beside other libraries
	$(BIN)/python -m pytest -m benchmark -s tests/benchmarks/test_speed.py $(PYTEST_ARGS)

bench-growth: $(VENV)/.bench ## measure how the cost grows with size
	$(BIN)/python -m pytest -m benchmark -s tests/benchmarks/test_growth.py $(PYTEST_ARGS)

bench-check: $(VENV)/.bench ## see in a minute whether the libraries agree
	$(BIN)/python -m pytest -m benchmark tests/benchmarks/test_agreement.py $(PYTEST_ARGS)

bench-page: $(VENV)/.bench ## write what both have measured into the documentation
	$(BIN)/python -m tests.benchmarks.page

bench-stores: $(VENV)/.dev ## measure the stores, beside raw inserts and transactions written by hand
	$(BIN)/python -m pytest -m benchmark -s tests/benchmarks/stores $(PYTEST_ARGS)

cov: $(VENV)/.dev ## run the tests and write the coverage report to htmlcov/
	$(BIN)/python -m pytest -n auto --dist worksteal $(COVERED) --cov-report=html $(PYTEST_ARGS)

lint: $(VENV)/.dev ## look for faults and form
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/codespell
	$(BIN)/interrogate src

format: $(VENV)/.dev ## mend what the linter can, and format
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

types: $(VENV)/.dev ## check the types
	$(BIN)/mypy

layers: $(VENV)/.dev ## check who imports whom
	$(BIN)/lint-imports --no-cache --no-logo

migration: $(VENV)/.dev ## write the first revision of the tables anew, until it is released
	$(BIN)/python -m tests.adapters.freeze_migration

docs: $(VENV)/.dev ## build the documentation into docs/_build/html
	rm -rf docs/_build docs/reference/api
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs docs/_build/html

build: $(VENV)/.dev ## build the distributions and try the wheel in an empty environment
	rm -rf dist
	$(UV) build --quiet --python $(BIN)/python
	@set -e; place=$$(mktemp -d); trap 'rm -rf "$$place"' EXIT; \
	$(UV) venv --quiet --python $(BIN)/python "$$place/venv"; \
	$(UV) pip install --quiet --python "$$place/venv/bin/python" dist/*.whl; \
	cd "$$place"; venv/bin/python -W error -c 'import slotkeeper, importlib.metadata as m, importlib.resources as r; \
	assert r.files("slotkeeper").joinpath("py.typed").is_file(), "py.typed is missing"; \
	slotkeeper.BookingDesk(slotkeeper.MemoryStore()); print("wheel works:", m.version("slotkeeper"))'

clean: ## remove the environments and everything that was built
	rm -rf .venv .venv-dateutil4 dist docs/_build docs/reference/api htmlcov .coverage .coverage.*
	rm -rf .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find src tests docs -name __pycache__ -type d -prune -exec rm -rf {} +

# Environments. Each stamp says: installed since the lock last changed.

$(UV):
	@test -n "$(PYTHON)" || { echo "no Python >= 3.11 with venv found; name one: make PYTHON=..." >&2; exit 1; }
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "slotkeeper needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv

$(VENV)/.demo: GROUPS := --group demo
$(VENV)/.dev: GROUPS := --group dev
$(VENV)/.bench: GROUPS := --group dev --group bench

$(VENV)/.demo $(VENV)/.dev $(VENV)/.bench: pyproject.toml uv.lock | $(UV)
	$(SYNC) $(GROUPS)
	@touch $@

.venv-dateutil4/.done: pyproject.toml uv.lock | $(UV)
	UV_PROJECT_ENVIRONMENT=$(CURDIR)/.venv-dateutil4 $(UV) sync --quiet --frozen \
	  --python $(BIN)/python --no-default-groups --group dateutil4
	@touch $@
