# Changes a host: one function per step, called in order, the first that fails ends the run and is named.
#
# A generation is a folder with all files, their manifest beside them. The engine's folder /etc/understudy is switched as
# a whole by exchanging two real folders: were it a link, every script below it would be refused, since no part of a
# script's path may be one. Files elsewhere are copied and renamed: `systemctl disable` removes a unit that is a link.
set -eu
umask 022
R=${UNDERSTUDY_ROOT:-}
LIB=$R/var/lib/understudy
BIN=$R/usr/local/sbin/understudy
TREE=$R/etc/understudy
NEXT=$R/etc/.understudy.next
OLD=$R/etc/.understudy.old
STEP=start
trap 'code=$?; [ $code = 0 ] || printf "failed\t%s\n" "$STEP"' EXIT

step() { STEP=$*; printf 'step\t%s\n' "$STEP"; }

# Two runs at once would undo each other; one whose operator has gone may still be at work.
lock() {
  mkdir -p "$LIB/generations"
  chmod 0700 "$LIB/generations"
  command -v flock >/dev/null 2>&1 || return 0
  exec 9>"$LIB/lock"
  flock -w 30 9 || { echo "another deploy is at work on this host" >&2; exit 1; }
}

# put_back: the exchange by two renames was interrupted between them
put_back() { [ -e "$TREE" ] || [ ! -d "$OLD" ] || mv -T "$OLD" "$TREE"; }

# --- a new generation, aside --------------------------------------------------------------------------------------
begin() { NEW=$LIB/generations/.new; rm -rf "$NEW"; mkdir -m 0700 "$NEW" "$NEW/root"; }

# put PATH MODE OWNER BASE64
put() {
  mkdir -p "$NEW/root${1%/*}"
  (umask 077; printf %s "$4" | base64 -d >"$NEW/root$1")
  chown "$3" "$NEW/root$1"
  chmod "$2" "$NEW/root$1"
}

# commit NAME BASE64-MANIFEST: complete and on the disk before it gets its name
commit() {
  printf %s "$2" | base64 -d >"$NEW/manifest.json"
  find "$NEW" ! -type l -exec sync {} +
  rm -rf "$LIB/generations/$1"
  mv -T "$NEW" "$LIB/generations/$1"
  sync "$LIB/generations"
}

# check_config NAME PATH SHA256: by the engine that will run it; its diagnostics are the answer
check_config() {
  engine=$R/usr/local/lib/understudy/$3/understudy
  [ -x "$engine" ] || engine=$BIN
  [ -x "$engine" ] && [ -f "$LIB/generations/$1/root$2" ] || return 0
  "$engine" check "$LIB/generations/$1/root$2" >&2 && code=0 || code=$?
  [ "$code" -lt 2 ] || { rm -rf "$LIB/generations/$1"; exit 20; }
}

# --- the switch ---------------------------------------------------------------------------------------------------
point() { ln -sfn "generations/$2" "$LIB/.$1" && mv -T "$LIB/.$1" "$LIB/$1" && sync "$LIB"; }

tree_begin() {
  rm -rf "$NEXT"
  if [ -d "$TREE" ]; then cp -a "$TREE" "$NEXT"; else mkdir -p "$R/etc"; mkdir -m 0755 "$NEXT"; fi
}
tree_put() { # NAME PATH
  to=$NEXT${2#/etc/understudy}
  mkdir -p "${to%/*}"
  cp -p --remove-destination "$LIB/generations/$1/root$2" "$to"
}
tree_drop() {
  rm -f "$NEXT${1#/etc/understudy}"
  below=${1#/etc/understudy/}
  case $below in */*) (cd "$NEXT" && rmdir -p --ignore-fail-on-non-empty "${below%/*}" 2>/dev/null) || : ;; esac
}
tree_exchange() {
  find "$NEXT" ! -type l -exec sync {} +
  if [ ! -e "$TREE" ]; then mv -T "$NEXT" "$TREE"
  elif ! mv -T --exchange "$NEXT" "$TREE" 2>/dev/null; then
    rm -rf "$OLD"; mv -T "$TREE" "$OLD"; mv -T "$NEXT" "$TREE"
  fi
  rm -rf "$NEXT" "$OLD"
  sync "$R/etc"
}

# place NAME PATH, drop PATH: a file outside the engine's folder
place() {
  dir=$R${2%/*}
  mkdir -p "$dir"
  cp -p --remove-destination "$LIB/generations/$1/root$2" "$dir/.understudy-new"
  sync "$dir/.understudy-new"
  mv -fT "$dir/.understudy-new" "$R$2"
  sync "$dir"
}
drop() { rm -f "$R$1"; [ ! -d "$R${1%/*}" ] || sync "$R${1%/*}"; }

# --- what runs ----------------------------------------------------------------------------------------------------
# engine_link SHA256: to a binary that was provisioned, now or earlier
engine_link() {
  mkdir -p "${BIN%/*}"
  from=../lib/understudy/$1/understudy
  [ -x "${BIN%/*}/$from" ] || { echo "the engine $1 is not on this host; replace its provisioning" >&2; exit 1; }
  ln -sfn "$from" "$BIN.new" && mv -T "$BIN.new" "$BIN" && sync "${BIN%/*}"
}
sysctl_set() { printf '%s\n' "$2" >"$R/proc/sys/$1"; }
rules_load() { nft -f "$R$1"; }
rules_drop() { nft delete table inet understudy 2>/dev/null || :; }
address_add() { ip addr replace "$2" dev "$1"; }
# The network's unit takes its addresses away itself when it stops.
address_del() { ip addr del "$2" dev "$1" 2>/dev/null || ! ip -o addr show dev "$1" | grep -qF " $2 "; }
# unit_do VERB UNIT: what the unit said is the better half of why it failed
unit_do() {
  systemctl "$@" && return 0 || code=$?
  for unit; do :; done
  journalctl -u "$unit" -n 8 --no-pager -o cat 2>/dev/null >&2 || :
  return "$code"
}
unit_retire() { ! systemctl cat "$1" >/dev/null 2>&1 || systemctl disable --now "$1"; }
unit_start() { systemctl reset-failed "$1" 2>/dev/null || :; unit_do start "$1"; }

# --- afterwards ---------------------------------------------------------------------------------------------------
# gate SHA256 TRIES ACCEPT: waits until the engine is as healthy as ACCEPT (an exit code) with that configuration
gate() {
  tries=$2
  while :; do
    text=$(timeout 5 "$BIN" status --json 2>/dev/null) && code=0 || code=$?
    if [ "$code" -le "$3" ] && printf %s "$text" | grep -q "\"sha256\": *\"$1\""; then break; fi
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || break
    sleep 0.25
  done
  printf 'status\t%s\t%s\n' "$code" "$(printf %s "$text" | base64 | tr -d '\n')"
  [ "$code" = 0 ] || printf 'journal\t%s\n' "$(journalctl -u understudy.service -n 20 --no-pager -o cat 2>/dev/null | base64 | tr -d '\n')"
}

# good NAME KEEP: this one can be gone back to; only the newest KEEP stay
good() {
  point last-good "$1"
  for old in $(ls "$LIB/generations" | sort -rn | tail -n +"$(($2 + 1))"); do
    [ "$old" = "$1" ] || rm -rf "$LIB/generations/$old"
  done
}

forget() { rm -rf "$LIB/generations" "$LIB/current" "$LIB/last-good" "$LIB/lock"; rmdir "$TREE" "$LIB" 2>/dev/null || :; }
