#!/bin/sh
# Django 5.2.19 on uvicorn 0.54.0 and on Gunicorn 27.0.1; httpx 0.28.1, openai 3.57.0 (httpx2
# 2.16.2), requests 2.34.2, aiohttp 3.14.5 (PyPI); curl 7.88.1; Node.js 20.20.2
#
# What a client has of a streamed answer of Django's with its GZipMiddleware. By WSGI the
# answer is one gzip stream. By ASGI, where the source is asynchronous, the
# middleware compresses each part by itself, so the body has as many gzip members as the
# source had parts. That is valid (RFC 1952 section 2.2), but many clients end with
# the first member (gzip-in-members.sh): they have one word of the answer, status 200, and,
# but for curl, no error. So a project that goes over from WSGI to ASGI loses most of each stream
# for who takes gzip, and none for who looks with curl, which does not ask for it.
# Content-Encoding: identity on such a response, or no GZipMiddleware, helps.
#
# Seen on 1 December 2026, of the parts "a", "b" and "c":
#   wsgi: httpx abc, openai abc, requests abc, aiohttp abc, curl abc, curl --compressed abc, fetch abc
#   asgi: httpx a, openai a, requests abc, aiohttp abc, curl abc, curl --compressed a error 23, fetch abc
#
# Needs python3 with venv, curl and node 20 or later. Exits with 0 if that is still so,
# else with 1.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat >app.py <<'END'
import asyncio
import json

import django
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
from django.http import StreamingHttpResponse
from django.urls import path

settings.configure(
    SECRET_KEY="x", ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__,
    MIDDLEWARE=["django.middleware.gzip.GZipMiddleware"],
)
django.setup()


def event(text):
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": None}
    chunk = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "x"}
    return f"data: {json.dumps({**chunk, 'choices': [choice]})}\n\n"


def parts(kind):
    return [event(text) for text in "abc"] if kind == "v1/chat/completions" else list("abc")


async def asynchronous(kind):
    for part in parts(kind):
        yield part
        await asyncio.sleep(0.3)


def answer(request, kind):
    is_asgi = hasattr(request, "scope")
    return StreamingHttpResponse(asynchronous(kind) if is_asgi else iter(parts(kind)))


urlpatterns = [path("<path:kind>", answer)]
wsgi = get_wsgi_application()
asgi = get_asgi_application()
END
cat >main.py <<'END'
import asyncio
import socket
import subprocess
import time

import aiohttp
import httpx
import openai
import requests

SERVERS = {
    "wsgi": ["venv/bin/gunicorn", "app:wsgi", "--bind", "127.0.0.1:PORT"],
    "asgi": ["venv/bin/uvicorn", "app:asgi", "--lifespan", "off", "--port", "PORT"],
}
FETCH = "fetch(process.argv[1]).then((r) => r.text()).then((t) => process.stdout.write(t))"


def by_openai(url):
    client = openai.OpenAI(base_url=url + "v1", api_key="x")
    asked = {"model": "x", "messages": [{"role": "user", "content": "x"}]}
    chunks = client.chat.completions.create(stream=True, **asked)
    return "".join(chunk.choices[0].delta.content for chunk in chunks)


def by_aiohttp(url):
    async def ask():
        async with aiohttp.ClientSession() as session, session.get(url + "text") as response:
            return await response.text()

    return asyncio.run(ask())


def run(*command):
    def ask(url):
        done = subprocess.run([*command, url + "text"], stdout=subprocess.PIPE, text=True, check=False)
        return done.stdout + (f" error {done.returncode}" if done.returncode else "")

    return ask


CLIENTS = {
    "httpx": lambda url: httpx.get(url + "text").text,
    "openai": by_openai,
    "requests": lambda url: requests.get(url + "text", timeout=30).text,
    "aiohttp": by_aiohttp,
    "curl": run("curl", "-s"),
    "curl --compressed": run("curl", "-s", "--compressed"),
    "fetch": run("node", "-e", FETCH),
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


for way, command in SERVERS.items():
    port = free_port()
    server = subprocess.Popen(
        [word.replace("PORT", str(port)) for word in command],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    wait_for(port)
    url = f"http://127.0.0.1:{port}/"
    words = (f"{name} {ask(url)}" for name, ask in CLIENTS.items())
    print(f"{way}: {', '.join(words)}", flush=True)
    server.terminate()
    server.wait()
END
cat >expected <<'END'
wsgi: httpx abc, openai abc, requests abc, aiohttp abc, curl abc, curl --compressed abc, fetch abc
asgi: httpx a, openai a, requests abc, aiohttp abc, curl abc, curl --compressed a error 23, fetch abc
END

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check django==5.2.19 uvicorn==0.54.0 \
    gunicorn==27.0.1 httpx==0.28.1 openai==3.57.0 httpx2==2.16.2 requests==2.34.2 aiohttp==3.14.5
venv/bin/python main.py | tee seen
diff expected seen
