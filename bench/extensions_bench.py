"""What two of the extensions bring, with and without each, in one run.

`fields`: requests a second of requests and responses with twelve fields, over
the loopback. `channels`: the latency of small requests beside a download that
fills the link, over a link of 100 Mbit/s and 20 ms round trip that loses 1 %
of what the provider sends (as root). The last line holds the figures as
key=value.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile

from tunnel_bench import free_port, wait_for_port, wrk

FIELDS = 12
RATE_MBIT, DELAY_MS, LOSS_PER_MILLE = 100, 10, 10
PROVIDER = "10.9.0.1"
PORT = 8080  # of everything that is in a namespace of its own
ROUNDS = 3


class Rig:
    """Processes in up to two namespaces; all end with it."""

    def __init__(self, build):
        self.build = build
        self.dir = tempfile.mkdtemp(prefix="tunnel-bench-")
        self.log = open(os.path.join(self.dir, "log"), "ab")
        self.processes = []

    def start(self, space, *command, **options):
        process = subprocess.Popen([*enter(space), *command],
                                   **{"stdout": self.log, "stderr": self.log, **options})
        self.processes.append(process)
        return process

    def stop(self, count):
        """The ones that were started last."""
        for process in reversed(self.processes[-count:]):
            process.terminate()
            process.wait(10)
        del self.processes[-count:]

    def close(self):
        for process in reversed(self.processes):
            process.kill()
            process.wait()
        shutil.rmtree(self.dir, ignore_errors=True)

    def start_link(self):
        """The two namespaces."""
        link = self.start(None, f"{self.build}/bench/bench_link", str(RATE_MBIT), str(DELAY_MS),
                          str(LOSS_PER_MILLE), stdout=subprocess.PIPE, text=True)
        spaces = link.stdout.readline().split()
        for space in spaces:
            subprocess.run([*enter(space), "ip", "link", "set", "lo", "up"], check=True)
        return spaces

    def start_nginx(self, space, listen):
        with open(os.path.join(self.dir, "small"), "wb") as f:
            f.write(b"x" * 128)
        with open(os.path.join(self.dir, "big"), "wb") as f:
            f.truncate(1 << 30)
        fields = "".join(f"add_header X-Field-{i} value-of-field-{i};" for i in range(FIELDS - 4))
        conf = os.path.join(self.dir, "nginx.conf")
        with open(conf, "w") as f:
            f.write(f"""
                daemon off; worker_processes 1; pid {self.dir}/nginx.pid;
                error_log {self.dir}/nginx.log; user root;
                events {{ worker_connections 1024; }}
                http {{
                    access_log off; sendfile on; tcp_nodelay on; keepalive_requests 1000000000;
                    client_body_temp_path {self.dir}; proxy_temp_path {self.dir};
                    fastcgi_temp_path {self.dir}; uwsgi_temp_path {self.dir};
                    scgi_temp_path {self.dir};
                    server {{ listen {listen}; root {self.dir}; {fields} }}
                }}""")
        self.start(space, "nginx", "-p", self.dir, "-c", conf)

    def start_tunnel(self, spaces, signal, upstream, listen, without):
        near, far = spaces
        common = ["--signal", f"ws://{signal}", "--room", "bench", "--stun", "none"]
        if without:
            common += ["--without", without]
        self.start(far, f"{self.build}/tunnel", "serve", *common, "--upstream",
                   f"http://{upstream}")
        self.start(near, f"{self.build}/tunnel", "proxy", *common, "--listen", listen)
        subprocess.run([*enter(near), "curl", "-sf", "--retry", "20", "--retry-connrefused",
                        "--retry-delay", "1", "-o", "/dev/null", f"http://{listen}/small"],
                       check=True)


def enter(space):
    return ["nsenter", "-t", space, "-n"] if space else []


def requests_per_second(build, seconds):
    """`fields` or not -> requests a second, the median of some rounds."""
    rig = Rig(build)
    try:
        upstream, signal = free_port(), free_port()
        rig.start_nginx(None, f"127.0.0.1:{upstream}")
        rig.start(None, f"{build}/signal-server", "--listen", f"127.0.0.1:{signal}")
        wait_for_port(upstream)
        wait_for_port(signal)
        headers = [f"X-Field-{i}: value-of-field-{i}" for i in range(FIELDS - 2)]
        rates = {"": [], "fields": []}
        for _ in range(ROUNDS):
            for without, rate in rates.items():
                port = free_port()
                rig.start_tunnel((None, None), f"127.0.0.1:{signal}", f"127.0.0.1:{upstream}",
                                 f"127.0.0.1:{port}", without)
                rate.append(wrk(port, 32, seconds, headers)[0])
                rig.stop(2)
        return {without: statistics.median(rate) for without, rate in rates.items()}
    finally:
        rig.close()


def latencies(build, seconds):
    """`channels` or not -> p50 and p99 in ms, the medians of some rounds."""
    rig = Rig(build)
    try:
        far, near = rig.start_link()
        rig.start_nginx(far, f"127.0.0.1:{PORT}")
        signal = f"{PROVIDER}:{PORT + 1}"
        rig.start(far, f"{build}/signal-server", "--listen", signal)
        figures = {"": [], "channels": []}
        for _ in range(ROUNDS):
            for without, rows in figures.items():
                rig.start_tunnel((near, far), signal, f"127.0.0.1:{PORT}", f"127.0.0.1:{PORT}",
                                 without)
                rig.start(near, "curl", "-sf", "-o", "/dev/null", f"http://127.0.0.1:{PORT}/big")
                rows.append(wrk(PORT, 4, seconds, (), enter(near))[1:])
                rig.stop(3)
        return {without: [statistics.median(column) for column in zip(*rows)]
                for without, rows in figures.items()}
    finally:
        rig.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default="build")
    parser.add_argument("--seconds", type=int, default=5, help="of each load of requests")
    args = parser.parse_args()
    rates = requests_per_second(args.build, args.seconds)
    print(f"{FIELDS} fields each way, requests a second on 32 connections:")
    print(f"  with `fields` {rates['']:10.0f}    without {rates['fields']:10.0f}\n")
    line = f"fields_rps={rates[''] / rates['fields']:.2f}"
    if os.geteuid() == 0 and os.path.exists("/dev/net/tun"):
        figures = latencies(args.build, args.seconds)
        print(f"small requests beside a download, {RATE_MBIT} Mbit/s, {2 * DELAY_MS} ms, "
              f"{LOSS_PER_MILLE / 10} % loss, p50 and p99 in ms:")
        print("  with `channels` {:8.1f}{:8.1f}    without {:8.1f}{:8.1f}\n".format(
            *figures[""], *figures["channels"]))
        line += f" channels_p99={figures[''][1] / figures['channels'][1]:.2f}"
    else:
        print("skipped: `channels` needs root and /dev/net/tun", file=sys.stderr)
    print(line)


if __name__ == "__main__":
    main()
