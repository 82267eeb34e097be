#!/usr/bin/env bash
# Checks that the generated files of the Dagger module are what its generator writes.
# With --write, writes them.
source "$(dirname "$0")/lib.sh"
lab_env

generated=(ci/module/dagger.gen.go ci/module/internal/dagger ci/module/go.mod ci/module/go.sum)
digest() { find "${generated[@]}" -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum; }

before=$(digest)
timeout 600 dagger --progress=plain develop >/dev/null
if [ "${1:-}" != --write ] && [ "$before" != "$(digest)" ]; then
  git --no-pager diff --stat -- "${generated[@]}" >&2
  echo "the generated files of ci/module have drifted: they are written anew now, commit them" >&2
  exit 1
fi
echo "generated files: as written by dagger develop"
