#!/bin/sh
# Starts Redis with the password of REDIS_PASSWORD, given on standard input: an
# argument would show it to everyone who lists processes, a file would keep it.
# While the password is rotated, the old and the new one are taken too: clients
# come with either.
set -eu

passwords=
for password in "$REDIS_PASSWORD" "${REDIS_PASSWORD_OLD:-}" "${REDIS_PASSWORD_NEW:-}"; do
  [ -n "$password" ] || continue
  passwords="$passwords \">$(printf '%s' "$password" | sed 's/[\\"]/\\&/g')\""
done

exec redis-server /etc/redis/redis.conf - <<CONFIG
user default on ~* &* +@all$passwords
CONFIG
