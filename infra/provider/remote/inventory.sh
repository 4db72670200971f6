# Inventory of a host in one round trip: one function per thing to look at, one line per answer, fields by tabs.
# POSIX sh, coreutils, iproute2; whatever else is missing is answered by nothing. Changes nothing.
R=${UNDERSTUDY_ROOT:-}
LIB=$R/var/lib/understudy
BIN=$R/usr/local/sbin/understudy

b64() { base64 | tr -d '\n'; }
answer() { printf '%s\t' "$@"; }

# file PATH: mode, owner and content of what the path leads to
file() {
  [ -f "$R$1" ] || return 0
  answer file "$1" "$(stat -L -c '%a' "$R$1")" "$(stat -L -c '%U:%G' "$R$1")"
  b64 <"$R$1"
  echo
}

# sysctl KEY PATH-BELOW-PROC-SYS
sysctl_value() {
  [ -r "$R/proc/sys/$2" ] || return 0
  answer sysctl "$1"
  tr '\t' ' ' <"$R/proc/sys/$2" | head -n 1
}

links() { answer links "$(ip -j addr show 2>/dev/null | b64)"; echo; }

rules() {
  command -v nft >/dev/null 2>&1 || return 0
  answer rules "$(nft -j list table inet understudy 2>/dev/null | b64)"
  echo
}

# unit NAME
unit() {
  answer unit "$1"
  systemctl show -p LoadState -p UnitFileState -p ActiveState -p NeedDaemonReload -- "$1" 2>/dev/null | tr '\n' ' '
  echo
}

# The engine on the disk, the one that runs, and what it says of itself.
engine() {
  [ -x "$BIN" ] || return 0
  pid=$(systemctl show -p MainPID --value understudy.service 2>/dev/null) || pid=0
  running=
  case $(readlink "$R/proc/$pid/exe" 2>/dev/null) in
    */understudy | *\ \(deleted\)) running=$(sha256sum <"$R/proc/$pid/exe" 2>/dev/null | cut -d' ' -f1) ;;
  esac
  answer engine "$(sha256sum <"$BIN" | cut -d' ' -f1)" "$running" "$("$BIN" --version 2>/dev/null | head -n 1)"
  text=$(timeout 5 "$BIN" status --json 2>/dev/null) && code=0 || code=$?
  answer "$code"
  printf %s "$text" | b64
  echo
}

# generations: which is in force, which was last seen healthy, and the manifests from that one on
generations() {
  [ -d "$LIB/generations" ] || return 0
  good=$(basename "$(readlink "$LIB/last-good" 2>/dev/null)" 2>/dev/null) || good=
  answer current "$(basename "$(readlink "$LIB/current" 2>/dev/null)" 2>/dev/null)"; echo
  answer last-good "$good"; echo
  first=${good%%-*}
  for name in $(ls "$LIB/generations" | sort -n); do
    [ "${name%%-*}" -ge "${first:-0}" ] || continue
    answer generation "$name"
    b64 <"$LIB/generations/$name/manifest.json"
    echo
  done
}
