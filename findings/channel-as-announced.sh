#!/bin/sh
# @roamhq/wrtc 0.10.0 (libwebrtc), werift 0.25.2, node-datachannel 0.33.4 (libdatachannel; npm),
# aiortc 1.16.0 (PyPI), pion/webrtc 4.2.26 (Go), GStreamer 1.22.0 webrtcbin (Debian 12)
#
# How a channel comes to the other end of it, which goes by the type that its opener announces
# (RFC 8832 section 5.1): that end uses it in the same way, as both have one channel. werift
# announces each one that is unordered and not reliable as ordered: its own end is unordered,
# the other one is not, and answers wait for what was lost before them, which nobody asked for.
# node-datachannel gives out each channel of the peer's as ordered and reliable, by its W3C
# interface, whatever it is.
#
# Seen on 1 December 2026, of channels between each stack and pion:
#
#   from @roamhq/wrtc: all well
#   from werift: unordered retransmits 3 as ordered retransmits 3, unordered lifetime 300 as ordered lifetime 300
#   from node-datachannel: all well
#   from aiortc: all well
#   from pion: all well
#   from webrtcbin: all well
#   to @roamhq/wrtc: all well
#   to werift: all well
#   to node-datachannel: unordered as ordered, unordered retransmits 3 as ordered, unordered lifetime 300 as ordered, ordered retransmits 3 as ordered, ordered lifetime 300 as ordered
#   to aiortc: all well
#   to pion: all well
#   to webrtcbin: all well
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

OPTIONS = [
    {"ordered": False},
    {"ordered": False, "maxRetransmits": 3},
    {"ordered": False, "maxPacketLifeTime": 300},
    {"ordered": True, "maxRetransmits": 3},
    {"ordered": True, "maxPacketLifeTime": 300},
]


def words(options):
    """What a channel is like, by W3C's names; what is not set has several values."""
    given = ["ordered" if options["ordered"] else "unordered"]
    for name, short in ("maxRetransmits", "retransmits"), ("maxPacketLifeTime", "lifetime"):
        if options.get(name) not in (None, -1, 65535):
            given.append(f"{short} {options[name]}")
    return " ".join(given)


def heard(opener, other, options):
    """How a channel comes to the other end."""
    with Peer(opener) as offerer, Peer(other) as answerer:
        answerer.do("remote", type="offer", sdp=offerer.do("offer", options=options)["sdp"])
        offerer.do("remote", type="answer", sdp=answerer.do("answer")["sdp"])
        if not answerer.when(20, event="open"):
            return "never"
        return words(answerer.do("properties"))


def compare(opener, other):
    """The channels that come in another way than they were opened."""
    came = [(words(options), heard(opener, other, options)) for options in OPTIONS]
    return ", ".join(f"{opened} as {as_}" for opened, as_ in came if opened != as_) or "all well"


for stack in COMMANDS:
    print(f"from {stack}: {compare(stack, 'pion')}", flush=True)
for stack in COMMANDS:
    print(f"to {stack}: {compare('pion', stack)}", flush=True)
END
cat >expected <<'END'
from @roamhq/wrtc: all well
from werift: unordered retransmits 3 as ordered retransmits 3, unordered lifetime 300 as ordered lifetime 300
from node-datachannel: all well
from aiortc: all well
from pion: all well
from webrtcbin: all well
to @roamhq/wrtc: all well
to werift: all well
to node-datachannel: unordered as ordered, unordered retransmits 3 as ordered, unordered lifetime 300 as ordered, ordered retransmits 3 as ordered, ordered lifetime 300 as ordered
to aiortc: all well
to pion: all well
to webrtcbin: all well
END

sh install.sh
python3 main.py | tee seen
diff expected seen
