#!/usr/bin/python3
"""The relay of last resort, where UDP is blocked and there is no TURN server: how
long until the first byte, how much of the rate that the signal server gives, and
how late tokens are while other rooms use it as much as they can.

    bench/relay_bench.py BUILD [--rate MBIT] [--total MBIT] [--delay MS] [--rooms N]

As root. The proxy is at one end of a link of its own (bench/link.c), the signal
server, serve and its upstream at the other; with a delay of 0 all is in one place.
No UDP passes.
"""

import argparse
import asyncio
import http.client
import os
import socket
import statistics
import subprocess
import sys
import threading
import time

from rig import Rig, enter

TOKEN_S = 0.02
CHUNK = b"x" * 16384


async def answer(reader, writer):
    """/tokens/N: N times the time, 20 ms apart; /bytes/N: N bytes."""
    head = await reader.readuntil(b"\r\n\r\n")
    parts = head.split(b" ", 2)[1].decode().split("/")
    what, count = parts[1:] if len(parts) == 3 else ("bytes", "0")
    writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
    try:
        for _ in range(int(count) if what == "tokens" else 0):
            writer.write(b"%d\n" % time.monotonic_ns())
            await writer.drain()
            await asyncio.sleep(TOKEN_S)
        left = int(count) if what == "bytes" else 0
        while left > 0:
            writer.write(CHUNK[:left])
            left -= len(CHUNK)
            await writer.drain()
    except ConnectionError:
        pass
    writer.close()


async def serve_upstream(port):
    server = await asyncio.start_server(answer, "127.0.0.1", port)
    await server.serve_forever()


def get(port, path, deadline_s=30):
    """The response, once it has begun; the proxy may not listen yet."""
    end = time.monotonic() + deadline_s
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            if response.status == 200:
                return response
        except ConnectionRefusedError:
            pass
        if time.monotonic() > end:
            sys.exit("no connection")
        time.sleep(0.01)


def run_client(command, port, *args):
    """In the proxy's namespace, where a client is."""
    if command == "bytes":
        begun = time.monotonic()
        response = get(port, f"/bytes/{args[0]}")
        first = time.monotonic() - begun
        size = len(response.read())
        print(first, size / (time.monotonic() - begun - first), flush=True)
    else:
        response = get(port, f"/tokens/{args[0]}")
        print("\n".join(str(time.monotonic_ns() - int(line)) for line in response), flush=True)


class Bench:
    def __init__(self, args):
        self.args = args
        self.rig = Rig(args.build)
        self.near, self.far = self.make_spaces(args.delay)
        self.server = "10.9.0.2" if args.delay else "127.0.0.1"
        for space in (self.near, self.far):
            subprocess.run([*enter(space), "nft", "add table inet wall; add chain inet wall out "
                            "{ type filter hook output priority 0; }; "
                            "add rule inet wall out meta l4proto udp drop"], check=True)  # fmt: skip
        self.upstream = 9000
        self.rig.start(self.far, sys.executable, __file__, "--upstream", str(self.upstream))
        self.rig.start(self.far, f"{args.build}/signal-server", "--listen", "0.0.0.0:8787",
                       "--relay-rate", str(args.rate), "--relay-total", str(args.total),
                       "--max-per-address", "0")  # fmt: skip

    def make_spaces(self, delay):
        if delay:
            return self.rig.start_link(1000, delay, 0)
        space = self.rig.start(None, "unshare", "--net", "sh", "-c",
                               "ip link set lo up; echo; sleep inf", stdout=subprocess.PIPE)
        space.stdout.readline()
        return [str(space.pid)] * 2

    def start_room(self, number):
        """serve is there first; returns the port of the proxy and when it began."""
        common = ["--room", f"bench-room-{number}", "--stun", "none", "--control", "none"]
        self.rig.start(self.far, f"{self.args.build}/tunnel", "serve", str(self.upstream),
                       "--signal", "ws://127.0.0.1:8787", *common)  # fmt: skip
        time.sleep(0.3)
        port = 8000 + number
        self.rig.start(self.near, f"{self.args.build}/tunnel", "proxy", "--listen", str(port),
                       "--signal", f"ws://{self.server}:8787", *common)  # fmt: skip
        return port

    def client(self, *args):
        return subprocess.Popen([*enter(self.near), sys.executable, __file__, "--client",
                                 *(str(arg) for arg in args)],
                                stdout=subprocess.PIPE, text=True)  # fmt: skip

    def tokens(self, port, count):
        out, _ = self.client("tokens", port, count).communicate()
        delays = sorted(int(line) / 1e6 for line in out.split())
        p99 = delays[len(delays) * 99 // 100]
        return statistics.median(delays), p99, delays[-1]


def bench(args):
    b = Bench(args)
    try:
        time.sleep(0.5)
        port = b.start_room(0)
        first, _ = map(float, b.client("bytes", port, 1).communicate()[0].split())
        print(f"first byte {first:.2f} s after the proxy's start", flush=True)
        size = args.rate * 125000 * args.seconds
        _, rate = map(float, b.client("bytes", port, size).communicate()[0].split())
        print(f"{rate * 8 / 1e6:.1f} Mbit/s of {args.rate}: {rate * 8e-6 / args.rate:.3f}",
              flush=True)  # fmt: skip
        alone = b.tokens(port, args.seconds * 50)
        ports = [b.start_room(number) for number in range(1, args.rooms + 1)]
        for other in ports:
            b.client("bytes", other, 1).communicate()
        bulk = [b.client("bytes", other, 2 * size) for other in ports]
        time.sleep(2)
        beside = b.tokens(port, args.seconds * 50)
        rates = [float(client.communicate()[0].split()[1]) * 8e-6 for client in bulk]
        for name, (median, p99, most) in (("alone", alone), (f"{args.rooms} rooms", beside)):
            print(f"token delay, {name}: median {median:.1f} ms, p99 {p99:.1f}, most {most:.1f}")
        print(f"p99 added: {beside[1] - alone[1]:.1f} ms; the rooms: "
              f"{min(rates):.1f} to {max(rates):.1f} Mbit/s")  # fmt: skip
    finally:
        b.rig.close()


def main():
    if sys.argv[1:2] == ["--upstream"]:
        asyncio.run(serve_upstream(int(sys.argv[2])))
    if sys.argv[1:2] == ["--client"]:
        run_client(sys.argv[2], int(sys.argv[3]), *sys.argv[4:])
        return
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--rate", type=int, default=20)
    parser.add_argument("--total", type=int, default=1000)
    parser.add_argument("--delay", type=int, default=10)
    parser.add_argument("--rooms", type=int, default=10)
    parser.add_argument("--seconds", type=int, default=10)
    args = parser.parse_args()
    args.build = os.path.abspath(args.build)
    bench(args)


main()
