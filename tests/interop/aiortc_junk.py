#!/usr/bin/python3
"""usage: aiortc_junk.py SIGNAL-URL ROOM consumer|provider SEED

A peer with all extensions that sends junk: what each of them forbids, and
frames drawn from the seed. In between it asks, or answers, one thing properly.
It prints each event as a line "EVENT JSON".
"""

import asyncio
import json
import random
import struct
import sys

import wire
from wire import report

RES_INTERIM, WINDOW = 23, 30
CHANNELS = 4
AGREE = {"features": ["sse", "fields", "flow", "channels", "interim", "upgrade", "forwarded"],
         "window": 1 << 20, "channels": CHANNELS}
HELLO = {"proto": "httptunnel", "min_version": 1, "max_version": 1, **AGREE}
HOST = ("Host", "localhost")


def section(*fields):
    return b"".join(struct.pack(">H", len(name)) + name.encode() +
                    struct.pack(">H", len(value)) + value.encode() for name, value in fields)


def head(flags=0, method=b"GET", target=b"/v1/models", fields=section(HOST)):
    return (bytes([flags, len(method)]) + method + struct.pack(">H", len(target)) + target + fields)


GOOD = head()

# What it is, and frames of one stream: type and payload each.
BROKEN = [
    ("a head of one byte", [(wire.REQ_HEADERS, b"\0")]),
    ("an empty head", [(wire.REQ_HEADERS, b"")]),
    ("a method beyond the end", [(wire.REQ_HEADERS, b"\0\xff" + b"G" * 20)]),
    ("a target beyond the end", [(wire.REQ_HEADERS, b"\0\3GET\xff\xff/")]),
    ("a value beyond the end", [(wire.REQ_HEADERS, GOOD + b"\0\1X\xff\xff")]),
    ("a name of no length", [(wire.REQ_HEADERS, head(fields=section(HOST, ("", "x"))))]),
    ("300 fields", [(wire.REQ_HEADERS, head(fields=section(*[("X", "y")] * 300)))]),
    ("a field of 60 KB", [(wire.REQ_HEADERS, head(fields=section(HOST, ("X", "y" * 60000))))]),
    ("a length without a body", [(wire.REQ_HEADERS, head(1))]),
    ("two lengths", [(wire.REQ_HEADERS, head(1, fields=section(*[("Content-Length", "1")] * 2)))]),
    ("a length that is none", [(wire.REQ_HEADERS, head(1, fields=section(("Content-Length", "-1"))))]),
    ("a hop-by-hop field", [(wire.REQ_HEADERS, head(fields=section(HOST, ("Connection", "x"))))]),
    ("a pipe without a protocol", [(wire.REQ_HEADERS, head(3))]),
    ("CONNECT to nowhere", [(wire.REQ_HEADERS, head(3, b"CONNECT", b"/"))]),
    ("a head twice", [(wire.REQ_HEADERS, GOOD), (wire.REQ_HEADERS, GOOD)]),
    ("a body where there is none", [(wire.REQ_HEADERS, GOOD), (wire.REQ_BODY, b"x")]),
    ("more than the length",
     [(wire.REQ_HEADERS, head(1, b"POST", b"/echo", section(HOST, ("Content-Length", "3")))),
      (wire.REQ_BODY, b"four"), (wire.REQ_END, b"")]),
    ("less than the length",
     [(wire.REQ_HEADERS, head(1, b"POST", b"/echo", section(HOST, ("Content-Length", "3")))),
      (wire.REQ_BODY, b"tw"), (wire.REQ_END, b"")]),
    ("an empty body", [(wire.REQ_HEADERS, head(2, b"POST", b"/echo")), (wire.REQ_BODY, b"")]),
    ("trailers of routing", [(wire.REQ_HEADERS, head(2, b"POST", b"/echo")),
                             (wire.REQ_END, section(HOST))]),
    ("trailers cut off", [(wire.REQ_HEADERS, head(2, b"POST", b"/echo")), (wire.REQ_END, b"\0")]),
    ("an increment of 0", [(wire.REQ_HEADERS, GOOD), (WINDOW, bytes(4))]),
    ("an increment of 2^31", [(wire.REQ_HEADERS, GOOD), (WINDOW, b"\x80\0\0\0")]),
    ("an increment of 3 bytes", [(wire.REQ_HEADERS, GOOD), (WINDOW, b"\0\0\1")]),
    ("credit without end", [(wire.REQ_HEADERS, GOOD)] + [(WINDOW, b"\x7f\xff\xff\xff")] * 4),
    ("an error of one byte", [(wire.REQ_HEADERS, GOOD), (wire.ERROR, b"\0")]),
    ("a response to itself", [(wire.REQ_HEADERS, GOOD), (wire.RES_HEADERS, b"\0\0\xc8\0")]),
    ("an interim response", [(wire.REQ_HEADERS, GOOD), (RES_INTERIM, b"\0\0\x67\0")]),
    ("a body beyond its credit",
     [(wire.REQ_HEADERS, head(2, b"POST", b"/hold"))] + [(wire.REQ_BODY, bytes(65000))] * 8),
]
def response(flags=1, status=200, reason=b"OK", fields=section(("Content-Length", "2"))):
    return struct.pack(">BHB", flags, status, len(reason)) + reason + fields


