// The same as peer.mjs, on pion/webrtc.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"sync"

	"github.com/pion/webrtc/v4"
)

type words map[string]any

var (
	connection *webrtc.PeerConnection
	channel    *webrtc.DataChannel
	saying     sync.Mutex
)

func say(said words) {
	saying.Lock()
	defer saying.Unlock()
	line, _ := json.Marshal(said)
	fmt.Println(string(line))
}

func use(made *webrtc.DataChannel) {
	channel = made
	made.OnOpen(func() { say(words{"event": "open"}) })
	made.OnMessage(func(message webrtc.DataChannelMessage) {
		say(words{"event": "message", "size": len(message.Data)})
	})
}

func described(description webrtc.SessionDescription, err error) (words, error) {
	if err != nil {
		return nil, err
	}
	gathered := webrtc.GatheringCompletePromise(connection)
	if err := connection.SetLocalDescription(description); err != nil {
		return nil, err
	}
	<-gathered
	return words{"sdp": connection.LocalDescription().SDP}, nil
}

type command struct {
	Do, Type, Sdp, Candidate, Label string
	Size, Count                     int
	Options                         *webrtc.DataChannelInit
}

func obey(c command) (words, error) {
	switch c.Do {
	case "offer":
		made, err := connection.CreateDataChannel("x", c.Options)
		if err != nil {
			return nil, err
		}
		use(made)
		return described(connection.CreateOffer(nil))
	case "another":
		_, err := connection.CreateDataChannel(c.Label, nil)
		return nil, err
	case "remote":
		description := webrtc.SessionDescription{Type: webrtc.NewSDPType(c.Type), SDP: c.Sdp}
		return nil, connection.SetRemoteDescription(description)
	case "answer":
		return described(connection.CreateAnswer(nil))
	case "candidate":
		return nil, connection.AddICECandidate(webrtc.ICECandidateInit{Candidate: c.Candidate})
	case "send":
		return nil, channel.Send(make([]byte, c.Size))
	case "pour":
		channel.SetBufferedAmountLowThreshold(65536)
		channel.OnBufferedAmountLow(func() { say(words{"event": "low"}) })
		for range c.Count {
			if err := channel.Send(make([]byte, c.Size)); err != nil {
				return nil, err
			}
		}
		return words{"buffered": channel.BufferedAmount()}, nil
	case "close":
		return nil, channel.Close()
	case "end":
		return nil, connection.Close()
	case "rollback":
		own := *connection.LocalDescription() // it wants a text there
		own.Type = webrtc.SDPTypeRollback
		return nil, connection.SetLocalDescription(own)
	case "properties":
		return words{
			"ordered": channel.Ordered(), "maxRetransmits": channel.MaxRetransmits(),
			"maxPacketLifeTime": channel.MaxPacketLifeTime(),
		}, nil
	case "state":
		channel := channel.ReadyState().String()
		return words{"connection": connection.ConnectionState().String(), "channel": channel}, nil
	}
	return nil, fmt.Errorf("%s: unknown", c.Do)
}

func main() {
	config := webrtc.Configuration{}
	var servers []struct{ Urls, Username, Credential string }
	if json.Unmarshal([]byte(os.Args[1]), &servers) != nil {
		os.Exit(2)
	}
	for _, server := range servers {
		config.ICEServers = append(config.ICEServers, webrtc.ICEServer{
			URLs: []string{server.Urls}, Username: server.Username, Credential: server.Credential,
		})
	}
	connection, _ = webrtc.NewPeerConnection(config)
	connection.OnDataChannel(func(made *webrtc.DataChannel) {
		say(words{"event": "channel", "label": made.Label()})
		use(made)
	})
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var c command
		if json.Unmarshal(lines.Bytes(), &c) != nil {
			os.Exit(2)
		}
		said, err := obey(c)
		if err != nil {
			said = words{"error": err.Error()}
		} else if said == nil {
			said = words{}
		}
		say(said)
	}
}
