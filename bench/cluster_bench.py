"""What a message costs the signal servers of a cluster, on this machine.

    cluster_bench.py [--pairs N] [--rounds N] [--seconds N] [--bytes N]

Pairs of members in rooms of their own, of which one sends offers to the other:
both at a server alone; both at one of a cluster of two; each at another, where
the sender's is the room's home, and where it is not. CPU is that of each
process. The last line holds the medians as key=value: how many times the
messages of one server two servers carry, by their CPU, when half of the pairs
cross, as by chance, and when all do.
"""

import argparse
import os
import statistics
import subprocess
import time

from rig import cpu_seconds, free_port

BUILD = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "build")


class Rig:
    def __init__(self):
        self.processes = []

    def start(self, argv, ready):
        process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.processes.append(process)
        while ready not in process.stdout.readline():
            pass
        return process

    def server(self, *args):
        port = free_port()
        process = self.start([os.path.join(BUILD, "signal-server"), "--listen", f"127.0.0.1:{port}",
                              "--max-per-address", "0", "--max-rate", "1000000", *args],
                             "cluster: connected" if args else "ws://")
        return port, process

    def redis(self):
        port = free_port()
        return f"redis://127.0.0.1:{port}", self.start(
            ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", ""], "Ready")

    def close(self):
        for process in self.processes:
            process.terminate()
            process.wait()


def measure(args, ports, processes):
    """CPU seconds of each process for a million messages, and their rate."""
    load = subprocess.Popen(
        [os.path.join(BUILD, "bench", "bench_signal"), "127.0.0.1", str(ports[0]), str(args.pairs),
         str(args.seconds), str(args.bytes), "1", str(ports[1])], stdout=subprocess.PIPE, text=True)
    load.stdout.readline()  # all have joined
    before = [cpu_seconds(process.pid) for process in processes]
    said = dict(pair.split("=") for pair in load.stdout.readline().split())
    after = [cpu_seconds(process.pid) for process in processes]
    load.wait()
    messages = int(said["messages"])
    costs = [(b - a) / messages * 1e6 for a, b in zip(before, after)]
    return costs, messages / float(said["seconds"])


def run_round(args):
    """{kind: (costs, rate)}"""
    rig = Rig()
    try:
        port, alone = rig.server()
        out = {"alone": measure(args, (port, port), [alone])}
        url, redis = rig.redis()
        one, first = rig.server("--cluster", url)
        two, second = rig.server("--cluster", url)
        out["together"] = measure(args, (one, one), [first, redis])
        out["crossing"] = measure(args, (one, two), [first, second, redis])
        return out
    finally:
        rig.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--pairs", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--bytes", type=int, default=1000)
    args = parser.parse_args()
    rounds = []
    for number in range(args.rounds):
        rounds.append(run_round(args))
        print(f"round {number + 1}: " + "; ".join(
            f"{kind} {rate:,.0f} messages/s, " + " + ".join(f"{cost:.1f}" for cost in costs)
            + " s of CPU a million" for kind, (costs, rate) in rounds[-1].items()), flush=True)
        time.sleep(0.2)

    def middle(kind, process):
        return statistics.median(r[kind][0][process] for r in rounds)

    alone, crossing = middle("alone", 0), middle("crossing", 0) + middle("crossing", 1)
    print(f"alone={alone:.1f} together={middle('together', 0):.1f} "
          f"home={middle('crossing', 0):.1f} afar={middle('crossing', 1):.1f} "
          f"redis={middle('crossing', 2):.1f} "
          f"two_vs_one_half_cross={2 * alone / (alone / 2 + crossing / 2):.2f} "
          f"two_vs_one_all_cross={2 * alone / crossing:.2f}")


if __name__ == "__main__":
    main()
