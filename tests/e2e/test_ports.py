"""Which port and which interface paths use: --udp-port, --interface, --external."""

import socket
import subprocess

from harness import CONNECTED, TUNNEL, Case, free_port, has_ipv6_loopback

LOOPBACK = ("--interface", "lo")


class Ports(Case):
    def start(self, *serve_flags, env=None):
        rig = self.rig
        rig.start_mock()
        rig.start_signal()
        rig.start_serve(*LOOPBACK, *serve_flags, env=env)
        rig.start_proxy(*LOOPBACK)
        rig.wait_up()

    def local(self):
        """The port of its path, which is by IPv4 or by IPv6."""
        return int(self.rig.serve.wait_for(CONNECTED + r": host \S+:(\d+) <->")[2])

    def take(self, port):
        """Somebody else has it."""
        families = {socket.AF_INET: "127.0.0.1"}
        if has_ipv6_loopback():
            families[socket.AF_INET6] = "::1"
        for family, host in families.items():
            taken = socket.socket(family, socket.SOCK_DGRAM)
            self.addCleanup(taken.close)
            taken.bind((host, port))

    def test_one(self):
        """--udp-port N: that port, of the address of --interface"""
        port = free_port()
        self.start("--udp-port", str(port))
        self.assertEqual(self.local(), port)
        self.assertRegex(self.rig.serve.wait_for(CONNECTED + ".*").group(), r"host (127\.0|\[::1\])")

    def test_range(self):
        """a range: the first that is free"""
        port = free_port()
        self.take(port)
        self.start(env={"TUNNEL_UDP_PORT": f"{port}-{port + 1}"})
        self.assertEqual(self.local(), port + 1)

    def test_taken(self):
        """all are taken: another one, and a line that says so"""
        port = free_port()
        self.take(port)
        self.start("--udp-port", str(port))
        self.rig.serve.wait_for(rf"UDP port {port} is taken on 127.0.0.1; using another one")
        self.assertNotEqual(self.local(), port)

    def test_no_interface(self):
        """an interface that is not there is told of at the start"""
        self.rig.start_mock()
        self.rig.start_signal()
        self.rig.start_serve("--interface", "nowhere0")
        self.rig.serve.wait_for("--interface nowhere0: there is none of that name now")

    def test_wrong(self):
        """values that are none are named"""
        for flag, value, why in (
            ("--udp-port", "0", "must be a port"),
            ("--udp-port", "70000", "must be a port"),
            ("--udp-port", "9-8", "a range of them"),
            ("--udp-port", "8-9x", "a range of them"),
            ("--interface", "a-name-that-is-too-long", "must be the name of a network interface"),
            ("--external", "example.org", "must be an IPv4 or IPv6 address"),
            ("--external", "0.0.0.0", "must be an IPv4 or IPv6 address"),
        ):
            done = subprocess.run([TUNNEL, "serve", "1", "--room", "r", flag, value],
                                  capture_output=True, text=True)  # fmt: skip
            self.assertEqual(done.returncode, 2)
            self.assertIn(f"{flag} '{value}' ", done.stderr)
            self.assertIn(why, done.stderr)
