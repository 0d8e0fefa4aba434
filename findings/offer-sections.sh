#!/bin/sh
# @roamhq/wrtc 0.10.0 (libwebrtc), werift 0.25.2, node-datachannel 0.33.4 (libdatachannel; npm),
# aiortc 1.16.0 (PyPI), pion/webrtc 4.2.26 (Go), GStreamer 1.22.0 webrtcbin (Debian 12)
#
# Offers of a data channel that are written in another way than libwebrtc writes its own, as
# gateways and small stacks do, and whether they are answered. All of them are proper:
#   session level  credentials, fingerprint and a=setup above the first m=, where RFC 8839
#                  (5.4), RFC 8122 (5) and RFC 4145 (4) allow them: webrtcbin misses a=setup
#   no group       a single section need not be in a BUNDLE group (RFC 9143 section 7). pion
#                  gives no error: its answer has port 0, and the channel never opens
#   no mid         by RFC 8829 its taker makes one up (5.10), and the answer has none (5.3.1)
#   ended audio    a section with port 0, as one who has stopped a transceiver writes it: its
#                  place is kept, all its attributes may be left out (RFC 3264 section 8.2)
# "adds" tells of an answer that has what the offer had not (5.3.1; RFC 9143 section 7.3).
# Whoever makes offers by hand writes all of it, and at media level.
#
# Seen on 1 December 2026:
#
#   @roamhq/wrtc: as usual taken, session level taken, no group taken, no mid taken and adds mid, ended audio taken
#   werift: as usual taken, session level taken, no group taken, no mid error, ended audio taken
#   node-datachannel: as usual taken, session level taken, no group taken and adds group, no mid taken and adds group and adds mid, ended audio taken
#   aiortc: as usual taken, session level taken, no group taken and adds group, no mid taken and adds group, ended audio error
#   pion: as usual taken, session level taken, no group rejected, no mid error, ended audio taken
#   webrtcbin: as usual taken, session level error, no group taken, no mid error, ended audio error
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

SESSION = ["v=0", "o=- 1 1 IN IP4 192.0.2.1", "s=-", "t=0 0"]
GROUP = ["a=group:BUNDLE 0"]
MID = ["a=mid:0"]
TRANSPORT = [
    "a=ice-ufrag:abcd",
    "a=ice-pwd:0123456789012345678901",
    "a=fingerprint:sha-256 " + ":".join(["11"] * 32),
]
SETUP = ["a=setup:actpass"]
ENDED_AUDIO = ["m=audio 0 UDP/TLS/RTP/SAVPF 0", "c=IN IP4 0.0.0.0", "a=mid:1", "a=inactive"]
DATA = [
    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
    "c=IN IP4 0.0.0.0",
    "a=sctp-port:5000",
]
OFFERS = {
    "as usual": SESSION + GROUP + DATA + MID + TRANSPORT + SETUP,
    "session level": SESSION + GROUP + TRANSPORT + SETUP + DATA + MID,
    "no group": SESSION + DATA + MID + TRANSPORT + SETUP,
    "no mid": SESSION + DATA + TRANSPORT + SETUP,
    "ended audio": SESSION + GROUP + ENDED_AUDIO + DATA + MID + TRANSPORT + SETUP,
}


def given(stack, lines):
    """What becomes of the offer's data channels."""
    with Peer(stack) as peer:
        sdp = "".join(f"{line}\r\n" for line in lines)
        said = peer.do("remote", type="offer", sdp=sdp)
        if "error" not in said:
            said = peer.do("answer")
        if "error" in said:
            return "error"
        sections = re.findall(r"^m=(\w+) (\d+)", said["sdp"], re.MULTILINE)
        if [kind for kind, _ in sections] != re.findall(r"m=(\w+)", sdp):
            return "other sections"
        words = ["rejected" if sections[-1][1] == "0" else "taken"]
        words += [f"adds {name}" for name in ("group", "mid")
                  if f"a={name}:" in said["sdp"] and f"a={name}:" not in sdp]
        return " and ".join(words)


for stack in COMMANDS:
    words = [f"{name} {given(stack, lines)}" for name, lines in OFFERS.items()]
    print(f"{stack}: {', '.join(words)}", flush=True)
END
cat >expected <<'END'
@roamhq/wrtc: as usual taken, session level taken, no group taken, no mid taken and adds mid, ended audio taken
werift: as usual taken, session level taken, no group taken, no mid error, ended audio taken
node-datachannel: as usual taken, session level taken, no group taken and adds group, no mid taken and adds group and adds mid, ended audio taken
aiortc: as usual taken, session level taken, no group taken and adds group, no mid taken and adds group, ended audio error
pion: as usual taken, session level taken, no group rejected, no mid error, ended audio taken
webrtcbin: as usual taken, session level error, no group taken, no mid error, ended audio error
END

sh install.sh
python3 main.py | tee seen
diff expected seen
