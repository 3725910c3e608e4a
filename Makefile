# Every target installs what it needs first; `make help` lists them.

PYTHON := .venv/bin/python

.PHONY: help build demo test start check coverage bench-pg bench-ann clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## Build build/release/bin/heliosdb
	@scripts/bootstrap build
	@cmake --preset release --log-level=WARNING
	@cmake --build --preset release --target heliosdb

demo: ## Install, build, load the flights of 2013 and take a tour
	@scripts/bootstrap demo
	@$(MAKE) --no-print-directory build
	@$(PYTHON) scripts/demo

test: ## Install, build and run every test that CI runs
	@scripts/bootstrap test
	@cmake --preset release --log-level=WARNING
	@cmake --build --preset release
	@$(PYTHON) scripts/test

start: build ## Serve until stopped, data in ./demo-data, ports as in the README
	@build/release/bin/heliosdb start --data-dir demo-data $(ARGS)

check: ## Format, lint and check the layers
	@scripts/bootstrap build
	@tools/check

coverage: ## Print the line coverage of the unit tests, the SQL suites and the drivers' tests
	@scripts/bootstrap test
	@tools/coverage

bench-pg: ## Print HeliosDB's speed as ratios to PostgreSQL 15
	@scripts/bootstrap test
	@$(MAKE) --no-print-directory build
	@$(PYTHON) bench/pg/run.py $(ARGS)

bench-ann: ## Print the speed of vector search beside hnswlib, FAISS and usearch
	@scripts/bootstrap bench-ann
	@cmake --preset release --log-level=WARNING
	@cmake --build --preset release --target helios_ann_bench
	@.venv-ann/bin/python bench/ann/run.py $(ARGS)

clean: ## Remove what was built; the virtual environment stays
	@rm -rf build .cache
