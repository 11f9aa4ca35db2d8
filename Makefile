# kdtutor. `make` lists what there is; `make lab` opens the course.
#
# constraints.txt pins torch exactly. On Linux the package index offers torch only as a CUDA build of several gigabytes;
# who has no GPU saves most of that by naming an index with CPU builds, for which the pins hold as well:
#     make lab PIP_ARGS="--extra-index-url ADDRESS"
# Who has a GPU and wants a torch of their own leaves the pins out; a torch already in VENV is kept if its version is admitted:
#     make lab CONSTRAINTS= VENV=path/to/environment
# The choice is remembered in VENV, so that later calls need not repeat it.

.DEFAULT_GOAL := help

VENV ?= .venv
-include $(VENV)/kdtutor.mk
CONSTRAINTS ?= constraints.txt
PIP_ARGS ?=
PYTEST_ARGS ?=
WORKERS ?= 2

BIN := $(VENV)/bin
STAMP := $(VENV)/kdtutor.stamp
CHOICE := $(strip $(CONSTRAINTS)|$(PIP_ARGS))
# A file stays with one process: the cells of a notebook need one kernel. Files are shared out in order, the longest,
# which are the notebooks, first, so that all processes end together.
SIDE_BY_SIDE := --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder
# Many processes import the same modules: what one has compiled is kept for the others, also where the
# environment says otherwise.
COMPILED := PYTHONDONTWRITEBYTECODE=
NBVAL := --nbval --nbval-current-env --nbval-sanitize-with tests/notebooks/sanitize.cfg --nbval-cell-timeout=120
# Lines covered of these packages are counted; after a whole run each has to have 90 % of them.
MATHEMATICS := papers nets train data
COVERAGE := --cov --cov-report=

# Trains the narrowest net channels-last, for which a kernel of some processors is broken (kdtutor/nets/layout.py).
LESSON_FOR_ISA := notebooks/05_overhaul.ipynb

.PHONY: help lab install test test-slow test-isa test-extras test-cluster check site pdf notebooks results bench torture doctor clean

help:  ## list these targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{printf "%-20s %s\n", $$1, $$2}'
	@echo
	@echo '  PYTHON=python3.12    the Python that makes the environment (3.11 to 3.13)'
	@echo '  VENV=DIR             where the environment is (default .venv); may be one you have'
	@echo '  PIP_ARGS="..."       more arguments for pip, such as an index with CPU builds of torch'
	@echo '  CONSTRAINTS=         without the pins: your own torch, if kdtutor admits its version'
	@echo '  PYTEST_ARGS="-k fsp" more arguments for pytest'
	@echo '  WORKERS=2            how many processes share the tests (0: all in one)'

lab: install  ## open the course in JupyterLab
	@$(BIN)/kdtutor lab

install: $(STAMP)  ## only make the environment, or bring it up to date

test: check  ## lint, then every notebook and every test but the slow ones
	OMP_NUM_THREADS=1 $(COMPILED) KDTUTOR_TESTS_END_WITH=$$PPID $(BIN)/python -m pytest $(NBVAL) $(SIDE_BY_SIDE) $(COVERAGE) -m "not cluster and not slow" notebooks tests $(PYTEST_ARGS)
	@$(if $(strip $(PYTEST_ARGS)),,$(lines-covered))

test-slow: install  ## the slow tests: whole studies, tables, runs that are killed, other formats
	OMP_NUM_THREADS=1 $(COMPILED) KDTUTOR_TESTS_END_WITH=$$PPID $(BIN)/python -m pytest -m "slow and not cluster" $(SIDE_BY_SIDE) tests $(PYTEST_ARGS)

test-isa: install  ## a fast part of the tests, for other instruction sets (ONEDNN_MAX_CPU_ISA=AVX2 make test-isa)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m isa $(SIDE_BY_SIDE) tests $(PYTEST_ARGS)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest $(NBVAL) $(LESSON_FOR_ISA) $(PYTEST_ARGS)

test-extras: install  ## what works with timm, ONNX and Voilà (adds the extras `timm`, `export` and `panel`)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP_ARGS) $(addprefix -c ,$(CONSTRAINTS)) -e '.[timm,export,panel]'
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m extra tests/nets tests/cli/test_lab.py $(PYTEST_ARGS)

test-cluster: install  ## studies on a cluster of two nodes on this machine (adds the extra `cluster`)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP_ARGS) $(addprefix -c ,$(CONSTRAINTS)) -e '.[cluster]'
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m cluster tests/workers $(PYTEST_ARGS)

check: install  ## ruff, mypy and the import contract
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

site: install  ## build the course and its reference as pages, into site/
	$(BIN)/python -m docs

pdf: install  ## print a lesson of the site (make pdf LESSON=01_hinton), into build/pdf; needs Chromium
	$(BIN)/python -m docs.pdf $(LESSON)

notebooks: install  ## run all notebooks and store their outputs
	$(BIN)/kdtutor notebooks

results: install  ## regenerate the stored runs in data/results (long)
	$(BIN)/kdtutor results

bench: install  ## measure speed and memory
	$(BIN)/python -m benchmarks

torture: install  ## kill, damage and starve runs: nothing may be lost (minutes)
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.torture

doctor: install  ## say what is well here and what is not
	@$(BIN)/kdtutor doctor

clean:  ## remove caches and build products (never data, runs or the environment)
	rm -rf build dist site .coverage .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	find kdtutor tests benchmarks notebooks \( -name __pycache__ -o -name .ipynb_checkpoints \) -prune -exec rm -rf {} + 2>/dev/null || true

define lines-covered
low=; for package in $(MATHEMATICS); do \
  printf 'lines covered of %s, in %%: ' $$package; \
  $(BIN)/coverage report --include="kdtutor/$$package/*" --format=total --fail-under=90 || low="$$low $$package"; done; \
test -z "$$low" || { echo "below 90 %:$$low; $(BIN)/coverage report -m lists the lines" >&2; exit 1; }
endef

ifneq ($(CHOICE),$(INSTALLED))
.PHONY: $(STAMP)
endif

$(STAMP): pyproject.toml $(CONSTRAINTS)
	@test -x $(BIN)/pip || { $(find-python); "$$python" -m venv $(VENV); }
	@echo 'Installing kdtutor into $(VENV): once, some minutes, about 2 GB.'
	@$(BIN)/python -m pip install --disable-pip-version-check $(PIP_ARGS) $(addprefix -c ,$(CONSTRAINTS)) -e '.[dev]'
	@printf '%s ?= %s\n' CONSTRAINTS '$(CONSTRAINTS)' PIP_ARGS '$(PIP_ARGS)' > $(VENV)/kdtutor.mk
	@printf 'INSTALLED := %s\n' '$(CHOICE)' >> $(VENV)/kdtutor.mk
	@touch $@

CANDIDATES := $(or $(PYTHON),python3 python3.13 python3.12 python3.11)
define find-python
python=; for p in $(CANDIDATES); do \
  if "$$p" -c 'import sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; \
  then python="$$p"; break; fi; done; \
test -n "$$python" || { echo "kdtutor needs Python 3.11, 3.12 or 3.13, and $(CANDIDATES) is none of these: \
install one, or name it: make lab PYTHON=path/to/python" >&2; exit 1; }
endef
