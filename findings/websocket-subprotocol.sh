#!/bin/sh
# ws 8.23.0, undici 7.30.2 (npm); Chromium 156.0.8078.114 (Debian); websocket-client 1.9.2,
# websockets 17.4, aiohttp 3.14.5 (PyPI); gorilla/websocket 1.5.3, coder/websocket 1.8.15,
# golang.org/x/net 0.60.0 (Go 1.26.8); OpenJDK 17.0.15 (java.net.http)
#
# What a WebSocket client that asks for subprotocols ("one" and "two"), as one does also to
# send a key along from a browser, makes of the server's choice. A server may choose none of
# them and say nothing, and most libraries do so if they are not told more. By RFC 6455
# (section 4.2.2) the connection is then one without a subprotocol; by the WHATWG's
# WebSockets standard (establish a WebSocket connection) it fails. So a server that is tested
# with clients in Python, Go and Java is broken for each browser, and for ws. In
# golang.org/x/net the field that holds the choice goes on to hold both that were asked for.
# One that was never offered has the client fail (RFC 6455 section 4.1). aiohttp and gorilla
# go on: the first says that there is none, though the server speaks it, and the second
# that it is that one, so whoever looks at it with two cases takes the wrong one.
# The choice is for the application to look at, and a proxy passes it on as it is.
#
# Seen on 1 December 2026:
#   chromium: first one, none an error, another an error
#   ws: first one, none an error, another an error
#   undici: first one, none an error, another an error
#   websocket-client: first one, none an error, another an error
#   websockets: first one, none "", another an error
#   aiohttp: first one, none "", another ""
#   gorilla: first one, none "", another other
#   coder: first one, none "", another an error
#   x/net: first one, none one two, another an error
#   java: first one, none "", another an error
#
# Needs chromium, python3 with venv, go, node 20 or later, npm and a JDK of 17 or later. Exits
# with 0 if that is still so, else with 1.
set -eu
folder=$(mktemp -d)
server=
trap 'kill $server 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"

mkdir go java node
cat >server.py <<'END'
import base64
import hashlib
import http.server

