#!/bin/sh
# The types of web/, which stand in its comments, fit. Exit 77: there is no
# TypeScript (scripts/install-deps.sh lint).
set -eu
cd "$(dirname "$0")/../web"
tsc=node_modules/.bin/tsc
if ! [ -x $tsc ] || ! command -v node >/dev/null; then
    echo "skipped: web/ has no TypeScript; scripts/install-deps.sh lint brings it"
    exit 77
fi
$tsc -p .
$tsc -p tsconfig.worker.json
echo "types: those of web/ fit"
