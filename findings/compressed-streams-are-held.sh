#!/bin/sh
# Django 5.2.19 on Gunicorn 27.0.1 and on uvicorn 0.54.0, Starlette 1.10.0, Flask 3.1.3 with
# Flask-Compress 1.25, Tornado 6.6.1, aiohttp 3.14.5 (PyPI); Express 5.3.0 with compression
# 1.8.2, Koa 3.3.0 with koa-compress 5.2.2, Fastify 5.12.8 with @fastify/compress 9.2.0,
# Hono 4.13.19 with @hono/node-server 2.1.9 (npm); Node.js 20.20.2
#
# When a streamed answer leaves a server that compresses, by what each framework has for
# it. deflate collects until somebody asks for a flush (Z_SYNC_FLUSH), and a stream that
# is not flushed is one answer at its end: the words of a model come all at once. It
# depends on Accept-Encoding, so curl shows a stream that flows and the browser does
# not, and on Content-Type: Fastify and Hono leave event streams alone and hold
# back text/plain, which is what a chat streams just as well; Express and Koa, which take
# event streams for text, hold back those. It does not even follow from the framework:
# the same middleware of Django hands out each part by ASGI (see
# django-gzip-by-asgi.sh), and none by WSGI.
# No proxy behind such a server can mend it; it can take gzip out of Accept-Encoding.
#
# Seen on 1 December 2026, the first part of an answer to a client that takes gzip, while
# the source works on (held: it comes with the last one):
#   starlette: event-stream at once, x-ndjson at once, plain at once
#   flask: event-stream at once, x-ndjson at once, plain at once
#   django, wsgi: event-stream held, x-ndjson held, plain held
#   django, asgi: event-stream at once, x-ndjson at once, plain at once
#   tornado: event-stream at once, x-ndjson at once, plain at once
#   aiohttp: event-stream held, x-ndjson held, plain held
#   express: event-stream held, x-ndjson at once, plain held
#   koa: event-stream held, x-ndjson at once, plain held
#   fastify: event-stream at once, x-ndjson at once, plain held
#   hono: event-stream at once, x-ndjson at once, plain held
#   without gzip: all at once
#
# Needs python3 with venv, node 20 or later and npm. Exits with 0 if that is still so,
# else with 1.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

# The path is the answer's type. A source gives a part, and another 3 s later.
cat >sources.py <<'END'
import asyncio
import time

PART = b"data: hello\n\n"


def plain():
    yield PART
    time.sleep(3)
    yield PART


async def asynchronous():
    yield PART
    await asyncio.sleep(3)
    yield PART
END
cat >with_starlette.py <<'END'
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import StreamingResponse
from starlette.routing import Route

from sources import asynchronous


async def answer(request):
    return StreamingResponse(asynchronous(), media_type=request.path_params["kind"])


app = Starlette(routes=[Route("/{kind:path}", answer)], middleware=[Middleware(GZipMiddleware)])
END
cat >with_flask.py <<'END'
from flask import Flask, Response
from flask_compress import Compress

from sources import plain

app = Flask(__name__)
Compress(app)


@app.get("/<path:kind>")
def answer(kind):
    return Response(plain(), mimetype=kind)
END
cat >with_django.py <<'END'
import django
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
from django.http import StreamingHttpResponse
from django.urls import path

from sources import asynchronous, plain

settings.configure(
    SECRET_KEY="x", ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__,
    MIDDLEWARE=["django.middleware.gzip.GZipMiddleware"],
)
django.setup()


def answer(request, kind):
    source = asynchronous if hasattr(request, "scope") else plain
    return StreamingHttpResponse(source(), content_type=kind)


urlpatterns = [path("<path:kind>", answer)]
wsgi = get_wsgi_application()
asgi = get_asgi_application()
END
cat >with_tornado.py <<'END'
import asyncio
import sys

import tornado.web

from sources import asynchronous


class Handler(tornado.web.RequestHandler):
    async def get(self, kind):
        self.set_header("Content-Type", kind)
        async for part in asynchronous():
            self.write(part)
            await self.flush()


async def main():
    app = tornado.web.Application([("/(.*)", Handler)], compress_response=True)
    app.listen(int(sys.argv[1]), "127.0.0.1")
    await asyncio.Event().wait()


asyncio.run(main())
END
cat >with_aiohttp.py <<'END'
import sys

from aiohttp import web

from sources import asynchronous


async def answer(request):
    response = web.StreamResponse(headers={"Content-Type": request.match_info["kind"]})
    response.enable_compression()
    await response.prepare(request)
    async for part in asynchronous():
        await response.write(part)
    return response


app = web.Application()
app.router.add_get("/{kind:.*}", answer)
web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None)
END
cat >main.mjs <<'END'
import { Readable } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import fastifyCompress from "@fastify/compress";
import { serve } from "@hono/node-server";
import compression from "compression";
import express from "express";
import Fastify from "fastify";
import { Hono } from "hono";
import { compress } from "hono/compress";
import Koa from "koa";
import koaCompress from "koa-compress";

