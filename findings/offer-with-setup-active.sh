#!/bin/sh
# @roamhq/wrtc 0.10.0 (libwebrtc), werift 0.25.2, node-datachannel 0.33.4 (libdatachannel; npm),
# aiortc 1.16.0 (PyPI), pion/webrtc 4.2.26 (Go), GStreamer 1.22.0 webrtcbin (Debian 12)
#
# The DTLS role that an answer takes. RFC 8842 section 5.2 has offers say actpass, and section
# 5.3 has who answers take the other role where an offer says something else, as of one who
# has to keep its role or has only one: passive to "active". werift answers "active" to
# all three. So both ends are DTLS clients, both send ClientHellos, and neither answers the
# other's: ICE is connected, no error comes, and the channel stays "connecting".
#
# Seen on 1 December 2026: the answer's a=setup by that of the offer, and whether a channel
# opens with an offerer that is the client, as it offered:
#
#   @roamhq/wrtc: actpass active, passive active, active passive, connects
#   werift: actpass active, passive active, active active, never connects
#   node-datachannel: actpass active, passive active, active passive, connects
#   aiortc: actpass active, passive active, active passive, connects
#   pion: actpass active, passive active, active passive, connects
#   webrtcbin: actpass active, passive active, active passive, connects
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

OFFER = """v=0
o=- 1 1 IN IP4 192.0.2.1
s=-
t=0 0
a=group:BUNDLE 0
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 0.0.0.0
a=mid:0
a=sctp-port:5000
a=ice-ufrag:abcd
a=ice-pwd:0123456789012345678901
a=fingerprint:sha-256 FINGERPRINT
a=setup:ROLE
""".replace("FINGERPRINT", ":".join(["11"] * 32)).replace("\n", "\r\n")


def answered(stack, role):
    with Peer(stack) as peer:
        said = peer.do("remote", type="offer", sdp=OFFER.replace("ROLE", role))
        if "error" not in said:
            said = peer.do("answer")
        return "error" if "error" in said else re.search(r"a=setup:(\w+)", said["sdp"])[1]


def connects(stack):
    """To an offerer that is the DTLS client, as it offered: pion, told by another answer."""
    with Peer("pion") as offerer, Peer(stack) as peer:
        offer = offerer.do("offer")["sdp"]
        peer.do("remote", type="offer", sdp=offer.replace("a=setup:actpass", "a=setup:active"))
        answer = re.sub(r"a=setup:\w+", "a=setup:passive", peer.do("answer")["sdp"])
        offerer.do("remote", type="answer", sdp=answer)
        return "connects" if peer.when(15, event="open") else "never connects"


for stack in COMMANDS:
    words = [f"{role} {answered(stack, role)}" for role in ("actpass", "passive", "active")]
    print(f"{stack}: {', '.join(words)}, {connects(stack)}", flush=True)
END
cat >expected <<'END'
@roamhq/wrtc: actpass active, passive active, active passive, connects
werift: actpass active, passive active, active active, never connects
node-datachannel: actpass active, passive active, active passive, connects
aiortc: actpass active, passive active, active passive, connects
pion: actpass active, passive active, active passive, connects
webrtcbin: actpass active, passive active, active passive, connects
END

sh install.sh
python3 main.py | tee seen
diff expected seen
