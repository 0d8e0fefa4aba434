#!/bin/sh
# aiohttp 3.14.5, websocket-client 1.9.2, websockets 17.4 (PyPI); gorilla/websocket 1.5.3,
# coder/websocket 1.8.15 (Go); ws 8.23.0 (npm) on Node.js 20.20.2
#
# What becomes of a WebSocket whose client has only to send, as with measurements or
# sound, and so never reads. Many servers, and proxies between, look by a ping whether it
# lives (websockets and uvicorn each 20 s). RFC 6455 section 5.5.2 has a pong sent in
# answer, by the library, one thinks, since no application sees it. But in four of these
# the pong is sent by who reads: also in aiohttp, which has an event loop to do it
# in. So the server hears messages all the time and ends the connection for a pong
# that is missing; and three of the four tell the sender nothing: each further
# send succeeds, and nothing arrives any more. With the real intervals that begins
# after 40 s, which no test lasts.
# Who only sends has a task that reads beside (in coder/websocket CloseRead()).
#
# Seen on 1 December 2026, of 25 messages in 10 s, to a server that pings each 2 s and waits
# for 4 s:
#   aiohttp: not all arrive, an error
#   websocket-client: not all arrive, no error
#   websockets: all arrive, no error
#   websockets, threads: all arrive, no error
#   gorilla: not all arrive, no error
#   coder: not all arrive, no error
#   ws: all arrive, no error
#
# Needs python3 with venv, go, node 20 or later and npm. Exits with 0 if that is still so,
# else with 1.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

# Each client exits with 0 if no send failed.
cat >client.py <<'END'
import asyncio
import sys
import time

import aiohttp
import websocket
import websockets
from websockets.sync.client import connect

COUNT, PAUSE = 25, 0.4


async def by_aiohttp(url):
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket:
        for _ in range(COUNT):
            await socket.send_str("x")
            await asyncio.sleep(PAUSE)


async def by_websockets(url):
    async with websockets.connect(url) as socket:
        for _ in range(COUNT):
            await socket.send("x")
            await asyncio.sleep(PAUSE)


def in_threads(socket):
    for _ in range(COUNT):
        socket.send("x")
        time.sleep(PAUSE)


name, url = sys.argv[1:]
if name == "aiohttp":
    asyncio.run(by_aiohttp(url))
elif name == "websockets":
    asyncio.run(by_websockets(url))
elif name == "websockets, threads":
    with connect(url) as sender:
        in_threads(sender)
else:
    in_threads(websocket.create_connection(url))
END
cat >main.go <<'END'
package main

import (
	"context"
	"os"
	"time"

	"github.com/coder/websocket"
	gorilla "github.com/gorilla/websocket"
)

func check(err error) {
	if err != nil {
		os.Exit(1)
	}
}

func main() {
	var send func() error
	if os.Args[1] == "gorilla" {
		socket, _, err := gorilla.DefaultDialer.Dial(os.Args[2], nil)
		check(err)
		send = func() error { return socket.WriteMessage(gorilla.TextMessage, []byte("x")) }
	} else {
		socket, _, err := websocket.Dial(context.Background(), os.Args[2], nil)
		check(err)
		send = func() error { return socket.Write(context.Background(), websocket.MessageText, []byte("x")) }
	}
	for i := 0; i < 25; i++ {
		check(send())
		time.Sleep(400 * time.Millisecond)
	}
}
END
cat >client.mjs <<'END'
import WebSocket from "ws";

const socket = new WebSocket(process.argv[3]);
await new Promise((resolve) => socket.on("open", resolve));
for (let i = 0; i < 25; i++) {
    await new Promise((resolve, reject) => socket.send("x", (error) => (error ? reject(error) : resolve())));
    await new Promise((resolve) => setTimeout(resolve, 400));
}
socket.close();
END
cat >main.py <<'END'
import asyncio
import subprocess

import websockets

PYTHON = ["venv/bin/python", "client.py"]
CLIENTS = {
    "aiohttp": PYTHON,
    "websocket-client": PYTHON,
    "websockets": PYTHON,
    "websockets, threads": PYTHON,
    "gorilla": ["./client"],
    "coder": ["./client"],
    "ws": ["node", "client.mjs"],
}


async def run(name, command):
    """A server for each client, which counts what arrives."""
    count = 0

    async def count_all(socket):
        nonlocal count
        try:
            async for _ in socket:
                count += 1
        except websockets.ConnectionClosed:
            pass

    pings = {"ping_interval": 2, "ping_timeout": 4}
    async with websockets.serve(count_all, "127.0.0.1", 0, **pings) as server:
        port = server.sockets[0].getsockname()[1]
        client = await asyncio.create_subprocess_exec(
            *command, name, f"ws://127.0.0.1:{port}/", stderr=subprocess.DEVNULL
        )
        code = await client.wait()
        arrived = "all" if count == 25 else "not all"
        return f"{name}: {arrived} arrive, {'an' if code else 'no'} error"


async def main():
    for line in await asyncio.gather(*(run(*client) for client in CLIENTS.items())):
        print(line)


asyncio.run(main())
END
cat >expected <<'END'
aiohttp: not all arrive, an error
websocket-client: not all arrive, no error
websockets: all arrive, no error
websockets, threads: all arrive, no error
gorilla: not all arrive, no error
coder: not all arrive, no error
ws: all arrive, no error
END

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check aiohttp==3.14.5 websocket-client==1.9.2 \
    websockets==17.4
npm install --no-audit --no-fund --silent ws@8.23.0
go mod init finding 2>/dev/null
go get github.com/gorilla/websocket@v1.5.3 github.com/coder/websocket@v1.8.15 2>/dev/null
go build -o client main.go
venv/bin/python main.py | tee seen
diff expected seen
