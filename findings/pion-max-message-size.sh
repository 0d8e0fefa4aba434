#!/bin/sh
# pion/webrtc 4.2.26 (pion/sctp 1.12.0), Go
#
# How much pion sends in one message to a peer whose description says
#   nothing:                 65535 bytes; 65536 is refused. RFC 8841 section 6.1
#                            means 64K, and Chromium leaves the attribute out
#                            just when its value is 65536.
#   a=max-message-size:0     the same. There, 0 means "any size".
# Whoever wants whole messages of 64 KiB from pion must announce more than that.
#
# Seen on 29 November 2026:
#   attribute left out: 65535 arrives, 65536 refused
#   attribute 0: 65535 arrives, 65536 refused
#   attribute 65536: 65535 arrives, 65536 arrives
#
# Needs go and its module proxy. Exits with 0 if that is still so, else with 1.
set -eu
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"

cat >main.go <<'END'
package main

import (
	"fmt"
	"os"
	"regexp"
	"time"

	"github.com/pion/webrtc/v4"
)

var attribute = regexp.MustCompile(`a=max-message-size:[0-9]+\r\n`)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
}

// described sets the description and returns it with all candidates in it.
func described(pc *webrtc.PeerConnection, own webrtc.SessionDescription) webrtc.SessionDescription {
	gathered := webrtc.GatheringCompletePromise(pc)
	check(pc.SetLocalDescription(own))
	<-gathered
	return *pc.LocalDescription()
}

// try connects two peers, the answer's attribute being replaced.
func try(name, replacement string) {
	sender, err := webrtc.NewPeerConnection(webrtc.Configuration{})
	check(err)
	defer sender.Close()
	receiver, err := webrtc.NewPeerConnection(webrtc.Configuration{})
	check(err)
	defer receiver.Close()

	arrived := make(chan int, 1)
	opened := make(chan bool, 1)
	receiver.OnDataChannel(func(channel *webrtc.DataChannel) {
		channel.OnMessage(func(message webrtc.DataChannelMessage) { arrived <- len(message.Data) })
	})
	channel, err := sender.CreateDataChannel("x", nil)
	check(err)
	channel.OnOpen(func() { opened <- true })

	offer, err := sender.CreateOffer(nil)
	check(err)
	check(receiver.SetRemoteDescription(described(sender, offer)))
	answer, err := receiver.CreateAnswer(nil)
	check(err)
	described := described(receiver, answer)
	described.SDP = attribute.ReplaceAllString(described.SDP, replacement)
	check(sender.SetRemoteDescription(described))
	<-opened

	words := ""
	for _, size := range []int{65535, 65536} {
		word := "refused"
		if channel.Send(make([]byte, size)) == nil {
			select {
			case <-arrived:
				word = "arrives"
			case <-time.After(20 * time.Second):
				word = "is lost"
			}
		}
		if words != "" {
			words += ", "
		}
		words += fmt.Sprint(size, " ", word)
	}
	fmt.Printf("%s: %s\n", name, words)
}

func main() {
	try("attribute left out", "")
	try("attribute 0", "a=max-message-size:0\r\n")
	try("attribute 65536", "a=max-message-size:65536\r\n")
}
END
cat >expected <<'END'
attribute left out: 65535 arrives, 65536 refused
attribute 0: 65535 arrives, 65536 refused
attribute 65536: 65535 arrives, 65536 arrives
END

go mod init finding 2>/dev/null
go get github.com/pion/webrtc/v4@v4.2.26 github.com/pion/sctp@v1.12.0 2>/dev/null
go mod tidy 2>/dev/null
go run . | tee seen
diff expected seen
