"""Direct, ssh -L and the tunnel, side by side in one run.

An nginx on this machine is the upstream. Each path carries the same load: the
downloads, uploads, a hundred streams of server-sent events, requests by one and
by many connections, round by round, the median of each counted.
Absolute figures depend on the machine and on who else uses it; the ratios of
one run are what to compare. The last line holds them as key=value.

All three paths go over the loopback, whose packets are as large as 64 KiB. With
--mtu 1500 the whole run moves to a network namespace whose loopback is as
narrow as Ethernet (as root): what a direct path between two machines costs.
"""

import argparse
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

from rig import cpu_seconds, free_port

MB = 1 << 20
SSE_STREAMS = 100
CONNECTIONS = (1, 32)


def wait_for_port(port, deadline_s=10, pause_s=0.02):
    deadline = time.monotonic() + deadline_s
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                sys.exit(f"nothing listens on port {port}")
            time.sleep(pause_s)


def peak_mb(pid):
    with open(f"/proc/{pid}/status") as f:
        return int(re.search(r"VmHWM:\s+(\d+) kB", f.read()).group(1)) / 1024


class Lab:
    """The processes of one run; all end with it."""

    def __init__(self, build, megabytes):
        self.dir = tempfile.mkdtemp(prefix="tunnel-bench-")
        self.memory = tempfile.mkdtemp(prefix="tunnel-bench-", dir="/dev/shm")
        self.build = build
        self.megabytes = megabytes
        self.processes = []

    def start(self, *command, **options):
        log = open(os.path.join(self.dir, "log"), "ab")
        process = subprocess.Popen(command, stdout=log, stderr=log,
                                   stdin=subprocess.DEVNULL, **options)
        self.processes.append(process)
        return process

    def close(self):
        for process in reversed(self.processes):
            process.send_signal(signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
        shutil.rmtree(self.dir, ignore_errors=True)
        shutil.rmtree(self.memory, ignore_errors=True)

    def start_nginx(self):
        """The upstream: files, a place to upload to, and events from a server
        of our own behind it."""
        port, events = free_port(), free_port()
        self.start(f"{self.build}/bench/bench_sse", "serve", str(events))
        wait_for_port(events)
        root = os.path.join(self.dir, "www")
        os.mkdir(root)
        with open(os.path.join(root, "big"), "wb") as f:
            block = os.urandom(MB)
            for _ in range(self.megabytes):
                f.write(block)
        with open(os.path.join(root, "small"), "wb") as f:
            f.write(b"x" * 128)
        conf = os.path.join(self.dir, "nginx.conf")
        with open(conf, "w") as f:
            f.write(f"""
                daemon off; worker_processes 1; pid {self.dir}/nginx.pid;
                error_log {self.dir}/nginx.log; user root;
                events {{ worker_connections 4096; }}
                http {{
                    access_log off; sendfile on; tcp_nodelay on;
                    keepalive_requests 1000000000; client_max_body_size 0;
                    client_body_temp_path {self.memory}; proxy_temp_path {self.dir};
                    fastcgi_temp_path {self.dir}; uwsgi_temp_path {self.dir};
                    scgi_temp_path {self.dir};
                    server {{
                        listen 127.0.0.1:{port}; root {root};
                        location /sse {{
                            proxy_buffering off; proxy_read_timeout 1h;
                            proxy_http_version 1.1; proxy_set_header Connection "";
                            proxy_pass http://127.0.0.1:{events};
                        }}
                        location /upload {{
                            # Takes the whole body, then answers.
                            client_body_buffer_size 1m;
                            proxy_pass_request_body off;
                            proxy_set_header Content-Length "";
                            proxy_pass http://127.0.0.1:{port}/small;
                            proxy_method GET;
                        }}
                    }}
                }}""")
        self.start("nginx", "-p", self.dir, "-c", conf)
        wait_for_port(port)
        return port

    def start_ssh(self, upstream):
        """An sshd of our own with throw-away keys, and an ssh -L to it.
        Returns the port and all processes that carry data."""
        port, forwarded = free_port(), free_port()
        for name in ("host", "user"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f",
                            os.path.join(self.dir, name)], check=True)
        os.makedirs("/run/sshd", exist_ok=True)
        sshd = self.start(shutil.which("sshd") or "/usr/sbin/sshd", "-D", "-e", "-f", "/dev/null",
                          "-p", str(port), "-h", f"{self.dir}/host",
                          "-o", "ListenAddress=127.0.0.1", "-o", "StrictModes=no",
                          "-o", f"AuthorizedKeysFile={self.dir}/user.pub",
                          "-o", "UsePAM=no", "-o", "PermitRootLogin=yes", "-o", "PidFile=none")
        wait_for_port(port)
        ssh = self.start("ssh", "-N", "-L", f"127.0.0.1:{forwarded}:127.0.0.1:{upstream}",
                         "-c", "aes128-gcm@openssh.com", "-i", f"{self.dir}/user",
                         "-p", str(port), "-o", "StrictHostKeyChecking=no",
                         "-o", "UserKnownHostsFile=/dev/null", "-o", "ExitOnForwardFailure=yes",
                         "127.0.0.1")
        wait_for_port(forwarded)
        children = subprocess.run(["pgrep", "-P", str(sshd.pid)], capture_output=True,
                                  text=True).stdout.split()
        pids = [ssh.pid]
        for child in children:
            pids.append(int(child))
            grand = subprocess.run(["pgrep", "-P", child], capture_output=True, text=True)
            pids += [int(p) for p in grand.stdout.split()]
        names = ["ssh"] + ["sshd"] * (len(pids) - 1)
        return forwarded, dict(zip(pids, names))

    def start_tunnel(self, upstream):
        signalling, port = free_port(), free_port()
        common = ["--signal", f"ws://127.0.0.1:{signalling}", "--room", "bench", "--stun", "none"]
        self.start(f"{self.build}/signal-server", "--listen", f"127.0.0.1:{signalling}")
        wait_for_port(signalling)
        began = time.monotonic()
        serve = self.start(f"{self.build}/tunnel", "serve", *common,
                           "--upstream", f"http://127.0.0.1:{upstream}")
        proxy = self.start(f"{self.build}/tunnel", "proxy", *common,
                           "--listen", f"127.0.0.1:{port}")
        wait_for_port(port, pause_s=0.001)
        # Not by curl: its own start would count.
        urllib.request.urlopen(f"http://127.0.0.1:{port}/small", timeout=60).read()
        connect_ms = (time.monotonic() - began) * 1000
        return port, {serve.pid: "serve", proxy.pid: "proxy"}, connect_ms


