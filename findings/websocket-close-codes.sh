#!/bin/sh
# websocket-client 1.9.2, aiohttp 3.14.5, websockets 17.4 (PyPI), ws 8.23.0 (npm)
#
# How the usual loop of a client learns that a WebSocket ended, and of which code.
# websockets ends the loop for 1000, 1001 and no code, and raises for all else, as
# one expects of the others. They do not: aiohttp's loop and ws's stream end in
# the same way for each code, and for a connection that was cut, which is how a
# proxy shows that the other side is gone: the part looks like the whole. In
# aiohttp close_code tells afterwards, but it is 1006 also for a close frame that
# has no code, where it should be 1005 (RFC 6455 section 7.1.5) and where all was in
# order. websocket-client gives the close frame out as a message, "", which is also
# what an empty message looks like, and raises only after that; for a connection
# that was cut it raises at once.
# (In the browser's API, and in ws's, the close event has the code.)
#
# Seen on 30 November 2026, after the messages "a" and "b":
#   websockets: 1000 ends; no code ends; 1011 ConnectionClosedError; cut ConnectionClosedError
#   aiohttp: 1000 ends, 1000; no code ends, 1006; 1011 ends, 1011; cut ends, 1006
#   websocket-client: 1000 "" error; no code "" error; 1011 "" error; cut error
#   ws, as a stream: 1000 ends; no code ends; 1011 ends; cut ends
#
# Needs python3 with venv, node 18 or later and npm. Exits with 0 if that is still
# so, else with 1.
set -eu
folder=$(mktemp -d)
server=
trap 'kill $server 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"

# The path says how the server ends a connection.
cat >server.mjs <<'END'
import { WebSocketServer } from "ws";

const ends = {
    "/1000": (socket) => socket.close(1000),
    "/no-code": (socket) => socket.close(),
    "/1011": (socket) => socket.close(1011, "upstream is gone"),
    "/cut": (socket, connection) => connection.end(),
};
const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
server.on("listening", () => console.log(server.address().port));
server.on("connection", (socket, request) => {
    socket.on("error", () => {});
    socket.send("a");
    socket.send("b", () => ends[request.url](socket, request.socket));
});
END
cat >client.py <<'END'
import asyncio
import sys

import aiohttp
import websocket
import websockets

WAYS = {"1000": "1000", "no code": "no-code", "1011": "1011", "cut": "cut"}


async def by_websockets(url, messages):
    try:
        async with websockets.connect(url) as socket:
            async for message in socket:
                messages.append(message)
        return "ends"
    except websockets.ConnectionClosed as error:
        return type(error).__name__


async def by_aiohttp(url, messages):
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket:
        async for message in socket:
            messages.append(message.data)
        return f"ends, {int(socket.close_code)}"


async def by_websocket_client(url, messages):
    socket = websocket.create_connection(url)
    try:
        for message in socket:
            messages.append(message)
    except websocket.WebSocketException:
        rest = [f'"{message}"' for message in messages[2:]]
        del messages[2:]
        return " ".join([*rest, "error"])
    return "ends"


async def main():
    for ask in (by_websockets, by_aiohttp, by_websocket_client):
        words = []
        for name, path in WAYS.items():
            messages = []
            how = await ask(f"{sys.argv[1]}/{path}", messages)
            assert messages == ["a", "b"], messages
            words.append(f"{name} {how}")
        name = ask.__name__.removeprefix("by_").replace("_", "-")
        print(f"{name}: {'; '.join(words)}")


asyncio.run(main())
END
cat >client.mjs <<'END'
import WebSocket, { createWebSocketStream } from "ws";

const words = [];
for (const name of ["1000", "no code", "1011", "cut"]) {
    const socket = new WebSocket(`${process.argv[2]}/${name.replace(" ", "-")}`);
    let text = "";
    let how = "ends";
    try {
        for await (const part of createWebSocketStream(socket)) text += part;
    } catch (error) {
        how = error.name;
    }
    if (text !== "ab") how += ` after "${text}"`;
    words.push(`${name} ${how}`);
}
console.log(`ws, as a stream: ${words.join("; ")}`);
END
cat >expected <<'END'
websockets: 1000 ends; no code ends; 1011 ConnectionClosedError; cut ConnectionClosedError
aiohttp: 1000 ends, 1000; no code ends, 1006; 1011 ends, 1011; cut ends, 1006
websocket-client: 1000 "" error; no code "" error; 1011 "" error; cut error
ws, as a stream: 1000 ends; no code ends; 1011 ends; cut ends
END

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check websocket-client==1.9.2 \
    aiohttp==3.14.5 websockets==17.4
npm install --no-audit --no-fund --silent ws@8.23.0

mkfifo port
node server.mjs >port &
server=$!
read -r number <port
{
    venv/bin/python client.py "ws://127.0.0.1:$number"
    node client.mjs "ws://127.0.0.1:$number"
} | tee seen
diff expected seen
