# hallkeeper: `make` lists what there is. Everything is set up on the way, in .venv alone;
# a second run finds the stamps and starts at once.

VENV  := .venv
BIN   := $(VENV)/bin
UV    := $(shell command -v uv 2>/dev/null)
ARGS  ?=
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# The environment stands here, whatever environment the caller is in.
export VIRTUAL_ENV := $(CURDIR)/$(VENV)

ifdef UV
INSTALL := $(UV) pip install --quiet --compile-bytecode
else
INSTALL := $(BIN)/python -m pip install --quiet
endif

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo test crash outages check format-check lint types floors names catalogues migrations format bench wheel browser requirements clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

demo: $(VENV)/.run ## three platforms, one page to watch and play in (ARGS="--for 20 --json" runs it unwatched)
	@$(BIN)/hallkeeper demo $(ARGS)

test: $(VENV)/.dev browser ## every test, on SQLite and PostgreSQL and in a real browser (ARGS picks some)
	@$(BIN)/python -m pytest -n auto --dist worksteal $(if $(CI),-p tools.no_skips) $(ARGS)

crash: $(VENV)/.dev ## kill it 200 times while it posts, and count what stands (ARGS="--help" says what can be set)
	@$(BIN)/python -m tests.crash $(ARGS)

outages: $(VENV)/.dev ## take PostgreSQL, its network and the disk away in the middle of the work, and freeze a process
	@$(BIN)/python -m pytest tests/crash/outages.py tests/crash/residue.py $(ARGS)

check: format-check lint types floors names catalogues migrations ## format, lint, types, floors, names, catalogues, migrations

format-check: $(VENV)/.dev
	@$(BIN)/ruff format --check .

lint: $(VENV)/.dev
	@$(BIN)/ruff check .

types: $(VENV)/.dev
	@$(BIN)/mypy

floors: $(VENV)/.dev
	@$(BIN)/lint-imports --no-logo

names: $(VENV)/.dev
	@$(BIN)/python tools/names.py

catalogues: $(VENV)/.dev
	@$(BIN)/python tools/catalogues.py

migrations: $(VENV)/.dev
	@$(BIN)/python -m storage.migrate check

format: $(VENV)/.dev ## format the code and mend what ruff can mend
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

bench: $(VENV)/.dev ## measure, and print the figures as JSON
	@$(BIN)/python -m bench $(ARGS)

wheel: $(VENV)/.run ## build the wheel and try it in an environment of its own
	@sh tools/wheel.sh $(BIN)

requirements: ## pin and hash anew what pyproject.toml asks for (needs uv; UPGRADE=1 takes the newest)
	@test -n "$(UV)" || { echo 'This needs uv: https://docs.astral.sh/uv/' >&2; exit 1; }
	@compile="$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	    --no-emit-find-links --no-header $(if $(UPGRADE),--upgrade) --group install pyproject.toml"; \
	$$compile -o requirements/run.txt >/dev/null && \
	$$compile --extra dev -c requirements/run.txt -o requirements/dev.txt >/dev/null

clean: ## remove the environment, caches and builds (data/ stays)
	rm -rf $(VENV) dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Set-up. Requirements come first and by hash; then the project itself, which needs neither network nor isolation.

$(VENV)/.python: tools/venv.sh
	@sh tools/venv.sh $(VENV) "$(UV)"
	@touch $@

$(VENV)/.run: $(VENV)/.python requirements/run.txt pyproject.toml
	@echo 'Installing what hallkeeper needs …' >&2
	@$(INSTALL) --require-hashes -r requirements/run.txt
	@$(INSTALL) --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.run requirements/dev.txt
	@echo 'Installing what its tests need …' >&2
	@$(INSTALL) --require-hashes -r requirements/dev.txt
	@touch $@

# Debian's own Chromium: installed where that is allowed, named where it is not (the tests then say so, too).
browser:
	@for name in chromium chromium-browser google-chrome; do command -v $$name >/dev/null && exit 0; done; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo 'Installing Chromium for the browser tests …' >&2; \
	    apt-get update -qq </dev/null && DEBIAN_FRONTEND=noninteractive \
	    apt-get install -qq -y --no-install-recommends chromium </dev/null >/dev/null; \
	else \
	    echo 'The browser tests need Chromium, which only root can install: apt-get install chromium' >&2; \
	fi
