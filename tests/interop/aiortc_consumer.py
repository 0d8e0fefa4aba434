#!/usr/bin/python3
"""usage: aiortc_consumer.py SIGNAL-URL ROOM GATE ECHO-BYTES

Joins the room as a consumer on aiortc, a WebRTC stack in Python, does what
every consumer here does, and prints each event as a line "EVENT JSON".
"""

import asyncio
import hashlib
import json
import random
import sys

import wire
from wire import report


class Consumer:
    def __init__(self, channel):
        self.channel = channel
        self.next_id = 1

    async def hello(self):
        features = {"proto": "httptunnel", "min_version": 1, "max_version": 1, "features": ["sse"]}
        self.channel.send(wire.HELLO, 0, features)
        return json.loads(await self.take(wire.AGREE, 0))

    async def take(self, wanted, stream_id):
        while True:
            kind, of, payload = await self.channel.frames.get()
            if (kind, of) == (wanted, stream_id):
                return payload
            if kind != wire.PONG:
                raise AssertionError(f"frame {kind} of stream {of}, not {wanted}: {payload[:200]}")

    async def request(self, method, path, headers=None, body=b""):
        """(head, async iterator of body chunks)"""
        stream_id = self.next_id
        self.next_id += 1
        head = {"stream_id": stream_id, "method": method, "path": path, "headers": headers or {}}
        self.channel.send(wire.REQ_HEADERS, stream_id, head)
        sending = asyncio.create_task(self.send_body(stream_id, body))
        response = json.loads(await self.take(wire.RES_HEADERS, stream_id))
        assert response["stream_id"] == stream_id
        return response, self.response_body(stream_id, sending)

    async def send_body(self, stream_id, body):
        for at in range(0, len(body), wire.CHUNK):
            await self.channel.send_slowly(wire.REQ_BODY, stream_id, body[at : at + wire.CHUNK])
        self.channel.send(wire.REQ_END, stream_id)

    async def response_body(self, stream_id, sending):
        while True:
            kind, of, payload = await self.channel.frames.get()
            if kind == wire.RES_END and of == stream_id:
                await sending
                return
            if kind == wire.RES_BODY and of == stream_id:
                yield payload
            elif kind != wire.PONG:
                raise AssertionError(f"frame {kind} of stream {of}: {payload[:200]}")


async def repeat_reset(sctp):
    """Until the other side or the test ends us: aiortc sends the reset of a
    stream once, and a path that loses packets may lose it."""
    await sctp._transmit_reconfig()
    request = sctp._reconfig_request
    while True:
        await asyncio.sleep(1)
        if sctp.transport.state != "connected":
            return
        await sctp._send_reconfig_param(request)


async def scenario(channel, gate, echo_bytes):
    consumer = Consumer(channel)
    report("agreed", await consumer.hello())

    head, body = await consumer.request("GET", "/v1/models", {"accept": "application/json"})
    text = b"".join([chunk async for chunk in body]).decode()
    report("get", {"status": head["status"], "headers": head["headers"], "body": text})

    completion = json.dumps({"model": f"gated:{gate}", "stream": True}).encode()
    fields = {"content-type": "application/json"}
    head, body = await consumer.request("POST", "/v1/chat/completions", fields, completion)
    streamed = b""
    async for chunk in body:
        if not streamed:
            report("stream-first", {"status": head["status"]})
        streamed += chunk
    report("stream", {"headers": head["headers"], "body": streamed.decode()})

    sent = random.Random(2).randbytes(echo_bytes)
    fields = {"content-type": "application/octet-stream", "content-length": str(len(sent))}
    head, body = await consumer.request("POST", "/echo", fields, sent)
    received = b"".join([chunk async for chunk in body])
    digests = {n: hashlib.sha256(b).hexdigest() for n, b in [("sent", sent), ("received", received)]}
    report("echo", {"status": head["status"], "bytes": len(received), **digests})
    channel.raw.close()
    report("closed")
    await repeat_reset(channel.raw.transport)


async def main(signal_url, room, gate, echo_bytes):
    await wire.meet(signal_url, room, lambda channel: scenario(channel, gate, int(echo_bytes)))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
