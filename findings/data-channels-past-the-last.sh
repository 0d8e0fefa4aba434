#!/bin/sh
# werift 0.25.2, node-datachannel 0.33.4 (libdatachannel), @roamhq/wrtc 0.10.0
# (libwebrtc) (npm), aiortc 1.16.0 (PyPI)
#
# How many data channels one side can have open at once, to a peer that is
# libdatachannel, and how it hears that there are no more. RFC 8831 section 6.2 has
# each end ask for 65535 streams; libdatachannel and libwebrtc take 1024, of which
# each side may use every other one, so 512 are all. Both throw at the 513th. aiortc
# and werift number their channels on, past what the peer's INIT ACK left (RFC 9260
# section 5.1.1), although aiortc shows that, 1024, as maxChannels: their 513th channel
# stays "connecting", without an error and without a close, and what waits for it
# waits for ever, while all others go on.
# So who makes a channel for each request counts them, or puts a time limit to "open".
#
# Seen on 30 November 2026, of 600 that are tried, and a message there and back on the first one:
#   node-datachannel: 512 open, then Error, the first one lives
#   @roamhq/wrtc: 512 open, then InvalidStateError, the first one lives
#   werift: 512 open, then connecting for 5 s, the first one lives
#   aiortc: 512 open, then connecting for 5 s, the first one lives
#
# Needs python3 with venv, node 20 or later and npm. Exits with 0 if that is still
# so, else with 1.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat >main.mjs <<'END'
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import wrtc from "@roamhq/wrtc";
import rtc from "node-datachannel";
import polyfill from "node-datachannel/polyfill";
import * as werift from "werift";

const kept = []; // what is collected does not go on
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// Answers an offer; all messages go back to where they came from.
async function answer(sdp) {
    const far = new rtc.PeerConnection("far", { iceServers: [] });
    kept.push(far);
    far.onDataChannel((channel) => {
        kept.push(channel);
        channel.onMessage((message) => channel.sendMessage(message));
    });
    far.setRemoteDescription(sdp, "offer");
    while (far.gatheringState() !== "complete") await pause(20);
    return far.localDescription();
}

async function opened(channel) {
    for (let i = 0; i < 500 && channel.readyState === "connecting"; i++) await pause(10);
    if (channel.readyState === "open") return "";
    return channel.readyState + (channel.readyState === "connecting" ? " for 5 s" : "");
}

async function run(name, { RTCPeerConnection }) {
    const near = new RTCPeerConnection({ iceServers: [] });
    const first = near.createDataChannel("0");
    await near.setLocalDescription(await near.createOffer());
    while (near.iceGatheringState !== "complete") await pause(20);
    await near.setRemoteDescription(await answer(near.localDescription.sdp));
    kept.push(near, first);
    while (first.readyState !== "open") await pause(20);

    let last = "";
    let count = 1;
    while (count < 600 && last === "") {
        try {
            const channel = near.createDataChannel(String(count));
            kept.push(channel);
            last = await opened(channel);
        } catch (error) {
            last = error.name;
        }
        if (last === "") count++;
    }
    const sign = new Promise((resolve) => (first.onmessage = resolve));
    first.send("x");
    await sign;
    console.log(`${name}: ${count} open, then ${last}, the first one lives`);
}
const stacks = { "node-datachannel": polyfill, "@roamhq/wrtc": wrtc, werift };
for (const [name, stack] of Object.entries(stacks)) await run(name, stack);

const child = spawn("venv/bin/python", ["with_aiortc.py"], { stdio: ["pipe", "pipe", "inherit"] });
const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
const offer = JSON.parse((await lines.next()).value);
child.stdin.end(JSON.stringify(await answer(offer.sdp)));
console.log((await lines.next()).value);
process.exit();
END
cat >with_aiortc.py <<'END'
import asyncio
import json
import sys

from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription


async def opened(channel):
    event = asyncio.Event()
    channel.on("open", event.set)
    channel.on("close", event.set)
    try:
        await asyncio.wait_for(event.wait(), 5)
    except asyncio.TimeoutError:
        return f"{channel.readyState} for 5 s"
    return "" if channel.readyState == "open" else channel.readyState


async def main():
    near = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    first = near.createDataChannel("0")
    await near.setLocalDescription(await near.createOffer())
    print(json.dumps({"sdp": near.localDescription.sdp}), flush=True)
    answer = json.loads(await asyncio.to_thread(sys.stdin.read))
    await near.setRemoteDescription(RTCSessionDescription(answer["sdp"], answer["type"]))
    await opened(first)

    last = ""
    count = 1
    while count < 600 and last == "":
        try:
            last = await opened(near.createDataChannel(str(count)))
        except Exception as error:
            last = type(error).__name__
        count += last == ""
    sign = asyncio.Event()
    first.on("message", lambda _: sign.set())
    first.send("x")
    await sign.wait()
    print(f"aiortc: {count} open, then {last}, the first one lives", flush=True)
    await near.close()


asyncio.run(main())
END
cat >expected <<'END'
node-datachannel: 512 open, then Error, the first one lives
@roamhq/wrtc: 512 open, then InvalidStateError, the first one lives
werift: 512 open, then connecting for 5 s, the first one lives
aiortc: 512 open, then connecting for 5 s, the first one lives
END

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check aiortc==1.16.0
npm install --no-audit --no-fund --silent werift@0.25.2 node-datachannel@0.33.4 \
    @roamhq/wrtc@0.10.0
timeout 300 node main.mjs | tee seen
diff expected seen
