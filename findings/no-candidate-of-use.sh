#!/bin/sh
# @roamhq/wrtc 0.10.0 (libwebrtc), werift 0.25.2, node-datachannel 0.33.4 (libdatachannel; npm),
# aiortc 1.16.0 (PyPI), pion/webrtc 4.2.26 (Go), GStreamer 1.22.0 webrtcbin (Debian 12)
#
# What an answerer makes of an offer with no candidate that it can send to: none at all, or, as
# browsers write it, names of mDNS that only the same network knows, or TCP. If the answerer can
# be reached, as a server can, the offerer's own checks are enough: they bring a peer-reflexive
# candidate (RFC 8445 section 7.3.1.3), and RFC 8863 has an agent that has no pair to check
# wait for that, 39.5 s. aiortc and werift do, but not where the offer ends with
# a=end-of-candidates (RFC 8840), as Firefox's does: they fail at once, and answer
# none of the checks that come. So one server takes one browser and not the other, and takes
# both as soon as there is one candidate more, even one that does not work.
# So with these on a server that line is taken out of offers.
#
# Seen on 1 December 2026, of a channel of an offerer that can reach the answerer:
#
#   @roamhq/wrtc: none opens; none, and end opens; a name opens; a name, and end opens; TCP, and end opens
#   werift: none opens; none, and end never opens; a name opens; a name, and end never opens; TCP, and end never opens
#   node-datachannel: none opens; none, and end opens; a name opens; a name, and end opens; TCP, and end opens
#   aiortc: none opens; none, and end never opens; a name opens; a name, and end never opens; TCP, and end never opens
#   pion: none opens; none, and end opens; a name opens; a name, and end opens; TCP, and end opens
#   webrtcbin: none opens; none, and end opens; a name opens; a name, and end opens; TCP, and end opens
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
from concurrent.futures import ThreadPoolExecutor

from peers import COMMANDS, Peer

NAME = "1f4712db-ea17-4bcf-a596-105139dfd8bf.local"  # nobody has it
HIDDEN = f"a=candidate:1 1 udp 2113937151 {NAME} 50000 typ host\r\n"
BY_TCP = "a=candidate:1 1 tcp 1518280447 192.0.2.7 9 typ host tcptype active\r\n"
LAST = "a=end-of-candidates\r\n"
OFFERS = {"none": "", "none, and end": LAST, "a name": HIDDEN, "a name, and end": HIDDEN + LAST,
          "TCP, and end": BY_TCP + LAST}


def answered(stack, candidates):
    with Peer("pion") as offerer, Peer(stack) as answerer:
        offer = offerer.do("offer")["sdp"]
        offer = re.sub(r"a=(candidate:|end-of-candidates).*\r\n", "", offer) + candidates
        answerer.do("remote", type="offer", sdp=offer)
        offerer.do("remote", type="answer", sdp=answerer.do("answer")["sdp"])
        is_open = offerer.when(15, event="open") and answerer.when(15, event="open")
        return "opens" if is_open else "never opens"


def run(stack):
    words = [f"{name} {answered(stack, candidates)}" for name, candidates in OFFERS.items()]
    return f"{stack}: {'; '.join(words)}"


with ThreadPoolExecutor() as threads:
    for line in threads.map(run, COMMANDS):
        print(line, flush=True)
END
cat >expected <<'END'
@roamhq/wrtc: none opens; none, and end opens; a name opens; a name, and end opens; TCP, and end opens
werift: none opens; none, and end never opens; a name opens; a name, and end never opens; TCP, and end never opens
node-datachannel: none opens; none, and end opens; a name opens; a name, and end opens; TCP, and end opens
aiortc: none opens; none, and end never opens; a name opens; a name, and end never opens; TCP, and end never opens
pion: none opens; none, and end opens; a name opens; a name, and end opens; TCP, and end opens
webrtcbin: none opens; none, and end opens; a name opens; a name, and end opens; TCP, and end opens
END

sh install.sh
python3 main.py | tee seen
diff expected seen
