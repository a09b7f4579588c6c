# Everything installs into this folder: .venv and .meltano. Needed beforehand: Python 3.11+ and make.

PYTHON ?= python3
PACKAGES := tapkit sandbox tap-harvest tap-clickup tap-hrms transform orchestrate plugins/target-bigquery plugins/target-clickup plugins/target-files plugins/target-gcs plugins/target-harvest plugins/target-rest plugins/tap-spotify plugins/tap-strava plugins/tap-garmin plugins/tap-timely plugins/tap-todoist plugins/tap-webhooks plugins/webhook-inbox
UV := .venv/bin/uv
RUN := $(UV) run --frozen --no-sync

.PHONY: help demo relay up test unit lint types proofs docs bench setup format clean
.DEFAULT_GOAL := help

help: ## Say what can be made.
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

demo: setup ## Read a simulated Harvest account into files and DuckDB, twice.
	$(RUN) python demo/demo.py

relay: setup ## Let hours follow from a simulated ClickUp into a simulated Harvest, within seconds.
	$(RUN) python demo/relay.py

up: setup ## Run all jobs by schedule against simulated vendors; pages at http://127.0.0.1:3000.
	$(RUN) python demo/up.py

test: lint types ## Check everything: format, lint, types, all tests.
	$(RUN) pytest

unit: setup ## Run the quick tests only.
	$(RUN) pytest -m "not meltano and not wheels and not proof"

proofs: setup ## Run the slow proofs: processes killed at random, again and again.
	$(RUN) pytest -m proof

lint: setup ## Check format, style, imports between packages, declared dependencies.
	$(RUN) ruff format --check .
	$(RUN) ruff check .
	$(RUN) lint-imports
	for package in $(PACKAGES); do $(RUN) deptry $$package --config $$package/pyproject.toml || exit; done

types: setup ## Check types.
	$(RUN) mypy

docs: setup ## Renew the generated tables in READMEs and docs.
	$(RUN) python -m tests.project.readme_tables
	CONTRACT_PAGE=docs/contract.md $(RUN) pytest -q tests/contract

bench: setup ## Measure speed and memory; prints figures, asserts none.
	$(RUN) python -m tests.bench
	$(RUN) python -m tests.bench.relay

format: setup ## Put the code into shape.
	$(RUN) ruff format .
	$(RUN) ruff check --fix .

setup: .venv/.synced ## Install what is needed into this folder.

.venv/.synced: uv.lock pyproject.toml $(wildcard */pyproject.toml plugins/*/pyproject.toml)
	test -x $(UV) || ($(PYTHON) -m venv .venv && .venv/bin/pip install --quiet "uv>=0.9")
	$(UV) sync --frozen --quiet --compile-bytecode
	touch $@

clean: ## Remove what was installed and written.
	rm -rf .venv .meltano output
