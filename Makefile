.DEFAULT_GOAL := help
.PHONY: help setup chat test test-all check figures lock

help:  ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | sort | expand -t 10

.venv/.bootstrap-stamp: requirements.lock pyproject.toml scripts/bootstrap.sh
	@bash scripts/bootstrap.sh

setup: .venv/.bootstrap-stamp  ## packages, model, example calls and index, where they are missing
	@.venv/bin/coach setup

chat: setup  ## open the chat in the browser
	@.venv/bin/coach chat

# Two workers with one thread each; a file's tests stay together, as they share what its fixtures made. The files' order
# is that of tests/conftest.py, long ones first; xdist's own would begin with those of the most tests, which are short.
PYTEST = OMP_NUM_THREADS=1 .venv/bin/python -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder

test: .venv/.bootstrap-stamp  ## the tests of some minutes
	@$(PYTEST) -m "not e2e and not slow"

test-all: .venv/.bootstrap-stamp  ## every test, with those in a browser and those that take long
	@$(PYTEST)

check: .venv/.bootstrap-stamp  ## ruff, mypy and the import layers
	@.venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/mypy && .venv/bin/lint-imports

FIGURES ?= .coach/figures

figures: .venv/.bootstrap-stamp  ## measure again what the docs claim (hours); DATA=calls.csv adds your own calls
	@.venv/bin/python benchmarks/speed.py
	@.venv/bin/python benchmarks/noise.py
	@OMP_NUM_THREADS=1 .venv/bin/python benchmarks/library.py
	@OMP_NUM_THREADS=1 .venv/bin/python benchmarks/intents.py
	@OMP_NUM_THREADS=1 .venv/bin/python benchmarks/sample_corpus.py
	@.venv/bin/python benchmarks/embedding_map.py
	@.venv/bin/python benchmarks/call_map.py
	@.venv/bin/coach setup && .venv/bin/python benchmarks/chat.py
	@.venv/bin/python benchmarks/deals.py
	@.venv/bin/coach sample $(FIGURES)/sample.csv
	@.venv/bin/coach train $(FIGURES)/sample.csv --out $(FIGURES)/model
	@.venv/bin/python benchmarks/sample_model.py $(FIGURES)/sample.csv --model $(FIGURES)/model
	@.venv/bin/coach evaluate $(FIGURES)/sample.csv --model $(FIGURES)/model --split test --report $(FIGURES)/model.html
	@.venv/bin/coach compare $(FIGURES)/sample.csv --report $(FIGURES)/sample.html
	@if [ -n "$(DATA)" ]; then .venv/bin/coach compare "$(DATA)" --report "$(FIGURES)/own.html"; fi

lock: .venv/.bootstrap-stamp  ## pin the newest versions that pyproject.toml allows
	@scripts/lock.sh
