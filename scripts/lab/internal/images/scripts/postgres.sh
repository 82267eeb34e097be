#!/bin/bash
# Runs PostgreSQL, or another command. On an empty data folder it makes the
# cluster first, from the variables that the public image documents:
#
#   POSTGRES_PASSWORD or POSTGRES_PASSWORD_FILE   of the superuser; required
#   POSTGRES_USER or …_FILE                       the superuser (postgres)
#   POSTGRES_DB or …_FILE                         a database to be made (as the user)
#   POSTGRES_INITDB_ARGS                          more arguments for initdb
#   POSTGRES_HOST_AUTH_METHOD                     scram-sha-256; "trust" needs no password
#   PGDATA                                        the data folder
#
# and from the files in /docker-entrypoint-initdb.d, run in the order of their names.
set -euo pipefail

fail() {
	printf 'postgres: %s\n' "$*" >&2
	exit 1
}

# setting NAME DEFAULT sets NAME from the file that NAME_FILE names.
setting() {
	local name=$1 file="$1_FILE"
	if [ -n "${!name:-}" ] && [ -n "${!file:-}" ]; then
		fail "$name and $file are both set; set one of them"
	fi
	if [ -n "${!file:-}" ]; then
		printf -v "$name" %s "$(<"${!file}")"
	else
		printf -v "$name" %s "${!name:-$2}"
	fi
}

# as_postgres starts this script again without root's rights.
as_postgres() {
	mkdir -p "$PGDATA" /run/postgresql
	chmod 700 "$PGDATA"
	find "$PGDATA" /run/postgresql ! -user postgres -exec chown postgres: {} +
	exec setpriv --reuid=postgres --regid=postgres --clear-groups "$0" "$@"
}

# name_user gives the user that the container runs as a name, which initdb insists on.
name_user() {
	if getent passwd "$(id -u)" >/dev/null; then
		return
	fi
	NSS_WRAPPER_PASSWD=$(mktemp) NSS_WRAPPER_GROUP=$(mktemp)
	export NSS_WRAPPER_PASSWD NSS_WRAPPER_GROUP
	echo "postgres:x:$(id -u):$(id -g)::$PGDATA:/bin/false" >"$NSS_WRAPPER_PASSWD"
	echo "postgres:x:$(id -g):" >"$NSS_WRAPPER_GROUP"
	LD_PRELOAD=$(echo /usr/lib/*/libnss_wrapper.so)
	export LD_PRELOAD
}

unname_user() {
	if [ -n "${NSS_WRAPPER_PASSWD:-}" ]; then
		rm -f "$NSS_WRAPPER_PASSWD" "$NSS_WRAPPER_GROUP"
		unset LD_PRELOAD NSS_WRAPPER_PASSWD NSS_WRAPPER_GROUP
	fi
}

make_cluster() {
	local method=${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}
	if [ -z "$POSTGRES_PASSWORD" ] && [ "$method" != trust ]; then
		fail "there is no database in $PGDATA yet, and no password for it; set POSTGRES_PASSWORD or POSTGRES_PASSWORD_FILE"
	fi
	# shellcheck disable=SC2206 # the arguments in the variable are to be split
	local command=(initdb --username="$POSTGRES_USER" --set=listen_addresses='*' ${POSTGRES_INITDB_ARGS:-})
	if [ -n "$POSTGRES_PASSWORD" ]; then
		"${command[@]}" --pwfile=<(printf '%s\n' "$POSTGRES_PASSWORD")
	else
		"${command[@]}"
	fi
	printf '\nhost all all all %s\n' "$method" >>"$PGDATA/pg_hba.conf"
}

# run_files runs what a person put into /docker-entrypoint-initdb.d, on a
# server that only this container reaches.
run_files() {
	local file sql=(psql -v ON_ERROR_STOP=1 --no-psqlrc --username "$POSTGRES_USER" --dbname "$POSTGRES_DB")
	for file in /docker-entrypoint-initdb.d/*; do
		case $file in
		*.sh) if [ -x "$file" ]; then "$file"; else bash "$file"; fi ;;
		*.sql) "${sql[@]}" --file="$file" ;;
		*.sql.gz) gunzip --stdout "$file" | "${sql[@]}" ;;
		esac
	done
}

fill_cluster() {
	pg_ctl --silent --wait --options="-c listen_addresses='' -p 5432" start
	if [ "$POSTGRES_DB" != postgres ]; then
		createdb --username="$POSTGRES_USER" --maintenance-db=postgres "$POSTGRES_DB"
	fi
	PGUSER=$POSTGRES_USER PGDATABASE=$POSTGRES_DB run_files
	pg_ctl --silent --wait --mode=fast stop
}

if [ "$#" = 0 ] || [ "${1#-}" != "$1" ]; then
	set -- postgres "$@"
fi
if [ "$1" != postgres ]; then
	exec "$@"
fi
if [ "$(id -u)" = 0 ]; then
	as_postgres "$@"
fi
if [ ! -s "$PGDATA/PG_VERSION" ]; then
	setting POSTGRES_PASSWORD ''
	setting POSTGRES_USER postgres
	setting POSTGRES_DB "$POSTGRES_USER"
	umask 077
	mkdir -p "$PGDATA"
	name_user
	make_cluster
	fill_cluster
	unname_user
fi
unset POSTGRES_PASSWORD
exec "$@"
