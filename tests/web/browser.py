"""A browser with a fresh profile, and in it a page that does as it is told:
commands come to it as Server-Sent Events, and it posts what it says."""

import itertools
import json
import os
import queue
import re
import shutil
import subprocess
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from harness import CHROMIUM, DEADLINE, ROOT

HERE = os.path.dirname(os.path.abspath(__file__))
FIREFOX = ["firefox-esr", "--headless", "--no-remote", "--new-instance"]
# A page of this machine needs no camera to see its addresses, and asks nobody else.
FIREFOX_PREFERENCES = """
user_pref("media.peerconnection.ice.loopback", true);
user_pref("media.peerconnection.ice.obfuscate_host_addresses", false);
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("app.normandy.enabled", false);
user_pref("services.settings.server", "http://127.0.0.1:9/");
user_pref("toolkit.telemetry.server", "");
"""


def why_not(name):
    return None if shutil.which(name) else f"there is no {name}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        browser = self.server.browser
        if self.path == "/commands":
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Connection", "close")
            self.end_headers()
            while command := browser.commands.get():
                self.wfile.write(f"data: {json.dumps(command)}\n\n".encode())
            self.close_connection = True
        elif self.path == "/":
            self.send_file(os.path.join(HERE, "page.html"), "text/html; charset=utf-8")
        elif re.fullmatch(r"/tunnel/\w+\.js", self.path):
            self.send_file(os.path.join(ROOT, "web", self.path[1:]), "text/javascript")
        else:
            self.send_error(404)

    def send_file(self, name, content_type):
        with open(name, "rb") as file:
            data = file.read()
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_POST(self):
        message = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.browser.hear(json.loads(message))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


class Browser:
    """name: chromium or firefox-esr."""

    def __init__(self, name):
        self.commands = queue.Queue()
        self.ids = itertools.count()
        self.changed = threading.Condition()
        self.results = {}
        self.said = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.browser = self
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.profile = tempfile.mkdtemp(prefix="browser-")
        self.child = subprocess.Popen(
            [*self.command(name), f"http://127.0.0.1:{self.server.server_port}/"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={**os.environ, "HOME": self.profile}, start_new_session=True)

    def command(self, name):
        if name == "chromium":
            return [*CHROMIUM, f"--user-data-dir={self.profile}"]
        with open(os.path.join(self.profile, "user.js"), "w", encoding="utf-8") as file:
            file.write(FIREFOX_PREFERENCES)
        return [*FIREFOX, "--profile", self.profile]

    def hear(self, message):
        with self.changed:
            if "id" in message:
                self.results[message["id"]] = message
            else:
                self.said.append(message["said"])
            self.changed.notify_all()

    def begin(self, code):
        """Has the page do that; its result is to be awaited by end()."""
        number = next(self.ids)
        self.commands.put({"id": number, "code": code})
        return number

    def end(self, number, deadline=None):
        self.wait(lambda: number in self.results, "the page does not answer", deadline)
        message = self.results.pop(number)
        if "failed" in message:
            raise AssertionError(f"in the page: {message['failed']}\n{message['stack']}")
        return message["result"]

    def run(self, code, deadline=None):
        return self.end(self.begin(code), deadline)

    def wait_said(self, wanted, after=0):
        """The match of the first thing that it says after that mark, and a mark
        behind it."""
        def find():
            return next(((m, i + 1) for i, text in enumerate(self.said[after:], after)
                         if (m := re.search(wanted, text))), None)
        return self.wait(find, f"the page does not say {wanted!r}, but {self.said[after:]}")

    def mark(self):
        return len(self.said)

    def wait(self, find, words, deadline=None):
        give_up = time.monotonic() + (deadline or 2 * DEADLINE)
        with self.changed:
            while not (found := find()):
                if not self.changed.wait(give_up - time.monotonic()):
                    raise AssertionError(words() if callable(words) else words)
            return found

    def close(self):
        self.commands.put(None)
        try:
            os.killpg(self.child.pid, 9)
        except ProcessLookupError:
            pass
        self.child.wait()
        self.server.shutdown()
        self.server.server_close()
        shutil.rmtree(self.profile, ignore_errors=True)