# What the provider answers to a request for /N: frames of its stream.
ANSWERS = [
    [(wire.RES_HEADERS, b"")],
    [(wire.RES_HEADERS, b"\0\0")],
    [(wire.RES_HEADERS, b"\0\0\xc8\xffOK")],
    [(wire.RES_HEADERS, response(status=0))],
    [(wire.RES_HEADERS, response(status=100))],
    [(wire.RES_HEADERS, response(status=65535))],
    [(wire.RES_HEADERS, response(reason=b"a\r\nSmuggled: yes"))],
    [(wire.RES_HEADERS, response(fields=section(("A", "1\r\nSmuggled: yes"))))],
    [(wire.RES_HEADERS, response(fields=section(("A\r\nSmuggled", "yes"))))],
    [(wire.RES_HEADERS, response(fields=section(("Content-Length", "1"), ("Content-Length", "2"))))],
    [(wire.RES_HEADERS, response(2))],
    [(wire.RES_HEADERS, response(3, 101))],
    [(wire.RES_HEADERS, response(fields=b"\0"))],
    [(RES_INTERIM, b"\0\0\x65\0"), (RES_INTERIM, b"\0"), (wire.RES_END, b"")],
    [(RES_INTERIM, b"\0\0\x64\0")] * 100 + [(wire.RES_BODY, b"no head")],
    [(wire.RES_BODY, b""), (wire.RES_HEADERS, b"")],
    [(WINDOW, bytes(4))],
    [(WINDOW, b"\x7f\xff\xff\xff")] * 4,
    [(wire.REQ_HEADERS, GOOD), (wire.REQ_BODY, b"x")],
    [(wire.ERROR, b"\xff\xff\xff\xfe no reason \r\n")],
]

# Neither HELLO nor AGREE, nor ERROR on stream 0: a peer that says what its other
# side is to say ends its session.
TYPES = [0, 3, 4, 5, 10, 11, 12, 13, 20, 21, 22, 23, 24, 30, 31, 98, 99, 100, 255]


