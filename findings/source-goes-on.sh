#!/bin/sh
# Node.js 20.20.2, Express 5.3.0, Fastify 5.12.8, Koa 3.3.0, Hono 4.13.19 with
# @hono/node-server 2.1.9, ai 6.0.326 (npm); Starlette 1.10.0 and Django 5.2.19 on uvicorn
# 0.54.0, Flask 3.1.3 on Gunicorn 27.0.1, aiohttp 3.14.5, Tornado 6.6.1 (PyPI)
#
# Whether a server's source of a stream, such as a model, stops when the client is
# gone in the middle of it. A proxy passes the client's end on at once, but
# that is all it can do. In Node, write() to a response whose client has gone throws
# nothing and fires no "error", and so a loop over the source goes on to its end: also in
# Express, in Hono's streamText(), and in Vercel's pipeTextStreamToResponse(), which
# are made for this. After pipe() and, in Starlette, with a generator that is not
# async, the source is not read on, and not ended either, so what stands in its
# "finally", as the call that frees a model, does not run. pipeline(), Fastify,
# Koa and a Response with a ReadableStream end the source, and so do all others for
# Python, which see the error of a write or are cancelled.
#
# Seen on 1 December 2026, the client being gone after the first word:
#   write(): goes on
#   pipe(): is left open
#   pipeline(): ends
#   express, write(): goes on
#   fastify: ends
#   koa: ends
#   hono, streamText(): goes on
#   hono, Response: ends
#   ai, pipeTextStreamToResponse(): goes on
#   starlette, async: ends
#   starlette: is left open
#   django, async: ends
#   flask: ends
#   aiohttp: ends
#   tornado: ends
#
# Needs python3 with venv, node 20 or later and npm. Exits with 0 if that is still
# so, else with 1.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

# A source has 80 words, one each 50 ms, and writes into the file told how it ended.
cat >source.py <<'END'
import asyncio
import time


def tell(word):
    with open("told", "w") as file:
        file.write(word)


def words():
    word = "ends"
    try:
        for _ in range(80):
            yield b"word\n"
            time.sleep(0.05)
        word = "goes on"
    finally:
        tell(word)


async def async_words():
    word = "ends"
    try:
        for _ in range(80):
            yield b"word\n"
            await asyncio.sleep(0.05)
        word = "goes on"
    finally:
        tell(word)
END
cat >apps.py <<'END'
import django
import flask
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.http import StreamingHttpResponse
from django.urls import path
from starlette.applications import Starlette
from starlette.responses import StreamingResponse
from starlette.routing import Route

from source import async_words, words


async def starlette_words(_):
    return StreamingResponse(words())


async def starlette_async_words(_):
    return StreamingResponse(async_words())


async def django_words(_):
    return StreamingHttpResponse(async_words())


with_starlette = Starlette(routes=[Route("/", starlette_words)])
with_starlette_async = Starlette(routes=[Route("/", starlette_async_words)])
with_flask = flask.Flask(__name__)
with_flask.get("/")(lambda: flask.Response(words()))
settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="x", MIDDLEWARE=[])
django.setup()
urlpatterns = [path("", django_words)]
with_django = get_asgi_application()
END
cat >with_aiohttp.py <<'END'
import sys

from aiohttp import web

from source import async_words


async def answer(request):
    response = web.StreamResponse()
    await response.prepare(request)
    async for word in async_words():
        await response.write(word)
    return response


app = web.Application()
app.router.add_get("/", answer)
web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None)
END
cat >with_tornado.py <<'END'
import asyncio
import sys

import tornado.web

from source import async_words


class Handler(tornado.web.RequestHandler):
    async def get(self):
        async for word in async_words():
            self.write(word)
            await self.flush()


async def main():
    tornado.web.Application([("/", Handler)]).listen(int(sys.argv[1]), "127.0.0.1")
    await asyncio.Event().wait()


asyncio.run(main())
END
cat >main.mjs <<'END'
import fs from "node:fs";
import http from "node:http";
import { Readable, pipeline } from "node:stream";
import { serve } from "@hono/node-server";
import { streamText } from "ai";
import { MockLanguageModelV3 } from "ai/test";
import express from "express";
import Fastify from "fastify";
import { Hono } from "hono";
import { streamText as streamTextByHono } from "hono/streaming";
import Koa from "koa";

const port = Number(process.argv[3]);
const host = "127.0.0.1";

async function* words() {
    let word = "ends";
    try {
        for (let i = 0; i < 80; i++) {
            yield "word\n";
            await new Promise((resolve) => setTimeout(resolve, 50));
        }
        word = "goes on";
    } finally {
        fs.writeFileSync("told", word);
    }
}

