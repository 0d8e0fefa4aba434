#!/bin/sh
# @roamhq/wrtc 0.10.0 (libwebrtc), werift 0.25.2, node-datachannel 0.33.4 (libdatachannel; npm),
# aiortc 1.16.0 (PyPI), pion/webrtc 4.2.26 (Go), GStreamer 1.22.0 webrtcbin and coturn 4.6.1
# (Debian 12)
#
# What a TURN client does when its nonce has become old, as with coturn's stale-nonce, by
# which one lives for ten minutes unless another time is given (two seconds here). The server
# answers 438 with a new one, and the client asks again with that (RFC 8489 section 9.2.5). Such
# an answer may lack MESSAGE-INTEGRITY (RFC 5389 section 10.2.2 even asks for that), and
# coturn's does. werift means to ask again, but looks for that attribute first, and drops the
# answer without it as a forged one: it sends the old nonce until it gives up. So where a peer is
# found later than that, or another candidate of it, the relay does not reach it. The others do.
#
# Seen on 1 December 2026, of a peer's candidate that comes at once, and after four seconds,
# whether what is sent to it by the relay arrives:
#
#   @roamhq/wrtc: at once works; after 4 s works, 438
#   werift: at once works; after 4 s does not, 438
#   node-datachannel: at once works; after 4 s works, 438
#   aiortc: at once works; after 4 s works, 438
#   pion: at once works; after 4 s works, 438
#   webrtcbin: at once works; after 4 s works, 438
#
# Needs node 20 or later and npm, python3 with venv, go and its module proxy; of Debian GStreamer
# (the packages that peers/install.sh names) and coturn. Exits with 0 if that is still so, else with 1.
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
import time

from coturn import coturn
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
a=candidate:1 1 udp 2130706431 ADDRESS PORT typ host
a=end-of-candidates
""".replace("FINGERPRINT", ":".join(["11"] * 32)).replace("\n", "\r\n")


def arrives_from(ear, ports, seconds):
    """Whether something does, from one of these ports."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with contextlib.suppress(TimeoutError):
            if ear.recvfrom(2048)[1][1] in ports:
                return True
    return False


def run(stack, wait):
    with coturn("--stale-nonce=2") as (server, log), \
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ear:
        ear.bind((own_address(), 0))
        ear.settimeout(0.5)
        with Peer(stack, [server]) as peer:
            offer = peer.do("offer")["sdp"]
            ports = {int(port) for port in re.findall(r"(\d+) typ relay", offer)}
            time.sleep(wait)
            answer = ANSWER.replace("MID", re.search(r"a=mid:(\S+)", offer)[1])
            for name, value in zip(("ADDRESS", "PORT"), ear.getsockname()):
                answer = answer.replace(name, str(value))
            peer.do("remote", type="answer", sdp=answer)
            word = "works" if arrives_from(ear, ports, 15) else "does not"
        return word + (", 438" if "error 438" in log.read_text() else "")


for stack in COMMANDS:
    print(f"{stack}: at once {run(stack, 0)}; after 4 s {run(stack, 4)}", flush=True)
END
cat >expected <<'END'
@roamhq/wrtc: at once works; after 4 s works, 438
werift: at once works; after 4 s does not, 438
node-datachannel: at once works; after 4 s works, 438
aiortc: at once works; after 4 s works, 438
pion: at once works; after 4 s works, 438
webrtcbin: at once works; after 4 s works, 438
END

sh install.sh
python3 main.py | tee seen
diff expected seen
