#!/bin/sh
# pion/webrtc 4.2.26 (pion/sctp 1.12.0; Go), werift 0.25.2, node-datachannel 0.33.4
# (libdatachannel), @roamhq/wrtc 0.10.0 (libwebrtc) (npm)
#
# Whether a channel that need not be reliable drops what is late, after a path was
# gone for 2.5 s (a handover from one network to another). W3C's WebRTC (section 6.2)
# and RFC 8831 section 6.1 have maxRetransmits: 0 send each message once, and
# maxPacketLifeTime end all tries after so many milliseconds. In werift 0 is the
# same as nothing said, and the time is compared in other units than it was made of: with
# both, a channel is as reliable as any. pion looks whether the time is over just
# after it has set a message's clock anew, with each transmission: so it never is.
# What is old comes first, then, and holds up what is new, which is what the caller
# wished to be spared. No error tells, and without loss there is no difference.
# In both of them maxRetransmits: 1 does as it says.
#
# Seen on 1 December 2026, of messages sent while the path is gone (those sent
# after that arrive in each case):
#   pion: maxRetransmits 0 dropped, maxRetransmits 1 dropped, maxPacketLifeTime 300 arrive
#   werift: maxRetransmits 0 arrive, maxRetransmits 1 dropped, maxPacketLifeTime 300 arrive
#   @roamhq/wrtc: maxRetransmits 0 dropped, maxRetransmits 1 dropped, maxPacketLifeTime 300 dropped
#   node-datachannel: maxRetransmits 0 dropped, maxRetransmits 1 dropped, maxPacketLifeTime 300 dropped
#
# Needs go and its module proxy, node 20 or later and npm. Exits with 0 if that is
# still so, else with 1.
set -eu
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"

# In both programs a relay stands between two peers: a socket for each of them, whose
# port takes the place of the peer's own in its candidate.
cat >main.go <<'END'
package main

import (
	"fmt"
	"net"
	"os"
	"regexp"
	"strings"
	"sync/atomic"
	"time"

	"github.com/pion/webrtc/v4"
)

type standIn struct {
	socket *net.UDPConn
	real   atomic.Pointer[net.UDPAddr]
}

type relay struct {
	passesOn atomic.Bool
	standIns [2]standIn
}

var line = regexp.MustCompile(`a=candidate:.*\r\n`)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
}

func newRelay() *relay {
	r := &relay{}
	r.passesOn.Store(true)
	for i := range r.standIns {
		socket, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		check(err)
		r.standIns[i].socket = socket
	}
	for i := range r.standIns {
		go r.run(&r.standIns[i], &r.standIns[1-i])
	}
	return r
}

func (r *relay) run(from, to *standIn) {
	datagram := make([]byte, 2048)
	for {
		size, _, err := from.socket.ReadFromUDP(datagram)
		if err != nil {
			return
		}
		if real := from.real.Load(); real != nil && r.passesOn.Load() {
			to.socket.WriteToUDP(datagram[:size], real)
		}
	}
}

// described returns the description that was set, with the relay as its only candidate.
func (r *relay) described(pc *webrtc.PeerConnection, own webrtc.SessionDescription, index int) webrtc.SessionDescription {
	gathered := webrtc.GatheringCompletePromise(pc)
	check(pc.SetLocalDescription(own))
	<-gathered
	at := &r.standIns[index]
	told := *pc.LocalDescription()
	told.SDP = line.ReplaceAllStringFunc(told.SDP, func(candidate string) string {
		words := strings.Fields(candidate)
		if at.real.Load() != nil || words[1] != "1" || strings.Contains(words[4], ":") {
			return ""
		}
		real, err := net.ResolveUDPAddr("udp4", words[4]+":"+words[5])
		check(err)
		at.real.Store(real)
		words[4], words[5] = "127.0.0.1", fmt.Sprint(at.socket.LocalAddr().(*net.UDPAddr).Port)
		return strings.Join(words, " ") + "\r\n"
	})
	return told
}

