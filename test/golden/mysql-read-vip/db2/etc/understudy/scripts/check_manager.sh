#!/bin/sh
# Succeeds while the MHA manager that this host is to run does run (site mysql-read-vip).
# Called by the engine: check_manager.sh [CONFIGURATION], by default /etc/mha/app1.cnf
# A host without that file runs no manager, and has nothing that could fail.
set -eu

configuration=${1:-/etc/mha/app1.cnf}
[ -e "$configuration" ] || exit 0
exec masterha_check_status --conf="$configuration" >/dev/null
