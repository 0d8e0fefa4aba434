#!/bin/sh
# SCTP's figures: what it costs the processor, the links in the simulator, and
# the links over real sockets beside usrsctp and kernel TCP. Tables, and last
# one line of key=value. Usage: run.sh [seconds of each run over sockets, 20]
set -eu

cd "$(dirname "$0")/../.."
build=${BUILD_DIR:-build-bench}
cmake --preset release -B "$build" -G Ninja -DTUNNEL_TESTS=ON >&2
cmake --build "$build" --target bench_sctp_cpu bench_sctp_sim bench_sctp_tun >&2
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

"$build/tests/sctp/bench_sctp_cpu" >"$out/cpu"
"$build/tests/sim/bench_sctp_sim" >"$out/sim"
"$build/tests/sctp/bench_sctp_tun" "${1:-20}" >"$out/tun"
for part in cpu sim tun; do
    sed '$d' "$out/$part"
done
cat "$out/cpu" "$out/sim" "$out/tun" | grep -E '^[a-z_0-9]+=' | tr '\n' ' ' | sed 's/ $//'
echo
