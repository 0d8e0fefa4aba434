"""What a signal server passes on, and what a message costs it, on this machine.

    signal_bench.py [--pairs N] [--rounds N] [--seconds N] [--bytes N] [--window N]
                    [--workers N] [--old PROGRAM] [--against URL --pid N]
    signal_bench.py --crowd N [--storm SECONDS] [--spread MS] [--workers N]

Pairs of members in rooms of their own, of which one sends offers to the other.
Rounds of ours, of another build of ours (--old), and of another server that runs
already (--against; its process, for the CPU, is --pid) take turns. With --workers
ours are several processes, and the load is one for each. The last line
holds the medians as key=value; ratios are ours to the other's.

With --crowd so many sockets rest instead, whose answers to pings come one by one
within MS of the pings, as those of clients that are far away; and then, with
--storm, all come back within that time, half of them while their old connection
still stands.
"""

import argparse
import os
import statistics
import subprocess
import time
import urllib.parse

import signal_crowd
from rig import cpu_seconds, free_port

BUILD = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "build")


def children_of(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return [int(word) for word in file.read().split()]


class Ours:
    def __init__(self, program, *flags):
        self.port = free_port()
        self.process = subprocess.Popen(
            [program, "--listen", f"127.0.0.1:{self.port}", "--log-level", "error", *flags],
            stdout=subprocess.PIPE)
        self.process.stdout.readline()  # it listens
        self.address = ("127.0.0.1", self.port)

    @property
    def pids(self):
        return [self.process.pid, *children_of(self.process.pid)]

    def cpu(self):
        return sum(cpu_seconds(pid) for pid in self.pids)

    def close(self):
        self.process.terminate()
        self.process.wait()


class Another:
    def __init__(self, url, pid):
        parts = urllib.parse.urlsplit(url)
        self.address, self.pid = (parts.hostname, parts.port), pid

    def cpu(self):
        return cpu_seconds(self.pid)

    def close(self):
        pass


def measure(server, args):
    """(messages a second, CPU seconds of the server a million messages)"""
    loads = [subprocess.Popen(
        [os.path.join(BUILD, "bench", "bench_signal"), server.address[0], str(server.address[1]),
         str(args.pairs // args.workers), str(args.seconds), str(args.bytes), str(args.window)],
        stdout=subprocess.PIPE, text=True) for _ in range(args.workers)]
    for load in loads:
        load.stdout.readline()  # all have joined
    before = server.cpu()
    said = [dict(pair.split("=") for pair in load.stdout.readline().split()) for load in loads]
    cpu = server.cpu() - before
    for load in loads:
        load.wait()
    messages = sum(int(one["messages"]) for one in said)
    rate = sum(int(one["messages"]) / float(one["seconds"]) for one in said)
    return rate, cpu / messages * 1e6


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--pairs", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--bytes", type=int, default=1000)
    parser.add_argument("--window", type=int, default=1, help="offers under way in each room")
    parser.add_argument("--old", help="signal-server of another build")
    parser.add_argument("--against", help="ws://HOST:PORT of another server")
    parser.add_argument("--pid", type=int, help="its process")
    parser.add_argument("--workers", type=int, default=1, help="of ours")
    parser.add_argument("--crowd", type=int, help="sockets that rest")
    parser.add_argument("--spread", type=int, default=0, help="ms within which they answer pings")
    parser.add_argument("--storm", type=int, help="seconds within which they all come back")
    args = parser.parse_args()
    if args.against and not args.pid:
        parser.error("--against needs --pid")

    program = os.path.join(BUILD, "signal-server")
    workers = ["--workers", str(args.workers)] if args.workers > 1 else []
    if args.crowd:
        print(signal_crowd.run(lambda most: Ours(program, "--max-connections", str(most), *workers),
                               BUILD, args.crowd, args.workers, args.storm, args.spread))
        return
    loose = ["--max-per-address", "0", "--max-rate", "1000000"]
    kinds = {"ours": lambda: Ours(program, *loose, *workers)}
    if args.old:
        kinds["old"] = lambda: Ours(args.old, *loose)
    if args.against:
        kinds["other"] = lambda: Another(args.against, args.pid)
    results = {kind: [] for kind in kinds}
    for number in range(args.rounds):
        for kind, start in kinds.items():
            server = start()
            rate, cost = measure(server, args)
            server.close()
            results[kind].append((rate, cost))
            print(f"round {number + 1}: {kind} {rate:,.0f} messages/s, "
                  f"{cost:.2f} s of CPU a million", flush=True)
            time.sleep(0.2)

    middle = {kind: [statistics.median(column) for column in zip(*rows)]
              for kind, rows in results.items()}
    line = f"pairs={args.pairs} rate={middle['ours'][0]:.0f} cpu_s_per_m={middle['ours'][1]:.2f}"
    for kind in [kind for kind in middle if kind != "ours"]:
        line += (f" rate_vs_{kind}={middle['ours'][0] / middle[kind][0]:.2f}"
                 f" cpu_vs_{kind}={middle['ours'][1] / middle[kind][1]:.2f}")
    print(line)


if __name__ == "__main__":
    main()
