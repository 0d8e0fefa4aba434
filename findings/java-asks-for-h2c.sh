#!/bin/sh
# OpenJDK 17.0.15 (java.net.http); uvicorn 0.54.0 with httptools 0.9.0 and with h11 0.16.0,
# Hypercorn 0.18.0, granian 2.8.9, aiohttp 3.14.5, Tornado 6.6.1, Gunicorn 27.0.1 (PyPI);
# Node.js 20.20.2, ws 8.23.0, socket.io 4.8.4, vite 8.4.0 (npm)
#
# A POST by Java's HttpClient as one gets it without saying more, to servers of
# HTTP/1.1. Over http: it asks for HTTP/2 with each request, by "Upgrade: h2c", and a
# server that does not know that protocol goes on as if the field were not there
# (RFC 9110 section 7.8). Not so here: uvicorn with httptools, which is what
# uvicorn[standard] runs, gives the application an empty body and answers 200. A server
# of Node.js hands each request with Upgrade to its "upgrade" listener, if it has one,
# and that is there as soon as the same server has WebSockets: ws answers 405,
# socket.io ends the connection, Vite's development server says nothing at all. So
# an API that works, by curl and from every other language, breaks for clients in Java
# when somebody adds a WebSocket to it.
# HttpClient.Version.HTTP_1_1 in the client helps. A proxy must not pass the field on,
# since HTTP2-Settings beside it is for one hop.
#
# Seen on 1 December 2026, what the server has of a POST with the body "hello":
#   uvicorn, httptools: 200 "", with HTTP_1_1 200 "hello"
#   uvicorn, h11: 200 "hello", with HTTP_1_1 200 "hello"
#   hypercorn: 200 "hello", with HTTP_1_1 200 "hello"
#   granian: 200 "hello", with HTTP_1_1 200 "hello"
#   aiohttp: 200 "hello", with HTTP_1_1 200 "hello"
#   tornado: 200 "hello", with HTTP_1_1 200 "hello"
#   gunicorn: 200 "hello", with HTTP_1_1 200 "hello"
#   node: 200 "hello", with HTTP_1_1 200 "hello"
#   node with ws: 405 "Invalid HTTP method", with HTTP_1_1 200 "hello"
#   node with socket.io: IOException, with HTTP_1_1 200 "hello"
#   vite, proxying: HttpTimeoutException, with HTTP_1_1 200 "hello"
#
# Needs a JDK of 17 or later, python3 with venv, node 20 or later and npm. Exits with 0 if
# that is still so, else with 1.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat >Ask.java <<'END'
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;

public class Ask {
    static String ask(HttpClient client, String url) throws InterruptedException {
        var request = HttpRequest.newBuilder(URI.create(url))
                .timeout(Duration.ofSeconds(5))
                .POST(HttpRequest.BodyPublishers.ofString("hello"))
                .build();
        try {
            var response = client.send(request, HttpResponse.BodyHandlers.ofString());
            return response.statusCode() + " \"" + response.body().strip() + "\"";
        } catch (java.io.IOException error) {
            return error.getClass().getSimpleName();
        }
    }

    public static void main(String[] words) throws InterruptedException {
        var plain = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
        System.out.println(ask(HttpClient.newHttpClient(), words[0])
                + ", with HTTP_1_1 " + ask(plain, words[0]));
    }
}
END
cat >app.py <<'END'
async def asgi(scope, receive, send):
    if scope["type"] != "http":
        raise RuntimeError  # no lifespan
    body = b""
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


def wsgi(environ, start_response):
    start_response("200 OK", [])
    return [environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))]
END
cat >with_aiohttp.py <<'END'
import sys

from aiohttp import web


async def answer(request):
    return web.Response(body=await request.read())


app = web.Application()
app.router.add_post("/api", answer)
web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None)
END
cat >with_tornado.py <<'END'
import asyncio
import sys

import tornado.web


