# weir: one command for each thing a person wants to do.
#
# WEIR_CACHE    where everything built or downloaded lives (default ~/.cache/weir)
# WEIR_REQUIRE  "all" turns skipped tests into failures, as in .ci/run

SHELL := bash
export WEIR_CACHE ?= $(HOME)/.cache/weir

# The tools module pins linters apart from what weir itself requires.
TOOL := go tool -modfile=.tools/go.mod

.DEFAULT_GOAL := help
.PHONY: help setup edge build run test race fuzz torture conformance edges bench bench-host bench-schemas check fmt clean

help: ## Say what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Install what building and testing need; does nothing when it is all there
	@.tools/setup

edge: setup ## Compile the collector with TinyGo and the schemas into a bundle
	@edge/toolchain/build

# Without TinyGo the binary runs the collector natively, and says so.
build: setup ## Build .build/weir with the compiled edge and the demo's tracker inside
	@edge/toolchain/build || echo 'make: going on without the edge module: weir dev will run the collector natively' >&2
	@go run ./host/ui/fetchtracker || echo 'make: going on without the browser tracker: the demo page will say so' >&2
	go build -trimpath -o .build/weir ./host/cmd/weir

run: build ## Run everything in one process, with a demo page: no configuration, no network
	@.build/weir dev

test: setup ## Run every test on every runtime, with a summary of what ran and what did not
	@.tools/viceroy
	@.tools/test

fuzz: ## Run each fuzz target for FUZZTIME (default 30s)
	@.tools/fuzz $(or $(FUZZTIME),30s)

torture: edge ## Kill hosts, cut their power, damage their files, put sinks in trouble under load, for long; print a table
	@.tools/torture $(SECONDS_EACH)

conformance: edge ## Run the JSON Schema suite, the golden suite and the sinks' suite, and nothing else
	@.tools/test conformance

edges: edge ## Run the golden suite on every runtime; print what agrees, and fail unless all does
	@.tools/viceroy
	@.tools/edges

bench: edge ## Measure weir beside what it replaces, in one run
	@.tools/bench

bench-host: setup ## Measure the host: acknowledgement, sinks beside their client libraries, memory, start
	@.tools/bench-host

bench-schemas: setup ## Hold the schema engine to its goals, beside other validators, in one run
	@.tools/bench-schemas

check: ## Run the static checks alone: format, vet, staticcheck, TypeScript, vulnerabilities
	@.tools/test static

fmt: ## Format Go sources
	gofmt -w edge host schemas sinks

clean: ## Remove what was built in the tree; the cache outside it stays
	rm -rf .build bin pkg edge/fastly/main.wasm edge/fastly/build/*.bundle edge/cloudflare/build edge/extism/build edge/wazero/module/*.wasm edge/wazero/module/*.bundle host/ui/tracker/*.js host/ui/tracker/*.txt
