#!/bin/sh
# @roamhq/wrtc 0.10.0 (libwebrtc), werift 0.25.2, node-datachannel 0.33.4 (libdatachannel; npm),
# aiortc 1.16.0 (PyPI), pion/webrtc 4.2.26 (Go), GStreamer 1.22.0 webrtcbin (Debian 12)
#
# Offers of a data channel with something in them that most offers have not, which one expects
# a reader that does not know it to pass over. All of them are proper:
#   bundle-only  the data behind an audio section in the same group, with port 0 and without a
#                transport of its own: so JSEP has it written for "max-bundle" (RFC 8829, 5.2.1;
#                RFC 9143 section 6). aiortc and webrtcbin miss the transport: an error
#   a long mid   a UUID. A mid is a token of any length (RFC 5888 section 4); libwebrtc has 16
#                bytes at most, also where there is no RTP whose headers would carry it
#   a hash       a second fingerprint by a hash that is not known (RFC 8122 section 5)
#   a type,      a second candidate of a type or by a transport that is not known, for both of
#   a transport  which the grammar is open (RFC 8839 section 5.1)
# libwebrtc refuses the whole description for one line of these that it does not know, so who
# extends a signalling of his own must not put it there.
#
# Seen on 1 December 2026, whether there is an answer, and the usual candidate is checked:
#
#   @roamhq/wrtc: as usual taken, bundle-only taken, a long mid an error, a hash an error, a type an error, a transport an error
#   werift: as usual taken, bundle-only taken, a long mid taken, a hash taken, a type taken, a transport taken
#   node-datachannel: as usual taken, bundle-only taken, a long mid taken, a hash taken, a type taken, a transport taken
#   aiortc: as usual taken, bundle-only an error, a long mid taken, a hash taken, a type taken, a transport taken
#   pion: as usual taken, bundle-only taken, a long mid taken, a hash taken, a type taken, a transport taken
#   webrtcbin: as usual taken, bundle-only an error, a long mid taken, a hash taken, a type taken, a transport taken
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
import socket
from concurrent.futures import ThreadPoolExecutor

from peers import COMMANDS, Peer, own_address

SESSION = ["v=0", "o=- 1 1 IN IP4 192.0.2.1", "s=-", "t=0 0"]
TRANSPORT = [
    "a=ice-ufrag:abcd",
    "a=ice-pwd:0123456789012345678901",
    "a=fingerprint:sha-256 " + ":".join(["11"] * 32),
    "a=setup:actpass",
    "a=candidate:1 1 udp 2130706431 HERE typ host",
]
ANOTHER_HASH = ["a=fingerprint:shake256 " + ":".join(["11"] * 64)]
ANOTHER_TYPE = ["a=candidate:2 1 udp 1000 192.0.2.7 5000 typ tunnelled"]
ANOTHER_TRANSPORT = ["a=candidate:2 1 sctp 1000 192.0.2.7 5000 typ host"]
AUDIO = ["m=audio 9 UDP/TLS/RTP/SAVPF 0", "c=IN IP4 0.0.0.0", "a=mid:a", "a=sendrecv",
         "a=rtpmap:0 PCMU/8000", "a=rtcp-mux", *TRANSPORT]
LONG = "8b1c5e0a-7d1f-4b7e-9a53-0d2f6c9e4a11"


def data(mid, port=9):
    return [f"m=application {port} UDP/DTLS/SCTP webrtc-datachannel", "c=IN IP4 0.0.0.0",
            f"a=mid:{mid}", "a=sctp-port:5000"]


def alone(*more, mid="0"):
    return [*SESSION, f"a=group:BUNDLE {mid}", *data(mid), *more, *TRANSPORT]


OFFERS = {
    "as usual": alone(),
    "bundle-only": [*SESSION, "a=group:BUNDLE a 0", *AUDIO, *data("0", 0), "a=bundle-only"],
    "a long mid": alone(mid=LONG),
    "a hash": alone(*ANOTHER_HASH),
    "a type": alone(*ANOTHER_TYPE),
    "a transport": alone(*ANOTHER_TRANSPORT),
}


def given(stack, lines):
    """Whether the offer is answered, and its candidate is checked."""
    with Peer(stack) as peer, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ear:
        ear.bind((own_address(), 0))
        ear.settimeout(10)
        here = "{} {}".format(*ear.getsockname())
        sdp = "".join(f"{line}\r\n" for line in lines).replace("HERE", here)
        said = peer.do("remote", type="offer", sdp=sdp)
        if "error" not in said:
            said = peer.do("answer")
        if "error" in said:
            return "an error"
        if re.search("^m=application 0 ", said["sdp"], re.MULTILINE):
            return "rejected"
        try:
            ear.recv(2048)
        except TimeoutError:
            return "never checked"
        return "taken"


def run(stack):
    return [f"{name} {given(stack, lines)}" for name, lines in OFFERS.items()]


with ThreadPoolExecutor(2) as threads:
    for stack, words in zip(COMMANDS, threads.map(run, COMMANDS)):
        print(f"{stack}: {', '.join(words)}", flush=True)
END
cat >expected <<'END'
@roamhq/wrtc: as usual taken, bundle-only taken, a long mid an error, a hash an error, a type an error, a transport an error
werift: as usual taken, bundle-only taken, a long mid taken, a hash taken, a type taken, a transport taken
node-datachannel: as usual taken, bundle-only taken, a long mid taken, a hash taken, a type taken, a transport taken
aiortc: as usual taken, bundle-only an error, a long mid taken, a hash taken, a type taken, a transport taken
pion: as usual taken, bundle-only taken, a long mid taken, a hash taken, a type taken, a transport taken
webrtcbin: as usual taken, bundle-only an error, a long mid taken, a hash taken, a type taken, a transport taken
END

sh install.sh
python3 main.py | tee seen
diff expected seen
