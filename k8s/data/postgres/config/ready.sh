#!/bin/sh
# Succeeds when PostgreSQL takes connections. By TCP: while the first start
# fills the volume, the server answers on its socket only. The account counts
# for nothing but the log, where one that does not exist is an error each time.
account=${POSTGRES_URL#*://}
exec pg_isready --quiet --host=127.0.0.1 --username="${account%%:*}" --dbname=postgres
