#!/bin/sh
# node-datachannel 0.33.4 (libdatachannel), @roamhq/wrtc 0.10.0 (libwebrtc), werift 0.25.2 (npm),
# aiortc 1.16.0 (PyPI), pion/webrtc 4.2.26 (Go)
#
# In which order the other end hears of several channels, which an application may take for the
# order in which they were made: the first for control, the second for files. No standard has
# one across streams. All of these have it, on a path that loses nothing, but node-datachannel
# alone announces those that were made before there is a connection backwards, the last first;
# those that are made later come in order. So with two channels that are told apart by their
# place each takes the other's messages, with node-datachannel as the one that makes them, and
# only if it makes them before the offer.
# So channels are told apart by their labels, or have an id that both ends know.
#
# Seen on 1 December 2026, by @roamhq/wrtc, of channels that are made before the offer and once
# a connection is there:
#
#   @roamhq/wrtc: before 1 2 3 x, later 4 5 6
#   werift: before 1 2 3 x, later 4 5 6
#   node-datachannel: before x 3 2 1, later 4 5 6
#   aiortc: before 1 2 3 x, later 4 5 6
#   pion: before 1 2 3 x, later 4 5 6
#
# Needs node 20 or later and npm, python3 with venv, go and its module proxy. Exits with 0 if
# that is still so, else with 1.
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
        for label in "123":
            near.do("another", label=label)
        far.do("remote", type="offer", sdp=near.do("offer")["sdp"])  # has a channel x
        near.do("remote", type="answer", sdp=far.do("answer")["sdp"])
        far.until(30, lambda: len(labels(far)) == 4)
        for label in "456":
            near.do("another", label=label)
        far.until(10, lambda: len(labels(far)) == 7)
        return f"before {' '.join(labels(far)[:4])}, later {' '.join(labels(far)[4:])}"


for stack in COMMANDS:
    if stack != "webrtcbin":  # its order changes from run to run
        print(f"{stack}: {run(stack)}", flush=True)
END
cat >expected <<'END'
@roamhq/wrtc: before 1 2 3 x, later 4 5 6
werift: before 1 2 3 x, later 4 5 6
node-datachannel: before x 3 2 1, later 4 5 6
aiortc: before 1 2 3 x, later 4 5 6
pion: before 1 2 3 x, later 4 5 6
END

sh install.sh
python3 main.py | tee seen
diff expected seen
