#!/usr/bin/env bash
# The door that the runbooks know to: dagger call rollback
set -euo pipefail
cd "$(dirname "$0")/../.."

usage() {
  cat <<'HELP'
Go back to the release before, or to any recorded one.

  scripts/deployment/rollback.sh [production|staging] [--to REVISION|VERSION] [--force]

  production     is rolled back when no environment is named
  --to           a revision or version that `dagger call history` lists
  --force        switch first, verify after: for an emergency
  --help         this text

Exit code 0: rolled back. 1: not, and the message says what runs now. 2: wrong usage.
The same as: dagger call rollback --env <environment>
HELP
}

environment="" flags=()
while [ $# -gt 0 ]; do
  case $1 in
    --help | -h) usage && exit 0 ;;
    --force) flags+=(--force) ;;
    --to) [ $# -gt 1 ] || { echo "rollback.sh: --to needs a revision or a version; see --help" >&2 && exit 2; }
      flags+=(--to "$2") && shift ;;
    --to=*) flags+=("$1") ;;
    -*) echo "rollback.sh: unknown flag $1; see --help" >&2 && exit 2 ;;
    *) [ -z "$environment" ] || { echo "rollback.sh: one environment at a time; see --help" >&2 && exit 2; }
      environment=$1 ;;
  esac
  shift
done
exec dagger call rollback --env "${environment:-production}" "${flags[@]}"
