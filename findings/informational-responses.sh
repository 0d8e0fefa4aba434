#!/bin/sh
# requests 2.34.2 (urllib3 2.8.0), httpx 0.28.1, aiohttp 3.14.5 (PyPI), CPython 3.11.2
# and 3.11.7 (http.client, and so urllib.request), Node.js 20.20.2 (undici 6.24.1) and
# undici 7.30.2 (npm)
#
# What clients make of an informational response before the final one, as a server
# or a proxy may send to say that it is still at work, or what to load meanwhile. A
# client must be able to parse any of them, asked for or not, and go on to the final
# one (RFC 9110 section 15.2). CPython's http.client skips 100 alone: 102 and 103
# are the answer to it. requests then returns a response with an empty body for
# which ok is true and raise_for_status() raises nothing; what the server really
# said is thrown away with the connection. Node's fetch is the other way round:
# it skips 102 and 103, and fails for a 100 that it did not ask for.
# So no informational response is safe with both: a server sends none that was not
# asked for, and a proxy, which has to pass on what comes, needs a way not to.
#
# Seen on 30 November 2026 (the final response is 200 with the body "ok"):
#   100: urllib 200 ok, requests 200 ok, httpx 200 ok, aiohttp 200 ok
#   102: urllib HTTPError 102, requests 102 "" ok=True, httpx 200 ok, aiohttp 200 ok
#   103: urllib HTTPError 103, requests 103 "" ok=True, httpx 200 ok, aiohttp 200 ok
#   100: fetch TypeError: bad response, undici 7 TypeError: bad response, http.get 200 ok
#   102: fetch 200 ok, undici 7 200 ok, http.get 200 ok
#   103: fetch 200 ok, undici 7 200 ok, http.get 200 ok
#
# Needs python3 with venv, node 20 or later and npm. Exits with 0 if that is still
# so, else with 1.
set -eu
folder=$(mktemp -d)
server=
trap 'kill $server 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"

# The path is the status of the informational response.
cat >server.py <<'END'
import http.server


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.wfile.write(b"HTTP/1.1 %s Wait\r\n\r\n" % self.path[1:].encode())
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
END
cat >client.py <<'END'
import asyncio
import sys
import urllib.error
import urllib.request

import aiohttp
import httpx
import requests


def by_urllib(url):
    try:
        with urllib.request.urlopen(url) as response:
            return f"{response.status} {response.read().decode()}"
    except urllib.error.HTTPError as error:
        return f"HTTPError {error.code}"


def by_requests(url):
    response = requests.get(url)
    if response.text:
        return f"{response.status_code} {response.text}"
    return f'{response.status_code} "" ok={response.ok}'


def by_httpx(url):
    response = httpx.get(url)
    return f"{response.status_code} {response.text}"


async def with_aiohttp(url):
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return f"{response.status} {await response.text()}"


for status in (100, 102, 103):
    url = f"{sys.argv[1]}/{status}"
    print(
        f"{status}: urllib {by_urllib(url)}, requests {by_requests(url)}, "
        f"httpx {by_httpx(url)}, aiohttp {asyncio.run(with_aiohttp(url))}"
    )
END
cat >client.mjs <<'END'
import http from "node:http";
import { fetch as newerFetch } from "undici";

const by = (fetch) => async (url) => {
    try {
        const response = await fetch(url);
        return `${response.status} ${await response.text()}`;
    } catch (error) {
        return `${error.name}: ${error.cause.message}`;
    }
};
const byGet = (url) =>
    new Promise((resolve) => {
        http.get(url, (response) => {
            response.on("data", (text) => resolve(`${response.statusCode} ${text}`));
        });
    });

for (const status of [100, 102, 103]) {
    const url = `${process.argv[2]}/${status}`;
    const words = [
        `fetch ${await by(fetch)(url)}`,
        `undici 7 ${await by(newerFetch)(url)}`,
        `http.get ${await byGet(url)}`,
    ];
    console.log(`${status}: ${words.join(", ")}`);
}
process.exit();
END
cat >expected <<'END'
100: urllib 200 ok, requests 200 ok, httpx 200 ok, aiohttp 200 ok
102: urllib HTTPError 102, requests 102 "" ok=True, httpx 200 ok, aiohttp 200 ok
103: urllib HTTPError 103, requests 103 "" ok=True, httpx 200 ok, aiohttp 200 ok
100: fetch TypeError: bad response, undici 7 TypeError: bad response, http.get 200 ok
102: fetch 200 ok, undici 7 200 ok, http.get 200 ok
103: fetch 200 ok, undici 7 200 ok, http.get 200 ok
END

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check requests==2.34.2 urllib3==2.8.0 \
    httpx==0.28.1 aiohttp==3.14.5
npm install --no-audit --no-fund --silent undici@7.30.2

mkfifo port
python3 server.py >port 2>errors &
server=$!
read -r number <port
{
    venv/bin/python client.py "http://127.0.0.1:$number"
    node client.mjs "http://127.0.0.1:$number"
} | tee seen
diff expected seen
