#!/usr/bin/env bash
# Takes the example application from source through staging to production on the lab, and back.
set -euo pipefail
unset CDPATH # which would lead the cd below elsewhere
cd "$(dirname "$0")/.."
eval "$(scripts/lab/lab env)"

# say prints a headline; try prints a command as a user would type it, and runs it.
say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
try() {
  printf '\n$ %s\n' "$*"
  "$@"
}
# Only the result and the tree of phases; --progress=plain shows every line.
dagger_call() { try dagger call --progress="${DEMO_PROGRESS:-dots}" "$@"; }

example=$TEAM_DASHBOARD_LAB_DIR/example
secrets=$example.env

# The example lives in a git repository of its own, as an application does; each demo adds commits to it.
change() {
  printf '%s\n' "$1" >"$example/release-notes.txt"
  git -C "$example" add --all
  git -C "$example" -c user.name=Demo -c user.email=demo@example.com commit --quiet --message "$1"
}
mkdir -p "$example"
[ -d "$example/.git" ] || git init --quiet --initial-branch=main "$example"
rm -rf "${example:?}"/*
cp -r ci/e2e/testdata/team-dashboard/. "$example"
change "First release of the demo, $(date -u +%H:%M:%S)"

if [ ! -e "$secrets" ]; then
  # Only the database's user and password mean something to the lab; the rest is made up.
  umask 077
  cat >"$secrets" <<ENV
POSTGRES_URL=postgres://team:$(openssl rand -hex 12)@postgres:5432/team_dashboard
NEXTAUTH_URL=https://team-dashboard.app
GITHUB_CLIENT_ID=Iv1.$(openssl rand -hex 8)
GITHUB_CLIENT_SECRET=$(openssl rand -hex 20)
GITHUB_TOKEN=ghp_$(openssl rand -hex 18)
OPENAI_API_KEY=sk-$(openssl rand -hex 20)
OPENAI_ORG_ID=org-$(openssl rand -hex 12)
ENV
fi
# The lab's S3 storage, which takes production's backups, has keys of its own.
grep -q ^S3_ACCESS_KEY= "$secrets" || printf 'S3_ACCESS_KEY=%s\nS3_SECRET_KEY=%s\n' \
  "$(cat "${TEAM_DASHBOARD_LAB_S3_ACCESS_KEY_FILE:?}")" "$(cat "${TEAM_DASHBOARD_LAB_S3_SECRET_KEY_FILE:?}")" >>"$secrets"

say "1. Both environments need their secrets, once"
for env in staging production; do
  try scripts/deployment/setup-secrets.sh "$env" verify ||
    try scripts/deployment/setup-secrets.sh "$env" create --from "$secrets" --generate
done

say "2. The first release: validate, build, publish, staging, then production"
dagger_call --source "$example" deploy --env production --watch 20s

say "3. A change, and the second release: green beside blue, verified, switched, watched"
change "Second release of the demo, $(date -u +%H:%M:%S)"
dagger_call --source "$example" deploy --env production --watch 20s

say "4. What runs, and what happened"
dagger_call status --env production
dagger_call history --env production

say "5. Back to the release before: it is parked, so this takes seconds"
dagger_call rollback --env production
dagger_call status --env production

say "What to try next"
cat <<NEXT
  eval "\$(make -s lab-env)"                       puts dagger and kubectl of the lab into your shell
  curl --cacert $TEAM_DASHBOARD_LAB_DIR/state/pki/ca.crt --resolve team-dashboard.app:443:10.99.0.1 https://team-dashboard.app/
  dagger call health-check --env production
  dagger call smoke-test --env production
  dagger call rollback --env production --to 1
  kubectl -n team-dashboard-prod get pods -L team-dashboard.app/slot
  make test                                        runs everything
  make lab-down                                    takes the lab down and leaves nothing running
NEXT