func try(init *webrtc.DataChannelInit) string {
	r := newRelay()
	near, err := webrtc.NewPeerConnection(webrtc.Configuration{})
	check(err)
	defer near.Close()
	far, err := webrtc.NewPeerConnection(webrtc.Configuration{})
	check(err)
	defer far.Close()
	heard := make(chan string, 100)
	far.OnDataChannel(func(channel *webrtc.DataChannel) {
		channel.OnMessage(func(message webrtc.DataChannelMessage) { heard <- string(message.Data) })
	})
	channel, err := near.CreateDataChannel("x", init)
	check(err)
	opened := make(chan bool, 1)
	channel.OnOpen(func() { opened <- true })
	offer, err := near.CreateOffer(nil)
	check(err)
	check(far.SetRemoteDescription(r.described(near, offer, 0)))
	answer, err := far.CreateAnswer(nil)
	check(err)
	check(near.SetRemoteDescription(r.described(far, answer, 1)))
	<-opened

	check(channel.SendText("before"))
	<-heard
	r.passesOn.Store(false)
	for range 5 {
		check(channel.SendText("late"))
	}
	time.Sleep(2500 * time.Millisecond)
	r.passesOn.Store(true)
	time.Sleep(500 * time.Millisecond)
	word := "dropped"
	for range 20 {
		check(channel.SendText("after"))
		time.Sleep(200 * time.Millisecond)
	}
	for {
		switch <-heard {
		case "late":
			word = "arrive"
		case "after":
			return word
		}
	}
}

func main() {
	number := func(value uint16) *uint16 { return &value }
	fmt.Printf("pion: maxRetransmits 0 %s, maxRetransmits 1 %s, maxPacketLifeTime 300 %s\n",
		try(&webrtc.DataChannelInit{MaxRetransmits: number(0)}),
		try(&webrtc.DataChannelInit{MaxRetransmits: number(1)}),
		try(&webrtc.DataChannelInit{MaxPacketLifeTime: number(300)}))
}
END
cat >main.mjs <<'END'
import dgram from "node:dgram";
import { once } from "node:events";
import wrtc from "@roamhq/wrtc";
import { PeerConnection } from "node-datachannel";
import { RTCPeerConnection } from "werift";

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function newRelay() {
    const relay = { passesOn: true, standIns: [] };
    for (let index = 0; index < 2; index++) {
        const at = { socket: dgram.createSocket("udp4") };
        at.socket.bind(0, "127.0.0.1");
        await once(at.socket, "listening");
        relay.standIns.push(at);
        at.socket.on("message", (bytes) => {
            if (!at.port || !relay.passesOn) return;
            relay.standIns[1 - index].socket.send(bytes, at.port, at.host);
        });
    }
    // The candidate to tell instead of a peer's own one, if it is its first by UDP and IPv4.
    relay.told = (candidate, index) => {
        const at = relay.standIns[index];
        const words = candidate.split(" ");
        if (at.port || words[2]?.toLowerCase() !== "udp" || !words[4].includes(".")) return null;
        [at.host, at.port] = [words[4], Number(words[5])];
        words[4] = "127.0.0.1";
        words[5] = at.socket.address().port;
        return words.join(" ");
    };
    return relay;
}

