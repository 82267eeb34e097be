# shellcheck shell=bash
# Sourced by the scripts beside it: what they know from POSTGRES_URL,
# postgres://user:password@host/database, and what pgBackRest needs besides the
# ConfigMaps that its variables come from.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/repository.sh"

fail() {
  echo "postgres: $1" >&2
  exit 1
}

# decode TEXT: TEXT with %XX replaced by the byte that it stands for.
decode() {
  local text=${1//\\/\\\\}
  printf '%b' "${text//%/\\x}"
}

wrong_url() { fail "database-secrets/postgres-url $1; it must be postgres://user:password@host/database"; }

rest=${POSTGRES_URL#postgres*://}
[[ $rest != "$POSTGRES_URL" ]] || wrong_url "is no PostgreSQL URL"
rest=${rest%%\?*}
[[ $rest == */?* ]] || wrong_url "names no database"
authority=${rest%%/*}
[[ $authority == ?*:?*@* ]] || wrong_url "names no user and password"
account=${authority%@*}

user=$(decode "${account%%:*}")
# shellcheck disable=SC2034 # start.sh and backup.sh read them
password=$(decode "${account#*:}") database=$(decode "${rest#*/}")
unset POSTGRES_URL

# Below the mount point of the volume: a volume may come with a lost+found.
volume=${PGDATA%/*}
# Held by whoever works on the volume: the server, or a restore.
# shellcheck disable=SC2034 # start.sh and restore.sh take it
lock=$volume/owner.lock
# Lies on the volume while what is in PGDATA is half of a restore.
# shellcheck disable=SC2034
unfinished=$volume/restore.unfinished

export PGBACKREST_PG1_PATH=$PGDATA PGBACKREST_PG1_SOCKET_PATH=$volume/socket PGBACKREST_PG1_USER=$user
export PGBACKREST_LOCK_PATH=$volume/pgbackrest
# The authority of a storage that the public ones do not vouch for.
authorities=/etc/ssl/certs/ca-certificates.crt
[[ ! -s /etc/backup-ca/ca.crt ]] || authorities=/etc/backup-ca/ca.crt
export PGBACKREST_REPO1_STORAGE_CA_FILE=$authorities
