#!/bin/sh
# Stands for the programs of a host whose root is $UNDERSTUDY_ROOT: called by their names, notes each change in fake/log.
F=$UNDERSTUDY_ROOT/fake
name=${0##*/}
log() { echo "$name $*" >>"$F/log"; }
loads() { # what the engine does with its configuration at a start or reload
  if grep -q "engine-keeps-the-old" "$UNDERSTUDY_ROOT/etc/understudy/understudy.conf" 2>/dev/null; then return; fi
  sha256sum <"$UNDERSTUDY_ROOT/etc/understudy/understudy.conf" | cut -d' ' -f1 >"$F/loaded"
  mkdir -p "$UNDERSTUDY_ROOT/proc/4242" "$F/running"
  cp -f "$UNDERSTUDY_ROOT/usr/local/sbin/understudy" "$F/running/understudy"
  ln -sfn "$F/running/understudy" "$UNDERSTUDY_ROOT/proc/4242/exe"
}

case $name in
systemctl)
  case $1 in
  show)
    case "$*" in *MainPID*) [ -e "$F/active/understudy.service" ] && echo 4242 || echo 0; exit ;; esac
    for unit; do :; done
    [ -e "$UNDERSTUDY_ROOT/etc/systemd/system/$unit" ] && echo LoadState=loaded || echo LoadState=not-found
    [ -e "$F/enabled/$unit" ] && echo UnitFileState=enabled || echo UnitFileState=disabled
    [ -e "$F/active/$unit" ] && echo ActiveState=active || echo ActiveState=inactive
    [ -e "$F/needs-reload" ] && echo NeedDaemonReload=yes || echo NeedDaemonReload=no
    ;;
  cat) [ -e "$UNDERSTUDY_ROOT/etc/systemd/system/$2" ] ;;
  is-active) exit 3 ;;
  reset-failed) ;;
  daemon-reload) log "$@"; rm -f "$F/needs-reload" ;;
  enable) log "$@"; touch "$F/enabled/$2" ;;
  disable)
    log "$@"
    [ "$2" != --now ] || { shift; rm -f "$F/active/$2"; }
    [ "$2" != understudy-network.service ] || { sed -i '\,^lo 10.20.0.200/32$,d' "$F/addresses"; rm -f "$F/rules"; }
    rm -f "$F/enabled/$2"
    ;;
  start | restart | reload)
    log "$@"
    [ ! -e "$F/fail-$1" ] || { echo "Job for $2 failed." >&2; exit 1; }
    touch "$F/active/$2"
    [ "$2" != understudy.service ] || loads
    ;;
  stop) log "$@"; rm -f "$F/active/$2" ;;
  esac
  ;;
journalctl) echo "password is $(cat "$F/journal" 2>/dev/null)" ;;
nft)
  case "$*" in
  "-j list table inet understudy") sed -n 's/^#json //p' "$F/rules" 2>/dev/null ;;
  "-f "*) log "-f ${2#"$UNDERSTUDY_ROOT"}"; cp "$2" "$F/rules" ;;
  "delete table inet understudy") log "$@"; rm -f "$F/rules" ;;
  esac
  ;;
ip)
  case "$*" in
  "-j addr show")
    printf '['
    comma=
    while read -r device address; do
      printf '%s{"ifname":"%s","addr_info":[{"local":"%s","prefixlen":%s}]}' "$comma" "$device" "${address%/*}" "${address#*/}"
      comma=,
    done <"$F/addresses"
    echo ']'
    ;;
  "addr replace "*) log "$@"; echo "$5 $3" >>"$F/addresses" ;;
  "-o addr show dev "*) sed -n "s,^$5 \(.*\),1: $5 inet \1 scope global $5," "$F/addresses" ;;
  "addr del "*)
    grep -qx "$5 $3" "$F/addresses" || { echo "RTNETLINK answers: Cannot assign requested address" >&2; exit 2; }
    log "$@"
    grep -vx "$5 $3" "$F/addresses" >"$F/addresses.new"; mv "$F/addresses.new" "$F/addresses"
    ;;
  esac
  ;;
understudy*)
  case $1 in
  --version) echo "understudy 0.1.0" ;;
  check)
    ! grep -q "syntax-error" "$2" || { echo "error[E0207]: unknown keyword \`$(grep syntax-error "$2")\`" >&2; exit 2; }
    ;;
  status)
    [ -e "$F/active/understudy.service" ] || exit 3
    code=$(sed -n 's/^status-code //p' "$UNDERSTUDY_ROOT/etc/understudy/understudy.conf")
    [ -z "$code" ] && code=0
    [ "$code" = 0 ] && healthy=true problems= || { healthy=false; problems='"mysql: db3 is down"'; }
    [ ! -e "$F/instances" ] && instances= || instances=$(cat "$F/instances")
    echo "{\"version\":\"0.1.0\",\"healthy\":$healthy,\"problems\":[$problems],\"config\":{\"sha256\":\"$(cat "$F/loaded")\",\"stale\":false,\"error\":null},\"instances\":[$instances]}"
    exit "$code"
    ;;
  esac
  ;;
esac
