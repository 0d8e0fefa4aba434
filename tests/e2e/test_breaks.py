"""How a response that is not whole ends: with all that came of it, and then with
a reset, which no reader takes for an end."""

import fcntl
import os
import socket
import struct
import termios
import threading
import time
import unittest

from harness import DEADLINE, Case
from listener import stop_listening

SENT = os.urandom(1_000_000)
WHOLE = 2_000_000
HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % WHOLE
RESPONSES = {
    "a length": HEAD + b"Content-Length: %d\r\n\r\n" % WHOLE,
    "a chunk": CHUNKED,
    "what the close ends": HEAD + b"\r\n",
}


def reset_on_close(conn):
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def unacknowledged(conn):
    return struct.unpack("i", fcntl.ioctl(conn, termios.TIOCOUTQ, b"\0" * 4))[0]


class Upstream:
    """Answers each request with a part of a response, and breaks off."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = "http://127.0.0.1:%d" % self.listener.getsockname()[1]
        self.start = b""
        self.resets = False
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                conn, _ = self.listener.accept()
            except OSError:
                return
            with conn:
                data = b""
                while b"\r\n\r\n" not in data:
                    data += conn.recv(65536)
                if data.startswith(b"HEAD "):  # serve asks whether somebody is there
                    conn.sendall(HEAD + b"\r\n")
                    continue
                conn.sendall(self.start + SENT)
                if self.resets:
                    # Else the reset would overtake it in our own kernel.
                    while unacknowledged(conn) > 0:
                        time.sleep(0.001)
                    reset_on_close(conn)

    def close(self):
        stop_listening(self.listener)


def content_of(raw):
    """Of a response without its end; in chunks or not."""
    head, _, body = raw.partition(b"\r\n\r\n")
    if b"chunked" not in head:
        return body
    content = b""
    while body:
        size, _, body = body.partition(b"\r\n")
        content += body[: int(size, 16)]
        body = body[int(size, 16) + 2 :]
    return content


def read_until_reset(conn):
    raw = b""
    while True:
        try:
            data = conn.recv(4096)
        except ConnectionResetError:
            return raw
        if not data:
            raise AssertionError(f"a clean end behind {len(raw)} bytes")
        raw += data


class BrokenUpstreams(Case):
    shared = True

    @classmethod
    def start(cls, rig):
        cls.upstream = Upstream()
        cls.addClassCleanup(cls.upstream.close)
        rig.upstream_url = cls.upstream.url
        rig.start_signal()
        rig.start_serve()
        rig.start_proxy()
        rig.wait_connected()

    def check(self, kind, resets):
        """A client that reads so little at a time that all queues are full
        when the upstream breaks off."""
        self.upstream.start = RESPONSES[kind]
        self.upstream.resets = resets
        with socket.socket() as conn:
            conn.settimeout(DEADLINE)
            conn.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
            conn.connect(self.rig.proxy_address)
            conn.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            content = content_of(read_until_reset(conn))
        self.assertEqual(len(content), len(SENT))
        self.assertTrue(content == SENT)

    def test_end(self):
        """an upstream that breaks off by an end: all that it sent, and a reset"""
        for kind in ("a length", "a chunk"):
            with self.subTest(kind=kind):
                self.check(kind, False)

    def test_reset(self):
        """the same by a reset, also of what only the close would end"""
        for kind in RESPONSES:
            with self.subTest(kind=kind):
                self.check(kind, True)


class KilledProxy(Case):
    def test_kill(self):
        """a proxy that is killed resets who waits for the rest, and ends who has it all"""
        self.rig.start_all()
        gate = self.name()
        with socket.create_connection(self.rig.proxy_address, timeout=DEADLINE) as waiting, \
                socket.create_connection(self.rig.proxy_address, timeout=DEADLINE) as idle, \
                socket.create_connection(self.rig.proxy_address, timeout=DEADLINE) as late:
            waiting.sendall(b"GET /gated/%s HTTP/1.1\r\nHost: localhost\r\n\r\n" % gate.encode())
            raw = b""
            while b"first\n" not in raw:
                raw += waiting.recv(65536)
            for conn in (idle, late):
                conn.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
                # The next request goes on once that response is over.
                conn.sendall(b"GET /slow/%s HTTP/1.1\r\nHost: localhost\r\n\r\n" % gate.encode())
            raw = b""
            while not raw.endswith(b"}"):
                raw += idle.recv(65536)
            self.rig.mock.wait_for("GET /slow/", self.rig.mock.mark_of("GET /slow/") + 1)
            self.rig.proxy.kill()
            self.rig.proxy.wait_exit()
            self.assertEqual(read_until_reset(waiting), b"")
            self.assertEqual(idle.recv(1), b"")
            whole = b"".join(iter(lambda: late.recv(65536), b""))
            self.assertEqual(whole.partition(b"\r\n\r\n")[2], raw.partition(b"\r\n\r\n")[2])


if __name__ == "__main__":
    unittest.main()
