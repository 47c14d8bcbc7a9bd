# Every verb is one line of use; the work is in the tools themselves.
.DEFAULT_GOAL := help
.PHONY: help demo demo-check test faults bench-ingest bench-store bench-proof bench-page check format services lock shots clean

# uv fetches and checks what the lock names; without one on the path, pip brings it.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& { echo $$p; break; }; done)
BIN := .venv/bin

help:  ## List the verbs
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 22

demo: .venv/run.stamp  ## Run everything here, from sensor to label; Ctrl-C ends it
	@$(BIN)/python -m nguon demo

demo-check: .venv/run.stamp  ## Prove the story without a person; exits 0 or 1
	@folder=$$(mktemp -d) && NGUON_DATA=$$folder $(BIN)/python -m nguon demo --check; \
	status=$$?; [ $$status = 0 ] && rm -rf $$folder || echo "logs: $$folder/logs"; exit $$status

test: .venv/dev.stamp services  ## Install what tests need, run the whole suite
	$(BIN)/python -m pytest $(PYTEST)

faults: .venv/dev.stamp services  ## The fault campaign: TRIALS= of each (all), SEED=, ONLY=F1,F2
	$(BIN)/python -m tests.faults $(if $(TRIALS),--trials $(TRIALS)) $(if $(SEED),--seed $(SEED)) $(if $(ONLY),--only $(ONLY))

bench-ingest: .venv/dev.stamp services  ## How fast a backlog is taken in, against bare paho; ARGS=
	$(BIN)/python -m bench.ingest $(ARGS)
	$(BIN)/python -m bench.amqp

bench-store: .venv/dev.stamp services  ## What each store appends, weighs and answers; ARGS=
	$(BIN)/python -m bench.store $(ARGS)

bench-proof: .venv/dev.stamp  ## What issuing, verifying and logging cost; ARGS=
	$(BIN)/python -m bench.proof $(ARGS)

bench-page: .venv/dev.stamp  ## How fast the buyer's page is served, against its server's floor; ARGS=
	$(BIN)/python -m bench.page $(ARGS)

check: .venv/dev.stamp  ## Format, lint, types, import contracts, documentation
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/test_docs.py tests/test_architecture.py

format: .venv/dev.stamp  ## Put every file into shape
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

services:  ## Install the services that tests talk to (Debian, Ubuntu)
	@sh deploy/test-services.sh

docs: .venv/dev.stamp  ## Write the generated pages of docs/ anew
	$(BIN)/python -m tests.generate_docs

shots: .venv/dev.stamp services  ## Screenshots of every door, and a contact sheet, under shots/
	$(BIN)/python -m tests.browser.contact_sheet

lock:  ## Write the hash-locked requirements from pyproject.toml
	uv pip compile pyproject.toml -q --universal --python-version 3.11 --generate-hashes -o requirements/run.txt
	uv pip compile pyproject.toml -q --extra dev --universal --python-version 3.11 --generate-hashes -o requirements/dev.txt
	uv pip compile requirements/uv.in -q --universal --python-version 3.11 --generate-hashes -o requirements/uv.txt

clean:  ## Remove the environment and everything the demo wrote
	rm -rf .venv var shots dist

# The development environment holds the running one: a sync to either is exact.
.venv/run.stamp: requirements/run.txt | .venv/bin/python
	@test -e .venv/dev.stamp || sh deploy/install.sh requirements/run.txt
	@touch $@

.venv/dev.stamp: requirements/dev.txt | .venv/bin/python
	@sh deploy/install.sh requirements/dev.txt
	@touch $@ .venv/run.stamp

.venv/bin/python:
	@sh deploy/venv.sh "$(PYTHON)"
