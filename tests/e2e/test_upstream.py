"""What `serve` is told about its upstream, where it is and which fields it gets;
and how clients half-close."""

import json
import os
import socket
import tempfile
import unittest

from harness import Case


class UpstreamCase(Case):
    def start(self, serve=(), proxy=(), env=None):
        if not self.rig.mock:
            self.rig.start_mock()
        self.rig.start_signal()
        self.rig.start_serve(*serve, env=env)
        self.rig.start_proxy(*proxy)
        self.rig.wait_up()

    def stop(self):
        for process in (self.rig.proxy, self.rig.serve, self.rig.signal):
            self.assertIsNone(process.end())

    def fields(self, request_fields=None, target="/inspect/"):
        """Name and value of each field that the upstream got, names in lower case."""
        status, _, body = self.rig.request("GET", target, headers=request_fields or {})
        self.assertEqual(status, 200, body)
        return [(name.lower(), value) for name, value in json.loads(body)["headers"]]

    @property
    def own_host(self):
        return "%s:%d" % self.rig.proxy_address


class UnixSocket(UpstreamCase):
    def test_unix_socket(self):
        """an upstream behind a Unix socket; one that is not there"""
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "api.sock")
            self.rig.start_mock("--unix", path)
            self.assertEqual(self.rig.upstream_url, f"unix:{path}")
            self.start()
            self.assertEqual(dict(self.fields())["host"], "localhost")
            body = os.urandom(1 << 20)
            self.assertEqual(self.rig.request("POST", "/echo", body)[::2], (200, body))
            self.rig.mock.kill()
            self.rig.mock.wait_exit()
            os.unlink(path)
            status, _, body = self.rig.request("GET", "/health")
            self.assertEqual(status, 502)
            self.assertIn("no such socket", json.loads(body)["error"]["message"])


class Limits(UpstreamCase):
    def test_upstream_max(self):
        """--upstream-max: what is more waits in line, and leaves it with its client"""
        self.start(serve=("--upstream-max", "1"))
        mock = self.rig.mock
        first = self.rig.connect()
        first.request("GET", "/slow/first")
        mock.wait_for("GET /slow/first")
        gone, last = self.rig.connect(), self.rig.connect()
        gone.request("POST", "/slow/gone", b"x")
        last.request("POST", "/echo", b"of the last")
        gone.close()
        self.rig.serve.wait_for(r"POST /slow/gone no answer")
        self.rig.mock.send("open first")
        self.assertEqual(first.getresponse().status, 200)
        answer = last.getresponse()
        self.assertEqual((answer.status, answer.read()), (200, b"of the last"))
        self.assertNotIn("/slow/gone", mock.text())

    def test_max_streams(self):
        """--max-streams: one proxy has no more requests under way, and is told so"""
        self.start(serve=("--max-streams", "1"))
        first = self.rig.connect()
        first.request("GET", "/slow/only")
        self.rig.mock.wait_for("GET /slow/only")
        status, fields, body = self.rig.request("GET", "/health")
        self.assertEqual(status, 503)
        self.assertIn("--max-streams", json.loads(body)["error"]["message"])
        self.assertTrue(int(dict(fields)["Retry-After"]) > 0)
        self.rig.mock.send("open only")
        answer = first.getresponse()
        answer.read()  # it is under way until its end is there
        self.assertEqual(answer.status, 200)
        self.assertEqual(self.rig.request("GET", "/health")[0], 200)


