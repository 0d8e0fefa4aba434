#!/bin/sh
# @roamhq/wrtc 0.10.0 (libwebrtc), werift 0.25.2, node-datachannel 0.33.4 (libdatachannel; npm),
# aiortc 1.16.0 (PyPI), pion/webrtc 4.2.26 (Go), GStreamer 1.22.0 webrtcbin and coturn 4.6.1
# (Debian 12)
#
# What becomes of a relayed connection where the TURN server gives an allocation a shorter
# lifetime than the ten minutes that a client asks for, as coturn does with
# --max-allocate-lifetime, so that what clients leave behind is soon free. The answer has the
# time, and the client is to refresh before it is over (RFC 8656 sections 7.3 and 8).
# libdatachannel does not look at it and refreshes nine minutes after it has its path: the
# connection is up at once, all works for about the minute that was given, and then the relay
# is gone: nothing arrives any more, in either direction. The others go on.
# (coturn gives ten minutes all the same to a Refresh that asks for none, or for a minute or
# less.)
#
# Seen on 1 December 2026, of a lifetime of a minute, and messages there and back by the relay:
#
#   @roamhq/wrtc: at once works; after 100 s works
#   werift: at once works; after 100 s works
#   node-datachannel: at once works; after 100 s does not
#   aiortc: at once works; after 100 s works
#   pion: at once works; after 100 s works
#   webrtcbin: at once works; after 100 s works
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
import time
from concurrent.futures import ThreadPoolExecutor

from coturn import coturn
from path import Path, connect
from peers import COMMANDS, Peer


class Relayed(Path):
    """One on which the offerer is reached, and heard, by its relay alone."""

    def carry(self, index):
        while True:
            datagram, sender = self.sockets[index].recvfrom(65535)
            if self.real[index] and (index == 0 or sender == self.real[0]):
                self.sockets[1 - index].sendto(datagram, self.real[index])

    def through(self, index, sdp):
        if index == 0:
            hosts = r"a=candidate:.* typ (host|srflx).*\r\n"
            sdp = re.sub(hosts, "", sdp).replace("typ relay", "typ host")
        return super().through(index, sdp)


def works(near, far, size):
    for sender, receiver in ((near, far), (far, near)):
        sender.do("send", size=size)
        if not receiver.when(10, event="message", size=size):
            return "does not"
    return "works"


def run(stack):
    with coturn("--max-allocate-lifetime=60") as (server, _), \
            Peer(stack, [server]) as near, Peer("pion") as far:
        if not connect(near, far, Relayed()):
            return f"{stack}: never opens"
        at_once = works(near, far, 1)
        time.sleep(100)
        return f"{stack}: at once {at_once}; after 100 s {works(near, far, 2)}"


with ThreadPoolExecutor() as threads:
    for line in threads.map(run, COMMANDS):
        print(line, flush=True)
END
cat >expected <<'END'
@roamhq/wrtc: at once works; after 100 s works
werift: at once works; after 100 s works
node-datachannel: at once works; after 100 s does not
aiortc: at once works; after 100 s works
pion: at once works; after 100 s works
webrtcbin: at once works; after 100 s works
END

sh install.sh
python3 main.py | tee seen
diff expected seen
