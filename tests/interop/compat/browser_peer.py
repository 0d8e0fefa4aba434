#!/usr/bin/python3
"""usage: browser_peer.py chromium|firefox-esr [FLAG...]

A peer of compat.py in a headless browser with a fresh profile: a page takes
commands as Server-Sent Events and posts its events."""

import os
import shutil
import subprocess
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HERE = os.path.dirname(os.path.abspath(__file__))
PAGE = b"""<!doctype html><meta charset="utf-8"><script type="module">
import { lead } from "/w3c.mjs";
let posted = Promise.resolve();
const say = (event) => {
  posted = posted.then(() => fetch("/event", { method: "POST", body: JSON.stringify(event) }));
};
const obey = lead(new RTCPeerConnection({ iceServers: [] }), say);
new EventSource("/commands").onmessage = ({ data }) => obey(JSON.parse(data));
</script>"""


def browser(name, profile, flags):
    if name == "chromium":
        sys.path.insert(0, os.environ["COMPAT_HARNESS"])
        from harness import CHROMIUM

        return [*CHROMIUM, f"--user-data-dir={profile}", *flags]
    return [name, "--headless", "--no-remote", "--profile", profile]


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        kinds = {"/": "text/html", "/w3c.mjs": "text/javascript", "/commands": "text/event-stream"}
        self.send_response(200 if self.path in kinds else 404)
        self.send_header("Content-Type", kinds.get(self.path, "text/plain"))
        self.end_headers()
        if self.path == "/":
            self.wfile.write(PAGE)
        elif self.path == "/w3c.mjs":
            with open(os.path.join(HERE, "w3c.mjs"), "rb") as source:
                self.wfile.write(source.read())
        elif self.path == "/commands":
            for line in sys.stdin:
                self.wfile.write(f"data: {line.strip()}\n\n".encode())
            self.server.finished.set()

    def do_POST(self):
        print(self.rfile.read(int(self.headers["Content-Length"])).decode(), flush=True)
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


def main(name, *flags):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.finished = threading.Event()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    profile = tempfile.mkdtemp(prefix="compat-")
    child = subprocess.Popen(
        [*browser(name, profile, flags), f"http://127.0.0.1:{server.server_port}/"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "HOME": profile},
        start_new_session=True,
    )
    try:
        server.finished.wait()
    finally:
        os.killpg(child.pid, 9)
        child.wait()
        shutil.rmtree(profile, ignore_errors=True)


main(*sys.argv[1:])