class Fields(UpstreamCase):
    def test_defaults(self):
        """Host is the upstream's, and nothing is added"""
        self.start()
        fields = dict(self.fields({"X-Forwarded-For": "198.51.100.1"}))
        self.assertEqual(fields["host"], self.rig.upstream_url.removeprefix("http://"))
        self.assertEqual(fields["x-forwarded-for"], "198.51.100.1")
        for name in ("via", "forwarded", "x-forwarded-host", "x-forwarded-proto"):
            self.assertNotIn(name, fields)

    def test_preserve_host(self):
        """--preserve-host sends the client's Host, also of an absolute target"""
        self.start(["--preserve-host"], ["--allow-host", "named.example"])
        self.assertEqual(dict(self.fields())["host"], self.own_host)
        fields = dict(self.fields({"Host": "ignored"}, "http://named.example:81/inspect/"))
        self.assertEqual(fields["host"], "named.example:81")

    def test_header(self):
        """--header sets, replaces and removes fields, by flag and by variable"""
        rules = ["Authorization: Bearer secret", "User-Agent:", "X-Two: 1", "x-two: 2"]
        sent = {"authorization": "Bearer mine", "User-Agent": "tests", "X-Other": "3"}
        flags = [word for rule in rules for word in ("--header", rule)]
        for serve, env in ((flags, None), ([], {"TUNNEL_HEADER": "\n".join(rules)})):
            with self.subTest(env=env):
                self.start(serve, env=env)
                fields = self.fields(sent)
                self.assertEqual([v for n, v in fields if n == "authorization"], ["Bearer secret"])
                self.assertEqual([v for n, v in fields if n == "x-two"], ["2"])
                self.assertIn(("x-other", "3"), fields)
                self.assertNotIn("user-agent", dict(fields))
                self.stop()

    def test_forwarded(self):
        """--forwarded of the proxy says who asked, once; of serve that somebody did"""
        for serve, proxy, client in ((["--forwarded"], ["--forwarded"], "127.0.0.1"),
                                     ([], ["--forwarded"], "127.0.0.1"),
                                     (["--forwarded"], [], "unknown")):
            with self.subTest(serve=serve, proxy=proxy):
                self.start(serve, proxy)
                fields = self.fields({"Via": "1.0 before", "X-Forwarded-For": "198.51.100.1"})
                for name, value in {
                    "via": "1.0 before, 1.1 tunnel",
                    "forwarded": f'for={client};host="{self.own_host}";proto=http',
                    "x-forwarded-for": f"198.51.100.1, {client}",
                    "x-forwarded-host": self.own_host,
                    "x-forwarded-proto": "http",
                }.items():
                    self.assertEqual([v for n, v in fields if n == name], [value])
                self.stop()


    def test_forged_via(self):
        """a client that claims to come through a tunnel is not believed"""
        self.start(["--forwarded"], ["--forwarded"])
        fields = self.fields({"Via": "1.1 tunnel", "X-Forwarded-For": "198.51.100.1"})
        self.assertIn(("via", "1.1 tunnel, 1.1 tunnel"), fields)
        self.assertIn(("x-forwarded-for", "198.51.100.1, 127.0.0.1"), fields)


class HalfClose(Case):
    shared = True

    def begin(self, conn, gate):
        mark = self.rig.mock.mark()
        conn.sendall(f"GET /slow/{gate} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        match = self.rig.mock.wait_for(rf"^request (\d+) conn \d+ GET /slow/{gate}", after=mark)
        return match[1]

    def test_half_close(self):
        """a client that ends its sending behind its request gets its answer"""
        gate = self.name()
        with socket.create_connection(self.rig.proxy_address, timeout=60) as conn:
            self.begin(conn, gate)
            conn.shutdown(socket.SHUT_WR)
            # Another request's whole way is time enough for the FIN to be seen.
            self.assertEqual(self.rig.get_json("/health"), {"status": "ok"})
            self.rig.mock.send(f"open {gate}")
            answer = b"".join(iter(lambda: conn.recv(65536), b""))
        self.assertRegex(answer, rb"^HTTP/1\.1 200 ")
        self.assertIn(b"at last", answer)

    def test_close_behind_half_close(self):
        """one that then goes away stops the upstream"""
        with socket.create_connection(self.rig.proxy_address, timeout=60) as conn:
            number = self.begin(conn, self.name())
            conn.shutdown(socket.SHUT_WR)
            self.assertEqual(self.rig.get_json("/health"), {"status": "ok"})
        self.rig.mock.wait_for(rf"^closed {number}$")


if __name__ == "__main__":
    unittest.main()
