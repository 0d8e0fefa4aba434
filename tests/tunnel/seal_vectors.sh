#!/bin/sh
# Runs seal_vectors.mjs with Debian's own Node.js, or else another.
set -eu
node=/usr/bin/node
[ -x $node ] || node=$(command -v node) || { echo "skipped: there is no node"; exit 77; }
exec "$node" --no-warnings "$(dirname "$0")/seal_vectors.mjs" "$@"
