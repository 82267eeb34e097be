#!/bin/sh
# Starts Redis with the password of REDISCLI_AUTH, given on standard input: an
# argument would show it to everyone who lists processes, a file would keep it.
# redis-cli reads the same variable, so `kubectl exec … redis-cli ping` works.
set -eu

quoted=$(printf '%s' "$REDISCLI_AUTH" | sed 's/[\\"]/\\&/g')

exec redis-server /etc/redis/redis.conf - <<CONFIG
requirepass "$quoted"
CONFIG
