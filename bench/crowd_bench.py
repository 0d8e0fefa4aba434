"""Several consumers of one serve, in one run on this machine.

    crowd_bench.py [--consumers N] [--rounds N] [--idle N]

Consumers that download at the same time, against one alone: the rate of all
together, what serve's CPU a byte is with all against with one, and Jain's index
of their parts, from 1 / N (one has all) to 1. Then
a stream of 20 tokens a second to one more, with and without the others. With
--idle, what so many consumers at rest cost serve in memory and CPU, two minutes
after the last has come. The last line holds it all as key=value.
"""

import argparse
import http.client
import http.server
import multiprocessing
import os
import shutil
import socket
import socketserver
import statistics
import subprocess
import sys
import tempfile
import threading
import time

from rig import cpu_seconds, free_port

BUILD = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "build")
MB = 1 << 20
SECONDS = 4
TOKENS_PER_S = 20
SETTLE_S, IDLE_S = 75, 20


class Server(socketserver.ForkingMixIn, http.server.HTTPServer):
    """A process for each connection: a token waits for nobody's bulk."""


class Upstream(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    CONTENT = bytes(MB)

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        try:
            self.tokens() if self.path == "/tokens" else self.bulk()
        except OSError:
            pass
        self.close_connection = True

    def bulk(self):
        while True:
            self.wfile.write(self.CONTENT)

    def tokens(self):
        next_at = time.monotonic()
        while True:
            self.wfile.write(b"%020d" % time.monotonic_ns())
            next_at += 1 / TOKENS_PER_S
            time.sleep(max(0, next_at - time.monotonic()))


class Lab:
    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="crowd-bench-")
        self.processes = []

    def start(self, name, *argv, out=None):
        log = open(os.path.join(self.dir, name), "wb")
        process = subprocess.Popen([os.path.join(BUILD, argv[0]), *argv[1:]], stderr=log,
                                   stdout=out or log, stdin=subprocess.DEVNULL)
        self.processes.append(process)
        return process

    def wait_for(self, name, text, deadline_s=60):
        end = time.monotonic() + deadline_s
        while time.monotonic() < end:
            with open(os.path.join(self.dir, name), encoding="utf-8", errors="replace") as f:
                if text in f.read():
                    return
            time.sleep(0.1)
        sys.exit(f"{name} did not say '{text}' in {deadline_s} s")

    def close(self):
        for process in reversed(self.processes):
            process.kill()
            process.wait()
        shutil.rmtree(self.dir)


def wait_for_port(port, deadline_s=10):
    end = time.monotonic() + deadline_s
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.02)
    sys.exit(f"nothing listens on port {port}")


