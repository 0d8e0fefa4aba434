#!/usr/bin/python3
"""usage: chromium_consumer.py SIGNAL-URL ROOM GATE ECHO-BYTES [restart]

Opens chromium/consumer.html in a headless Chromium with a fresh profile and
prints each event that the page reports as a line "EVENT JSON", and what the
browser itself has to say as "browser: …". With "restart" the page restarts ICE
in mid-stream.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlencode, urlsplit

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "e2e"))
from harness import CHROMIUM  # noqa: E402

FILES = {
    "/consumer.html": ("chromium/consumer.html", "text/html"),
    "/wire.mjs": ("wire.mjs", "text/javascript"),
}


LOCK = threading.Lock()


def say(line):
    """A whole line, also when another thread has one to say."""
    with LOCK:
        print(line, flush=True)


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        file, content_type = FILES.get(urlsplit(self.path).path, (None, None))
        if not file:
            self.send_error(404)
            return
        with open(os.path.join(HERE, file), "rb") as source:
            data = source.read()
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_POST(self):
        line = self.rfile.read(int(self.headers["Content-Length"])).decode()
        say(line)
        self.send_response(204)
        self.end_headers()
        if line.split(" ")[0] == "failed":
            self.server.finished.set()

    def log_message(self, *_):
        pass


def report_end(browser, server):
    for line in browser.stderr:
        say(f"browser: {line.rstrip()}")
    say(f"browser-ended {browser.wait()}")
    server.finished.set()


def main(signal_url, room, gate, echo_bytes, restart=""):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.finished = threading.Event()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    query = urlencode({"signal": signal_url, "room": room, "gate": gate, "bytes": echo_bytes,
                       "restart": restart})  # fmt: skip
    profile = tempfile.mkdtemp(prefix="chromium-")
    browser = subprocess.Popen(
        [*CHROMIUM, "--enable-logging=stderr", f"--user-data-dir={profile}",
         f"http://127.0.0.1:{server.server_port}/consumer.html?{query}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        threading.Thread(target=report_end, args=(browser, server), daemon=True).start()
        server.finished.wait()
    finally:
        if browser.poll() is None:
            os.killpg(browser.pid, signal.SIGKILL)
        browser.wait()
        shutil.rmtree(profile, ignore_errors=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
