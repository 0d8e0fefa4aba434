#!/usr/bin/python3
"""The clients of a run: each a connection that carries one exchange after
another, and is opened again after it was broken.

usage: client.py HOST PORT SEED MIX CONNECTIONS

As a program it obeys "run FIRST AFTER" on its standard input: all exchanges from
FIRST to before AFTER. The answer is one line of JSON: how many had each
"outcome", and what was "wrong". Where nobody listens it tries again.
"""

import asyncio
import collections
import json
import socket
import sys
import time
from typing import NamedTuple

from plan import Plan
from wire import BLOCK, WEBSOCKET_KEY, Broken, read_body, read_head, reset, write_pieces

PAUSE = 0.05  # s behind what was not as planned, which may be so for a while
DEADLINE = 120  # s for one exchange: over it, something hangs
# Of a request that was answered before it was read, so much is read to keep its
# connection (HTTP_DROP_MAX). Behind a longer one that is closed, as any server
# may do (RFC 9112 section 9.6), and what a client sends then is nobody's fault.
READ_ON = 256 << 10


class Wrong(NamedTuple):
    """What was not as planned."""

    outcome: str
    began: float  # of time.monotonic()
    ended: float
    plan: str

    def __str__(self):
        return f"{self.outcome}; {self.plan}"


class Clients:
    def __init__(self, address, seed, mix="chaos"):
        self.address = address
        self.seed = seed
        self.mix = mix
        self.outcomes = collections.Counter()
        self.wrong = []

    async def run(self, numbers, connections):
        """All exchanges of these numbers, over so many connections."""
        await asyncio.gather(*(self.run_one(numbers[n::connections]) for n in range(connections)))

    async def run_one(self, numbers):
        client = Client(self.address)
        for number in numbers:
            plan = Plan(self.seed, number, self.mix)
            began = time.monotonic()
            try:
                outcome = await asyncio.wait_for(client.exchange(plan), DEADLINE)
            except asyncio.TimeoutError:
                outcome = f"nothing more in {DEADLINE} s"
            self.outcomes[outcome] += 1
            is_planned = outcome == "aborted" or outcome in plan.outcomes
            if not is_planned:
                self.wrong.append(Wrong(outcome, began, time.monotonic(), str(plan)))
                await asyncio.sleep(PAUSE)
            if outcome not in ("whole", "refused"):
                client.close()
        client.close()


class Client:
    def __init__(self, address):
        self.address = address
        self.writer = None

    def close(self):
        if self.writer:
            self.writer.transport.abort()
        self.writer = None

    async def open(self):
        if self.writer:
            return
        conn = socket.socket()
        conn.setblocking(False)
        # Slow readers are felt before the kernel has taken all.
        conn.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BLOCK)
        await asyncio.get_running_loop().sock_connect(conn, self.address)
        self.reader, self.writer = await asyncio.open_connection(sock=conn, limit=BLOCK)

    async def open_anyhow(self):
        while True:
            try:
                return await self.open()
            except ConnectionError:
                await asyncio.sleep(0.1)

    async def exchange(self, plan):
        """What came of it: whole, broken, refused or aborted, or else what
        should not have been."""
        await self.open_anyhow()
        if plan.client == "websocket":
            return await self.converse(plan)
        sender = asyncio.create_task(self.send(plan))
        try:
            if plan.client == "abort-request":
                await sender
                return "aborted"
            outcome = await self.receive(plan)
            is_cut = not sender.done() or sender.exception() or plan.client == "half-close"
            is_early = plan.upstream == "early" or outcome in ("refused", "away")
            if is_cut or (is_early and plan.request_size > READ_ON):
                self.close()  # nothing can follow
            return outcome
        finally:
            sender.cancel()
            await asyncio.gather(sender, return_exceptions=True)

    async def converse(self, plan):
        """Over a WebSocket; what has had its close frame is whole."""
        try:
            self.writer.write(
                f"GET /{plan.number} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n"
                "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                f"Sec-WebSocket-Key: {WEBSOCKET_KEY}\r\n\r\n".encode()
            )
            head = await read_head(self.reader)
            if not head or head.words[1] != "101":
                return await self.receive_other(plan, head)
            for sent, wanted in plan.frames:
                self.writer.write(sent)
                if await self.reader.readexactly(len(wanted)) != wanted:
                    return "another WebSocket frame"
            return "whole"
        except (Broken, ConnectionError, asyncio.IncompleteReadError):
            return "broken"
        finally:
            self.close()

    async def send(self, plan):
        framing = "Connection: close\r\n" if plan.client == "last" else ""
        if plan.has_body:
            is_chunked = plan.is_request_chunked
            length = f"Content-Length: {plan.request_size}\r\n"
            framing += "Transfer-Encoding: chunked\r\n" if is_chunked else length
        method = "POST" if plan.has_body else "GET"
        head = f"{method} /{plan.number} HTTP/1.1\r\nHost: localhost\r\n{framing}\r\n".encode()
        if plan.client == "abort-request":
            self.writer.write(head if plan.has_body else head[: len(head) // 2])
            await self.send_body(plan, plan.request_cut)
            await asyncio.sleep(plan.pause)
            reset(self.writer)
            return
        self.writer.write(head)
        await self.send_body(plan, plan.request_size)
        if plan.has_body and plan.is_request_chunked:
            self.writer.write(b"0\r\n\r\n")
        if plan.client == "half-close":
            self.writer.write_eof()
        await self.writer.drain()

    async def send_body(self, plan, size):
        try:
            await write_pieces(self.writer, plan.request_body[:size], plan.is_request_chunked)
        except ConnectionError:
            if plan.client != "abort-request":
                raise

    async def receive(self, plan):
        try:
            head = await read_head(self.reader)
            number = head and head.words[1] == "200" and head.fields.get("x-number")
            if number == str(plan.number):
                outcome = await self.receive_body(plan, head)
            else:
                outcome = await self.receive_other(plan, head)
            if head and head.closes:
                self.close()
            return outcome
        except Broken:
            return "broken"

    async def receive_other(self, plan, head):
        """What the tunnel itself says, or nothing."""
        if not head:
            return "broken"
        outcome = {"502": "refused", "503": "away", "504": "away"}.get(head.words[1])
        if not outcome:
            return f"another response: {head.words} {head.fields}"
        async for _ in read_body(self.reader, head):
            pass
        return outcome

    async def receive_body(self, plan, head):
        wanted = plan.response_body
        size = 0
        async for piece in read_body(self.reader, head, until_close=head.closes):
            if piece != wanted[size : size + len(piece)]:
                return f"another body behind byte {size}"
            size += len(piece)
            if plan.client == "slow":
                await asyncio.sleep(plan.pause)
            if plan.client == "abort" and size >= plan.response_cut:
                reset(self.writer)
                return "aborted"
        return "whole" if size == len(wanted) else f"a whole body of {size} bytes"


async def main(host, port, seed, mix, connections):
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        first, after = map(int, line.split()[1:])
        clients = Clients((host, int(port)), seed, mix)
        await clients.run(range(first, after), int(connections))
        print(json.dumps({"outcomes": clients.outcomes, "wrong": clients.wrong}), flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
