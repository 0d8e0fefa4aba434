"""The three programs together as an intermediary of HTTP/1.1: what goes in at
one end, byte for byte, and what must come out at the other (RFC 9110, RFC
9112). Each class is one set-up, through which all rows of the tables go: with
every extension of the wire contract, without each, and against peers of
version 1."""

import json
import os
import select
import socket
import subprocess
import sys
import unittest

import bodies
import connections
import options
import pipes
import requests
import responses
from bench import Bench, Upstream
from harness import DEADLINE, Case
from row import HOST

VERSION_ONE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "version_one.py")
EXTENSIONS = {"fields", "interim", "flow", "upgrade", "channels"}

TABLES = {
    "fields of one hop stay there": requests.FIELDS_OF_ONE_HOP,
    "fields of a request": requests.FIELDS,
    "methods and targets": requests.TARGETS,
    "targets that are refused": requests.REFUSED_TARGETS,
    "request lines that are refused": requests.REFUSED_LINES,
    "hosts that are refused": requests.REFUSED_HOSTS,
    "fields that are refused": requests.REFUSED_FIELDS,
    "lengths that are refused": requests.REFUSED_LENGTHS,
    "transfer codings that are refused": requests.REFUSED_CODINGS,
    "heads that are too large": requests.REFUSED_SIZES,
    "chunks that are refused": requests.REFUSED_CHUNKS,
    "bodies of requests": bodies.OF_REQUESTS,
    "bodies of responses": bodies.OF_RESPONSES,
    "trailers": bodies.TRAILERS,
    "HTTP/1.0": bodies.HTTP_1_0,
    "statuses and reasons": responses.STATUSES,
    "fields of a response": responses.FIELDS,
    "responses without a body": responses.WITHOUT_A_BODY,
    "interim responses": responses.INTERIM,
    "responses that are taken all the same": responses.LENIENT,
    "responses that are none": responses.MALFORMED,
    "responses that break off": responses.BROKEN_OFF,
    "one request after the other": connections.ONE_AFTER_THE_OTHER,
    "responses that come early": connections.EARLY_RESPONSES,
    "clients that half-close": connections.HALF_CLOSES,
    "clients that go away": connections.CANCELLATIONS,
    "connections to the upstream": connections.UPSTREAM_CONNECTIONS,
    "errors of the tunnel itself": connections.OWN_ERRORS,
    "Upgrade": pipes.UPGRADE,
    "CONNECT": pipes.CONNECT,
}


def test_of(title, rows):
    def test(self):
        for row in rows:
            with self.subTest(row=row.name):
                if wrong := self.bench.run(row):
                    self.fail(wrong)
        self.note = f"{len(rows)} rows"

    test.__doc__ = title
    return test


class Tunnel(Case):
    shared = True
    extensions = EXTENSIONS
    ours = {"serve", "proxy"}
    serve_options = ()
    proxy_options = ()
    tables = TABLES
    probed = (HOST,)
    is_unix = False

    def __init_subclass__(cls):
        for n, (title, table) in enumerate(cls.tables.items()):
            has = cls.extensions | (set() if cls.is_unix else {"tcp"})
            if rows := [row for row in table if row.fits(has, cls.ours)]:
                setattr(cls, f"test_{n:02}", test_of(title, rows))

    @classmethod
    def start(cls, rig):
        cls.upstream = Upstream(cls.is_unix)
        cls.addClassCleanup(cls.upstream.close)
        rig.upstream_url = cls.upstream.url
        rig.start_signal()
        cls.start_ends(rig)
        cls.bench = Bench(
            cls.upstream,
            rig.proxy_address,
            cls.probed,
            is_proxy_ours="proxy" in cls.ours,
            names_errors="fields" in cls.extensions,
        )
        cls.bench.probe()

    @classmethod
    def start_ends(cls, rig):
        rig.start_serve(*cls.serve_options)
        cls.upstream.answers_probe()
        rig.start_proxy(*cls.proxy_options, "--allow-host", "*")
        rig.wait_connected()


