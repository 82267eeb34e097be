#!/bin/sh
# Runs a command, or node with the arguments when they name no command.
set -e
if [ "${1#-}" != "$1" ] || ! command -v "$1" >/dev/null 2>&1 || { [ -f "$1" ] && [ ! -x "$1" ]; }; then
	set -- node "$@"
fi
exec "$@"