SUFFIX = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
CHOICES = {"first": "one", "none": None, "another": "other"}
PAGE = """<!doctype html><script type="module">
import { watch } from "/watch.mjs";
await fetch("/told/" + await watch("chromium", WebSocket, "ws://" + location.host));
</script>"""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        name = self.path.strip("/")
        if name in CHOICES:
            return self.upgrade(CHOICES[name])
        if name.startswith("told/"):
            with open("told", "w") as file:
                file.write(name.removeprefix("told/"))
        script = name == "watch.mjs"
        body = open(name).read() if script else PAGE
        self.send_response(200)
        self.send_header("Content-Type", "text/javascript" if script else "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def upgrade(self, choice):
        key = self.headers["Sec-WebSocket-Key"] + SUFFIX
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        accepted = base64.b64encode(hashlib.sha1(key.encode()).digest())
        self.send_header("Sec-WebSocket-Accept", accepted.decode())
        if choice:
            self.send_header("Sec-WebSocket-Protocol", choice)
        self.end_headers()
        self.close_connection = True
        try:
            self.rfile.read(1)
            self.wfile.write(b"\x88\x02\x03\xe8")  # a close frame, 1000
        except OSError:
            pass

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
END
cat >watch.mjs <<'END'
// What a class after the browsers' WebSocket says of each of the server's choices.
export async function watch(name, WebSocket, base) {
    const seen = [];
    for (const choice of ["first", "none", "another"]) {
        const socket = new WebSocket(`${base}/${choice}`, ["one", "two"]);
        seen.push(`${choice} ` + await new Promise((resolve) => {
            socket.onopen = () => resolve(socket.protocol || '""');
            socket.onerror = () => resolve("an error");
        }));
        socket.close();
    }
    return `${name}: ${seen.join(", ")}`;
}
END
cat >node/main.mjs <<'END'
import { WebSocket as ofUndici } from "undici";
import ofWs from "ws";
import { watch } from "../watch.mjs";

console.log(await watch("ws", ofWs, process.argv[2]));
console.log(await watch("undici", ofUndici, process.argv[2]));
process.exit();
END
cat >main.py <<'END'
import asyncio
import sys

import aiohttp
import websocket
import websockets


async def of_websocket_client(url):
    connection = websocket.create_connection(url, subprotocols=["one", "two"])
    choice = connection.getsubprotocol()
    connection.shutdown()
    return choice


async def of_websockets(url):
    async with websockets.connect(url, subprotocols=["one", "two"]) as connection:
        return connection.subprotocol


async def of_aiohttp(url):
    async with aiohttp.ClientSession() as session:
        async with session.ws_connect(url, protocols=("one", "two")) as connection:
            return connection.protocol


ways = {
    "websocket-client": of_websocket_client,
    "websockets": of_websockets,
    "aiohttp": of_aiohttp,
}
for name, way in ways.items():
    seen = []
    for choice in ("first", "none", "another"):
        try:
            word = asyncio.run(way(f"{sys.argv[1]}/{choice}")) or '""'
        except (websocket.WebSocketException, websockets.NegotiationError):
            word = "an error"
        seen.append(f"{choice} {word}")
    print(f"{name}: {', '.join(seen)}")
END
cat >go/go.mod <<'END'
module dialer

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

var asked = []string{"one", "two"}

func ofGorilla(url string) (string, error) {
	dialer := gorilla.Dialer{Subprotocols: asked}
	connection, _, err := dialer.Dial(url, nil)
	if err != nil {
		return "", err
	}
	defer connection.Close()
	return connection.Subprotocol(), nil
}

func ofCoder(url string) (string, error) {
	connection, _, err := coder.Dial(context.Background(), url, &coder.DialOptions{Subprotocols: asked})
	if err != nil {
		return "", err
	}
	defer connection.CloseNow()
	return connection.Subprotocol(), nil
}

func ofX(url string) (string, error) {
	config, err := x.NewConfig(url, "http://localhost")
	if err != nil {
		return "", err
	}
	config.Protocol = asked
	connection, err := x.DialConfig(config)
	if err != nil {
		return "", err
	}
	defer connection.Close()
	return strings.Join(connection.Config().Protocol, " "), nil
}

func main() {
	ways := []struct {
		name string
		way  func(string) (string, error)
	}{{"gorilla", ofGorilla}, {"coder", ofCoder}, {"x/net", ofX}}
	for _, client := range ways {
		var seen []string
		for _, choice := range []string{"first", "none", "another"} {
			word, err := client.way(os.Args[1] + "/" + choice)
			if err != nil {
				word = "an error"
			} else if word == "" {
				word = `""`
			}
			seen = append(seen, choice+" "+word)
		}
		fmt.Printf("%s: %s\n", client.name, strings.Join(seen, ", "))
	}
}
END
cat >java/Main.java <<'END'
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.util.StringJoiner;
import java.util.concurrent.CompletionException;

/** Says which subprotocol is in use at each of the server's choices. */
public class Main {
    public static void main(String[] arguments) {
        var seen = new StringJoiner(", ", "java: ", "");
        for (var choice : new String[] { "first", "none", "another" }) {
            var url = URI.create(arguments[0] + "/" + choice);
            seen.add(choice + " " + choose(url));
        }
        System.out.println(seen);
        System.exit(0);
    }

    static String choose(URI url) {
        try {
            var socket = HttpClient.newHttpClient().newWebSocketBuilder()
                .subprotocols("one", "two").buildAsync(url, new WebSocket.Listener() { }).join();
            var word = socket.getSubprotocol();
            socket.abort();
            return word.isEmpty() ? "\"\"" : word;
        } catch (CompletionException error) {
            return "an error";
        }
    }
}
END
cat >expected <<'END'
chromium: first one, none an error, another an error
ws: first one, none an error, another an error
undici: first one, none an error, another an error
websocket-client: first one, none an error, another an error
websockets: first one, none "", another an error
aiohttp: first one, none "", another ""
gorilla: first one, none "", another other
coder: first one, none "", another an error
x/net: first one, none one two, another an error
java: first one, none "", another an error
END

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check websocket-client==1.9.2 websockets==17.4 \
    aiohttp==3.14.5
(cd node && npm install --no-audit --no-fund --silent ws@8.23.0 undici@7.30.2)
(cd go && go mod tidy 2>/dev/null && go build -o dialer .)
(cd java && javac Main.java)

mkfifo port
python3 server.py >port 2>log &
server=$!
read -r number <port
url=ws://127.0.0.1:$number
HOME=$folder chromium --headless --no-sandbox --disable-gpu --user-data-dir="$folder/profile" \
    "http://127.0.0.1:$number/" >/dev/null 2>&1 &
browser=$!
for _ in $(seq 120); do
    [ ! -f told ] || break
    sleep 0.5
done
kill "$browser"
wait "$browser" || true
{
    python3 -c 'import urllib.parse; print(urllib.parse.unquote(open("told").read()))'
    node node/main.mjs "$url"
    venv/bin/python main.py "$url"
    go/dialer "$url"
    java -cp java Main "$url"
} | tee seen
diff expected seen
