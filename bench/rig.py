"""Processes of a benchmark, on this machine or at the two ends of a link of
their own (bench/link.c).
"""

import os
import shutil
import socket
import subprocess
import tempfile

TICKS = os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def cpu_seconds(pid):
    """User and system time of a process, without its children."""
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


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

    def start_link(self, rate_mbit, delay_ms, loss_per_mille):
        """The two namespaces: packets from the first to the second may be lost."""
        link = self.start(None, f"{self.build}/bench/bench_link", str(rate_mbit), str(delay_ms),
                          str(loss_per_mille), stdout=subprocess.PIPE, text=True)
        spaces = link.stdout.readline().split()
        for space in spaces:
            subprocess.run([*enter(space), "ip", "link", "set", "lo", "up"], check=True)
        return spaces

    def start_nginx(self, space, listen, field_count=0):
        with open(os.path.join(self.dir, "small"), "wb") as f:
            f.write(b"x" * 128)
        with open(os.path.join(self.dir, "big"), "wb") as f:
            f.truncate(1 << 30)
        fields = "".join(f"add_header X-Field-{i} value-of-field-{i};" for i in range(field_count))
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

    def start_tunnel(self, spaces, signal, upstream, listen, *, without=None, room="bench",
                     build=None):
        """An end in each namespace: their processes, proxy and serve."""
        near, far = spaces
        tunnel = f"{build or self.build}/tunnel"
        common = ["--signal", f"ws://{signal}", "--room", room, "--stun", "none"]
        if without:
            common += ["--without", without]
        serve = self.start(far, tunnel, "serve", *common, "--upstream", f"http://{upstream}")
        proxy = self.start(near, tunnel, "proxy", *common, "--listen", listen)
        subprocess.run([*enter(near), "curl", "-sf", "--retry", "20", "--retry-connrefused",
                        "--retry-delay", "1", "-o", "/dev/null", f"http://{listen}/small"],
                       check=True)
        return proxy, serve

    def start_ssh(self, spaces, server, upstream, listen):
        """An sshd of our own with throw-away keys in one namespace, and an
        ssh -L to it in the other: the numbers of the processes that carry data,
        near and far."""
        near, far = spaces
        for name in ("host", "user"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f",
                            os.path.join(self.dir, name)], check=True)
        os.makedirs("/run/sshd", exist_ok=True)
        address, port = server.split(":")
        sshd = self.start(far, shutil.which("sshd") or "/usr/sbin/sshd", "-D", "-e", "-f",
                          "/dev/null", "-p", port, "-h", f"{self.dir}/host",
                          "-o", f"ListenAddress={address}", "-o", "StrictModes=no",
                          "-o", f"AuthorizedKeysFile={self.dir}/user.pub",
                          "-o", "UsePAM=no", "-o", "PermitRootLogin=yes", "-o", "PidFile=none")
        ssh = self.start(near, "ssh", "-N", "-L", f"{listen}:{upstream}",
                         "-c", "aes128-gcm@openssh.com", "-i", f"{self.dir}/user", "-p", port,
                         "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
                         "-o", "ExitOnForwardFailure=yes", "-o", "ConnectionAttempts=20", address)
        subprocess.run([*enter(near), "curl", "-sf", "--retry", "20", "--retry-connrefused",
                        "--retry-delay", "1", "-o", "/dev/null", f"http://{listen}/small"],
                       check=True)
        return [ssh.pid], descendants(sshd.pid)


def descendants(pid):
    children = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True)
    pids = [int(child) for child in children.stdout.split()]
    return pids + [further for child in pids for further in descendants(child)]


def enter(space):
    return ["nsenter", "-t", space, "-n"] if space else []
