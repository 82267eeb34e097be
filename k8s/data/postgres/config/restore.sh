#!/bin/bash
# restore.sh TARGET preserve|off LABEL… brings the volume to a moment: TARGET is
# a time, such as "2026-11-23 10:00:00+00", or `latest`. The labels are those of
# the backups that may serve, the best first. The server that starts next
# replays the WAL up to the target. It archives on, or not at all (`off`).
source "$(dirname "$0")/environment.sh"

target=$1 archive=$2
shift 2

exec 9>>"$lock"
flock --timeout 120 9 || fail "another pod works on this volume"
mkdir -p "$PGDATA" "$PGBACKREST_LOCK_PATH"
chmod 0700 "$PGDATA"
touch "$unfinished"
# Nobody runs on it: the lock is held.
rm -rf "$PGDATA/postmaster.pid" "$PGDATA.new"

options=(--delta --log-level-console=info --archive-mode="$archive")
if [[ $target != latest ]]; then
  options+=(--type=time --target="$target" --target-action=promote)
fi
for label in "$@"; do
  if pgbackrest --set="$label" "${options[@]}" restore; then
    sync --file-system "$PGDATA"
    rm "$unfinished"
    exit
  else
    code=$?
  fi
  # DbMismatchError: the backup is on a time line that an earlier restore left.
  [[ $code = 58 ]] || exit "$code"
done
fail "none of the backups $* is on the present time line"
