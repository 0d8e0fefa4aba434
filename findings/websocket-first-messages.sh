#!/bin/sh
# ws 8.23.0, websocket 1.0.35, faye-websocket 0.11.4 (npm), simple-websocket 1.1.0 with wsproto 1.3.2
# (PyPI); beside them undici 7.30.2 (npm), websocket-client 1.9.2 (PyPI), Chromium 156.0.8078.114
# (Debian); Node.js 20.20.2
#
# Who has the first messages of a WebSocket whose server speaks first, as one does with a greeting,
# a session's id or what was missed, where the client waits for the connection and then listens:
#   await once(socket, "open"); socket.on("message", ...)
# In a browser that is safe: "open" and each message are tasks of their own (WHATWG's WebSockets
# standard), and what awaits the first runs before the second. In ws, websocket and
# faye-websocket the first segment's messages are emitted before it runs, and nobody listens yet:
# they are gone, without an error, also for ws's createWebSocketStream(). It takes a server's
# 101 and its first message in one segment: seldom so with a server on one's own machine, which
# makes two writes of it, and often behind a proxy, a tunnel or TLS, where they
# are joined. In ws 8.23 allowSynchronousEvents: false has it as in a browser.
# Who listens before anything is awaited has all of them. simple-websocket for Python, where
# receive() loses nothing in between, keeps what came with the 101 until more arrives: a
# client that waits for a greeting, to answer it, waits for ever.
#
# Seen on 1 December 2026, of the messages "first" and "second", in one segment with the 101,
# and two seconds later; in one segment there is a "third" after 6 s:
#   ws: listens at once first second, after open nothing; later first second
#   ws, as a stream: after open nothing; later first second
#   ws, allowSynchronousEvents false: listens at once first second, after open first second; later first second
#   websocket: listens at once first second, after open nothing; later first second
#   faye-websocket: listens at once first second, after open nothing; later first second
#   undici: listens at once first second, after open first second; later first second
#   chromium: listens at once first second, after open first second; later first second
#   simple-websocket: after open nothing, with the third first second third; later first second
#   websocket-client: after open first second, with the third third; later first second
#
# Needs python3 with venv, node 20 or later, npm and chromium. Exits with 0 if that is still so, else
# with 1.
set -eu
folder=$(mktemp -d)
server=
browser=
trap 'kill $server $browser 2>/dev/null || true; wait; rm -rf "$folder"' EXIT
cd "$folder"

