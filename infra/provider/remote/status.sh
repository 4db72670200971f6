# What the engine says of itself: its exit code (3 when it does not run) and its JSON.
engine_status() {
  text=$(timeout 5 "${UNDERSTUDY_ROOT:-}/usr/local/sbin/understudy" status --json 2>/dev/null) && code=0 || code=$?
  printf 'status\t%s\t%s\n' "$code" "$(printf %s "$text" | base64 | tr -d '\n')"
}
