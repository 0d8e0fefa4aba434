#!/bin/sh
# @roamhq/wrtc 0.10.0 (libwebrtc), werift 0.25.2, node-datachannel 0.33.4 (libdatachannel; npm),
# aiortc 1.16.0 (PyPI), pion/webrtc 4.2.26 (Go), GStreamer 1.22.0 webrtcbin (Debian 12)
#
# Whether a sender is told that what it has sent is out, but for bufferedAmountLowThreshold. In
# W3C's WebRTC (section 6.2) that is the event "bufferedamountlow", and all code for browsers
# that sends a file waits for it whenever bufferedAmount is large. @roamhq/wrtc counts both, and
# takes the threshold and a handler, but has no such event: the sender stops behind the first
# megabyte and waits for ever, on a channel that is open and empty. werift has the event for
# listeners, but none of its attribute, onbufferedamountlow, as it has of all others: what is
# set there is never called. A small file does not fill the buffer and arrives.
# With these two a sender looks at bufferedAmount by a timer as well.
#
# Seen on 1 December 2026, of 600 messages of 16000 bytes that are sent at once, and all of which
# arrive:
#
#   @roamhq/wrtc: onbufferedamountlow never fires, listener never fires
#   werift: onbufferedamountlow never fires, listener fires
#   node-datachannel: onbufferedamountlow fires, listener fires
#   aiortc: fires
#   pion: fires
#   webrtcbin: fires
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

from path import Path, connect
from peers import COMMANDS, Peer

OF_W3C = "@roamhq/wrtc", "werift", "node-datachannel"


def poured(stack, listens):
    with Peer(stack) as sender, Peer("pion") as receiver:
        if not connect(sender, receiver, Path()):
            return "never opens"
        said = sender.do("pour", count=600, size=16000, listens=listens)
        if said["buffered"] < 1_000_000:
            return f"only {said['buffered']} are buffered"
        receiver.until(60, lambda: len(receiver.events) >= 600)
        time.sleep(2)
        if sum(event["event"] == "message" for _, event in receiver.events) != 600:
            return "does not arrive"
        return "fires" if sender.when(5, event="low") else "never fires"


for stack in COMMANDS:
    if stack in OF_W3C:
        words = poured(stack, False), poured(stack, True)
        print(f"{stack}: onbufferedamountlow {words[0]}, listener {words[1]}", flush=True)
    else:
        print(f"{stack}: {poured(stack, True)}", flush=True)
END
cat >expected <<'END'
@roamhq/wrtc: onbufferedamountlow never fires, listener never fires
werift: onbufferedamountlow never fires, listener fires
node-datachannel: onbufferedamountlow fires, listener fires
aiortc: fires
pion: fires
webrtcbin: fires
END

sh install.sh
python3 main.py | tee seen
diff expected seen
