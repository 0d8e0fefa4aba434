"""The two ends at which a row is watched: a client's socket and an upstream
that the test plays itself, byte for byte."""

import os
import select
import socket
import struct
import tempfile
import threading

from harness import DEADLINE, free_port
from row import DATE, UPSTREAM, Mismatch, head

PROBED = head("HTTP/1.1 204 No Content", DATE)
MAX_SHOWN = 2000
UNREAD_MAX = 128 << 10  # what the kernel surely takes


class Stream:
    """A TCP connection, and what has come of it."""

    is_ours = True  # who answers at the other end
    names_errors = True  # whether errors have numbers on their way

    def __init__(self, sock, authority=b""):
        self.sock = sock
        self.authority = authority
        self.pending = b""
        self.seen = b""  # all that came since the row began
        self.end = None  # "FIN" or "RST"
        sock.settimeout(DEADLINE)
        if sock.family != socket.AF_UNIX:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    @property
    def host(self):
        return "Host: " + self.authority.decode()

    def more(self):
        """Waits for more; false at the end."""
        if self.end:
            return False
        try:
            data = self.sock.recv(65536)
            self.end = None if data else "FIN"
        except ConnectionError:
            data, self.end = b"", "RST"
        except TimeoutError:
            raise Mismatch("nothing more came") from None
        self.pending += data
        self.seen += data
        return self.end is None

    def need(self, size):
        while len(self.pending) < size:
            if not self.more():
                raise Mismatch(f"then came {self.end}")

    def bytes(self, size):
        self.need(size)
        taken, self.pending = self.pending[:size], self.pending[size:]
        return taken

    def through(self, mark):
        while mark not in self.pending:
            self.need(len(self.pending) + 1)
        return self.bytes(self.pending.index(mark) + len(mark))

    def line(self):
        return self.through(b"\r\n")

    def head(self):
        return self.through(b"\r\n\r\n")

    def exactly(self, wanted):
        while True:
            here = self.pending[: len(wanted)]
            if here != wanted[: len(here)]:
                raise Mismatch(f"not {shown(wanted)} but {shown(self.pending)}")
            if len(here) == len(wanted):
                break
            self.need(len(here) + 1)
        self.pending = self.pending[len(wanted) :]

    # The verbs of steps.

    def sends(self, data):
        """In a thread where it could wait for what the other end reads."""
        data = data.replace(UPSTREAM, self.authority)
        if len(data) < UNREAD_MAX:
            self.write(data)
        else:
            threading.Thread(target=self.write, args=(data,), daemon=True).start()

    def write(self, data):
        try:
            self.sock.sendall(data)
        except OSError:
            pass  # closed while we still sent: what came says why

    def gets(self, *parts):
        for part in parts:
            if isinstance(part, bytes):
                self.exactly(part.replace(UPSTREAM, self.authority))
            else:
                part.take(self)

    def ends(self):
        try:
            self.sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # there is nobody any more

    def closes(self):
        self.sock.close()
        self.pending, self.end = b"", "closed"

    def resets(self):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.closes()

    def sees_close(self):
        """A FIN or a reset."""
        if self.pending or self.more():
            raise Mismatch("something came instead of the end")

    def sees_end(self):
        self.sees_close()
        if self.end != "FIN":
            raise Mismatch("reset, not ended")

    def sees_reset(self):
        self.sees_close()
        if self.end != "RST":
            raise Mismatch("ended, not reset")

    def sees_break(self):
        """The end, before what came is a whole message."""
        while self.more():
            pass
        self.pending = b""
        if is_whole(self.seen):
            raise Mismatch("that is a whole message")


class Upstream:
    """Takes the connections of serve; knows which of them wait in its pool."""

    def __init__(self, is_unix=False):
        self.folder = tempfile.TemporaryDirectory(prefix="upstream-") if is_unix else None
        self.port = free_port()  # it comes and goes
        self.idle = []
        self.listener = None
        self.starts()
        self.url = f"unix:{self.path}" if is_unix else f"http://127.0.0.1:{self.port}"
        self.authority = b"localhost" if is_unix else b"127.0.0.1:%d" % self.port

    @property
    def path(self):
        return os.path.join(self.folder.name, "socket")

    def starts(self):
        if self.folder:
            self.listener = socket.socket(socket.AF_UNIX)
            self.listener.bind(self.path)
            self.listener.listen(64)
        else:
            self.listener = socket.create_server(("127.0.0.1", self.port), backlog=64)

    def stops(self):
        """Nobody is there any more."""
        self.listener.close()
        self.listener = None
        if self.folder:
            os.unlink(self.path)
        for stream in self.idle:
            stream.closes()
        self.idle = []

    def next(self):
        """The connection on which something comes next. Those that serve
        closes are its own business."""
        while True:
            socks = {stream.sock: stream for stream in self.idle}
            ready, _, _ = select.select([self.listener, *socks], [], [], DEADLINE)
            if not ready:
                raise Mismatch("nothing came to the upstream")
            for sock in ready:
                if sock is self.listener:
                    self.idle.append(Stream(sock.accept()[0], self.authority))
                    continue
                stream = socks[sock]
                self.idle.remove(stream)
                stream.seen = b""
                if stream.more():
                    return stream
                stream.closes()

    def answers_probe(self):
        """serve asks once, at its start, whether somebody is there."""
        stream = self.next()
        if not stream.head().startswith(b"HEAD / HTTP/1.1\r\n"):
            raise Mismatch(f"not a HEAD but {stream.seen!r}")
        stream.sends(head("HTTP/1.1 204 No Content"))
        stream.sees_close()
        stream.closes()

    def put_back(self, stream):
        if stream.end:
            stream.closes()
        else:
            self.idle.append(stream)

    def close(self):
        self.stops()
        if self.folder:
            self.folder.cleanup()


