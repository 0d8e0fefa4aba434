"""Several providers behind one proxy."""

import hashlib
import http.client
import itertools
import json
import os
import shutil
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from harness import *
from link_rig import LinkRig

PROVIDERS = 3
REQUESTS = 2000
CLIENTS = 16
KINDS = ("GET", "PUT", "POST", "POST with a key")
KEPT_MAX = 256 << 10
LARGE = 7  # every so manyeth response does not fit into what is on its way


def content(number):
    """What the response to that request must be."""
    block = hashlib.sha256(str(number).encode()).digest()
    return block * (9000 if number % LARGE == 0 else 1 + number % 50)


class Upstream(ThreadingHTTPServer):
    """Notes who asks, and can hold its answers back."""

    daemon_threads = True
    request_queue_size = 256

    changed = threading.Condition()  # of any of them

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked = []  # numbers of requests
        self.held = set()
        self.is_holding = False
        self.failing = None  # (status, fields)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, client_address):
        pass  # its serve was killed

    def stop(self):
        self.release()
        self.shutdown()
        self.server_close()

    def take(self, number):
        with self.changed:
            self.asked.append(number)
            if self.is_holding:
                self.held.add(number)
                self.changed.notify_all()
                self.changed.wait_for(lambda: not self.is_holding)
                self.held.discard(number)

    def hold(self, count):
        """Returns once it has so many under way; which those are."""
        with self.changed:
            self.is_holding = True
            if not self.changed.wait_for(lambda: len(self.held) >= count, DEADLINE):
                raise AssertionError(f"{len(self.held)} requests have come, not {count}")
            return set(self.held)

    def release(self):
        with self.changed:
            self.is_holding = False
            self.changed.notify_all()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def answer(self):
        number = int(self.path.strip("/"))
        sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.take(number)
        status, fields = self.server.failing or (200, {})
        body = content(number) if status == 200 else b"no"
        if self.command != "GET" and sent != content(number + 1):
            status = 400
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in fields.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_PUT = do_POST = answer


class PoolRig(LinkRig):
    """As many upstreams, each with a serve that has an identity of its own."""

    def __init__(self):
        super().__init__()
        self.upstreams = [Upstream() for _ in range(PROVIDERS)]
        self.folder = tempfile.mkdtemp()
        self.serves = [None] * PROVIDERS

    def start_provider(self, i):
        url = f"http://127.0.0.1:{self.upstreams[i].server_port}"
        state = os.path.join(self.folder, str(i))
        self.serves[i] = self.start_serve(upstream=url, state=state)

    def start_all(self, *options):
        self.start_signal()
        for i in range(PROVIDERS):
            self.start_provider(i)
        links = [self.tunnel("invite", "x", "--state", os.path.join(self.folder, str(i))).strip()
                 for i in range(PROVIDERS)]
        self.start_proxy(*links, *options, room=None, signal=None)
        for i in range(PROVIDERS):
            self.proxy.wait_for(rf"link {i + 1}: (?:#\d+ is )?{CONNECTED}")
        return self

    def asked(self, number):
        """Of which upstreams."""
        return [i for i, u in enumerate(self.upstreams) for n in u.asked if n == number]

    def close(self):
        try:
            super().close()
        finally:
            for upstream in self.upstreams:
                upstream.stop()
            shutil.rmtree(self.folder)


