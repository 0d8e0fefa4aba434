#!/bin/sh
# @roamhq/wrtc 0.10.0 (libwebrtc), werift 0.25.2, node-datachannel 0.33.4 (libdatachannel; npm),
# aiortc 1.16.0 (PyPI), pion/webrtc 4.2.26 (Go), GStreamer 1.22.0 webrtcbin (Debian 12)
#
# What send() does with a message that is larger than the other end's a=max-message-size. W3C's
# WebRTC (section 6.2, send) throws a TypeError, and the channel goes on; RFC 8841 section 6.1
# forbids to send it. Four of these say so to the caller. @roamhq/wrtc, which is libwebrtc
# without the check that a browser has in front of it, closes the channel: send() has no error,
# and it is the next one that throws. webrtcbin drops the message: no error, no "on-error", the
# channel is open, and the next one arrives. So with both the sender asks for the limit and
# looks itself.
#
# Seen on 1 December 2026, for a limit of 16384: that many bytes, one more, and then ten:
#
#   @roamhq/wrtc: arrives, lost, the channel closed, an error
#   werift: arrives, an error, arrives
#   node-datachannel: arrives, an error, arrives
#   aiortc: arrives, an error, arrives
#   pion: arrives, an error, arrives
#   webrtcbin: arrives, lost, the channel open, arrives
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
import re

from peers import COMMANDS, Peer

LIMIT = 16384


def word(sender, receiver, size):
    """What becomes of a message of this size."""
    said = sender.do("send", size=size)
    if "error" in said:
        return "an error"
    if receiver.when(5, event="message", size=size):
        return "arrives"
    return f"lost, the channel {sender.do('state')['channel']}"


def run(stack):
    with Peer(stack) as sender, Peer(stack) as receiver:
        receiver.do("remote", type="offer", sdp=sender.do("offer")["sdp"])
        answer = re.sub(r"a=max-message-size:.*\r\n", "", receiver.do("answer")["sdp"])
        answer = answer.replace("a=sctp-port", f"a=max-message-size:{LIMIT}\r\na=sctp-port")
        sender.do("remote", type="answer", sdp=answer)
        sender.when(20, event="open")
        return [word(sender, receiver, size) for size in (LIMIT, LIMIT + 1, 10)]


for stack in COMMANDS:
    print(f"{stack}: {', '.join(run(stack))}", flush=True)
END
cat >expected <<'END'
@roamhq/wrtc: arrives, lost, the channel closed, an error
werift: arrives, an error, arrives
node-datachannel: arrives, an error, arrives
aiortc: arrives, an error, arrives
pion: arrives, an error, arrives
webrtcbin: arrives, lost, the channel open, arrives
END

sh install.sh
python3 main.py | tee seen
diff expected seen