class Junk:
    def __init__(self, channel, seed):
        self.channel = channel
        self.random = random.Random(seed)
        self.next_id = 1
        self.others = [channel.connection.createDataChannel("", negotiated=True, id=k + 1)
                       for k in range(1, CHANNELS + 1)]
        for raw in self.others:
            raw.on("message", channel.on_message)

    async def start(self):
        self.channel.send(wire.HELLO, 0, HELLO)
        kind, _, payload = await self.channel.frames.get()
        while kind != wire.AGREE:
            kind, _, payload = await self.channel.frames.get()
        report("agreed", json.loads(payload))

    def raw_of(self, stream_id):
        return self.others[stream_id % CHANNELS]

    def send(self, kind, stream_id, payload=b""):
        raw = self.channel.raw if kind == WINDOW else self.raw_of(stream_id)
        raw.send(wire.encode(kind, stream_id, payload))

    def begin(self):
        self.next_id += 1
        return self.next_id - 1

    async def ask(self, after_what):
        """The session is alive when a proper request is answered."""
        stream_id = self.begin()
        self.send(wire.REQ_HEADERS, stream_id, GOOD)
        self.send(wire.REQ_END, stream_id)
        while True:
            kind, of, payload = await self.channel.frames.get()
            if of == stream_id and kind == wire.RES_HEADERS:
                status = struct.unpack_from(">H", payload, 1)[0]
            if of == stream_id and kind == wire.ERROR:
                status = payload.decode(errors="replace")
            if of == stream_id and kind in (wire.RES_END, wire.ERROR):
                report("alive", [after_what, status])
                return

    async def answer(self):
        while True:
            kind, stream_id, payload = await self.channel.frames.get()
            if kind == wire.HELLO:
                self.channel.send(wire.AGREE, 0, {"version": 1, **AGREE})
            if kind != wire.REQ_HEADERS:
                continue
            self.next_id = max(self.next_id, stream_id + 1)
            at = 2 + payload[1]
            target = payload[at + 2:at + 2 + struct.unpack_from(">H", payload, at)[0]].decode()
            if target.startswith("/broken/"):
                for kind, answer in ANSWERS[int(target.rsplit("/", 1)[1])]:
                    self.send(kind, stream_id, answer)
                # Whatever was dropped of that: this ends the stream.
                self.send(wire.ERROR, stream_id, b"\0\0the end")
                continue
            for _ in range(200 if target == "/junk" else 0):
                raw, message = self.draw({stream_id})
                raw.send(message)
            self.send(wire.RES_HEADERS, stream_id, response())
            self.send(wire.RES_BODY, stream_id, b"ok")
            self.send(wire.RES_END, stream_id)

    async def send_broken(self):
        for what, frames in BROKEN:
            stream_id = self.begin()
            for kind, payload in frames:
                self.send(kind, stream_id, payload)
            await self.ask(what)
            self.send(wire.ERROR, stream_id, b"\0\1enough")

    def draw(self, spared=()):
        """Any frame, in any channel, but of no stream that is spared."""
        r = self.random
        kind = r.choice(TYPES)
        stream_id = r.choice([0, 1, r.randrange(self.next_id), r.randrange(1 << 32), 0xFFFFFFFF,
                              0x7FFFFFFF, 0x80000000])
        if kind == wire.ERROR:
            stream_id |= 1
        if stream_id in spared:
            stream_id += 1
        length = r.choice([0, 0, 1, 2, 3, 4, 5, 16, 1000, 65000])
        payload = r.randbytes(length) if r.random() < 0.5 else bytes(length)
        if kind == wire.REQ_HEADERS and r.random() < 0.5:
            payload = GOOD[:r.randrange(len(GOOD))] + payload[:100]
        return r.choice([self.channel.raw, *self.others]), wire.encode(kind, stream_id, payload)

    async def send_drawn(self, rounds, frames):
        for number in range(rounds):
            for _ in range(frames):
                raw, message = self.draw()
                raw.send(message[:self.random.choice([len(message)] * 9 + [4])])
            while max(raw.bufferedAmount for raw in self.others) > 0:
                await asyncio.sleep(0)
            await self.ask(f"round {number}")


async def consume(junk):
    await junk.start()
    await junk.ask("nothing")
    await junk.send_broken()
    await junk.send_drawn(20, 200)
    report("done")


async def main(signal_url, room, side, seed):
    async def scenario(channel):
        junk = Junk(channel, int(seed))
        await (consume(junk) if side == "consumer" else junk.answer())

    await wire.meet(signal_url, room, scenario)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
