#!/bin/sh
# werift 0.25.2, node-datachannel 0.33.4 (libdatachannel), @roamhq/wrtc 0.10.0
# (libwebrtc) (npm), aiortc 1.16.0 (PyPI)
#
# What becomes of an empty message, as one sends to keep a channel alive. SCTP has
# none, so RFC 8831 section 6.6 sends a byte under a number of its own (PPID 56 and 57).
# werift receives that, but does not send it: an empty message makes no chunk,
# and has its number in the stream all the same. The peer waits for that number,
# and hands out nothing more of this channel, for good: send() throws nothing,
# the channel stays open, bufferedAmount is 0, and other channels go on. An
# unordered channel loses the empty message alone.
#
# Seen on 1 December 2026, of the messages "a", "", "b" (those with a colon were sent
# on another channel after that):
#   werift, ordered: "a" :"c"
#   werift, unordered: "a" "b" :"c"
#   node-datachannel: "a" "" "b" :"c"
#   @roamhq/wrtc: "a" "" "b" :"c"
#   node-datachannel to werift: "a" "" "b" :"c"
#   aiortc: "a" "" "b" :"c"
#
# Needs python3 with venv, node 20 or later and npm. Exits with 0 if that is still
# so, else with 1.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

# The last message comes behind all others, on the other channel: what is not there
# a second later does not come.
cat >main.mjs <<'END'
import wrtc from "@roamhq/wrtc";
import { PeerConnection } from "node-datachannel";
import { RTCPeerConnection } from "werift";

const names = ["one", "two"];
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// A stack makes a peer of: open(offered), which gives two functions that send, and
// listen(heard), which is told of each message and its channel's name.
const stacks = {
    werift: () => {
        const peer = new RTCPeerConnection({ iceServers: [] });
        return {
            peer,
            listen: (heard) =>
                peer.onDataChannel.subscribe((channel) =>
                    channel.onMessage.subscribe((text) => heard(channel.label, String(text)))),
            open: (ordered) =>
                names.map((name) => {
                    const channel = peer.createDataChannel(name, { ordered });
                    return {
                        send: (text) => channel.send(text),
                        opened: new Promise((resolve) =>
                            channel.stateChanged.subscribe((state) => state === "open" && resolve())),
                    };
                }),
        };
    },
    "@roamhq/wrtc": () => {
        const peer = new wrtc.RTCPeerConnection({ iceServers: [] });
        return {
            peer,
            listen: (heard) =>
                (peer.ondatachannel = ({ channel }) =>
                    (channel.onmessage = ({ data }) => heard(channel.label, data))),
            open: () =>
                names.map((name) => {
                    const channel = peer.createDataChannel(name);
                    return {
                        send: (text) => channel.send(text),
                        opened: new Promise((resolve) => (channel.onopen = resolve)),
                    };
                }),
        };
    },
};

async function described(peer, description) {
    await peer.setLocalDescription(description);
    while (peer.iceGatheringState !== "complete") await pause(20);
    return peer.localDescription;
}

async function run(words, channels, heard) {
    await Promise.all(channels.map((channel) => channel.opened));
    for (const text of ["a", "", "b"]) channels[0].send(text);
    await pause(200);
    channels[1].send("c");
    while (!heard.some((word) => word.startsWith(":"))) await pause(50);
    await pause(1000);
    console.log(`${words}: ${heard.join(" ")}`);
}

const into = (heard) => (label, text) =>
    heard.push((label === "one" ? "" : ":") + JSON.stringify(text));

async function ofStack(words, make, ordered) {
    const heard = [];
    const [near, far] = [make(), make()];
    far.listen(into(heard));
    const channels = near.open(ordered);
    await far.peer.setRemoteDescription(await described(near.peer, await near.peer.createOffer()));
    await near.peer.setRemoteDescription(await described(far.peer, await far.peer.createAnswer()));
    await run(words, channels, heard);
}

function libdatachannelChannels(peer) {
    return names.map((name) => {
        const channel = peer.createDataChannel(name);
        return {
            send: (text) => channel.sendMessage(text),
            opened: new Promise((resolve) => channel.onOpen(resolve)),
        };
    });
}

function gathered(peer) {
    return new Promise((resolve) =>
        peer.onGatheringStateChange((state) => state === "complete" && resolve(peer.localDescription())));
}

async function ofLibdatachannel() {
    const heard = [];
    const kept = [];
    const [near, far] = ["near", "far"].map((name) => new PeerConnection(name, { iceServers: [] }));
    const hear = into(heard);
    far.onDataChannel((channel) => {
        kept.push(channel);
        channel.onMessage((text) => hear(channel.getLabel(), text));
    });
    const offer = gathered(near);
    const channels = libdatachannelChannels(near);
    const answer = gathered(far);
    far.setRemoteDescription((await offer).sdp, "offer");
    near.setRemoteDescription((await answer).sdp, "answer");
    await run("node-datachannel", channels, heard);
}

async function toWerift() {
    const heard = [];
    const near = new PeerConnection("near", { iceServers: [] });
    const far = stacks.werift();
    far.listen(into(heard));
    const offer = gathered(near);
    const channels = libdatachannelChannels(near);
    await far.peer.setRemoteDescription({ type: "offer", sdp: (await offer).sdp });
    const answer = await described(far.peer, await far.peer.createAnswer());
    near.setRemoteDescription(answer.sdp, "answer");
    await run("node-datachannel to werift", channels, heard);
}

await ofStack("werift, ordered", stacks.werift, true);
await ofStack("werift, unordered", stacks.werift, false);
await ofLibdatachannel();
await ofStack("@roamhq/wrtc", stacks["@roamhq/wrtc"]);
await toWerift();
process.exit();
END
cat >main.py <<'END'
import asyncio
import json

from aiortc import RTCConfiguration, RTCPeerConnection


async def main():
    near, far = (RTCPeerConnection(RTCConfiguration(iceServers=[])) for _ in range(2))
    heard = []
    last = asyncio.Event()
    opened = [asyncio.Event() for _ in range(2)]

    @far.on("datachannel")
    def on_channel(theirs):
        @theirs.on("message")
        def on_message(text):
            heard.append(("" if theirs.label == "one" else ":") + json.dumps(text))
            if theirs.label == "two":
                last.set()

    channels = [near.createDataChannel(name) for name in ("one", "two")]
    for channel, event in zip(channels, opened):
        channel.on("open", event.set)
    await near.setLocalDescription(await near.createOffer())
    await far.setRemoteDescription(near.localDescription)
    await far.setLocalDescription(await far.createAnswer())
    await near.setRemoteDescription(far.localDescription)
    await asyncio.gather(*(event.wait() for event in opened))
    for text in ("a", "", "b"):
        channels[0].send(text)
    await asyncio.sleep(0.2)
    channels[1].send("c")
    await last.wait()
    await asyncio.sleep(1)
    print("aiortc:", *heard)
    await asyncio.gather(near.close(), far.close())


asyncio.run(main())
END
cat >expected <<'END'
werift, ordered: "a" :"c"
werift, unordered: "a" "b" :"c"
node-datachannel: "a" "" "b" :"c"
@roamhq/wrtc: "a" "" "b" :"c"
node-datachannel to werift: "a" "" "b" :"c"
aiortc: "a" "" "b" :"c"
END

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check aiortc==1.16.0
npm install --no-audit --no-fund --silent werift@0.25.2 node-datachannel@0.33.4 \
    @roamhq/wrtc@0.10.0
{
    timeout 120 node main.mjs
    timeout 60 venv/bin/python main.py
} | tee seen
diff expected seen
