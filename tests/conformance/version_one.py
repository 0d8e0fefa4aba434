#!/usr/bin/python3
"""usage: version_one.py provider SIGNAL-URL ROOM HOST PORT
          version_one.py consumer SIGNAL-URL ROOM

One end of a tunnel as docs/PROTOCOL.md describes version 1, without any of its
extensions, on aiortc. As a small intermediary it takes HTTP on trust: what is
malformed is the business of the other end, which is ours. Prints "listening
PORT" as a consumer, and "ready" when requests can flow."""

import asyncio
import http
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(os.path.dirname(HERE), "interop"))
import wire  # noqa: E402

OF_ONE_HOP = {
    "connection",
    "keep-alive",
    "proxy-connection",
    "te",
    "transfer-encoding",
    "upgrade",
    "expect",
}
HEAD_LIMIT = 1 << 18
READ = 32 << 10


class Head:
    """The first line and the fields, as ISO-8859-1 text."""

    def __init__(self, data):
        self.first, *lines = data.decode("latin-1").split("\r\n")[:-2]
        self.fields = []
        for line in lines:
            name, _, value = line.partition(":")
            self.fields.append((name, value.strip(" \t")))

    def list_of(self, wanted):
        values = ",".join(value for name, value in self.fields if name.lower() == wanted)
        return [element.strip().lower() for element in values.split(",") if element.strip()]

    def length(self):
        values = self.list_of("content-length")
        return int(values[0]) if values else None

    def to_json(self):
        """Fields of one name are joined, but for Set-Cookie."""
        gone = OF_ONE_HOP | set(self.list_of("connection"))
        keys, out = {}, {}
        for name, value in self.fields:
            low = name.lower()
            if low in gone:
                continue
            key = keys.setdefault(low, name)
            separator = "; " if low == "cookie" else ", "
            if low == "set-cookie":
                out.setdefault(key, []).append(value)
            else:
                out[key] = value if key not in out else out[key] + separator + value
        return out


def encode_head(first, fields):
    lines = [first, *(f"{name}: {value}" for name, value in fields), "", ""]
    return "\r\n".join(lines).encode("latin-1")


async def read_head(reader):
    return Head(await reader.readuntil(b"\r\n\r\n"))


async def read_body(reader, length, is_chunked):
    """The content, piece by piece; until the close where neither is told."""
    if is_chunked:
        while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
            async for piece in read_body(reader, size, False):
                yield piece
            await reader.readexactly(2)
        while await reader.readuntil(b"\r\n") != b"\r\n":
            pass
        return
    while length is None or length > 0:
        piece = await reader.read(READ if length is None else min(READ, length))
        if not piece and length is not None:
            raise EOFError("broke off")
        if not piece:
            return
        length = None if length is None else length - len(piece)
        yield piece


class Body:
    """Writes content as it is, or as chunks."""

    def __init__(self, writer, is_chunked):
        self.writer = writer
        self.is_chunked = is_chunked

    def write(self, piece):
        self.writer.write(b"%x\r\n%b\r\n" % (len(piece), piece) if self.is_chunked else piece)

    def end(self):
        if self.is_chunked:
            self.writer.write(b"0\r\n\r\n")


class Stream:
    """An exchange: what the other end sends waits in a queue."""

    def __init__(self, channel, stream_id):
        self.channel = channel
        self.id = stream_id
        self.frames = asyncio.Queue()
        self.is_request_over = False

    def send(self, kind, payload=b""):
        self.channel.send(kind, self.id, payload)

    async def take(self):
        kind, payload = await self.frames.get()
        if kind == wire.ERROR:
            raise ConnectionAbortedError(payload.decode())
        return kind, payload

    async def first_of(self, reading, watching):
        """Runs both until the first has its result or either has failed."""
        tasks = [asyncio.ensure_future(reading), asyncio.ensure_future(watching)]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if not tasks[0].done():
                await tasks[1]  # raises
            return await tasks[0]
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


