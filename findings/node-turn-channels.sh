#!/bin/sh
# node-turn 0.0.6 (npm), coturn 4.6.1 (Debian 12); werift 0.25.2, node-datachannel 0.33.4
# (libdatachannel; npm), aiortc 1.16.0 (PyPI), GStreamer 1.22.0 webrtcbin (Debian 12)
#
# Who connects through node-turn, the TURN server of npm, which tests and small services run in
# their own process. Each of these stacks is given a relay by it. But with long-term credentials
# (its authMech) its answers to ChannelBind have no MESSAGE-INTEGRITY, as those to Allocate,
# Refresh and CreatePermission have; RFC 8489 section 9.2.4 has the server put it into each, and
# section 9.2.5 has a client drop what comes without. These four do so, and ask for their
# channel again and again. So a look at the candidates finds nothing, there is no connection, and
# no error. By coturn all connect.
#
# Seen on 1 December 2026, of an offerer that has its relay alone, to an answerer in pion:
#
#   werift: coturn opens, node-turn never opens
#   node-datachannel: coturn opens, node-turn never opens
#   aiortc: coturn opens, node-turn never opens
#   webrtcbin: coturn opens, node-turn never opens
#
# Needs node 20 or later and npm, python3 with venv, go and its module proxy; of Debian GStreamer
# (the packages that peers/install.sh names) and coturn. Exits with 0 if that is still so, else with 1.
set -eu
peers=$(cd "$(dirname "$0")/peers" && pwd)
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
cp "$peers"/* .

cat >server.cjs <<'END'
const dgram = require("node:dgram");
const Turn = require("node-turn");

const address = process.argv[2];
const probe = dgram.createSocket("udp4");
probe.bind(0, address, () => {
    const { port } = probe.address();
    probe.close(() => {
        const server = new Turn({
            authMech: "long-term",
            credentials: { u: "p" },
            listeningIps: [address],
            relayIps: [address],
            listeningPort: port,
        });
        server.start();
        console.log(port);
    });
});
END
cat >main.py <<'END'
import contextlib
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor

from coturn import coturn
from path import Path, connect
from peers import Peer, own_address

STACKS = "werift", "node-datachannel", "aiortc", "webrtcbin"


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


@contextlib.contextmanager
def node_turn():
    command = ["node", "server.cjs", own_address()]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            port = process.stdout.readline().strip()
            yield {"urls": f"turn:{own_address()}:{port}", "username": "u", "credential": "p"}, None
        finally:
            process.kill()


def relayed(stack, server_of):
    with server_of() as (server, _), Peer(stack, [server]) as near, Peer("pion") as far:
        try:
            return "opens" if connect(near, far, Relayed()) else "never opens"
        except IndexError:
            return "has no relay"


def run(stack):
    return f"{stack}: coturn {relayed(stack, coturn)}, node-turn {relayed(stack, node_turn)}"


with ThreadPoolExecutor(3) as threads:
    for line in threads.map(run, STACKS):
        print(line, flush=True)
END
cat >expected <<'END'
werift: coturn opens, node-turn never opens
node-datachannel: coturn opens, node-turn never opens
aiortc: coturn opens, node-turn never opens
webrtcbin: coturn opens, node-turn never opens
END

sh install.sh
npm install --no-audit --no-fund --silent node-turn@0.0.6
python3 main.py | tee seen
diff expected seen
