#!/bin/sh
# FastAPI 0.165.0 on Starlette 1.10.0 and uvicorn 0.54.0; httpx 0.28.1, requests
# 2.34.2, openai 3.57.0 (PyPI)
#
# A path that lacks its last slash, through a port that is passed on by a proxy
# which sets Host to the server's own address, as a proxy may. Starlette's
# redirect_slashes answers 307 with an absolute Location, made of that Host. The client
# follows it past the proxy, to the server's own port, which is another origin:
# so it leaves its Authorization behind, and what a person sees is "401", for a
# key that is right. Nothing tells that there was a redirect. (Where the server's
# port cannot be reached from the client it is a connection error instead.)
# A proxy that sets Host must map Location back; an application is spared by
# redirect_slashes=False, or by a Location without an origin.
#
# Seen on 29 November 2026:
#   with the slash: httpx 200, requests 200, openai 200
#   without it: httpx 401 at the server's port, requests 401 at the server's port, openai 401
#
# Needs python3 with venv. Exits with 0 if that is still so, else with 1.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat >main.py <<'END'
import http.client
import http.server
import socket
import threading
import time
from typing import Optional

import fastapi
import httpx
import openai
import requests
import uvicorn

KEY = "Bearer right"
app = fastapi.FastAPI()


@app.get("/v1/models/")
def models(authorization: Optional[str] = fastapi.Header(None)):
    if authorization != KEY:
        raise fastapi.HTTPException(401, "no key")
    return {"object": "list", "data": []}


class Proxy(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        fields = {k: v for k, v in self.headers.items() if k.lower() != "host"}
        upstream = http.client.HTTPConnection("127.0.0.1", server_port)
        upstream.request("GET", self.path, headers=fields)  # sets Host
        response = upstream.getresponse()
        body = response.read()
        self.send_response(response.status)
        for name, value in response.getheaders():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


listener = socket.create_server(("127.0.0.1", 0))
server_port = listener.getsockname()[1]
server = uvicorn.Server(uvicorn.Config(app, log_level="critical"))
threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True).start()
while not server.started:
    time.sleep(0.01)
proxy = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
threading.Thread(target=proxy.serve_forever, daemon=True).start()
base = f"http://127.0.0.1:{proxy.server_port}/v1"


def outcome(response):
    at = " at the server's port" if f":{server_port}/" in str(response.url) else ""
    return f"{response.status_code}{at}"


def by_openai(path):
    client = openai.OpenAI(base_url=base, api_key=KEY.split()[1], max_retries=0)
    try:
        client.get(path, cast_to=object)
        return "200"
    except openai.APIStatusError as error:
        return str(error.status_code)


fields = {"Authorization": KEY}
for name, path in {"with the slash": "/models/", "without it": "/models"}.items():
    print(
        f"{name}: httpx {outcome(httpx.get(base + path, headers=fields, follow_redirects=True))}, "
        f"requests {outcome(requests.get(base + path, headers=fields))}, openai {by_openai(path)}"
    )
END
cat >expected <<'END'
with the slash: httpx 200, requests 200, openai 200
without it: httpx 401 at the server's port, requests 401 at the server's port, openai 401
END

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check fastapi==0.165.0 starlette==1.10.0 \
    uvicorn==0.54.0 httpx==0.28.1 requests==2.34.2 openai==3.57.0
venv/bin/python main.py | tee seen
diff expected seen
