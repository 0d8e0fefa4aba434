#!/bin/sh
# @roamhq/wrtc 0.10.0 (libwebrtc), werift 0.25.2, node-datachannel 0.33.4 (libdatachannel; npm),
# aiortc 1.16.0 (PyPI), pion/webrtc 4.2.26 (Go), GStreamer 1.22.0 webrtcbin (Debian 12)
#
# How many candidates of the other end a stack looks at. A machine with a dozen bridges for
# containers and a VPN, each with two families, has more than thirty, and what works from afar,
# the address that a STUN server saw and the relay, is found last. RFC 8445 section 6.1.2.5 has
# a limit for pairs, of 100 if nothing else is set, and keeps those with the highest priority.
# libdatachannel keeps the first 30 candidates, in the order in which they come and whatever
# their priority: what comes behind those is dropped without an error to the caller, in a
# description and one by one, and where it was the only one that works, nothing connects. The
# others check it.
# So who makes many candidates sends the best first, and few of those of bridges.
#
# Seen on 1 December 2026, whether the last one is checked, whose priority is the highest:
#
#   @roamhq/wrtc: of 30 yes, of 31 yes, of 101 yes, 31 one by one yes
#   werift: of 30 yes, of 31 yes, of 101 yes, 31 one by one yes
#   node-datachannel: of 30 yes, of 31 no, of 101 no, 31 one by one no
#   aiortc: of 30 yes, of 31 yes, of 101 yes, 31 one by one yes
#   pion: of 30 yes, of 31 yes, of 101 yes, 31 one by one yes
#   webrtcbin: of 30 yes, of 31 yes, of 101 yes, 31 one by one yes
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
import contextlib
import re
import socket

from peers import COMMANDS, Peer, own_address

ANSWER = """v=0
o=- 1 1 IN IP4 192.0.2.1
s=-
t=0 0
a=group:BUNDLE MID
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 0.0.0.0
a=mid:MID
a=sctp-port:5000
a=ice-ufrag:abcd
a=ice-pwd:0123456789012345678901
a=fingerprint:sha-256 FINGERPRINT
a=setup:active
""".replace("FINGERPRINT", ":".join(["11"] * 32)).replace("\n", "\r\n")


def last_is_checked(stack, count, one_by_one=False):
    with Peer(stack) as peer, contextlib.ExitStack() as sockets:
        offer = peer.do("offer")["sdp"]
        answer = ANSWER.replace("MID", re.search(r"a=mid:(\S+)", offer)[1])
        candidates = []
        for index in range(count):  # all but the last are silent
            ear = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            sockets.enter_context(ear).bind((own_address(), 0))
            address, port = ear.getsockname()
            priority = 2000000000 + 256 * index
            candidates.append(f"candidate:{index} 1 udp {priority} {address} {port} typ host")
        if one_by_one:
            peer.do("remote", type="answer", sdp=answer)
            for candidate in candidates:
                peer.do("candidate", candidate=candidate)
        else:
            answer += "".join(f"a={candidate}\r\n" for candidate in candidates)
            peer.do("remote", type="answer", sdp=answer)
        ear.settimeout(15)
        with contextlib.suppress(TimeoutError):
            return "yes" if ear.recv(2048) else "empty"
        return "no"


for stack in COMMANDS:
    words = [f"of {count} {last_is_checked(stack, count)}" for count in (30, 31, 101)]
    words.append("31 one by one " + last_is_checked(stack, 31, one_by_one=True))
    print(f"{stack}: {', '.join(words)}", flush=True)
END
cat >expected <<'END'
@roamhq/wrtc: of 30 yes, of 31 yes, of 101 yes, 31 one by one yes
werift: of 30 yes, of 31 yes, of 101 yes, 31 one by one yes
node-datachannel: of 30 yes, of 31 no, of 101 no, 31 one by one no
aiortc: of 30 yes, of 31 yes, of 101 yes, 31 one by one yes
pion: of 30 yes, of 31 yes, of 101 yes, 31 one by one yes
webrtcbin: of 30 yes, of 31 yes, of 101 yes, 31 one by one yes
END

sh install.sh
python3 main.py | tee seen
diff expected seen
