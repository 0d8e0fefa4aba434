"""A laptop with several ways to the internet, of which the kernel uses one."""

import unittest

from lab import DIRECTLY, Pair
from network import NO_UDP
from test_changes import DEADLINE, SIZE, Changes


class TwoUplinks(Changes):
    waits = 40

    def build(self, **laptop):
        """The default route leads to eth0, until there is a better one."""
        super().build(laptop)
        self.rig.laptop.ip("route del default", "route add default via 192.168.1.1 metric 100")

    def add_uplink(self, number, interface, metric):
        """By a home of its own."""
        home = self.rig.network.add_home(number)
        home.plug_in(self.rig.laptop, interface, 2, metric)
        return home

    def test_first_dies(self):
        """the uplink of the default route dies, nobody is told: the other takes over"""
        self.build()
        self.add_uplink(3, "wlan0", 200)
        self.rig.start(turn=[])
        self.rig.pairs(DIRECTLY)
        self.check_change(self.rig.home_1.go_dead, DIRECTLY, [self.rig.proxy])

    def test_vpn(self):
        """the default route is a VPN's: nothing leaves by the uplink beside it"""
        self.build()
        self.add_uplink(3, "tun0", 50)
        self.rig.home_1.count_udp()
        self.rig.start(turn=[])
        self.check_direct(self.rig.pairs(DIRECTLY))
        self.assertEqual(self.rig.home_1.packets_udp(), 0)

    def test_vpn_comes_up(self):
        """a VPN comes up: nothing more leaves by the second uplink, amid a download"""
        rig = self.rig
        self.build(outgoing=NO_UDP)
        uplink = self.add_uplink(3, "wlan0", 200)
        rig.start(turn=[])
        self.assertIn("203.0.113.10:", rig.pairs(DIRECTLY)[0].local_address)
        gate = self.name()
        download = rig.download(SIZE, "--limit-rate", "16M", query=f"?gate={gate}")
        rig.mock.wait_for(r"^sent \d+ \d{7,}$")
        mark = rig.proxy.mark()
        self.add_uplink(4, "tun0", 50)
        rig.proxy.wait_for("looking for another path", after=mark)
        uplink.count_udp()
        found = Pair(rig.proxy.wait_for(Pair.pattern(DIRECTLY), after=mark, deadline=DEADLINE))
        self.assertIn("203.0.113.14:", found.local_address)
        rig.mock.send(f"open {gate}")
        download.check(DEADLINE)
        self.assertEqual(uplink.packets_udp(), 0)

    def test_vpn_over_the_first(self):
        """the same over the default route's own uplink, from the moment it is seen"""
        rig = self.rig
        self.build()
        rig.start(turn=[])
        rig.pairs(DIRECTLY)
        download = rig.download(SIZE, "--limit-rate", "16M")
        rig.mock.wait_for(r"^sent \d+ \d{7,}$")
        mark = rig.proxy.mark()
        self.add_uplink(4, "tun0", 50)
        rig.proxy.wait_for("looking for another path", after=mark)
        rig.home_1.count_udp()
        found = Pair(rig.proxy.wait_for(Pair.pattern(DIRECTLY), after=mark, deadline=DEADLINE))
        self.assertIn("203.0.113.14:", found.local_address)
        download.check(DEADLINE)
        self.assertEqual(rig.home_1.packets_udp(), 0)


if __name__ == "__main__":
    unittest.main()
