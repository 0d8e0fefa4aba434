"""HTTP through a tunnel that is up."""

import concurrent.futures
import hashlib
import http.client
import json
import socket
import threading
import unittest

from harness import IS_INSTRUMENTED, Case, pattern, read_exactly

BIG = (8 if IS_INSTRUMENTED else 100) << 20


def digest_of_pattern(size):
    digest = hashlib.sha256()
    for block in pattern(size):
        digest.update(block)
    return digest.hexdigest()


def digest_of(response):
    digest, size = hashlib.sha256(), 0
    while block := response.read(1 << 16):
        digest.update(block)
        size += len(block)
    return size, digest.hexdigest()


class TunnelCase(Case):
    shared = True

    def connect(self):
        conn = self.rig.connect()
        self.addCleanup(conn.close)
        return conn

    def get(self, path, headers=None):
        """A response whose body is still to be read."""
        conn = self.connect()
        conn.request("GET", path, headers=headers or {})
        response = conn.getresponse()
        # Closes the socket, whatever is still unread.
        response.leave = lambda: (response.close(), conn.close())
        return response

    def inspect(self, method, path, body=None, headers=None):
        status, _, answer = self.rig.request(method, "/inspect" + path, body, headers)
        self.assertEqual(status, 200)
        return json.loads(answer)

    def raw(self, request):
        """All that comes back for these bytes until the proxy closes."""
        with socket.create_connection(self.rig.proxy_address, timeout=60) as conn:
            conn.sendall(request)
            return b"".join(iter(lambda: conn.recv(65536), b""))

    def open_gate(self, name):
        self.rig.mock.send(f"open {name}")


