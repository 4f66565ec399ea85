# `make summarize` and `make test` do all the set-up there is: a virtual environment in .venv with
# nlpkit and the versions of constraints.txt. A second call installs nothing.

PYTHON   ?= python3
VENV     ?= .venv
# More for pip, for example a package index with CPU builds of torch only.
PIP_ARGS ?=
DOCUMENT ?= data/documents/harbour-bridge.txt
TESTS    ?=

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install -qq -c constraints.txt $(PIP_ARGS)

.DEFAULT_GOAL := help
# Some begin from another pipeline (training.start), learn from a teacher, or read sets made out of
# the reference sets, so the order counts. FOLDER@1 is trained with seed 1, into FOLDER_1.
SETS      ?= squad_sentences short_sentences example_sentences
PIPELINES ?= $(addprefix benchmarks/starts/,summarization summarization_hidden \
               $(foreach seed,1 2,summarization_single@$(seed))) \
             pipelines/summarization \
             benchmarks/starts/question_answering benchmarks/starts/question_answering_adapters \
             pipelines/question_answering \
             benchmarks/starts/qnli pipelines/qnli \
             $(addprefix benchmarks/teachers/,cola sst2 mnli) benchmarks/starts/mnli \
             $(addprefix benchmarks/starts/,cola cola_example_sentences \
               $(foreach seed,1 2 3,cola_single@$(seed))) \
             $(addprefix pipelines/,cola sst2 mnli rte stsb mrpc qqp summarization_pair)

.PHONY: help summarize test check format docs wheel pipelines clean

help:
	@echo 'make summarize   summarize $(DOCUMENT) (DOCUMENT=... for another)'
	@echo 'make test        run all tests (TESTS=... for some)'
	@echo 'make check       ruff and mypy'
	@echo 'make format      let ruff format and mend'
	@echo 'make docs        run the commands in README and docs/ and show what they print'
	@echo 'make pipelines   train the shipped pipelines anew (DATA=folder of the data sets)'
	@echo 'make wheel       build the wheel and the source archive in dist/'
	@echo 'make clean       remove caches and builds (the environment stays; rm -r $(VENV) removes it)'

$(VENV)/.created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo 'nlpkit needs Python 3.11 or later; name one with: make PYTHON=python3.12 ...' >&2; exit 1; }
	@test -x $(BIN)/python || { echo 'Making the environment $(VENV) with '"$$($(PYTHON) --version)"; $(PYTHON) -m venv $(VENV); }
	@touch $@

$(VENV)/.installed: pyproject.toml constraints.txt | $(VENV)/.created
	@echo 'Installing nlpkit in $(VENV) (the first time takes some minutes)'
	@$(PIP) -e '.[onnx]'
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	@echo 'Installing the tools for tests and checks in $(VENV)'
	@$(PIP) -e '.[dev]'
	@touch $@

summarize: $(VENV)/.installed
	@$(BIN)/nlpkit summarize --scores '$(DOCUMENT)'

test: $(VENV)/.installed-dev
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile $(TESTS)

check: $(VENV)/.installed-dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: $(VENV)/.installed-dev
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

docs: $(VENV)/.installed-dev
	@PATH="$(abspath $(BIN)):$$PATH" $(BIN)/python docs/outputs.py README.md docs/*.md

pipelines: $(VENV)/.installed-dev
	@for set in $(SETS); do \
	  $(BIN)/python -m benchmarks.sets.$$set $(if $(DATA),--data '$(DATA)') || exit 1; done
	@for run in $(PIPELINES); do folder=$${run%@*}; seed=$${run#$$folder}; seed=$${seed#@}; \
	  $(BIN)/nlpkit train $$folder $${seed:+--seed $$seed --output $${folder}_$$seed} \
	    $(if $(DATA),--data '$(DATA)') || exit 1; done

wheel: $(VENV)/.installed-dev
	@$(BIN)/python -m build --outdir dist .

clean:
	@rm -rf dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find . -path ./$(VENV) -prune -o -name __pycache__ -type d -exec rm -rf {} +
