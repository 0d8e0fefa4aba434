"""What is connected stays so: a download and an upload, each one curl that asks
once, go on while addresses, firewalls and relays change under them."""

import unittest

from lab import DIRECTLY, MIB, RELAYED, TURN_TCP, TURN_UDP, Homes, Pair
from network import NO_UDP, SYMMETRIC

# Far more than fits into all the queues on the way.
SIZE = 64 * MIB
# Until another path is found, and until the rest is through it. What these end
# is a test that hangs.
DEADLINE = 60


class Changes(Homes):
    seconds = 300

    def check_change(self, act, how, ends=None):
        """What act does happens in the middle of two transfers, which then go
        on by such a path, as these ends say (both). However slow we are here:
        the upstream holds back the last of both until then."""
        rig = self.rig
        ends = ends or [rig.proxy, rig.serve]
        gate = self.name()
        # serve asks once at its start whether the upstream is there.
        probe = rig.mock.wait_for(r"^request (\d+) .* HEAD ")[1]
        rig.mock.wait_for(f"^done {probe}$")
        mark = rig.mock.mark()
        transfers = []
        for way, progress in ((rig.upload, "body"), (rig.download, "sent")):
            transfers.append(way(SIZE, "--limit-rate", "16M", query=f"?gate={gate}"))
            rig.mock.wait_for(rf"^{progress} \d+ \d{{7,}}$")
        ends_marks = [(end, end.mark()) for end in ends]
        act()
        for end, before in ends_marks:
            end.wait_for(Pair.pattern(how), after=before, deadline=DEADLINE)
        self.assertEqual(rig.mock.count("^done ", mark), 0)
        rig.mock.send(f"open {gate}")
        for transfer in transfers:
            transfer.check(DEADLINE)
        self.assertEqual(rig.mock.count("^request ", mark), 2)

    def check_other_address(self, host, home, end):
        """The router gives the host another address."""

        def act():
            home.take_address(host, "eth0", 2)
            home.give_address(host, "eth0", 77)

        self.check_change(act, DIRECTLY, [end])

    def check_other_network(self, host, end, how=DIRECTLY, **home):
        """From the cable to a WLAN that leads elsewhere."""
        other = self.rig.network.add_home(3, **home)

        def act():
            host.ip("addr flush dev eth0", "link set eth0 down")
            other.plug_in(host, "wlan0", 2)

        self.check_change(act, how, [end])


class LaptopMoves(Changes):
    def test_address(self):
        """the laptop gets another address"""
        self.connect()
        self.check_other_address(self.rig.laptop, self.rig.home_1, self.rig.proxy)

    def test_network(self):
        """the laptop goes to another network"""
        self.connect()
        self.check_other_network(self.rig.laptop, self.rig.proxy)


class LaptopElsewhere(Changes):
    def test_away(self):
        """the laptop is off the network until that is noticed, and comes back"""
        self.connect()
        rig = self.rig

        def act():
            mark = rig.serve.mark()
            rig.laptop.ip("link set eth0 down")
            rig.serve.wait_for("looking for another path", after=mark)
            rig.laptop.ip("link set eth0 up", "route replace default via 192.168.1.1")

        self.check_change(act, DIRECTLY)

    def test_strict_network(self):
        """the laptop goes to a network that lets no UDP out: from direct to TURN"""
        self.connect(turn=[TURN_UDP, TURN_TCP])
        self.check_other_network(self.rig.laptop, self.rig.proxy, RELAYED, outgoing=NO_UDP)


class ProviderMoves(Changes):
    def test_address(self):
        """the provider gets another address"""
        self.connect()
        self.check_other_address(self.rig.provider, self.rig.home_2, self.rig.serve)

    def test_network(self):
        """the provider goes to another network"""
        self.connect()
        self.check_other_network(self.rig.provider, self.rig.serve)


class Both(Changes):
    def test_routers(self):
        """both homes get other public addresses, which no host is told"""
        self.connect()

        def act():
            self.rig.home_1.dial_in(101)
            self.rig.home_2.dial_in(105)

        self.check_change(act, DIRECTLY)

    def test_hosts(self):
        """laptop and provider get other addresses at the same time"""
        self.connect()
        rig = self.rig

        def act():
            for home, host in ((rig.home_1, rig.laptop), (rig.home_2, rig.provider)):
                home.take_address(host, "eth0", 2)
                home.give_address(host, "eth0", 77)

        self.check_change(act, DIRECTLY)


class DirectWay(Changes):
    def test_comes_back(self):
        """the direct way opens: the relay is left"""
        self.build()
        self.rig.network.part_homes()
        self.rig.start(turn=[TURN_UDP])
        self.rig.pairs(RELAYED)
        self.check_change(self.rig.network.rejoin_homes, DIRECTLY)

    def test_closes(self):
        """the direct way closes: the relay takes over"""
        self.connect()
        self.check_change(self.rig.network.part_homes, RELAYED)


class Turn(Changes):
    def test_server_restarts(self):
        """the TURN server is restarted, and forgets its allocations"""
        homes = {"source": SYMMETRIC}, {"source": SYMMETRIC}
        self.connect(*homes)
        self.check_change(self.rig.restart_coturn, RELAYED)


if __name__ == "__main__":
    unittest.main()
