"""The rig of the end-to-end tests, spread over the namespaces of a network:
signal-server and coturn in the core, serve with its upstream on the provider,
proxy and curl on the laptop.
"""

import atexit
import functools
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

from harness import Case, Rig, pattern
from network import SIGNAL_IP, TURN_IP, Network, why_not

MIB = 1 << 20
STUN = f"stun:{TURN_IP}"
TURN_UDP = f"turn:{TURN_IP}"
TURN_TCP = f"turn:{TURN_IP}?transport=tcp"
# A port that the strictest firewalls let out.
TURN_TLS = f"turns:{TURN_IP}:443"
# A name that only the proxy of an office knows (office.py).
TURN_NAME = "turn.lab"
SIGNAL_PORT = 443
TAP_PORT = 8443
WIRETAP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "wiretap.py")
USER, PASSWORD = "somebody", "secret-of-the-lab"


@functools.cache
def pattern_digest(size):
    digest = hashlib.sha256()
    for block in pattern(size):
        digest.update(block)
    return digest.hexdigest()


def make_certificate(folder, address):
    """ca.pem, and server.pem with server.key for that address."""

    def openssl(*args):
        subprocess.run(["openssl", *args], cwd=folder, check=True, capture_output=True)

    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2",
            "-subj", "/CN=a CA of the lab")
    openssl("req", *key, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=lab")
    with open(os.path.join(folder, "names"), "w") as names:
        names.write(f"subjectAltName=IP:{address},DNS:{TURN_NAME}\n")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
            "-CAcreateserial", "-days", "2", "-extfile", "names", "-out", "server.pem")


DIRECTLY, RELAYED = "directly", "through a relay"
LAST_RESORT = "by way of the signal server"


class Pair:
    """The pair of candidates that one side says it is connected by."""

    def __init__(self, match):
        self.is_relayed = match[1] == RELAYED
        self.local, self.local_address, self.remote, self.remote_address = match.groups()[1:]

    def __str__(self):
        return f"{self.local} {self.local_address} <-> {self.remote} {self.remote_address}"

    @staticmethod
    def pattern(how=f"{DIRECTLY}|{RELAYED}"):
        """connected directly: host 192.168.1.2:4000 <-> srflx 203.0.113.6:4000, …
        the path now leads through a relay: relay 192.0.2.1:50000 <-> host …
        The last resort has no pair."""
        if how == LAST_RESORT:
            return rf"\b(?:connected|the path now leads) {how}"
        pair = r"(\w+) ([^ ,]+) <-> (\w+) ([^ ,]+)"
        return rf"\b(?:connected|the path now leads) ({how})[^:]*: {pair}"


