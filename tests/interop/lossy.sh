#!/bin/sh
# usage: lossy.sh PERCENT COMMAND…
# Runs the command in a network namespace of its own, in which that share of
# all UDP packets is lost, at random. Needs root and nftables; exit 77 where
# they are not to be had.
set -eu
percent=$1
shift
space=tunnel-lossy-$$

command -v nft >/dev/null || { echo "there is no nft" >&2; exit 77; }
ip netns add "$space" 2>/dev/null || { echo "no namespace can be made" >&2; exit 77; }
trap 'ip netns del "$space"' EXIT

in_space() {
    ip netns exec "$space" "$@"
}

# Browsers pass over the loopback, so there is an address beside it; packets
# to it from the same machine go over lo all the same.
in_space ip link set lo up
in_space ip link add outside type veth peer name inside
in_space ip addr add 10.99.0.1/24 dev outside
in_space ip link set outside up
in_space ip link set inside up
in_space nft -f - <<RULES || exit 77
table inet lossy {
    chain out {
        type filter hook output priority 0;
        ip protocol udp numgen random mod 1000 < $((percent * 10)) counter drop
    }
}
RULES
status=0
in_space "$@" || status=$?
if in_space nft list ruleset | grep -q 'counter packets 0 '; then
    echo "no packet was lost: this showed nothing" >&2
    status=1
fi
exit $status
