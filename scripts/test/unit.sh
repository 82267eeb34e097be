#!/usr/bin/env bash
# Runs the unit tests of every Go module: no network, no root, seconds.
source "$(dirname "$0")/lib.sh"

failed=0
for module in $(modules); do
  # The Dagger module is wiring: the end-to-end tests are its tests.
  [ "$module" != ci/module ] || continue
  echo "unit tests: $module"
  (cd "$module" && tool gotestsum --format pkgname-and-test-fails --hide-summary=output -- ./...) || failed=1
done
for recipe in $(tested_recipes); do
  echo "unit tests: $recipe"
  # Without vet, which would analyse what they import: most of Kubernetes.
  (cd "$recipe" && CGO_ENABLED=0 tool gotestsum --format pkgname-and-test-fails --hide-summary=output -- -trimpath -vet=off ./...) || failed=1
done
exit $failed