class LabRig(Rig):
    """laptop and provider are the spaces that the tests made in network."""

    def __init__(self):
        super().__init__()
        self.folder = tempfile.mkdtemp(prefix="tunnel-lab-")
        # Also when the run is interrupted, which no cleanup of a test survives.
        atexit.register(shutil.rmtree, self.folder, ignore_errors=True)
        self.network = Network()
        self.core = self.network.core
        self.laptop = self.provider = None
        self.signal_url = f"ws://{SIGNAL_IP}:{SIGNAL_PORT}"
        self.password = PASSWORD
        self.signal_flags = ()
        self.turn_ip = TURN_IP
        self.transfers = 0

    def file(self, name):
        return os.path.join(self.folder, name)

    def place_of(self, name):
        """In which namespace a process is run; clients are on the laptop."""
        places = {"mock": self.provider, "serve": self.provider, "signal-server": self.core,
                  "coturn": self.core}  # fmt: skip
        return places.get(name, self.laptop)

    def run(self, name, argv, env=None, is_product=True, space=None):
        space = space or self.place_of(name)
        return super().run(name, space.argv(argv), env, is_product)

    def start_coturn(self, secret=None, also=()):
        """With one user, or for whom the secret's holder has named. also: where
        it listens, too."""
        users = ["--lt-cred-mech", "--user", f"{USER}:{PASSWORD}"]
        if secret:
            users = ["--use-auth-secret", "--static-auth-secret", secret]
        if not os.path.exists(self.file("ca.pem")):
            make_certificate(self.folder, self.turn_ip)
        self.coturn = self.run("coturn", [
            "turnserver", "-n", "--log-file=stdout", "--simple-log", "--verbose",
            "--no-cli", "--no-dtls",
            "--pidfile", self.file("coturn.pid"), "--userdb", self.file("coturn.db"),
            "--relay-threads=1", "--listening-ip", self.turn_ip, "--tls-listening-port=443",
            "--cert", self.file("server.pem"), "--pkey", self.file("server.key"),
            "--realm=lab", *users, *(f"--listening-ip={address}" for address in also),
        ], is_product=False)  # fmt: skip
        for transport, port in (("UDP", 3478), ("TCP", 3478), ("TCP", 443)):
            self.coturn.wait_for(
                rf"{transport} listener opened on *: \[?{self.turn_ip}\]?:{port}$"
            )

    def restart_coturn(self):
        self.coturn.kill()
        self.coturn.wait_exit()
        self.start_coturn()

    def start_signal(self, *args, listen=f"{SIGNAL_IP}:{SIGNAL_PORT}"):
        return super().start_signal(*args, listen=listen)

    def tap_signal(self):
        """From now on heard() knows what the signal server says to the ends."""
        server = [SIGNAL_IP, str(SIGNAL_PORT)]
        argv = [sys.executable, WIRETAP, SIGNAL_IP, str(TAP_PORT), *server]
        self.tap = self.run("wiretap", argv, is_product=False, space=self.core)
        self.tap.wait_for("^ready")
        self.signal_url = f"ws://{SIGNAL_IP}:{TAP_PORT}"

    def heard(self):
        lines = self.tap.text("out").splitlines()
        return "".join(json.loads(line) for line in lines if line.startswith('"'))

    def start_tunnel(self, *flags, stun=STUN, turn=()):
        """Both ends, with these servers; pairs() waits until they have met."""
        options = {"stun": stun}
        env = {"SSL_CERT_FILE": self.file("ca.pem")}
        if turn:
            flags += tuple(word for url in turn for word in ("--turn", url))
            options["turn-user"] = USER
            env["TUNNEL_TURN_PASS"] = self.password
        self.start_serve(*flags, env=env, **options)
        self.start_proxy(*flags, env=env, **options)

    def start(self, *flags, **options):
        self.start_mock()
        self.start_coturn()
        self.start_signal(*self.signal_flags)
        self.start_tunnel(*flags, **options)

    def pairs(self, *how, after=(0, 0)):
        """(the laptop's, the provider's), when both are connected so."""
        ends = zip((self.proxy, self.serve), after)
        return tuple(Pair(end.wait_for(Pair.pattern(*how), after=mark)) for end, mark in ends)

    # What the laptop's user does.

    def url(self, path):
        return f"http://{self.proxy_address[0]}:{self.proxy_address[1]}{path}"

    def curl(self, *args):
        """One curl, one attempt; its standard output is in text("out")."""
        self.transfers += 1
        return self.run(f"curl {self.transfers}", ["curl", "--silent", "--show-error", *args],
                        is_product=False)  # fmt: skip

    def download(self, size, *args, query=""):
        """A download that has begun; its check() waits for the end of it."""
        path = self.file(f"download-{self.transfers}")
        curl = self.curl("--fail", "--output", path, *args, self.url(f"/bytes/{size}{query}"))
        return Transfer(curl, lambda: file_digest(path), (size, pattern_digest(size)))

    def upload(self, size, *args, query=""):
        path = self.file(f"upload-{size}")
        if not os.path.exists(path):
            with open(path, "wb") as file:
                file.writelines(pattern(size))
        curl = self.curl("--fail", "--upload-file", path, *args, self.url(f"/digest{query}"))
        return Transfer(curl, lambda: tuple(json.loads(curl.text("out")).values()),
                        (size, pattern_digest(size)))  # fmt: skip

    def close(self):
        try:
            super().close()
        finally:
            self.network.close()


class Transfer:
    """A curl, and what must have arrived when it has ended."""

    def __init__(self, curl, arrived, expected):
        self.curl = curl
        self.arrived = arrived
        self.expected = expected

    def check(self, deadline=None):
        code = self.curl.wait_exit(deadline)
        if code != 0:
            raise AssertionError(f"curl ended with {code}: {self.curl.text('err')}")
        if (arrived := self.arrived()) != self.expected:
            raise AssertionError(f"{arrived} arrived, not {self.expected}")


def file_digest(path):
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return os.path.getsize(path), digest


WHY_NOT = why_not()


@unittest.skipIf(WHY_NOT, WHY_NOT)
class LabCase(Case):
    """A test with a rig and an empty network of its own."""

    rig_type = LabRig

    def check_transfers(self, size=4 * MIB):
        """Both ways at the same time."""
        for transfer in [self.rig.download(size), self.rig.upload(size)]:
            transfer.check()


class Homes(LabCase):
    """laptop and provider in a home each."""

    def build(self, laptop=None, provider=None):
        """The homes, with these options."""
        rig = self.rig
        rig.home_1 = rig.network.add_home(1, **(laptop or {}))
        rig.home_2 = rig.network.add_home(2, **(provider or {}))
        rig.laptop = rig.home_1.add_host("laptop", 2)
        rig.provider = rig.home_2.add_host("provider", 2)

    def connect(self, laptop=None, provider=None, turn=(TURN_UDP,), flags=()):
        self.build(laptop, provider)
        self.rig.start(*flags, turn=turn)
        return self.rig.pairs()

    def check_direct(self, pairs):
        for pair in pairs:
            self.assertFalse(pair.is_relayed, pair)
            self.assertNotIn("relay", (pair.local, pair.remote), pair)
        self.check_transfers()

    def check_relayed(self, pairs):
        for pair in pairs:
            self.assertTrue(pair.is_relayed, pair)
            self.assertIn("relay", (pair.local, pair.remote), pair)
        self.check_transfers()