def curl_seconds(*args):
    """Duration of one transfer, as curl saw it."""
    done = subprocess.run(["curl", "-sf", "-o", "/dev/null", "-w", "%{time_total}", *args],
                          capture_output=True, text=True, timeout=600)
    if done.returncode != 0:
        sys.exit(f"curl {' '.join(args)} failed with {done.returncode}")
    return float(done.stdout)


def wrk(port, connections, seconds, headers=(), prefix=()):
    """Requests a second and the p50 and p99 latency in ms."""
    out = subprocess.run([*prefix, "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency",
                          *(f"-H{header}" for header in headers),
                          f"http://127.0.0.1:{port}/small"], capture_output=True, text=True,
                         check=True).stdout
    scale = {"us": 0.001, "ms": 1.0, "s": 1000.0}

    def percentile(name):
        value, unit = re.search(rf"{name}%\s+([\d.]+)(us|ms|s)", out).groups()
        return float(value) * scale[unit]

    if "Non-2xx" in out or "Socket errors" in out:
        print(f"# wrk on {connections} connections saw errors:\n{out}", file=sys.stderr)
    return (float(re.search(r"Requests/sec:\s+([\d.]+)", out).group(1)),
            percentile(50), percentile(99))


def sse(build, port, seconds):
    """p50 and p99 of the time that an event is under way, in microseconds."""
    out = subprocess.run([f"{build}/bench/bench_sse", "read", str(port), str(SSE_STREAMS),
                          str(seconds)], capture_output=True, text=True, timeout=120)
    if out.returncode != 0:
        sys.exit(out.stderr)
    return [float(field) for field in out.stdout.split()[1:]]


