#!/usr/bin/python3
"""A server of bodies larger than any memory. It prints "listening URL".

    GET /SIZE     so many bytes of the mock upstream's pattern
    POST /        {"bytes": …, "sha256": …} of what came
    "count" on standard input is answered by "sent TOTAL", of all responses
"""

import asyncio
import hashlib
import json
import os
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from mock_upstream import pattern, say  # noqa: E402

# What lies in the kernel is not what is measured here, and there are a
# thousand connections.
SEND_BUFFER = 64 << 10


class Source:
    def __init__(self):
        self.sent = 0

    async def serve(self, reader, writer):
        conn = writer.get_extra_info("socket")
        conn.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        writer.transport.set_write_buffer_limits(high=0)
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
                method, target = head.split(" ", 2)[:2]
                if method == "get":
                    await self.send(writer, int(target[1:]))
                else:
                    length = int(head.partition("content-length: ")[2].split("\r\n")[0])
                    await self.digest(reader, writer, length)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.transport.abort()

    async def send(self, writer, size):
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n".encode())
        for block in pattern(size):
            writer.write(block)
            await writer.drain()
            self.sent += len(block)

    async def digest(self, reader, writer, left):
        digest, size = hashlib.sha256(), left
        while left:
            data = await reader.read(min(left, 1 << 20))
            if not data:
                return
            digest.update(data)
            left -= len(data)
        answer = json.dumps({"bytes": size, "sha256": digest.hexdigest()})
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(answer)}\r\n\r\n{answer}".encode())


async def main():
    source = Source()
    server = await asyncio.start_server(source.serve, "127.0.0.1", 0, limit=1 << 20, backlog=4096)
    say("listening", f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    loop = asyncio.get_running_loop()
    while await loop.run_in_executor(None, sys.stdin.readline) == "count\n":
        say("sent", source.sent)


if __name__ == "__main__":
    asyncio.run(main())