class Provider:
    def __init__(self, channel, host, port):
        self.channel = channel
        self.address = host, int(port)
        self.streams = {}
        self.pool = []

    async def run(self):
        while True:
            kind, stream_id, payload = await self.channel.frames.get()
            if kind == wire.HELLO:
                self.channel.send(wire.AGREE, 0, {"version": 1, "features": []})
                print("ready", flush=True)
            elif kind == wire.REQ_HEADERS:
                stream = self.streams[stream_id] = Stream(self.channel, stream_id)
                asyncio.create_task(self.serve(stream, json.loads(payload)))
            elif stream_id in self.streams:
                self.streams[stream_id].frames.put_nowait((kind, payload))

    async def connect(self):
        while self.pool:
            reader, writer = self.pool.pop()
            if not reader.at_eof():
                return reader, writer
            writer.close()
        return await asyncio.open_connection(*self.address, limit=HEAD_LIMIT)

    async def serve(self, stream, request):
        writer = None
        try:
            reader, writer = await self.connect()
            may_be_kept = await stream.first_of(
                self.read_response(stream, request["method"], reader),
                self.send_request(stream, request, writer),
            )
            if may_be_kept and stream.is_request_over:
                self.pool.append((reader, writer))
            else:
                writer.close()
        except ConnectionAbortedError:
            writer.transport.abort()
        except (OSError, EOFError, ValueError, IndexError) as error:
            stream.send(wire.ERROR, f"no response: {error}".encode())
            if writer:
                writer.transport.abort()
        finally:
            del self.streams[stream.id]

    async def send_request(self, stream, request, writer):
        """Does not end: it waits for the consumer's ERROR."""
        fields = [(k, v) for k, v in request["headers"].items() if k.lower() != "host"]
        fields.insert(0, ("Host", "%s:%d" % self.address))
        is_chunked = False
        kind, payload = await stream.take()
        if not any(name.lower() == "content-length" for name, _ in fields):
            is_chunked = kind == wire.REQ_BODY
            if is_chunked:
                fields.append(("Transfer-Encoding", "chunked"))
            elif request["method"] in ("POST", "PUT", "PATCH"):
                fields.append(("Content-Length", "0"))
        writer.write(encode_head(f"{request['method']} {request['path']} HTTP/1.1", fields))
        body = Body(writer, is_chunked)
        while kind == wire.REQ_BODY:
            body.write(payload)
            kind, payload = await stream.take()
        body.end()
        stream.is_request_over = True
        await stream.take()

    async def read_response(self, stream, method, reader):
        """Whether the connection may be used again."""
        status = 100
        while status < 200:
            head = await read_head(reader)
            status = int(head.first.split(" ")[1])
        fields = head.to_json()
        stream.send(wire.RES_HEADERS, {"stream_id": stream.id, "status": status, "headers": fields})
        length, is_chunked = head.length(), bool(head.list_of("transfer-encoding"))
        if method == "HEAD" or status in (204, 304):
            length, is_chunked = 0, False
        async for piece in read_body(reader, length, is_chunked):
            stream.send(wire.RES_BODY, piece)
        stream.send(wire.RES_END)
        has_end = is_chunked or length is not None
        is_old = head.first.startswith("HTTP/1.0")
        return has_end and not is_old and "close" not in head.list_of("connection")


class Consumer:
    def __init__(self, channel):
        self.channel = channel
        self.streams = {}
        self.last_id = 0

    async def run(self):
        hello = {"proto": "httptunnel", "min_version": 1, "max_version": 1, "features": []}
        self.channel.send(wire.HELLO, 0, hello)
        server = await asyncio.start_server(self.serve, "127.0.0.1", limit=HEAD_LIMIT)
        while True:
            kind, stream_id, payload = await self.channel.frames.get()
            if kind == wire.AGREE:
                print("listening", server.sockets[0].getsockname()[1], flush=True)
                print("ready", flush=True)
            elif stream_id in self.streams:
                self.streams[stream_id].frames.put_nowait((kind, payload))

    async def serve(self, reader, writer):
        try:
            while True:
                await self.exchange(await read_head(reader), reader, writer)
        except (EOFError, OSError):
            writer.close()

    async def exchange(self, request, reader, writer):
        self.last_id += 1
        stream = self.streams[self.last_id] = Stream(self.channel, self.last_id)
        method, path, _ = request.first.split(" ")
        head = {"stream_id": stream.id, "method": method, "path": path}
        stream.send(wire.REQ_HEADERS, {**head, "headers": request.to_json()})
        sending = asyncio.create_task(self.send_body(stream, request, reader))
        try:
            await self.write_response(stream, method, writer)
            if not stream.is_request_over:
                stream.send(wire.ERROR, b"the response is complete")
        finally:
            del self.streams[stream.id]
        await sending

    async def send_body(self, stream, request, reader):
        """To its end, even if nobody wants it any more: the next request is
        behind it."""
        is_chunked = bool(request.list_of("transfer-encoding"))
        async for piece in read_body(reader, request.length() or 0, is_chunked):
            if stream.id in self.streams:
                stream.send(wire.REQ_BODY, piece)
        if stream.id in self.streams:
            stream.is_request_over = True
            stream.send(wire.REQ_END)

    async def write_response(self, stream, method, writer):
        try:
            _, payload = await stream.take()
        except ConnectionAbortedError as error:
            text = f"{error}\n"
            fields = [("Content-Type", "text/plain"), ("Content-Length", str(len(text)))]
            writer.write(encode_head("HTTP/1.1 502 Bad Gateway", fields))
            if method != "HEAD":
                writer.write(text.encode())
            return
        head = json.loads(payload)
        status, fields = head["status"], list(head["headers"].items())
        has_length = any(name.lower() == "content-length" for name, _ in fields)
        is_chunked = not (has_length or method == "HEAD" or status in (204, 304))
        if is_chunked:
            fields.append(("Transfer-Encoding", "chunked"))
        phrase = http.HTTPStatus(status).phrase
        writer.write(encode_head(f"HTTP/1.1 {status} {phrase}", fields))
        body = Body(writer, is_chunked)
        try:
            while (frame := await stream.take())[0] == wire.RES_BODY:
                body.write(frame[1])
        except ConnectionAbortedError:
            writer.transport.abort()
            raise
        body.end()


async def main(role, signal_url, room, *upstream):
    ends = {"provider": Provider, "consumer": Consumer}
    await wire.meet(signal_url, room, lambda channel: ends[role](channel, *upstream).run())


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
