#!/bin/sh
# Lets VRRP and the services of the site mysql-read-vip into db2, whose own firewall drops what it does not know.
# An accept in one table does not overrule a drop in another: so the rules go before those that are there.
set -eu

# family table chain of every other chain that incoming packets pass
chains=$(nft list chains | awk '
    $1 == "table" { family = $2; table = $3 }
    $1 == "chain" { chain = $2 }
    / hook input / && (family == "inet" || family == "ip") && table != "understudy" { print family, table, chain }')

printf '%s\n' "$chains" | while read -r family table chain; do
    [ -n "$family" ] || continue
    nft -a list chain "$family" "$table" "$chain" |
        sed -n 's/.* comment "understudy:.* # handle \([0-9]*\)$/\1/p' |
        while read -r handle; do nft delete rule "$family" "$table" "$chain" handle "$handle"; done
    nft -f - <<RULES
insert rule $family $table $chain ip saddr { 10.20.0.11 } ip daddr 10.20.0.12 meta l4proto 112 accept comment "understudy:vrrp-read"
insert rule $family $table $chain ip daddr 10.20.0.200 tcp dport 3306 accept comment "understudy:mysql"
insert rule $family $table $chain ip saddr { 10.20.0.11 } ip daddr 10.20.0.12 tcp dport 3306 accept comment "understudy:mysql-check"
RULES
done
