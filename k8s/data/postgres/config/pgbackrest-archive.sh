#!/bin/bash
# Brings one WAL segment into the repository: PostgreSQL's archive_command. The
# first segment finds a new repository and makes the stanza, the place of this
# database in it.
set -u
source "$(dirname "$0")/repository.sh"

# With a limit, so that a shutdown does not wait for a repository that is away.
timeout 45 pgbackrest archive-push "$1" && exit
code=$?
# FileMissingError: no archive.info; RepoInvalidError: the same, of every
# repository that there is.
[[ $code = 55 || $code = 103 ]] || exit "$code"
timeout 30 pgbackrest stanza-create && timeout 30 pgbackrest archive-push "$1"
