"""A signal server that does with what it passes on whatever a test wants: it
pairs whom it likes, and an attack sees each message before it goes on.

Members are known by the key of their join, so that a process stays the same
one when it comes back. They come in the order in which the test starts them.
"""

import base64
import hashlib
import json
import socket
import struct
import threading
import uuid

from listener import accept_all, stop_listening
from wsclient import CLOSE, GUID, PING, PONG, TEXT, WebSocket

SAID = ("offer", "answer", "candidate")


class Member:
    """A socket that has joined."""

    def __init__(self, server, conn):
        self.server = server
        self.conn = conn
        self.stream = conn.makefile("rb")
        self.id = str(uuid.uuid4())
        self.seat = None  # which process it is

    def handshake(self):
        fields = {}
        while line := self.stream.readline().strip():
            name, _, value = line.decode().partition(":")
            fields[name.lower()] = value.strip()
        key = fields["sec-websocket-key"]
        accept = base64.b64encode(hashlib.sha1((key + GUID).encode()).digest()).decode()
        self.conn.sendall(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Accept: {accept}\r\n\r\n".encode()
        )

    def receive(self):
        """Opcode and payload of the next frame, which is a whole message."""
        first, second = self.stream.read(2)
        size = second & 0x7F
        if size == 126:
            (size,) = struct.unpack(">H", self.stream.read(2))
        elif size == 127:
            (size,) = struct.unpack(">Q", self.stream.read(8))
        mask = self.stream.read(4)
        payload = self.stream.read(size)
        return first & 0x0F, bytes(b ^ mask[i % 4] for i, b in enumerate(payload))

    def send(self, message):
        payload = json.dumps(message).encode()
        try:
            self.conn.sendall(WebSocket.frame(TEXT, payload, masked=False))
        except OSError:
            pass  # it goes, and its thread will notice

    def run(self):
        try:
            self.handshake()
            while True:
                opcode, payload = self.receive()
                if opcode == PING:
                    self.conn.sendall(WebSocket.frame(PONG, payload, masked=False))
                elif opcode == TEXT:
                    self.server.take(self, json.loads(payload))
                elif opcode == CLOSE:
                    break
        except (OSError, ValueError, KeyError, struct.error):
            pass
        self.server.leave(self)
        self.conn.close()


def honest(_sender, receiver, message):
    """What is to be sent instead: (to whom, what) of each."""
    return [(receiver, message)]


class HostileSignal:
    """attack(sender, receiver, message) is called for each offer, answer and
    candidate, and returns what goes out; pairs says whose partner each seat is."""

    def __init__(self):
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.attack = honest
        self.pairs = {0: 1, 1: 0}
        self.keys = []  # of seats
        self.members = {}  # by seat
        self.record = []  # (seat, message) of all that was said
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = "ws://127.0.0.1:%d" % self.listener.getsockname()[1]
        accept_all(self.listener, lambda conn: Member(self, conn).run())

    def partner(self, member):
        return self.members.get(self.pairs.get(member.seat))

    def take(self, member, message):
        with self.lock:
            if message["type"] == "join":
                self.join(member, message)
            elif message["type"] in SAID and self.members.get(member.seat) is member:
                self.record.append((member.seat, message))
                self.changed.notify_all()
                partner = self.partner(member)
                for to, what in self.attack(member, partner, message):
                    if to:
                        to.send({"peerId": member.id, **what})

    def join(self, member, message):
        if message["key"] not in self.keys:
            self.keys.append(message["key"])
        member.seat = self.keys.index(message["key"])
        self.members[member.seat] = member
        partner = self.partner(member)
        member.send({"type": "joined", "peerId": member.id,
                     "peers": [partner.id] if partner else []})
        if partner:
            partner.send({"type": "peer-joined", "peerId": member.id})
        self.changed.notify_all()

    def leave(self, member):
        with self.lock:
            if self.members.get(member.seat) is not member:
                return
            del self.members[member.seat]
            partner = self.partner(member)
            if partner:
                partner.send({"type": "peer-left", "peerId": member.id})

    def wait_seats(self, count, deadline):
        """Until so many processes have come."""
        with self.lock:
            if not self.changed.wait_for(lambda: len(self.keys) >= count, deadline):
                raise AssertionError(f"{len(self.keys)} came, not {count}")

    def said(self, kind, seat=None):
        """How often that was said, by that seat."""
        with self.lock:
            return sum(message["type"] == kind and seat in (None, by)
                       for by, message in self.record)

    def behave(self, attack, pairs=None):
        """From now on so, with everybody thrown out to come anew."""
        with self.lock:
            self.attack = attack
            self.pairs = pairs or self.pairs
            members, self.members = list(self.members.values()), {}
        for member in members:
            member.conn.shutdown(socket.SHUT_RDWR)

    def inject(self, seat, messages):
        """Says that to a seat, as if its partner had."""
        with self.lock:
            member = self.members[seat]
            partner = self.partner(member)
            for message in messages:
                member.send({"peerId": partner.id if partner else "x", **message})

    def close(self):
        stop_listening(self.listener)
        self.behave(honest)
