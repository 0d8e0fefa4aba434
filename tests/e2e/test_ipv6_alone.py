"""A machine that has IPv6 addresses and no others."""

import os
import tempfile
import unittest

from harness import SIGNAL_SERVER, TUNNEL, WAITING, Case
from spaces import ip, why_not

WHY_NOT = why_not()


@unittest.skipIf(WHY_NOT, WHY_NOT)
class Ipv6Alone(Case):
    def setUp(self):
        super().setUp()
        self.space = f"tunnel-v6-{os.getpid()}"
        ip("netns", "add", self.space)
        self.addCleanup(ip, "netns", "del", self.space)
        for words in ("link set lo up", "link add d0 type veth peer d1", "link set d0 up", "link set d1 up"):
            ip("-n", self.space, *words.split(" "))
        if ip("-n", self.space, "addr", "add", "2001:db8::7/64", "dev", "d0", "nodad", check=False).returncode:
            self.skipTest("there is no IPv6 here")

    def run_inside(self, name, *argv):
        return self.rig.run(name, ["ip", "netns", "exec", self.space, *argv])

    def test_signal_server(self):
        """a signal server that listens by IPv4 says what would be reached, and that is"""
        server = self.run_inside("signal-server", SIGNAL_SERVER, "--port", "8787")
        server.wait_for(r"warn .*listens by IPv4 alone, .*; --listen \[::\]:8787 listens at \[2001:db8::7\]:8787, too")
        server.end()
        server = self.run_inside("signal-server", SIGNAL_SERVER, "--listen", "[::]:8787")
        server.wait_for(r"^ws://\[2001:db8::7\]:8787", stream="out")
        server.wait_for(r"^ws://\[::1\]:8787", stream="out")
        self.assertEqual(server.count("listens by IPv4"), 0)

    def test_own_signal_server(self):
        """likewise that of serve, whose links would lead to whoever has them"""
        with tempfile.TemporaryDirectory(prefix="tunnel-v6-") as folder:
            argv = [TUNNEL, "serve", "1", "--stun", "none", "--no-lan", "--state", folder, "--signal-listen"]
            serve = self.run_inside("serve", *argv, "8787")
            serve.wait_for(r"warn .*--signal-listen 0\.0\.0\.0:8787 listens by IPv4 alone, .*; "
                           r"--signal-listen \[::\]:8787 listens at \[2001:db8::7\]:8787, too")
            serve.wait_for(WAITING)
            serve.end()
            serve = self.run_inside("serve", *argv, "[::]:8787")
            serve.wait_for(WAITING)
            self.assertEqual(serve.count("listens by IPv4"), 0)
            link = self.run_inside("invite", TUNNEL, "invite", "a", "--state", folder)
            link.wait_for(r"^http://\[2001:db8::7\]:8787/#t1\.", stream="out")
            serve.end()


if __name__ == "__main__":
    unittest.main()
