# Every target sets up what it needs. `make help` lists them.
PYTHON ?= python3
VENV := .venv
# Windows keeps a venv's programs in Scripts.
BIN := $(VENV)/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
READY := $(VENV)/.ready

.PHONY: help setup demo test lint audit docs screenshots system-packages lock bench clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

setup: $(READY)  ## .venv from the locked, hashed requirements

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "almascan needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Say: make PYTHON=python3.12 ...")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(READY)

demo: $(READY)  ## the main job against the simulator, with a kill and a resume
	$(BIN)/almascan demo --folder demo-output

test: $(READY)  ## all tests, in four processes: many of them wait more than they compute
	$(BIN)/python -m pytest -n 4 --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

lint: $(READY)  ## ruff, mypy, import rule, docs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python docs/check.py

audit: $(READY)  ## known vulnerabilities of the locked dependencies
	$(BIN)/python .ci/audit.py

docs: $(READY)  ## the documentation as HTML in docs/_build
	$(BIN)/sphinx-build -W -q -b html docs docs/_build/html
	@echo "docs/_build/html/index.html"

screenshots: $(READY)  ## the pictures of the page in docs/images (needs Chromium)
	$(BIN)/python -m docs.screenshots

bench: $(READY)  ## the figures of docs/numbers.md, measured here
	$(BIN)/python -m bench $(BENCH_ARGS)

system-packages:  ## what some tests need from the system (Debian, as root): Chromium, nginx and PostgreSQL
	apt-get update -q
	DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends chromium nginx-light postgresql iproute2

lock:  ## requirements.lock from pyproject.toml (needs uv)
	uv pip compile --universal --generate-hashes --no-emit-index-url --no-emit-find-links --python-version 3.11 \
	  --group dev pyproject.toml -o requirements.lock --custom-compile-command "make lock" --quiet

clean:  ## everything that the other targets made
	rm -rf $(VENV) docs/_build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis demo-output
