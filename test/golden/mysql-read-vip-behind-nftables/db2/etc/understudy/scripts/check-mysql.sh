#!/bin/sh
# Succeeds when a MySQL or MariaDB server of the service mysql (site mysql-read-vip) lets the check's user in and answers.
# Called by the engine: check-mysql.sh ADDRESS PORT
set -eu

client=$(command -v mariadb || command -v mysql)
# The user and the password are in the file: a command line is for everybody to read.
exec "$client" --defaults-extra-file=/etc/understudy/secrets/mysql.cnf --protocol=tcp --host="$1" --port="$2" \
    --connect-timeout=10 --batch --skip-column-names --execute='SELECT 1' >/dev/null
