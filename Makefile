# Set-up and everyday commands; every target sets up what it needs and skips what is done.
# GPU builds: make chat CMAKE_ARGS="-DGGML_CUDA=on"   Another Python: make chat PYTHON=python3.12
PYTHON ?= python3
BIN := .venv/bin
BOOT := $(PYTHON) tools/bootstrap.py
export CMAKE_ARGS
# through the environment, so that no character of a question is read by a shell
export PINCITE_QUESTION := $(value Q)

.PHONY: help chat ask setup test lint format bench-answer bench-completeness bench-retrieval bench-embedding bench-corpus bench-kill clean
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
	echo 'make bench-kill         kill 200 builds at random moments and look at what is left'
	echo 'make clean              remove caches and the environment, keep models, corpus and home'

chat:
	$(BOOT) -- pincite chat

ask:
	if [ -z "$$PINCITE_QUESTION" ]; then echo 'Usage: make ask Q="How long may we keep leavers'"'"' records?"' >&2; exit 2; fi
	$(BOOT) -- pincite ask "$$PINCITE_QUESTION"

setup:
	$(BOOT)

test:
	$(BOOT) --dev --model smollm2-135m --model all-minilm-l6-v2 --model qwen2.5-coder-1.5b
	$(MAKE) --no-print-directory lint
	$(BIN)/python -m pytest $(PYTEST_ARGS)

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

bench-kill:
	$(BOOT) --dev --code-only
	PINCITE_KILLS=200 $(BIN)/python -m pytest -q -s tests/library/test_kill.py $(ARGS)

clean:
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache src/*.egg-info
	find src tests benchmarks tools -name __pycache__ -type d -prune -exec rm -rf {} +
