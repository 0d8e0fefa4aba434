// A peer of compat.py on pion/webrtc; "snap": with that setting.
package main

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"sync"

	"github.com/pion/webrtc/v4"
)

type command struct {
	Do, Type, SDP, Hex string
	Candidate          webrtc.ICECandidateInit
}

type peer struct {
	connection *webrtc.PeerConnection
	channel    *webrtc.DataChannel
}

type event map[string]any

var lock sync.Mutex

func say(e event) {
	text, _ := json.Marshal(e)
	lock.Lock()
	defer lock.Unlock()
	fmt.Println(string(text))
}

func (p *peer) take(channel *webrtc.DataChannel) {
	p.channel = channel
	channel.OnOpen(func() { say(event{"event": "open"}) })
	channel.OnClose(func() { say(event{"event": "closed"}) })
	channel.OnMessage(func(message webrtc.DataChannelMessage) {
		say(event{"event": "message", "hex": hex.EncodeToString(message.Data)})
	})
}

func (p *peer) describe(own webrtc.SessionDescription, err error) error {
	if err == nil {
		err = p.connection.SetLocalDescription(own)
	}
	if err == nil {
		say(event{"event": "description", "type": own.Type.String(), "sdp": own.SDP})
	}
	return err
}

func (p *peer) remote(c command) error {
	kind := webrtc.NewSDPType(c.Type)
	err := p.connection.SetRemoteDescription(webrtc.SessionDescription{Type: kind, SDP: c.SDP})
	if err == nil && kind == webrtc.SDPTypeOffer {
		err = p.describe(p.connection.CreateAnswer(nil))
	}
	return err
}

func (p *peer) obey(c command) error {
	switch c.Do {
	case "offer":
		channel, err := p.connection.CreateDataChannel("tunnel", nil)
		if err != nil {
			return err
		}
		p.take(channel)
		return p.describe(p.connection.CreateOffer(nil))
	case "restart":
		return p.describe(p.connection.CreateOffer(&webrtc.OfferOptions{ICERestart: true}))
	case "remote":
		return p.remote(c)
	case "candidate":
		return p.connection.AddICECandidate(c.Candidate)
	case "send":
		data, err := hex.DecodeString(c.Hex)
		if err == nil {
			err = p.channel.Send(data)
		}
		return err
	case "close":
		return p.connection.Close()
	}
	return fmt.Errorf("what is %q", c.Do)
}

func main() {
	settings := webrtc.SettingEngine{}
	settings.EnableSctpSnap(len(os.Args) > 1 && os.Args[1] == "snap")
	api := webrtc.NewAPI(webrtc.WithSettingEngine(settings))
	connection, err := api.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		panic(err)
	}
	p := &peer{connection: connection}
	connection.OnDataChannel(p.take)
	connection.OnICECandidate(func(candidate *webrtc.ICECandidate) {
		if candidate != nil {
			say(event{"event": "candidate", "candidate": candidate.ToJSON()})
		}
	})
	say(event{"event": "started"})
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var c command
		err := json.Unmarshal(lines.Bytes(), &c)
		if err == nil {
			err = p.obey(c)
		}
		if err != nil {
			say(event{"event": "failed", "at": c.Do, "text": err.Error()})
		}
	}
}