cat >server.py <<'END'
import base64
import hashlib
import socketserver
import time
import urllib.parse


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        path = self.rfile.readline().split()[1].decode()
        fields = {}
        while (line := self.rfile.readline().strip()):
            name, _, value = line.decode().partition(": ")
            fields[name.lower()] = value
        if "sec-websocket-key" not in fields:
            if path.startswith("/told?"):
                with open("told", "w") as told:
                    told.write(urllib.parse.unquote(path[6:]) + "\n")
            with open("page.html", "rb") as file:
                page = file.read()
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n"
                             b"Content-Length: %d\r\n\r\n%s" % (len(page), page))
            return
        key = fields["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        accept = base64.b64encode(hashlib.sha1(key.encode()).digest())
        head = (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                b"Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n" % accept)
        messages = b"".join(b"\x81%c%s" % (len(text), text) for text in (b"first", b"second"))
        if path == "/joined":
            self.wfile.write(head + messages)
            time.sleep(6)
            self.wfile.write(b"\x81\x05third")
        else:
            self.wfile.write(head)
            time.sleep(2)
            self.wfile.write(messages)
        while self.rfile.read(1):
            pass


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass


server = Server(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
END

cat >page.html <<'END'
<body><script>
const base = location.href.replace("http", "ws");
const opened = (socket) => new Promise((go) => (socket.onopen = go));

async function seen(path, waits) {
    const socket = new WebSocket(base + path);
    const texts = [];
    if (waits) await opened(socket);
    socket.onmessage = ({ data }) => texts.push(data);
    await new Promise((go) => setTimeout(go, 4500));
    return texts.join(" ") || "nothing";
}

Promise.all([seen("joined", false), seen("joined", true), seen("later", true)]).then(
    ([now, after, later]) => fetch("/told?" + encodeURIComponent(
        `chromium: listens at once ${now}, after open ${after}; later ${later}`)));
</script></body>
END
cat >client.mjs <<'END'
import { once } from "node:events";
import faye from "faye-websocket";
import { WebSocket as OfUndici } from "undici";
import websocket from "websocket";
import WebSocket, { createWebSocketStream } from "ws";

const base = process.argv[2].replace("http", "ws");
const emitter = {
    opened: (socket) => once(socket, "open"),
    listen: (socket, take) => socket.on("message", (data) => take(data.data ?? data)),
};
const standard = {
    opened: (socket) => new Promise((go) => (socket.onopen = go)),
    listen: (socket, take) => (socket.onmessage = ({ data }) => take(data)),
};
const ways = {
    "ws": { ...emitter, start: (url) => new WebSocket(url) },
    "ws, as a stream": {
        ...emitter,
        onlyAfter: true,
        start: (url) => new WebSocket(url),
        listen: (socket, take) => createWebSocketStream(socket).on("data", take),
    },
    "ws, allowSynchronousEvents false": {
        ...emitter,
        start: (url) => new WebSocket(url, { allowSynchronousEvents: false }),
    },
    "websocket": { ...standard, start: (url) => new websocket.w3cwebsocket(url) },
    "faye-websocket": { ...standard, start: (url) => new faye.Client(url) },
    "undici": { ...standard, start: (url) => new OfUndici(url) },
};

async function seen({ start, opened, listen }, path, waits) {
    const socket = start(base + path);
    const texts = [];
    if (waits) await opened(socket);
    listen(socket, (data) => texts.push(String(data)));
    await new Promise((go) => setTimeout(go, 4500));
    return texts.join(" ") || "nothing";
}

for (const [name, way] of Object.entries(ways)) {
    const [now, after, later] = await Promise.all(
        [seen(way, "/joined", false), seen(way, "/joined", true), seen(way, "/later", true)]);
    const both = way.onlyAfter ? "" : `listens at once ${now}, `;
    console.log(`${name}: ${both}after open ${after}; later ${later}`);
}
process.exit();
END
cat >client.py <<'END'
import os
import sys
import time

import simple_websocket
import websocket

base = sys.argv[1].replace("http", "ws")


def receive_within(connection, seconds):
    """By simple-websocket, which gives None at its time limit."""
    return connection.receive(timeout=seconds)


def of_client(connection, seconds):
    connection.settimeout(seconds)
    try:
        return connection.recv()
    except websocket.WebSocketTimeoutException:
        return None


def texts(connection, receive, seconds):
    end = time.monotonic() + seconds
    seen = []
    while (left := end - time.monotonic()) > 0:
        if (text := receive(connection, left)) is not None:
            seen.append(text)
    return " ".join(seen) or "nothing"


for name, dial, receive in (
        ("simple-websocket", simple_websocket.Client, receive_within),
        ("websocket-client", websocket.create_connection, of_client)):
    joined = dial(base + "/joined")
    after = texts(joined, receive, 3)
    third = texts(joined, receive, 6)
    later = texts(dial(base + "/later"), receive, 5)
    print(f"{name}: after open {after}, with the third {third}; later {later}", flush=True)
os._exit(0)
END
cat >expected <<'END'
ws: listens at once first second, after open nothing; later first second
ws, as a stream: after open nothing; later first second
ws, allowSynchronousEvents false: listens at once first second, after open first second; later first second
websocket: listens at once first second, after open nothing; later first second
faye-websocket: listens at once first second, after open nothing; later first second
undici: listens at once first second, after open first second; later first second
chromium: listens at once first second, after open first second; later first second
simple-websocket: after open nothing, with the third first second third; later first second
websocket-client: after open first second, with the third third; later first second
END

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check simple-websocket==1.1.0 wsproto==1.3.2 \
    websocket-client==1.9.2
npm install --no-audit --no-fund --silent ws@8.23.0 websocket@1.0.35 faye-websocket@0.11.4 \
    undici@7.30.2

mkfifo port
python3 server.py >port &
server=$!
read -r number <port
url=http://127.0.0.1:$number
mkfifo told
chromium --headless --no-sandbox --disable-gpu --user-data-dir="$folder/profile" "$url/" \
    >/dev/null 2>&1 &
browser=$!
{
    node client.mjs "$url"
    cat told
    venv/bin/python client.py "$url"
} | tee seen
diff expected seen