class Endpoints(TunnelCase):
    def test_models(self):
        """GET /v1/models and /health"""
        status, headers, body = self.rig.request("GET", "/v1/models")
        self.assertEqual((status, headers["Content-Type"]), (200, "application/json"))
        self.assertEqual([m["id"] for m in json.loads(body)["data"]], ["mock-small", "mock-large"])
        self.assertEqual(self.rig.get_json("/health"), {"status": "ok"})

    def test_completion(self):
        """a chat completion, whole and streamed"""
        request = {"model": "m", "messages": [{"role": "user", "content": "Hello"}]}
        fields = {"Content-Type": "application/json"}
        status, _, body = self.rig.request("POST", "/v1/chat/completions", json.dumps(request), fields)
        self.assertEqual(status, 200)
        whole = json.loads(body)["choices"][0]["message"]["content"]
        request["stream"] = True
        status, headers, body = self.rig.request(
            "POST", "/v1/chat/completions", json.dumps(request), fields
        )
        self.assertEqual((status, headers["Content-Type"]), (200, "text/event-stream"))
        events = body.decode().split("\n\n")
        self.assertEqual(events[-2:], ["data: [DONE]", ""])
        deltas = [json.loads(e[6:])["choices"][0]["delta"] for e in events[:-2]]
        self.assertEqual("".join(d.get("content", "") for d in deltas), whole)

    def test_methods(self):
        """every method arrives, with its body"""
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
            with self.subTest(method=method):
                body = None if method in ("GET", "OPTIONS") else f"body of {method}"
                seen = self.inspect(method, "/x", body)
                self.assertEqual((seen["method"], seen["body"]), (method, body or ""))

    def test_head(self):
        """HEAD has the length and no body; the connection goes on"""
        conn = self.connect()
        conn.request("HEAD", "/bytes/12345")
        response = conn.getresponse()
        self.assertEqual((response.status, response.headers["Content-Length"]), (200, "12345"))
        self.assertEqual(response.read(), b"")
        conn.request("GET", "/health")
        self.assertEqual(conn.getresponse().status, 200)

    def test_statuses(self):
        """the upstream's statuses pass; redirects are not followed"""
        for status in (201, 204, 301, 304, 400, 401, 404, 418, 429, 500, 503):
            with self.subTest(status=status):
                got, headers, body = self.rig.request("GET", f"/status/{status}")
                self.assertEqual(got, status)
                if status == 301:
                    self.assertEqual(headers["Location"], "/health")
                if status in (204, 304):
                    self.assertEqual(body, b"")

    def test_targets(self):
        """paths and queries arrive as they were sent"""
        for path in ("/a%2Fb/%E2%82%AC", "/x?q=a%20b&q=2&empty=", "/x//y/./z;p=1", "/?a?b", "/~a'!"):
            with self.subTest(path=path):
                self.assertEqual(self.inspect("GET", path)["path"], "/inspect" + path)

    def test_fields(self):
        """end-to-end fields pass, hop-by-hop ones do not"""
        fields = {
            "Authorization": "Bearer sk-of-a-test",
            "X-Mixed-CASE": "a, b;c=\"d\"",
            "Accept-Encoding": "gzip, br",
            "Connection": "keep-alive, X-Of-This-Hop",
            "X-Of-This-Hop": "1",
            "Proxy-Connection": "keep-alive",
            "TE": "trailers",
        }
        seen = {k.lower(): v for k, v in self.inspect("GET", "/", headers=fields)["headers"]}
        for name in ("authorization", "x-mixed-case", "accept-encoding"):
            self.assertEqual(seen[name], next(v for k, v in fields.items() if k.lower() == name))
        self.assertNotIn("x-of-this-hop", seen)
        self.assertNotIn("proxy-connection", seen)
        self.assertEqual(seen["host"], self.rig.upstream_url.removeprefix("http://"))

    def test_latin_field(self):
        """field values with bytes over 0x7f survive, or are refused cleanly"""
        answer = self.raw(b"GET /inspect/ HTTP/1.1\r\nHost: localhost\r\nX-Name: J\xfcrgen\r\n"
                          b"Connection: close\r\n\r\n")
        self.assertRegex(answer, rb"^HTTP/1\.1 (200|400) ")
        self.assertEqual(self.rig.get_json("/health"), {"status": "ok"})

    def test_large_head(self):
        """a head of 30 KB passes; one of 1 MB gets 431"""
        value = "v" * 30000
        seen = {k: v for k, v in self.inspect("GET", "/", headers={"X-Large": value})["headers"]}
        self.assertEqual(seen["X-Large"], value)
        try:
            answer = self.raw(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"v" * (1 << 20) + b"\r\n\r\n")
            self.assertRegex(answer, rb"^(HTTP/1\.1 431 |$)")
        except ConnectionError:
            pass  # closed while we still sent

    def test_malformed(self):
        """malformed requests get 400, and nothing of them goes upstream"""
        path = f"/inspect/{self.name()}".encode()
        for request in (
            b"GET\r\n\r\n",
            b"GET /inspect/ HTTP/1.1\r\n\r\n",  # without a Host
            b"GET /inspect/ HTTP/1.1\r\nHost: localhost\r\nBad Name: 1\r\n\r\n",
            b"GET /inspect/ HTTP/1.1\r\nHost: localhost\r\nA: 1\r\n folded\r\n\r\n",
            b"POST /inspect/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1, 2\r\n\r\nxx",
            b"POST /inspect/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
            b"POST /inspect/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        ):
            with self.subTest(request=request):
                request = request.replace(b"/inspect/", path)
                self.assertRegex(self.raw(request), rb"^HTTP/1\.1 400 ")
        # What had gone upstream would be told before this one.
        last = f"/inspect/{self.name()}"
        self.rig.get_json(last)
        self.rig.mock.wait_for(rf"^request .* {last}$")
        self.assertEqual(self.rig.mock.count(path.decode()), 0)

    def test_versions(self):
        """an HTTP/1.0 client gets a body that ends with the connection"""
        answer = self.raw(b"GET /bytes/5000?chunked HTTP/1.0\r\n\r\n")
        head, _, body = answer.partition(b"\r\n\r\n")
        self.assertRegex(head, rb"^HTTP/1\.[01] 200 ")
        self.assertNotIn(b"chunked", head.lower())
        self.assertEqual(body, b"".join(pattern(5000)))

    def test_keep_alive(self):
        """one client connection carries many requests"""
        conn = self.connect()
        for i in range(20):
            conn.request("POST", "/echo", f"body {i}")
            response = conn.getresponse()
            self.assertFalse(response.will_close)
            self.assertEqual(response.read(), f"body {i}".encode())

    def test_pipelining(self):
        """pipelined requests are answered in their order"""
        one = b"GET /bytes/%d HTTP/1.1\r\nHost: localhost\r\n\r\n"
        last = b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        with socket.create_connection(self.rig.proxy_address, timeout=60) as conn:
            conn.sendall(one % 1000 + one % 2000 + last)
            stream = conn.makefile("rb")
            for size in (1000, 2000):
                response = http.client.HTTPResponse(Unclosed(stream))
                response.begin()
                self.assertEqual(response.read(), b"".join(pattern(size)))
            self.assertIn(b'"status": "ok"', stream.read())

    def test_upstream_pool(self):
        """requests one after the other share one upstream connection"""
        conns = {self.inspect("GET", "/")["conn"] for _ in range(5)}
        self.assertEqual(len(conns), 1)

    def test_chunked_request(self):
        """a chunked request body of unknown length"""
        blocks = [b"one ", b"two ", b"three"]
        conn = self.connect()
        conn.request("POST", "/echo", iter(blocks), {"Transfer-Encoding": "chunked"},
                     encode_chunked=True)
        self.assertEqual(conn.getresponse().read(), b"one two three")

    def test_expect_continue(self):
        """a client that expects 100-continue gets it, and its answer"""
        with socket.create_connection(self.rig.proxy_address, timeout=60) as conn:
            conn.sendall(b"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n"
                         b"Expect: 100-continue\r\nConnection: close\r\n\r\n")
            stream = conn.makefile("rb")
            self.assertRegex(stream.readline(), rb"^HTTP/1\.1 100 ")
            self.assertEqual(stream.readline(), b"\r\n")
            conn.sendall(b"hello")
            answer = stream.read()
            self.assertRegex(answer, rb"^HTTP/1\.1 200 ")
            self.assertTrue(answer.endswith(b"hello"))

    def test_empty_bodies(self):
        """empty bodies both ways"""
        self.assertEqual(self.rig.request("POST", "/echo", b"")[::2], (200, b""))
        self.assertEqual(self.rig.request("GET", "/bytes/0")[::2], (200, b""))
        self.assertEqual(self.rig.request("GET", "/bytes/0?chunked")[::2], (200, b""))


class Unclosed:
    """A socket in the eyes of HTTPResponse, whose stream stays open."""

    def __init__(self, stream):
        self.stream = stream

    def makefile(self, _):
        return self

    def close(self):
        pass

    def __getattr__(self, name):
        return getattr(self.stream, name)


class OddUpstreams(TunnelCase):
    """Responses that are valid but rare, and some that are neither."""

    def body_of(self, name):
        status, _, body = self.rig.request("GET", f"/raw/{name}")
        self.assertEqual(status, 200)
        return body

    def test_valid(self):
        """trailers, chunk extensions, until-close, HTTP/1.0"""
        for name, body in {
            "trailers": b"hello",
            "extensions": b"hello",
            "until-close": b"until the end",
            "http10": b"ten",
            "no-reason": b"ok",
        }.items():
            with self.subTest(name):
                self.assertEqual(self.body_of(name), body)

    def test_invalid(self):
        """what is no HTTP response becomes a 502"""
        for name in ("garbage", "two-lengths", "empty", "huge-head"):
            with self.subTest(name):
                status, _, body = self.rig.request("GET", f"/raw/{name}")
                self.assertEqual(status, 502)
                self.assertTrue(body)

    def test_broken_off(self):
        """an upstream that breaks off in mid-body: the client sees it broken"""
        for path in ("/break/length", "/break/chunked", "/break/reset", "/raw/bad-chunk"):
            with self.subTest(path=path):
                with self.assertRaises((http.client.IncompleteRead, ConnectionError)):
                    self.rig.request("GET", path)
        self.assertEqual(self.rig.get_json("/health"), {"status": "ok"})

    def test_broken_off_later(self):
        """the same when the client has already begun to read"""
        gate = self.name()
        response = self.get(f"/break/chunked?gate={gate}")
        read_exactly(response, len(b"this is not all of it\n"))
        self.open_gate(gate)
        with self.assertRaises((http.client.IncompleteRead, ConnectionError)):
            response.read()

    def test_broken_head(self):
        """an upstream that closes without a response: 502 and why"""
        status, headers, body = self.rig.request("GET", "/break/head")
        self.assertEqual((status, headers["Content-Type"]), (502, "application/json"))
        self.assertTrue(json.loads(body)["error"])

    def test_slow_head(self):
        """a response that takes its time is waited for"""
        gate = self.name()
        with concurrent.futures.ThreadPoolExecutor() as pool:
            answer = pool.submit(self.rig.request, "GET", f"/slow/{gate}")
            self.rig.mock.wait_for(rf"^request \d+ conn \d+ GET /slow/{gate}")
            self.open_gate(gate)
            self.assertEqual(answer.result()[0], 200)


class Streaming(TunnelCase):
    """Each proof is by a gate: the rest has not left its sender yet."""

    def test_response(self):
        """the first bytes arrive while the upstream holds the rest"""
        for query in (
            "type=text/event-stream",
            "type=text/plain",
            "type=application/octet-stream",
            "type=application/json&framing=length",
        ):
            with self.subTest(query):
                gate = self.name()
                response = self.get(f"/gated/{gate}?{query}")
                self.assertEqual(read_exactly(response, 6), b"first\n")
                self.open_gate(gate)
                self.assertEqual(response.read(), b"second\n")

    def test_completion(self):
        """the first token of a completion arrives while the rest is held"""
        gate = self.name()
        conn = self.connect()
        body = json.dumps({"model": f"gated:{gate}", "stream": True})
        conn.request("POST", "/v1/chat/completions", body, {"Content-Type": "application/json"})
        response = conn.getresponse()
        self.assertIn(b'"content": "A"', response.readline())
        self.open_gate(gate)
        self.assertTrue(response.read().endswith(b"data: [DONE]\n\n"))

    def test_request(self):
        """the first bytes of a body arrive while the client holds the rest"""
        for framing in (b"Content-Length: 12", b"Transfer-Encoding: chunked"):
            with self.subTest(framing):
                is_chunked = b"chunked" in framing
                mark = self.rig.mock.mark()
                with socket.create_connection(self.rig.proxy_address, timeout=60) as conn:
                    conn.sendall(b"POST /digest HTTP/1.1\r\nHost: localhost\r\n" + framing + b"\r\n\r\n")
                    conn.sendall(b"6\r\nfirst\n\r\n" if is_chunked else b"first\n")
                    self.rig.mock.wait_for(r"^body \d+ 6$", after=mark)
                    conn.sendall(b"6\r\nsecond\r\n0\r\n\r\n" if is_chunked else b"second")
                    answer = conn.recv(65536)
                    self.assertRegex(answer, rb"^HTTP/1\.1 200 ")

    def test_both_ways(self):
        """each block comes back before the next one is sent"""
        with socket.create_connection(self.rig.proxy_address, timeout=60) as conn:
            conn.sendall(b"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 80\r\n\r\n")
            stream = conn.makefile("rb")
            while stream.readline().strip():
                pass
            for i in range(10):
                block = b"block %d\n" % i
                conn.sendall(block)
                self.assertEqual(stream.read(len(block)), block)

    def test_early_answer(self):
        """an answer that comes before the request's body has ended"""
        with socket.create_connection(self.rig.proxy_address, timeout=60) as conn:
            conn.sendall(b"POST /status/401 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n")
            conn.sendall(b"x" * 1000)
            self.assertRegex(conn.makefile("rb").readline(), rb"^HTTP/1\.1 401 ")


class Aborts(TunnelCase):
    def closed(self, mark, path):
        """Waits until the upstream saw the request for path closed."""
        number = self.rig.mock.wait_for(rf"^request (\d+) conn \d+ \w+ {path}", after=mark)[1]
        self.rig.mock.wait_for(rf"^closed {number}$", after=mark)

    def test_mid_stream(self):
        """a client that leaves in mid-stream closes the upstream's request"""
        mark, gate = self.rig.mock.mark(), self.name()
        response = self.get(f"/gated/{gate}")
        read_exactly(response, 6)
        response.leave()
        self.closed(mark, f"/gated/{gate}")

    def test_completion(self):
        """the same for a streamed completion"""
        mark = self.rig.mock.mark()
        conn = self.connect()
        body = json.dumps({"model": f"gated:{self.name()}", "stream": True})
        conn.request("POST", "/v1/chat/completions", body)
        response = conn.getresponse()
        response.readline()
        conn.close()
        self.closed(mark, "/v1/chat/completions")

    def test_before_the_head(self):
        """the same before any response came"""
        mark, gate = self.rig.mock.mark(), self.name()
        conn = self.connect()
        conn.request("GET", f"/slow/{gate}")
        self.rig.mock.wait_for(rf"GET /slow/{gate}", after=mark)
        conn.close()
        self.closed(mark, f"/slow/{gate}")

    def test_mid_upload(self):
        """the same in the middle of an upload"""
        mark = self.rig.mock.mark()
        with socket.create_connection(self.rig.proxy_address, timeout=60) as conn:
            conn.sendall(b"POST /digest HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nfirst")
            self.rig.mock.wait_for(r"^body \d+ 5$", after=mark)
        self.closed(mark, "/digest")

    def test_full_speed(self):
        """the same while the upstream sends as fast as it can"""
        mark = self.rig.mock.mark()
        response = self.get("/endless/")
        read_exactly(response, 1 << 20)
        response.leave()
        self.closed(mark, "/endless/")
        self.assertEqual(self.rig.get_json("/health"), {"status": "ok"})

    def test_reset(self):
        """a reset by the client counts as well as a close"""
        mark, gate = self.rig.mock.mark(), self.name()
        with socket.create_connection(self.rig.proxy_address, timeout=60) as conn:
            conn.sendall(f"GET /gated/{gate} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            conn.recv(10)
            conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        self.closed(mark, f"/gated/{gate}")

    def test_others_go_on(self):
        """an abort leaves the other requests alone"""
        gate = self.name()
        stays = self.get(f"/gated/{gate}")
        read_exactly(stays, 6)
        leaves = self.get(f"/gated/{self.name()}")
        read_exactly(leaves, 6)
        leaves.leave()
        self.open_gate(gate)
        self.assertEqual(stays.read(), b"second\n")


class Bulk(TunnelCase):
    seconds = 180

    def test_download(self):
        """a large download, digest for digest"""
        response = self.get(f"/bytes/{BIG}")
        self.assertEqual(digest_of(response), (BIG, digest_of_pattern(BIG)))

    def test_upload(self):
        """a large upload, digest for digest"""
        status, _, body = self.rig.request(
            "POST", "/digest", pattern(BIG), {"Content-Length": str(BIG)}, timeout=170
        )
        self.assertEqual(status, 200)
        self.assertEqual(json.loads(body), {"bytes": BIG, "sha256": digest_of_pattern(BIG)})

    def test_echo(self):
        """a large upload that comes back while it is still going up"""
        size = BIG // 4
        conn = self.connect()
        conn.putrequest("POST", "/echo")
        conn.putheader("Content-Length", str(size))
        conn.endheaders()

        def send():
            for block in pattern(size):
                conn.send(block)

        sender = threading.Thread(target=send)
        sender.start()
        self.assertEqual(digest_of(conn.getresponse()), (size, digest_of_pattern(size)))
        sender.join()

    def test_small_beside_big(self):
        """small requests are answered while a big response is under way"""
        response = self.get("/endless/")
        self.addCleanup(response.leave)
        stop = threading.Event()

        def drain():
            while not stop.is_set():
                response.read1(1 << 16)

        reader = threading.Thread(target=drain)
        reader.start()
        for _ in range(5):
            self.assertEqual(self.rig.get_json("/health"), {"status": "ok"})
        stop.set()
        reader.join()


class Concurrency(TunnelCase):
    def test_hundred(self):
        """100 requests at the same time, each held until all are there"""
        mark, gate = self.rig.mock.mark(), self.name()
        with concurrent.futures.ThreadPoolExecutor(100) as pool:
            answers = [pool.submit(self.rig.request, "GET", f"/gated/{gate}?n={n}") for n in range(100)]
            for n in range(100):
                self.rig.mock.wait_for(rf"GET /gated/{gate}\?n={n}$", after=mark)
            self.open_gate(gate)
            for answer in answers:
                self.assertEqual(answer.result()[::2], (200, b"first\nsecond\n"))

    def test_mixed_bodies(self):
        """100 echoes of different sizes at the same time do not mix"""

        def echo(n):
            body = bytes([n]) * (n * 997 + 1)
            return self.rig.request("POST", "/echo", body)[::2] == (200, body)

        with concurrent.futures.ThreadPoolExecutor(100) as pool:
            self.assertTrue(all(pool.map(echo, range(100))))


if __name__ == "__main__":
    unittest.main()
