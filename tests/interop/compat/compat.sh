#!/bin/sh
# usage: compat.sh [STACK...]
#
# Measures how `tunnel serve` and `tunnel proxy` of build/ get along with other
# WebRTC stacks: what compat.py prints are the measured columns of
# docs/COMPATIBILITY.md. Each stack comes from its registry in the version below
# into a temporary folder; those of Debian (Chromium, Firefox ESR, GStreamer) are
# used if they are installed:
#
#   apt-get install chromium firefox-esr python3-gst-1.0 gstreamer1.0-nice \
#       gir1.2-gst-plugins-bad-1.0 gstreamer1.0-plugins-bad
#
# chromium-snap and pion-snap are the same two with SCTP's INIT in their
# descriptions (rtc/snap.h), chromium-sped has DTLS in ICE's checks as well
# (rtc/sped.h).
#
# Needs root (network namespaces), node and npm, go, python3 with venv. Takes some
# minutes for each stack, most of them waits of who cannot restart. Not part of
# `make test`: what it prints depends on others' releases. Exits with 1 if a stack
# could not be connected to.
set -u
stacks=${*:-chromium chromium-snap chromium-sped firefox-esr node-datachannel werift wrtc aiortc pion pion-snap gstreamer}

here=$(cd "$(dirname "$0")" && pwd)
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cp "$here"/*_peer.* "$here"/w3c.mjs "$folder"
cd "$folder" || exit 2
export COMPAT_HARNESS="$here/../../e2e"
failed=0

measure() {
    "$here/compat.py" "$@" || failed=1
}

# A package of npm whose API is that of W3C: its name, and what is imported.
npm_stack() {
    npm install --no-audit --no-fund --silent "$1" && measure "$1" node node_peer.mjs "$2"
}

pion_peer() {
    [ -x pion-peer ] || (
        mkdir pion && mv pion_peer.go pion && cd pion && go mod init peer &&
            go get github.com/pion/webrtc/v4@v4.2.26 && go build -o ../pion-peer
    ) 2>/dev/null
}

debian_stack() { # name, package
    dpkg-query --show --showformat='${Package} ${Version}\n' "$2" 2>/dev/null || {
        echo "$1: skipped, $2 is not installed"
        return 1
    }
}

for stack in $stacks; do
    case $stack in
    chromium | firefox-esr)
        debian_stack "$stack" "$stack" && measure "$stack" /usr/bin/python3 browser_peer.py "$stack"
        ;;
    chromium-snap)
        debian_stack "$stack" chromium &&
            measure "$stack" /usr/bin/python3 browser_peer.py chromium \
                --force-fieldtrials=WebRTC-Sctp-Snap/Enabled/
        ;;
    chromium-sped)
        debian_stack "$stack" chromium &&
            measure "$stack" /usr/bin/python3 browser_peer.py chromium \
                --force-fieldtrials=WebRTC-IceHandshakeDtls/Enabled/WebRTC-Sctp-Snap/Enabled/
        ;;
    node-datachannel) npm_stack node-datachannel@0.33.4 node-datachannel/polyfill ;;
    werift) npm_stack werift@0.25.2 werift ;;
    wrtc) npm_stack @roamhq/wrtc@0.10.0 @roamhq/wrtc ;;
    aiortc)
        /usr/bin/python3 -m venv venv &&
            venv/bin/pip install --quiet --disable-pip-version-check aiortc==1.16.0 &&
            measure aiortc@1.16.0 venv/bin/python aiortc_peer.py
        ;;
    pion) pion_peer && measure pion@4.2.26 ./pion-peer ;;
    pion-snap) pion_peer && measure pion-snap@4.2.26 ./pion-peer snap ;;
    gstreamer)
        debian_stack gstreamer gir1.2-gst-plugins-bad-1.0 &&
            measure gstreamer /usr/bin/python3 gst_peer.py
        ;;
    *)
        echo "compat.sh: no stack is called \"$stack\"" >&2
        exit 2
        ;;
    esac
    status=$?
    [ $status -eq 0 ] || failed=1
done
exit $failed
