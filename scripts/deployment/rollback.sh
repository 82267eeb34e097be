#!/usr/bin/env bash
# The door that the runbooks know to: dagger call rollback
set -euo pipefail
unset CDPATH # which would lead the cd below elsewhere
cd "$(dirname "$0")/../.."

usage() {
  cat <<'HELP'
Go back to the previous release, or to any recorded one.

  scripts/deployment/rollback.sh [production|staging] [--to REVISION|VERSION] [--force]

  production     is rolled back when no environment is named
  --to           a revision or version that `dagger call history` lists
  --force        switch first, verify after: for an emergency
  --help         this text

Exit code 0: rolled back. 1: not, and the message says what runs now. 2: wrong usage.
The same as: dagger call rollback --env <environment>
HELP
}

refuse() { echo "rollback.sh: $1; see --help" >&2 && exit 2; }

environments=() flags=()
while [ $# -gt 0 ]; do
  case $1 in
    --help | -h) usage && exit 0 ;;
    --force) flags+=(--force) ;;
    --to | --to=)
      [[ $1 = --to && -n ${2-} ]] || refuse "--to needs a revision or a version"
      flags+=("--to=$2") && shift ;;
    --to=*) flags+=("$1") ;;
    -*) refuse "unknown flag $1" ;;
    # Nobody who writes "$ENVIRONMENT" means production when the variable is not set.
    "") refuse "the environment is empty" ;;
    *) environments+=("$1") ;;
  esac
  shift
done
[ ${#environments[@]} -le 1 ] || refuse "one environment at a time"
exec dagger call rollback --env="${environments[0]:-production}" "${flags[@]}"
