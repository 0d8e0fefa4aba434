#!/bin/sh
# @roamhq/wrtc 0.10.0 (libwebrtc), werift 0.25.2, node-datachannel 0.33.4 (libdatachannel; npm),
# aiortc 1.16.0 (PyPI), pion/webrtc 4.2.26 (Go), GStreamer 1.22.0 webrtcbin (Debian 12)
#
# What becomes of a candidate that comes before the offer that it belongs to, as it does where
# signalling is by several requests or by an unordered channel. In W3C's WebRTC (section
# 4.4.2, addIceCandidate) that is an InvalidStateError, so that the caller can keep it for
# later; libwebrtc, pion and libdatachannel say so. werift and webrtcbin keep it themselves.
# aiortc takes it without an error and forgets it: where it was the only one that works, there
# is no connection, and nothing tells why.
#
# Seen on 1 December 2026, whether the candidate is checked, given before the offer and after:
#
#   @roamhq/wrtc: before an error and never checked, after checked
#   werift: before checked, after checked
#   node-datachannel: before an error and never checked, after checked
#   aiortc: before never checked, after checked
#   pion: before an error and never checked, after checked
#   webrtcbin: before checked, after checked
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
import socket

from peers import COMMANDS, Peer, own_address

OFFER = """v=0
o=- 1 1 IN IP4 192.0.2.1
s=-
t=0 0
a=group:BUNDLE 0
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 0.0.0.0
a=mid:0
a=sctp-port:5000
a=ice-options:trickle
a=ice-ufrag:abcd
a=ice-pwd:0123456789012345678901
a=fingerprint:sha-256 FINGERPRINT
a=setup:actpass
""".replace("FINGERPRINT", ":".join(["11"] * 32)).replace("\n", "\r\n")


def is_checked(ear):
    try:
        return ear.recv(2048)[:2] == b"\0\1"  # a STUN Binding request
    except TimeoutError:
        return False


def run(stack, is_early):
    with Peer(stack) as peer, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ear:
        ear.bind((own_address(), 0))
        ear.settimeout(10)
        address, port = ear.getsockname()
        candidate = f"candidate:1 1 udp 2130706431 {address} {port} typ host"
        steps = [{"do": "candidate", "candidate": candidate},
                 {"do": "remote", "type": "offer", "sdp": OFFER}]
        said = [peer.do(**step) for step in (steps if is_early else steps[::-1])]
        peer.do("answer")
        words = "an error and " if "error" in said[0] else ""
        return words + ("checked" if is_checked(ear) else "never checked")


for stack in COMMANDS:
    print(f"{stack}: before {run(stack, True)}, after {run(stack, False)}", flush=True)
END
cat >expected <<'END'
@roamhq/wrtc: before an error and never checked, after checked
werift: before checked, after checked
node-datachannel: before an error and never checked, after checked
aiortc: before never checked, after checked
pion: before an error and never checked, after checked
webrtcbin: before checked, after checked
END

sh install.sh
python3 main.py | tee seen
diff expected seen
