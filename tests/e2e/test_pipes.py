"""What is no HTTP/1.1: HTTP/2 by prior knowledge, and plain TCP."""

import os
import shutil
import socket
import subprocess
import threading
import unittest

from harness import DEADLINE, HERE, NODE, Case
from link_rig import LinkRig
from listener import accept_all, stop_listening

H2_UPSTREAM = os.path.join(HERE, "h2_upstream.mjs")
H2_CLIENT = os.path.join(HERE, "h2_client.mjs")
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
BANNER = b"hello, who is there?\r\n"


def curl(address, path, *options):
    """What curl prints, which speaks HTTP/2 at once."""
    url = "http://%s:%d%s" % (*address, path)
    argv = ["curl", "--silent", "--show-error", "--http2-prior-knowledge", "--max-time",
            str(DEADLINE), *options, url]
    return subprocess.run(argv, capture_output=True, timeout=2 * DEADLINE)


@unittest.skipUnless(shutil.which("curl") and NODE, "there is no curl, or no node")
class Http2(Case):
    """A client that begins with HTTP/2's preface speaks to the upstream itself."""

    shared = True

    @classmethod
    def start(cls, rig):
        rig.upstream = rig.run("upstream", [NODE, H2_UPSTREAM], is_product=False)
        rig.upstream_url = rig.upstream.wait_for(r"^listening (\S+)", stream="out")[1]
        rig.start_signal()
        rig.start_serve(is_silent=True)
        rig.start_proxy()
        rig.proxy.wait_for("point your tools")

    def test_get(self):
        """a response, by HTTP/2 from end to end"""
        done = curl(self.rig.proxy_address, "/", "--write-out", " %{http_version}")
        self.assertEqual(done.stdout, b"hello by HTTP/2 2", done.stderr)

    def test_many(self):
        """twenty streams of one connection, each with its own 300 kB there and back"""
        url = "http://%s:%d" % self.rig.proxy_address
        done = subprocess.run([NODE, H2_CLIENT, url, "20", "300000"], capture_output=True,
                              timeout=DEADLINE)
        self.assertEqual(done.stdout, b"20 came back\n", done.stderr)

    def test_client_leaves(self):
        """a client that is killed ends the upstream's session"""
        mark = self.rig.upstream.mark()
        url = "http://%s:%d/endless" % self.rig.proxy_address
        child = subprocess.Popen(["curl", "--silent", "--no-buffer", "--http2-prior-knowledge", url],
                                 stdout=subprocess.PIPE)
        self.assertEqual(child.stdout.read(5), b"begun")
        child.kill()
        child.wait()
        child.stdout.close()
        self.rig.upstream.wait_for("^session closed", after=mark)

    def test_in_pieces(self):
        """the preface byte by byte, and what only begins like it"""
        with socket.create_connection(self.rig.proxy_address, timeout=DEADLINE) as conn:
            conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for i in range(len(PREFACE)):
                conn.sendall(PREFACE[i : i + 1])
            conn.sendall(bytes((0, 0, 0, 4, 0, 0, 0, 0, 0)))  # SETTINGS
            self.assertEqual(conn.recv(9)[3], 4)  # theirs
        with socket.create_connection(self.rig.proxy_address, timeout=DEADLINE) as conn:
            conn.sendall(b"PRI * HTTP/1.1\r\n\r\n")
            self.assertRegex(conn.recv(100), rb"^HTTP/1\.1 4")


class Refused(Case):
    """Where it is not carried, the client is reset and the log says why."""

    def expect_reset(self, first):
        with socket.create_connection(self.rig.proxy_address, timeout=DEADLINE) as conn:
            conn.sendall(first)
            try:
                self.assertEqual(conn.recv(100), b"")
            except ConnectionResetError:
                pass

    def test_old_side(self):
        """the other side knows nothing of it"""
        rig = self.rig
        rig.start_mock()
        rig.start_signal()
        rig.start_serve("--without", "tcp")
        rig.start_proxy()
        rig.wait_up()
        self.expect_reset(PREFACE)
        rig.proxy.wait_for(r"CONNECT \* .*the other side carries neither HTTP/2 nor plain TCP")
        self.assertEqual(rig.get_json("/health"), {"status": "ok"})

    def test_device_with_rules(self):
        """a device with rules gets no pipe, of which no path is seen"""
        rig = self.rig = LinkRig()
        self.addCleanup(rig.close)
        rig.start_mock()
        rig.start_signal()
        rig.start_serve("--allow-tcp")
        link = rig.invite("phone", "--allow", "* /**", "--allow", "CONNECT *")
        rig.start_linked(link)
        rig.wait_up()
        self.expect_reset(PREFACE)
        rig.serve.wait_for(r"CONNECT \* 403.*(does not allow|has rules)")


class Greeter:
    """A server that speaks first, says back what it hears, and half-closes."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        accept_all(self.listener, self.serve)

    def serve(self, conn):
        with conn:
            try:
                conn.sendall(BANNER)
                while data := conn.recv(65536):
                    conn.sendall(data)
                conn.sendall(b"bye")
            except OSError:
                pass


class Tcp(Case):
    """proxy --listen tcp:"""

    def start_sides(self, *serve_options):
        rig = self.rig
        greeter = Greeter()
        self.addCleanup(stop_listening, greeter.listener)
        rig.start_signal()
        rig.start_serve(*serve_options, upstream=greeter.address)
        rig.start_proxy(listen="tcp:127.0.0.1:0")
        rig.proxy.wait_for("talks to the upstream")

    def test_both_ways(self):
        """who speaks first is heard first; 3 MB there and back; each end by itself"""
        self.start_sides("--allow-tcp")
        sent = os.urandom(3000000)
        with socket.create_connection(self.rig.proxy_address, timeout=DEADLINE) as conn:
            stream = conn.makefile("rb")
            self.assertEqual(stream.read(len(BANNER)), BANNER)

            def send():
                conn.sendall(sent)
                conn.shutdown(socket.SHUT_WR)

            sender = threading.Thread(target=send)
            sender.start()
            self.assertTrue(stream.read() == sent + b"bye")
            sender.join()

    def test_not_allowed(self):
        """without --allow-tcp: not even the greeting"""
        self.start_sides()
        with socket.create_connection(self.rig.proxy_address, timeout=DEADLINE) as conn:
            with self.assertRaises(ConnectionResetError):
                conn.recv(100)
        self.rig.serve.wait_for(r"CONNECT \* 403.*what is not HTTP/2 is not carried .*--allow-tcp")


if __name__ == "__main__":
    unittest.main()
