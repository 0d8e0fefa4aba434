#!/bin/sh
# pion/webrtc 4.2.26 (pion/sctp 1.12.0; Go), werift 0.25.2, node-datachannel 0.33.4
# (libdatachannel), @roamhq/wrtc 0.10.0 (libwebrtc) (npm), aiortc 1.16.0 (PyPI)
#
# What becomes of a message on a negotiated channel (negotiated: true, an id that both ends
# know) that comes before its other end has been made there. Such a channel is open as soon
# as the connection is, W3C's WebRTC (section 6.1) has nobody ask the other side,
# and SCTP takes the message and acknowledges it. But none of these keeps it:
# on an ordered, reliable channel the first messages are missing, without an error,
# and later ones arrive. libdatachannel closes the sender's channel. In pion the
# message ends the loop that takes the peer's channels: each channel that the peer opens
# after that in the usual way is "open" at its end, takes what is sent, and is never
# announced at pion's; nothing but a line of its log tells.
# So both ends make a negotiated channel before the descriptions are exchanged, or the
# one that makes it first waits until it has heard something on it.
#
# Seen on 1 December 2026, of "early", of "late", sent when both ends are there, and of a
# channel that is opened after that:
#   @roamhq/wrtc: early lost, late arrives, the next channel works
#   werift: early lost, late arrives, the next channel works
#   node-datachannel: early lost, late lost, the next channel works
#   aiortc: early lost, late arrives, the next channel works
#   pion: early lost, late arrives, the next channel is not announced
#
# Needs python3 with venv, go and its module proxy, node 20 or later and npm. Exits with 0
# if that is still so, else with 1.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat >main.mjs <<'END'
import wrtc from "@roamhq/wrtc";
import polyfill from "node-datachannel/polyfill";
import * as werift from "werift";

const kept = []; // what is collected does not go on
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function described(peer, description) {
    await peer.setLocalDescription(description);
    while (peer.iceGatheringState !== "complete") await pause(20);
    return { type: peer.localDescription.type, sdp: peer.localDescription.sdp };
}

function attempt(channel, text) {
    try {
        channel.send(text);
    } catch {
        // not open any more
    }
}

async function run(name, { RTCPeerConnection }) {
    const [near, far] = [0, 1].map(() => new RTCPeerConnection({ iceServers: [] }));
    const heard = new Set();
    const listen = (channel) => {
        kept.push(channel);
        channel.onmessage = ({ data }) => heard.add(String(data));
    };
    far.ondatachannel = ({ channel }) => listen(channel);
    const first = near.createDataChannel("first");
    await far.setRemoteDescription(await described(near, await near.createOffer()));
    await near.setRemoteDescription(await described(far, await far.createAnswer()));
    while (first.readyState !== "open") await pause(20);

    const shared = near.createDataChannel("shared", { negotiated: true, id: 100 });
    kept.push(near, far, first, shared);
    while (shared.readyState !== "open") await pause(20);
    shared.send("early");
    await pause(1000);
    listen(far.createDataChannel("shared", { negotiated: true, id: 100 }));
    await pause(1000);
    attempt(shared, "late");
    const next = near.createDataChannel("next");
    while (next.readyState !== "open") await pause(20);
    await pause(1000);
    next.send("next");
    await pause(2000);
    const word = (text) => `${text} ${heard.has(text) ? "arrives" : "lost"}`;
    const last = heard.has("next") ? "works" : "is not announced";
    console.log(`${name}: ${word("early")}, ${word("late")}, the next channel ${last}`);
}
const stacks = { "@roamhq/wrtc": wrtc, werift, "node-datachannel": polyfill };
for (const [name, stack] of Object.entries(stacks)) await run(name, stack);
process.exit();
END
cat >main.py <<'END'
import asyncio

from aiortc import RTCConfiguration, RTCPeerConnection


