#!/bin/sh
# usage: run.sh FILE
# Runs a test of the browser's side with Debian's own Node.js, or else another.
# Exit 77: there is none, or it is too old.
set -eu
node=/usr/bin/node
[ -x $node ] || node=$(command -v node) || { echo "skipped: there is no node"; exit 77; }
if [ "$("$node" -p 'parseInt(process.versions.node) >= 18')" != true ]; then
    echo "skipped: node $("$node" --version) is older than 18"
    exit 77
fi
exec "$node" --no-warnings "$1"
