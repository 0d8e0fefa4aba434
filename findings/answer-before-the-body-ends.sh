#!/bin/sh
# requests 2.34.2, urllib3 2.8.0, httpx 0.28.1, openai 3.57.0 and anthropic 2.14.0 (httpx2
# 2.16.2), aiohttp 3.14.5 (PyPI); Node.js 20.20.2, axios 1.21.1, got 14.6.6 (npm); Go
# 1.26.8; curl 7.88.1
#
# An upload that the server answers before it has all of it, with 413 or 401, and of
# which it then reads no more: the answer is there, with its Content-Length, and the
# connection stays open. RFC 9112 section 9.5 has a client that sends a body look out
# for that. aiohttp, Node, Go and curl do. In all others for Python each byte is written
# first: when the sockets' buffers are full the call waits, with the answer unread
# beside it, until its time limit, which requests has none of; then it says that
# it timed out, and what is wrong, a file too large or a key, is lost. httpx
# is no better for being asynchronous. A small body fits the buffers, so
# only large ones show it.
# A server that refuses an upload reads on, and so must a proxy in front of it.
#
# Seen on 1 December 2026, of 20 MB, with a time limit of 5 s:
#   requests: reads on 413, reads no more timeout
#   urllib3: reads on 413, reads no more timeout
#   httpx: reads on 413, reads no more timeout
#   httpx, asynchronous: reads on 413, reads no more timeout
#   openai: reads on 413, reads no more timeout
#   anthropic: reads on 413, reads no more timeout
#   aiohttp: reads on 413, reads no more 413
#   fetch: reads on 413, reads no more 413
#   axios: reads on 413, reads no more 413
#   got: reads on 413, reads no more 413
#   go: reads on 413, reads no more 413
#   curl: reads on 413, reads no more 413
#
# Needs python3 with venv, node 20 or later, npm, go and curl. Exits with 0 if that is
# still so, else with 1.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat >main.go <<'END'
package main

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
)

func main() {
	body := bytes.NewReader(make([]byte, 20_000_000))
	response, err := http.Post(os.Args[1], "application/octet-stream", body)
	if err != nil {
		fmt.Print(err)
		return
	}
	fmt.Print(response.StatusCode)
}
END
cat >main.mjs <<'END'
import axios from "axios";
import got from "got";

const [, , name, url] = process.argv;
const body = Buffer.alloc(20_000_000);
const ways = {
    fetch: async () => (await fetch(url, { method: "POST", body })).status,
    axios: async () => (await axios.post(url, body, { validateStatus: null })).status,
    got: async () => (await got.post(url, { body, throwHttpErrors: false })).statusCode,
};
process.stdout.write(String(await ways[name]()));
process.exit();
END
cat >main.py <<'END'
import asyncio
import socketserver
import subprocess
import threading

import aiohttp
import anthropic
import httpx
import openai
import requests
import urllib3

BODY = bytes(20_000_000)
ANSWER = b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 9\r\n\r\ntoo large"
LIMIT = 5
over = threading.Event()


def handler(reads_on):
    class Handler(socketserver.StreamRequestHandler):
        def handle(self):
            while self.rfile.readline() != b"\r\n":
                pass
            self.wfile.write(ANSWER)
            try:
                while reads_on and self.connection.recv(65536):
                    pass
            except OSError:
                pass
            over.wait()

    return Handler


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True


async def by_async_httpx(url):
    async with httpx.AsyncClient(timeout=LIMIT) as client:
        return (await client.post(url, content=BODY)).status_code


async def by_aiohttp(url):
    limit = aiohttp.ClientTimeout(total=LIMIT)
    async with aiohttp.ClientSession(timeout=limit) as session:
        async with session.post(url, data=BODY) as response:
            return response.status


def by_openai(url):
    client = openai.OpenAI(api_key="k", base_url=url, max_retries=0, timeout=LIMIT)
    try:
        client.audio.transcriptions.create(model="m", file=("a.wav", BODY))
    except openai.APIStatusError as error:
        return error.status_code


def by_anthropic(url):
    client = anthropic.Anthropic(api_key="k", base_url=url, max_retries=0, timeout=LIMIT)
    asked = [{"role": "user", "content": "x" * len(BODY)}]
    try:
        client.messages.create(model="m", max_tokens=9, messages=asked)
    except anthropic.APIStatusError as error:
        return error.status_code


def by_program(*command):
    def ask(url):
        done = subprocess.run([*command, url], capture_output=True, text=True, timeout=60)
        return done.stdout

    return ask


clients = {
    "requests": lambda url: requests.post(url, data=BODY, timeout=LIMIT).status_code,
    "urllib3": lambda url: urllib3.request(
        "POST", url, body=BODY, timeout=LIMIT, retries=False
    ).status,
    "httpx": lambda url: httpx.post(url, content=BODY, timeout=LIMIT).status_code,
    "httpx, asynchronous": lambda url: asyncio.run(by_async_httpx(url)),
    "openai": by_openai,
    "anthropic": by_anthropic,
    "aiohttp": lambda url: asyncio.run(by_aiohttp(url)),
    "fetch": by_program("node", "main.mjs", "fetch"),
    "axios": by_program("node", "main.mjs", "axios"),
    "got": by_program("node", "main.mjs", "got"),
    "go": by_program("./go-client"),
    "curl": by_program(
        "curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-H", "Expect:",
        "--data-binary", "@body",
    ),
}


def outcome(ask, url):
    try:
        return ask(url)
    except Exception as error:
        words = f"{type(error).__name__} {error}".lower()
        return "timeout" if "timed out" in words or "timeout" in words else "error"


def main():
    with open("body", "wb") as file:
        file.write(BODY)
    urls = {}
    for words, reads_on in (("reads on", True), ("reads no more", False)):
        server = Server(("127.0.0.1", 0), handler(reads_on))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        urls[words] = f"http://127.0.0.1:{server.server_address[1]}/"
    for name, ask in clients.items():
        words = (f"{words} {outcome(ask, url)}" for words, url in urls.items())
        print(f"{name}: {', '.join(words)}", flush=True)


main()
END
cat >expected <<'END'
requests: reads on 413, reads no more timeout
urllib3: reads on 413, reads no more timeout
httpx: reads on 413, reads no more timeout
httpx, asynchronous: reads on 413, reads no more timeout
openai: reads on 413, reads no more timeout
anthropic: reads on 413, reads no more timeout
aiohttp: reads on 413, reads no more 413
fetch: reads on 413, reads no more 413
axios: reads on 413, reads no more 413
got: reads on 413, reads no more 413
go: reads on 413, reads no more 413
curl: reads on 413, reads no more 413
END

go build -o go-client main.go
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check requests==2.34.2 urllib3==2.8.0 \
    httpx==0.28.1 httpx2==2.16.2 openai==3.57.0 anthropic==2.14.0 aiohttp==3.14.5
npm install --no-audit --no-fund --silent axios@1.21.1 got@14.6.6
venv/bin/python main.py | tee seen
diff expected seen
