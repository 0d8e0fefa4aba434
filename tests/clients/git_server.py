#!/usr/bin/python3
"""usage: git_server.py FOLDER

Serves the bare repositories of that folder over smart HTTP, by git's own CGI
program, and prints "listening URL", then each request's method, path, framing and
content coding. A request's body is fed to the program as it comes, its output
is sent as it comes.
"""

import os
import subprocess
import sys
import threading
from urllib.parse import urlsplit

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from mock_upstream import BLOCK, Handler, Server, say  # noqa: E402


class GitHandler(Handler):
    def answer(self):
        self.body_read = self.sent = 0
        self.request_id = self.server.next_id("request")
        framing = "chunked" if "Transfer-Encoding" in self.headers else "sized"
        say(self.command, self.path, framing, self.headers.get("Content-Encoding", "plain"))
        cgi = subprocess.Popen(
            ["git", "http-backend"], env=self.environment(),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )
        feeder = threading.Thread(target=self.feed, args=(cgi.stdin,))
        feeder.start()
        self.pass_on(cgi.stdout)
        feeder.join()
        cgi.wait()

    do_GET = do_POST = answer

    def environment(self):
        url = urlsplit(self.path)
        given = {
            "REQUEST_METHOD": self.command,
            "PATH_INFO": url.path,
            "QUERY_STRING": url.query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "GIT_PROJECT_ROOT": self.server.folder,
            "GIT_HTTP_EXPORT_ALL": "1",
            "REMOTE_USER": "test",  # without one it takes no push
            "REMOTE_ADDR": self.client_address[0],
        }
        if "Content-Length" in self.headers:
            given["CONTENT_LENGTH"] = self.headers["Content-Length"]
        return {**os.environ, **given}

    def feed(self, stdin):
        with stdin:
            for data in self.body():
                stdin.write(data)

    def pass_on(self, stdout):
        fields = []
        while line := stdout.readline().strip().decode():
            name, _, value = line.partition(": ")
            fields.append((name, value))
        fields = dict(fields)
        status = int(fields.pop("Status", "200").split()[0])
        length = fields.pop("Content-Length", None)
        content_type = fields.pop("Content-Type", "text/plain")
        self.start(status, content_type, length, fields.items())
        while data := stdout.read1(BLOCK):
            self.send(data)
        self.finish_body()


def main(folder):
    server = Server(("127.0.0.1", 0), 0)
    server.RequestHandlerClass = GitHandler
    server.folder = folder
    say("listening", f"http://127.0.0.1:{server.server_port}")
    server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
