#!/bin/sh
# @roamhq/wrtc 0.10.0 (libwebrtc), werift 0.25.2, node-datachannel 0.33.4 (libdatachannel; npm),
# aiortc 1.16.0 (PyPI), pion/webrtc 4.2.26 (Go), GStreamer 1.22.0 webrtcbin and coturn 4.6.1
# (Debian 12)
#
# Whether a TURN client goes where it is sent. A server that is one of many answers an Allocate
# by 300 (Try Alternate) with the address of another (RFC 8489 section 10, RFC 8656 section
# 7.4), as coturn does by --alternate-server and --udp-self-balance, so that one name serves a
# pool. Three of these follow; werift, aiortc and pion take it for a refusal: gathering ends
# without a relay and without an error, and who needs one does not connect. So such a pool is
# not for them: they are given the address of the server that has room.
#
# Seen on 1 December 2026, of a server that has room, and of one that sends to it:
#
#   @roamhq/wrtc: asking the second has a relay, asking the first has a relay
#   werift: asking the second has a relay, asking the first has none
#   node-datachannel: asking the second has a relay, asking the first has a relay
#   aiortc: asking the second has a relay, asking the first has none
#   pion: asking the second has a relay, asking the first has none
#   webrtcbin: asking the second has a relay, asking the first has a relay
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
import re

from coturn import coturn
from peers import COMMANDS, Peer


def relays(stack, server):
    with Peer(stack, [server]) as peer:
        offer = peer.do("offer")["sdp"]
        return "has a relay" if re.search(r"a=candidate:.* typ relay", offer) else "has none"


for stack in COMMANDS:
    with coturn() as (second, _):
        to_it = "--alternate-server=" + second["urls"].removeprefix("turn:")
        with coturn(to_it) as (first, _):
            words = relays(stack, second), relays(stack, first)
    print(f"{stack}: asking the second {words[0]}, asking the first {words[1]}", flush=True)
END
cat >expected <<'END'
@roamhq/wrtc: asking the second has a relay, asking the first has a relay
werift: asking the second has a relay, asking the first has none
node-datachannel: asking the second has a relay, asking the first has a relay
aiortc: asking the second has a relay, asking the first has none
pion: asking the second has a relay, asking the first has none
webrtcbin: asking the second has a relay, asking the first has a relay
END

sh install.sh
python3 main.py | tee seen
diff expected seen
