"""Signal servers of a cluster, their Redis, and pairs of clients that come back
however often they are thrown out."""

import asyncio
import base64
import contextlib
import json
import os
import random
import shutil
import socket
import struct
import subprocess
import uuid

from harness import SIGNAL_SERVER, URL, Case, free_port
from wsclient import CLOSE, PING, PONG, TEXT, WebSocket

REDIS = shutil.which("redis-server")


def has_clusters():
    """Whether signal-server was built with hiredis."""
    said = subprocess.run([SIGNAL_SERVER, "--version"], capture_output=True, text=True).stdout
    return "clusters by" in said


def why_not():
    """Why no cluster can be run here, or None."""
    if not REDIS:
        return "there is no redis-server"
    return None if has_clusters() else "this build has no hiredis"


class ClusterCase(Case):
    """With a Redis and three servers, each on a port that stays its own."""

    def setUp(self):
        super().setUp()
        if why := why_not():
            self.skipTest(why)
        self.redis_port = free_port()
        self.ports = [free_port() for _ in range(3)]
        self.servers = [None] * 3
        self.start_redis()
        for number in range(3):
            self.start_server(number)

    def start_redis(self, *args):
        self.redis = self.rig.run("redis", [REDIS, "--port", str(self.redis_port), "--bind",
                                            "127.0.0.1", "--save", "", *args], is_product=False)
        self.redis.wait_for("Ready to accept connections")

    def tell_redis(self, command):
        with socket.create_connection(("127.0.0.1", self.redis_port)) as redis:
            redis.sendall(command.encode() + b"\r\n")
            answer = redis.recv(1000)
        self.assertEqual(answer, b"+OK\r\n")

    def start_server(self, number, is_waited_for=True, url=None, *args):
        server = self.rig.run(
            f"server {number}",
            [SIGNAL_SERVER, "--listen", f"127.0.0.1:{self.ports[number]}", "--max-per-address", "0",
             "--cluster", url or f"redis://127.0.0.1:{self.redis_port}", *args])
        self.servers[number] = server
        server.wait_for(URL, stream="out")
        if is_waited_for:
            server.wait_for("cluster: connected")

    def client(self, number):
        ws = WebSocket(f"ws://127.0.0.1:{self.ports[number]}")
        self.addCleanup(ws.close)
        return ws


class Member:
    """One end of a pair. It offers to who comes, answers, and when the two have
    not agreed after a while, it leaves the room and comes back, as ours do."""

    DOUBT_S = 2

    def __init__(self, pairs, pair, job):
        self.pairs, self.pair, self.job = pairs, pair, job
        self.key = str(uuid.uuid4())
        self.id = self.session = self.offered = self.partner = None
        self.view = set()
        self.visit = 0
        self.counts = {"peer-left": 0, "error": 0, "visits": 0}

    async def run(self):
        while not self.pairs.is_over:
            with contextlib.suppress(OSError, EOFError, asyncio.IncompleteReadError):
                await self.stay()
            self.view = set()
            await asyncio.sleep(random.uniform(0.1, 0.6))

    async def stay(self):
        reader, writer = await asyncio.open_connection("127.0.0.1",
                                                       random.choice(self.pairs.ports))
        self.writer = writer
        self.visit += 1
        self.counts["visits"] += 1
        try:
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
                         b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
                         + base64.b64encode(os.urandom(16)) + b"\r\n\r\n")
            if b" 101 " not in await reader.readuntil(b"\r\n\r\n"):
                return
            self.say({"type": "join", "room": f"{self.pairs.name} {self.pair}", "key": self.key,
                      "job": self.job})
            while (message := await self.receive(reader)) is not None:
                self.take(message)
        finally:
            writer.close()

    def say(self, message, to=None):
        if to:
            message["to"] = to
        self.writer.write(WebSocket.frame(TEXT, json.dumps(message).encode()))

    async def receive(self, reader):
        """The next message; None at the end."""
        while True:
            first, second = await reader.readexactly(2)
            size = second & 0x7F
            if size == 126:
                (size,) = struct.unpack(">H", await reader.readexactly(2))
            payload = await reader.readexactly(size)
            if first & 0x0F == TEXT:
                return json.loads(payload)
            if first & 0x0F == PING:
                self.writer.write(WebSocket.frame(PONG, payload))
            if first & 0x0F == CLOSE:
                return None

    def take(self, message):
        kind = message["type"]
        if kind == "joined":
            self.id, self.view = message["peerId"], set(message["peers"])
            if not message.get("resumed"):
                self.session = None
        elif kind == "peer-joined":
            self.view.add(message["peerId"])
            if not message.get("first"):
                self.offered = self.pairs.nonce()
                self.say({"type": "offer", "sdp": f"{self.pair} {self.offered}"},
                         message["peerId"])
        elif kind == "peer-left":
            self.view.discard(message["peerId"])
            self.session = None
            self.counts[kind] += 1
        elif kind in ("offer", "answer"):
            self.take_description(kind, message)
        else:
            self.counts[kind] += 1
        if len(self.view) > 1:
            self.pairs.wrong.append(f"pair {self.pair}: the {self.job} sees {self.view}")
        asyncio.get_running_loop().call_later(self.DOUBT_S, self.doubt, self.visit)

    def take_description(self, kind, message):
        pair, nonce = map(int, message["sdp"].split())
        if pair != self.pair:
            self.pairs.wrong.append(f"pair {self.pair} got a message of {pair}")
        if kind == "offer":
            self.say({"type": "answer", "sdp": message["sdp"]}, message["peerId"])
        if kind == "offer" or nonce == self.offered:
            self.session = nonce

    def doubt(self, visit):
        if visit == self.visit and self.view and not self.is_together():
            self.session = None
            self.say({"type": "bye"})

    def is_together(self):
        return (self.view == {self.partner.id} and self.session is not None
                and self.session == self.partner.session)


class Pairs:
    """In an event loop of its own, until close()."""

    def __init__(self, ports, count):
        self.ports, self.name = ports, uuid.uuid4()
        self.wrong, self.nonces, self.is_over = [], 0, False
        self.members = []
        for pair in range(count):
            one, other = Member(self, pair, "provider"), Member(self, pair, "consumer")
            one.partner, other.partner = other, one
            self.members += [one, other]

    def nonce(self):
        self.nonces += 1
        return self.nonces

    def apart(self):
        return [m for m in self.members if not m.is_together()]

    async def wait_together(self, deadline):
        loop = asyncio.get_running_loop()
        give_up = loop.time() + deadline
        while left := self.apart():
            if loop.time() > give_up:
                raise AssertionError("; ".join(
                    f"pair {m.pair}, the {m.job}, sees {m.view} in session {m.session}"
                    for m in left[:5]) + f"; {len(left)} in all")
            await asyncio.sleep(0.05)

    def total(self, what):
        return sum(m.counts[what] for m in self.members)

    @contextlib.asynccontextmanager
    async def running(self):
        tasks = [asyncio.create_task(member.run()) for member in self.members]
        try:
            yield self
        finally:
            self.is_over = True
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
