#!/bin/bash
# Starts PostgreSQL. On an empty volume it first makes the user, the password
# and the database that the services connect with, all three read from the URL
# that they use, so that there is one secret and not two that must agree.
source "$(dirname "$0")/environment.sh"

# The server inherits the lock and keeps it until it ends.
exec 9>>"$lock"
flock --timeout 60 9 || fail "another pod works on this volume"
[[ ! -e $unfinished ]] || fail "a restore into this volume was interrupted; run the same dagger call restore again"
mkdir -p "$volume/socket" "$PGBACKREST_LOCK_PATH"

# A database that was lost is not to be replaced by an empty one: its services
# would go on with nothing, and its backups could not go on at all. Whether one
# was lost, the repository knows.
refuse_lost() {
  local known why
  known=$(timeout 90 pgbackrest --output=json --log-level-console=off --io-timeout=5 info) || known='"code":99'
  # pgBackRest's code of a repository that it cannot read.
  if [[ $known == *'"code":99'* ]]; then
    # Bytes: with a wrong pass phrase the message quotes what cannot be read.
    why=$(LC_ALL=C sed -n 's/.*"message":"\(\[[^\\"]*\).*/\1/p' <<<"$known")
    fail "the volume is empty, and the repository, which knows whether there are backups of a database that was lost, cannot be read: ${why%:}; check where repository-config says it is, and backup-secrets"
  fi
  if [[ $known == *'"label"'* ]]; then
    fail "the volume is empty, but there are backups of a database: bring it back with dagger call restore --latest, or, to begin anew, name another repository path (PGBACKREST_REPO1_PATH)"
  fi
}

# A first start that is cut off leaves no PGDATA, and is begun anew by the next.
make_cluster() {
  local new=$PGDATA.new
  rm -rf "$new"
  initdb --pgdata="$new" --username="$user" --pwfile=<(printf '%s\n' "$password") \
    --encoding=UTF8 --locale=C.UTF-8 --auth=scram-sha-256 --data-checksums
  if [[ $database != postgres ]]; then
    echo "CREATE DATABASE \"${database//\"/\"\"}\"" | postgres --single -D "$new" postgres >/dev/null
  fi
  mv --no-target-directory "$new" "$PGDATA"
}

if [[ ! -s $PGDATA/PG_VERSION ]]; then
  refuse_lost
  make_cluster
fi
exec postgres -c config_file=/etc/postgresql/postgresql.conf
