#!/bin/sh
# @roamhq/wrtc 0.10.0 (libwebrtc), werift 0.25.2, node-datachannel 0.33.4 (its polyfill)
# (npm), aiortc 1.16.0 (PyPI)
#
# How one hears that a data channel is open. W3C's WebRTC (section 6.1, the algorithm
# behind createDataChannel) gives it out as "connecting", whatever the connection is,
# and fires "open" later. @roamhq/wrtc does so with the channels that are made
# before there is a connection. One that is made on a live connection is "open" as
# it comes, and has no open event at all, however early the handler is set: who
# waits for onopen, as all examples do, waits for ever, with the second channel
# and never with the first. What is sent on it arrives.
# So with a channel for each request look at readyState before waiting for "open".
#
# Seen on 30 November 2026, of the first channel and of five that are made later:
#   @roamhq/wrtc: first event, then 0 events (5 open as made), 5 messages arrive
#   werift: first event, then 5 events, 5 messages arrive
#   node-datachannel: first event, then 5 events, 5 messages arrive
#   aiortc: first event, then 5 events, 5 messages arrive
#
# Needs python3 with venv, node 20 or later and npm. Exits with 0 if that is still
# so, else with 1.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat >main.mjs <<'END'
import wrtc from "@roamhq/wrtc";
import polyfill from "node-datachannel/polyfill";
import * as werift from "werift";

const stacks = { "@roamhq/wrtc": wrtc, werift, "node-datachannel": polyfill };
const kept = []; // what is collected does not go on
const within = (promise, ms) => Promise.race([promise, new Promise((r) => setTimeout(r, ms, false))]);

async function run(name, { RTCPeerConnection }) {
    const [near, far] = [0, 1].map(() => new RTCPeerConnection({ iceServers: [] }));
    let arrived = 0;
    far.ondatachannel = ({ channel }) => {
        kept.push(channel);
        channel.onmessage = () => arrived++;
    };
    const pass = (from, to) => {
        from.onicecandidate = ({ candidate }) => {
            if (candidate?.candidate) to.addIceCandidate(candidate);
        };
    };
    pass(near, far);
    pass(far, near);
    const create = (label) => {
        const channel = near.createDataChannel(label);
        const opened = new Promise((resolve) => (channel.onopen = () => resolve(true)));
        return { channel, opened, isOpen: channel.readyState === "open" };
    };

    const first = create("first");
    kept.push(near, far, first);
    await near.setLocalDescription(await near.createOffer());
    await far.setRemoteDescription(near.localDescription);
    await far.setLocalDescription(await far.createAnswer());
    await near.setRemoteDescription(far.localDescription);
    const heard = await within(first.opened, 30000);

    let asMade = 0;
    let events = 0;
    for (let i = 0; i < 5; i++) {
        const later = create(String(i));
        kept.push(later);
        if (later.isOpen) asMade++;
        if (await within(later.opened, 3000)) events++;
        later.channel.send("x");
    }
    while (arrived < 5) await new Promise((resolve) => setTimeout(resolve, 10));
    const why = events === 0 ? ` (${asMade} open as made)` : "";
    const how = heard ? "event" : "no event";
    console.log(`${name}: first ${how}, then ${events} events${why}, ${arrived} messages arrive`);
}
for (const [name, stack] of Object.entries(stacks)) await run(name, stack);
process.exit();
END
cat >with_aiortc.py <<'END'
import asyncio

from aiortc import RTCConfiguration, RTCPeerConnection


async def main():
    near, far = (RTCPeerConnection(RTCConfiguration(iceServers=[])) for _ in range(2))
    arrived = asyncio.Queue()
    far.on("datachannel", lambda channel: channel.on("message", arrived.put_nowait))

    def create(label):
        channel = near.createDataChannel(label)
        opened = asyncio.Event()
        channel.on("open", opened.set)
        return channel, opened

    channel, opened = create("first")
    await near.setLocalDescription(await near.createOffer())
    await far.setRemoteDescription(near.localDescription)
    await far.setLocalDescription(await far.createAnswer())
    await near.setRemoteDescription(far.localDescription)
    await asyncio.wait_for(opened.wait(), 30)

    events = 0
    for number in range(5):
        channel, opened = create(str(number))
        await asyncio.wait_for(opened.wait(), 30)
        events += 1
        channel.send("x")
    messages = [await arrived.get() for _ in range(5)]
    print(f"aiortc: first event, then {events} events, {len(messages)} messages arrive")
    await asyncio.gather(near.close(), far.close())


asyncio.run(main())
END
cat >expected <<'END'
@roamhq/wrtc: first event, then 0 events (5 open as made), 5 messages arrive
werift: first event, then 5 events, 5 messages arrive
node-datachannel: first event, then 5 events, 5 messages arrive
aiortc: first event, then 5 events, 5 messages arrive
END

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check aiortc==1.16.0
npm install --no-audit --no-fund --silent @roamhq/wrtc@0.10.0 werift@0.25.2 \
    node-datachannel@0.33.4
{
    timeout 120 node main.mjs
    timeout 60 venv/bin/python with_aiortc.py
} | tee seen
diff expected seen
