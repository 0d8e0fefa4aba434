#!/bin/sh
# @roamhq/wrtc 0.10.0 (libwebrtc), werift 0.25.2, node-datachannel 0.33.4 (libdatachannel; npm),
# aiortc 1.16.0 (PyPI), pion/webrtc 4.2.26 (Go), GStreamer 1.22.0 webrtcbin (Debian 12)
#
# Whether an SCTP port other than 5000 is spoken to, which is what a=sctp-port (RFC 8841
# section 5) is there to tell: an end with another one, here aiortc's RTCSctpTransport, whose
# constructor takes a port. webrtcbin has 5000 on both sides whatever the other's description
# says: DTLS is up, the connection's state is "connected", and no channel opens, nor does an
# error come. To and from all others one does.
#
# Seen on 1 December 2026, of a channel to who has port 6000:
#
#   @roamhq/wrtc: as answerer opens, as offerer opens
#   werift: as answerer opens, as offerer opens
#   node-datachannel: as answerer opens, as offerer opens
#   aiortc: as answerer opens, as offerer opens
#   pion: as answerer opens, as offerer opens
#   webrtcbin: as answerer never opens, as offerer never opens
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


def opens(offerer, answerer):
    """Whether a channel does, between two peers."""
    with offerer, answerer:
        answerer.do("remote", type="offer", sdp=offerer.do("offer")["sdp"])
        offerer.do("remote", type="answer", sdp=answerer.do("answer")["sdp"])
        both = [peer.when(20, event="open") for peer in (offerer, answerer)]
        return "opens" if all(both) else "never opens"


def of_port_6000():
    return Peer("aiortc", more=["6000"])


for stack in COMMANDS:
    words = opens(of_port_6000(), Peer(stack)), opens(Peer(stack), of_port_6000())
    print(f"{stack}: as answerer {words[0]}, as offerer {words[1]}", flush=True)
END
cat >expected <<'END'
@roamhq/wrtc: as answerer opens, as offerer opens
werift: as answerer opens, as offerer opens
node-datachannel: as answerer opens, as offerer opens
aiortc: as answerer opens, as offerer opens
pion: as answerer opens, as offerer opens
webrtcbin: as answerer never opens, as offerer never opens
END

sh install.sh
python3 main.py | tee seen
diff expected seen
