"""What the end-to-end tests stand on: processes whose output lines are events,
and a rig that starts the mock upstream, signal-server, serve and proxy on free
ports and ends them all whatever happens.

Tests wait for events. A deadline only says when to give up; nothing passes
because some time went by.
"""

import atexit
import http.client
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import uuid

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.abspath(os.environ.get("TUNNEL_BUILD", os.path.join(ROOT, "build")))
TUNNEL = os.path.join(BUILD, "tunnel")
SIGNAL_SERVER = os.path.join(BUILD, "signal-server")
MOCK = os.path.join(HERE, "mock_upstream.py")
OLD_SIGNAL = os.path.join(HERE, "old_signal.py")
# A command to run the product under, such as "valgrind -q".
WRAP = os.environ.get("TUNNEL_WRAP", "").split()
IS_INSTRUMENTED = bool(WRAP) or "asan" in os.path.basename(BUILD)
IS_WHOLE = "TUNNEL_TEST_WHOLE" in os.environ  # large tests are not cut down
SEED = os.environ.get("TUNNEL_TEST_SEED")
DEADLINE = 90 if IS_INSTRUMENTED else 30
# Where the control sockets of tunnels stand that name no folder themselves.
STATE = tempfile.mkdtemp(prefix="tunnel-state-")
atexit.register(shutil.rmtree, STATE, ignore_errors=True)

sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))
from mock_upstream import pattern  # noqa: E402

SANITIZER = re.compile(r"AddressSanitizer|LeakSanitizer|runtime error:|ThreadSanitizer")
URL = re.compile(r"(wss?|https?)://(\[[0-9a-f:]+\]|[\w.]+):(\d+)")
# Both ends say this once requests can flow.
CONNECTED = r"\bconnected (directly|through a relay)"
WAITING = r"waiting for the other side"
# Debian's own, as /usr/bin/python3 is; or else another.
NODE = shutil.which("/usr/bin/node") or shutil.which("node")
# A browser of its own, that nothing of this machine's person shows in.
CHROMIUM = """chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run
    --disable-background-networking --disable-component-update --disable-sync
    --disable-default-apps --disable-extensions --disable-dev-shm-usage --no-proxy-server
    --metrics-recording-only --no-pings --password-store=basic""".split()


def why_no_npm(folder, package):
    """Why that npm package of a folder's package.json cannot be used, or None."""
    if not NODE:
        return "there is no node"
    if not os.path.isdir(os.path.join(folder, "node_modules", package)):
        return f"{package} is not installed (scripts/install-deps.sh test)"
    return None


