# Each target installs what it needs from the lock, once: the stamp's name holds a checksum of the lock.
# Everything here runs with python3 (3.11 or newer), git and make; uv is used where it is installed.

USE_CASE ?= fraud
BIN := .venv/bin
SUM := $(shell cat requirements.lock requirements-extras.lock requirements-dev.lock pyproject.toml | cksum | tr ' ' -)
RUNTIME := .venv/.runtime-$(SUM)
EXTRAS := .venv/.extras-$(SUM)
DEVELOPMENT := .venv/.development-$(SUM)

export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help install extras run test test-system check bench lock clean

help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | while IFS='|' read -r target text; do printf '%-19s %s\n' "$$target" "$$text"; done

install: $(RUNTIME) ## Make .venv from the lock
	@echo "installed; next: $(BIN)/lifecycle list"

extras: $(EXTRAS) ## Add what texts, images and recommendations are learnt with
	@echo "installed; next: $(BIN)/lifecycle list"

run: $(RUNTIME) ## Run the whole loop once, here (USE_CASE=fraud)
	@$(BIN)/lifecycle run $(USE_CASE)

test: $(DEVELOPMENT) ## Run the tests that every change needs
	@$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder -m "not system"

test-system: $(DEVELOPMENT) ## Run the tests of whole stacks and long commands: kills, browsers, load, disks that fail
	@$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder -m system

check: $(DEVELOPMENT) ## Format, lint, types, imports: what a commit must pass
	@$(BIN)/ruff format --check --quiet . || { echo "run '$(BIN)/ruff format' and look at the difference" >&2; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/basedpyright
	@$(BIN)/lint-imports --no-cache

bench: $(RUNTIME) ## Compare the pipeline with a bare script
	@$(BIN)/python benchmarks/pipeline.py

lock: ## Resolve the dependencies again, after a change in pyproject.toml (needs uv)
	@uv pip compile --quiet pyproject.toml --extra build --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-header -o requirements.lock
	@uv pip compile --quiet pyproject.toml --extra build --extra text --extra imaging --extra recommendation -c requirements.lock --universal \
		--python-version 3.11 --generate-hashes --no-emit-index-url --no-header -o requirements-extras.lock
	@uv pip compile --quiet pyproject.toml --extra build --extra text --extra imaging --extra recommendation --extra dask --extra ray --extra s3 --extra dev \
		-c requirements.lock -c requirements-extras.lock --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		-o requirements-dev.lock

clean: ## Remove .venv and caches; data and models in .lifecycle/ stay
	@rm -rf .venv .pytest_cache .ruff_cache .import_linter_cache .hypothesis build *.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(RUNTIME):
	@sh .ci/install requirements.lock $@

$(EXTRAS):
	@sh .ci/install requirements-extras.lock $@ $(RUNTIME)

$(DEVELOPMENT):
	@sh .ci/install requirements-dev.lock $@ $(RUNTIME) $(EXTRAS)
