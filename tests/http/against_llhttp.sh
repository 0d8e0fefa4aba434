#!/bin/sh
# Runs against_llhttp.cjs where there is a Node.js.
set -eu
if ! command -v node >/dev/null; then
    echo "skipped: there is no node"
    exit 77
fi
exec node --no-deprecation "$(dirname "$0")/against_llhttp.cjs" "$@"
