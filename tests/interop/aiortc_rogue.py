#!/usr/bin/python3
"""usage: aiortc_rogue.py SIGNAL-URL ROOM consumer|provider

A peer that sends everything that the wire contract does not allow, and in
between asks or answers one thing properly. It prints each event as a line
"EVENT JSON".
"""

import asyncio
import json
import struct
import sys

import wire
from aiortc_consumer import Consumer
from wire import report

HEAD = {"method": "GET", "path": "/v1/models", "headers": {}}


def head(stream_id, **changes):
    return json.dumps({"stream_id": stream_id, **HEAD, **changes}).encode()


# (what it is, the whole message); none may end the session.
DROPPED = [
    ("an empty message", b""),
    ("half a header", b"\x0a\0\0"),
    ("a text message", "hello"),
    ("an unknown type", wire.encode(77, 0, b"x" * 1000)),
    ("an unknown type on a stream", wire.encode(0, 4000, b"")),
    ("a body for no stream", wire.encode(wire.REQ_BODY, 4001, b"x")),
    ("an end for no stream", wire.encode(wire.REQ_END, 4002)),
    ("an error for no stream", wire.encode(wire.ERROR, 4003, b"\xff\xfe")),
    ("a response from a consumer", wire.encode(wire.RES_HEADERS, 4004, b'{"status":200}')),
    ("a head that is no JSON", wire.encode(wire.REQ_HEADERS, 4005, b"{")),
    ("a head that is a list", wire.encode(wire.REQ_HEADERS, 4006, b"[]")),
    ("a head without a method", wire.encode(wire.REQ_HEADERS, 4007, b'{"path":"/"}')),
    ("a head of the wrong types", wire.encode(wire.REQ_HEADERS, 4008, head(4008, headers=[1]))),
    ("a head deeply nested", wire.encode(wire.REQ_HEADERS, 4009, b"[" * 60000)),
    ("a head with U+0000", wire.encode(wire.REQ_HEADERS, 4010, head(4010, path="/a\0b"))),
    ("a head that is not UTF-8", wire.encode(wire.REQ_HEADERS, 4011, b'{"path":"\xff"}')),
    ("a hello that is no JSON", wire.encode(wire.HELLO, 0, b"hello")),
    ("a pong out of nowhere", wire.encode(wire.PONG, 0)),
    ("a frame with the largest id", struct.pack(">BI", wire.REQ_END, 0xFFFFFFFF)),
]

# Heads that would smuggle something into the upstream's request.
SMUGGLING = [
    {"method": "GET / HTTP/1.1\r\nX: y\r\n\r\nGET"},
    {"method": ""},
    {"path": "/ HTTP/1.1\r\nHost: evil\r\n\r\nGET /smuggled"},
    {"path": "/a b"},
    {"path": "http://elsewhere/"},
    {"headers": {"X\r\nY": "1"}},
    {"headers": {"X": "1\r\nSmuggled: yes"}},
    {"headers": {"X": "1\nSmuggled: yes"}},
    {"headers": {"Content-Length": "-1"}},
    {"headers": {"Content-Length": "5", "Transfer-Encoding": "chunked"}},
    {"headers": {"": "x"}},
]


async def consume(channel):
    consumer = Consumer(channel)
    await consumer.hello()
    for what, message in DROPPED:
        channel.raw.send(message)
        await answer_of_models(consumer, what)
    for changes in SMUGGLING:
        stream_id = consumer.next_id
        consumer.next_id += 1
        channel.send(wire.REQ_HEADERS, stream_id, head(stream_id, **changes))
        channel.send(wire.REQ_END, stream_id)
        # Refused, or made harmless: the upstream's log tells.
        kind = of = None
        while of != stream_id or kind not in (wire.RES_END, wire.ERROR):
            kind, of, _ = await channel.frames.get()
        await answer_of_models(consumer, json.dumps(changes))
    channel.send(wire.PING, 0)
    while (await channel.frames.get())[0] != wire.PONG:
        pass
    report("pong")
    report("done")


async def answer_of_models(consumer, after_what):
    """The session is alive when a proper request is answered."""
    stream_id = consumer.next_id
    consumer.next_id += 1
    consumer.channel.send(wire.REQ_HEADERS, stream_id, head(stream_id))
    consumer.channel.send(wire.REQ_END, stream_id)
    while True:
        kind, of, payload = await consumer.channel.frames.get()
        if of == stream_id and kind == wire.RES_HEADERS:
            status = json.loads(payload)["status"]
        if of == stream_id and kind == wire.ERROR:
            status = payload.decode()
        if of == stream_id and kind in (wire.RES_END, wire.ERROR):
            report("alive", [after_what, status])
            return


# What the provider answers to a request for /N: the frames behind its head.
RESPONSES = [
    [(wire.RES_HEADERS, b"{")],
    [(wire.RES_HEADERS, b'{"status":"200","headers":{}}')],
    [(wire.RES_HEADERS, b'{"status":99,"headers":{}}')],
    [(wire.RES_HEADERS, b'{"status":1000,"headers":{}}')],
    [(wire.RES_HEADERS, b'{"status":200,"headers":{"A\\r\\nB":"1"}}')],
    [(wire.RES_HEADERS, b'{"status":200,"headers":{"A":"1\\r\\nSmuggled: yes"}}')],
    [(wire.RES_BODY, b"a body before its head")],
    [(wire.RES_END, b"")],
    [(wire.ERROR, b"\xff\xfe not UTF-8 \r\n")],
]


async def provide(channel):
    while True:
        kind, stream_id, payload = await channel.frames.get()
        if kind == wire.HELLO:
            channel.send(wire.AGREE, 0, {"version": 1, "features": []})
        elif kind == wire.REQ_HEADERS:
            number = json.loads(payload)["path"].lstrip("/")
            if number == "health":
                channel.send(wire.RES_HEADERS, stream_id, {"status": 200, "headers": {}})
                channel.send(wire.RES_END, stream_id)
                continue
            for answer_kind, answer in RESPONSES[int(number)]:
                channel.send(answer_kind, stream_id, answer)
            # Whatever was dropped of that: this ends the stream.
            channel.send(wire.ERROR, stream_id, b"the end of a rogue answer")


async def main(signal_url, room, side):
    await wire.meet(signal_url, room, consume if side == "consumer" else provide)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