// Each opens a channel through the relay and returns how to send on it.
const open = {
    async werift(relay, init, heard) {
        const peers = [0, 1].map(() => new RTCPeerConnection({ iceServers: [] }));
        peers.forEach((peer, index) =>
            peer.onIceCandidate.subscribe((own) => {
                const candidate = own && relay.told(own.candidate, index);
                if (candidate) peers[1 - index].addIceCandidate({ ...own.toJSON(), candidate });
            }));
        peers[1].onDataChannel.subscribe((channel) =>
            channel.onMessage.subscribe((text) => heard(String(text))));
        const channel = peers[0].createDataChannel("x", init);
        const opened = new Promise((resolve) =>
            channel.stateChanged.subscribe((state) => state === "open" && resolve()));
        await negotiate(...peers);
        await opened;
        return (text) => channel.send(text);
    },
    async "@roamhq/wrtc"(relay, init, heard) {
        const peers = [0, 1].map(() => new wrtc.RTCPeerConnection({ iceServers: [] }));
        peers.forEach((peer, index) => {
            peer.onicecandidate = ({ candidate: own }) => {
                const candidate = own && relay.told(own.candidate, index);
                if (candidate) peers[1 - index].addIceCandidate({ ...own.toJSON(), candidate });
            };
        });
        peers[1].ondatachannel = ({ channel }) => (channel.onmessage = ({ data }) => heard(data));
        const channel = peers[0].createDataChannel("x", init);
        const opened = new Promise((resolve) => (channel.onopen = resolve));
        await negotiate(...peers);
        await opened;
        return (text) => channel.send(text);
    },
    async "node-datachannel"(relay, init, heard) {
        const config = { iceServers: [], bindAddress: "127.0.0.1" };
        const peers = ["near", "far"].map((name) => new PeerConnection(name, config));
        peers.forEach((peer, index) => {
            peer.onLocalDescription((sdp, type) => peers[1 - index].setRemoteDescription(sdp, type));
            peer.onLocalCandidate((own, mid) => {
                const candidate = relay.told(own, index);
                if (candidate) peers[1 - index].addRemoteCandidate(candidate, mid);
            });
        });
        peers[1].onDataChannel((channel) => {
            kept.push(channel);
            channel.onMessage(heard);
        });
        const channel = peers[0].createDataChannel("x", init);
        kept.push(peers, channel);
        await new Promise((resolve) => channel.onOpen(resolve));
        return (text) => channel.sendMessage(text);
    },
};
const kept = [];

const bare = ({ type, sdp }) => ({ type, sdp: sdp.replace(/a=(candidate|end-of-candidates).*\r\n/g, "") });

async function negotiate(near, far) {
    await near.setLocalDescription(await near.createOffer());
    await far.setRemoteDescription(bare(near.localDescription));
    await far.setLocalDescription(await far.createAnswer());
    await near.setRemoteDescription(bare(far.localDescription));
}

async function attempt(stack, init) {
    const relay = await newRelay();
    const heard = [];
    const send = await open[stack](relay, init, (text) => heard.push(text));
    const until = async (text) => {
        while (!heard.includes(text)) await pause(20);
    };
    send("before");
    await until("before");
    relay.passesOn = false;
    for (let i = 0; i < 5; i++) send("late");
    await pause(2500);
    relay.passesOn = true;
    await pause(500);
    for (let i = 0; i < 20; i++) {
        send("after");
        await pause(200);
    }
    await until("after");
    return heard.includes("late") ? "arrive" : "dropped";
}

for (const stack of Object.keys(open)) {
    const inits = [{ maxRetransmits: 0 }, { maxRetransmits: 1 }, { maxPacketLifeTime: 300 }];
    const outcomes = await Promise.all(inits.map((init) => attempt(stack, init)));
    const words = inits.map((init, i) => `${Object.entries(init).join().replace(",", " ")} ${outcomes[i]}`);
    console.log(`${stack}: ${words.join(", ")}`);
}
process.exit();
END
cat >expected <<'END'
pion: maxRetransmits 0 dropped, maxRetransmits 1 dropped, maxPacketLifeTime 300 arrive
werift: maxRetransmits 0 arrive, maxRetransmits 1 dropped, maxPacketLifeTime 300 arrive
@roamhq/wrtc: maxRetransmits 0 dropped, maxRetransmits 1 dropped, maxPacketLifeTime 300 dropped
node-datachannel: maxRetransmits 0 dropped, maxRetransmits 1 dropped, maxPacketLifeTime 300 dropped
END

go mod init finding 2>/dev/null
go get github.com/pion/webrtc/v4@v4.2.26 github.com/pion/sctp@v1.12.0 2>/dev/null
go mod tidy 2>/dev/null
npm install --no-audit --no-fund --silent werift@0.25.2 node-datachannel@0.33.4 \
    @roamhq/wrtc@0.10.0
{
    timeout 180 go run .
    timeout 180 node main.mjs
} | tee seen
diff expected seen
