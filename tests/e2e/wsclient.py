"""A WebSocket client (RFC 6455) on plain sockets, which also does what no
library would: wrong frames, half frames, silence."""

import base64
import hashlib
import json
import os
import re
import socket
import struct

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Closed(Exception):
    """The connection is over; code is of the close frame, None without one."""

    def __init__(self, code, reason=""):
        super().__init__(f"closed with {code} {reason}")
        self.code = code
        self.reason = reason


class WebSocket:
    def __init__(self, url, timeout=30, receive_buffer=None, path="/", source=None, tls=None):
        """source: the address from which; tls: an ssl.SSLContext."""
        host, port = re.fullmatch(r"wss?://\[?([^/\]]+)\]?:(\d+)/?", url).groups()
        self.socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(timeout)
        if source:
            self.socket.bind((source, 0))
        self.socket.connect((host, int(port)))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_hostname=host)
        self.stream = self.socket.makefile("rb")
        self.handshake(f"{host}:{port}", path)

    def handshake(self, authority, path):
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            f"GET {path} HTTP/1.1\r\nHost: {authority}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
            "Sec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        status = self.stream.readline()
        fields = {}
        while line := self.stream.readline().strip():
            name, _, value = line.decode().partition(":")
            fields[name.lower()] = value.strip()
        if not status.startswith(b"HTTP/1.1 101 "):
            raise Closed(None, status.decode().strip())
        accept = base64.b64encode(hashlib.sha1((key + GUID).encode()).digest()).decode()
        assert fields["sec-websocket-accept"] == accept
        assert fields["upgrade"].lower() == "websocket"

    @staticmethod
    def frame(opcode, payload=b"", fin=True, masked=True):
        """The bytes of a frame."""
        first = opcode | (0x80 if fin else 0)
        mask_bit = 0x80 if masked else 0
        size = len(payload)
        if size < 126:
            head = struct.pack(">BB", first, mask_bit | size)
        elif size < 65536:
            head = struct.pack(">BBH", first, mask_bit | 126, size)
        else:
            head = struct.pack(">BBQ", first, mask_bit | 127, size)
        if masked:
            mask = os.urandom(4)
            whole = int.from_bytes(payload, "big")
            repeated = (mask * (size // 4 + 1))[:size]
            payload = (whole ^ int.from_bytes(repeated, "big")).to_bytes(size, "big")
            head += mask
        return head + payload

    def send_frame(self, opcode, payload=b"", **options):
        self.socket.sendall(self.frame(opcode, payload, **options))

    def send(self, message):
        text = message if isinstance(message, str) else json.dumps(message)
        self.send_frame(TEXT, text.encode())

    def receive_frame(self):
        first, second = self.read(2)
        size = second & 0x7F
        assert not second & 0x80, "a server must not mask"
        if size == 126:
            (size,) = struct.unpack(">H", self.read(2))
        elif size == 127:
            (size,) = struct.unpack(">Q", self.read(8))
        return first & 0x0F, self.read(size)

    def read(self, size):
        try:
            data = self.stream.read(size)
        except ConnectionError as error:
            raise Closed(None, str(error)) from None
        if len(data) < size:
            raise Closed(None, "without a close frame")
        return data

    def receive(self):
        """The next message, as JSON; Closed when there is none any more."""
        while True:
            opcode, payload = self.receive_frame()
            if opcode == TEXT:
                return json.loads(payload)
            if opcode == PING:
                self.send_frame(PONG, payload)
            if opcode == CLOSE:
                self.answer_close(payload)
                code = struct.unpack(">H", payload[:2])[0] if payload else None
                raise Closed(code, payload[2:].decode())

    def answer_close(self, payload):
        try:
            self.send_frame(CLOSE, payload[:2])
        except OSError:
            pass  # the server did not wait for it

    def receive_type(self, kind):
        """The next message, which must be of that type."""
        message = self.receive()
        assert message["type"] == kind, f"{message} is no {kind}"
        return message

    def join(self, room):
        self.send({"type": "join", "room": room})
        return self.receive_type("joined")

    def wait_closed(self):
        """How the server closed, whatever it still said before."""
        try:
            while True:
                self.receive()
        except Closed as closed:
            return closed

    def close(self):
        # makefile() keeps the descriptor open; a shutdown ends it for good.
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.stream.close()
        self.socket.close()
