"""A crowd of sockets at a signal server: what each costs at rest, and whether all
come back when they storm it. A part of signal_bench.py."""

import os
import resource
import subprocess
import sys
import time

EACH = 9000  # sockets of a process of the load: some have two in a storm
PING_S = 35  # from one ping of the server to the next


def raise_limit(wanted):
    """So many descriptors, as far as they are to be had."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = hard if hard != resource.RLIM_INFINITY else wanted
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, max(wanted, hard)))
        return wanted
    except (ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
        return allowed


def proportional_bytes(pids):
    """Of all of them, a page that they share once."""
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/smaps_rollup") as file:
            total += sum(int(line.split()[1]) for line in file if line.startswith("Pss:"))
    return total * 1024


def kernel_bytes():
    """What the kernel holds for all TCP sockets of this machine, both ends."""
    with open("/proc/net/sockstat") as file:
        words = next(line for line in file if line.startswith("TCP:")).split()
    return int(words[words.index("mem") + 1]) * resource.getpagesize()


class Load:
    def __init__(self, program, address, count, spread_ms):
        shares = [min(EACH, count - first) for first in range(0, count, EACH)]
        self.processes = [
            subprocess.Popen([program, address[0], str(address[1]), str(share), str(1000 * i),
                              str(spread_ms)],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            for i, share in enumerate(shares)]
        for process in self.processes:
            if process.stdout.readline() != "ready\n":
                sys.exit("bench: the crowd could not gather")

    def storm(self, seconds):
        """The sums of what each says, but of the slowest the most."""
        for process in self.processes:
            process.stdin.write(f"{seconds}\n")
            process.stdin.flush()
        said = [dict(pair.split("=") for pair in process.stdout.readline().split())
                for process in self.processes]
        return {key: (max if key == "slowest_ms" else sum)(int(one[key]) for one in said)
                for key in said[0]}

    def close(self):
        for process in self.processes:
            process.stdin.close()
        for process in self.processes:
            process.wait()


def run(start_server, build, count, workers, storm_s, spread_ms=0):
    """start_server(max connections) has address, pids, cpu(), close(). Pings are
    answered within spread_ms. Prints, and returns key=value."""
    allowed = raise_limit(2 * count + 1024)
    server = start_server(count + 1000)
    program = os.path.join(build, "bench", "bench_signal_crowd")
    reachable = (allowed - 600) * workers
    if reachable < count:
        print(f"only {allowed} descriptors are allowed a process: {reachable} sockets, not {count}")
        count = reachable - reachable % 2
    before, kernel_before = proportional_bytes(server.pids), kernel_bytes()
    began = time.monotonic()
    load = Load(program, server.address, count, spread_ms)
    gathered = time.monotonic() - began
    print(f"{count} sockets in {count // 2} rooms, gathered in {gathered:.1f} s", flush=True)
    time.sleep(PING_S)  # the hurry is over
    cpu_before = server.cpu()
    time.sleep(2 * PING_S)
    percent = (server.cpu() - cpu_before) / (2 * PING_S) * 100
    each = (proportional_bytes(server.pids) - before) / count
    kernel = (kernel_bytes() - kernel_before) / count
    line = (f"sockets={count} processes={len(server.pids)} idle_bytes={each:.0f} "
            f"kernel_buffer_bytes={kernel:.0f} idle_cpu_percent={percent:.2f} "
            f"mb_per_100k={each / 10:.0f} cpu_percent_per_100k={percent * 100000 / count:.2f}")
    if storm_s is not None:
        cpu_before, began = server.cpu(), time.monotonic()
        said = load.storm(storm_s)
        took = time.monotonic() - began
        line += (f" storm_s={took:.1f} storm_back={said['back']} storm_resumed={said['resumed']}"
                 f" storm_dropped={said['dropped']} storm_slowest_ms={said['slowest_ms']}"
                 f" storm_cpu_us_each={(server.cpu() - cpu_before) / count * 1e6:.0f}")
    load.close()
    server.close()
    return line