async def main():
    near, far = (RTCPeerConnection(RTCConfiguration(iceServers=[])) for _ in range(2))
    heard = set()
    far.on("datachannel", lambda channel: channel.on("message", heard.add))
    first = near.createDataChannel("first")
    opened = asyncio.Event()
    first.on("open", opened.set)
    await near.setLocalDescription(await near.createOffer())
    await far.setRemoteDescription(near.localDescription)
    await far.setLocalDescription(await far.createAnswer())
    await near.setRemoteDescription(far.localDescription)
    await opened.wait()

    shared = near.createDataChannel("shared", negotiated=True, id=100)
    while shared.readyState != "open":
        await asyncio.sleep(0.02)
    shared.send("early")
    await asyncio.sleep(1)
    far.createDataChannel("shared", negotiated=True, id=100).on("message", heard.add)
    await asyncio.sleep(1)
    shared.send("late")
    later = near.createDataChannel("next")
    while later.readyState != "open":
        await asyncio.sleep(0.02)
    await asyncio.sleep(1)
    later.send("next")
    await asyncio.sleep(2)
    words = [f"{text} {'arrives' if text in heard else 'lost'}" for text in ("early", "late")]
    last = "works" if "next" in heard else "is not announced"
    print(f"aiortc: {', '.join(words)}, the next channel {last}")
    await asyncio.gather(near.close(), far.close())


asyncio.run(main())
END
cat >main.go <<'END'
package main

import (
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/pion/webrtc/v4"
)

var heard sync.Map

func check(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func described(peer *webrtc.PeerConnection, d webrtc.SessionDescription) webrtc.SessionDescription {
	done := webrtc.GatheringCompletePromise(peer)
	check(peer.SetLocalDescription(d))
	<-done
	return *peer.LocalDescription()
}

func listen(channel *webrtc.DataChannel) {
	channel.OnMessage(func(message webrtc.DataChannelMessage) { heard.Store(string(message.Data), true) })
}

func opened(peer *webrtc.PeerConnection, label string, init *webrtc.DataChannelInit) *webrtc.DataChannel {
	channel, err := peer.CreateDataChannel(label, init)
	check(err)
	for channel.ReadyState() != webrtc.DataChannelStateOpen {
		time.Sleep(20 * time.Millisecond)
	}
	return channel
}

func word(text, yes, no string) string {
	if _, ok := heard.Load(text); ok {
		return yes
	}
	return no
}

func main() {
	near, err := webrtc.NewPeerConnection(webrtc.Configuration{})
	check(err)
	far, err := webrtc.NewPeerConnection(webrtc.Configuration{})
	check(err)
	far.OnDataChannel(listen)
	first, err := near.CreateDataChannel("first", nil)
	check(err)
	offer, err := near.CreateOffer(nil)
	check(err)
	check(far.SetRemoteDescription(described(near, offer)))
	answer, err := far.CreateAnswer(nil)
	check(err)
	check(near.SetRemoteDescription(described(far, answer)))
	for first.ReadyState() != webrtc.DataChannelStateOpen {
		time.Sleep(20 * time.Millisecond)
	}

	negotiated, id := true, uint16(100)
	init := &webrtc.DataChannelInit{Negotiated: &negotiated, ID: &id}
	shared := opened(near, "shared", init)
	check(shared.SendText("early"))
	time.Sleep(time.Second)
	listen(opened(far, "shared", init))
	time.Sleep(time.Second)
	check(shared.SendText("late"))
	next := opened(near, "next", nil)
	time.Sleep(time.Second)
	check(next.SendText("next"))
	time.Sleep(2 * time.Second)
	fmt.Printf("pion: early %s, late %s, the next channel %s\n", word("early", "arrives", "lost"),
		word("late", "arrives", "lost"), word("next", "works", "is not announced"))
}
END
cat >expected <<'END'
@roamhq/wrtc: early lost, late arrives, the next channel works
werift: early lost, late arrives, the next channel works
node-datachannel: early lost, late lost, the next channel works
aiortc: early lost, late arrives, the next channel works
pion: early lost, late arrives, the next channel is not announced
END

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check aiortc==1.16.0
npm install --no-audit --no-fund --silent werift@0.25.2 node-datachannel@0.33.4 \
    @roamhq/wrtc@0.10.0
go mod init finding 2>/dev/null
go get github.com/pion/webrtc/v4@v4.2.26 github.com/pion/sctp@v1.12.0 2>/dev/null
go mod tidy 2>/dev/null
{
    timeout 120 node main.mjs
    timeout 60 venv/bin/python main.py
    go run . 2>log
} | tee seen
diff expected seen
