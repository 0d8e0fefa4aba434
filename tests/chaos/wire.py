"""HTTP/1.1 on asyncio's streams, as little of it as both ends of a run need."""

import asyncio
import contextlib
import socket
import struct

BLOCK = 1 << 16
# RFC 6455, section 1.3.
WEBSOCKET_KEY = "dGhlIHNhbXBsZSBub25jZQ=="
WEBSOCKET_ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


class Broken(Exception):
    """The other end closed, or sent what is no HTTP."""


class Head:
    """The first line and the fields; names in lower case."""

    def __init__(self, data):
        lines = data.decode("latin-1").split("\r\n")
        self.words = lines[0].split(" ", 2)
        self.fields = {}
        for line in lines[1:-2]:
            name, _, value = line.partition(":")
            self.fields[name.lower()] = value.strip()

    @property
    def is_chunked(self):
        return self.fields.get("transfer-encoding", "").lower() == "chunked"

    @property
    def length(self):
        length = self.fields.get("content-length")
        return None if length is None else int(length)

    @property
    def closes(self):
        return self.fields.get("connection", "").lower() == "close"


async def read_head(reader):
    """None where the connection ends instead."""
    try:
        return Head(await reader.readuntil(b"\r\n\r\n"))
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise Broken(f"in the middle of a head: {error.partial!r}") from None
        return None
    except ConnectionError:
        return None


async def read_body(reader, head, until_close=False):
    """The pieces of a body; Broken where it ends too early."""
    try:
        if head.is_chunked:
            while size := int(await reader.readuntil(b"\r\n"), 16):
                async for piece in read_sized(reader, size):
                    yield piece
                await reader.readexactly(2)
            await reader.readuntil(b"\r\n")
        elif head.length is not None:
            async for piece in read_sized(reader, head.length):
                yield piece
        elif until_close:
            while piece := await reader.read(BLOCK):
                yield piece
    except (asyncio.IncompleteReadError, ConnectionError, ValueError) as error:
        raise Broken(str(error)) from None


async def read_sized(reader, left):
    while left > 0:
        piece = await reader.read(min(left, BLOCK))
        if not piece:
            raise Broken(f"{left} bytes are missing")
        left -= len(piece)
        yield piece


def as_chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data) if data else b""


async def write_pieces(writer, body, is_chunked, pause=0):
    """The body in pieces, without the chunk that ends it."""
    for start in range(0, len(body), BLOCK):
        piece = bytes(body[start : start + BLOCK])
        writer.write(as_chunk(piece) if is_chunked else piece)
        await writer.drain()
        if pause:
            await asyncio.sleep(pause)


def reset(writer):
    """Closes so that the other end gets an RST."""
    linger = struct.pack("ii", 1, 0)
    with contextlib.suppress(OSError):  # it has gone meanwhile
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    writer.transport.abort()