def is_whole(message):
    """Whether these bytes could be taken for a whole one."""
    fields, mark, body = message.partition(b"\r\n\r\n")
    if not mark:
        return False
    for line in fields.lower().split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name == b"content-length":
            return len(body) >= int(value)
        if name == b"transfer-encoding":
            return body.endswith(b"0\r\n\r\n") or b"\r\n0\r\n" in body
    return True


class Bench:
    """Both ends of a tunnel that is up; runs rows, one after the other."""

    def __init__(self, upstream, address, probed, is_proxy_ours=True, names_errors=True):
        self.upstream = upstream
        self.probed = probed  # what a head of the field "Host: here" becomes
        self.address = address
        self.is_proxy_ours = is_proxy_ours
        self.names_errors = names_errors
        self.probes = 0

    def connect(self):
        stream = Stream(socket.create_connection(self.address), self.upstream.authority)
        stream.is_ours = self.is_proxy_ours
        stream.names_errors = self.names_errors
        return stream

    def run(self, row):
        """What is wrong, or None."""
        exchange = Exchange(self)
        step = None
        try:
            for step in row.steps:
                exchange.do(step)
            step = None
            exchange.settle()
        except (Mismatch, OSError, ValueError, KeyError) as error:
            text = exchange.explain(row, step, error)
            exchange.give_up()
            self.recover()
            return text
        return None

    def probe(self, may_see_a_part=False, answer=PROBED):
        """A request of our own is the next thing that the upstream sees."""
        self.probes += 1
        name = f"/probe/{self.probes}"
        client = self.connect()
        try:
            client.sends(head(f"GET {name} HTTP/1.1", "Host: here"))
            stream = self.upstream.next()
            wanted = f"GET {name} ".encode()
            while may_see_a_part and not stream.pending.startswith(wanted):
                while stream.more():
                    pass
                if is_whole(stream.seen):
                    raise Mismatch(f"the upstream got a whole request: {stream.seen!r}")
                stream = self.upstream.next()
            stream.gets(head(f"GET {name} HTTP/1.1", *self.probed))
            stream.sends(answer)
            client.gets(PROBED)
            if answer is PROBED:
                self.upstream.put_back(stream)
            else:
                stream.sees_close()
                stream.closes()
        finally:
            client.closes()

    def forget(self):
        """From here on serve has no connection that waits."""
        for stream in self.upstream.idle:
            stream.closes()
        self.upstream.idle = []
        self.probe(answer=head("HTTP/1.1 204 No Content", DATE, "Connection: close"))

    def recover(self):
        """After a row that went wrong: until probes get through again."""
        for _ in range(5):
            for stream in self.upstream.idle:
                stream.closes()
            self.upstream.idle = []
            try:
                self.probe(may_see_a_part=True)
                return
            except (Mismatch, OSError):
                pass
        raise AssertionError("nothing gets through any more")


class Exchange:
    """A row under way."""

    def __init__(self, bench):
        self.bench = bench
        self.streams = {"client": [], "upstream": []}
        self.may_see_a_part = False
        self.is_away = False

    def do(self, step):
        if step.verb == "may_see_a_part":
            self.may_see_a_part = True
        elif step.verb == "forgets":
            self.bench.forget()
        elif step.verb in ("stops", "starts"):
            getattr(self.bench.upstream, step.verb)()
            self.is_away = step.verb == "stops"
        elif step.verb == "on_any":
            self.bench.upstream.put_back(self.streams["upstream"][-1])
            self.open("upstream")
        elif step.verb == "again":
            self.open(step.side)
        else:
            streams = self.streams[step.side]
            stream = streams[-1] if streams else self.open(step.side)
            getattr(stream, step.verb)(*step.arguments)

    def open(self, side):
        """A new connection of the client's, or the upstream's next one."""
        is_client = side == "client"
        stream = self.bench.connect() if is_client else self.bench.upstream.next()
        self.streams[side].append(stream)
        return stream

    def settle(self):
        """Nothing else may have come."""
        for stream in self.streams["client"]:
            if not stream.end:
                stream.ends()
                stream.sees_end()
            stream.sock.close()
        for stream in self.streams["upstream"]:
            if stream.pending:
                raise Mismatch("more came to the upstream than was expected")
            self.bench.upstream.put_back(stream)
        self.bench.probe(self.may_see_a_part)

    def give_up(self):
        if self.is_away:
            self.bench.upstream.starts()
        for stream in self.streams["client"] + self.streams["upstream"]:
            stream.sock.close()

    def explain(self, row, step, error):
        lines = [row.name]
        for each in row.steps:
            arguments = ", ".join(shown(argument) for argument in each.arguments)
            lines.append(f"  {each.side} {each.verb} {arguments}")
            if each is step:
                lines.append(f"  ^ {error}")
                break
        else:
            lines.append(f"  at rest: {error}")
        for side, streams in self.streams.items():
            for stream in streams:
                lines.append(f"  {side} got {shown(stream.seen)} {stream.end or ''}")
        return "\n".join(lines)


def shown(value):
    text = repr(value)
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}… ({len(text)})"
