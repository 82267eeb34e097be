#!/usr/bin/env bash
# The door that the runbooks know to: dagger call health-check
set -euo pipefail
unset CDPATH # which would lead the cd below elsewhere
cd "$(dirname "$0")/../.."

usage() {
  cat <<'HELP'
Check a running environment: pods, endpoints, databases, response time, smoke tests.

  scripts/deployment/health-check.sh <staging|production> [--verbose]

  --verbose   show every single check, not only those that fail
  --help      this text

Exit code 0: healthy. 1: not, and the table says what. 2: wrong usage.
The same as: dagger call health-check --env <environment>
HELP
}

refuse() { echo "health-check.sh: $1; see --help" >&2 && exit 2; }

environments=() flags=()
for argument in "$@"; do
  case $argument in
    --help | -h) usage && exit 0 ;;
    --verbose | -v) flags+=(--details) ;;
    -*) refuse "unknown flag $argument" ;;
    "") refuse "the environment is empty" ;;
    *) environments+=("$argument") ;;
  esac
done
[ ${#environments[@]} -gt 0 ] || { usage >&2 && exit 2; }
[ ${#environments[@]} -eq 1 ] || refuse "one environment at a time"
exec dagger call health-check --env="${environments[0]}" "${flags[@]}"
