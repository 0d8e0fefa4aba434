#!/usr/bin/python3
"""From the start of the second end to the first byte of the first response, in
round trips, part by part.

    laptop ──── a link with a delay ──── provider, signal-server

A provider waits in its room; `tunnel proxy` starts, and a client asks it as soon
as it listens. What the parts end with, all of it as the laptop sees it:

    start      its first SYN                  ice    a pair works
    tcp        the SYN-ACK                    dtls   the handshake is done
    websocket  the 101                        sctp   the channel is open
    offer      the offer (join to offer)      hello  requests may go
                                              request the response's first byte

Packets tell the first four, the proxy's log the others. Time divided by the
round trip is the count; what the machine itself needs is in it, so of several
runs the quickest counts. Given several builds, their runs take turns.

usage: first_byte.py [--rounds N] [--round-trip MS …] [BUILD …]     (as root)
"""

import argparse
import datetime
import json
import os
import re
import socket
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [os.path.join(ROOT, "tests", name) for name in ("e2e", "lab")]

import harness  # noqa: E402
from lab import SIGNAL_PORT, LabRig  # noqa: E402

LINK = os.path.join(ROOT, "tests", "lab", "slow_link.py")
LAPTOP, PROVIDER = "192.168.1.2", "192.168.1.3"
PARTS = ("start", "tcp", "websocket", "offer", "ice", "dtls", "sctp", "hello", "request")
LOG_EVENTS = {"ice": "peer is securing", "dtls": "peer is opening", "sctp": "peer is open$",
              "hello": "session: requests may go"}  # fmt: skip

TCP, SYN, ACK = 6, 0x02, 0x10
ETH_P_ALL, PACKET_OUTGOING = 3, 4


def tcp_of(packet):
    """(flags, payload) of an IPv4 packet, or None."""
    if len(packet) < 40 or packet[0] >> 4 != 4 or packet[9] != TCP:
        return None
    segment = packet[(packet[0] & 15) * 4 :]
    return segment[13], segment[(segment[12] >> 4) * 4 :]


def watch():
    """In the laptop's namespace: what signalling does, a line each."""
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
    sock.bind(("near0", 0))
    print("ready", flush=True)
    while True:
        packet, address = sock.recvfrom(1 << 16)
        if not (tcp := tcp_of(packet)):
            continue
        flags, payload = tcp
        is_out = address[2] == PACKET_OUTGOING
        event = None
        if flags & SYN:
            event = "start" if is_out else "tcp"
        elif not is_out and payload.startswith(b"HTTP/1.1 101"):
            event = "websocket"
        if not is_out and b'"type":"offer"' in payload:
            event = "offer"
        if event:
            print(f"{time.time():.6f} {event}", flush=True)


class Bench:
    def __init__(self, build, round_trip):
        self.build = build
        self.round_trip = round_trip
        self.best = None
        self.enter()
        self.rig = LabRig()
        rig = self.rig
        rig.laptop = rig.network.add_space("laptop")
        rig.provider = rig.core = rig.network.add_space("provider")
        self.connect()
        rig.start_mock()
        rig.signal_url = f"ws://{PROVIDER}:{SIGNAL_PORT}"
        rig.start_signal(listen=f"{PROVIDER}:{SIGNAL_PORT}")
        rig.start_serve()
        rig.serve.wait_for(harness.WAITING)

    def enter(self):
        harness.TUNNEL = os.path.abspath(os.path.join(self.build, "tunnel"))
        harness.SIGNAL_SERVER = os.path.abspath(os.path.join(self.build, "signal-server"))

    def connect(self):
        rig = self.rig
        space = rig.network.add_space("link")
        link = rig.run("link", [sys.executable, LINK, str(self.round_trip * 500)],
                       is_product=False, space=space)  # fmt: skip
        link.wait_for("^ready")
        for end, host, address in (("near0", rig.laptop, LAPTOP), ("far0", rig.provider, PROVIDER)):
            space.ip(f"link set {end} netns {host.pid}")
            host.ip(f"addr add {address}/24 dev {end}", f"link set {end} up")
        self.watch = rig.run("watch", [sys.executable, os.path.abspath(__file__), "--watch"],
                             is_product=False, space=rig.laptop)  # fmt: skip
        self.watch.wait_for("^ready")

    def run(self):
        """When each part of one run ended, in seconds since its start."""
        rig = self.rig
        self.enter()
        mark, waiting = self.watch.mark(), rig.serve.mark()
        began = time.time()
        rig.start_proxy("--log-level", "debug", "--log-format", "json")
        curl = rig.curl("--no-buffer", "--retry", "3", "--write-out",
                        "%{time_starttransfer} %{time_total}", "--output", "/dev/null",
                        rig.url("/status/200"))  # fmt: skip
        curl.wait_for(r"^[\d.]+ [\d.]+$")
        ends = {"request": time.time() - began}
        for part in PARTS[:4]:
            ends[part] = float(self.watch.wait_for(rf"^([\d.]+) {part}$", after=mark)[1]) - began
        for part, text in LOG_EVENTS.items():
            ends[part] = max(0, self.logged(text) - began)
        rig.proxy.end()
        rig.serve.wait_for(harness.WAITING, after=waiting)
        return ends

    def logged(self, text):
        for label, line in self.rig.proxy.lines:
            if label == "err" and re.search(text, (entry := json.loads(line))["message"]):
                return datetime.datetime.fromisoformat(entry["time"]).timestamp()
        return 0  # a build that does not say so: the part counts as the next one's

    def measure(self):
        ends = self.run()
        if not self.best or ends["request"] < self.best["request"]:
            self.best = ends

    def result(self):
        """Figure by name, in round trips."""
        parts, last = {}, 0
        for part in PARTS:
            end = max(last, self.best[part])
            parts[part] = (end - last) / self.round_trip
            last = end
        after_join = (self.best["request"] - self.best["websocket"]) / self.round_trip
        return {"first_byte": last / self.round_trip, "after_join": after_join, **parts}


def print_parts(title, result):
    print(f"{title}: round trips, each part and all up to it")
    total = 0
    for part in PARTS:
        total += result[part]
        print(f"  {part:10} {result[part]:6.2f} {total:6.2f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--round-trip", type=int, nargs="+", default=[50, 200], metavar="MS")
    parser.add_argument("--watch", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("builds", nargs="*", default=[harness.BUILD], metavar="BUILD")
    args = parser.parse_args()
    if args.watch:
        watch()
    figures = {build: {} for build in args.builds}
    for ms in args.round_trip:
        benches = [Bench(build, ms / 1000) for build in args.builds]
        for _ in range(args.rounds):
            for bench in benches:
                bench.measure()
        for bench in benches:
            result = bench.result()
            print_parts(f"{ms} ms, {bench.build}", result)
            figures[bench.build].update({f"{name}_{ms}": count for name, count in result.items()})
            bench.rig.close()
    for build, result in figures.items():
        line = " ".join(f"{name}={count:.2f}" for name, count in result.items())
        print(f"{build}: {line}" if len(figures) > 1 else line)


if __name__ == "__main__":
    main()
