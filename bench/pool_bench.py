#!/usr/bin/python3
"""One provider and three, behind one proxy, where the upstreams are the limit.

Each provider has an upstream of its own that works on 8 requests at a time and
takes 50 ms for each: what an LLM server does. 160 requests a second is all that
one can do; the rest waits there. The same load goes through proxies that run
side by side, in turns; the medians count. The last line holds them as key=value.
"""

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import time

from rig import free_port
from tunnel_bench import Lab, wait_for_port, wrk

AT_A_TIME, TAKES_S = 8, 0.05
CONNECTIONS = 64  # enough that all of three upstreams have a line
PROVIDERS = 3
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Length: 128\r\n\r\n" + b"x" * 128


async def upstream(port):
    turns = asyncio.Semaphore(AT_A_TIME)

    async def on_client(reader, writer):
        try:
            while True:
                await reader.readuntil(b"\r\n\r\n")  # the load is of GETs
                async with turns:
                    await asyncio.sleep(TAKES_S)
                writer.write(RESPONSE)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(on_client, "127.0.0.1", port)
    await server.serve_forever()


class PoolLab(Lab):
    """Providers with an identity of their own, and proxies of some of them."""

    def start_providers(self):
        signalling = free_port()
        self.start(f"{self.build}/signal-server", "--listen", f"127.0.0.1:{signalling}")
        wait_for_port(signalling)
        where = ["--signal", f"ws://127.0.0.1:{signalling}"]
        self.links = []
        for i in range(PROVIDERS):
            port, state = free_port(), os.path.join(self.dir, f"state-{i}")
            self.start(sys.executable, __file__, "--upstream", str(port))
            wait_for_port(port)
            done = subprocess.run([f"{self.build}/tunnel", "invite", "bench", "--state", state,
                                   *where], capture_output=True, text=True, check=True)
            self.links.append(done.stdout.strip())
            self.start(f"{self.build}/tunnel", "serve", str(port), "--state", state, *where,
                       "--stun", "none")

    def start_proxy(self, links):
        """Its port, once all of its providers answer."""
        port = free_port()
        log = os.path.join(self.dir, f"proxy-{port}")
        with open(log, "wb") as file:
            self.processes.append(subprocess.Popen(
                [f"{self.build}/tunnel", "proxy", *links, "--stun", "none", "--listen",
                 f"127.0.0.1:{port}"], stdin=subprocess.DEVNULL, stdout=file, stderr=file))
        give_up = time.monotonic() + 10
        while open(log, "rb").read().count(b"connected directly") < len(links):
            if time.monotonic() > give_up:
                sys.exit("the providers are not reached")
            time.sleep(0.02)
        return port


def measure(lab, links, seconds):
    port = lab.start_proxy(links)
    time.sleep(1)  # what the load before has left at the upstreams is done
    rate = wrk(port, CONNECTIONS, seconds)[0]
    proxy = lab.processes.pop()
    proxy.terminate()
    proxy.wait(10)
    return rate


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", default="build")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5, help="of each load of requests")
    parser.add_argument("--upstream", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.upstream:
        asyncio.run(upstream(args.upstream))
    lab = PoolLab(args.build, 0)
    rates = {1: [], PROVIDERS: []}
    try:
        lab.start_providers()
        for _ in range(args.rounds):
            for count, found in rates.items():
                found.append(measure(lab, lab.links[:count], args.seconds))
                print(f"{count} provider{'s' * (count > 1)}: {found[-1]:.0f} requests/s",
                      flush=True)
    finally:
        lab.close()
    one, three = (statistics.median(rates[count]) for count in (1, PROVIDERS))
    print(f"pool one_per_s={one:.1f} three_per_s={three:.1f} ratio={three / one:.2f}")


if __name__ == "__main__":
    main()
