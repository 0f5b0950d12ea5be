# Every target is thin over `go run` and friends; a bare `make` lists them.
.DEFAULT_GOAL := help
SHELL := /bin/bash

MODULES := $(shell go list -m -f '{{.Dir}}')
# The race detector needs a C compiler; CI requires one.
RACE := $(shell command -v gcc >/dev/null 2>&1 && go env CGO_ENABLED | grep -q 1 && echo -race)

.PHONY: help run test roles lint build tidy check format vet standalone tidy-check

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

run: ## start identity server, catalog, inventory and gateway; DEMO_PORT_BASE=13000 moves them
	@go run ./e2e run

test: ## run every test of every module
ifeq ($(RACE),)
	@echo "no C compiler: the tests run without the race detector"
endif
	go test $(RACE) -shuffle=on -timeout 20m work

roles: ## run the role matrix against a stack of its own, or against BASE_URL=…
	@go run ./e2e roles

lint: ## run golangci-lint, at the version that deploy/tools pins
	"$$(GOWORK=off go -C deploy/tools tool -n golangci-lint)" run $(addsuffix /...,$(MODULES))

build: ## build the four binaries into bin/
	go build -trimpath -o bin/ ./gateway ./catalog ./inventory ./fusionauth

tidy: ## bring go.work and every go.mod in line
	go work sync
	@for dir in $(MODULES); do (cd $$dir && GOWORK=off go mod tidy) || exit 1; done

check: format vet standalone tidy-check lint test roles ## all that CI checks

format:
	@files=$$(gofmt -l $(MODULES)); test -z "$$files" || { echo "not formatted:"; echo "$$files"; exit 1; }

vet:
	go vet work

# As shipped: each module alone, without the workspace that would hide a missing replace or another version.
standalone:
	@for dir in $(MODULES); do echo "GOWORK=off go build, vet $${dir##*/}" && (cd $$dir && GOWORK=off go build ./... && GOWORK=off go vet ./...) || exit 1; done

tidy-check:
	@for dir in $(MODULES); do (cd $$dir && GOWORK=off go mod tidy -diff) || { echo "run make tidy"; exit 1; }; done
