#!/bin/sh
# Runs against_llhttp.cjs with Debian's own Node.js, or else another.
set -eu
node=/usr/bin/node
[ -x $node ] || node=$(command -v node) || { echo "skipped: there is no node"; exit 77; }
exec "$node" --no-deprecation "$(dirname "$0")/against_llhttp.cjs" "$@"
