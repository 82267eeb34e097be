#!/bin/bash
# backup.sh full|diff|incr   makes a backup
# backup.sh archive          archives all that was written up to now
# backup.sh password         gives the services' user the password of today
# backup.sh list             changes nothing
#
# A backup that holds pages with wrong checksums is none: the exit code is 65.
#
# Each ends with one line of JSON: what backups there are, the last WAL segment
# that was archived, and whether the database runs.
source "$(dirname "$0")/environment.sh"

# For small requests: that a storage is away is said within a minute, and not after many.
quick=(--io-timeout=10)

list() {
  local stanzas id segment archived='{}' running=false
  stanzas=$(pgbackrest --output=json --log-level-console=off "${quick[@]}" info)
  # The last database and the last segment that pgBackRest names.
  id=$(grep -o '"id":"[0-9]*-[0-9]*"' <<<"$stanzas" | tail -1 | cut -d'"' -f4 || true)
  segment=$(grep -o '"max":"[0-9A-F]*"' <<<"$stanzas" | tail -1 | cut -d'"' -f4 || true)
  if [[ -n $segment ]]; then
    archived=$(pgbackrest --output=json --log-level-console=off "${quick[@]}" --filter="^$segment" \
      repo-ls "archive/$PGBACKREST_STANZA/$id/${segment:0:16}")
  fi
  if pg_isready --quiet --host="$volume/socket" --username="$user" --dbname=postgres; then running=true; fi
  # No control characters: pgBackRest quotes what it cannot decrypt as it is.
  printf '{"stanzas":%s,"archived":%s,"running":%s}\n' "$(tr -d '\000-\037' <<<"$stanzas")" "$(tr -d '\000-\037' <<<"$archived")" "$running"
}

# judge fails if the newest backup holds pages with wrong checksums: to pgBackRest that is a warning, and a success.
judge() {
  local stanzas newest
  stanzas=$(pgbackrest --output=json --log-level-console=off "${quick[@]}" info) || return
  # Of each backup its error and then its label, the newest last.
  newest=$(grep -oE '"(error|label)":(true|false|null|"[^"]*")' <<<"$stanzas" | tail -2) || return
  if [[ $newest == '"error":true'* ]]; then
    echo "ERROR: backup $(cut -d'"' -f4 <<<"${newest##*$'\n'}") holds pages with wrong checksums"
    return 65
  fi
}

code=0
case $1 in
  list) ;;
  archive)
    # A recovery to a time ends at the first commit after it, so there must be one.
    psql --quiet --no-psqlrc --host="$volume/socket" --username="$user" --dbname=postgres \
      --command='SELECT pg_current_xact_id()' >/dev/null
    pgbackrest --log-level-console=info check
    ;;
  password)
    # By variable, since arguments can be seen; and into no log.
    new=$password psql --quiet --no-psqlrc --host="$volume/socket" --username="$user" --dbname=postgres --set=ON_ERROR_STOP=1 <<'SQL'
SET log_statement = 'none';
SET log_min_duration_statement = -1;
SET log_min_error_statement = 'panic';
\getenv new new
ALTER ROLE CURRENT_USER PASSWORD :'new';
SQL
    ;;
  *)
    pgbackrest "${quick[@]}" stanza-create
    pgbackrest --type="$1" --log-level-console=info backup
    judge || code=$?
    ;;
esac
list
exit "$code"