async function* parts() {
    yield { type: "stream-start", warnings: [] };
    yield { type: "text-start", id: "1" };
    for await (const delta of words()) yield { type: "text-delta", id: "1", delta };
    yield { type: "text-end", id: "1" };
    yield { type: "finish", finishReason: { unified: "stop" }, usage: { inputTokens: {}, outputTokens: {} } };
}

const doStream = async () => ({ stream: ReadableStream.from(parts()) });
const listen = (answer) => http.createServer(answer).listen(port, host);

async function write(request, response) {
    for await (const word of words()) response.write(word);
    response.end();
}

function byHono(answer) {
    const app = new Hono().get("/", answer);
    serve({ fetch: app.fetch, port, hostname: host });
}

const servers = {
    write: () => listen(write),
    pipe: () => listen((request, response) => Readable.from(words()).pipe(response)),
    pipeline: () => listen((request, response) => pipeline(Readable.from(words()), response, () => {})),
    express: () => express().get("/", write).listen(port, host),
    fastify: () => {
        const app = Fastify();
        app.get("/", (request, reply) => reply.send(Readable.from(words())));
        app.listen({ port, host });
    },
    koa: () => {
        const app = new Koa();
        app.use((context) => (context.body = Readable.from(words())));
        app.listen(port, host);
    },
    hono: () =>
        byHono((context) =>
            streamTextByHono(context, async (stream) => {
                for await (const word of words()) await stream.write(word);
            })),
    response: () =>
        byHono(() => new Response(ReadableStream.from(words()).pipeThrough(new TextEncoderStream()))),
    ai: () =>
        listen((request, response) => {
            const model = new MockLanguageModelV3({ doStream });
            streamText({ model, prompt: "x" }).pipeTextStreamToResponse(response);
        }),
};
servers[process.argv[2]]();
END
cat >main.py <<'END'
import os
import socket
import subprocess
import sys
import time

UVICORN = "venv/bin/uvicorn apps:APP --port PORT --log-level critical"
servers = {
    "write()": "node main.mjs write PORT",
    "pipe()": "node main.mjs pipe PORT",
    "pipeline()": "node main.mjs pipeline PORT",
    "express, write()": "node main.mjs express PORT",
    "fastify": "node main.mjs fastify PORT",
    "koa": "node main.mjs koa PORT",
    "hono, streamText()": "node main.mjs hono PORT",
    "hono, Response": "node main.mjs response PORT",
    "ai, pipeTextStreamToResponse()": "node main.mjs ai PORT",
    "starlette, async": UVICORN.replace("APP", "with_starlette_async"),
    "starlette": UVICORN.replace("APP", "with_starlette"),
    "django, async": UVICORN.replace("APP", "with_django"),
    "flask": "venv/bin/gunicorn apps:with_flask -b 127.0.0.1:PORT --no-control-socket",
    "aiohttp": f"{sys.executable} with_aiohttp.py PORT",
    "tornado": f"{sys.executable} with_tornado.py PORT",
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


def outcome(port):
    with connected(port) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        seen = b""
        while b"word" not in seen:
            seen += connection.recv(4096)
    end = time.monotonic() + 10
    while time.monotonic() < end:
        if os.path.exists("told"):
            time.sleep(0.1)  # it is written by now
            with open("told") as file:
                return file.read()
        time.sleep(0.05)
    return "is left open"


for name, command in servers.items():
    port = free_port()
    words = command.replace("PORT", str(port)).split()
    server = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        print(f"{name}: {outcome(port)}", flush=True)
    finally:
        server.terminate()
        try:
            server.wait(5)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
        if os.path.exists("told"):
            os.remove("told")
END
cat >expected <<'END'
write(): goes on
pipe(): is left open
pipeline(): ends
express, write(): goes on
fastify: ends
koa: ends
hono, streamText(): goes on
hono, Response: ends
ai, pipeTextStreamToResponse(): goes on
starlette, async: ends
starlette: is left open
django, async: ends
flask: ends
aiohttp: ends
tornado: ends
END

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check starlette==1.10.0 django==5.2.19 \
    uvicorn==0.54.0 flask==3.1.3 gunicorn==27.0.1 aiohttp==3.14.5 tornado==6.6.1
npm install --no-audit --no-fund --silent express@5.3.0 fastify@5.12.8 koa@3.3.0 \
    hono@4.13.19 @hono/node-server@2.1.9 ai@6.0.326
PYTHONPATH=. venv/bin/python main.py | tee seen
diff expected seen