const [, , name, port] = process.argv;
const hostname = "127.0.0.1";
async function* source() {
    yield Buffer.from("data: hello\n\n");
    await pause(3000);
    yield Buffer.from("data: hello\n\n");
}
const starts = {
    express: () => {
        const app = express().use(compression());
        app.use(async (request, response) => {
            response.setHeader("Content-Type", request.url.slice(1));
            for await (const part of source()) response.write(part);
            response.end();
        });
        app.listen(port, hostname);
    },
    koa: () => {
        const app = new Koa().use(koaCompress());
        app.use((context) => {
            context.type = context.url.slice(1);
            context.body = Readable.from(source());
        });
        app.listen(port, hostname);
    },
    fastify: async () => {
        const app = Fastify();
        await app.register(fastifyCompress);
        app.get("/*", (request, reply) =>
            reply.header("Content-Type", request.url.slice(1)).send(Readable.from(source())));
        await app.listen({ port, host: hostname });
    },
    hono: () => {
        const app = new Hono().use(compress());
        app.get("/*", (context) =>
            context.body(Readable.toWeb(Readable.from(source(), { objectMode: false })), 200, {
                "Content-Type": new URL(context.req.url).pathname.slice(1),
            }));
        serve({ fetch: app.fetch, port, hostname });
    },
};
await starts[name]();
END
cat >main.py <<'END'
import http.client
import socket
import subprocess
import time
import zlib
from concurrent.futures import ThreadPoolExecutor

BIN = "venv/bin/"
SERVERS = {
    "starlette": [BIN + "uvicorn", "with_starlette:app", "--port", "PORT"],
    "flask": [BIN + "gunicorn", "with_flask:app", "--threads", "4", "--bind", "127.0.0.1:PORT"],
    "django, wsgi": [BIN + "gunicorn", "with_django:wsgi", "--threads", "4", "--bind", "127.0.0.1:PORT"],
    "django, asgi": [BIN + "uvicorn", "with_django:asgi", "--lifespan", "off", "--port", "PORT"],
    "tornado": [BIN + "python", "with_tornado.py", "PORT"],
    "aiohttp": [BIN + "python", "with_aiohttp.py", "PORT"],
    "express": ["node", "main.mjs", "express", "PORT"],
    "koa": ["node", "main.mjs", "koa", "PORT"],
    "fastify": ["node", "main.mjs", "fastify", "PORT"],
    "hono": ["node", "main.mjs", "hono", "PORT"],
}
KINDS = ("text/event-stream", "application/x-ndjson", "text/plain")


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


def ask(port, kind, coding):
    """Whether the first part is there long before the end."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", "/" + kind, headers={"Accept-Encoding": coding})
    response = connection.getresponse()
    assert response.status == 200, response.status
    is_coded = response.headers["Content-Encoding"] == "gzip"
    decoder = zlib.decompressobj(wbits=31)
    text, first = b"", None
    while part := response.read1():
        text += decoder.decompress(part) if is_coded else part
        if decoder.unused_data:  # another member
            part, decoder = decoder.unused_data, zlib.decompressobj(wbits=31)
            text += decoder.decompress(part)
        if text and first is None:
            first = time.monotonic()
    assert text == b"data: hello\n\n" * 2, text
    return "at once" if time.monotonic() - first > 2 else "held"


without = set()
for name, command in SERVERS.items():
    port = free_port()
    server = subprocess.Popen(
        [word.replace("PORT", str(port)) for word in command],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    wait_for(port)
    with ThreadPoolExecutor() as pool:
        plain = [pool.submit(ask, port, kind, "identity") for kind in KINDS[::2]]
        ways = pool.map(lambda kind: f"{kind.split('/')[1]} {ask(port, kind, 'gzip')}", KINDS)
        print(f"{name}: {', '.join(ways)}", flush=True)
        without |= {future.result() for future in plain}
    server.terminate()
    server.wait()
print("without gzip: all", *without)
END
cat >expected <<'END'
starlette: event-stream at once, x-ndjson at once, plain at once
flask: event-stream at once, x-ndjson at once, plain at once
django, wsgi: event-stream held, x-ndjson held, plain held
django, asgi: event-stream at once, x-ndjson at once, plain at once
tornado: event-stream at once, x-ndjson at once, plain at once
aiohttp: event-stream held, x-ndjson held, plain held
express: event-stream held, x-ndjson at once, plain held
koa: event-stream held, x-ndjson at once, plain held
fastify: event-stream at once, x-ndjson at once, plain held
hono: event-stream at once, x-ndjson at once, plain held
without gzip: all at once
END

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check django==5.2.19 gunicorn==27.0.1 \
    uvicorn==0.54.0 starlette==1.10.0 flask==3.1.3 flask-compress==1.25 tornado==6.6.1 \
    aiohttp==3.14.5
npm install --no-audit --no-fund --silent express@5.3.0 compression@1.8.2 koa@3.3.0 \
    koa-compress@5.2.2 fastify@5.12.8 @fastify/compress@9.2.0 hono@4.13.19 @hono/node-server@2.1.9
python3 main.py | tee seen
diff expected seen
