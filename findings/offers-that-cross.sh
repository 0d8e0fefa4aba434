#!/bin/sh
# @roamhq/wrtc 0.10.0 (libwebrtc), werift 0.25.2, node-datachannel 0.33.4 (libdatachannel; npm),
# aiortc 1.16.0 (PyPI), pion/webrtc 4.2.26 (Go), GStreamer 1.22.0 webrtcbin (Debian 12)
#
# What an end that has made an offer does with one that crosses it. W3C's WebRTC (section
# 4.4.1.5) rolls its own back by itself, or at setLocalDescription({ type: "rollback" }) (RFC
# 8829 section 4.1.10.2), and "perfect negotiation" (W3C, section 10.7) is built on that: the
# polite end gives way. In three of these there is no way back from an offer but an answer to
# it. pion has a type for a rollback, whose documentation says what it does, and refuses each
# in have-local-offer, so where one is wanted. aiortc takes one without an error and does
# nothing. So with these one end alone makes offers, or both make a new connection.
#
# Seen on 1 December 2026:
#
#   @roamhq/wrtc: refused, rollback taken, then taken, opens
#   werift: taken, opens
#   node-datachannel: taken, opens
#   aiortc: refused, rollback taken, refused again
#   pion: refused, rollback refused, refused again
#   webrtcbin: refused, rollback refused, refused again
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


def take(peer, offer):
    """How an end that has made an offer takes the other's: the words, and whether it did."""
    if "error" not in peer.do("remote", type="offer", sdp=offer):
        return "taken", True
    words = "refused, rollback "
    words += "refused" if "error" in peer.do("rollback") else "taken"
    if "error" in peer.do("remote", type="offer", sdp=offer):
        return words + ", refused again", False
    return words + ", then taken", True


def run(stack):
    with Peer(stack) as other, Peer(stack) as peer:
        offer = other.do("offer")["sdp"]
        peer.do("offer")
        words, is_taken = take(peer, offer)
        if not is_taken:
            return words
        other.do("remote", type="answer", sdp=peer.do("answer")["sdp"])
        opens = peer.when(20, event="open")
        return words + (", opens" if opens else ", never opens")


for stack in COMMANDS:
    print(f"{stack}: {run(stack)}", flush=True)
END
cat >expected <<'END'
@roamhq/wrtc: refused, rollback taken, then taken, opens
werift: taken, opens
node-datachannel: taken, opens
aiortc: refused, rollback taken, refused again
pion: refused, rollback refused, refused again
webrtcbin: refused, rollback refused, refused again
END

sh install.sh
python3 main.py | tee seen
diff expected seen