class Load:
    """Clients that ask one after the other, as far as they are allowed to, and
    what became of each request."""

    def __init__(self, rig):
        self.rig = rig
        self.numbers = itertools.count()
        self.changed = threading.Condition()
        self.done = {}  # number: None for a good response, or what it was instead
        self.allowed = 0
        self.victim = None  # the last that was killed
        self.failed_at = {}  # number: who that was
        self.threads = [threading.Thread(target=self.work, daemon=True) for _ in range(CLIENTS)]
        for thread in self.threads:
            thread.start()

    def kind(self, number):
        return KINDS[hashlib.sha256(str(number).encode()).digest()[0] % len(KINDS)]

    def is_movable(self, number):
        """When its provider dies before it has answered."""
        kind = self.kind(number)
        return kind == "GET" or (kind != "POST" and len(content(number + 1)) <= KEPT_MAX)

    def ask(self, conn, number):
        method, _, has_key = self.kind(number).partition(" ")
        fields = {"Idempotency-Key": str(number)} if has_key else {}
        body = None if method == "GET" else content(number + 1)
        conn.request(method, f"/{number}", body, fields)
        response = conn.getresponse()
        got = response.read()
        if response.status == 200:
            return None if got == content(number) else "another body"
        return json.loads(got)["error"]["code"] if response.status == 502 else response.status

    def work(self):
        conn = self.rig.connect()
        while (number := next(self.numbers)) < REQUESTS:
            with self.changed:
                self.changed.wait_for(lambda: number < self.allowed)
            try:
                became = self.ask(conn, number)
            except (OSError, http.client.HTTPException):
                became = "broken"
                conn.close()
            with self.changed:
                self.done[number] = became
                if became is not None:
                    self.failed_at[number] = self.victim
                self.changed.notify_all()
        conn.close()

    def allow(self, count):
        with self.changed:
            self.allowed = count
            self.changed.notify_all()

    def run_to(self, count):
        """All but those that are on their way."""
        self.allow(count)
        with self.changed:
            if not self.changed.wait_for(lambda: len(self.done) > count - CLIENTS, 2 * DEADLINE):
                raise AssertionError(f"{len(self.done)} of {count} are done")

    def end(self):
        self.allow(REQUESTS)
        for thread in self.threads:
            thread.join(2 * DEADLINE)
        if any(thread.is_alive() for thread in self.threads):
            raise AssertionError("a client waits for ever")


