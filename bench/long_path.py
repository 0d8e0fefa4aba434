"""A download over a long path: how much of the link it gets, and what it costs.

The link is a pair of TUN devices between two network namespaces. nginx and
serve are at one end, proxy and the reader at the other; `ssh -L` beside them
with TCP bbr on the link, all else is cubic. Rounds go over all of them in
turn, and the median counts. Given several builds, they all take part. CPU is
of both ends together, in seconds per GB; `switches` is how often they went to
sleep, per MB. The last line holds the figures as key=value, of the last build,
and against the first of several.

usage: long_path.py [BUILD …] [--rounds N] [--loss PER_MILLE …]     (as root)
"""

import argparse
import os
import statistics
import subprocess
import sys
import time

from rig import Rig, cpu_seconds, enter

TOOLS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "build")
FAR = "10.9.0.1"
PORT = 8080
SSH = "ssh -L"
GB, MB = 1 << 30, 1 << 20

# In the near namespace: says how much has come, whenever it is asked.
READER = """
import socket, sys, threading
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
s.sendall(b"GET /big HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\n\\r\\n")
total = 0
def read():
    global total
    buffer = bytearray(1 << 18)
    while (got := s.recv_into(buffer)) > 0:
        total += got
threading.Thread(target=read, daemon=True).start()
for _ in sys.stdin:
    print(total, flush=True)
"""


def switches(pids):
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/status") as f:
            total += next(int(line.split()[1]) for line in f if line.startswith("voluntary"))
    return total


class Way:
    """One way over the link, and what was measured on it."""

    def __init__(self, name, port, ends):
        self.name, self.port = name, port
        self.ends = ends  # the pids near, the pids far
        self.rows = []

    def measure(self, space, args, rate):
        reader = subprocess.Popen([*enter(space), sys.executable, "-c", READER, str(self.port)],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        time.sleep(args.warm)
        first = self.look(reader)
        time.sleep(args.seconds)
        last = self.look(reader)
        reader.kill()
        reader.wait()
        seconds, got, near, far, slept = (b - a for a, b in zip(first, last))
        self.rows.append((got / seconds / rate, (near + far) / got * GB, near / got * GB,
                          far / got * GB, slept / got * MB))

    def look(self, reader):
        reader.stdin.write("\n")
        reader.stdin.flush()
        near, far = self.ends
        return (time.monotonic(), int(reader.stdout.readline()), sum(map(cpu_seconds, near)),
                sum(map(cpu_seconds, far)), switches(near + far))

    def medians(self):
        return [statistics.median(column) for column in zip(*self.rows)]


def set_congestion_control(space):
    """By route: a namespace's default may not be chosen freely."""
    local = "local 127.0.0.1 dev lo table local proto kernel scope host src 127.0.0.1"
    for route in (f"{local} congctl cubic", "10.9.0.0/24 dev bench congctl bbr"):
        subprocess.run([*enter(space), "ip", "route", "change", *route.split()], check=True)


def measure(args, loss):
    """Name -> medians."""
    rig = Rig(TOOLS)
    try:
        far, near = rig.start_link(args.rate, args.delay, loss)
        for space in (near, far):
            set_congestion_control(space)
        upstream = f"127.0.0.1:{PORT}"
        rig.start_nginx(far, upstream)
        signal = f"{FAR}:{PORT + 1}"
        rig.start(far, f"{TOOLS}/signal-server", "--listen", signal)
        ways = []
        for i, build in enumerate(args.builds):
            port = PORT + 2 + i
            ends = rig.start_tunnel((near, far), signal, upstream, f"127.0.0.1:{port}",
                                    room=f"bench{i}", build=build)
            ways.append(Way(build, port, [[end.pid] for end in ends]))
        if args.ssh:
            ends = rig.start_ssh((near, far), f"{FAR}:22", upstream, "127.0.0.1:9000")
            ways.append(Way(SSH, 9000, ends))
        for _ in range(args.rounds):
            for way in ways:
                way.measure(near, args, args.rate * 125000)
        return {way.name: way.medians() for way in ways}
    finally:
        rig.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rate", type=int, default=200, help="Mbit/s")
    parser.add_argument("--delay", type=int, default=25, help="ms, each way")
    parser.add_argument("--loss", type=int, nargs="+", default=[0, 1, 10], metavar="PER_MILLE")
    parser.add_argument("--warm", type=float, default=2, help="seconds before what counts")
    parser.add_argument("--seconds", type=float, default=6, help="that count")
    parser.add_argument("--no-ssh", dest="ssh", action="store_false")
    parser.add_argument("builds", nargs="*", default=["build"], metavar="BUILD")
    args = parser.parse_args()
    summary = {}
    for loss in args.loss:
        table = measure(args, loss)
        print(f"{args.rate} Mbit/s, {2 * args.delay} ms, {loss / 10} % loss")
        print(f"  {'':24}{'share':>9}{'CPU s/GB':>10}{'near':>8}{'far':>8}{'switches':>10}")
        for name, row in table.items():
            print("  {:24}{:9.3f}{:10.2f}{:8.2f}{:8.2f}{:10.0f}".format(name[-24:], *row))
        first, last = table[args.builds[0]], table[args.builds[-1]]
        figures = {"share": last[0], "cpu_s_per_gb": last[1]}
        if args.ssh:
            figures["share_vs_ssh"] = last[0] / table[SSH][0]
            figures["cpu_vs_ssh"] = last[1] / table[SSH][1]
        if len(args.builds) > 1:
            figures["share_vs_first"] = last[0] / first[0]
            figures["cpu_vs_first"] = last[1] / first[1]
        summary.update({f"{key}_loss{loss}": value for key, value in figures.items()})
    print(" ".join(f"{key}={value:.3f}" for key, value in summary.items()))


if __name__ == "__main__":
    main()
