# Everything runs in .venv, made here from the hashed lock. Nothing is installed by hand.
PYTHON ?= python3
UV_VERSION := 0.13.9
BIN := .venv/bin
READY := .venv/.ready
# The slice is drawn by the commit's id.
SLICE ?= $(shell printf "%d" 0x$$(git rev-parse --short=6 HEAD 2> /dev/null || echo 1))
ASL := .venv/asl/.ready
PEERS := .venv/.peers

# Without its cache of rewritten tests pytest needs seconds more each time.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: setup demo up test check prove bench simulate mutate synth release interpreter bundle-arm64 lint lock clean

setup: $(READY)

$(READY): requirements.lock pyproject.toml Makefile
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "tidegate needs Python 3.11 or newer; try: make PYTHON=python3.12")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	UV_COMPILE_BYTECODE=1 VIRTUAL_ENV=$(CURDIR)/.venv $(BIN)/uv pip install --quiet --require-hashes -r requirements.lock
	VIRTUAL_ENV=$(CURDIR)/.venv $(BIN)/uv pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

demo: $(READY)
	$(BIN)/tidegate demo $(ARGS)

up: $(READY)
	$(BIN)/tidegate up $(ARGS)

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Three tiers, sorted in tests/tiers.py: after each change, before it lands, before an issue is closed.
test: lint $(ASL)
	$(BIN)/pytest -n 2 --dist worksteal -m "not check" $(ARGS)

check: $(READY) $(ASL) $(PEERS)
	$(BIN)/pytest -n 2 --dist worksteal -m check $(ARGS)
	$(BIN)/python -m tests.prove --slice $(SLICE)

prove: $(READY) $(PEERS)
	$(BIN)/python -m tests.prove

# What the benches measure us beside; no other target needs it.
$(PEERS): $(READY) requirements-bench.lock
	VIRTUAL_ENV=$(CURDIR)/.venv $(BIN)/uv pip install --quiet --require-hashes -r requirements-bench.lock
	@touch $@

# npm alone has it. Without a network its tests are skipped with a notice, and it is tried again next time.
$(ASL): $(READY) tests/infra/node/package-lock.json
	@$(BIN)/python -m tests.infra.asl || echo "asl-validator could not be installed: its tests are skipped"

bench: $(READY) $(PEERS)
	$(BIN)/python -m tests.bench

simulate: $(READY)
	$(BIN)/tidegate simulate --kill-matrix --jobs 2
	$(BIN)/tidegate simulate --seeds 1000 --jobs 2

mutate: $(READY)
	$(BIN)/python -m tests.mutate $(ARGS)

synth: $(READY)
	$(BIN)/python -m infra $(ARGS)

release: $(READY)
	$(BIN)/python -m infra --release $(ARGS)

# The functions' own Python for arm64, and what runs it here: unpacked below build/, nothing is installed.
interpreter: $(READY)
	$(BIN)/python -m infra.interpreter

# Every function of a release under it, its zip alone on the path. Emulated: half an hour.
BUNDLES := build/bundles
bundle-arm64: interpreter
	$(BIN)/python -m infra --release --out $(BUNDLES)
	TIDEGATE_BUNDLES=$(BUNDLES) $(BIN)/pytest -rs tests/infra/test_bundles_alone.py tests/infra/test_bundle_contents.py

# The first lock holds every version and hash; each other is the part of it that a group in pyproject.toml needs.
COMPILE := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate -p 3.11
lock: $(READY)
	$(COMPILE) --all-extras pyproject.toml -o requirements.lock
	$(COMPILE) -c requirements.lock --group functions -o requirements-functions.lock
	$(COMPILE) -c requirements.lock --group console -o requirements-console.lock
	$(COMPILE) -c requirements.lock --group bench -o requirements-bench.lock

clean:
	rm -rf .venv build .pytest_cache .mypy_cache .ruff_cache
