#!/usr/bin/env bash
# Runs the tests that show by repetition what one run cannot: those whose names begin with TestSoak.
# RUN=regexp picks some of them. Before that, the rollout's unit tests try every fault at every write, not a sample.
source "$(dirname "$0")/lib.sh"
[ -n "${RUN:-}" ] || tool gotestsum --format pkgname-and-test-fails --hide-summary=output -- -tags soak -timeout=1h ./ci/rollout
lab_env

tool gotestsum --format standard-verbose --hide-summary=output -- \
  -tags e2e,soak -count=1 -p=1 -timeout=3h -run "${RUN:-^TestSoak}" ./ci/e2e
