#!/usr/bin/python3
"""An upstream with a page that tries what apps do, and posts to here, through the
tunnel like all else, what came of it: lines "said STEP RESULT"."""

import gzip
import os
import sys
import time
from http.server import ThreadingHTTPServer

FILE_SIZE = 3 << 20
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "e2e"))
import mock_upstream  # noqa: E402


class Handler(mock_upstream.Handler):
    def do_GET(self):
        if self.path == "/":
            self.request_id = None
            with open(os.path.join(HERE, "app.html"), "rb") as file:
                data = file.read()
            policy = "default-src 'self'; script-src 'nonce-itsown'; frame-ancestors 'none'"
            self.start(200, "text/html; charset=utf-8", len(data),
                       [("X-Frame-Options", "DENY"), ("Content-Security-Policy", policy)])
            self.send(data)
        else:
            self.answer()

    def on_app_js(self, _):
        self.start(200, "text/javascript", 16)
        self.send(b"var isTheApps=1;")

    def on_said(self, _):
        mock_upstream.say("said", b"".join(self.body()).decode())
        self.send_json({})

    def on_login(self, _):
        fields = [("Set-Cookie", "session=secret; HttpOnly; Path=/"), ("Set-Cookie", "token=seen; Path=/"),
                  ("Location", "/private/me")]
        list(self.body())
        self.start(303, "text/plain", 0, fields)

    def on_private(self, _):
        is_in = "session=secret" in self.headers.get("Cookie", "")
        self.send_json({"in": is_in, "cookies": self.headers.get("Cookie", "")}, 200 if is_in else 401)

    def on_events(self, name):
        self.start(200, "text/event-stream")
        self.send(b"data: first\n\n")
        self.wait_gate(name)
        self.send(b"data: second\n\n")
        self.finish_body()

    def on_ranges(self, _):
        assert self.headers["Range"] == "bytes=2-4"
        assert self.headers["Accept-Encoding"] == "identity"
        self.start(206, "text/plain", 3, [("Content-Range", "bytes 2-4/10")])
        self.send(b"cde")

    def on_file(self, name):
        """A file to be saved, under that name if it has one."""
        fields = [("Content-Disposition", f'attachment; filename="{name}"')] if name else []
        self.start(200, "text/plain", FILE_SIZE, fields)
        for block in mock_upstream.pattern(FILE_SIZE):
            self.send(block)

    def on_form(self, _):
        """What came, as a document."""
        page = b"<title>Sent</title><pre>" + b"".join(self.body()) + b"</pre>"
        self.start(200, "text/html", len(page))
        self.send(page)

    def on_zipped(self, _):
        """Only for who takes it packed, in two members."""
        if "gzip" not in self.headers.get("Accept-Encoding", ""):
            return self.send_json({}, 415)
        data = gzip.compress(b"un") + gzip.compress(b"packed")
        self.start(200, "text/plain", len(data), [("Content-Encoding", "gzip")])
        self.send(data)

    def on_open(self, name):
        mock_upstream.gates.open(name)
        self.send_json({})

    def on_time(self, _):
        self.send_json({"now": time.time()})

    # The names of paths have dots here.
    def answer(self):
        self.path = self.path.replace("/app.js", "/app-js")
        super().answer()

    do_POST = answer


if __name__ == "__main__":
    mock_upstream.Handler = Handler
    mock_upstream.main()
    assert ThreadingHTTPServer
