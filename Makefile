# The whole interface for developers; CI calls the same. Each target makes .venv itself, on Python 3.11 or newer.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help day up test check bench compiled package pictures lock clean

BIN := .venv/bin
ARGS ?=
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3.14 python3; do \
	$$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)

help: ## what there is
	@sed -nE 's/^([a-z]+):[^#]*## (.*)/  make \1\t\2/p' Makefile

day: .venv/ready ## one trading day, end to end: plan, trade, report (ARGS="--date 2026-08-03 --seed 7")
	$(BIN)/tron day $(ARGS)

up: .venv/ready ## the whole cloud on this machine, at a session's pace (ARGS="--speed 60 --once")
	$(BIN)/tron up $(ARGS)

test: .venv/ready ## every test this machine can run (ARGS="tests/unit -k charges")
	$(BIN)/python -m pytest -n 2 --dist loadfile $(ARGS)

check: .venv/ready ## ruff, mypy, the import contracts, the style test
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/architecture

bench: .venv/ready ## speed of the stores, the stream, the session that trades, the logs (ARGS="--only session --compiled")
	$(BIN)/python -m tests.bench $(ARGS)

compiled: .venv/ready ## the pure rooms as machine code in build/compiled, proven to trade as the plain ones
	$(BIN)/python scripts/compile.py $(ARGS)

package: .venv/ready ## dist/functions.zip, from which Cloud Functions build every function
	$(BIN)/python scripts/package.py $(ARGS)

pictures: .venv/ready ## docs/images anew, as the browser tests see the dashboard (needs chromium); look at each
	rm -f out/screenshots/*.png
	$(BIN)/python -m pytest -q tests/browser/test_pages.py
	for name in today plan trades scorecard controls; do cp out/screenshots/finished-$$name.png docs/images/$$name.png || exit; done
	cp out/screenshots/phone-today.png docs/images/phone.png

lock: .venv/ready ## rebuild requirements/*.txt from pyproject.toml (ARGS=--upgrade for newer versions)
	$(BIN)/python scripts/lock.py $(ARGS)

clean: ## remove .venv and every cache; what tron wrote in out/ stays
	rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find common functions jobs dashboard tests scripts -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/locked: requirements/lock.txt
	@test -n "$(PYTHON)" || { echo "Tron needs Python 3.11 or newer with venv, and none was found." \
		"Install python3.11 and python3.11-venv, or name one: make PYTHON=/path/to/python3" >&2; exit 1; }
	@test -x $(BIN)/pip && $(BIN)/python -c '' 2>/dev/null || $(PYTHON) -m venv --clear .venv
	@echo "Installing the locked packages into .venv (a minute or two, once) ..."
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements/lock.txt
	@touch $@

.venv/ready: .venv/locked pyproject.toml
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@
