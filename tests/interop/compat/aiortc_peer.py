#!/usr/bin/python3
"""A peer of compat.py on aiortc."""

import asyncio
import json
import sys

from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.sdp import candidate_from_sdp


def say(**event):
    print(json.dumps(event), flush=True)


class Peer:
    def __init__(self):
        self.connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.connection.on("datachannel", self.take)
        self.channel = None

    def take(self, channel):
        self.channel = channel
        channel.on("open", lambda: say(event="open"))
        channel.on("message", lambda data: say(event="message", hex=data.hex()))
        channel.on("close", lambda: say(event="closed"))
        if channel.readyState == "open":
            say(event="open")

    async def describe(self, own):
        await self.connection.setLocalDescription(own)
        description = self.connection.localDescription
        say(event="description", type=description.type, sdp=description.sdp)

    async def offer(self, _):
        self.take(self.connection.createDataChannel("tunnel"))
        await self.describe(await self.connection.createOffer())

    async def restart(self, _):  # there is no option for it
        await self.describe(await self.connection.createOffer())

    async def remote(self, command):
        description = RTCSessionDescription(command["sdp"], command["type"])
        await self.connection.setRemoteDescription(description)
        if command["type"] == "offer":
            await self.describe(await self.connection.createAnswer())

    async def candidate(self, command):
        init = command["candidate"]
        candidate = candidate_from_sdp(init["candidate"].removeprefix("candidate:"))
        candidate.sdpMid = init.get("sdpMid")
        candidate.sdpMLineIndex = init.get("sdpMLineIndex")
        await self.connection.addIceCandidate(candidate)

    async def send(self, command):
        self.channel.send(bytes.fromhex(command["hex"]))

    async def close(self, _):
        await self.connection.close()


async def main():
    peer = Peer()
    say(event="started")
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        command = json.loads(line)
        try:
            await getattr(peer, command["do"])(command)
        except Exception as error:
            say(event="failed", at=command["do"], text=f"{type(error).__name__}: {error}")


asyncio.run(main())
