#!/bin/sh
# @roamhq/wrtc 0.10.0 (libwebrtc), werift 0.25.2, node-datachannel 0.33.4 (libdatachannel; npm),
# aiortc 1.16.0 (PyPI), pion/webrtc 4.2.26 (Go)
#
# Which forms of a TURN server's URI a stack takes, and how it then asks that server. RFC 7065
# section 3.1 has "?transport=tcp", for networks that let no UDP out, and addresses of IPv6 in
# brackets; schemes are the same in capitals (RFC 3986 section 3.1). libdatachannel has TURN by
# UDP alone and drops an entry for TCP without an error: the server is never asked, gathering
# ends in good order, and who needs a relay does not connect. Its parser and aiortc's take an
# address in brackets for a wrong one, so one server with IPv6 in a list that others take ends
# the connection before it begins. aiortc and libwebrtc refuse "TURN:".
# So a list that is handed out has names rather than addresses, small letters, and a server by
# UDP beside that by TCP.
#
# Seen on 1 December 2026, of a server that answers nothing:
#
#   @roamhq/wrtc: turn:A:P by UDP, ?transport=tcp by TCP, turn:[A]:P by UDP, [A]?transport=tcp by TCP, TURN:A:P an error
#   werift: turn:A:P by UDP, ?transport=tcp by TCP, turn:[A]:P by UDP, [A]?transport=tcp by TCP, TURN:A:P by UDP
#   node-datachannel: turn:A:P by UDP, ?transport=tcp not at all, turn:[A]:P an error, [A]?transport=tcp an error, TURN:A:P by UDP
#   aiortc: turn:A:P by UDP, ?transport=tcp by TCP, turn:[A]:P an error, [A]?transport=tcp an error, TURN:A:P an error
#   pion: turn:A:P by UDP, ?transport=tcp by TCP, turn:[A]:P by UDP, [A]?transport=tcp by TCP, TURN:A:P by UDP
#
# Needs node 20 or later and npm, python3 with venv, go and its module proxy. Exits with 0 if
# that is still so, else with 1.
set -eu
peers=$(cd "$(dirname "$0")/peers" && pwd)
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
cp "$peers"/* .

cat >main.py <<'END'
import json
import queue
import selectors
import socket
import threading
import time

from peers import COMMANDS, Peer, own_address

FORMS = {
    "turn:A:P": "turn:{v4}:{port}",
    "?transport=tcp": "turn:{v4}:{port}?transport=tcp",
    "turn:[A]:P": "turn:[::1]:{port}",
    "[A]?transport=tcp": "turn:[::1]:{port}?transport=tcp",
    "TURN:A:P": "TURN:{v4}:{port}",
}


def asked(stack, form):
    """By which transport a client asks a server that answers by none."""
    v4 = own_address()
    where = "::1" if "[" in form else v4
    family = socket.AF_INET6 if "[" in form else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as udp, \
            socket.socket(family, socket.SOCK_STREAM) as tcp, \
            selectors.DefaultSelector() as ready:
        udp.bind((where, 0))
        port = udp.getsockname()[1]
        tcp.bind((where, port))
        tcp.listen()
        ready.register(udp, selectors.EVENT_READ, "by UDP")
        ready.register(tcp, selectors.EVENT_READ, "by TCP")
        server = {"urls": form.format(v4=v4, port=port), "username": "u", "credential": "p"}
        with Peer(stack, [server]) as peer:
            peer.process.stdin.write(json.dumps({"do": "offer"}) + "\n")
            peer.process.stdin.flush()
            until = time.monotonic() + 10
            while time.monotonic() < until:
                for key, _ in ready.select(0.1):
                    return key.data
                if peer.process.poll() is not None:
                    return "an error"
                try:
                    if "error" in peer.said.get_nowait():
                        return "an error"
                except queue.Empty:
                    pass
            return "not at all"


def run(stack):
    seen[stack] = [f"{name} {asked(stack, form)}" for name, form in FORMS.items()]


seen = {}
stacks = [stack for stack in COMMANDS if stack != "webrtcbin"]  # it has URLs of its own
runs = [threading.Thread(target=run, args=(stack,)) for stack in stacks]
for each in runs:
    each.start()
for each in runs:
    each.join()
for stack in stacks:
    print(f"{stack}: {', '.join(seen[stack])}")
END
cat >expected <<'END'
@roamhq/wrtc: turn:A:P by UDP, ?transport=tcp by TCP, turn:[A]:P by UDP, [A]?transport=tcp by TCP, TURN:A:P an error
werift: turn:A:P by UDP, ?transport=tcp by TCP, turn:[A]:P by UDP, [A]?transport=tcp by TCP, TURN:A:P by UDP
node-datachannel: turn:A:P by UDP, ?transport=tcp not at all, turn:[A]:P an error, [A]?transport=tcp an error, TURN:A:P by UDP
aiortc: turn:A:P by UDP, ?transport=tcp by TCP, turn:[A]:P an error, [A]?transport=tcp an error, TURN:A:P an error
pion: turn:A:P by UDP, ?transport=tcp by TCP, turn:[A]:P by UDP, [A]?transport=tcp by TCP, TURN:A:P by UDP
END

sh install.sh
python3 main.py | tee seen
diff expected seen
