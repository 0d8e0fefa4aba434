"""Three network namespaces, of which the middle one is a router:

    provider ── eth0 ── hub ── eth0 ── consumer
    10.77.0.2      signal-server      10.77.0.3

10.78.0.0/24 is there as well, for machines that move.
"""

import ctypes
import hashlib
import http.client
import os
import re
import socket
import subprocess
import threading

from harness import DEADLINE, IS_INSTRUMENTED, Rig, pattern

CLONE_NEWNET = 0x40000000
SIZE = 24 << 20 if IS_INSTRUMENTED else 96 << 20  # of each of the Transfers


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


def do_inside(space, action):
    """What the action returns, done in that namespace by a thread that is gone
    afterwards; sockets that it made stay there."""
    results = []

    def run():
        try:
            with open(f"/run/netns/{space}") as handle:
                if ctypes.CDLL(None, use_errno=True).setns(handle.fileno(), CLONE_NEWNET):
                    raise OSError(ctypes.get_errno(), "setns")
            results.append((action(), None))
        except Exception as error:
            results.append((None, error))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    result, error = results[0]
    if error:
        raise error
    return result


class SpacesRig(Rig):
    """A rig whose processes live in the namespaces."""

    places = {
        "mock": "provider",
        "serve": "provider",
        "proxy": "consumer",
        "signal-server": "hub",
        "coturn": "hub",
    }

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
        return ip("-n", self.space(place), *words).stdout

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

    def move(self, place):
        """The machine is unplugged from one network and plugged into another."""
        number = {"provider": 2, "consumer": 3}[place]
        self.take(place, "eth0", f"10.77.0.{number}")
        self.give(place, "eth0", f"10.78.0.{number}")

    def run(self, name, argv, env=None, is_product=True):
        space = self.space(self.places[name.split()[0]])
        return super().run(name, ["ip", "netns", "exec", space, *argv], env, is_product)

    def connect(self, timeout=None):
        conn = http.client.HTTPConnection(*self.proxy_address)
        conn.sock = do_inside(
            self.space("consumer"),
            lambda: socket.create_connection(self.proxy_address, timeout or 2 * DEADLINE),
        )
        return conn

    def start_all(self):
        self.start_mock()
        self.start_signal(listen="10.77.0.1:0")
        self.start_serve()
        self.start_proxy()
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
