"""What the extensions of the protocol carry (docs/PROTOCOL.md#extensions), with
each one, and without: a tunnel of two versions of this program must work."""

import hashlib
import http.client
import json
import socket
import threading
import unittest

from harness import DEADLINE, Case, free_port, pattern

EXTENSIONS = ("fields", "flow", "channels", "interim", "upgrade", "bundle")


class Without(Case):
    """A rig whose ends lack some extensions."""

    shared = True
    serve_without = None
    proxy_without = None

    @classmethod
    def start(cls, rig):
        def options(names):
            return ["--without", names] if names else []

        rig.start_mock()
        rig.start_signal()
        rig.start_serve(*options(cls.serve_without))
        rig.start_proxy(*options(cls.proxy_without))
        rig.wait_up()

    def dial(self):
        conn = socket.create_connection(self.rig.proxy_address, timeout=DEADLINE)
        self.addCleanup(conn.close)
        return conn

    def raw(self, request):
        """All that comes back until the connection closes."""
        conn = self.dial()
        conn.sendall(request)
        return conn.makefile("rb").read()

    def read_head(self, stream):
        lines = []
        while (line := stream.readline()) not in (b"\r\n", b""):
            lines.append(line.strip())
        return lines


class Basics:
    """What holds with and without any of them."""

    def test_requests(self):
        """GET, POST, HEAD, 204, an upload and a download of 8 MB"""
        self.assertEqual(self.rig.get_json("/health"), {"status": "ok"})
        self.assertEqual(self.rig.request("POST", "/echo", b"abc")[::2], (200, b"abc"))
        self.assertEqual(self.rig.request("HEAD", "/bytes/1000")[::2], (200, b""))
        self.assertEqual(self.rig.request("GET", "/status/204")[::2], (204, b""))
        size = 8 << 20
        wanted = hashlib.sha256(b"".join(pattern(size))).hexdigest()
        status, _, body = self.rig.request("POST", "/digest", b"".join(pattern(size)))
        self.assertEqual((status, json.loads(body)["sha256"]), (200, wanted))
        status, _, body = self.rig.request("GET", f"/bytes/{size}?chunked")
        self.assertEqual((status, hashlib.sha256(body).hexdigest()), (200, wanted))

    def test_expect(self):
        """Expect: 100-continue: the client gets it, and its answer"""
        conn = self.dial()
        conn.sendall(b"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n"
                     b"Expect: 100-continue\r\nConnection: close\r\n\r\n")
        stream = conn.makefile("rb")
        self.assertEqual(self.read_head(stream)[0][:13], b"HTTP/1.1 100 ")
        conn.sendall(b"hello")
        self.assertTrue(stream.read().endswith(b"hello"))

    def test_broken_off(self):
        """an upstream that breaks off: the client sees it broken"""
        with self.assertRaises((http.client.IncompleteRead, ConnectionError)):
            self.rig.request("GET", "/break/chunked")

    def test_client_leaves(self):
        """a client that leaves ends its request at the upstream"""
        mark = self.rig.mock.mark()
        conn = self.dial()
        conn.sendall(b"GET /endless HTTP/1.1\r\nHost: localhost\r\n\r\n")
        request = self.rig.mock.wait_for(r"^request (\d+) .* /endless", after=mark)[1]
        conn.recv(100)
        conn.close()
        self.rig.mock.wait_for(rf"^closed {request}$", after=mark)


