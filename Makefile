# Every target is thin over `go run` and friends; a bare `make` lists them.
.DEFAULT_GOAL := help
SHELL := /bin/bash

MODULES := $(shell go list -m -f '{{.Dir}}')
# The race detector needs a C compiler; CI requires one.
RACE := $(shell command -v gcc >/dev/null 2>&1 && go env CGO_ENABLED | grep -q 1 && echo -race)

.PHONY: help run up up-local down tour attack chaos check-chaos check-browser fuzz test roles roles-jwks check-containers check-images check-running verify-fusionauth rotate-keys bench bench-auth bench-catalog lint build tidy check format standalone tidy-check

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 20

run: ## start identity server, catalog, inventory and gateway; DEMO_PORT_BASE=13000 moves them
	@go run ./e2e run

up: ## start it as containers with FusionAuth, about a gigabyte of images; GATEWAY_PORT and FUSIONAUTH_PORT move the two ports
	@COMMIT=$$(git rev-parse HEAD) go run ./e2e up

up-local: ## the same with the local stand-in in FusionAuth's place
	@COMMIT=$$(git rev-parse HEAD) go run ./e2e up-local

down: ## end the containers
	@go run ./e2e down

test: ## run every test of every module
ifeq ($(RACE),)
	@echo "no C compiler: the tests run without the race detector"
endif
	go test $(RACE) -shuffle=on -timeout 20m work

tour: ## tell the article's story in the terminal: which token goes where, what it says, who verifies it and how
	@go run ./e2e tour

# A report that is not wanted is switched off with an empty name.
roles: export JUNIT_FILE ?= .data/reports/roles.xml
roles: export REPORT_FILE ?= .data/reports/roles.md
roles: ## run the role matrix against a stack of its own, against BASE_URL=…, or with STACK=compose against the containers
	@go run ./e2e roles

# A report that is not wanted is switched off with an empty name.
attack: export JUNIT_FILE ?= .data/reports/attack.xml
attack: export REPORT_FILE ?= .data/reports/attack.md
attack: ## attack a stack of its own, or a deployment of yours: BASE_URL=… (ATTACK_ALLOWED=yes where it is not on this machine)
	@go run ./e2e attack

chaos: ## spoil every line and kill every process of a stack of its own; writes docs/chaos.md
	@go run ./e2e chaos

check-chaos: ## the same, compared with docs/chaos.md
	CHAOS=1 go test -count=1 -timeout 15m -run TestChaos ./e2e

check-browser: ## walk through the pages as people do, in Chromium, and audit and photograph each; .data/screenshots
	BROWSER=1 go test -count=1 -timeout 15m -run 'TestJourneys|TestBrowser' ./e2e ./e2e/internal/chrome

FUZZTIME ?= 1m
fuzz: ## run every fuzz target for a minute; FUZZTIME=10s for less
	@for dir in $$(go list -f '{{.Dir}}' work); do \
	  for target in $$(grep -hoE '^func Fuzz[A-Za-z0-9_]+' $$dir/*_test.go 2>/dev/null | cut -c6-); do \
	    echo "$${dir#$(CURDIR)/} $$target"; \
	    (cd $$dir && go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) .) || exit 1; \
	  done; done

# Once more where no key is shared, with each kind of key and each source of public tokens.
roles-jwks:
	@for key in RS256 ES256 EdDSA; do echo "AUTH_MODE=jwks, $$key" && AUTH_MODE=jwks KEY=$$key REQUIRE=all go run ./e2e roles || exit 1; done
	@echo "AUTH_MODE=jwks, GATEWAY_TOKEN_SOURCE=fusionauth" && AUTH_MODE=jwks GATEWAY_TOKEN_SOURCE=fusionauth REQUIRE=all go run ./e2e roles

rotate-keys: ## give the running demo a new signing key (AUTH_MODE=jwks; KEY=EdDSA or RS256 for another type), or SECRET=SESSION_SECRET
	@go run ./e2e rotate-keys

bench: ## measure the gateway beside nginx and HAProxy (Debian's nginx and haproxy); writes docs/benchmarks
	@go run ./e2e bench

bench-auth: ## measure what each way of authorizing costs; writes docs/benchmarks
	@go run ./e2e bench-auth

bench-catalog: ## measure catalog with 100,000 products under 500 requests a second; writes docs/benchmarks
	@go run ./e2e bench-catalog

lint: ## run golangci-lint, at the version that deploy/tools pins
	"$$(GOWORK=off go -C deploy/tools tool -n golangci-lint)" run $(addsuffix /...,$(MODULES))

build: ## build the four binaries into bin/
	go build -trimpath -ldflags "-X storefront/shared/server.Commit=$$(git rev-parse HEAD)" -o bin/ ./gateway ./catalog ./inventory ./fusionauth

tidy: ## bring go.work and every go.mod in line
	go work sync
	@for dir in $(MODULES); do (cd $$dir && GOWORK=off go mod tidy) || exit 1; done

check-containers: check-images check-running ## build the images, run them, and try them; needs a Docker engine or makes one

check-images:
	deploy/with-engine env CONTAINERS=1 go test -count=1 -timeout 30m -run '^TestImages' ./e2e/internal/compose

check-running:
	deploy/with-engine env CONTAINERS=1 go test -count=1 -timeout 15m -skip '^TestImages' ./e2e/internal/compose

verify-fusionauth: up ## the role matrix and the stand-in's own conformance tests against the real FusionAuth
	STACK=compose REQUIRE=all $(MAKE) --no-print-directory roles
	go run ./e2e conformance

check: format standalone tidy-check lint test roles roles-jwks ## all that CI checks without a browser, chaos or containers

format:
	@files=$$(gofmt -l $(MODULES)); test -z "$$files" || { echo "not formatted:"; echo "$$files"; exit 1; }

# As shipped: each module builds alone, without the workspace that would hide a missing replace, and from the same versions as in it. So
# the tests of the workspace are tests of what ships.
versions = go list -deps -test -f '{{with .Module}}{{.Path}} {{with .Version}}{{.}}{{end}}{{end}}' ./... | grep -v '^storefront/' | sort -u
standalone:
	@for dir in $(MODULES); do \
	  echo "GOWORK=off go build $${dir##*/}"; \
	  (cd $$dir && GOWORK=off go build ./... && diff <($(versions)) <(export GOWORK=off; $(versions))) || { echo "$$dir: run make tidy"; exit 1; }; done

tidy-check:
	@for dir in $(MODULES); do (cd $$dir && GOWORK=off go mod tidy -diff) || { echo "run make tidy"; exit 1; }; done
