#!/bin/sh
# Runs redis-server with the arguments, or another command. Root's rights are
# given up for the user redis.
set -e

if [ "${1#-}" != "$1" ] || [ "${1%.conf}" != "$1" ]; then
	set -- redis-server "$@"
fi

if [ "$1" = redis-server ] && [ "$(id -u)" = 0 ]; then
	find /data ! -user redis -exec chown redis: {} +
	exec setpriv --reuid=redis --regid=redis --clear-groups "$0" "$@"
fi

# The public image is built with the protected mode off: whoever reaches a
# container's port was meant to.
case " $* " in
*.conf\ * | *\ --protected-mode\ *) ;;
\ redis-server\ *) set -- "$@" --protected-mode no ;;
esac
exec "$@"
