#!/bin/sh
# Direct, ssh -L and the tunnel side by side, in one run on one machine.
set -eu
cd "$(dirname "$0")/.."
scripts/install-deps.sh bench
cmake --build build --target bench_sse bench_link >/dev/null
/usr/bin/python3 bench/tunnel_bench.py "$@"
