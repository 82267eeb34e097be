#!/usr/bin/env bash
# Takes production on the lab through rounds of trouble under load, and judges what users saw and what the reports say.
# ROUNDS=20 SEED=1 are the defaults, ROUNDS=8-14 are those rounds of the 20; SEED=1,2,3,4,5 covers every event at every
# step. REPLAY='409@apply, then rollback' repeats rounds as they were printed. SOURCE=FOLDER runs the module of another
# checkout. OUT=FOLDER takes the reports and what was printed; reports that are there already are counted in the last matrix.
source "$(dirname "$0")/lib.sh"
lab_env
for folder in OUT SOURCE; do
  [ -z "${!folder:-}" ] || export "$folder=$(realpath --canonicalize-missing "${!folder}")"
done

# Compiled and then run in place of this shell, so that an interrupt reaches the test, which puts everything back.
binary=$TEAM_DASHBOARD_LAB_DIR/cache/chaos.test
go test -c -tags e2e,chaos -o "$binary" ./ci/e2e
cd ci/e2e
exec "$binary" -test.v -test.count=1 -test.timeout=8h -test.run '^TestChaos$'
