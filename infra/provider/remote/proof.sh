# Proof of a service, from an observer and on its directors. Leaves nothing behind.
set -u

# source_address TARGET DEVICE: the address that this host asks TARGET from
source_address() {
  ip -o route get "$1" oif "$2" | sed -n 's/.* src \([^ ]*\).*/\1/p'
}

# who_has ADDRESS DEVICE: all who answer; iputils asks once by broadcast, then only the first, unless told otherwise
who_has() {
  command -v arping >/dev/null 2>&1 || { echo no-arping; return 0; }
  case $(arping -V 2>&1) in
    *iputils*) timeout 10 arping -b -c 3 -w 4 -I "$2" "$1" 2>&1 ;;
    *) timeout 10 arping -c 3 -i "$2" "$1" 2>&1 ;;
  esac || :
}

connect() {
  if command -v nc >/dev/null 2>&1; then nc -z -w 3 "$1" "$2"
  else timeout 3 bash -c ': <"/dev/tcp/$0/$1"' "$1" "$2"; fi
}

# ask TIMES COMMAND...: one line per connection
ask() {
  times=$1
  shift
  while [ "$times" -gt 0 ]; do
    times=$((times - 1))
    if answer=$("$@" 2>&1); then printf 'ok\t%s\n' "$(printf %s "$answer" | head -n 1)"
    else printf 'failed\t%s\n' "$(printf %s "$answer" | tail -n 1)"; fi
  done
}

# circling_watch SOURCE ADDRESS PORT: packets come with a TTL of 64, and lose one at each director that balances them
circling_watch() {
  case $2 in *:*) family=ip6 ttl=hoplimit ;; *) family=ip ttl=ttl ;; esac
  nft -f - <<END
table inet understudy_proof
delete table inet understudy_proof
table inet understudy_proof {
  chain watch {
    type filter hook prerouting priority -310; policy accept;
    $family saddr $1 $family daddr $2 th dport $3 $family $ttl >= 63 counter comment "fresh"
    $family saddr $1 $family daddr $2 th dport $3 $family $ttl < 63 counter comment "circled"
  }
}
END
}

circling_count() {
  rules=$(nft list table inet understudy_proof 2>/dev/null)
  nft delete table inet understudy_proof 2>/dev/null
  count() { printf %s "$rules" | sed -n "s/.*packets \([0-9]*\) .*comment \"$1\".*/\1/p"; }
  printf 'packets\t%s\t%s\n' "$(count fresh)" "$(count circled)"
}
