#!/bin/sh
# node-datachannel 0.33.4 (npm; libdatachannel)
#
# What bufferedAmount() and bytesSent() tell of a channel whose path has died:
# nothing is buffered and all was sent, until about a megabyte is in the queue.
# Both look at what SCTP took into its own send buffer (1 MiB by default), not at
# what left or was acknowledged. A sender that keeps its queue short by
# bufferedAmount(), so that what is urgent need not wait, keeps a megabyte ahead of
# it all the same; one that takes 0 for "it is out" is wrong.
# (In W3C's WebRTC, bufferedAmount counts what was not yet handed to the network.)
#
# Seen on 29 November 2026, over a relay that passes nothing on any more:
#   900000 queued in 15 messages, every send true: buffered 0, sent 900000
#   after 2 s: buffered 0, arrived 0
#
# Needs node 18 or later and npm. Exits with 0 if that is still so, else with 1.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat >main.mjs <<'END'
import dgram from "node:dgram";
import { once } from "node:events";
import rtc from "node-datachannel";

let passesOn = true;

// A socket that stands for one peer: what comes is passed on to it from the
// socket that stands for the other one.
async function standIn() {
    const socket = dgram.createSocket("udp4");
    socket.bind(0, "127.0.0.1");
    await once(socket, "listening");
    return { socket, port: socket.address().port, real: undefined };
}

const standIns = [await standIn(), await standIn()];
standIns.forEach((at, index) => {
    at.socket.on("message", (bytes) => {
        if (passesOn && at.real) standIns[1 - index].socket.send(bytes, at.real, "127.0.0.1");
    });
});

const config = { iceServers: [], bindAddress: "127.0.0.1" };
const peers = [new rtc.PeerConnection("a", config), new rtc.PeerConnection("b", config)];
peers.forEach((peer, index) => {
    const other = peers[1 - index];
    peer.onLocalDescription((sdp, type) => other.setRemoteDescription(sdp, type));
    peer.onLocalCandidate((candidate, mid) => {
        const words = candidate.split(" ");
        standIns[index].real = Number(words[5]);
        words[5] = standIns[index].port;
        other.addRemoteCandidate(words.join(" "), mid);
    });
});

let arrived = 0;
peers[1].onDataChannel((channel) => channel.onMessage((message) => (arrived += message.length)));
const channel = peers[0].createDataChannel("x");
await new Promise((resolve) => channel.onOpen(resolve));
passesOn = false;

let allTaken = true;
for (let i = 0; i < 15; i++) allTaken &&= channel.sendMessageBinary(Buffer.alloc(60000));
console.log(`every send ${allTaken}: buffered ${channel.bufferedAmount()}, sent ${peers[0].bytesSent()}`);
await new Promise((resolve) => setTimeout(resolve, 2000));
console.log(`after 2 s: buffered ${channel.bufferedAmount()}, arrived ${arrived}`);
process.exit();
END
cat >expected <<'END'
every send true: buffered 0, sent 900000
after 2 s: buffered 0, arrived 0
END

npm install --no-audit --no-fund --silent node-datachannel@0.33.4
node main.mjs | tee seen
diff expected seen
