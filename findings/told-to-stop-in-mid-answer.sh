#!/bin/sh
# uvicorn 0.54.0, Hypercorn 0.18.0, granian 2.8.9, Daphne 4.2.3, Gunicorn 27.0.1; sse-starlette
# 3.7.0 with Starlette 1.10.0 (PyPI)
#
# What becomes of a streamed answer that is under way when its server is told to stop (SIGTERM),
# as with each new version of an application. One expects that the server takes no new
# requests and lets those finish that it has, as uvicorn, granian and Gunicorn do (the first
# two have no limit as shipped, Gunicorn 30 s). Daphne ends the answer at once, and
# Hypercorn after 3 s, which is seldom enough for a model. And with sse-starlette uvicorn's
# answers end at once, too: its EventSourceResponse watches for the server's stop by itself, so
# that two streams of one application, one with it and one with Starlette's StreamingResponse,
# fare differently.
# None of them puts the last chunk there, so a client that looks hears of it.
# Hypercorn's --graceful-timeout lets it finish.
#
# Seen on 1 December 2026, of an answer that takes 6 s more:
#   uvicorn: whole
#   uvicorn, sse-starlette: cut off
#   hypercorn: cut off
#   granian: whole
#   daphne: cut off
#   gunicorn: whole
#
# Needs python3 with venv. Exits with 0 if that is still so, else with 1.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat >application.py <<'END'
import asyncio
import time

from sse_starlette.sse import EventSourceResponse
from starlette.applications import Starlette
from starlette.responses import StreamingResponse
from starlette.routing import Route


async def words():
    for number in range(60):
        yield f"data: {number}\n\n"
        await asyncio.sleep(0.1)


async def events():
    for number in range(60):
        yield {"data": str(number)}
        await asyncio.sleep(0.1)


def streaming(_):
    return StreamingResponse(words(), media_type="text/event-stream")


asgi = Starlette(routes=[
    Route("/", streaming),
    Route("/sse-starlette", lambda _: EventSourceResponse(events())),
])


def wsgi(_, start):
    start("200 OK", [("Content-Type", "text/event-stream")])
    for number in range(60):
        yield b"data: %d\n\n" % number
        time.sleep(0.1)
END
cat >main.py <<'END'
import signal
import socket
import subprocess
import time

SERVERS = {
    "uvicorn": ("uvicorn application:asgi --port PORT", "/"),
    "uvicorn, sse-starlette": ("uvicorn application:asgi --port PORT", "/sse-starlette"),
    "hypercorn": ("hypercorn application:asgi -b 127.0.0.1:PORT", "/"),
    "granian": ("granian application:asgi --interface asgi --no-ws --port PORT", "/"),
    "daphne": ("daphne application:asgi -p PORT", "/"),
    "gunicorn": ("gunicorn application:wsgi -b 127.0.0.1:PORT", "/"),
}


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def connect(port):
    for _ in range(300):
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=60)
        except ConnectionRefusedError:
            time.sleep(0.1)
    raise RuntimeError("the server does not listen")


def answer(server, port, path):
    """What comes of an answer whose server is told to stop at its first event."""
    with connect(port) as client:
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        text = b""
        while b"data: 0" not in text:
            text += client.recv(65536)
        server.send_signal(signal.SIGTERM)
        try:
            while not text.endswith(b"\r\n0\r\n\r\n"):
                piece = client.recv(65536)
                if not piece:
                    return "cut off"
                text += piece
        except ConnectionResetError:
            return "cut off"
        return "whole" if b"data: 59" in text else "ends as if it were whole"


for name, (command, path) in SERVERS.items():
    port = free_port()
    words = command.replace("PORT", str(port)).split()
    with open("log", "a") as log:
        server = subprocess.Popen([f"venv/bin/{words[0]}", *words[1:]], stdout=log, stderr=log)
    try:
        print(f"{name}: {answer(server, port, path)}", flush=True)
        server.wait(60)
    finally:
        server.kill()
END
cat >expected <<'END'
uvicorn: whole
uvicorn, sse-starlette: cut off
hypercorn: cut off
granian: whole
daphne: cut off
gunicorn: whole
END

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check uvicorn==0.54.0 hypercorn==0.18.0 \
    granian==2.8.9 daphne==4.2.3 gunicorn==27.0.1 sse-starlette==3.7.0 starlette==1.10.0
python3 main.py | tee seen
diff expected seen
