#!/bin/sh
# httpx 0.28.1, groq 1.7.0, openai 3.57.0 (httpx2 2.16.2), requests 2.34.2, aiohttp 3.14.5
# (PyPI), Node.js 20.20.2, Go 1.26.8, curl 7.88.1, Chromium 156.0.8078.114 and Firefox ESR
# 153.8.0 (Debian)
#
# What clients make of a body with Content-Encoding: gzip that has several members.
# gzip is a sequence of them, one behind the other (RFC 1952 section 2.2, to which RFC
# 9110 section 8.4.1.3 refers), and a server makes such a body easily: whoever
# compresses each event by itself, so that it leaves at once, or joins files that are
# compressed already. Node, Go, requests and aiohttp read all of it. httpx, httpx2, curl
# and both browsers end with the first member and throw away what follows: no error,
# and the status is 200. The SDKs for Python stand on the first two, so the answer of a
# model has one word, and those of another language have it whole.
# A server that streams makes one member and flushes it (Z_SYNC_FLUSH).
#
# Seen on 1 December 2026, of the body "abc":
#   one member, flushed: go abc, node abc, requests abc, aiohttp abc, curl abc,
#     httpx abc, openai abc, groq abc, chromium abc, firefox abc
#   three members: go abc, node abc, requests abc, aiohttp abc, curl a,
#     httpx a, openai a, groq a, chromium a, firefox a
#
# Needs python3 with venv, go, node 20 or later, curl, chromium and firefox-esr. Exits
# with 0 if that is still so, else with 1.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat >main.go <<'END'
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
)

func main() {
	response, err := http.Get(os.Args[1])
	if err != nil {
		fmt.Print(err)
		return
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		fmt.Print(err)
		return
	}
	fmt.Print(string(body))
}
END
cat >main.mjs <<'END'
process.stdout.write(await (await fetch(process.argv[2])).text());
END
cat >main.py <<'END'
import asyncio
import gzip
import http.server
import json
import os
import queue
import signal
import subprocess
import tempfile
import threading
import zlib

import aiohttp
import groq
import httpx
import openai
import requests

PAGE = """<!doctype html><script>
const tell = (word) => fetch("/told", { method: "POST", body: word });
fetch("/WAY/words").then((response) => response.text()).then(tell, tell);
</script>"""
asked = {"model": "m", "messages": [{"role": "user", "content": "x"}], "stream": True}
told = queue.Queue()


def compressed(way, parts):
    """The pieces of the body, one for each part."""
    if way == "members":
        yield from map(gzip.compress, parts)
        return
    one = zlib.compressobj(wbits=31)
    for part in parts:
        yield one.compress(part) + one.flush(zlib.Z_SYNC_FLUSH)
    yield one.flush()


def events():
    for word in "abc":
        choice = {"index": 0, "delta": {"content": word}, "finish_reason": None}
        chunk = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
        yield f"data: {json.dumps({**chunk, 'choices': [choice]})}\n\n".encode()
    yield b"data: [DONE]\n\n"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, kind, pieces, coding=None):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        if coding:
            self.send_header("Content-Encoding", coding)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
        self.wfile.write(body + b"0\r\n\r\n")

    def do_GET(self):
        way = self.path.split("/")[1]
        if self.path.endswith("/words"):
            self.answer("text/plain", compressed(way, (b"a", b"b", b"c")), "gzip")
        else:
            self.answer("text/html", [PAGE.replace("WAY", way).encode()])

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/told":
            told.put(body.decode())
            self.answer("text/plain", [b"x"])
        else:
            self.answer("text/event-stream", compressed(self.path.split("/")[1], events()), "gzip")

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *_):
        pass  # a browser that is ended resets its connections


async def with_aiohttp(url):
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return await response.text()


def by_program(*command):
    return lambda base: subprocess.run(
        [*command, f"{base}/words"], capture_output=True, text=True
    ).stdout


def by_sdk(client):
    def ask(base):
        kept = client(api_key="k", base_url=base, max_retries=0)
        return "".join(
            chunk.choices[0].delta.content for chunk in kept.chat.completions.create(**asked)
        )

    return ask


def by_browser(*command):
    def ask(base):
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
            words = [word.replace("PROFILE", profile) for word in command]
            browser = subprocess.Popen(
                [*words, base], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                start_new_session=True, env={**os.environ, "HOME": profile},
            )
            try:
                return told.get(timeout=120)
            finally:
                os.killpg(browser.pid, signal.SIGTERM)
                browser.wait()

    return ask


clients = {
    "go": by_program("./go-client"),
    "node": by_program("node", "main.mjs"),
    "requests": lambda base: requests.get(f"{base}/words").text,
    "aiohttp": lambda base: asyncio.run(with_aiohttp(f"{base}/words")),
    "curl": by_program("curl", "-s", "--compressed"),
    "httpx": lambda base: httpx.get(f"{base}/words").text,
    "openai": by_sdk(openai.OpenAI),
    "groq": by_sdk(groq.Groq),
    "chromium": by_browser(
        "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--user-data-dir=PROFILE"
    ),
    "firefox": by_browser("firefox-esr", "--headless", "--profile", "PROFILE"),
}


def main():
    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for name, way in (("one member, flushed", "flushed"), ("three members", "members")):
        base = f"http://127.0.0.1:{server.server_port}/{way}"
        print(f"{name}: " + ", ".join(f"{client} {ask(base)}" for client, ask in clients.items()))


main()
END
cat >expected <<'END'
one member, flushed: go abc, node abc, requests abc, aiohttp abc, curl abc, httpx abc, openai abc, groq abc, chromium abc, firefox abc
three members: go abc, node abc, requests abc, aiohttp abc, curl a, httpx a, openai a, groq a, chromium a, firefox a
END

go build -o go-client main.go
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check httpx==0.28.1 openai==3.57.0 \
    httpx2==2.16.2 groq==1.7.0 requests==2.34.2 aiohttp==3.14.5
venv/bin/python main.py | tee seen
diff expected seen
