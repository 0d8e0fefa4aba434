#!/bin/sh
# @roamhq/wrtc 0.10.0 (libwebrtc), werift 0.25.2, node-datachannel 0.33.4 (libdatachannel; npm),
# aiortc 1.16.0 (PyPI), GStreamer 1.22.0 webrtcbin (Debian 12)
#
# Whether messages arrive that are as large as the receiver has announced (a=max-message-size,
# RFC 8841 section 6.1; 65536 if it is left out, as webrtcbin does). To these stacks they do, up to
# 262144. But webrtcbin as the sender drops what is larger than 65536, although the other end
# has announced 262144, and says so to nobody: send-data returns as always, and the channel goes
# on with the next message.
#
# Seen on 1 December 2026, of messages from aiortc, and to libdatachannel, which announces 262144:
#
#   @roamhq/wrtc: announces 262144, 262144 arrive; sends 262144 arrive
#   werift: announces 65536, 65536 arrive; sends 262144 arrive
#   node-datachannel: announces 262144, 262144 arrive; sends 262144 arrive
#   aiortc: announces 262144, 262144 arrive; sends 262144 arrive
#   webrtcbin: announces 65536, 65536 arrive; sends 262144 are lost
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
from concurrent.futures import ThreadPoolExecutor

from peers import COMMANDS, Peer

STACKS = [stack for stack in COMMANDS if stack != "pion"]

ANNOUNCED = r"a=max-message-size:(\d+)"


def arrives(sender, receiver, size):
    """Whether a message does, and the limit that its receiver has announced."""
    with Peer(sender) as near, Peer(receiver) as far:
        far.do("remote", type="offer", sdp=near.do("offer")["sdp"])
        answer = far.do("answer")["sdp"]
        near.do("remote", type="answer", sdp=answer)
        if not (near.when(30, event="open") and far.when(30, event="open")):
            return "never opens", None
        limit = re.search(ANNOUNCED, answer)
        limit = int(limit[1]) if limit else 65536
        size = min(size, limit)
        near.do("send", size=size)
        words = "arrive" if far.when(15, event="message", size=size) else "are lost"
        near.do("another", label="next")
        if not far.when(15, event="channel", label="next"):
            words += " and no channel opens any more"
        return f"{size} {words}", limit


def run(stack):
    received, limit = arrives("aiortc", stack, 1_000_000)
    return f"{stack}: announces {limit}, {received}; sends {arrives(stack, 'node-datachannel', 262144)[0]}"


with ThreadPoolExecutor(2) as threads:
    for line in threads.map(run, STACKS):
        print(line, flush=True)
END
cat >expected <<'END'
@roamhq/wrtc: announces 262144, 262144 arrive; sends 262144 arrive
werift: announces 65536, 65536 arrive; sends 262144 arrive
node-datachannel: announces 262144, 262144 arrive; sends 262144 arrive
aiortc: announces 262144, 262144 arrive; sends 262144 arrive
webrtcbin: announces 65536, 65536 arrive; sends 262144 are lost
END

sh install.sh
python3 main.py | tee seen
diff expected seen
