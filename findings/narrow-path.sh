#!/bin/sh
# @roamhq/wrtc 0.10.0 (libwebrtc), werift 0.25.2, node-datachannel 0.33.4 (libdatachannel; npm),
# aiortc 1.16.0 (PyPI), pion/webrtc 4.2.26 (Go), GStreamer 1.22.0 webrtcbin (Debian 12)
#
# The datagrams that data channels send, on a path that carries IP packets of 1280 bytes (UDP
# payloads of 1232 by IPv6, the least that it must carry), and of 1200 (payloads of 1172 by
# IPv4), and tells nobody that it drops larger ones. RFC 8831 section 5: the path MTU to begin
# with should not exceed 1280 and 1200, and SCTP must find it out by probes, without ICMP. None
# of them probes, all begin with more than 1200 by IPv4, webrtcbin with more than 1280 by
# IPv6, and none tries a smaller packet in half a minute: the handshakes fit, the channel
# opens, small messages arrive, and the first large one does not. ICE's checks are small, so
# the connection stays "connected". A tunnel in a tunnel, or a TURN server behind one, is as
# narrow as that.
#
# Seen on 1 December 2026, by what the path carries, messages of 1000 and 10000 bytes, the
# largest datagram, and the connection's state behind that:
#
#   @roamhq/wrtc, 1232: opens, 1000 arrive, 10000 arrive, largest 1225, connected
#   @roamhq/wrtc, 1172: opens, 1000 arrive, 10000 never arrive, largest 1225, connected
#   werift, 1232: opens, 1000 arrive, 10000 arrive, largest 1225, connected
#   werift, 1172: opens, 1000 arrive, 10000 never arrive, largest 1225, connected
#   node-datachannel, 1232: opens, 1000 arrive, 10000 arrive, largest 1221, connected
#   node-datachannel, 1172: opens, 1000 arrive, 10000 never arrive, largest 1221, connected
#   aiortc, 1232: opens, 1000 arrive, 10000 arrive, largest 1225, connected
#   aiortc, 1172: opens, 1000 arrive, 10000 never arrive, largest 1225, connected
#   pion, 1232: opens, 1000 arrive, 10000 arrive, largest 1225, connected
#   pion, 1172: opens, 1000 arrive, 10000 never arrive, largest 1225, connected
#   webrtcbin, 1232: opens, 1000 arrive, 10000 never arrive, largest 1249, connected
#   webrtcbin, 1172: opens, 1000 arrive, 10000 never arrive, largest 1249, connected
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
import threading

from path import Path, connect
from peers import COMMANDS, Peer


def word(sender, receiver, size):
    sender.do("send", size=size)
    arrives = receiver.when(30, event="message", size=size)
    return f"{size} {'arrive' if arrives else 'never arrive'}"


def run(stack, limit):
    path = Path()
    with Peer(stack) as sender, Peer(stack) as receiver:
        path.limit = limit
        if not connect(sender, receiver, path):
            return "never opens"
        words = [word(sender, receiver, size) for size in (1000, 10000)]
        words += [f"largest {path.largest}", sender.do("state")["connection"]]
        return f"opens, {', '.join(words)}"


def keep(stack, words):
    words[stack] = [f"{stack}, {limit}: {run(stack, limit)}" for limit in (1232, 1172)]


words = {}
runs = [threading.Thread(target=keep, args=(stack, words)) for stack in COMMANDS]
for each in runs:
    each.start()
for each in runs:
    each.join()
for stack in COMMANDS:
    print("\n".join(words[stack]))
END
cat >expected <<'END'
@roamhq/wrtc, 1232: opens, 1000 arrive, 10000 arrive, largest 1225, connected
@roamhq/wrtc, 1172: opens, 1000 arrive, 10000 never arrive, largest 1225, connected
werift, 1232: opens, 1000 arrive, 10000 arrive, largest 1225, connected
werift, 1172: opens, 1000 arrive, 10000 never arrive, largest 1225, connected
node-datachannel, 1232: opens, 1000 arrive, 10000 arrive, largest 1221, connected
node-datachannel, 1172: opens, 1000 arrive, 10000 never arrive, largest 1221, connected
aiortc, 1232: opens, 1000 arrive, 10000 arrive, largest 1225, connected
aiortc, 1172: opens, 1000 arrive, 10000 never arrive, largest 1225, connected
pion, 1232: opens, 1000 arrive, 10000 arrive, largest 1225, connected
pion, 1172: opens, 1000 arrive, 10000 never arrive, largest 1225, connected
webrtcbin, 1232: opens, 1000 arrive, 10000 never arrive, largest 1249, connected
webrtcbin, 1172: opens, 1000 arrive, 10000 never arrive, largest 1249, connected
END

sh install.sh
python3 main.py | tee seen
diff expected seen
