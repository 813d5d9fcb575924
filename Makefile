# Each target sets itself up. What a machine needs is Python 3.11 or later, and make.
#
#   make PYTHON=python3.13 test      with another Python

PYTHON ?= python3
VENV := .venv
DEMO_VENV := .venv-demo
BENCH_VENV := .venv-bench
BIN := $(VENV)/bin

VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
PACKAGE := pyproject.toml README.md LICENSE $(shell find dartian_queue dartian_cli templates -type f ! -name '*.pyc')

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup demo test faults picture bench wheel clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(DEMO_VENV)/installed ## Make an application in ./demo, give it jobs, and work them before your eyes
	$(DEMO_VENV)/bin/python examples/demo.py

test: setup ## Run everything that a change must pass: ruff, mypy, pyright, pytest
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pyright
	$(BIN)/pytest --numprocesses 3 --dist worksteal

faults: setup ## Run the long fault suite: kills, freezes and starves real processes
	DARTIAN_FAULTS=full $(BIN)/pytest --numprocesses 2 --dist worksteal --timeout 900 tests/faults tests/conformance/test_walks.py tests/generators/test_plan.py \
		tests/generators/test_real_packages.py tests/examples/test_wheel.py tests/examples/test_picture.py

picture: setup ## Make docs/display.svg and docs/demo.cast anew, from real runs
	$(BIN)/python -m docs.picture
	$(BIN)/python -m docs.recording

bench: $(BENCH_VENV)/installed ## Measure Dartian, the machine's limits and other queues, side by side
	$(BENCH_VENV)/bin/python -m bench $(BENCH)

wheel: setup ## Build the wheel into dist/
	$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir dist .

setup: $(VENV)/installed ## Make .venv, with all that developing Dartian needs

clean: ## Remove all that these targets made, the virtual environments too
	rm -rf $(VENV) $(DEMO_VENV) $(BENCH_VENV) demo dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/installed: pyproject.toml $(VENV)/python-$(VERSION)
	@echo "Installing into $(VENV); the first time takes a minute or two."
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@

# Not editable: the demo runs what a user would install, the wheel.
$(DEMO_VENV)/installed: $(PACKAGE) $(DEMO_VENV)/python-$(VERSION)
	@echo "Installing into $(DEMO_VENV)."
	$(DEMO_VENV)/bin/python -m pip install --quiet '.[example]'
	@touch $@

# What cannot be installed is a row that says so.
$(BENCH_VENV)/installed: pyproject.toml bench/peers.py $(BENCH_VENV)/python-$(VERSION)
	@echo "Installing into $(BENCH_VENV); the first time takes a minute or two."
	$(BENCH_VENV)/bin/python -m pip install --quiet --editable '.[bench]'
	$(BENCH_VENV)/bin/python -m bench.peers $(BENCH_VENV)/peers
	@touch $@

# A virtual environment of another Python, or a broken one, is made anew.
%/python-$(VERSION):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Dartian needs Python 3.11 or later, and $(PYTHON) is not. Try: make PYTHON=python3.13 $(MAKECMDGOALS)" >&2; exit 1; }
	@$*/bin/python -c 'import pip, sys; sys.exit("%d.%d" % sys.version_info[:2] != "$(VERSION)")' 2>/dev/null || \
		{ set -x; rm -rf $* && $(PYTHON) -m venv $*; }
	@touch $@
