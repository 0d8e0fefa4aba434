#!/bin/sh
# @roamhq/wrtc 0.10.0 (libwebrtc), werift 0.25.2, node-datachannel 0.33.4 (libdatachannel; npm),
# aiortc 1.16.0 (PyPI), pion/webrtc 4.2.26 (Go), GStreamer 1.22.0 webrtcbin (Debian 12)
#
# How an application hears that the path is gone, with a channel that is idle: no datagram
# passes any more, in either direction. In W3C's WebRTC (section 5.6) the connection is first
# "disconnected", then "failed", and RFC 7675 section 5.1 ends all sending 30 s after the last
# answer. libwebrtc and pion do so. werift goes straight to "failed", aiortc and libdatachannel
# to "closed", each half a minute later, so who waits for "disconnected" to show something, or
# for "failed" to restart ICE, waits in vain. webrtcbin stays "connected". In four of them the
# channel says nothing, as in W3C's it may: it is "open", and takes what is sent. So an
# application that must know sends messages of its own and counts the answers.
#
# Seen on 1 December 2026, the connection's state that long after:
#
#   @roamhq/wrtc: 10 s disconnected, 22 s failed, 45 s failed, channel open
#   werift: 10 s connected, 22 s connected, 45 s failed, channel open
#   node-datachannel: 10 s connected, 22 s connected, 45 s closed, channel closed
#   aiortc: 10 s connected, 22 s connected, 45 s closed, channel closed
#   pion: 10 s disconnected, 22 s disconnected, 45 s failed, channel open
#   webrtcbin: 10 s connected, 22 s connected, 45 s connected, channel open
#
# Needs node 20 or later and npm, python3 with venv, go and its module proxy; of Debian GStreamer
# (the packages that peers/install.sh names). Exits with 0 if that is still so, else with 1.
set -eu
peers=$(cd "$(dirname "$0")/peers" && pwd)
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
cp "$peers"/* .

cat >main.py <<'END'
import threading
import time

from path import Path, connect
from peers import COMMANDS, Peer


def run(stack):
    path = Path()
    with Peer(stack) as peer, Peer(stack) as other:
        connect(peer, other, path)
        time.sleep(1)
        path.limit = 0
        gone = time.monotonic()
        words = []
        for seconds in (10, 22, 45):
            time.sleep(gone + seconds - time.monotonic())
            state = peer.do("state")
            words.append(f"{seconds} s {state['connection']}")
        return f"{', '.join(words)}, channel {state['channel']}"


def keep(stack, words):
    words[stack] = run(stack)


words = {}
runs = [threading.Thread(target=keep, args=(stack, words)) for stack in COMMANDS]
for each in runs:
    each.start()
for each in runs:
    each.join()
for stack in COMMANDS:
    print(f"{stack}: {words[stack]}")
END
cat >expected <<'END'
@roamhq/wrtc: 10 s disconnected, 22 s failed, 45 s failed, channel open
werift: 10 s connected, 22 s connected, 45 s failed, channel open
node-datachannel: 10 s connected, 22 s connected, 45 s closed, channel closed
aiortc: 10 s connected, 22 s connected, 45 s closed, channel closed
pion: 10 s disconnected, 22 s disconnected, 45 s failed, channel open
webrtcbin: 10 s connected, 22 s connected, 45 s connected, channel open
END

sh install.sh
python3 main.py | tee seen
diff expected seen
