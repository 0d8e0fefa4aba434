#!/bin/sh
# @roamhq/wrtc 0.10.0 (libwebrtc), werift 0.25.2, node-datachannel 0.33.4 (libdatachannel; npm),
# aiortc 1.16.0 (PyPI), pion/webrtc 4.2.26 (Go), GStreamer 1.22.0 webrtcbin (Debian 12)
#
# Whether two stacks connect should not depend on who of them offers. With webrtcbin and aiortc
# it does. webrtcbin makes itself an RSA certificate, with which a DTLS server cannot use
# TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, which RFC 8827 section 6.5 has all support; the
# suites that aiortc offers are all of that kind, so the handshake ends with "no shared
# cipher". A client's certificate may be of any kind, so the other way round all is well. Who
# answers is the client in all of these: aiortc has to offer. The other clients offer suites
# for RSA as well.
#
# Seen on 1 December 2026:
#
#   @roamhq/wrtc: offers: @roamhq/wrtc is the server, opens; answers: webrtcbin is the server, opens
#   werift: offers: werift is the server, opens; answers: webrtcbin is the server, opens
#   node-datachannel: offers: node-datachannel is the server, opens; answers: webrtcbin is the server, opens
#   aiortc: offers: aiortc is the server, opens; answers: webrtcbin is the server, never opens
#   pion: offers: pion is the server, opens; answers: webrtcbin is the server, opens
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


def word(offering, answering):
    """Whether a channel opens between two stacks, and who of them is the DTLS server."""
    with Peer(offering) as offerer, Peer(answering) as answerer:
        answerer.do("remote", type="offer", sdp=offerer.do("offer")["sdp"])
        answer = answerer.do("answer")["sdp"]
        offerer.do("remote", type="answer", sdp=answer)
        both = [peer.when(15, event="open") for peer in (offerer, answerer)]
        server = offering if "a=setup:active" in answer else answering
        return f"{server} is the server, {'opens' if all(both) else 'never opens'}"


for stack in list(COMMANDS)[:-1]:
    print(f"{stack}: offers: {word(stack, 'webrtcbin')}; answers: {word('webrtcbin', stack)}",
          flush=True)
END
cat >expected <<'END'
@roamhq/wrtc: offers: @roamhq/wrtc is the server, opens; answers: webrtcbin is the server, opens
werift: offers: werift is the server, opens; answers: webrtcbin is the server, opens
node-datachannel: offers: node-datachannel is the server, opens; answers: webrtcbin is the server, opens
aiortc: offers: aiortc is the server, opens; answers: webrtcbin is the server, never opens
pion: offers: pion is the server, opens; answers: webrtcbin is the server, opens
END

sh install.sh
python3 main.py | tee seen
diff expected seen