class Path:
    """One way to the upstream, and what was measured on it."""

    def __init__(self, name, port, processes):
        self.name = name
        self.url = f"http://127.0.0.1:{port}"
        self.port = port
        self.processes = processes  # pid -> name
        self.down_s, self.up_s = [], []
        self.sse_us = []  # (p50, p99)
        self.requests = {connections: [] for connections in CONNECTIONS}  # (rps, p50, p99)
        self.cpu_s = {pid: 0.0 for pid in processes}
        self.peak_mb = {}

    def download(self):
        before = {pid: cpu_seconds(pid) for pid in self.processes}
        self.down_s.append(curl_seconds(f"{self.url}/big"))
        for pid in self.processes:
            self.cpu_s[pid] += cpu_seconds(pid) - before[pid]

    def upload(self, path):
        self.up_s.append(curl_seconds("-X", "POST", "-H", "Expect:", "-T", path,
                                      f"{self.url}/upload"))

    def stream_events(self, lab, seconds):
        self.sse_us.append(sse(lab.build, self.port, seconds))

    def request(self, seconds):
        for connections in CONNECTIONS:
            self.requests[connections].append(wrk(self.port, connections, seconds))

    def note_peaks(self):
        self.peak_mb = {pid: peak_mb(pid) for pid in self.processes}

    def figures(self, lab):
        """Name -> value, for the table."""
        gb = len(self.down_s) * lab.megabytes / 1024
        figures = {
            "down_mb_s": lab.megabytes / statistics.median(self.down_s),
            "up_mb_s": lab.megabytes / statistics.median(self.up_s),
            "cpu_s_per_gb": sum(self.cpu_s.values()) / gb,
        }
        for connections in CONNECTIONS:
            rps, p50, p99 = (statistics.median(each) for each in zip(*self.requests[connections]))
            figures[f"rps_{connections}"] = rps
            figures[f"p50_{connections}_ms"] = p50
            figures[f"p99_{connections}_ms"] = p99
        figures["ttfb_ms"] = statistics.median(
            float(subprocess.run(["curl", "-sf", "-o", "/dev/null", "-w", "%{time_starttransfer}",
                                  f"{self.url}/small"], capture_output=True, text=True,
                                 check=True).stdout) * 1000 for _ in range(11))
        figures["sse_p50_us"] = statistics.median(p50 for p50, _ in self.sse_us)
        figures["sse_p99_us"] = statistics.median(p99 for _, p99 in self.sse_us)
        return figures

    def print_processes(self, lab):
        gb = len(self.down_s) * lab.megabytes / 1024
        for pid, name in self.processes.items():
            print(f"{self.name:10}{name:10}{self.cpu_s[pid] / gb:12.2f}{self.peak_mb[pid]:12.1f}")


def run(lab, args):
    """Prints the tables and the line."""
    upstream = lab.start_nginx()
    big = os.path.join(lab.dir, "www", "big")
    ssh_port, ssh_processes = lab.start_ssh(upstream)
    tunnel_port, tunnel_processes, connect_ms = lab.start_tunnel(upstream)
    direct = Path("direct", upstream, {})
    ssh = Path("ssh -L", ssh_port, ssh_processes)
    tunnel = Path("tunnel", tunnel_port, tunnel_processes)
    paths = [direct, ssh, tunnel]
    for _ in range(args.rounds):
        for path in paths:
            path.download()
    for path in paths:
        path.note_peaks()
    for _ in range(args.rounds):
        for path in paths:
            path.upload(big)
    for _ in range(args.rounds):
        for path in paths:
            path.stream_events(lab, args.seconds)
    for _ in range(args.rounds):
        for path in paths:
            path.request(args.seconds)
    table = {path.name: path.figures(lab) for path in paths}

    print(f"{'':14}" + "".join(f"{name:>12}" for name in table))
    for key in table["tunnel"]:
        print(f"{key:14}" + "".join(f"{figures[key]:12.2f}" for figures in table.values()))
    print(f"\n{'download':10}{'process':10}{'cpu_s_per_gb':>12}{'peak_mb':>12}")
    for path in (ssh, tunnel):
        path.print_processes(lab)
    print()
    d, s, t = (table[path.name] for path in paths)
    summary = {
        "down_vs_ssh": t["down_mb_s"] / s["down_mb_s"],
        "up_vs_ssh": t["up_mb_s"] / s["up_mb_s"],
        "rps_vs_ssh": t["rps_32"] / s["rps_32"],
        "p99_vs_ssh": t["p99_32_ms"] / s["p99_32_ms"],
        "sse_added_p99_us": t["sse_p99_us"] - d["sse_p99_us"],
        "connect_ms": connect_ms,
        "cpu_s_per_gb": t["cpu_s_per_gb"],
        "cpu_vs_ssh": t["cpu_s_per_gb"] / s["cpu_s_per_gb"],
    }
    for pid, name in tunnel.processes.items():
        summary[f"rss_mb_{name}"] = tunnel.peak_mb[pid]
    print(" ".join(f"{key}={value:.2f}" for key, value in summary.items()))


def enter_narrow_network(mtu):
    """Runs this program again where the loopback has that MTU."""
    script = f'ip link set lo up mtu {mtu} && exec "$@"'
    arguments = [arg for arg in sys.argv if not arg.startswith("--mtu")]
    if "--mtu" in sys.argv:
        arguments.remove(str(mtu))
    os.execvp("unshare", ["unshare", "--net", "sh", "-c", script, "sh", sys.executable,
                          *arguments])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default="build")
    parser.add_argument("--megabytes", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=5, help="of all that is measured")
    parser.add_argument("--seconds", type=int, default=3, help="of a load of events or requests")
    parser.add_argument("--mtu", type=int, help="of the loopback; needs root")
    args = parser.parse_args()
    if args.mtu:
        enter_narrow_network(args.mtu)
    lab = Lab(args.build, args.megabytes)
    try:
        run(lab, args)
    except SystemExit:
        with open(os.path.join(lab.dir, "log")) as f:
            print("".join(f.readlines()[-40:]), file=sys.stderr)
        raise
    finally:
        lab.close()


if __name__ == "__main__":
    main()
