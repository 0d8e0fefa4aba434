"""A TURN server, which is to be installed."""

import contextlib
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from peers import own_address


@contextlib.contextmanager
def coturn(*more, users=("-a", "-u", "u:p")):
    """One that runs: as an entry of iceServers, and its log."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, \
            tempfile.TemporaryDirectory(dir=".") as folder:
        probe.bind((own_address(), 0))
        address, port = probe.getsockname()
        probe.close()
        log = Path(folder) / "log"
        process = subprocess.Popen(
            ["turnserver", "-n", "--no-cli", "--no-tls", "--no-dtls", "--no-rfc5780",
             *users, "-r", "realm", f"--listening-ip={address}", f"--relay-ip={address}",
             f"--listening-port={port}", f"--log-file={log}", "--simple-log", "--verbose",
             f"--pidfile={folder}/pid", *more],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            while not (log.exists() and "UDP listener opened" in log.read_text()):
                time.sleep(0.05)
            yield {"urls": f"turn:{address}:{port}", "username": "u", "credential": "p"}, log
        finally:
            process.kill()
            process.wait()
