# The commands of this repository. `make demo` and `make test` do all set-up by themselves.
.DEFAULT_GOAL := help
VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= python3
STAMP := $(VENV)/.installed
TEST_PACKAGES := mosquitto gcc make gcc-avr avr-libc libsimavr-dev libelf-dev postgresql chromium

.PHONY: help setup demo bench-judgement test check lint requirements test-packages bench-receipts bench-resolver clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "make %-18s %s\n", $$1, $$2}'

setup: $(STAMP) ## the virtual environment with everything that is pinned in requirements.txt

$(STAMP): requirements.txt pyproject.toml
	@PYTHON="$(PYTHON)" sh deploy/dev/venv.sh $(VENV)
	@touch $@

demo: $(STAMP) ## a virtual shop on this machine: shelves, shoppers, receipts, a page
	@$(BIN)/shelf-bench demo

# SEEDS is how many seeds a family has; FAMILIES names some, with commas; ROOM=harsh, RATE=10 and PLATES=one are conditions
FAMILIES ?= all
SEEDS ?= 1
ROOM ?= default
RATE ?= 80
PLATES ?= four
bench-judgement: $(STAMP) ## agent, published rules and oracle on the same recordings (SEEDS=20 FAMILIES=quick,pair ROOM=harsh)
	@$(BIN)/shelf-bench judge --agent $(BIN)/shelf-agent --family $(FAMILIES) --seeds 1-$(SEEDS) \
	  --room $(ROOM) --rate $(RATE) --plates $(PLATES)

test-packages:
	@sh deploy/dev/packages.sh $(TEST_PACKAGES)

test: test-packages $(STAMP) lint ## everything that CI runs
	@$(BIN)/python -m pytest -n 2 --dist worksteal -m "not realtime"
	@$(BIN)/python -m pytest -m realtime

bench-faults: test-packages $(STAMP) ## break things on purpose, and count what was lost (20 minutes; SHARE=0.1 for a tenth; JOBS=1 on a slow machine)
	@$(BIN)/shelf-bench faults --verbose --share $(or $(SHARE),1) --jobs $(or $(JOBS),6)

bench-firmware: test-packages $(STAMP) ## the figures asked of the board, the compiled firmware in simavr (half a minute)
	@$(BIN)/python -m tests.firmware.figures

bench-resolver: $(STAMP) ## events a second through the resolver, durable (FLAGS="--events 1000000"; --day: a day in disorder)
	@$(BIN)/python -m tests.resolver.figures $(FLAGS)

bench-receipts: $(STAMP) ## receipts of the bench's shoppers through agent and resolver, against the truth
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m bench.receipts $(FLAGS)

# RUNS and MINUTES make it short (RUNS=1 MINUTES=0.2 HOURS=0.1 MEMORY_MINUTES=0.2); river stands beside the pinned packages
RIVER := out/river/bin/python
bench-speed: test-packages $(STAMP) $(RIVER) ## how fast, how light, how soon (three hours; RUNS=1 MINUTES=0.2 for a look)
	@$(BIN)/python -m compileall -q agent # as installed: what is edited would be compiled by each start
	@$(BIN)/python -m bench.speed --runs $(or $(RUNS),5) --minutes $(or $(MINUTES),5) --hours $(or $(HOURS),1) \
	  --memory-minutes $(or $(MEMORY_MINUTES),60) --river $(RIVER) $(FLAGS)

$(RIVER):
	@$(PYTHON) -m venv out/river && out/river/bin/python -m pip install --quiet --disable-pip-version-check river==0.26.1

lint: $(STAMP) ## ruff, mypy strict, import directions
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports

requirements: $(STAMP) ## pin every dependency anew, with hashes, for all platforms
	@$(BIN)/python -m pip install --quiet uv && $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --all-extras \
	  --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate pyproject.toml -o requirements.txt

deb: ## a Debian package for this machine's Debian, with all that it needs within (PYTHON=/usr/bin/python3)
	@sh deploy/debian/build.sh $(PYTHON)

clean: ## remove what was built
	@rm -rf $(VENV) build dist out firmware/build
