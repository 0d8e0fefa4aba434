#!/bin/sh
# Node.js 20.20.2, Go 1.26.8 (net/http), uvicorn 0.54.0 with h11 0.16.0 and httptools 0.9.0,
# aiohttp 3.14.5, Tornado 6.6.1, Hypercorn 0.18.0, Gunicorn 27.0.1, waitress 3.0.2,
# Werkzeug 3.1.9 (PyPI)
#
# What servers do with a client that ends its half of the connection behind its
# request (shutdown(SHUT_WR)), as `nc -N`, socat and proxies of the simple kind do
# once they have no more to send. In TCP the other half goes on, and HTTP has
# nothing against it: the request has arrived whole. But Node, uvicorn, aiohttp and
# Tornado take it for a client that is gone, and close without a byte, unless the
# answer was ready before. Go cancels the request's context, so that a handler which
# heeds it, and each query and call it makes, fails, and then sends what the
# handler has made of that. The WSGI servers and Hypercorn answer.
# So a proxy keeps its half open to the end of the answer, whatever its client does.
#
# Seen on 1 December 2026, an answer that takes a second, the request's end
# being the end of the client's half:
#   node: nothing
#   go: context canceled
#   uvicorn, h11: nothing
#   uvicorn, httptools: nothing
#   aiohttp: nothing
#   tornado: nothing
#   hypercorn: ok
#   gunicorn: ok
#   waitress: ok
#   werkzeug: ok
#
# Needs python3 with venv, go and node 20 or later. Exits with 0 if that is still so,
# else with 1.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat >with_asgi.py <<'END'
import asyncio


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    await asyncio.sleep(1)
    fields = [(b"content-length", b"2")]
    await send({"type": "http.response.start", "status": 200, "headers": fields})
    await send({"type": "http.response.body", "body": b"ok"})
END
cat >with_wsgi.py <<'END'
import sys
import time


def app(environ, start_response):
    time.sleep(1)
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]


if __name__ == "__main__":
    from werkzeug.serving import run_simple

    run_simple("127.0.0.1", int(sys.argv[1]), app, threaded=True)
END
cat >with_aiohttp.py <<'END'
import asyncio
import sys

from aiohttp import web


async def answer(_):
    await asyncio.sleep(1)
    return web.Response(text="ok")


app = web.Application()
app.router.add_get("/", answer)
web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None)
END
cat >with_tornado.py <<'END'
import asyncio
import sys

import tornado.web


class Handler(tornado.web.RequestHandler):
    async def get(self):
        await asyncio.sleep(1)
        self.write("ok")


async def main():
    tornado.web.Application([("/", Handler)]).listen(int(sys.argv[1]), "127.0.0.1")
    await asyncio.Event().wait()


asyncio.run(main())
END
cat >with_node.mjs <<'END'
import http from "node:http";

http.createServer((request, response) => {
    request.resume();
    setTimeout(() => response.end("ok"), 1000);
}).listen(Number(process.argv[2]), "127.0.0.1");
END
cat >main.go <<'END'
package main

import (
	"io"
	"net/http"
	"os"
	"time"
)

func answer(w http.ResponseWriter, r *http.Request) {
	word := "ok"
	select {
	case <-time.After(time.Second):
	case <-r.Context().Done():
		word = r.Context().Err().Error()
	}
	io.WriteString(w, word)
}

func main() {
	http.ListenAndServe("127.0.0.1:"+os.Args[1], http.HandlerFunc(answer))
}
END
cat >main.py <<'END'
import socket
import subprocess
import sys
import time

REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
UVICORN = "venv/bin/uvicorn with_asgi:app --port PORT --log-level critical --http"
PYTHON = sys.executable
servers = {
    "node": "node with_node.mjs PORT",
    "go": "./with-go PORT",
    "uvicorn, h11": f"{UVICORN} h11",
    "uvicorn, httptools": f"{UVICORN} httptools",
    "aiohttp": f"{PYTHON} with_aiohttp.py PORT",
    "tornado": f"{PYTHON} with_tornado.py PORT",
    "hypercorn": "venv/bin/hypercorn with_asgi:app -b 127.0.0.1:PORT",
    "gunicorn": "venv/bin/gunicorn with_wsgi:app -b 127.0.0.1:PORT --no-control-socket",
    "waitress": "venv/bin/waitress-serve --listen 127.0.0.1:PORT with_wsgi:app",
    "werkzeug": f"{PYTHON} with_wsgi.py PORT",
}


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def connected(port):
    for _ in range(600):
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=20)
        except ConnectionRefusedError:
            time.sleep(0.05)  # it is not up yet
    raise TimeoutError


def answer(port, ends_its_half):
    with connected(port) as connection:
        connection.sendall(REQUEST)
        if ends_its_half:
            connection.shutdown(socket.SHUT_WR)
        response = b"".join(iter(lambda: connection.recv(4096), b"")).decode()
    return response.rpartition("\r\n\r\n")[2].strip() or "nothing"


for name, command in servers.items():
    port = free_port()
    words = command.replace("PORT", str(port)).split()
    server = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        assert answer(port, False) == "ok"
        print(f"{name}: {answer(port, True)}")
    finally:
        server.terminate()
        server.wait()
END
cat >expected <<'END'
node: nothing
go: context canceled
uvicorn, h11: nothing
uvicorn, httptools: nothing
aiohttp: nothing
tornado: nothing
hypercorn: ok
gunicorn: ok
waitress: ok
werkzeug: ok
END

go build -o with-go main.go
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check uvicorn==0.54.0 h11==0.16.0 \
    httptools==0.9.0 aiohttp==3.14.5 tornado==6.6.1 hypercorn==0.18.0 gunicorn==27.0.1 \
    waitress==3.0.2 werkzeug==3.1.9
PYTHONPATH=. venv/bin/python main.py | tee seen
diff expected seen
