PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin

.PHONY: setup demo up test test-replay check bench lock

setup: .venv/installed

.venv/installed: requirements.lock pyproject.toml
	rm -rf .venv
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

demo: setup
	$(BIN)/aftershow up --demo

up: setup
	$(BIN)/aftershow up

test: setup
	$(BIN)/pytest --numprocesses 2 --dist worksteal
	$(BIN)/aftershow test tests/journeys

# Real baskets; the libraries that read them are large and needed for nothing else.
test-replay: .venv/installed-replay
	$(BIN)/pytest benchmarks

.venv/installed-replay: .venv/installed requirements-replay.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-replay.lock
	touch $@

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/aftershow check
	$(BIN)/python -m runtime.authoring.schema --check

bench: setup
	$(BIN)/python -m benchmarks

COMPILE = $(BIN)/pip-compile --quiet --upgrade --generate-hashes --allow-unsafe --strip-extras --no-header \
  --no-annotate --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --extra dev

lock: setup
	$(COMPILE) --output-file requirements.lock pyproject.toml
	$(COMPILE) --extra replay --constraint requirements.lock --output-file requirements-replay.lock pyproject.toml
