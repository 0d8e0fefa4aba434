"""How many times the messages of one signal server two of a cluster carry.

    cluster_bench.py [--pairs N] [--rounds N] [--seconds N] [--bytes N] [--window N]
                     [--quota PERCENT]

Pairs of members in rooms of their own, of which one sends offers to the other:
at a server alone; at a cluster of two, over which members are spread by chance,
so that half of the pairs cross; and with each of a pair at another server. In
each way as fast as it goes, where each server has a share of a core, by a
control group (as root), so that servers are what limits it on few cores; the
load and Redis have all the rest. And what a message costs each process.

The last line holds the medians as key=value: messages a second, and how many
times those of one server two have, as measured, and as CPU has it.
"""

import argparse
import os
import statistics
import subprocess
import sys
import threading
import time

import quota
from rig import cpu_seconds, free_port

BUILD = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "build")
SPREADS = ("alone", "half", "all")


class Rig:
    """Servers with a share of a core each, percent; None: as much as there is."""

    def __init__(self, percent):
        self.processes, self.groups, self.percent = [], [], percent

    def start(self, argv, ready, percent=None):
        process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.processes.append(process)
        while ready not in process.stdout.readline():
            pass
        self.limit(process, percent)
        return process

    def limit(self, process, percent):
        if not self.percent:
            return
        self.groups.append(quota.Group(len(self.groups), percent))
        self.groups[-1].take(process.pid)

    def server(self, *args):
        port = free_port()
        process = self.start([os.path.join(BUILD, "signal-server"), "--listen", f"127.0.0.1:{port}",
                              "--max-per-address", "0", "--max-rate", "1000000", *args],
                             "cluster: connected" if args else "ws://", self.percent)
        # It has a line for each join, and must not wait for a reader.
        threading.Thread(target=process.stdout.read, daemon=True).start()
        return port, process

    def redis(self):
        port = free_port()
        return f"redis://127.0.0.1:{port}", self.start(
            ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", ""], "Ready")

    def load(self, *args):
        """That has joined."""
        return self.start([os.path.join(BUILD, "bench", "bench_signal"), "127.0.0.1",
                           *map(str, args)], "ready")

    def close(self):
        for process in self.processes:
            process.terminate()
            process.wait()
        for group in self.groups:
            group.close()


def measure(args, rig, ports, processes, spread):
    """(messages a second, CPU seconds of each process for a million)"""
    load = rig.load(ports[0], args.pairs, args.seconds, args.bytes, args.window, ports[1], spread)
    before = [cpu_seconds(process.pid) for process in processes]
    said = dict(pair.split("=") for pair in load.stdout.readline().split())
    after = [cpu_seconds(process.pid) for process in processes]
    load.wait()
    messages = int(said["messages"])
    return (messages / float(said["seconds"]),
            [(b - a) / messages * 1e6 for a, b in zip(before, after)])


def run_round(args, number):
    """{spread: (rate, costs)}; each comes first in its turn."""
    rig = Rig(args.quota)
    try:
        port, alone = rig.server()
        url, redis = rig.redis()
        one, first = rig.server("--cluster", url)
        two, second = rig.server("--cluster", url)
        out = {}
        for i in range(len(SPREADS)):
            spread = SPREADS[(i + number) % len(SPREADS)]
            if spread == "alone":
                out[spread] = measure(args, rig, (port, port), [alone], "all")
            else:
                out[spread] = measure(args, rig, (one, two), [first, second, redis], spread)
        return out
    finally:
        rig.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--pairs", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--bytes", type=int, default=1000)
    parser.add_argument("--window", type=int, default=1, help="offers under way in each room")
    parser.add_argument("--quota", type=int, default=12, help="percent of a core for each server; "
                        "0: without a limit")
    args = parser.parse_args()
    if args.quota and not quota.can_be_had():
        print("no control group is to be had: servers, load and Redis share the cores",
              file=sys.stderr)
        args.quota = 0
    rounds = []
    for number in range(args.rounds):
        rounds.append(run_round(args, number))
        print(f"round {number + 1}: " + "; ".join(
            f"{spread} {rate:,.0f} messages/s, " + " + ".join(f"{cost:.1f}" for cost in costs)
            + " s of CPU a million" for spread, (rate, costs) in sorted(rounds[-1].items())),
            flush=True)
        time.sleep(0.2)

    rates = {s: statistics.median(r[s][0] for r in rounds) for s in SPREADS}
    ratios = {s: statistics.median(r[s][0] / r["alone"][0] for r in rounds) for s in SPREADS}
    costs = {s: statistics.median(sum(r[s][1][:2]) for r in rounds) for s in SPREADS}
    redis = {s: statistics.median(r[s][1][2] for r in rounds) for s in SPREADS[1:]}
    line = f"pairs={args.pairs} quota_percent={args.quota} rate_one={rates['alone']:.0f}"
    line += f" cpu_one={costs['alone']:.1f}"
    for spread in SPREADS[1:]:
        if args.quota:
            line += (f" rate_{spread}_cross={rates[spread]:.0f}"
                     f" two_vs_one_{spread}_cross={ratios[spread]:.2f}")
        line += (f" cpu_{spread}_cross={costs[spread]:.1f} redis_{spread}_cross={redis[spread]:.1f}"
                 f" by_cpu_{spread}_cross={2 * costs['alone'] / costs[spread]:.2f}")
    print(line)


if __name__ == "__main__":
    main()
