"""Where two machines may be, without a TURN server: how they are connected, and how
long that takes, from the start of the second one to the first byte."""

import shutil
import time
import unittest

import ipv6
from lab import DIRECTLY, LAST_RESORT, SIGNAL_PORT, STUN, Homes, Pair
from network import CONE, NO_UDP, SIGNAL_IP, SYMMETRIC, add_behind_carrier
from office import NOTHING, SIGNAL_NAME, start_squid


class Situations(Homes):
    waits = 45

    def connect_and_time(self, how, start_network_proxy=None):
        """The client is there before the tunnel is."""
        rig = self.rig
        self.start_provider()
        env = {}
        if start_network_proxy:
            env["HTTPS_PROXY"] = start_network_proxy(rig, rig.home_1)
            rig.signal_url = f"ws://{SIGNAL_NAME}:{SIGNAL_PORT}"
        self.time_laptop(how, env=env)

    def start_provider(self, stun=STUN, signal_ip=SIGNAL_IP):
        rig = self.rig
        rig.start_mock()
        rig.start_coturn()  # as the STUN server
        rig.start_signal(listen=f"{signal_ip}:{SIGNAL_PORT}")
        rig.start_serve(stun=stun)
        rig.serve.wait_for("waiting for the other side")

    def time_laptop(self, how, stun=STUN, **options):
        rig = self.rig
        begun = time.monotonic()
        rig.start_proxy(stun=stun, **options)
        curl = rig.curl("--fail", rig.url("/bytes/1"))
        self.assertEqual(curl.wait_exit(), 0)
        self.note = f"{time.monotonic() - begun:.1f} s"
        for end in (rig.proxy, rig.serve):
            end.wait_for(Pair.pattern(how))
        self.check_transfers(size=1 << 20)

    def build_behind_carriers(self, source):
        """Each home behind another NAT, which it shares with others (RFC 6598)."""
        rig = self.rig
        rig.home_1, rig.home_2 = (add_behind_carrier(rig.network, number, source)
                                  for number in (1, 2))
        rig.laptop = rig.home_1.add_host("laptop", 2)
        rig.provider = rig.home_2.add_host("provider", 2)

    def test_open(self):
        """open and open"""
        self.build({"dmz": 2}, {"dmz": 2})
        self.connect_and_time(DIRECTLY)

    def test_cone(self):
        """cone and cone"""
        self.build()
        self.connect_and_time(DIRECTLY)

    def test_cone_symmetric(self):
        """cone and symmetric"""
        self.build(None, {"source": SYMMETRIC})
        self.connect_and_time(LAST_RESORT)

    def test_symmetric(self):
        """symmetric and symmetric"""
        self.build({"source": SYMMETRIC}, {"source": SYMMETRIC})
        self.connect_and_time(LAST_RESORT)

    def test_without_udp(self):
        """no UDP out of one home"""
        self.build({"outgoing": NO_UDP})
        self.connect_and_time(LAST_RESORT)

    @unittest.skipUnless(shutil.which("squid"), "there is no squid")
    def test_office(self):
        """nothing out of an office but through its proxy, squid"""
        self.build({"outgoing": NOTHING})
        self.connect_and_time(LAST_RESORT, start_squid)

    def test_two_carriers(self):
        """both behind two NATs, whose outer ones keep ports"""
        self.build_behind_carriers(CONE)
        self.connect_and_time(DIRECTLY)

    def test_two_strict_carriers(self):
        """both behind two NATs, whose outer ones are symmetric"""
        self.build_behind_carriers(SYMMETRIC)
        self.connect_and_time(LAST_RESORT)

    @unittest.skipIf(ipv6.WHY_NO_IPV6, ipv6.WHY_NO_IPV6)
    def test_ipv6_only(self):
        """an internet of IPv6 alone, a firewall at either home"""
        rig = self.rig
        ipv6.give_core_addresses(rig.core)
        rig.home_1, rig.home_2 = (ipv6.Home6(rig.network, number) for number in (1, 2))
        rig.laptop = rig.home_1.add_host("laptop", 2)
        rig.provider = rig.home_2.add_host("provider", 2)
        rig.turn_ip = ipv6.TURN_IP6
        stun = f"stun:[{ipv6.TURN_IP6}]"
        self.start_provider(stun, f"[{ipv6.SIGNAL_IP6}]")
        self.time_laptop(DIRECTLY, stun)

    @unittest.skipIf(ipv6.WHY_NO_NAT64, ipv6.WHY_NO_NAT64)
    def test_nat64(self):
        """IPv6 alone and NAT64, to a cone of IPv4; a STUN server by its address of IPv4"""
        rig = self.rig
        rig.home_1 = ipv6.HomeNat64(rig.network, 1)
        rig.home_2 = rig.network.add_home(2)
        rig.laptop = rig.home_1.add_host("laptop", 2)
        rig.provider = rig.home_2.add_host("provider", 2)
        self.start_provider()
        rig.laptop.hosts = rig.home_1.start_nat64(rig)
        rig.signal_url = f"ws://{ipv6.SIGNAL_NAME}:{SIGNAL_PORT}"
        self.time_laptop(DIRECTLY)
        laptop, provider = rig.pairs(DIRECTLY)
        self.assertTrue(laptop.remote_address.startswith(f"[{ipv6.PREFIX}"), laptop)
        self.assertTrue(provider.remote_address.startswith("203.0.113.2:"), provider)


if __name__ == "__main__":
    unittest.main()
