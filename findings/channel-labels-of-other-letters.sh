#!/bin/sh
# @roamhq/wrtc 0.10.0 (libwebrtc), werift 0.25.2, node-datachannel 0.33.4 (libdatachannel; npm),
# aiortc 1.16.0 (PyPI), pion/webrtc 4.2.26 (Go), GStreamer 1.22.0 webrtcbin (Debian 12)
#
# What the other end reads as a channel's label, where that has letters beyond ASCII: the name
# of a file or of a person. DATA_CHANNEL_OPEN has the label's length in bytes of UTF-8 (RFC
# 8832 section 5.1). werift and aiortc write the number of characters there, and all of the
# bytes behind it: the other end has a label that is cut, without an error on either side, and
# what is left over is read as the protocol. In ASCII there is no difference, and both read
# the others' labels well. Where the cut is within a character, what is left is no UTF-8 any
# more, and it depends on the reader what becomes of that.
# So labels are ASCII, and names travel in a message.
#
# Seen on 1 December 2026, by @roamhq/wrtc, of the labels "chat", "für" and "日本語":
#
#   @roamhq/wrtc: chat für 日本語
#   werift: chat fü 日
#   node-datachannel: chat für 日本語
#   aiortc: chat fü 日
#   pion: chat für 日本語
#   webrtcbin: chat für 日本語
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
from peers import COMMANDS, Peer


def labels(peer):
    return [event["label"] for _, event in peer.events if event["event"] == "channel"]


def run(stack):
    with Peer(stack) as near, Peer("@roamhq/wrtc") as far:
        far.do("remote", type="offer", sdp=near.do("offer")["sdp"])
        near.do("remote", type="answer", sdp=far.do("answer")["sdp"])
        near.when(30, event="open")
        far.when(30, event="channel", label="x")
        for label in "chat", "für", "日本語":
            count = len(labels(far))
            near.do("another", label=label)
            far.until(10, lambda count=count: len(labels(far)) > count)
        return " ".join(labels(far)[1:])


for stack in COMMANDS:
    print(f"{stack}: {run(stack)}", flush=True)
END
cat >expected <<'END'
@roamhq/wrtc: chat für 日本語
werift: chat fü 日
node-datachannel: chat für 日本語
aiortc: chat fü 日
pion: chat für 日本語
webrtcbin: chat für 日本語
END

sh install.sh
python3 main.py | tee seen
diff expected seen