class Handler(tornado.web.RequestHandler):
    def post(self):
        self.write(self.request.body)


async def main():
    tornado.web.Application([("/api", Handler)]).listen(int(sys.argv[1]), "127.0.0.1")
    await asyncio.Event().wait()


asyncio.run(main())
END
cat >main.mjs <<'END'
import http from "node:http";
import { Server } from "socket.io";
import { createServer } from "vite";
import { WebSocketServer } from "ws";

const [, , kind, port] = process.argv;
const server = http.createServer((request, response) => request.pipe(response));
if (kind === "ws") new WebSocketServer({ server, path: "/socket" });
if (kind === "socket.io") new Server(server);
await new Promise((resolve) => server.listen(kind === "vite" ? 0 : port, "127.0.0.1", resolve));
if (kind === "vite") {
    const proxy = { "/api": `http://127.0.0.1:${server.address().port}` };
    const front = { host: "127.0.0.1", port: Number(port), strictPort: true, proxy };
    await (await createServer({ configFile: false, logLevel: "silent", server: front })).listen();
}
END
cat >main.py <<'END'
import socket
import subprocess
import time

BIN = "venv/bin/"
UVICORN = [BIN + "uvicorn", "app:asgi", "--port", "PORT", "--http"]
SERVERS = {
    "uvicorn, httptools": [*UVICORN, "httptools"],
    "uvicorn, h11": [*UVICORN, "h11"],
    "hypercorn": [BIN + "hypercorn", "app:asgi", "--bind", "127.0.0.1:PORT"],
    "granian": [BIN + "granian", "app:asgi", "--interface", "asgi", "--port", "PORT"],
    "aiohttp": [BIN + "python", "with_aiohttp.py", "PORT"],
    "tornado": [BIN + "python", "with_tornado.py", "PORT"],
    "gunicorn": [BIN + "gunicorn", "app:wsgi", "--bind", "127.0.0.1:PORT"],
    "node": ["node", "main.mjs", "plain", "PORT"],
    "node with ws": ["node", "main.mjs", "ws", "PORT"],
    "node with socket.io": ["node", "main.mjs", "socket.io", "PORT"],
    "vite, proxying": ["node", "main.mjs", "vite", "PORT"],
}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port):
    for _ in range(600):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"nothing listens on {port}")


for name, command in SERVERS.items():
    port = free_port()
    server = subprocess.Popen(
        [word.replace("PORT", str(port)) for word in command],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    wait_for(port)
    ask = ["java", "Ask", f"http://127.0.0.1:{port}/api"]
    print(f"{name}: {subprocess.check_output(ask, text=True).strip()}", flush=True)
    server.terminate()
    server.wait()
END
cat >expected <<'END'
uvicorn, httptools: 200 "", with HTTP_1_1 200 "hello"
uvicorn, h11: 200 "hello", with HTTP_1_1 200 "hello"
hypercorn: 200 "hello", with HTTP_1_1 200 "hello"
granian: 200 "hello", with HTTP_1_1 200 "hello"
aiohttp: 200 "hello", with HTTP_1_1 200 "hello"
tornado: 200 "hello", with HTTP_1_1 200 "hello"
gunicorn: 200 "hello", with HTTP_1_1 200 "hello"
node: 200 "hello", with HTTP_1_1 200 "hello"
node with ws: 405 "Invalid HTTP method", with HTTP_1_1 200 "hello"
node with socket.io: IOException, with HTTP_1_1 200 "hello"
vite, proxying: HttpTimeoutException, with HTTP_1_1 200 "hello"
END

javac Ask.java
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check uvicorn==0.54.0 httptools==0.9.0 \
    h11==0.16.0 hypercorn==0.18.0 granian==2.8.9 aiohttp==3.14.5 tornado==6.6.1 gunicorn==27.0.1
npm install --no-audit --no-fund --silent ws@8.23.0 socket.io@4.8.4 vite@8.4.0
python3 main.py | tee seen
diff expected seen
