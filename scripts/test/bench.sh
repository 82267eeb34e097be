#!/usr/bin/env bash
# Measures on the lab and prints the ratios that the README promises.
source "$(dirname "$0")/lib.sh"
lab_env

go test -tags e2e -count=1 -timeout=60m -run '^$' -bench "${RUN:-.}" -benchtime=1x ./ci/e2e
