#!/usr/bin/env bash
# Runs the end-to-end tests: `dagger call …` as a user types it, against the lab.
# RUN=regexp picks some of them.
source "$(dirname "$0")/lib.sh"
lab_env

# One at a time: they share the lab's cluster, and its two CPUs.
tool gotestsum --format standard-verbose --hide-summary=output -- \
  -tags e2e -count=1 -p=1 -timeout=75m -run "${RUN:-.}" ./ci/cluster ./ci/lock ./ci/e2e
