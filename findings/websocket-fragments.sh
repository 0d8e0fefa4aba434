#!/bin/sh
# golang.org/x/net 0.60.0 (its websocket); beside it gorilla/websocket 1.5.3, coder/websocket 1.8.15,
# gobwas/ws 1.4.0 (Go 1.26.8)
#
# What a program has of a WebSocket message that comes in several frames. That is up to the sender,
# a hop between may cut and join them as well, and the receiver's part is to put them together
# (RFC 6455 section 5.4). golang.org/x/net/websocket, which is Go's own by its name, gives
# out each frame as a message: Message.Receive() has the pieces, of which a text may end within a
# character, JSON.Receive() an error, "unexpected end of JSON input", and then one for each piece
# that follows. Its documentation says that it receives a "frame", and nothing of what that means.
# Small messages come in one frame, and so do large ones of many senders. gorilla's WriteJSON(),
# though, makes several of what has more than 4096 bytes, so all goes well until the first
# message that is longer. The others put frames together.
#
# Seen on 1 December 2026, of JSON with so many letters, as WriteJSON() sends it; and of "für" in
# two frames:
#   x/net, client: 1000 whole, 6000 an error, "f\xc3" "\xbcr"
#   x/net, server: 1000 whole, 6000 an error, "f\xc3" "\xbcr"
#   gorilla: 1000 whole, 6000 whole, "für"
#   coder: 1000 whole, 6000 whole, "für"
#   gobwas: 1000 whole, 6000 whole, "für"
#
# Needs go and its module proxy. Exits with 0 if that is still so, else with 1.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat >go.mod <<'END'
module client

go 1.26

require (
	github.com/coder/websocket v1.8.15
	github.com/gobwas/ws v1.4.0
	github.com/gorilla/websocket v1.5.3
	golang.org/x/net v0.60.0
)
END
cat >main.go <<'END'
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	coder "github.com/coder/websocket"
	gobwas "github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
	"github.com/gorilla/websocket"
	xnet "golang.org/x/net/websocket"
)

var (
	frames = [][]byte{[]byte("f\xc3"), []byte("\xbcr")}
	limit  = 5 * time.Second
)

// send writes JSON of so many letters or, for 0, a text in two frames.
func send(connection *websocket.Conn, length int, masked bool) error {
	if length > 0 {
		return connection.WriteJSON(strings.Repeat("x", length))
	}
	wire := []byte{}
	for i, frame := range frames {
		wire = append(wire, []byte{0x01, 0x80}[i])
		if masked {
			wire = append(wire, 0x80|byte(len(frame)), 0, 0, 0, 0)
		} else {
			wire = append(wire, byte(len(frame)))
		}
		wire = append(wire, frame...)
	}
	_, err := connection.NetConn().Write(wire)
	return err
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func judge(text []byte, err error) string {
	whole := ""
	if err == nil {
		err = json.Unmarshal(text, &whole)
	}
	if err != nil {
		return "an error"
	}
	return "whole"
}

// ofXnet is what x/net has, as client or as server.
func ofXnet(connection *xnet.Conn, length int) string {
	check(connection.SetReadDeadline(time.Now().Add(limit)))
	if length > 0 {
		whole := ""
		if xnet.JSON.Receive(connection, &whole) != nil {
			return "an error"
		}
		return "whole"
	}
	first, second := "", ""
	check(xnet.Message.Receive(connection, &first))
	check(xnet.Message.Receive(connection, &second))
	return fmt.Sprintf("%q %q", first, second)
}

func asClient(url string, length int) string {
	connection, err := xnet.Dial(url, "", "http://localhost")
	check(err)
	return ofXnet(connection, length)
}

func asServer(_ string, length int) string {
	seen := make(chan string)
	server := httptest.NewServer(xnet.Handler(func(connection *xnet.Conn) {
		seen <- ofXnet(connection, length)
	}))
	url := "ws" + strings.TrimPrefix(server.URL, "http")
	origin := http.Header{"Origin": {server.URL}}
	connection, _, err := websocket.DefaultDialer.Dial(url, origin)
	check(err)
	check(send(connection, length, true))
	return <-seen
}

// ofOthers is what has each message as bytes.
func ofOthers(receive func(url string) ([]byte, error)) func(string, int) string {
	return func(url string, length int) string {
		text, err := receive(url)
		if length > 0 {
			return judge(text, err)
		}
		check(err)
		return fmt.Sprintf("%q", text)
	}
}

func ofGorilla(url string) ([]byte, error) {
	connection, _, err := websocket.DefaultDialer.Dial(url, nil)
	check(err)
	check(connection.SetReadDeadline(time.Now().Add(limit)))
	_, text, err := connection.ReadMessage()
	return text, err
}

func ofCoder(url string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	connection, _, err := coder.Dial(ctx, url, nil)
	check(err)
	_, text, err := connection.Read(ctx)
	return text, err
}

func ofGobwas(url string) ([]byte, error) {
	connection, _, _, err := gobwas.Dial(context.Background(), url)
	check(err)
	check(connection.SetReadDeadline(time.Now().Add(limit)))
	return wsutil.ReadServerText(connection)
}

func main() {
	upgrader := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	lengths := []int{1000, 6000, 0}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		connection, err := upgrader.Upgrade(w, r, nil)
		check(err)
		length := 0
		_, err = fmt.Sscanf(r.URL.Path, "/%d", &length)
		check(err)
		time.Sleep(200 * time.Millisecond)
		check(send(connection, length, false))
	}))
	for _, way := range []struct {
		name string
		ask  func(url string, length int) string
	}{
		{"x/net, client", asClient}, {"x/net, server", asServer}, {"gorilla", ofOthers(ofGorilla)},
		{"coder", ofOthers(ofCoder)}, {"gobwas", ofOthers(ofGobwas)},
	} {
		cells := []string{}
		for _, length := range lengths {
			url := fmt.Sprintf("ws%s/%d", strings.TrimPrefix(server.URL, "http"), length)
			cell := way.ask(url, length)
			if length > 0 {
				cell = fmt.Sprintf("%d %s", length, cell)
			}
			cells = append(cells, cell)
		}
		fmt.Printf("%s: %s\n", way.name, strings.Join(cells, ", "))
	}
}
END
cat >expected <<'END'
x/net, client: 1000 whole, 6000 an error, "f\xc3" "\xbcr"
x/net, server: 1000 whole, 6000 an error, "f\xc3" "\xbcr"
gorilla: 1000 whole, 6000 whole, "für"
coder: 1000 whole, 6000 whole, "für"
gobwas: 1000 whole, 6000 whole, "für"
END

go mod tidy 2>/dev/null
go run . | tee seen
diff expected seen
