"""What a manager of services hears, and that what its units forbid is not needed."""

import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import unittest

from harness import BUILD, DEADLINE, HERE, SIGNAL_SERVER, URL, Case

WITHOUT_NETLINK = os.path.join(HERE, "without_netlink.py")


class Listener:
    """The socket of a manager, which keeps what it was told."""

    def __init__(self, name):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.settimeout(DEADLINE)
        self.address = f"@tunnel-test-{os.getpid()}-{name}"
        self.socket.bind("\0" + self.address[1:])
        self.heard = []
        self.env = {"NOTIFY_SOCKET": self.address}

    def wait_for(self, wanted):
        """What came until then."""
        heard = []
        while wanted not in heard:
            heard.append(self.socket.recv(4096).decode())
        self.heard += heard
        return heard


class Notify(Case):
    """serve, proxy and signal-server under a manager."""

    def test_reload(self):
        """SIGHUP asks to read again what there is, and ends nobody who has nothing"""
        rig = self.rig
        manager = Listener("reload")
        rig.start_mock()
        rig.signal = rig.run("signal-server", [SIGNAL_SERVER, "--listen", "127.0.0.1:0"],
                             manager.env)
        rig.signal_url = rig.signal.wait_for(URL, stream="out")[0]
        rig.start_serve(env=manager.env)
        rig.start_proxy(env=manager.env)
        rig.wait_connected()
        for process in (rig.signal, rig.serve, rig.proxy):
            process.kill(signal.SIGHUP)
            process.wait_for("SIGHUP: there is no file to")
        self.assertEqual(rig.request("GET", "/v1/models")[0], 200)

    def test_life(self):
        """ready once the signal server is met, connected, alive, stopping"""
        rig = self.rig
        serve = Listener("serve")
        rig.start_mock()
        rig.start_signal()
        rig.start_serve(env={**serve.env, "WATCHDOG_USEC": "200000"})
        before = serve.wait_for("READY=1")
        self.assertIn("STATUS=connecting to the signal server", before)
        proxy = Listener("proxy")
        rig.start_proxy(env=proxy.env)
        proxy.wait_for("READY=1")
        serve.wait_for("STATUS=connected directly")
        proxy.wait_for("STATUS=connected directly")
        serve.wait_for("WATCHDOG=1")
        serve.wait_for("WATCHDOG=1")
        rig.serve.kill(signal.SIGTERM)
        serve.wait_for("STOPPING=1")
        rig.serve.wait_exit()
        self.assertEqual(serve.heard.count("READY=1"), 1)
        self.assertNotIn("WATCHDOG=1", proxy.heard)


class NoNetlink(Case):
    """A whole exchange between two that get no socket of netlink."""

    def test_exchange(self):
        """serve and proxy connect and carry without AF_NETLINK"""
        if subprocess.run([WITHOUT_NETLINK, "true"], check=False).returncode == 77:
            self.skipTest("this machine has no filter of system calls")
        argv = self.rig.argv
        self.rig.argv = lambda *args: [WITHOUT_NETLINK, *argv(*args)]
        self.rig.start_all()
        self.assertEqual(self.rig.request("GET", "/v1/models")[0], 200)


class Units(unittest.TestCase):
    seconds = 60

    def test_verify(self):
        """systemd has nothing to say against the units"""
        if not shutil.which("systemd-analyze"):
            self.skipTest("there is no systemd-analyze")
        folder = tempfile.mkdtemp(prefix="tunnel-units-")
        self.addCleanup(shutil.rmtree, folder)
        prefix = os.path.join(folder, "usr")
        subprocess.run(["cmake", "--install", BUILD, "--prefix", prefix], check=True,
                       capture_output=True)
        for scope in ("system", "user"):
            units = os.path.join(prefix, "lib", "systemd", scope)
            for unit in sorted(os.listdir(units)):
                with self.subTest(scope=scope, unit=unit):
                    path = os.path.join(units, unit.replace("@", "@a"))
                    if "@" in unit:
                        shutil.copy(os.path.join(units, unit), path)
                    done = subprocess.run(["systemd-analyze", "verify", "--man=no", f"--{scope}",
                                           path], capture_output=True, text=True, check=False,
                                          env={**os.environ, "XDG_RUNTIME_DIR": folder})
                    said = [line for line in done.stderr.splitlines() if unit.split("@")[0] in line]
                    self.assertEqual((done.returncode, said), (0, []), done.stderr)
                    if scope == "system":
                        self.check_security(path)

    def check_security(self, path):
        """No more exposed than 2.0 of 10."""
        done = subprocess.run(["systemd-analyze", "security", "--offline=yes", "--threshold=20",
                               "--no-pager", path], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, re.findall("→.*", done.stdout) or done.stderr)