def rss_kb(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return int(next(line for line in f if line.startswith("VmRSS")).split()[1])


class Room:
    """A signal server, a serve, and as many proxies as are asked for."""

    def __init__(self, lab, upstream, consumers, most=64):
        self.lab, self.signal = lab, free_port()
        lab.start("signal", "signal-server", "--listen", f"127.0.0.1:{self.signal}",
                  "--max-per-address", "0", "--max-per-room", str(most + 1))
        wait_for_port(self.signal)
        self.common = ("--room", "crowd", "--signal", f"ws://127.0.0.1:{self.signal}",
                       "--stun", "none")
        self.serve = lab.start("serve", "tunnel", "serve", *self.common, "--upstream",
                               str(upstream), "--max-consumers", str(most))
        lab.wait_for("serve", "waiting")
        self.ports = [self.start_proxy(i) for i in range(consumers)]

    def start_proxy(self, number):
        port = free_port()
        self.lab.start(f"proxy{number}", "tunnel", "proxy", *self.common, "--listen",
                       f"127.0.0.1:{port}")
        self.lab.wait_for(f"proxy{number}", "connected")
        return port


def bulk_rates(ports):
    """Bytes a second of each, by a curl of its own."""
    argv = ["curl", "-s", "-o", "/dev/null", "--max-time", str(SECONDS), "-w", "%{size_download}"]
    clients = [subprocess.Popen([*argv, f"http://127.0.0.1:{port}/bulk"], stdout=subprocess.PIPE)
               for port in ports]
    return [int(client.communicate()[0]) / SECONDS for client in clients]


def token_delays_ms(port):
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", "/tokens")
    response = connection.getresponse()
    delays = []
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        token = int(response.read(20))
        delays.append((time.monotonic_ns() - token) / 1e6)
    response.close()
    return sorted(delays[TOKENS_PER_S // 2:])


def p99(delays):
    return delays[min(len(delays) - 1, len(delays) * 99 // 100)]


def jain(rates):
    return sum(rates) ** 2 / (len(rates) * sum(rate * rate for rate in rates))


def with_serve_cpu(room, ports):
    """The rates, and what a byte of all costs serve."""
    begin = cpu_seconds(room.serve.pid)
    rates = bulk_rates(ports)
    return rates, (cpu_seconds(room.serve.pid) - begin) / (sum(rates) * SECONDS)


def measure_shares(room, rounds):
    alone, together, costs, index, quiet, beside = [], [], [], [], [], []
    ports, reader = room.ports[:-1], room.ports[-1]
    for _ in range(rounds):
        (rate,), cost = with_serve_cpu(room, ports[:1])
        alone.append(rate)
        rates, cost_together = with_serve_cpu(room, ports)
        together.append(sum(rates))
        costs.append((cost_together, cost_together / cost))
        index.append(jain(rates))
        quiet.append(p99(token_delays_ms(reader)))
        others = threading.Thread(target=bulk_rates, args=(ports,))
        others.start()
        time.sleep(0.5)
        beside.append(p99(token_delays_ms(reader)))
        others.join()
    ratio = statistics.median(t / a for t, a in zip(together, alone))
    added = statistics.median(b - q for b, q in zip(beside, quiet))
    return {
        "alone_mb_s": f"{statistics.median(alone) / MB:.0f}",
        "together_mb_s": f"{statistics.median(together) / MB:.0f}",
        "together_ratio": f"{ratio:.2f}",
        "serve_cpu_s_per_gb": f"{statistics.median(c for c, _ in costs) * (MB << 10):.2f}",
        "serve_cpu_vs_alone": f"{statistics.median(r for _, r in costs):.2f}",
        "jain": f"{statistics.median(index):.3f}",
        "token_p99_added_ms": f"{added:.1f}",
    }


def measure_idle(lab, count):
    room = Room(lab, 1, 0, count)
    before = rss_kb(room.serve.pid)
    lab.start("crowd", "bench/bench_crowd", f"ws://127.0.0.1:{room.signal}", "crowd", str(count))
    lab.wait_for("crowd", f"up {count}\n", 300)
    time.sleep(SETTLE_S)
    begin = cpu_seconds(room.serve.pid)
    time.sleep(IDLE_S)
    return {
        "idle_kib_each": f"{(rss_kb(room.serve.pid) - before) / count:.0f}",
        "idle_core_percent": f"{(cpu_seconds(room.serve.pid) - begin) / IDLE_S * 100:.2f}",
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--consumers", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--idle", type=int, default=0)
    options = parser.parse_args()
    upstream = Server(("127.0.0.1", 0), Upstream)
    multiprocessing.Process(target=upstream.serve_forever, daemon=True).start()
    figures = {}
    for measure in ("shares", "idle"):
        lab = Lab()
        try:
            if measure == "shares" and options.rounds:
                room = Room(lab, upstream.server_address[1], options.consumers + 1)
                figures.update(measure_shares(room, options.rounds))
            elif measure == "idle" and options.idle:
                figures.update(measure_idle(lab, options.idle))
        finally:
            lab.close()
    print(" ".join(f"{key}={value}" for key, value in figures.items()))


if __name__ == "__main__":
    main()