class Process:
    """A child process; each line of its output is an event."""

    def __init__(self, name, argv, env=None, is_product=False):
        self.name = name
        self.is_product = is_product
        self.lines = []
        self.changed = threading.Condition()
        self.open_streams = 2
        self.expected_exit = (0,)
        clean = {k: v for k, v in os.environ.items()
                 if not k.startswith("TUNNEL_") and not k.lower().endswith("_proxy")}
        clean.pop("NO_COLOR", None)
        clean["XDG_STATE_HOME"] = STATE
        # Where a test does not want it, ends do not find each other in the
        # network that this machine happens to be in.
        clean["TUNNEL_NO_LAN"] = "1"
        self.child = subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**clean, **(env or {})},
            text=True,
            errors="replace",
        )
        for label, stream in (("out", self.child.stdout), ("err", self.child.stderr)):
            threading.Thread(target=self._read, args=(label, stream), daemon=True).start()

    def _read(self, label, stream):
        for line in stream:
            with self.changed:
                self.lines.append((label, line.rstrip("\n")))
                self.changed.notify_all()
        with self.changed:
            self.open_streams -= 1
            self.changed.notify_all()

    @property
    def pid(self):
        return self.child.pid

    def mark(self):
        """A point in the output, to wait only for what comes after it."""
        with self.changed:
            return len(self.lines)

    def wait_for(self, wanted, after=0, deadline=None, stream=None):
        """The match of the first line after that mark that matches."""
        wanted = re.compile(wanted)
        give_up = time.monotonic() + (deadline or DEADLINE)
        with self.changed:
            while True:
                while after < len(self.lines):
                    label, line = self.lines[after]
                    after += 1
                    if stream in (None, label) and (match := wanted.search(line)):
                        return match
                left = give_up - time.monotonic()
                if left <= 0 or self.open_streams == 0:
                    why = "ended" if self.open_streams == 0 else "gave up waiting"
                    raise AssertionError(f"{self.name}: {why}; no line like {wanted.pattern!r}")
                self.changed.wait(left)

    def mark_of(self, wanted, after=0):
        """The mark of the first line after that mark that matches."""
        self.wait_for(wanted, after)
        with self.changed:
            return next(i for i in range(after, len(self.lines))
                        if re.search(wanted, self.lines[i][1]))

    def count(self, wanted, after=0):
        with self.changed:
            return sum(bool(re.search(wanted, line)) for _, line in self.lines[after:])

    def text(self, stream=None):
        with self.changed:
            return "\n".join(line for label, line in self.lines if stream in (None, label))

    def send(self, line):
        self.child.stdin.write(line + "\n")
        self.child.stdin.flush()

    def kill(self, sig=signal.SIGKILL):
        if sig == signal.SIGKILL:
            self.expected_exit = (-signal.SIGKILL,)
        self.child.send_signal(sig)

    def wait_exit(self, deadline=None):
        try:
            code = self.child.wait(deadline or DEADLINE)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name}: still running") from None
        with self.changed:
            self.changed.wait_for(lambda: self.open_streams == 0, DEADLINE)
        return code

    def memory(self, name):
        """A value of /proc/PID/status, in bytes."""
        with open(f"/proc/{self.pid}/status") as status:
            for line in status:
                if line.startswith(f"{name}:"):
                    return int(line.split()[1]) * 1024
        raise AssertionError(f"no {name}")

    def rss(self):
        """Resident memory now."""
        return self.memory("VmRSS")

    def peak_rss(self):
        """Most resident memory that it ever had."""
        return self.memory("VmHWM")

    def end(self):
        """Ends it; what is wrong with how it ended, or None."""
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGINT if self.is_product else signal.SIGTERM)
        try:
            code = self.child.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
            code = "did not end on SIGINT"
        with self.changed:
            self.changed.wait_for(lambda: self.open_streams == 0, DEADLINE)
        self.child.stdin.close()
        if self.is_product and SANITIZER.search(self.text()):
            return f"{self.name}: a sanitizer complained"
        if self.is_product and code not in self.expected_exit:
            return f"{self.name}: ended with {code}, not {self.expected_exit}"
        return None


