"""The machine's addresses change under a session: ICE restarts, streams go on.

Three network namespaces, of which the middle one routes:

    provider ── eth0 ── hub ── eth0 ── consumer
    10.77.0.2      signal-server      10.77.0.3
"""

import ctypes
import hashlib
import http.client
import os
import re
import socket
import subprocess
import threading
import unittest

from harness import CONNECTED, DEADLINE, IS_INSTRUMENTED, Case, Rig, pattern

SIZE = 24 << 20 if IS_INSTRUMENTED else 96 << 20
RESTART = r"looking for another path"
NEW_PATH = r"the path now leads"
CLONE_NEWNET = 0x40000000


def ip(*words, check=True):
    return subprocess.run(["ip", *words], check=check, capture_output=True, text=True)


def why_not():
    """Why there can be no namespaces here, or None."""
    if os.geteuid() != 0:
        return "only root may make network namespaces"
    name = f"tunnel-probe-{os.getpid()}"
    try:
        if ip("netns", "add", name, check=False).returncode:
            return "no network namespace can be made"
        pair = ip("-n", name, "link", "add", "veth-x", "type", "veth", check=False)
        ip("netns", "del", name)
    except OSError:
        return "there is no ip (iproute2)"
    return "no veth pair can be made" if pair.returncode else None


def connect_inside(space, address):
    """A socket that belongs to that namespace; the thread that made it is gone."""
    made = []

    def run():
        try:
            with open(f"/run/netns/{space}") as handle:
                if ctypes.CDLL(None, use_errno=True).setns(handle.fileno(), CLONE_NEWNET):
                    raise OSError(ctypes.get_errno(), "setns")
            made.append(socket.create_connection(address, timeout=2 * DEADLINE))
        except OSError as error:
            made.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if isinstance(made[0], OSError):
        raise made[0]
    return made[0]


class Net(Rig):
    """A rig whose processes live in the namespaces."""

    places = {"mock": "provider", "serve": "provider", "proxy": "consumer", "signal-server": "hub"}

    def __init__(self):
        super().__init__()
        self.prefix = f"tunnel-{os.getpid()}-"
        self.made = []
        try:
            self.build()
        except BaseException:
            self.close()
            raise

    def space(self, place):
        return self.prefix + place

    def inside(self, place, *words):
        ip("-n", self.space(place), *words)

    def build(self):
        for place in ("hub", "provider", "consumer"):
            ip("netns", "add", self.space(place))
            self.made.append(place)
            self.inside(place, "link", "set", "lo", "up")
        # Without one of its own, its MAC address changes with its ports.
        mac = "02:00:00:00:77:01"
        self.inside("hub", "link", "add", "lan", "address", mac, "type", "bridge")
        for net in (77, 78):
            self.inside("hub", "addr", "add", f"10.{net}.0.1/24", "dev", "lan")
        self.inside("hub", "link", "set", "lan", "up")
        forward = ["sysctl", "-qw", "net.ipv4.ip_forward=1"]
        subprocess.run(["ip", "netns", "exec", self.space("hub"), *forward], check=True)
        self.plug("provider", "eth0", "10.77.0.2")
        self.plug("consumer", "eth0", "10.77.0.3")

    def plug(self, place, device, address):
        """A cable from the machine to the hub."""
        hub_end = f"{place[:4]}-{device}"
        self.inside("hub", "link", "add", hub_end, "type", "veth", "peer", "name", device,
                    "netns", self.space(place))  # fmt: skip
        self.inside("hub", "link", "set", hub_end, "master", "lan", "up")
        self.inside(place, "link", "set", device, "up")
        self.give(place, device, address)

    def give(self, place, device, address):
        self.inside(place, "addr", "add", f"{address}/24", "dev", device)
        gateway = re.sub(r"\d+$", "1", address)
        self.inside(place, "route", "replace", "default", "via", gateway)

    def take(self, place, device, address):
        self.inside(place, "addr", "del", f"{address}/24", "dev", device)

    def run(self, name, argv, env=None, is_product=True):
        space = self.space(self.places[name.split()[0]])
        return super().run(name, ["ip", "netns", "exec", space, *argv], env, is_product)

    def connect(self, timeout=None):
        conn = http.client.HTTPConnection(*self.proxy_address)
        conn.sock = connect_inside(self.space("consumer"), self.proxy_address)
        return conn

    def start_all(self):
        self.start_mock()
        self.start_signal(listen="10.77.0.1:0")
        self.start_serve("--log-level", "debug")
        self.start_proxy("--log-level", "debug")
        self.wait_up()
        return self

    def close(self):
        try:
            super().close()
        finally:
            for place in self.made:
                ip("netns", "del", self.space(place), check=False)


