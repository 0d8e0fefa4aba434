"""The same as peer.mjs, on aiortc: ICE-SERVERS [SCTP-PORT]."""

import asyncio
import functools
import json
import sys

import aiortc.rtcpeerconnection
from aiortc import (RTCConfiguration, RTCIceServer, RTCPeerConnection, RTCSctpTransport,
                    RTCSessionDescription)
from aiortc.sdp import candidate_from_sdp


def say(**words):
    print(json.dumps(words), flush=True)


class Peer:
    def __init__(self, servers):
        servers = [RTCIceServer(**server) for server in servers]
        self.connection = RTCPeerConnection(RTCConfiguration(servers))
        self.connection.on("datachannel", self.on_channel)

    def on_channel(self, channel):
        say(event="channel", label=channel.label)
        self.use(channel)

    def use(self, channel):
        self.channel = channel
        channel.on("open", lambda: say(event="open"))
        channel.on("message", lambda message: say(event="message", size=len(message)))
        if channel.readyState == "open":
            say(event="open")

    async def described(self, description):
        await self.connection.setLocalDescription(description)
        return {"sdp": self.connection.localDescription.sdp}

    async def offer(self, options=None):
        self.use(self.connection.createDataChannel("x", **(options or {})))
        return await self.described(await self.connection.createOffer())

    async def another(self, label):
        self.connection.createDataChannel(label)

    async def remote(self, **description):
        await self.connection.setRemoteDescription(RTCSessionDescription(**description))

    async def answer(self):
        return await self.described(await self.connection.createAnswer())

    async def candidate(self, candidate):
        parsed = candidate_from_sdp(candidate.removeprefix("candidate:"))
        parsed.sdpMid = "0"
        await self.connection.addIceCandidate(parsed)

    async def send(self, size):
        self.channel.send(bytes(size))

    async def pour(self, count, size, **_):
        self.channel.bufferedAmountLowThreshold = 65536
        self.channel.on("bufferedamountlow", lambda: say(event="low"))
        for _ in range(count):
            self.channel.send(bytes(size))
        return {"buffered": self.channel.bufferedAmount}

    async def close(self):
        self.channel.close()

    async def end(self):
        await self.connection.close()

    async def rollback(self):
        rollback = RTCSessionDescription(type="rollback", sdp="")
        await self.connection.setLocalDescription(rollback)

    async def properties(self):
        names = "ordered", "maxRetransmits", "maxPacketLifeTime"
        return {name: getattr(self.channel, name) for name in names}

    async def state(self):
        return {"connection": self.connection.connectionState, "channel": self.channel.readyState}


async def main():
    servers, *port = map(json.loads, sys.argv[1:])
    if port:
        of_that_port = functools.partial(RTCSctpTransport, port=port[0])
        aiortc.rtcpeerconnection.RTCSctpTransport = of_that_port
    peer = Peer(servers)
    while line := await asyncio.to_thread(sys.stdin.readline):
        command = json.loads(line)
        try:
            say(**(await getattr(peer, command.pop("do"))(**command) or {}))
        except Exception as error:
            say(error=f"{type(error).__name__}: {error}")


asyncio.run(main())
