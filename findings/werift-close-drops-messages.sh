#!/bin/sh
# werift 0.25.2, node-datachannel 0.33.4 (npm; libdatachannel), aiortc 1.16.0 (PyPI)
#
# What becomes of messages that were sent on a reliable channel before it is closed.
# W3C's WebRTC (section 6.2, the closing procedure) and RFC 8831 section 6.7 let
# what was sent go out first, and only then reset the stream. libdatachannel and
# aiortc do so. werift resets it at once and drops what is still on its way: with
# a megabyte just sent, nearly all of it. To wait for bufferedAmount to fall to 0
# does not help, since it counts what was not sent, and not what was not
# acknowledged. The receiver sees a channel that closed in good order.
# Whoever talks to werift closes a channel only after the other side has answered.
#
# Seen on 30 November 2026, of 100 messages of 10,000 bytes, how many arrive:
#   werift, not closed: all
#   werift, closed at once: not all, closed on the other side
#   werift, closed when bufferedAmount is 0: not all, closed on the other side
#   node-datachannel, closed at once: all, closed on the other side
#   aiortc, closed at once: all, closed on the other side
#
# Needs python3 with venv, node 18 or later and npm. Exits with 0 if that is still
# so, else with 1.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat >werift.mjs <<'END'
import { RTCPeerConnection } from "werift";

const messages = 100;
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// How often of three times all messages arrive: how much is lost is chance.
async function run(name, end) {
    let whole = 0;
    let closed = 0;
    for (let round = 0; round < 3; round++) {
        const [near, far] = [0, 1].map(() => new RTCPeerConnection({ iceServers: [] }));
        let arrived = 0;
        let closedBy = "";
        const over = new Promise((resolve) =>
            far.onDataChannel.subscribe((channel) => {
                channel.onMessage.subscribe(() => ++arrived === messages && resolve());
                channel.stateChanged.subscribe((state) => {
                    if (state !== "closed" || closedBy) return;
                    closedBy = "the sender";
                    resolve();
                });
            }),
        );
        near.onIceCandidate.subscribe((candidate) => candidate && far.addIceCandidate(candidate));
        far.onIceCandidate.subscribe((candidate) => candidate && near.addIceCandidate(candidate));
        const channel = near.createDataChannel("x");
        const open = new Promise((resolve) =>
            channel.stateChanged.subscribe((state) => state === "open" && resolve()),
        );
        await near.setLocalDescription(await near.createOffer());
        await far.setRemoteDescription(near.localDescription);
        await far.setLocalDescription(await far.createAnswer());
        await near.setRemoteDescription(far.localDescription);
        await open;
        for (let i = 0; i < messages; i++) channel.send(Buffer.alloc(10000));
        await end(channel);
        await over;
        if (arrived === messages) whole++;
        if (closedBy) closed++;
        closedBy ||= "us";
        await Promise.all([near.close(), far.close()]);
    }
    const amount = whole === 3 ? "all" : "not all";
    console.log(`werift, ${name}: ${amount}${closed ? ", closed on the other side" : ""}`);
}
await run("not closed", () => {});
await run("closed at once", (channel) => channel.close());
await run("closed when bufferedAmount is 0", async (channel) => {
    while (channel.bufferedAmount > 0) await pause(1);
    channel.close();
});
process.exit();
END
cat >libdatachannel.mjs <<'END'
import { PeerConnection } from "node-datachannel";

const [near, far] = ["near", "far"].map((name) => new PeerConnection(name, { iceServers: [] }));
for (const [from, to] of [[near, far], [far, near]]) {
    from.onLocalDescription((sdp, type) => to.setRemoteDescription(sdp, type));
    from.onLocalCandidate((candidate, mid) => to.addRemoteCandidate(candidate, mid));
}
let arrived = 0;
let theirs;
const closed = new Promise((resolve) =>
    far.onDataChannel((channel) => {
        theirs = channel;
        theirs.onMessage(() => arrived++);
        theirs.onClosed(resolve);
    }),
);
const channel = near.createDataChannel("x");
await new Promise((resolve) => channel.onOpen(resolve));
for (let i = 0; i < 100; i++) channel.sendMessageBinary(Buffer.alloc(10000));
channel.close();
await closed;
const amount = arrived === 100 ? "all" : "not all";
console.log(`node-datachannel, closed at once: ${amount}, closed on the other side`);
process.exit();
END
cat >with_aiortc.py <<'END'
import asyncio

from aiortc import RTCConfiguration, RTCPeerConnection


async def main():
    near, far = (RTCPeerConnection(RTCConfiguration(iceServers=[])) for _ in range(2))
    arrived = []
    opened, closed = asyncio.Event(), asyncio.Event()

    @far.on("datachannel")
    def on_channel(theirs):
        theirs.on("message", arrived.append)
        theirs.on("close", closed.set)

    channel = near.createDataChannel("x")
    channel.on("open", opened.set)
    await near.setLocalDescription(await near.createOffer())
    await far.setRemoteDescription(near.localDescription)
    await far.setLocalDescription(await far.createAnswer())
    await near.setRemoteDescription(far.localDescription)
    await opened.wait()
    for _ in range(100):
        channel.send(bytes(10000))
    channel.close()
    await closed.wait()
    amount = "all" if len(arrived) == 100 else "not all"
    print(f"aiortc, closed at once: {amount}, closed on the other side")
    await asyncio.gather(near.close(), far.close())


asyncio.run(main())
END
cat >expected <<'END'
werift, not closed: all
werift, closed at once: not all, closed on the other side
werift, closed when bufferedAmount is 0: not all, closed on the other side
node-datachannel, closed at once: all, closed on the other side
aiortc, closed at once: all, closed on the other side
END

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check aiortc==1.16.0
npm install --no-audit --no-fund --silent werift@0.25.2 node-datachannel@0.33.4
{
    timeout 120 node werift.mjs
    timeout 60 node libdatachannel.mjs
    timeout 60 venv/bin/python with_aiortc.py
} | tee seen
diff expected seen