class Transfers:
    """A download in mid-body and an upload in mid-body, on connections of
    their own."""

    def __init__(self, rig):
        self.down = rig.connect()
        self.down.request("GET", f"/bytes/{SIZE}")
        self.response = self.down.getresponse()
        self.sum = hashlib.sha256()
        self.left = SIZE
        self.read(SIZE // 4)
        self.up = rig.connect()
        self.up.putrequest("POST", "/digest")
        self.up.putheader("Content-Length", str(SIZE))
        self.up.endheaders()
        self.blocks = list(pattern(SIZE))
        self.send(len(self.blocks) // 4)

    def read(self, size):
        while size > 0:
            data = self.response.read1(min(size, 1 << 16))
            assert data, "the download ended early"
            self.sum.update(data)
            size -= len(data)
            self.left -= len(data)

    def send(self, count):
        for block in self.blocks[:count]:
            self.up.send(block)
        del self.blocks[:count]

    def finish(self, case):
        whole = hashlib.sha256()
        for block in pattern(SIZE):
            whole.update(block)
        upload = threading.Thread(target=self.send, args=(len(self.blocks),))
        upload.start()
        self.read(self.left)
        case.assertEqual(self.sum.hexdigest(), whole.hexdigest())
        upload.join()
        answer = self.up.getresponse().read().decode()
        case.assertIn(whole.hexdigest(), answer)
        self.down.close()
        self.up.close()


@unittest.skipIf(why_not(), why_not() or "")
class Mobility(Case):
    seconds = 240

    def setUp(self):
        self.rig = Net()
        self.addCleanup(self.rig.close)
        self.addCleanup(self._explain)
        self.rig.start_all()

    def assert_one_session(self):
        for process in (self.rig.serve, self.rig.proxy):
            self.assertEqual(process.count(CONNECTED), 1, process.name)

    def move(self, place):
        """The machine is unplugged from one network and plugged into another."""
        rig = self.rig
        transfers = Transfers(rig)
        number = {"provider": 2, "consumer": 3}[place]
        rig.take(place, "eth0", f"10.77.0.{number}")
        rig.give(place, "eth0", f"10.78.0.{number}")
        mover = rig.serve if place == "provider" else rig.proxy
        mover.wait_for(RESTART)
        mover.wait_for(NEW_PATH)
        transfers.finish(self)
        self.assert_one_session()
        self.assertEqual(rig.get_json("/health"), {"status": "ok"})

    def test_consumer_moves(self):
        """the consumer's address changes in mid-transfer: every byte arrives"""
        self.move("consumer")

    def test_provider_moves(self):
        """the provider's address changes in mid-transfer: every byte arrives"""
        self.move("provider")

    def test_nowhere_for_a_while(self):
        """no address at all, not even to the signal server, then another"""
        rig = self.rig
        transfers = Transfers(rig)
        rig.take("consumer", "eth0", "10.77.0.3")
        rig.proxy.wait_for(r"signal server at \S+ cannot be reached")
        rig.give("consumer", "eth0", "10.78.0.3")
        rig.proxy.wait_for(NEW_PATH)
        transfers.finish(self)
        self.assert_one_session()

    def test_another_interface(self):
        """a second interface comes while streams are open both ways: a restart
        on the path that works, then the first one goes"""
        rig = self.rig
        transfers = Transfers(rig)
        rig.plug("consumer", "eth1", "10.78.0.9")
        rig.proxy.wait_for(RESTART)
        rig.serve.wait_for(r"ice: connected|the path")
        transfers.read(SIZE // 4)
        mark = rig.proxy.mark()
        rig.inside("consumer", "link", "del", "eth0")
        rig.proxy.wait_for(RESTART, after=mark)
        rig.proxy.wait_for(NEW_PATH, after=mark)
        transfers.finish(self)
        self.assert_one_session()