class Everything(Basics, Without):
    def test_set_cookie(self):
        """several Set-Cookie fields, in their order"""
        _, fields, _ = self.rig.request("GET", "/cookies")
        self.assertEqual(fields.get_all("Set-Cookie"), ["a=1", "b=2; Path=/", "a=3"])

    def test_fields_as_they_are(self):
        """names, order, repetition and bytes of fields, and the reason phrase"""
        answer = self.raw(b"GET /inspect HTTP/1.1\r\nHost: localhost\r\nx-lower: caf\xe9\r\nX-Twice: 1\r\n"
                          b"Accept: a\r\nX-Twice: 2\r\nConnection: close\r\n\r\n")
        body = json.loads(answer.partition(b"\r\n\r\n")[2])
        fields = [f for f in body["headers"] if f[0] not in ("Host", "Via", "Forwarded")]
        self.assertEqual(fields[:4], [["x-lower", "café"], ["X-Twice", "1"], ["Accept", "a"],
                                      ["X-Twice", "2"]])
        answer = self.raw(b"GET /raw/odd-reason HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        self.assertEqual(answer.partition(b"\r\n")[0], b"HTTP/1.1 299 Very Odd")

    def test_trailers(self):
        """trailers of a response, and of a request"""
        answer = self.raw(b"GET /raw/trailers HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        self.assertTrue(answer.endswith(b"0\r\nX-Sum: 1\r\n\r\n"), answer)
        mark = self.rig.mock.mark()
        self.raw(b"POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
                 b"Connection: close\r\n\r\n5\r\nhello\r\n0\r\nX-Mine: 7\r\n\r\n")
        self.rig.mock.wait_for(r"^trailer X-Mine: 7$", after=mark)

    def test_early_hints(self):
        """interim responses"""
        answer = self.raw(b"GET /raw/early-hints HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        self.assertRegex(answer, rb"^HTTP/1\.1 103 Early Hints\r\n[^/]*Link: </x>\r\n\r\nHTTP/1\.1 200 ")
        self.assertTrue(answer.endswith(b"final"))

    def test_expectation_that_fails(self):
        """an upstream that refuses by a final answer gets no body"""
        conn = self.dial()
        conn.sendall(b"POST /raw/too-large HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n"
                     b"Expect: 100-continue\r\n\r\n")
        stream = conn.makefile("rb")
        self.assertEqual(self.read_head(stream)[0], b"HTTP/1.1 413 Too Large")

    def upgrade(self, path="/upgrade/echo"):
        conn = self.dial()
        conn.sendall(b"GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n"
                     % path.encode())
        stream = conn.makefile("rb")
        return conn, stream, self.read_head(stream)

    def test_upgrade(self):
        """a byte pipe: both ways, then the client ends its direction first"""
        conn, stream, head = self.upgrade()
        self.assertEqual(head[0], b"HTTP/1.1 101 Switching Protocols")
        self.assertIn(b"upgrade: echo", [line.lower() for line in head])
        for i in range(3):
            conn.sendall(b"ping %d\n" % i)
            self.assertEqual(stream.readline(), b"ping %d\n" % i)
        conn.sendall(b"last\n")
        conn.shutdown(socket.SHUT_WR)
        self.assertEqual(stream.read(), b"last\nbye\n")

    def test_upgrade_bulk(self):
        """4 MB through a pipe and back"""
        conn, stream, _ = self.upgrade()
        size = 4 << 20
        sent = b"".join(pattern(size))
        def send():
            conn.sendall(sent)
            conn.shutdown(socket.SHUT_WR)

        sender = threading.Thread(target=send)
        sender.start()
        received = stream.read()
        sender.join()
        self.assertEqual(hashlib.sha256(received).digest(), hashlib.sha256(sent + b"bye\n").digest())

    def test_upgrade_ended_by_the_upstream(self):
        """the upstream ends its direction first; the client's goes on"""
        mark = self.rig.mock.mark()
        conn, stream, _ = self.upgrade("/upgrade/first")
        self.assertEqual(stream.read(), b"bye\n")
        conn.sendall(b"still here\n")
        self.rig.mock.wait_for(r"^pipe still here$", after=mark)
        conn.close()

    def test_upgrade_refused(self):
        """an upstream that does not switch answers as to any request"""
        _, stream, head = self.upgrade("/health")
        self.assertTrue(head[0].startswith(b"HTTP/1.1 200"), head)

    def test_upgrade_aborted(self):
        """a client that resets its pipe ends the upstream's"""
        mark = self.rig.mock.mark()
        conn, stream, _ = self.upgrade()
        conn.sendall(b"x\n")
        self.assertEqual(stream.readline(), b"x\n")
        stream.close()
        conn.close()
        self.rig.mock.wait_for(r"^pipe ended$", after=mark)

    def test_connect_is_refused(self):
        """CONNECT without --allow-connect"""
        answer = self.raw(b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n"
                          b"Connection: close\r\n\r\n")
        self.assertRegex(answer, rb"^HTTP/1\.1 403 ")
        self.rig.serve.wait_for("CONNECT example.com:443 403, .*; CONNECT is not allowed here")

    def test_slow_client(self):
        """a client that reads nothing stops nobody else"""
        stuck = self.dial()
        stuck.sendall(b"GET /bytes/200000000 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        stuck.recv(1000)
        for _ in range(3):
            status, _, body = self.rig.request("GET", "/bytes/20000000")
            self.assertEqual((status, len(body)), (200, 20000000))


class Errors(Without):
    """Answers of the tunnel's own."""

    def test_as_json(self):
        """for programs: status, JSON and Proxy-Status name the cause"""
        status, fields, body = self.rig.request("GET", "/break/head")
        self.assertEqual(status, 502)
        self.assertEqual(fields["Content-Type"], "application/json")
        error = json.loads(body)["error"]
        self.assertEqual((error["type"], error["code"]), ("tunnel_error", "upstream_broke_off"))
        self.assertRegex(fields["Proxy-Status"], r'^tunnel; error=connection_terminated; details="')
        status, fields, body = self.rig.request("GET", "/raw/garbage")
        self.assertEqual(json.loads(body)["error"]["code"], "bad_response")
        self.assertIn("error=http_protocol_error", fields["Proxy-Status"])

    def test_as_text(self):
        """for a client that does not read JSON"""
        status, fields, body = self.rig.request("GET", "/break/head", headers={"Accept": "text/html"})
        self.assertEqual((status, fields["Content-Type"]), (502, "text/plain; charset=utf-8"))
        self.assertIn(b"upstream", body)


class Connect(Case):
    """serve --allow-connect"""

    shared = True

    @classmethod
    def start(cls, rig):
        rig.start_mock()
        rig.start_signal()
        rig.start_serve("--allow-connect")
        rig.start_proxy()
        rig.wait_up()

    def connect_to(self, authority):
        conn = socket.create_connection(self.rig.proxy_address, timeout=DEADLINE)
        self.addCleanup(conn.close)
        conn.sendall(f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n".encode())
        stream = conn.makefile("rb")
        status = stream.readline()
        while stream.readline() not in (b"\r\n", b""):
            pass
        return conn, stream, status

    def test_to_the_upstream(self):
        """bytes both ways; then each direction ends by itself"""
        conn, stream, status = self.connect_to(self.rig.upstream_url.removeprefix("http://"))
        self.assertRegex(status, rb"^HTTP/1\.1 200 ")
        conn.sendall(b"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello"
                     b"GET /bytes/3000000 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        conn.shutdown(socket.SHUT_WR)
        answer = stream.read()
        self.assertIn(b"\r\n\r\nhello", answer)
        self.assertTrue(answer.endswith(b"".join(pattern(3000000))))

    def test_to_another(self):
        """anything else is refused"""
        port = self.rig.upstream_url.rsplit(":", 1)[1]
        for authority in (f"localhost:{port}", "127.0.0.1:1", "127.0.0.1"):
            with self.subTest(authority):
                _, _, status = self.connect_to(authority)
                self.assertRegex(status, rb"^HTTP/1\.1 40[03] ")

    def test_client_leaves(self):
        """a client that resets its pipe ends the upstream's connection"""
        mark = self.rig.mock.mark()
        conn, stream, _ = self.connect_to(self.rig.upstream_url.removeprefix("http://"))
        conn.sendall(b"GET /endless HTTP/1.1\r\nHost: localhost\r\n\r\n")
        request = self.rig.mock.wait_for(r"^request (\d+) .* /endless", after=mark)[1]
        stream.close()
        conn.close()
        self.rig.mock.wait_for(rf"^closed {request}$", after=mark)


class RefusedUpstream(Case):
    def test_refused(self):
        """an upstream that is not there: 502 that says so"""
        self.rig.start_mock()
        self.rig.start_signal()
        self.rig.start_serve(upstream=f"http://127.0.0.1:{free_port()}")
        self.rig.start_proxy()
        self.rig.wait_connected()
        status, fields, body = self.rig.request("GET", "/")
        self.assertEqual(status, 502)
        self.assertEqual(json.loads(body)["error"]["code"], "upstream_refused")
        self.assertIn("error=connection_refused", fields["Proxy-Status"])


class Version1(Basics, Without):
    """The other side has none of them."""

    serve_without = ",".join(EXTENSIONS)

    def test_what_is_lost(self):
        """the last Set-Cookie is left, and the log says so; no Upgrade, no 103"""
        mark = self.rig.serve.mark()
        _, fields, _ = self.rig.request("GET", "/cookies")
        self.assertEqual(fields.get_all("Set-Cookie"), ["a=3"])
        self.rig.serve.wait_for("Set-Cookie", after=mark)
        answer = self.raw(b"GET /inspect HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, close\r\n"
                          b"Upgrade: echo\r\n\r\n")
        self.assertRegex(answer, rb"^HTTP/1\.1 200 ")
        self.assertNotIn(b"pgrade", answer.partition(b"\r\n\r\n")[2])
        answer = self.raw(b"GET /raw/early-hints HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        self.assertRegex(answer, rb"^HTTP/1\.1 200 ")
        answer = self.raw(b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n"
                          b"Connection: close\r\n\r\n")
        self.assertRegex(answer, rb"^HTTP/1\.1 501 ")


class Version1Consumer(Basics, Without):
    proxy_without = ",".join(EXTENSIONS)


class NoFields(Basics, Without):
    proxy_without = "fields"


class NoFlow(Basics, Without):
    serve_without = "flow"


class NoChannels(Basics, Without):
    proxy_without = "channels"


class NoBundle(Basics, Without):
    serve_without = "bundle"


class NoInterim(Basics, Without):
    serve_without = "interim"


class NoUpgrade(Basics, Without):
    serve_without = "upgrade,sse"


if __name__ == "__main__":
    unittest.main()