class Rig:
    """Everything one test runs, under one room."""

    def __init__(self):
        self.processes = []
        self.room = f"room-{uuid.uuid4()}"
        self.mock = self.signal = self.serve = self.proxy = None
        self.upstream_url = self.signal_url = self.proxy_address = None

    def run(self, name, argv, env=None, is_product=True):
        wrap = WRAP if is_product else []
        process = Process(name, wrap + argv, env, is_product)
        self.processes.append(process)
        return process

    def start_mock(self, *args):
        self.mock = self.run("mock", [sys.executable, MOCK, *args], is_product=False)
        self.upstream_url = self.mock.wait_for(r"^listening (\S+)")[1]
        return self.mock

    def start_signal(self, *args, listen="127.0.0.1:0"):
        self.signal = self.run("signal-server", [SIGNAL_SERVER, "--listen", listen, *args])
        self.signal_url = self.signal.wait_for(URL, stream="out")[0]
        return self.signal

    def start_old_signal(self, listen="127.0.0.1:0"):
        """One that knows of two in a room and no more."""
        self.signal = self.run("old signal server", [sys.executable, OLD_SIGNAL, listen],
                               is_product=False)
        self.signal_url = self.signal.wait_for(URL, stream="out")[0]
        return self.signal

    def start_serve(self, *args, env=None, name="serve", is_silent=False, **options):
        argv = self.argv("serve", {"upstream": self.upstream_url, **options}) + list(args)
        self.serve = self.run(name, argv, env)
        if not is_silent:
            self.serve.wait_for(r"serve \d")  # from here on it handles signals
        return self.serve

    def start_proxy(self, *args, env=None, name="proxy", **options):
        argv = self.argv("proxy", {"listen": "127.0.0.1:0", **options}) + list(args)
        self.proxy = self.run(name, argv, env)
        match = self.proxy.wait_for(r"(?:https?|tcp)://(\[[0-9a-f:]+\]|[\d.]+):(\d+)")
        self.proxy_address = (match[1].strip("[]"), int(match[2]))
        return self.proxy

    def argv(self, command, options):
        """Options that are None are left out; the rest has defaults."""
        options = {"signal": self.signal_url, "room": self.room, "stun": "none", **options}
        argv = [TUNNEL, command]
        for name, value in options.items():
            if value is not None:
                argv += ["--" + name, value]
        return argv

    def start_all(self):
        self.start_mock()
        self.start_signal()
        self.start_serve()
        self.start_proxy()
        self.wait_up()
        return self

    def wait_connected(self):
        """Until a request waits for nothing: one that comes before gets 503
        when that takes more than 10 s."""
        self.serve.wait_for(CONNECTED)
        self.proxy.wait_for(CONNECTED)

    def wait_up(self, deadline=None):
        """Until a request gets through. The proxy itself holds a request back
        while the tunnel is down, so this seldom asks twice."""
        give_up = time.monotonic() + (deadline or 2 * DEADLINE)
        last = None
        while time.monotonic() < give_up:
            try:
                status, _, body = self.request("GET", "/health")
                if status == 200:
                    return
                last = (status, body)
            except (OSError, http.client.HTTPException) as error:
                last = error
            time.sleep(0.05)
        raise AssertionError(f"the tunnel did not come up; last answer: {last}")

    def health(self):
        """What the signal server says at /healthz."""
        conn = http.client.HTTPConnection(self.signal_url.removeprefix("ws://"), timeout=DEADLINE)
        try:
            conn.request("GET", "/healthz")
            response = conn.getresponse()
            return response.status, json.loads(response.read())
        finally:
            conn.close()

    def wait_peers(self, count):
        """Until so many peers are in rooms, as the signal server counts."""
        give_up = time.monotonic() + DEADLINE
        while (last := self.health()[1]["peers"]) != count:
            if time.monotonic() > give_up:
                raise AssertionError(f"{last} peers in rooms, not {count}")
            time.sleep(0.02)

    def connect(self, timeout=None):
        host, port = self.proxy_address
        return http.client.HTTPConnection(host, port, timeout=timeout or 2 * DEADLINE)

    def request(self, method, path, body=None, headers=None, timeout=None):
        """(status, headers, body) of a request through the tunnel."""
        conn = self.connect(timeout)
        try:
            conn.request(method, path, body, headers or {})
            response = conn.getresponse()
            return response.status, response.headers, response.read()
        finally:
            conn.close()

    def get_json(self, path):
        status, _, body = self.request("GET", path)
        if status != 200:
            raise AssertionError(f"{path}: status {status}: {body[:200]}")
        return json.loads(body)

    def close(self):
        """Ends everything; raises when something ended badly. The tunnel's
        ends come first, so that each can say goodbye."""
        complaints = []
        order = {"serve": 0, "proxy": 0, "signal-server": 1}
        for process in sorted(self.processes, key=lambda p: order.get(p.name, 2)):
            if complaint := process.end():
                complaints.append(complaint)
        if complaints:
            raise AssertionError("; ".join(complaints))

    def transcript(self):
        text = []
        for process in self.processes:
            with process.changed:
                lines = [line for _, line in process.lines[-25:]]
            text.append(f"--- {process.name}, last lines:\n" + "\n".join(lines))
        return "\n".join(text)


class Case(unittest.TestCase):
    """A test with its own rig, or with one for the whole class (shared)."""

    rig_type = Rig
    shared = False
    seconds = 120  # after which the runner ends the whole class
    waits = 0  # about the seconds that it takes, if many: those begin first

    @classmethod
    def setUpClass(cls):
        if cls.shared:
            cls.rig = cls.rig_type()
            cls.addClassCleanup(cls.rig.close)
            try:
                cls.start(cls.rig)
            except BaseException:
                print(cls.rig.transcript(), file=sys.stderr)
                raise

    @classmethod
    def start(cls, rig):
        rig.start_all()

    def setUp(self):
        if not self.shared:
            self.rig = self.rig_type()
            self.addCleanup(self.rig.close)
            self.addCleanup(self._explain)

    def tearDown(self):
        if self.shared:
            self._explain()

    def _explain(self):
        result = getattr(self._outcome, "result", None)
        if result and any(test is self for test, _ in result.failures + result.errors):
            print(self.rig.transcript(), file=sys.stderr)

    def name(self):
        return uuid.uuid4().hex[:12]


def read_exactly(stream, size):
    data = b""
    while len(data) < size:
        more = stream.read1(size - len(data))
        if not more:
            raise AssertionError(f"ended after {data!r}")
        data += more
    return data


def free_port():
    """A port for what listens later. None of those that the kernel gives to
    sockets that name none: some test beside this one would get it meanwhile."""
    with open("/proc/sys/net/ipv4/ip_local_port_range") as file:
        first_ephemeral = int(file.read().split()[0])
    while True:
        port = random.randrange(min(10000, first_ephemeral - 1), first_ephemeral)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port


def has_ipv6_loopback():
    with socket.socket(socket.AF_INET6) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError:
            return False
    return True


__all__ = [name for name in dir() if not name.startswith("_")]
