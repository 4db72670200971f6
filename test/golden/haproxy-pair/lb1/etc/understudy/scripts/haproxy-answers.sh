#!/bin/sh
# Succeeds while HAProxy runs on this host, listens on the given TCP ports and answers the given URLs (site haproxy-pair).
# Called by the engine: haproxy-answers.sh [PORT | URL]...
set -eu

pidof haproxy >/dev/null
for asked in "$@"; do
    case $asked in
        http*) curl --silent --fail --max-time 2 --output /dev/null "$asked" ;;
        *) ss -Hltn "sport = :$asked" | grep -q . ;;
    esac
done
