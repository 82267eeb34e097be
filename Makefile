# Every target is one line: what it does lives in scripts/ and in the Dagger module.
.DEFAULT_GOAL := help
.PHONY: help demo test unit e2e soak bench chaos lint fmt generate drift lab lab-down lab-status lab-env

help: ## Show the targets
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## /{printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: lab ## Watch an application go from source through staging to production, and back
	@scripts/demo.sh

test: ## Run everything: format, vet, lint, unit tests, drift, end-to-end on the lab
	@scripts/test/all.sh

unit: ## Run the unit tests of every Go module (seconds; no network, no root)
	@scripts/test/unit.sh

e2e: lab ## Run the end-to-end tests on the lab (RUN=regexp for some of them)
	@scripts/test/e2e.sh

soak: lab ## Run the tests that repeat and wait for long, on the lab (RUN=regexp for some of them)
	@scripts/test/soak.sh

bench: lab ## Measure on the lab and print the ratios that the README promises
	@scripts/test/bench.sh

chaos: lab ## Take production on the lab through rounds of trouble under load (ROUNDS=20 SEED=1)
	@scripts/test/chaos.sh

lint: ## Check format, vet, staticcheck, shellcheck, actionlint, manifests
	@scripts/test/lint.sh

fmt: ## Format the Go code
	@gofmt -w ci scripts

generate: lab ## Write the generated files of the Dagger module
	@scripts/test/drift.sh --write

drift: lab ## Check that the generated files are what the generator writes
	@scripts/test/drift.sh

lab: ## Bring up the lab: a Dagger engine, a Kubernetes node and a registry on this machine
	@scripts/lab/lab up

lab-down: ## Take the lab down and leave nothing running
	@scripts/lab/lab down

lab-status: ## Show what of the lab is running
	@scripts/lab/lab status

lab-env: ## Print the variables of the lab: eval "$$(make -s lab-env)"
	@scripts/lab/lab env
