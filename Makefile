# Everything a newcomer needs: `make demo` and `make test`.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
# LightGBM asks for OpenMP's runtime, which a bare Debian lacks; scikit-learn's wheel brings one.
OPENMP := $(CURDIR)/$(VENV)/openmp
export LD_LIBRARY_PATH := $(OPENMP)$(if $(LD_LIBRARY_PATH),:$(LD_LIBRARY_PATH))
SERVE ?= 1
PORT ?= 3000
# Where `make pictures` puts them.
PICTURES ?= build/pictures
# Two processes, each with a shop of its own; a file's tests stay together.
IN_TWO := -n 2 --dist loadfile

.PHONY: help install demo test test-slow test-all check docs pictures serve lock clean

help:  ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: $(INSTALLED)  ## install the locked packages and this project into .venv

$(INSTALLED): requirements-dev.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@$(BIN)/python -c "import ctypes; ctypes.CDLL('libgomp.so.1')" 2>/dev/null || { mkdir -p $(OPENMP) && \
		ln -sf $(CURDIR)/$(VENV)/lib/python*/site-packages/scikit_learn.libs/libgomp*.so* $(OPENMP)/libgomp.so.1; }
	@touch $@

demo: $(INSTALLED)  ## load, build, train, release and serve the default data, or DATA=FOLDER (SERVE=0: stop after showing it)
	$(BIN)/faces demo --port $(PORT) $(if $(DATA),--from "$(DATA)",) $(if $(filter 0,$(SERVE)),--no-serve,)

serve: $(INSTALLED)  ## serve the active release on PORT
	$(BIN)/faces serve --port $(PORT)

test: check  ## the checks and the tests that take minutes
	$(BIN)/python -m pytest -m "not slow" $(IN_TWO)

test-slow: $(INSTALLED)  ## the long tests alone: full data, kills, a bento, the demo
	$(BIN)/python -m pytest -m slow $(IN_TWO)

test-all: test test-slow  ## both

check: $(INSTALLED)  ## format, lint, types, import layers, stale pages, Spark compilation
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python docs/generate.py --check
	$(BIN)/python -m features.groups.compile

docs: $(INSTALLED)  ## write the generated pages
	$(BIN)/python docs/generate.py

pictures: $(INSTALLED)  ## every page of the console as pictures into PICTURES, from a served copy of the shop (needs chromium)
	PYTHONPATH=tests/literal $(BIN)/python docs/console_pictures.py $(PICTURES)

lock:  ## resolve the lock files anew (needs uv)
	uv pip compile pyproject.toml --python-version 3.11 --universal --generate-hashes --no-emit-index-url --no-annotate -q -o requirements.lock
	uv pip compile pyproject.toml --group dev --python-version 3.11 --universal --generate-hashes --no-emit-index-url --no-annotate -q -o requirements-dev.lock

clean:  ## remove the environment, caches and all state in var
	rm -rf $(VENV) var build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