class Pool(Case):
    waits = 20
    rig_type = PoolRig

    def hold_all(self, i):
        """Once each client waits for an upstream; for which requests it is that one.
        Were the others quick meanwhile, all that is allowed could be theirs."""
        upstreams = self.rig.upstreams
        for upstream in upstreams:
            upstream.hold(0)
        with Upstream.changed:
            if not Upstream.changed.wait_for(
                    lambda: sum(len(upstream.held) for upstream in upstreams) == CLIENTS, DEADLINE):
                self.fail(f"{[len(upstream.held) for upstream in upstreams]} have come")
            held = set(upstreams[i].held)
        self.assertTrue(held)
        for upstream in upstreams[:i] + upstreams[i + 1:]:
            upstream.release()
        return held

    def kill(self, load, i):
        """In the middle of some requests; which those were."""
        upstream = self.rig.upstreams[i]
        load.allow((i + 1) * REQUESTS // PROVIDERS)
        held = self.hold_all(i)
        mark = self.rig.proxy.mark()
        load.victim = i
        self.rig.serves[i].kill()
        self.rig.proxy.wait_for(rf"link {i + 1}: (?![A-Z])", after=mark)  # no request's line
        upstream.release()
        self.rig.start_provider(i)
        self.rig.proxy.wait_for(rf"link {i + 1}: (?:#\d+ is )?{CONNECTED}", after=mark)
        return held

    def test_killed_one_by_one(self):
        """killed in the middle of 2000 requests: each is whole, or visibly not, and done once"""
        rig = self.rig.start_all()
        load = Load(rig)
        held = set()
        for i in range(PROVIDERS):
            load.run_to(i * REQUESTS // PROVIDERS + REQUESTS // PROVIDERS // 2)
            held |= self.kill(load, i)
        load.end()
        failed = {n: became for n, became in load.done.items() if became is not None}
        repeated = [n for n in load.done if len(rig.asked(n)) > 1]
        self.note = f"{len(failed)} of {len(load.done)} failed, {len(repeated)} went elsewhere"
        self.assertGreaterEqual(len(load.done), REQUESTS)
        self.assertLessEqual(set(failed.values()), {"tunnel_lost", "broken"})
        for n in repeated:
            self.assertNotEqual(load.kind(n), "POST")
        for n, became in failed.items():
            self.assertIn(rig.asked(n), ([], [load.failed_at[n]]))
            if became == "tunnel_lost":
                self.assertFalse(load.is_movable(n))
        for n in held:
            self.assertEqual(load.is_movable(n), n not in failed)

    def test_refused(self):
        """one whose upstream is gone: a POST goes elsewhere, and the client hears nothing"""
        rig = self.rig
        rig.upstreams[0].stop()
        rig.start_all("--pick", "first")
        for number in range(10):
            status, _, body = rig.request("POST", f"/{number}", content(number + 1))
            self.assertEqual((status, body), (200, content(number)))
            self.assertEqual(rig.asked(number), [1])
        self.assertEqual(rig.proxy.count(r"200 in 2 tries"), 1)

    def test_first(self):
        """--pick first: all to the first link, until that says it can no more; no GET hears that"""
        self.control = os.path.join(self.rig.folder, "control")
        rig = self.rig.start_all("--pick", "first", "--control", self.control)
        for number in range(5):
            self.assertEqual(rig.request("GET", f"/{number}")[0], 200)
        self.assertEqual(len(rig.upstreams[0].asked), 5)
        rig.upstreams[0].failing = (503, {"Retry-After": "60"})
        for number in range(5, 10):
            self.assertEqual(rig.request("GET", f"/{number}")[0], 200)
        self.assertEqual(rig.asked(5), [0, 1])
        self.assertEqual(rig.upstreams[1].asked, [5, 6, 7, 8, 9])
        rig.proxy.wait_for("link 2: GET /9 200")
        self.assertEqual(rig.proxy.count(r"link 1: GET /\d 200"), 5)
        for line, link, number in zip(self.listed(), "1111122222", range(10)):
            self.assertRegex(line, rf"^\d\d:\d\d:\d\d link {link}: GET /{number} \d+, ")
        for line, link in zip(self.listed("--json"), (1,) * 5 + (2,) * 5):
            one = json.loads(line)
            self.assertEqual((one["provider"], one["provider_name"]), (link, f"link {link}"))
        self.assertEqual(rig.proxy.count("point your tools at"), 1)

    def listed(self, *options):
        """What `tunnel requests` says of the proxy, each as it came."""
        lines = self.rig.tunnel("requests", "--control", self.control, *options).splitlines()
        self.assertEqual(len(lines), 10)
        return lines

    def test_stopped(self):
        """a proxy that is stopped does not pass what it has to the other providers"""
        rig = self.rig.start_all("--pick", "first")
        upstream = rig.upstreams[0]
        upstream.is_holding = True
        client = threading.Thread(target=self.ask_in_vain, args=(0,))
        client.start()
        upstream.hold(1)
        rig.proxy.kill(signal.SIGINT)
        self.assertEqual(rig.proxy.wait_exit(), 0)
        client.join(DEADLINE)
        self.assertEqual(rig.asked(0), [0])

    def ask_in_vain(self, number):
        try:
            self.rig.request("GET", f"/{number}")
        except (OSError, http.client.HTTPException):
            pass

    def test_links(self):
        """the same link twice, and more than there may be, are told"""
        rig = self.rig
        link = rig.invite("x", "--signal", "wss://signal.example.org")
        self.assertIn("another link leads already", rig.tunnel("proxy", link, link, code=2))
        self.assertIn("must be balanced or first", rig.tunnel("proxy", "--pick", "x", code=2))
        links = [link.replace("signal.", f"s{i}.") for i in range(17)]
        self.assertIn("one link too many", rig.tunnel("proxy", *links, code=2))
        name = os.path.join(rig.state, "links")
        with open(name, "w", encoding="utf-8") as file:
            file.write(" ".join(links))
        self.assertIn("one link too many", rig.tunnel("proxy", "--link-file", name, code=2))
        files = ["--link-file", name] * 2
        with open(name, "w", encoding="utf-8") as file:
            file.write(link + "\n")
        self.assertIn("another link leads already", rig.tunnel("proxy", *files, code=2))
        env = {"TUNNEL_LINK": " ".join(links)}
        self.assertIn("one link too many", rig.tunnel("proxy", env=env, code=2))
