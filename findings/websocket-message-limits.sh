#!/bin/sh
# coder/websocket 1.8.15, gorilla/websocket 1.5.3, golang.org/x/net 0.60.0 (Go 1.26.8); websockets
# 17.4, aiohttp 3.14.5, websocket-client 1.9.2 (PyPI); ws 8.23.0, undici 7.30.2 (npm); Node.js
# 20.20.2
#
# The largest message that a WebSocket client takes if it is not told otherwise. RFC 6455 has no
# limit and lets each end have one (sections 5.2, 10.4), which the other cannot ask for. One
# expects some megabytes. coder's, the usual one of newer programs in Go, has 32 KiB, which
# a second of sound in base64 is beyond, websockets 1 MiB, aiohttp 4 MiB; the others here
# take 8 MB. So a client is well until somebody sends what all others of its kind take, and
# then its connection is over. In aiohttp that end is a message of its own, of type
# ERROR: a loop that looks at TEXT and BINARY alone just ends, and no exception is raised.
# SetReadLimit() in coder, max_size in websockets, max_msg_size in aiohttp put it higher.
#
# Seen on 1 December 2026, of a message of so many bytes:
#   coder: 30000 read, 40000 an error, 2000000 an error, 8000000 an error
#   gorilla: 30000 read, 40000 read, 2000000 read, 8000000 read
#   x/net: 30000 read, 40000 read, 2000000 read, 8000000 read
#   websockets: 30000 read, 40000 read, 2000000 an error, 8000000 an error
#   aiohttp: 30000 read, 40000 read, 2000000 read, 8000000 the loop ends
#   websocket-client: 30000 read, 40000 read, 2000000 read, 8000000 read
#   ws: 30000 read, 40000 read, 2000000 read, 8000000 read
#   undici: 30000 read, 40000 read, 2000000 read, 8000000 read
#
# Needs go and its module proxy, python3 with venv, node 20 or later and npm. Exits with 0 if
# that is still so, else with 1.
set -eu
folder=$(mktemp -d)
server=
trap 'kill $server 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"

mkdir go node
cat >server.py <<'END'
import asyncio

import websockets


async def serve(connection):
    try:
        await connection.send(b"x" * int(connection.request.path.strip("/")))
        await connection.wait_closed()
    except websockets.ConnectionClosed:
        pass


async def main():
    async with websockets.serve(serve, "127.0.0.1", 0, compression=None) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.Future()


asyncio.run(main())
END
cat >go/go.mod <<'END'
module reader

go 1.26

require (
	github.com/coder/websocket v1.8.15
	github.com/gorilla/websocket v1.5.3
	golang.org/x/net v0.60.0
)
END
cat >go/main.go <<'END'
package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	coder "github.com/coder/websocket"
	gorilla "github.com/gorilla/websocket"
	x "golang.org/x/net/websocket"
)

var background = context.Background()

func ofCoder(url string) error {
	connection, _, err := coder.Dial(background, url, nil)
	if err != nil {
		panic(err)
	}
	defer connection.CloseNow()
	_, _, err = connection.Read(background)
	return err
}

func ofGorilla(url string) error {
	connection, _, err := gorilla.DefaultDialer.Dial(url, nil)
	if err != nil {
		panic(err)
	}
	defer connection.Close()
	_, _, err = connection.ReadMessage()
	return err
}

func ofX(url string) error {
	connection, err := x.Dial(url, "", "http://localhost")
	if err != nil {
		panic(err)
	}
	defer connection.Close()
	var message []byte
	return x.Message.Receive(connection, &message)
}

func main() {
	ways := []struct {
		name string
		way  func(string) error
	}{{"coder", ofCoder}, {"gorilla", ofGorilla}, {"x/net", ofX}}
	for _, client := range ways {
		var seen []string
		for _, size := range os.Args[2:] {
			word := "read"
			if client.way(os.Args[1]+"/"+size) != nil {
				word = "an error"
			}
			seen = append(seen, size+" "+word)
		}
		fmt.Printf("%s: %s\n", client.name, strings.Join(seen, ", "))
	}
}
END
cat >main.py <<'END'
import asyncio
import sys

import aiohttp
import websocket
import websockets


async def of_websockets(url):
    async with websockets.connect(url) as connection:
        await connection.recv()
    return "read"


async def of_aiohttp(url):
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as connection:
        async for message in connection:
            if message.type == aiohttp.WSMsgType.BINARY:
                return "read"
    return "the loop ends"


async def of_websocket_client(url):
    connection = websocket.create_connection(url)
    connection.recv()
    connection.shutdown()
    return "read"


ways = {
    "websockets": of_websockets,
    "aiohttp": of_aiohttp,
    "websocket-client": of_websocket_client,
}
for name, way in ways.items():
    seen = []
    for size in sys.argv[2:]:
        try:
            word = asyncio.run(way(f"{sys.argv[1]}/{size}"))
        except websockets.ConnectionClosedError:
            word = "an error"
        seen.append(f"{size} {word}")
    print(f"{name}: {', '.join(seen)}")
END
cat >node/main.mjs <<'END'
import { WebSocket as ofUndici } from "undici";
import ofWs from "ws";

const [, , url, ...sizes] = process.argv;
for (const [name, WebSocket] of Object.entries({ ws: ofWs, undici: ofUndici })) {
    const seen = [];
    for (const size of sizes) {
        const socket = new WebSocket(`${url}/${size}`);
        seen.push(`${size} ` + await new Promise((resolve) => {
            socket.onmessage = () => resolve("read");
            socket.onerror = () => resolve("an error");
        }));
        socket.close();
    }
    console.log(`${name}: ${seen.join(", ")}`);
}
process.exit();
END
cat >expected <<'END'
coder: 30000 read, 40000 an error, 2000000 an error, 8000000 an error
gorilla: 30000 read, 40000 read, 2000000 read, 8000000 read
x/net: 30000 read, 40000 read, 2000000 read, 8000000 read
websockets: 30000 read, 40000 read, 2000000 an error, 8000000 an error
aiohttp: 30000 read, 40000 read, 2000000 read, 8000000 the loop ends
websocket-client: 30000 read, 40000 read, 2000000 read, 8000000 read
ws: 30000 read, 40000 read, 2000000 read, 8000000 read
undici: 30000 read, 40000 read, 2000000 read, 8000000 read
END

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check websockets==17.4 aiohttp==3.14.5 \
    websocket-client==1.9.2
(cd node && npm install --no-audit --no-fund --silent ws@8.23.0 undici@7.30.2)
(cd go && go mod tidy 2>/dev/null && go build -o reader .)

mkfifo port
venv/bin/python server.py >port 2>log &
server=$!
read -r number <port
url=ws://127.0.0.1:$number
sizes="30000 40000 2000000 8000000"
# shellcheck disable=SC2086 # several words
{
    go/reader "$url" $sizes
    venv/bin/python main.py "$url" $sizes
    node node/main.mjs "$url" $sizes
} | tee seen
diff expected seen
