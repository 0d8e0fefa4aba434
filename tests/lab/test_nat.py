"""Which path is found, by the NATs between laptop and provider."""

import os
import unittest

from lab import SIGNAL_PORT, TURN_TCP, TURN_TLS, TURN_UDP, Homes, LabCase
from network import CONE, NO_UDP, ONLY_HTTPS, SYMMETRIC, TURN_IP

class Nats(Homes):
    def test_cone_cone(self):
        """cone and cone: direct"""
        self.check_direct(self.connect({"source": CONE}, {"source": CONE}))

    def test_cone_symmetric(self):
        """cone and symmetric: through the relay"""
        self.check_relayed(self.connect({"source": CONE}, {"source": SYMMETRIC}))

    def test_symmetric_symmetric(self):
        """symmetric and symmetric: through the relay"""
        self.check_relayed(self.connect({"source": SYMMETRIC}, {"source": SYMMETRIC}))

    def test_open_symmetric(self):
        """a home that lets everybody in, and symmetric: direct"""
        self.check_direct(self.connect({"dmz": 2}, {"source": SYMMETRIC}))

    def test_same_addresses(self):
        """cone and cone, both hosts with the same private address: direct"""
        self.check_direct(self.connect({"subnet": 1}, {"subnet": 1}))


class Firewalls(Homes):
    turns = (TURN_UDP, TURN_TCP, TURN_TLS)

    def test_laptop_without_udp(self):
        """no UDP out of the laptop's home: TURN over TCP"""
        self.check_relayed(self.connect({"outgoing": NO_UDP}, turn=(TURN_UDP, TURN_TCP)))

    def test_provider_without_udp(self):
        """no UDP out of the provider's home: TURN over TCP"""
        self.check_relayed(self.connect(None, {"outgoing": NO_UDP}, turn=(TURN_UDP, TURN_TCP)))

    def test_both_without_udp(self):
        """no UDP out of either home: TURN over TCP on both sides"""
        homes = {"outgoing": NO_UDP}, {"outgoing": NO_UDP}
        pairs = self.connect(*homes, turn=(TURN_UDP, TURN_TCP))
        self.assertEqual([(pair.local, pair.remote) for pair in pairs], [("relay", "relay")] * 2)
        self.check_relayed(pairs)

    def test_only_https(self):
        """only TCP to port 443 out of the laptop's home: TURN over TLS"""
        self.check_relayed(self.connect({"outgoing": ONLY_HTTPS}, turn=self.turns))

    def test_both_only_https(self):
        """only TCP to port 443 out of either home: TURN over TLS on both sides"""
        homes = {"outgoing": ONLY_HTTPS}, {"outgoing": ONLY_HTTPS}
        self.check_relayed(self.connect(*homes, turn=self.turns))


class NamedServers(Homes):
    def test_signal_server(self):
        """symmetric and symmetric: by the TURN server that the signal server has named"""
        rig = self.rig
        self.build({"source": SYMMETRIC}, {"source": SYMMETRIC})
        rig.start_mock()
        rig.start_coturn(secret="secret-of-both")
        with open(rig.file("secret"), "w") as file:
            file.write("secret-of-both\n")
        rig.start_signal("--turn-secret-file", rig.file("secret"), "--turn", TURN_UDP,
                         "--stun", f"stun:{TURN_IP}")
        rig.start_serve()
        rig.start_proxy()
        self.check_relayed(rig.pairs())


class RelayOnly(Homes):
    def test_relay_only(self):
        """--relay-only, where a direct way is: only the relay knows addresses"""
        rig = self.rig
        self.build()
        rig.network.count_direct()
        rig.start_mock()
        rig.start_coturn()
        rig.start_signal()
        rig.tap_signal()
        rig.start_tunnel("--relay-only", turn=[TURN_UDP])
        pairs = rig.pairs()
        for pair in pairs:
            self.assertEqual(pair.local, "relay")
            self.assertTrue(pair.remote_address.startswith(TURN_IP), pair)
        self.check_relayed(pairs)
        heard = rig.heard()
        self.assertIn(TURN_IP, heard)
        for home in (rig.home_1, rig.home_2):
            self.assertNotIn(home.subnet, heard)
            self.assertNotIn("203.0.113.", heard)
        self.assertEqual(rig.network.packets_direct(), 0)


class OneNetwork(LabCase):
    def check_hosts(self, pairs):
        for pair in pairs:
            self.assertEqual((pair.is_relayed, pair.local, pair.remote), (False, "host", "host"))
        self.check_transfers()

    def test_same_nat(self):
        """two hosts of one home: their own addresses"""
        rig = self.rig
        home = rig.network.add_home(1, source=SYMMETRIC)
        rig.laptop = home.add_host("laptop", 2)
        rig.provider = home.add_host("provider", 3)
        rig.start(turn=[TURN_UDP])
        self.check_hosts(rig.pairs())

    @unittest.skipUnless(os.path.exists("/proc/net/if_inet6"), "this kernel has no IPv6")
    def test_ipv6_only(self):
        """a LAN with nothing but IPv6: their own addresses"""
        rig = self.rig
        rig.laptop, rig.provider = (rig.network.add_space(name) for name in ("laptop", "provider"))
        for number, space in enumerate((rig.network.core, rig.laptop, rig.provider), 1):
            rig.network.plug_into_lan(space, f"fd00::{number}/64")
        rig.signal_url = f"ws://[fd00::1]:{SIGNAL_PORT}"
        rig.start_mock()
        rig.start_signal(listen=f"[fd00::1]:{SIGNAL_PORT}")
        rig.start_tunnel(stun="none")
        self.check_hosts(rig.pairs())


if __name__ == "__main__":
    unittest.main()
