#!/bin/bash
# Starts PostgreSQL with the user, the password and the database that the
# services connect with: all three are read from POSTGRES_URL,
# postgres://user:password@host/database, so that there is one secret and not
# two that must agree. They count when the volume is empty, on the first start.
set -euo pipefail

fail() {
  echo "start: database-secrets/postgres-url $1; it must be postgres://user:password@host/database" >&2
  exit 1
}

# decode TEXT: TEXT with %XX replaced by the byte that it stands for.
decode() {
  local text=${1//\\/\\\\}
  printf '%b' "${text//%/\\x}"
}

rest=${POSTGRES_URL#postgres*://}
[[ $rest != "$POSTGRES_URL" ]] || fail "is no PostgreSQL URL"
rest=${rest%%\?*}
[[ $rest == */?* ]] || fail "names no database"
authority=${rest%%/*}
[[ $authority == ?*:?*@* ]] || fail "names no user and password"
account=${authority%@*}

POSTGRES_USER=$(decode "${account%%:*}")
POSTGRES_PASSWORD=$(decode "${account#*:}")
POSTGRES_DB=$(decode "${rest#*/}")
export POSTGRES_USER POSTGRES_PASSWORD POSTGRES_DB
unset POSTGRES_URL

exec docker-entrypoint.sh postgres -c config_file=/etc/postgresql/postgresql.conf
