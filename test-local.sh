#!/bin/sh
# Runs the whole tunnel on this machine, against a mock upstream, and checks
# each of its endpoints with curl. Uses what `make` built; leaves nothing
# running.
set -eu
cd "$(dirname "$0")"
if [ ! -x build/tunnel ] || [ ! -x build/signal-server ]; then
    echo "build/tunnel or build/signal-server is missing; run make first" >&2
    exit 1
fi
. scripts/rig.sh

rig_start_all --delay 0
echo
failed=0

# check TITLE WANTED-PATTERN CURL-ARGUMENTS…
check() {
    title=$1 wanted=$2
    shift 2
    if answer=$(curl -sS --fail --max-time 30 "$@" 2>&1) &&
        printf '%s' "$answer" | grep -qE -- "$wanted"; then
        echo "ok      $title"
    else
        echo "FAILED  $title: no '$wanted' in: $(printf '%s' "$answer" | head -c 300)"
        failed=1
    fi
}

# Straight from the upstream and through the tunnel, the bytes are the same.
check_bytes() {
    direct=$(curl -sS "$upstream/bytes/$1" | sha256sum)
    tunnelled=$(curl -sS "$proxy/bytes/$1" | sha256sum)
    echoed=$(curl -sS "$upstream/bytes/$1" |
        curl -sS --data-binary @- -H 'Expect:' "$proxy/echo" | sha256sum)
    if [ "$direct" = "$tunnelled" ] && [ "$direct" = "$echoed" ]; then
        echo "ok      $1 bytes down, and up and down"
    else
        echo "FAILED  $1 bytes: $direct upstream, $tunnelled tunnelled, $echoed echoed"
        failed=1
    fi
}

chat='{"model":"mock-small","messages":[{"role":"user","content":"Hello"}]'
json='Content-Type: application/json'
check "GET /health" '"status": "ok"' "$proxy/health"
check "GET /v1/models" '"mock-small"' "$proxy/v1/models"
check "POST /v1/chat/completions" 'carries every token' \
    -H "$json" -d "$chat}" "$proxy/v1/chat/completions"
check "POST /v1/chat/completions, streamed" '^data: \[DONE\]' \
    -N -H "$json" -d "$chat,\"stream\":true}" "$proxy/v1/chat/completions"
check "POST /echo" '^hello$' -d hello "$proxy/echo"
check_bytes 10000000

status=$(curl -sS -o /dev/null -w '%{http_code}' "$proxy/no/such/path")
if [ "$status" = 404 ]; then
    echo "ok      a status of the upstream's own, 404"
else
    echo "FAILED  /no/such/path: status $status, not 404"
    failed=1
fi

echo
[ $failed -eq 0 ] && echo "all is well" || echo "something failed"
exit $failed
