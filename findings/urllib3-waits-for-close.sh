#!/bin/sh
# urllib3 2.8.0, requests 2.34.2, sseclient-py 1.9.0; beside them httpx 0.28.1 (PyPI)
#
# When the first event of a stream is handed out depends on how the body is
# framed. With chunks (RFC 9112 section 7.1) each comes as it arrives. Where the end
# of the connection is the end of the body (section 6.3), as HTTP/1.0 has it and as a
# proxy may make it of chunks, urllib3 first waits for as many bytes as a read may
# give: 65536, or 512 with requests' iter_lines(), and for the end of all with
# chunk_size=None, of which the documentation of requests says "as it arrives". So one
# server streams word by word, and the same one behind a proxy that speaks
# HTTP/1.0 to the client seems to have stopped streaming: the proxy passes each
# event on at once, and a client in another library shows it.
# Only chunk_size=1 (each byte a call), or read1(), is safe.
#
# Seen on 30 November 2026, an event while the connection stays open:
#   urllib3 stream(): chunks at once, to the end late
#   urllib3 read1(): chunks at once, to the end at once
#   requests iter_lines(): chunks at once, to the end late
#   requests iter_content(chunk_size=None): chunks at once, to the end late
#   requests iter_lines(chunk_size=1): chunks at once, to the end at once
#   sseclient-py on requests: chunks at once, to the end late
#   httpx iter_lines(): chunks at once, to the end at once
#
# Needs python3 with venv. Exits with 0 if that is still so, else with 1.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

# The server sends one event, and another when it was told that the first one is
# there, or after 3 s: nothing is measured.
cat >main.py <<'END'
import http.server
import threading

import httpx
import requests
import sseclient
import urllib3

seen = threading.Event()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        chunked = self.path == "/chunks"
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        if chunked:
            self.send_header("Transfer-Encoding", "chunked")
        else:
            self.send_header("Connection", "close")
        self.end_headers()
        event = b"data: one\n\n"
        self.wfile.write(b"%x\r\n%s\r\n" % (len(event), event) if chunked else event)
        late.append(not seen.wait(3))
        if chunked:
            self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_):
        pass


def by_httpx(url):
    with httpx.stream("GET", url) as response:
        yield from response.iter_lines()


def get(url):
    return requests.get(url, stream=True)


def raw(url):
    return urllib3.request("GET", url, preload_content=False)


ways = {
    "urllib3 stream()": lambda url: raw(url).stream(),
    "urllib3 read1()": lambda url: iter(raw(url).read1, b""),
    "requests iter_lines()": lambda url: get(url).iter_lines(),
    "requests iter_content(chunk_size=None)": lambda url: get(url).iter_content(chunk_size=None),
    "requests iter_lines(chunk_size=1)": lambda url: get(url).iter_lines(chunk_size=1),
    "sseclient-py on requests": lambda url: sseclient.SSEClient(get(url)).events(),
    "httpx iter_lines()": by_httpx,
}
late = []
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
for name, way in ways.items():
    words = []
    for path, what in {"/chunks": "chunks", "/end": "to the end"}.items():
        seen.clear()
        late.clear()
        for part in way(f"http://127.0.0.1:{server.server_port}{path}"):
            seen.set()
        words.append(f"{what} {'late' if late[0] else 'at once'}")
    print(f"{name}: {', '.join(words)}")
END
cat >expected <<'END'
urllib3 stream(): chunks at once, to the end late
urllib3 read1(): chunks at once, to the end at once
requests iter_lines(): chunks at once, to the end late
requests iter_content(chunk_size=None): chunks at once, to the end late
requests iter_lines(chunk_size=1): chunks at once, to the end at once
sseclient-py on requests: chunks at once, to the end late
httpx iter_lines(): chunks at once, to the end at once
END

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check urllib3==2.8.0 requests==2.34.2 \
    sseclient-py==1.9.0 httpx==0.28.1
venv/bin/python main.py | tee seen
diff expected seen
