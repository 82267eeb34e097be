#!/usr/bin/env bash
# The door that the runbooks know to: dagger call health-check
set -euo pipefail
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

environment="" flags=()
for argument in "$@"; do
  case $argument in
    --help | -h) usage && exit 0 ;;
    --verbose | -v) flags+=(--details) ;;
    -*) echo "health-check.sh: unknown flag $argument; see --help" >&2 && exit 2 ;;
    *) [ -z "$environment" ] || { echo "health-check.sh: one environment at a time; see --help" >&2 && exit 2; }
      environment=$argument ;;
  esac
done
[ -n "$environment" ] || { usage >&2 && exit 2; }
exec dagger call health-check --env "$environment" "${flags[@]}"
