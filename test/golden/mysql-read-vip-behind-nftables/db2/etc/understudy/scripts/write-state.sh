#!/bin/sh
# Keeps the state of an instance, one word, in a file: whole at any time, also after a power cut (site mysql-read-vip).
# Called by the engine: write-state.sh FILE INSTANCE <name> <STATE> <priority>
set -eu

file=$1
state=$4
mkdir -p "$(dirname "$file")"
new=$(mktemp "$file.XXXXXX")
printf '%s\n' "$state" >"$new"
chmod 0644 "$new"
sync "$new"
mv -f "$new" "$file"
