#!/bin/sh
# aiohttp 3.14.5 (PyPI), OpenJDK 17.0.15 (java.net.http), Go 1.26.8 (net/http), curl 7.88.1;
# CPython 3.11 (http.server)
#
# How long a client that asks first (Expect: 100-continue, so as not to send a large file to
# who does not want it) waits for "100 Continue", from a server that sends none. One
# of HTTP/1.0 does not know it, and a handler on Python's http.server, as most small
# servers and mocks are, is one; others send it only when the application reads. RFC 9110
# section 10.1.1 has the client wait for no indefinite time, and then send. curl and Go
# do so after a second. aiohttp (expect100=True) and Java (expectContinue(true)) wait
# for ever: the server waits for the body and the client for the server, until a time limit
# of one of them, which Java has none of if none is set, and aiohttp one of five minutes.
# With any server that says 100 there is no difference, so tests show nothing.
#
# Seen on 1 December 2026, with a time limit of 10 s in the client:
#   http.server, HTTP/1.0: aiohttp waits, java waits, go sends, curl sends
#   http.server, HTTP/1.1: aiohttp sends, java sends, go sends, curl sends
#
# Needs python3 with venv, a JDK of 17 or later, go and curl. Exits with 0 if that is still
# so, else with 1.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

# Each client prints what the server had of the body, or nothing after 10 s.
cat >ask.py <<'END'
import asyncio
import sys

import aiohttp


async def main():
    limit = aiohttp.ClientTimeout(total=10)
    async with aiohttp.ClientSession(timeout=limit) as session:
        try:
            async with session.post(sys.argv[1], data=b"hello", expect100=True) as response:
                print(await response.text())
        except asyncio.TimeoutError:
            pass


asyncio.run(main())
END
cat >Ask.java <<'END'
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.time.Duration;

public class Ask {
    public static void main(String[] words) throws Exception {
        var client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
        var request = HttpRequest.newBuilder(URI.create(words[0]))
                .expectContinue(true)
                .timeout(Duration.ofSeconds(10))
                .POST(HttpRequest.BodyPublishers.ofString("hello"))
                .build();
        try {
            System.out.println(client.send(request, HttpResponse.BodyHandlers.ofString()).body());
        } catch (HttpTimeoutException error) {
            // prints nothing
        }
    }
}
END
cat >ask.go <<'END'
package main

import (
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

func main() {
	request, err := http.NewRequest("POST", os.Args[1], strings.NewReader("hello"))
	if err != nil {
		panic(err)
	}
	request.Header.Set("Expect", "100-continue")
	client := http.Client{Timeout: 10 * time.Second}
	if response, err := client.Do(request); err == nil {
		io.Copy(os.Stdout, response.Body)
	}
}
END
cat >main.py <<'END'
import http.server
import subprocess
import threading

CLIENTS = {
    "aiohttp": ["venv/bin/python", "ask.py"],
    "java": ["java", "Ask"],
    "go": ["./ask"],
    "curl": ["curl", "-s", "-m", "10", "-H", "Expect: 100-continue", "-d", "hello"],
}


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *_):
        pass  # who has given up


for version in ("HTTP/1.0", "HTTP/1.1"):
    Handler.protocol_version = version
    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    words = []
    for name, command in CLIENTS.items():
        url = f"http://127.0.0.1:{server.server_port}/"
        done = subprocess.run([*command, url], stdout=subprocess.PIPE, text=True, check=False)
        words.append(f"{name} {'sends' if done.stdout.strip() == 'hello' else 'waits'}")
    print(f"http.server, {version}: {', '.join(words)}", flush=True)
END
cat >expected <<'END'
http.server, HTTP/1.0: aiohttp waits, java waits, go sends, curl sends
http.server, HTTP/1.1: aiohttp sends, java sends, go sends, curl sends
END

javac Ask.java
go build -o ask ask.go
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check aiohttp==3.14.5
python3 main.py | tee seen
diff expected seen
