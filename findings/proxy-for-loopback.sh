#!/bin/sh
# requests 2.34.2, httpx 0.28.1, openai 3.57.0 (httpx2 2.16.2), aiohttp 3.14.5 (PyPI),
# CPython 3.11 (urllib.request), curl 7.88.1; Go 1.26.8 (net/http), Node.js 20.20.2
# (fetch), openai 6.49.0, axios 1.21.1 (npm)
#
# Whether a client asks the proxy of HTTP_PROXY for a server on 127.0.0.1, as on a
# machine in a company's network, where it cannot answer but for itself. Go never
# does; Node's fetch does not look at the variable. requests, httpx, urllib, curl and
# axios do, and so a model on one's own machine, or behind a tunnel's end there, is
# "502" or "403" to the OpenAI SDK for Python, and works with the same SDK for
# JavaScript. NO_PROXY helps if it is written the right way for each: a network
# (127.0.0.0/8) is not known to httpx, urllib and, with trust_env, aiohttp, and an
# address with its port not to requests, curl and aiohttp; what does not fit is
# passed over without a word. All know the address alone.
#
# Seen on 1 December 2026, with HTTP_PROXY, and NO_PROXY as given (none; 127.0.0.1;
# 127.0.0.0/8; 127.0.0.1 and the server's port):
#   requests: proxy; direct; direct; proxy
#   httpx: proxy; direct; proxy; direct
#   openai, python: proxy; direct; direct; direct
#   urllib: proxy; direct; proxy; direct
#   aiohttp: direct; direct; direct; direct
#   aiohttp, trust_env: proxy; direct; proxy; proxy
#   curl: proxy; direct; direct; proxy
#   axios: proxy; direct; direct; direct
#   fetch: direct; direct; direct; direct
#   openai, node: direct; direct; direct; direct
#   go: direct; direct; direct; direct
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
	"io"
	"net/http"
	"os"
)

func main() {
	response, err := http.Get(os.Args[1] + "/models")
	if err == nil {
		io.Copy(os.Stdout, response.Body)
	}
}
END
cat >main.mjs <<'END'
import axios from "axios";
import OpenAI from "openai";

const [, , name, base] = process.argv;
const ways = {
    axios: async () => (await axios.get(`${base}/models`)).data,
    fetch: async () => (await fetch(`${base}/models`)).json(),
    openai: async () => new OpenAI({ apiKey: "k", baseURL: base, maxRetries: 0 }).models.list(),
};
const { data } = await ways[name]();
process.stdout.write(JSON.stringify({ data }));
process.exit();
END
cat >main.py <<'END'
import asyncio
import http.server
import json
import os
import subprocess
import threading
import urllib.request

import aiohttp
import httpx
import openai
import requests


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        model = {"id": self.server.name, "object": "model", "created": 1, "owned_by": "x"}
        body = json.dumps({"object": "list", "data": [model]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def serve(name):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.name = name
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_port


async def by_aiohttp(base, trust_env):
    async with aiohttp.ClientSession(trust_env=trust_env) as session:
        async with session.get(f"{base}/models") as response:
            return await response.text()


def by_openai(base):
    client = openai.OpenAI(api_key="k", base_url=base, max_retries=0)
    return client.models.list().model_dump_json()


def by_program(*command):
    return lambda base: subprocess.run(
        [*command, base], check=True, capture_output=True, text=True
    ).stdout


clients = {
    "requests": lambda base: requests.get(f"{base}/models").text,
    "httpx": lambda base: httpx.get(f"{base}/models").text,
    "openai, python": by_openai,
    "urllib": lambda base: urllib.request.urlopen(f"{base}/models").read(),
    "aiohttp": lambda base: asyncio.run(by_aiohttp(base, False)),
    "aiohttp, trust_env": lambda base: asyncio.run(by_aiohttp(base, True)),
    "curl": lambda base: by_program("curl", "-s")(f"{base}/models"),
    "axios": by_program("node", "main.mjs", "axios"),
    "fetch": by_program("node", "main.mjs", "fetch"),
    "openai, node": by_program("node", "main.mjs", "openai"),
    "go": by_program("./go-client"),
}


def outcome(ask, base, exception):
    os.environ["no_proxy"] = os.environ["NO_PROXY"] = exception
    return json.loads(ask(base))["data"][0]["id"]


def main():
    port = serve("direct")
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        del os.environ[name]
    os.environ["http_proxy"] = os.environ["HTTP_PROXY"] = f"http://127.0.0.1:{serve('proxy')}"
    exceptions = ("", "127.0.0.1", "127.0.0.0/8", f"127.0.0.1:{port}")
    for name, ask in clients.items():
        words = (outcome(ask, f"http://127.0.0.1:{port}", exception) for exception in exceptions)
        print(f"{name}: {'; '.join(words)}", flush=True)


main()
END
cat >expected <<'END'
requests: proxy; direct; direct; proxy
httpx: proxy; direct; proxy; direct
openai, python: proxy; direct; direct; direct
urllib: proxy; direct; proxy; direct
aiohttp: direct; direct; direct; direct
aiohttp, trust_env: proxy; direct; proxy; proxy
curl: proxy; direct; direct; proxy
axios: proxy; direct; direct; direct
fetch: direct; direct; direct; direct
openai, node: direct; direct; direct; direct
go: direct; direct; direct; direct
END

go build -o go-client main.go
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check requests==2.34.2 httpx==0.28.1 \
    httpx2==2.16.2 openai==3.57.0 aiohttp==3.14.5
npm install --no-audit --no-fund --silent openai@6.49.0 axios@1.21.1
venv/bin/python main.py | tee seen
diff expected seen