class AllExtensions(Tunnel):
    pass


# Either end may be the one that does not have it.


class WithoutFields(Tunnel):
    extensions = {"flow", "channels"}
    serve_options = ("--without", "fields")


class WithoutInterim(Tunnel):
    extensions = EXTENSIONS - {"interim"}
    proxy_options = ("--without", "interim")


class WithoutUpgrade(Tunnel):
    extensions = EXTENSIONS - {"upgrade"}
    serve_options = ("--without", "upgrade")


class WithoutFlow(Tunnel):
    extensions = EXTENSIONS - {"flow"}
    proxy_options = ("--without", "flow")


class WithoutChannels(Tunnel):
    extensions = EXTENSIONS - {"channels"}
    serve_options = ("--without", "channels")


class WithoutExtensions(Tunnel):
    extensions = set()
    serve_options = proxy_options = ("--without", ",".join(sorted(EXTENSIONS)))


class UnixSocket(Tunnel):
    is_unix = True


class Options(Tunnel):
    tables = {"fields by the command line": options.AT_BOTH_ENDS}
    serve_options = options.OF_SERVE
    proxy_options = options.OF_PROXY
    probed = options.PROBED


class ConnectAllowed(Tunnel):
    tables = {"CONNECT": pipes.CONNECT_ALLOWED}
    serve_options = ("--allow-connect",)


class ForwardedByServe(Tunnel):
    tables = {"fields by the command line": options.AT_SERVE}
    serve_options = options.OF_SERVE_ALONE
    probed = (HOST, *options.UNKNOWN)


IMPORTED = subprocess.run([sys.executable, "-c", "import aiortc"], stderr=subprocess.DEVNULL)
LACKS_AIORTC = IMPORTED.returncode != 0


@unittest.skipIf(LACKS_AIORTC, "there is no aiortc for this Python")
class ProviderOfVersionOne(Tunnel):
    extensions = {"arrays"}
    ours = {"proxy"}

    @classmethod
    def start_ends(cls, rig):
        host, port = cls.upstream.authority.decode().split(":")
        argv = [VERSION_ONE, "provider", rig.signal_url, rig.room, host, port]
        peer = rig.run("version-one", [sys.executable, *argv], is_product=False)
        peer.wait_for("^joined")
        rig.start_proxy("--allow-host", "*")
        peer.wait_for("^ready")


@unittest.skipIf(LACKS_AIORTC, "there is no aiortc for this Python")
class ConsumerOfVersionOne(Tunnel):
    extensions = set()
    ours = {"serve"}

    @classmethod
    def start_ends(cls, rig):
        rig.start_serve()
        cls.upstream.answers_probe()
        rig.wait_peers(1)
        argv = [VERSION_ONE, "consumer", rig.signal_url, rig.room]
        peer = rig.run("version-one", [sys.executable, *argv], is_product=False)
        rig.proxy_address = ("127.0.0.1", int(peer.wait_for(r"^listening (\d+)")[1]))


class UpstreamThatDoesNotAccept(Case):
    seconds = 150  # begins first: it waits the longest

    def test_timeout(self):
        """a connection that does not come about: 504"""
        queue = socket.create_server(("127.0.0.1", 0), backlog=0)
        self.addCleanup(queue.close)
        # The only place in the queue: Linux drops the SYN of who comes next.
        self.addCleanup(socket.create_connection(queue.getsockname()).close)
        self.assertTrue(select.select([queue], [], [], DEADLINE)[0], "the queue is not full")
        self.rig.upstream_url = "http://127.0.0.1:%d" % queue.getsockname()[1]
        self.rig.start_signal()
        self.rig.start_serve()
        self.rig.start_proxy()
        self.rig.wait_connected()
        status, fields, body = self.rig.request("GET", "/")
        self.assertEqual((status, fields["Content-Type"]), (504, "application/json"))
        self.assertRegex(fields["Proxy-Status"], "^tunnel; error=connection_timeout; details=")
        self.assertTrue(json.loads(body)["error"]["message"])
