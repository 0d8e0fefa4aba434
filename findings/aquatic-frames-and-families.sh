#!/bin/sh
# aquatic_ws 0.9.0 (crates.io), a WebTorrent tracker
#
# Three things that a client does not hear of: a message of more than 16 KiB in one
# frame ends the connection, without a close frame (websocket_max_frame_size, where
# a message may have 64 KiB: ten offers of a browser are about as much); a peer_id
# that it has from another connection gets no response and no error, so that who
# reconnects under its old id is as if it were not there until the old socket is
# known to be dead; and who comes by IPv4 and who comes by IPv6 are in two swarms of
# the same info_hash, so a client with both families and one with IPv4 alone never
# meet if the first prefers IPv6. bittorrent-tracker 11.2.3 does none of the three.
#
# Seen on 30 November 2026:
#   a frame of 16000 bytes: answered
#   a frame of 17000 bytes: closed, 1006
#   the same peer_id by another connection: nothing
#   one by IPv4, one by IPv6: each sees 1 peer
#
# Needs cargo, node 18 or later, npm, and some minutes to build it. Exits with 0 if
# that is still so, else with 1.
set -eu
folder=$(mktemp -d)
server=
trap 'kill $server 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
CARGO_TARGET_DIR=$folder/target cargo install --quiet --root "$folder" aquatic_ws@0.9.0
program=$folder/bin/aquatic_ws

"$program" -p | sed 's/^address = .*:3000"/address = "[::]:38787"/' >config.toml
cat >main.mjs <<'END'
import { WebSocket } from "ws";

const port = 38787;
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function open(host) {
    for (;;) {
        const socket = new WebSocket(`ws://${host}:${port}`);
        const heard = [];
        socket.on("message", (text) => heard.push(JSON.parse(text)));
        socket.on("close", (code) => heard.push(code));
        socket.on("error", () => {});
        if (await new Promise((resolve) => {
            socket.on("open", () => resolve(true));
            socket.on("close", () => resolve(false));
        })) return { socket, heard };
        await wait(100); // it is not up yet
    }
}

async function announce({ socket, heard }, swarm, peer, sdp) {
    const offers = sdp ? [{ offer: { type: "offer", sdp }, offer_id: "o".repeat(20) }] : [];
    socket.send(JSON.stringify({
        action: "announce", info_hash: swarm.repeat(20), peer_id: peer.repeat(20), left: 1,
        event: "started", numwant: offers.length, offers,
    }));
    await wait(500);
    return heard.at(-1);
}

const told = (last) => typeof last === "number" ? `closed, ${last}` : last ? "answered" : "nothing";

for (const size of [16000, 17000]) {
    const last = await announce(await open("127.0.0.1"), "a", String(size % 7), "x".repeat(size));
    console.log(`a frame of ${size} bytes: ${told(last)}`);
}
await announce(await open("127.0.0.1"), "b", "p");
const again = await announce(await open("127.0.0.1"), "b", "p");
console.log(`the same peer_id by another connection: ${told(again)}`);
await announce(await open("127.0.0.1"), "c", "q");
const last = await announce(await open("[::1]"), "c", "r");
console.log(`one by IPv4, one by IPv6: each sees ${last.complete + last.incomplete} peer`);
process.exit();
END
cat >expected <<'END'
a frame of 16000 bytes: answered
a frame of 17000 bytes: closed, 1006
the same peer_id by another connection: nothing
one by IPv4, one by IPv6: each sees 1 peer
END

npm install --no-audit --no-fund --silent ws@8.23.0
"$program" -c config.toml >/dev/null 2>&1 &
server=$!
node main.mjs | tee seen
diff expected seen
