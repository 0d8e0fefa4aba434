#!/bin/sh
# @roamhq/wrtc 0.10.0 (libwebrtc), werift 0.25.2, node-datachannel 0.33.4 (libdatachannel; npm),
# aiortc 1.16.0 (PyPI), pion/webrtc 4.2.26 (Go), GStreamer 1.22.0 webrtcbin (Debian 12)
#
# What send() says on a channel that has been closed: by its own end, by the other one, and by
# the end of the other's connection. In W3C's WebRTC (section 6.2, send) it throws an
# InvalidStateError unless readyState is "open", so a writer learns by its next message
# that the reader has gone. werift does not look at the state: send() returns as ever, and each
# message is lost; so does webrtcbin's, and of the end of the other's connection it tells
# nothing: its channel is not "closed". A loop that writes until it fails, as one does to a
# socket, goes on for ever.
# With these two look at the state before each message, and have messages acknowledged.
#
# Seen on 1 December 2026, the channel's state and what send() says, 3 s after the close() of:
#
#   @roamhq/wrtc: own closed, an error; the other's closed, an error; the other connection's closed, an error
#   werift: own closed, no error; the other's closed, no error; the other connection's closed, no error
#   node-datachannel: own closed, an error; the other's closed, an error; the other connection's closed, an error
#   aiortc: own closed, an error; the other's closed, an error; the other connection's closed, an error
#   pion: own closed, an error; the other's closed, an error; the other connection's closed, an error
#   webrtcbin: own closed, no error; the other's closed, no error; the other connection's not closed, no error
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
import time
from concurrent.futures import ThreadPoolExecutor

from peers import COMMANDS, Peer


def look(stack, peers_does, own_does):
    """What is seen three seconds after one of the two has closed."""
    with Peer(stack) as near, Peer("pion") as far:
        far.do("remote", type="offer", sdp=near.do("offer")["sdp"])
        near.do("remote", type="answer", sdp=far.do("answer")["sdp"])
        if not (near.when(30, event="open") and far.when(30, event="open")):
            return "never opens"
        if peers_does:
            far.do(peers_does)
        if own_does:
            near.do(own_does)
        time.sleep(3)
        send = "an error" if "error" in near.do("send", size=1) else "no error"
        is_closed = near.do("state")["channel"] == "closed"
        return f"{'closed' if is_closed else 'not closed'}, {send}"


def run(stack):
    own, others, end = (look(stack, *who) for who in ((None, "close"), ("close", None), ("end", None)))
    return f"{stack}: own {own}; the other's {others}; the other connection's {end}"


with ThreadPoolExecutor(2) as threads:
    for line in threads.map(run, COMMANDS):
        print(line, flush=True)
END
cat >expected <<'END'
@roamhq/wrtc: own closed, an error; the other's closed, an error; the other connection's closed, an error
werift: own closed, no error; the other's closed, no error; the other connection's closed, no error
node-datachannel: own closed, an error; the other's closed, an error; the other connection's closed, an error
aiortc: own closed, an error; the other's closed, an error; the other connection's closed, an error
pion: own closed, an error; the other's closed, an error; the other connection's closed, an error
webrtcbin: own closed, no error; the other's closed, no error; the other connection's not closed, no error
END

sh install.sh
python3 main.py | tee seen
diff expected seen
