#!/bin/sh
# Django 5.2.19, Flask 3.1.3, Bottle 0.13.4, Falcon 4.4.0 on Gunicorn 27.0.1, cheroot 11.1.2,
# Werkzeug 3.1.9 and waitress 3.0.2; Django on uvicorn 0.54.0 (PyPI)
#
# What a Python web application sees of an upload in chunks (RFC 9112 section 7.1), as each
# client sends it that does not know the length before: a file from a pipe, a
# stream of fetch(), an io.Reader in Go. The server reads the chunks well. WSGI, though,
# tells an application where a body ends by CONTENT_LENGTH alone, and three of these
# servers have another sign for the rest, wsgi.input_terminated, which is in no
# standard. Flask looks at it. Django and Falcon (bounded_stream) take a missing length
# for 0: the view runs with an empty body, answers 200, and nothing says that
# there was more. Bottle answers 400. waitress collects the body and gives its
# length, so there is no difference with it, nor by ASGI: that one application
# loses uploads depends on the server that it is run by.
# A proxy that has a Content-Length keeps it, and makes no chunks of it.
#
# Seen on 1 December 2026, the body being "hello":
#   gunicorn: django empty, flask hello, bottle 400, falcon empty
#   cheroot: django empty, flask hello, bottle 400, falcon empty
#   werkzeug: django empty, flask hello, bottle 400, falcon empty
#   waitress: django hello, flask hello, bottle hello, falcon hello
#   uvicorn: django hello
#
# Needs python3 with venv. Exits with 0 if that is still so, else with 1.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat >apps.py <<'END'
import bottle
import django
import falcon
import flask
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import path

settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="x")
django.setup()
urlpatterns = [path("", lambda request: HttpResponse(request.body))]
with_django = get_wsgi_application()
with_django_by_asgi = get_asgi_application()

with_flask = flask.Flask(__name__)
with_flask.post("/")(lambda: flask.request.get_data())

with_bottle = bottle.Bottle()
with_bottle.post("/")(lambda: bottle.request.body.read())


class Resource:
    def on_post(self, request, response):
        response.data = request.bounded_stream.read()


with_falcon = falcon.App()
with_falcon.add_route("/", Resource())
END
cat >with_werkzeug.py <<'END'
import sys

import apps
from werkzeug.serving import run_simple

run_simple("127.0.0.1", int(sys.argv[2]), getattr(apps, sys.argv[1]), threaded=True)
END
cat >main.py <<'END'
import http.client
import socket
import subprocess
import sys
import time

servers = {
    "gunicorn": "venv/bin/gunicorn apps:APP -b 127.0.0.1:PORT --no-control-socket",
    "cheroot": "venv/bin/cheroot apps:APP --bind 127.0.0.1:PORT",
    "werkzeug": f"{sys.executable} with_werkzeug.py APP PORT",
    "waitress": "venv/bin/waitress-serve --listen 127.0.0.1:PORT apps:APP",
    "uvicorn": "venv/bin/uvicorn apps:APP --port PORT",
}
apps = {name: f"with_{name}" for name in ("django", "flask", "bottle", "falcon")}


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def wait_for(port):
    for _ in range(600):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except ConnectionRefusedError:
            time.sleep(0.05)  # it is not up yet
    raise TimeoutError


def outcome(port, body):
    """What comes of a body: bytes have a length, an iterator goes in chunks."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("POST", "/", body, {"Content-Type": "application/octet-stream"})
    response = connection.getresponse()
    text = response.read().decode()
    connection.close()
    return (text or "empty") if response.status == 200 else str(response.status)


def run(server, app):
    port = free_port()
    words = servers[server].replace("APP", app).replace("PORT", str(port)).split()
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(port)
        assert outcome(port, b"hello") == "hello"
        return outcome(port, iter([b"hel", b"lo"]))
    finally:
        process.terminate()
        process.wait()


for server in servers:
    if server == "uvicorn":
        print(f"{server}: django {run(server, 'with_django_by_asgi')}")
    else:
        print(f"{server}: " + ", ".join(f"{name} {run(server, apps[name])}" for name in apps))
END
cat >expected <<'END'
gunicorn: django empty, flask hello, bottle 400, falcon empty
cheroot: django empty, flask hello, bottle 400, falcon empty
werkzeug: django empty, flask hello, bottle 400, falcon empty
waitress: django hello, flask hello, bottle hello, falcon hello
uvicorn: django hello
END

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check django==5.2.19 flask==3.1.3 \
    bottle==0.13.4 falcon==4.4.0 gunicorn==27.0.1 cheroot==11.1.2 werkzeug==3.1.9 \
    waitress==3.0.2 uvicorn==0.54.0
PYTHONPATH=. venv/bin/python main.py | tee seen
diff expected seen
