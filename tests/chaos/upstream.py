#!/usr/bin/python3
"""usage: upstream.py SEED [MIX [PORT]]

A server that treats the exchange of each target /NUMBER as its plan says. It
prints "listening URL", and "wrong NUMBER WHY" about every request that is not
as planned. Commands on its standard input, each answered by a line:

    refuse      closes the listening socket    refusing
    listen      opens it again                 listening URL
    drop        closes idle connections        dropped
    count       what there is                  count CONNECTIONS BUSY REQUESTS
"""

import asyncio
import sys

from plan import Plan
from wire import WEBSOCKET_ACCEPT, Broken, as_chunk, read_body, read_head, reset, write_pieces

EXCESS = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nexcess"


def say(*words):
    print(*words, flush=True)


class Upstream:
    def __init__(self, seed, mix="chaos", port="0"):
        self.seed = seed
        self.mix = mix
        self.idle = set()
        self.connections = self.busy = self.requests = 0
        self.seen = set()
        self.port = int(port)

    async def listen(self):
        # The queue holds every connection that a run can open at once.
        self.server = await asyncio.start_server(
            self.serve, "127.0.0.1", self.port, backlog=4096, reuse_address=True
        )
        self.port = self.server.sockets[0].getsockname()[1]
        say("listening", f"http://127.0.0.1:{self.port}")

    async def serve(self, reader, writer):
        self.connections += 1
        try:
            await self.serve_connection(reader, writer)
        except (Broken, OSError):
            pass
        finally:
            writer.transport.abort()
            self.connections -= 1

    async def serve_connection(self, reader, writer):
        is_kept = True
        while is_kept:
            self.idle.add(writer)
            head = await read_head(reader)
            self.idle.discard(writer)
            if not head:
                return
            if head.words[1] == "/":  # serve asks whether there is an upstream
                writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
                continue
            plan = Plan(self.seed, int(head.words[1].rpartition("/")[2]), self.mix)
            self.requests += 1
            self.busy += 1
            try:
                is_kept = await Exchange(plan, head, reader, writer).run(self)
            finally:
                self.busy -= 1

    async def obey(self, command):
        if command == "refuse":
            self.server.close()
            say("refusing")
        elif command == "listen":
            await self.listen()
        elif command == "drop":
            for writer in self.idle:
                writer.transport.abort()
            say("dropped")
        elif command == "count":
            say("count", self.connections, self.busy, self.requests)


class Exchange:
    def __init__(self, plan, head, reader, writer):
        self.plan = plan
        self.head = head
        self.reader = reader
        self.writer = writer

    def wrong(self, why):
        say("wrong", self.plan.number, why, self.plan)

    async def run(self, upstream):
        """True where the connection can carry another exchange."""
        plan = self.plan
        # A request may come again only where it met a fault on a connection
        # that was kept, and can be repeated.
        may_break = plan.may_break or plan.upstream in ("reset-head", "silent")
        may_repeat = may_break and not plan.has_body
        if plan.number in upstream.seen and not may_repeat:
            self.wrong("came twice")
        upstream.seen.add(plan.number)
        if plan.upstream != "early":
            await self.take_request()
        await asyncio.sleep(plan.pause)
        is_kept = await getattr(self, plan.upstream.replace("-", "_"))()
        if plan.upstream == "early":
            await self.take_request()
        return is_kept and plan.framing != "close"

    async def take_request(self):
        wanted = self.plan.request_body
        size = 0
        try:
            async for piece in read_body(self.reader, self.head):
                if piece != wanted[size : size + len(piece)]:
                    self.wrong(f"another request body behind byte {size}")
                size += len(piece)
            if size != len(wanted):
                self.wrong(f"a request body of {size} bytes")
        except Broken:
            # Its client may do so, and so may we, to whom answers early.
            may_break = self.plan.may_break or self.plan.client in ("abort", "abort-request")
            if not may_break and self.plan.upstream != "early":
                self.wrong(f"a request that ends behind {size} bytes")
            raise

    def response_head(self):
        plan = self.plan
        framing = {
            "length": f"Content-Length: {plan.response_size}",
            "chunked": "Transfer-Encoding: chunked",
            "close": "Connection: close",
        }[plan.framing]
        kind = "text/event-stream" if plan.upstream == "events" else "application/octet-stream"
        return (
            f"HTTP/1.1 200 OK\r\nX-Number: {plan.number}\r\nContent-Type: {kind}\r\n"
            f"{framing}\r\n\r\n".encode()
        )

    async def send_part(self, size, pause=0):
        self.writer.write(self.response_head())
        body = self.plan.response_body[:size]
        await write_pieces(self.writer, body, self.plan.framing == "chunked", pause)

    async def plain(self, pause=0):
        await self.send_part(self.plan.response_size, pause)
        if self.plan.framing == "chunked":
            self.writer.write(b"0\r\n\r\n")
        await self.writer.drain()
        if self.plan.framing == "close":
            self.writer.write_eof()
        return True

    early = plain

    async def paced(self):
        return await self.plain(self.plan.pause)

    async def events(self):
        self.writer.write(self.response_head())
        for event in self.plan.events:
            self.writer.write(as_chunk(event))
            await self.writer.drain()
            await asyncio.sleep(0)
        self.writer.write(b"0\r\n\r\n")
        await self.writer.drain()
        return True

    async def websocket(self):
        """Sends all back, up to the close frame."""
        self.writer.write(
            f"HTTP/1.1 101 Switching Protocols\r\nX-Number: {self.plan.number}\r\n"
            "Upgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Accept: {WEBSOCKET_ACCEPT}\r\n\r\n".encode()
        )
        try:
            for sent, wanted in self.plan.frames:
                if await self.reader.readexactly(len(sent)) != sent:
                    self.wrong("another WebSocket frame")
                self.writer.write(wanted)
        except asyncio.IncompleteReadError as error:
            raise Broken("in the middle of a WebSocket") from error
        await self.writer.drain()
        self.writer.write_eof()

    async def long(self):
        self.writer.write(self.response_head() + bytes(self.plan.response_body) + EXCESS)
        await self.writer.drain()
        return True

    async def short(self):
        await self.send_part(self.plan.response_cut)
        self.writer.write_eof()

    async def reset(self):
        await self.send_part(self.plan.response_cut)
        reset(self.writer)

    async def reset_head(self):
        reset(self.writer)

    async def silent(self):
        self.writer.write_eof()

    async def garbage(self):
        self.writer.write(b"\x00\x01" + as_chunk(b"what is this?\r\n\r\n"))
        await self.writer.drain()
        self.writer.write_eof()


async def main(*argv):
    upstream = Upstream(*argv)
    await upstream.listen()
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        await upstream.obey(line.strip())


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
