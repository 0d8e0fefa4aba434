"""Direct, ssh -L and the tunnel, side by side in one run.

An nginx on this machine is the upstream. Each path carries the same load in
turn: a download, an upload, requests a second and their latency. Absolute
figures depend on the machine and on who else uses it; the ratios of one run
are what to compare. The last line holds them as key=value.
"""

import argparse
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

MB = 1 << 20
TICKS = os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for_port(port, deadline_s=10):
    deadline = time.monotonic() + deadline_s
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                sys.exit(f"nothing listens on port {port}")
            time.sleep(0.02)


def cpu_seconds(pids):
    """User and system time of processes, without their children."""
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/stat") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


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
        port = free_port()
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
        Returns the port and the pids of all processes that carry data."""
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
        return forwarded, pids

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
        wait_for_port(port)
        subprocess.run(["curl", "-sf", "-o", "/dev/null", f"http://127.0.0.1:{port}/small"],
                       check=True)
        connect_ms = (time.monotonic() - began) * 1000
        return port, [serve.pid, proxy.pid], connect_ms


def curl_seconds(*args):
    """Duration of one transfer, as curl saw it."""
    done = subprocess.run(["curl", "-sf", "-o", "/dev/null", "-w", "%{time_total}", *args],
                          capture_output=True, text=True, timeout=600)
    if done.returncode != 0:
        sys.exit(f"curl {' '.join(args)} failed with {done.returncode}")
    return float(done.stdout)


def wrk(port, connections, seconds):
    """Requests a second and the p50 and p99 latency in ms."""
    out = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency",
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


def measure(lab, port, pids, seconds, upload):
    """One path's figures."""
    figures = {}
    url = f"http://127.0.0.1:{port}"
    before = cpu_seconds(pids)
    took = curl_seconds(f"{url}/big")
    figures["cpu_s_per_gb"] = (cpu_seconds(pids) - before) * 1024 / lab.megabytes
    figures["down_mb_s"] = lab.megabytes / took
    took = curl_seconds("-X", "POST", "-H", "Expect:", "-T", upload, f"{url}/upload")
    figures["up_mb_s"] = lab.megabytes / took
    for connections in (1, 32):
        rps, p50, p99 = wrk(port, connections, seconds)
        figures[f"rps_{connections}"] = rps
        figures[f"p50_{connections}_ms"] = p50
        figures[f"p99_{connections}_ms"] = p99
    figures["ttfb_ms"] = float(subprocess.run(
        ["curl", "-sf", "-o", "/dev/null", "-w", "%{time_starttransfer}", f"{url}/small"],
        capture_output=True, text=True, check=True).stdout) * 1000
    return figures


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default="build")
    parser.add_argument("--megabytes", type=int, default=1024)
    parser.add_argument("--seconds", type=int, default=5, help="of each load of requests")
    args = parser.parse_args()
    lab = Lab(args.build, args.megabytes)
    try:
        upstream = lab.start_nginx()
        upload = os.path.join(lab.dir, "www", "big")
        ssh_port, ssh_pids = lab.start_ssh(upstream)
        tunnel_port, tunnel_pids, connect_ms = lab.start_tunnel(upstream)
        paths = {
            "direct": (upstream, []),
            "ssh -L": (ssh_port, ssh_pids),
            "tunnel": (tunnel_port, tunnel_pids),
        }
        figures = {name: measure(lab, port, pids, args.seconds, upload)
                   for name, (port, pids) in paths.items()}
        rss = [peak_mb(pid) for pid in tunnel_pids]
    except SystemExit:
        with open(os.path.join(lab.dir, "log")) as f:
            print("".join(f.readlines()[-40:]), file=sys.stderr)
        raise
    finally:
        lab.close()

    print(f"{'':14}" + "".join(f"{name:>12}" for name in figures))
    for key in figures["tunnel"]:
        print(f"{key:14}" + "".join(f"{f[key]:12.2f}" for f in figures.values()))
    ssh, tunnel = figures["ssh -L"], figures["tunnel"]
    summary = {
        "down_vs_ssh": tunnel["down_mb_s"] / ssh["down_mb_s"],
        "up_vs_ssh": tunnel["up_mb_s"] / ssh["up_mb_s"],
        "rps_vs_ssh": tunnel["rps_32"] / ssh["rps_32"],
        "p99_vs_ssh": tunnel["p99_32_ms"] / ssh["p99_32_ms"],
        "connect_ms": connect_ms,
        "rss_mb_serve": rss[0],
        "rss_mb_proxy": rss[1],
        "cpu_s_per_gb": tunnel["cpu_s_per_gb"],
    }
    print(" ".join(f"{key}={value:.2f}" for key, value in summary.items()))


if __name__ == "__main__":
    main()
