# shellcheck shell=sh
# Sourced by the demo and by test-local.sh: programs in the background, each
# with its log in a folder of its own, all ended when the script ends.

rig_dir=$(mktemp -d)
rig_pids=

rig_stop() {
    # The last one first: the tunnel's ends before the signal server.
    for pid in $rig_pids; do
        kill -TERM "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    rm -rf "$rig_dir"
}
trap rig_stop EXIT
trap 'exit 130' INT TERM

# rig_start NAME COMMAND…
rig_start() {
    rig_name=$1
    shift
    "$@" </dev/null >"$rig_dir/$rig_name.log" 2>&1 &
    rig_pids="$! $rig_pids"
    eval "rig_pid_$rig_name=$!"
}

# rig_wait NAME PATTERN: prints what of the program's output first matched.
rig_wait() {
    rig_pid=$(eval "echo \$rig_pid_$1")
    rig_tries=0
    while ! grep -oEm1 -- "$2" "$rig_dir/$1.log" 2>/dev/null; do
        rig_tries=$((rig_tries + 1))
        if ! kill -0 "$rig_pid" 2>/dev/null || [ $rig_tries -gt 600 ]; then
            echo "$1 did not say '$2'; it said:" >&2
            cat "$rig_dir/$1.log" >&2
            return 1
        fi
        sleep 0.05 # between two looks, for 30 s at most
    done
}

# rig_start_all MOCK-OPTIONS…: sets upstream, signal and proxy to the URLs.
rig_start_all() {
    python=$(command -v /usr/bin/python3 || command -v python3)
    rig_start mock "$python" tests/e2e/mock_upstream.py "$@"
    upstream=$(rig_wait mock 'http://[0-9.:]+')
    echo "mock upstream    $upstream"

    rig_start signal build/signal-server --listen 127.0.0.1:0
    signal=$(rig_wait signal 'ws://[0-9.:]+')
    echo "signal-server    $signal"

    room="room-$$-$(od -An -N8 -tx1 /dev/urandom | tr -d ' \n')"
    rig_start serve build/tunnel serve --signal "$signal" --room "$room" \
        --upstream "$upstream" --stun none
    echo "tunnel serve     for $upstream"

    rig_start proxy build/tunnel proxy --signal "$signal" --room "$room" \
        --listen 127.0.0.1:0 --stun none
    proxy=$(rig_wait proxy 'http://[0-9.:]+')
    echo "tunnel proxy     $proxy"
    echo "connected        $(rig_wait proxy 'connected .*')"
}
