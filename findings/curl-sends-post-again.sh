#!/bin/sh
# curl 7.88.1 (Debian); pycurl 7.49.0 (libcurl 8.23.0), curl_cffi 0.17.0 (libcurl 8.23.0),
# requests 2.34.2, httpx 0.28.1, aiohttp 3.14.5 (PyPI); Node.js 20.20.2; Go 1.26.8
#
# Whose POST a server sees twice, though its caller asked once. Where the server closes
# the connection after the request, and before the first byte of an answer, nobody
# can know whether it was carried out; so RFC 9110 section 9.2.2 has a client not send
# a POST again by itself. libcurl does, at once and without a word, if the connection
# had served a request before (--retry has nothing to do with it; with -v it says
# "retrying a fresh connect"); what is printed is the second answer, as if there had been
# one. On a new connection the same is an error. So a program that keeps its
# handle has a job started twice when the server fails in the middle of it, a test
# with one call of curl does not show it, and none of the other clients does it. Only
# a body that cannot be read again, as of a pipe, is not sent again.
#
# Seen on 1 December 2026, how often the server has seen a POST, and what it came to
# (new connection; one that has served a GET; the same with a reset):
#   curl: 1 error; 2 ok; 2 ok
#   pycurl: 1 error; 2 ok; 2 ok
#   curl_cffi: 1 error; 2 ok; 2 ok
#   requests: 1 error; 1 error; 1 error
#   httpx: 1 error; 1 error; 1 error
#   aiohttp: 1 error; 1 error; 1 error
#   node: 1 error; 1 error; 1 error
#   go: 1 error; 1 error; 1 error
#
# Needs python3 with venv, curl, go and node 20 or later. Exits with 0 if that is still
# so, else with 1.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

# Of each client: /first is answered; of the others the first is not.
cat >main.go <<'END'
package main

import (
	"io"
	"net/http"
	"os"
	"strings"
)

func main() {
	for _, url := range os.Args[1:] {
		var response *http.Response
		var err error
		if strings.HasSuffix(url, "/first") {
			response, err = http.Get(url)
		} else {
			response, err = http.Post(url, "text/plain", strings.NewReader("x"))
		}
		if err != nil {
			os.Exit(1)
		}
		io.Copy(io.Discard, response.Body)
		response.Body.Close()
	}
}
END
cat >main.mjs <<'END'
for (const url of process.argv.slice(2)) {
    const init = url.endsWith("/first") ? {} : { method: "POST", body: "x" };
    await (await fetch(url, init)).text();
    await new Promise((resolve) => setTimeout(resolve, 50)); // it has its connection back
}
END
cat >main.py <<'END'
import asyncio
import io
import socketserver
import struct
import socket
import subprocess
import threading

import aiohttp
import curl_cffi.requests
import httpx
import pycurl
import requests

seen = {}


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        while request_line := self.rfile.readline():
            length = 0
            while (line := self.rfile.readline()) not in (b"\r\n", b""):
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
            self.rfile.read(length)
            path = request_line.split()[1].decode()
            if not path.endswith("/first"):
                seen[path] = seen.get(path, 0) + 1
                if seen[path] == 1:
                    if "reset" in path:
                        at_once = struct.pack("ii", 1, 0)
                        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
                    break
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    def finish(self):
        pass


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def shutdown_request(self, request):
        request.close()  # and no FIN before that


def by_program(*command):
    return lambda *urls: subprocess.run([*command, *urls], check=True, capture_output=True)


def by_curl(*urls):
    words = ["curl", "-sSf"]
    for url in urls:
        if not url.endswith("/first"):
            words += ["--next", "-sSf"] if len(urls) > 1 else []
            words += ["-d", "x"]
        words.append(url)
    subprocess.run(words, check=True, capture_output=True)


def by_pycurl(*urls):
    handle = pycurl.Curl()
    for url in urls:
        handle.setopt(pycurl.URL, url)
        handle.setopt(pycurl.WRITEDATA, io.BytesIO())
        if not url.endswith("/first"):
            handle.setopt(pycurl.POSTFIELDS, "x")
        handle.perform()


def by_session(session):
    def ask(*urls):
        with session() as kept:
            for url in urls:
                kept.get(url) if url.endswith("/first") else kept.post(url, data={"x": "x"})

    return ask


def by_aiohttp(*urls):
    async def run():
        async with aiohttp.ClientSession() as kept:
            for url in urls:
                method = "GET" if url.endswith("/first") else "POST"
                async with kept.request(method, url) as response:
                    await response.read()

    asyncio.run(run())


clients = {
    "curl": by_curl,
    "pycurl": by_pycurl,
    "curl_cffi": by_session(curl_cffi.requests.Session),
    "requests": by_session(requests.Session),
    "httpx": by_session(httpx.Client),
    "aiohttp": by_aiohttp,
    "node": by_program("node", "main.mjs"),
    "go": by_program("./go-client"),
}


def outcome(ask, base, path, *before):
    try:
        ask(*before, base + path)
        word = "ok"
    except Exception:
        word = "error"
    return f"{seen[path]} {word}"


def main():
    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_address[1]}"
    for name, ask in clients.items():
        first = f"{base}/first"
        words = (
            outcome(ask, base, f"/{name}/new"),
            outcome(ask, base, f"/{name}/used", first),
            outcome(ask, base, f"/{name}/reset", first),
        )
        print(f"{name}: {'; '.join(words)}")


main()
END
cat >expected <<'END'
curl: 1 error; 2 ok; 2 ok
pycurl: 1 error; 2 ok; 2 ok
curl_cffi: 1 error; 2 ok; 2 ok
requests: 1 error; 1 error; 1 error
httpx: 1 error; 1 error; 1 error
aiohttp: 1 error; 1 error; 1 error
node: 1 error; 1 error; 1 error
go: 1 error; 1 error; 1 error
END

go build -o go-client main.go
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check pycurl==7.49.0 curl_cffi==0.17.0 \
    requests==2.34.2 httpx==0.28.1 aiohttp==3.14.5
venv/bin/python main.py | tee seen
diff expected seen
