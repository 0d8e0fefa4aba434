#!/usr/bin/python3
"""usage: aiortc_provider.py SIGNAL-URL ROOM UPSTREAM-URL

Joins the room as a provider on aiortc and serves requests from the upstream,
as `tunnel serve` does. It prints each event as a line "EVENT JSON" and goes on
until it is killed.
"""

import asyncio
import json
import sys

import aiohttp
import wire
from wire import report

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "host"}


class Provider:
    def __init__(self, channel, upstream, http):
        self.channel = channel
        self.upstream = upstream
        self.http = http
        self.bodies = {}
        self.tasks = {}

    async def run(self):
        while True:
            kind, stream_id, payload = await self.channel.frames.get()
            if kind == wire.HELLO:
                hello = json.loads(payload)
                report("hello", hello)
                features = [f for f in hello["features"] if f == "sse"]
                self.channel.send(wire.AGREE, 0, {"version": 1, "features": features})
            elif kind == wire.REQ_HEADERS:
                self.bodies[stream_id] = asyncio.Queue()
                head = json.loads(payload)
                report("request", head)
                self.tasks[stream_id] = asyncio.create_task(self.answer(stream_id, head))
            elif kind == wire.REQ_BODY and stream_id in self.bodies:
                self.bodies[stream_id].put_nowait(payload)
            elif kind == wire.REQ_END and stream_id in self.bodies:
                self.bodies[stream_id].put_nowait(None)
            elif kind == wire.ERROR and stream_id in self.tasks:
                report("error", payload.decode())
                self.tasks[stream_id].cancel()

    async def request_body(self, stream_id):
        while (chunk := await self.bodies[stream_id].get()) is not None:
            yield chunk

    async def answer(self, stream_id, head):
        fields = {k: v for k, v in head["headers"].items() if k.lower() not in HOP_BY_HOP}
        has_body = head["method"] not in ("GET", "HEAD")
        body = self.request_body(stream_id) if has_body else None
        try:
            async with self.http.request(
                head["method"], self.upstream + head["path"], headers=fields, data=body
            ) as response:
                fields = {k: v for k, v in response.headers.items() if k.lower() not in HOP_BY_HOP}
                start = {"stream_id": stream_id, "status": response.status, "headers": fields}
                self.channel.send(wire.RES_HEADERS, stream_id, start)
                async for chunk in response.content.iter_any():
                    for at in range(0, len(chunk), wire.CHUNK):
                        piece = chunk[at : at + wire.CHUNK]
                        await self.channel.send_slowly(wire.RES_BODY, stream_id, piece)
            self.channel.send(wire.RES_END, stream_id)
        except aiohttp.ClientError as error:
            self.channel.send(wire.ERROR, stream_id, str(error).encode())
        finally:
            del self.bodies[stream_id], self.tasks[stream_id]


async def main(signal_url, room, upstream):
    # raise_for_status and decompression off: bytes pass as they are.
    timeout = aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(auto_decompress=False, timeout=timeout) as http:
        await wire.meet(
            signal_url, room, lambda channel: Provider(channel, upstream, http).run()
        )


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
