"""The wire contract (docs/PROTOCOL.md) as Python peers here speak it: frames,
signalling over a WebSocket, and an aiortc peer connection with one channel."""

import asyncio
import json
import struct

import aiohttp
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.sdp import candidate_from_sdp

HELLO, AGREE, PING, PONG = 1, 2, 3, 4
REQ_HEADERS, REQ_BODY, REQ_END = 10, 11, 12
RES_HEADERS, RES_BODY, RES_END = 20, 21, 22
ERROR = 99
CHUNK = 65536 - 128
SEND_HIGH = 1 << 20


def report(event, details=None):
    print(event, json.dumps(details), flush=True)


def encode(kind, stream_id, payload=b""):
    if isinstance(payload, dict):
        payload = json.dumps(payload).encode()
    return struct.pack(">BI", kind, stream_id) + payload


def decode(frame):
    assert len(frame) <= 65536, f"a frame of {len(frame)} bytes"
    kind, stream_id = struct.unpack_from(">BI", frame)
    return kind, stream_id, frame[5:]


class Channel:
    """A data channel's frames in and out."""

    def __init__(self, raw):
        self.raw = raw
        self.frames = asyncio.Queue()
        self.drained = asyncio.Event()
        self.opened = asyncio.Event()
        raw.bufferedAmountLowThreshold = SEND_HIGH // 4
        raw.on("message", self.on_message)
        raw.on("bufferedamountlow", self.drained.set)
        raw.on("open", self.opened.set)
        if raw.readyState == "open":
            self.opened.set()

    def on_message(self, data):
        kind, stream_id, payload = decode(data)
        if kind == PING:
            self.send(PONG, 0)
        else:
            self.frames.put_nowait((kind, stream_id, payload))

    def send(self, kind, stream_id, payload=b""):
        self.raw.send(encode(kind, stream_id, payload))

    async def send_slowly(self, kind, stream_id, payload):
        """Waits while the queue is long."""
        if self.raw.bufferedAmount > SEND_HIGH:
            self.drained.clear()
            await self.drained.wait()
        self.send(kind, stream_id, payload)


async def meet(signal_url, room, on_channel):
    """Joins the room and connects to whoever else is or comes there; then
    runs on_channel(Channel) and returns."""
    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    channel = asyncio.get_running_loop().create_future()
    connection.on("datachannel", lambda raw: channel.set_result(Channel(raw)))
    async with aiohttp.ClientSession() as http, http.ws_connect(signal_url) as socket:
        await socket.send_json({"type": "join", "room": room})
        listening = asyncio.create_task(listen(socket, connection, channel))
        try:
            done, _ = await asyncio.wait(
                [listening, channel], return_when=asyncio.FIRST_COMPLETED
            )
            if listening in done:
                listening.result()  # raises what went wrong
            found = await channel
            found.connection = connection
            await found.opened.wait()
            report("open", found.raw.label)
            await on_channel(found)
            await socket.send_json({"type": "bye"})
        finally:
            listening.cancel()
            await connection.close()


async def listen(socket, connection, channel):
    early = []  # candidates that came before the description
    async for raw in socket:
        message = json.loads(raw.data)
        kind = message["type"]
        if kind == "joined":
            report("joined", len(message["peers"]))
        elif kind == "peer-joined":
            channel.set_result(Channel(connection.createDataChannel("tunnel")))
            await connection.setLocalDescription(await connection.createOffer())
            await send_description(socket, connection)
        elif kind in ("offer", "answer"):
            description = RTCSessionDescription(message["sdp"], kind)
            await connection.setRemoteDescription(description)
            for candidate in early:
                await add_candidate(connection, candidate)
            if kind == "offer":
                await connection.setLocalDescription(await connection.createAnswer())
                await send_description(socket, connection)
        elif kind == "candidate":
            candidate = json.loads(message["candidate"])
            if connection.remoteDescription is None:
                early.append(candidate)
            else:
                await add_candidate(connection, candidate)
        else:
            report("signal", message)


async def send_description(socket, connection):
    # aiortc gathers first: this description has all its candidates.
    description = connection.localDescription
    await socket.send_json({"type": description.type, "sdp": description.sdp})


async def add_candidate(connection, init):
    line = (init or {}).get("candidate", "")
    if not line:
        return  # end of candidates
    candidate = candidate_from_sdp(line.removeprefix("candidate:"))
    candidate.sdpMid = init.get("sdpMid")
    candidate.sdpMLineIndex = init.get("sdpMLineIndex")
    await connection.addIceCandidate(candidate)
