# Shared by the scripts beside it: where things are and how tests are run.
# shellcheck shell=bash
set -euo pipefail
unset CDPATH # which would lead the cd below elsewhere
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root"

# tool NAME ARGS… runs a tool that scripts/tools/go.mod pins.
tool() { go tool -modfile="$root/scripts/tools/go.mod" "$@"; }

# modules lists the folders of our Go modules. Those under scripts/lab/builds are recipes for other projects'
# programs: the lab compiles them, and to analyse them would mean to analyse all of Kubernetes.
modules() { printf '%s\n' . ci/module scripts/lab scripts/tools; }

# tested_recipes lists the recipes that hold code of our own, with tests.
tested_recipes() {
  for recipe in scripts/lab/builds/*/go.mod; do
    folder=$(dirname "$recipe")
    if [ -n "$(find "$folder" -name '*_test.go' -print -quit)" ]; then echo "$folder"; fi
  done
}

# lab_env puts the lab's engine, cluster and command line into this shell.
lab_env() { eval "$(scripts/lab/lab env)"; }

# have COMMAND PACKAGE installs the Debian package when the command is missing.
have() {
  command -v "$1" >/dev/null && return
  echo "installing $2 (for $1)"
  apt-get install -y --no-install-recommends "$2" >/dev/null 2>&1 ||
    { apt-get update >/dev/null && apt-get install -y --no-install-recommends "$2" >/dev/null; }
}
