# Set-up and everyday commands; every target sets up what it needs and skips what is done.
# GPU builds: make chat CMAKE_ARGS="-DGGML_CUDA=on"   Another Python: make chat PYTHON=python3.12
PYTHON ?= python3
BIN := .venv/bin
BOOT := $(PYTHON) tools/bootstrap.py
export CMAKE_ARGS
# make chat UNSEALED=1: for systems whose kernel cannot take the network away; never from the environment
OPEN :=
ifeq ($(origin UNSEALED),command line)
OPEN := --unsealed
endif
# through the environment, so that no character of a question is read by a shell
export PINCITE_QUESTION := $(value Q)

.PHONY: help chat ask setup test lint format bench-answer bench-completeness bench-retrieval bench-embedding bench-corpus bench-kill bench-injection bench-batch bench-batch-kill bench-bundle clean
.SILENT:

help:
	echo 'make chat               ask questions in the terminal (the first run sets everything up)'
	echo 'make ask Q="..."        one answer on stdout'
	echo 'make test               lint, then all tests'
	echo 'make lint               ruff, mypy, import contracts'
	echo 'make format             let ruff rewrite the files'
	echo 'make bench-answer       measure answers;  make bench-retrieval  measure search'
	echo 'make bench-corpus       measure building;  make bench-embedding  measure the embedder'
	echo 'make bench-completeness  compare what is found in official texts with the official counts'
	echo 'make bench-injection    ask with 46 hostile documents in the corpus;  ARGS=--forced  the worst case'
	echo 'make bench-kill         kill 200 builds at random moments and look at what is left'
	echo 'make bench-batch        questions an hour of a batch and of a loop of single asks'
	echo 'make bench-batch-kill   kill a run of 1,000 questions 20 times and compare what it ends with'
	echo 'make bench-bundle       make a bundle, install it without a network as another user, ask, update (needs root)'
	echo 'make clean              remove caches and the environment, keep models, corpus and home'

chat:
	$(BOOT) $(OPEN) -- pincite chat $(OPEN)

ask:
	if [ -z "$$PINCITE_QUESTION" ]; then echo 'Usage: make ask Q="How long may we keep leavers'"'"' records?"' >&2; exit 2; fi
	$(BOOT) $(OPEN) -- pincite ask $(OPEN) "$$PINCITE_QUESTION"

setup:
	$(BOOT)

test:
	$(BOOT) --dev --model smollm2-135m --model all-minilm-l6-v2 --model all-mpnet-base-v2 --model qwen2.5-coder-1.5b
	$(MAKE) --no-print-directory lint
	$(BIN)/python -m pytest -n 2 --dist loadfile $(PYTEST_ARGS)

lint:
	$(BOOT) --dev --code-only
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format:
	$(BOOT) --dev --code-only
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench-answer:
	$(BOOT) --dev
	$(BIN)/python -m benchmarks.answer $(ARGS)

bench-completeness:
	$(BOOT) --dev --code-only
	$(BIN)/python -m benchmarks.completeness $(ARGS)

bench-retrieval:
	$(BOOT) --dev
	$(BIN)/python -m benchmarks.retrieval $(ARGS)

bench-embedding:
	$(BOOT) --dev
	$(BIN)/python -m benchmarks.embedding $(ARGS)

bench-corpus:
	$(BOOT) --dev
	$(BIN)/python -m benchmarks.corpus $(ARGS)

bench-injection:
	$(BOOT) --dev
	$(BIN)/python -m benchmarks.injection $(ARGS)

bench-kill:
	$(BOOT) --dev --code-only
	PINCITE_KILLS=200 $(BIN)/python -m pytest -q -s tests/library/test_kill.py $(ARGS)

bench-batch:
	$(BOOT) --dev
	$(BIN)/python -m benchmarks.batch $(ARGS)

bench-batch-kill:
	$(BOOT) --dev --model smollm2-135m --model all-minilm-l6-v2
	PINCITE_BATCH_ROWS=1000 PINCITE_BATCH_KILLS=20 PINCITE_BATCH_MODEL=smollm2-135m \
		$(BIN)/python -m pytest -q -s tests/batch/test_kill.py -k killed $(ARGS)

bench-bundle:
	$(BOOT) --dev
	$(BIN)/python -m benchmarks.bundle $(ARGS)

clean:
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache src/*.egg-info
	find src tests benchmarks tools -name __pycache__ -type d -prune -exec rm -rf {} +
