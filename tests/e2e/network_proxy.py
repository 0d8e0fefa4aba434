"""A proxy as the networks of offices have one: HTTP CONNECT and SOCKS 5 at the
same port, with a user and a password or without, in TLS or not.

It knows names that nobody else does: who gets through has left them to it.
"""

import base64
import select
import socket
import ssl

from listener import accept_all, stop_listening


class Refused(Exception):
    pass


class NetworkProxy:
    """names are {name: (host, port)} that it leads to, whatever the port asked for."""

    def __init__(self, names, login=None, certificate=None):
        self.names = names
        self.login = login
        self.context = None
        if certificate:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(*certificate)
        self.led_to = []  # (name, port), as it was asked for them
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        accept_all(self.listener, self.serve)

    def close(self):
        stop_listening(self.listener)

    def serve(self, client):
        try:
            if self.context:
                client = self.context.wrap_socket(client, server_side=True)
            with client:
                first = client.recv(1)
                server = self.socks(client) if first == b"\5" else self.http(client, first)
                with server:
                    relay(client, server)
        except (OSError, Refused):
            pass

    def connect(self, name, port):
        self.led_to.append((name, port))
        if name not in self.names:
            raise Refused(name)
        return socket.create_connection(self.names[name])

    def http(self, client, head):
        while not head.endswith(b"\r\n\r\n"):
            head += client.recv(1) or b"\r\n\r\n"
        method, authority, _ = head.split(b"\r\n")[0].decode().split(" ")
        name, _, port = authority.rpartition(":")
        if self.login:
            token = base64.b64encode(":".join(self.login).encode()).decode()
            if f"\r\nProxy-Authorization: Basic {token}\r\n" not in head.decode():
                client.sendall(b"HTTP/1.1 407 Who are you\r\n"
                               b'Proxy-Authenticate: Basic realm="office"\r\n\r\n')
                raise Refused
        if method != "CONNECT":
            client.sendall(b"HTTP/1.1 405 CONNECT alone\r\n\r\n")
            raise Refused
        try:
            server = self.connect(name, int(port))
        except (OSError, Refused):
            client.sendall(b"HTTP/1.1 502 No such host\r\n\r\n")
            raise
        client.sendall(b"HTTP/1.1 200 Connection established\r\nVia: 1.1 office\r\n\r\n")
        return server

    def socks(self, client):
        methods = exactly(client, exactly(client, 1)[0])
        method = 2 if self.login else 0
        client.sendall(bytes([5, method if method in methods else 0xFF]))
        if method not in methods:
            raise Refused
        if self.login:
            exactly(client, 1)
            said = tuple(exactly(client, exactly(client, 1)[0]).decode() for _ in range(2))
            client.sendall(bytes([1, said != self.login]))
            if said != self.login:
                raise Refused
        if exactly(client, 4) != b"\5\1\0\3":
            raise Refused  # a name, and nothing else
        name = exactly(client, exactly(client, 1)[0]).decode()
        port = int.from_bytes(exactly(client, 2), "big")
        try:
            server = self.connect(name, port)
        except (OSError, Refused):
            client.sendall(b"\5\4\0\1" + bytes(6))
            raise
        client.sendall(b"\5\0\0\3\6office\0\0")
        return server


def exactly(client, count):
    data = b""
    while len(data) < count:
        more = client.recv(count - len(data))
        if not more:
            raise Refused
        data += more
    return data


def relay(one, other):
    while True:
        waiting = [end for end in (one, other) if getattr(end, "pending", int)()]
        for source in waiting or select.select([one, other], [], [])[0]:
            data = source.recv(65536)
            if not data:
                return
            (other if source is one else one).sendall(data)
