# Everything starts here, from a fresh clone with Python 3.11 or newer: the environment is made in .venv.

PYTHON ?= python3
# Further arguments of pytest, for example: make test PYTEST="tests/unit -x"
PYTEST ?=
# Sizes of the benchmarks in bars, for example: make bench BARS="100000 1000000"
BARS ?= 100000
# What `make performance` measures at, how far its growth curves go, and the pairs and bars of its sweep
PERFORMANCE_BARS ?= 10000 100000 1000000
GROW_TO ?= 10000000
SWEEP ?= 1000x250000

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help demo dashboard lab test soak lint bench performance peers chromium clean

help:  ## Show the targets
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

demo: .venv/installed-user  ## Explore sample prices and open the notebook on them (stop with Ctrl-C)
	@$(BIN)/barscope demo --workspace demo-data

dashboard: .venv/installed-user  ## Explore sample prices and open the dashboard on them (stop with Ctrl-C)
	@$(BIN)/barscope demo --workspace demo-data --dashboard

lab: .venv/installed-user  ## Open JupyterLab on the notebooks
	@$(BIN)/barscope lab

test: lint chromium  ## Run every check and test
	@$(BIN)/pytest --numprocesses 2 $(PYTEST)

soak: chromium  ## Prove and attack for longer than a test run may take
	@$(BIN)/pytest -m soak $(PYTEST)

lint: .venv/installed-test  ## Check style, types and the layers of the code
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: .venv/installed-bench peers chromium  ## Measure speed
	@$(BIN)/pytest benchmarks $(BARS:%=--bars %) $(PYTEST)

performance: .venv/installed-bench peers chromium  ## Measure everything at full size and write docs/performance.md (an hour)
	@$(BIN)/pytest benchmarks $(PERFORMANCE_BARS:%=--bars %) --grow-to $(GROW_TO) --sweep $(SWEEP) --results benchmarks/results.json $(PYTEST)
	@$(BIN)/python benchmarks/report.py

peers: .venv/peers-nautilus/installed .venv/peers-vectorbt/installed

chromium: .venv/installed-test  ## Find or install the browser that the tests drive
	@$(BIN)/python tests/browser/install_chromium.py

clean:  ## Remove what make and the tools made; demo-data, where runs are kept, stays
	@rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .benchmarks test-artifacts
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# One stamp for the environment and one for each set of dependencies; an edit of pyproject.toml makes the latter anew.

.venv/python:
	@command -v $(PYTHON) > /dev/null || { echo "No $(PYTHON) here. Install Python 3.11 or newer, or name it: make PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$(PYTHON) is $$($(PYTHON) --version), but barscope needs 3.11 or newer. Name another one: make PYTHON=python3.12" >&2; exit 1; }
	@echo "Making .venv with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv .venv
	@$(PIP) install --quiet --upgrade pip
	@touch $@

.venv/installed-user: .venv/python pyproject.toml
	@echo "Installing barscope and what it needs; the first time takes about a minute"
	@$(PIP) install --quiet --editable .
	@touch $@

# A peer of the benchmarks that cannot live beside barscope has an environment of its own.
.venv/peers-%/installed: .venv/python pyproject.toml
	@echo "Installing $* to measure against"
	@$(BIN)/python -m venv .venv/peers-$*
	@$(PIP) --python .venv/peers-$*/bin/python install --quiet --group peers-$*
	@touch $@

.venv/installed-test .venv/installed-bench: .venv/installed-%: .venv/python pyproject.toml
	@echo "Installing barscope and what its $* group needs; the first time takes about a minute"
	@$(PIP) install --quiet --editable . --group $*
	@touch $@ .venv/installed-user
