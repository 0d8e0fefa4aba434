#!/bin/sh
# werift 0.25.2, node-datachannel 0.33.4 (libdatachannel), @roamhq/wrtc 0.10.0
# (libwebrtc) (npm), aiortc 1.16.0 (PyPI)
#
# Whom of three STUN and three TURN servers, all of them silent, a stack asks when
# it gathers candidates. In a browser, and so in libwebrtc, iceServers is a set: all
# are asked, whichever answers will do. aiortc and werift take the first one of
# each kind and never come to the rest, not even when it does not answer, so a
# list is no fallback there; libdatachannel draws one STUN server by lot, so the
# same list works in one run and not in the next, and takes two TURN servers.
# None of them says so to the caller. Whoever hands out a list puts what is up,
# and what is near, first, and one name with several addresses rather than several.
#
# Seen on 30 November 2026, who was asked in 15 s:
#   @roamhq/wrtc: stun 1 2 3, turn 1 2 3
#   werift: stun 1, turn 1
#   aiortc: stun 1, turn 1
#   node-datachannel: 1 of 3 stun, 2 of 3 turn
#
# Needs python3 with venv, node 20 or later and npm. Exits with 0 if that is still
# so, else with 1.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat >main.mjs <<'END'
import { spawn } from "node:child_process";
import dgram from "node:dgram";
import { once } from "node:events";
import wrtc from "@roamhq/wrtc";
import rtc from "node-datachannel";
import { RTCPeerConnection } from "werift";

// Three sockets a kind that answer nothing: [the entries for them, who was asked].
async function silentServers() {
    const servers = [];
    const asked = { stun: new Set(), turn: new Set() };
    for (const kind of ["stun", "turn"]) {
        for (const number of [1, 2, 3]) {
            const socket = dgram.createSocket("udp4");
            socket.bind(0, "127.0.0.1");
            await once(socket, "listening");
            socket.on("message", () => asked[kind].add(number));
            const urls = `${kind}:127.0.0.1:${socket.address().port}`;
            servers.push(kind === "stun" ? { urls } : { urls, username: "u", credential: "p" });
        }
    }
    return [servers, asked];
}

const kept = []; // what is collected does not ask any more
async function offer(connection) {
    kept.push(connection, connection.createDataChannel("x"));
    await connection.setLocalDescription(await connection.createOffer());
}
const stacks = {
    "@roamhq/wrtc": (iceServers) => offer(new wrtc.RTCPeerConnection({ iceServers })),
    werift: (iceServers) => offer(new RTCPeerConnection({ iceServers })),
    aiortc: (servers) => kept.push(spawn("venv/bin/python", ["offer.py", JSON.stringify(servers)])),
    "node-datachannel": (servers) => {
        const iceServers = servers.map(({ urls }) => urls.replace("turn:", "turn:u:p@"));
        const connection = new rtc.PeerConnection("x", { iceServers });
        kept.push(connection, connection.createDataChannel("x"));
    },
};
const runs = [];
for (const [name, start] of Object.entries(stacks)) {
    const [servers, asked] = await silentServers();
    runs.push([name, asked]);
    Promise.resolve(start(servers)).catch(() => {}); // that nobody answers is an error to some
}
const isFull = ([, { stun, turn }]) => stun.size > 0 && turn.size > 0;
while (!runs.every(isFull)) await new Promise((resolve) => setTimeout(resolve, 100));
await new Promise((resolve) => setTimeout(resolve, 15000));

for (const [name, asked] of runs) {
    const words = Object.entries(asked).map(([kind, numbers]) =>
        name === "node-datachannel"
            ? `${numbers.size} of 3 ${kind}`
            : `${kind} ${[...numbers].sort().join(" ")}`,
    );
    console.log(`${name}: ${words.join(", ")}`);
}
kept.find((each) => each.kill).kill();
process.exit();
END
cat >offer.py <<'END'
import asyncio
import json
import sys

from aiortc import RTCConfiguration, RTCIceServer, RTCPeerConnection


async def main():
    servers = [RTCIceServer(**server) for server in json.loads(sys.argv[1])]
    connection = RTCPeerConnection(RTCConfiguration(servers))
    connection.createDataChannel("x")
    await connection.setLocalDescription(await connection.createOffer())


asyncio.run(main())
END
cat >expected <<'END'
@roamhq/wrtc: stun 1 2 3, turn 1 2 3
werift: stun 1, turn 1
aiortc: stun 1, turn 1
node-datachannel: 1 of 3 stun, 2 of 3 turn
END

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check aiortc==1.16.0
npm install --no-audit --no-fund --silent werift@0.25.2 node-datachannel@0.33.4 \
    @roamhq/wrtc@0.10.0
node main.mjs | tee seen
diff expected seen
