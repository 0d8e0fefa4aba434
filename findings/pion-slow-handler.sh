#!/bin/sh
# pion/webrtc 4.2.26 (pion/sctp 1.12.0), Go
#
# What an OnMessage that takes its time does to other data channels. Each channel is read by
# a goroutine of its own, and streams of SCTP are there so that one need not wait for
# another (RFC 8831 section 6), so one expects that a handler holds up its own channel.
# But the receive buffer is one for all: what the slow channel has not read fills it
# (a megabyte), and from then on nothing arrives on any channel, not even one byte;
# bufferedAmount of the quick one is that byte, and no state changes.
# When the handler returns it goes on, but not always at once: the sender is not told that
# there is room again and finds out by its retransmission timer, which has doubled each
# time meanwhile. After 8 s the others waited up to 8 s more.
# So a handler puts what it gets into a queue of its own and returns, and who needs a
# channel to stay quick beside a large one acknowledges messages by messages.
#
# Seen on 1 December 2026, of 200 messages of 16000 bytes on one channel, whose handler
# stays in its first one for 8 s, and "x" on another after 3 s:
#   while the handler is in it: slow 1, quick 0
#   when it has returned: quick arrives, slow has all
#
# Needs go and its module proxy. Exits with 0 if that is still so, else with 1.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat >main.go <<'END'
package main

import (
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"github.com/pion/webrtc/v4"
)

const count = 200

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

func opened(peer *webrtc.PeerConnection, label string) (*webrtc.DataChannel, chan bool) {
	channel, err := peer.CreateDataChannel(label, nil)
	check(err)
	open := make(chan bool)
	channel.OnOpen(func() { close(open) })
	return channel, open
}

func main() {
	near, err := webrtc.NewPeerConnection(webrtc.Configuration{})
	check(err)
	far, err := webrtc.NewPeerConnection(webrtc.Configuration{})
	check(err)
	var slow, quick atomic.Int64
	release := make(chan bool)
	far.OnDataChannel(func(channel *webrtc.DataChannel) {
		channel.OnMessage(func(webrtc.DataChannelMessage) {
			if channel.Label() == "quick" {
				quick.Add(1)
			} else if slow.Add(1) == 1 {
				<-release
			}
		})
	})
	large, largeOpen := opened(near, "slow")
	small, smallOpen := opened(near, "quick")

	offer, err := near.CreateOffer(nil)
	check(err)
	check(far.SetRemoteDescription(described(near, offer)))
	answer, err := far.CreateAnswer(nil)
	check(err)
	check(near.SetRemoteDescription(described(far, answer)))
	<-largeOpen
	<-smallOpen

	for i := 0; i < count; i++ {
		check(large.Send(make([]byte, 16000)))
	}
	time.Sleep(3 * time.Second)
	check(small.SendText("x"))
	time.Sleep(5 * time.Second)
	fmt.Printf("while the handler is in it: slow %d, quick %d\n", slow.Load(), quick.Load())
	close(release)
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if quick.Load() == 1 && slow.Load() == count {
			fmt.Println("when it has returned: quick arrives, slow has all")
			return
		}
	}
}
END
cat >expected <<'END'
while the handler is in it: slow 1, quick 0
when it has returned: quick arrives, slow has all
END

go mod init finding 2>/dev/null
go get github.com/pion/webrtc/v4@v4.2.26 github.com/pion/sctp@v1.12.0 2>/dev/null
go mod tidy 2>/dev/null
go run . | tee seen
diff expected seen
