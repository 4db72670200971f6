# Facts of a host: what is discovered and not typed. Changes nothing. One line per answer, fields by tabs.
b64() { base64 | tr -d '\n'; }

facts() {
  printf 'links\t%s\n' "$(ip -j addr show | b64)"
  printf 'release\t%s\n' "$(b64 </etc/os-release 2>/dev/null || b64 </usr/lib/os-release)"
  printf 'machine\t%s\t%s\n' "$(uname -m)" "$(uname -r)"
  printf 'installation\t%s\n' "$(sha256sum </etc/machine-id 2>/dev/null | cut -c1-16)"
  printf 'nftables\t%s\n' "$(nft list ruleset 2>/dev/null | b64)"
  printf 'iptables\t%s\n' "$( { iptables-legacy -S; iptables-legacy -t raw -S; iptables-legacy -t mangle -S; } 2>/dev/null | b64)"
  for tool in firewalld ufw; do
    ! systemctl is-active --quiet "$tool" 2>/dev/null || printf 'tool\t%s\n' "$tool"
  done
}
