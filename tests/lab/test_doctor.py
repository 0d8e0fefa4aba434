"""`tunnel doctor`: what it says of the way out of each kind of network."""

import re
import unittest

import ipv6
from harness import TUNNEL, WRAP
from lab import PASSWORD, TURN_NAME, TURN_TCP, TURN_TLS, TURN_UDP, USER, LabCase
from network import CONE, NO_UDP, SIGNAL_IP, SYMMETRIC, TURN_IP, add_behind_carrier

BOTH = f"stun:{TURN_IP},stun:{SIGNAL_IP}"


class Doctor(LabCase):
    shared = True

    @classmethod
    def start(cls, rig):
        if not ipv6.WHY_NO_IPV6:
            ipv6.give_core_addresses(rig.core)
        also = [] if ipv6.WHY_NO_IPV6 else [ipv6.TURN_IP6, ipv6.SIGNAL_IP6]
        rig.start_coturn(also=[SIGNAL_IP, *also])
        rig.start_signal(listen="[::]:8787" if also else f"{SIGNAL_IP}:8787")
        rig.signal_url = f"ws://{SIGNAL_IP}:8787"
        cls.doctors = {}
        homes = {"cone": {"source": CONE}, "symmetric": {"source": SYMMETRIC},
                 "blocked": {"outgoing": NO_UDP}, "hairpin": {"dmz": 2, "hairpin": True},
                 "narrow": {}}  # fmt: skip
        for number, (name, options) in enumerate(homes.items(), 1):
            home = rig.network.add_home(number, **options)
            host = home.add_host(name, 2)
            if name == "narrow":
                home.narrow(1000)
            turn = TURN_TLS if name == "blocked" else TURN_UDP
            stun = f"stun:{TURN_IP}" if name == "symmetric" else BOTH
            cls.begin(rig, name, host, turn, stun)
        cls.begin(rig, "open", rig.core, TURN_TCP)
        for number, (name, source) in enumerate({"cgnat": CONE, "strict": SYMMETRIC}.items(), 6):
            host = add_behind_carrier(rig.network, number, source).add_host(name, 2)
            cls.begin(rig, name, host, f"{TURN_UDP},{TURN_TCP}")
        if not ipv6.WHY_NO_IPV6:
            cls.begin(rig, "ipv6", ipv6.Home6(rig.network, 9).add_host("ipv6", 2), None,
                      f"stun:[{ipv6.TURN_IP6}],stun:[{ipv6.SIGNAL_IP6}]",
                      f"ws://[{ipv6.SIGNAL_IP6}]:8787")
        if not ipv6.WHY_NO_NAT64:
            cls.begin_behind_nat64(rig)

    @classmethod
    def begin_behind_nat64(cls, rig):
        home = ipv6.HomeNat64(rig.network, 8)
        host = home.add_host("laptop", 2)
        host.hosts = home.start_nat64(rig)
        rig.signal_url = rig.signal_url.replace(SIGNAL_IP, ipv6.SIGNAL_NAME)
        cls.begin(rig, "nat64", host, TURN_TCP.replace(TURN_IP, TURN_NAME))

    @classmethod
    def begin(cls, rig, name, space, turn, stun=BOTH, signal=None):
        """All at the same time: each has to lose its patience alone."""
        env = {"SSL_CERT_FILE": rig.file("ca.pem"), "TUNNEL_NO_LAN": "0",
               **({"TUNNEL_TURN_PASS": PASSWORD} if turn else {})}
        doctor = rig.run(f"doctor, {name}", [
            *WRAP, TUNNEL, "doctor", "--signal", signal or rig.signal_url,
            "--state", rig.file("state"), "--stun", stun,
            *(("--turn", turn, "--turn-user", USER) if turn else ()),
        ], env=env, is_product=False, space=space)  # fmt: skip
        doctor.expected_exit = (0, 1)
        cls.doctors[name] = doctor

    def check(self, name, status, stun, summary, *also):
        doctor = self.doctors[name]
        self.assertEqual(doctor.wait_exit(), status)
        text = doctor.text("out")
        for wanted in (r"signal: ws:\S+ answers directly in \d+ ms, without TLS", "clock: that of",
                       "stun(?: by IPv6)?: " + stun,
                       r"turn: turns?:\S+ relays as 192\.0\.2\.\d:\d+, and carries",
                       "port mapping: no ", "state: there is no ", "local network: others there can be found, by 1 int",
                       "summary: " + summary, *also):
            self.assertTrue(re.search("^" + wanted, text, re.M), (wanted, text))

    def test_open(self):
        """no NAT: direct to all"""
        self.check("open", 0, r"seen as \S+, open, no NAT; 3 of 3 addresses", "not behind a NAT: direct to")

    def test_cone(self):
        """a cone NAT, by the same mapping for two servers"""
        self.check("cone", 0, r"seen as 203\.0\.113\.2:\d+, cone NAT", "behind a cone NAT: direct",
                   "hairpin: the NAT does not lead back in what is sent to its outside; two ends",
                   "path mtu: packets of 1500 bytes reach a STUN server$",
                   r"turn: turn:192\.0\.2\.1\?transport=tcp, which is not named, relays, too; name")

    def test_hairpin(self):
        """a cone whose router leads back in what is sent to its outside"""
        self.check("hairpin", 0, r"seen as 203\.0\.113\.14:\d+, cone NAT", "behind a cone NAT: direct",
                   "hairpin: the NAT leads back in what is sent to its outside$")

    def test_narrow(self):
        """a link that takes 1000 bytes, and tells nobody"""
        self.check("narrow", 1, "seen as ", "behind a cone NAT: direct",
                   "path mtu: packets of at most 1000 bytes reach a STUN server; .*; look at the MTU")

    def test_carrier(self):
        """two NATs in a row, of which the outer one keeps ports; two TURN URLs"""
        self.check("cgnat", 0, "seen as .*, cone NAT", "behind a cone NAT: direct",
                   r"turn: turn:192\.0\.2\.1\?transport=tcp relays as \S+, and carries$")

    def test_strict_carrier(self):
        """the same, but it is symmetric"""
        self.check("strict", 1, "seen as .*, symmetric NAT", "behind a symmetric NAT: direct only")

    @unittest.skipIf(ipv6.WHY_NO_NAT64, ipv6.WHY_NO_NAT64)
    def test_nat64(self):
        """IPv6 alone and NAT64: a cone; STUN servers by their addresses of IPv4"""
        self.check("nat64", 0, r"seen as 203\.0\.113\.30:\d+, cone NAT", "behind a cone NAT: direct")

    @unittest.skipIf(ipv6.WHY_NO_IPV6, ipv6.WHY_NO_IPV6)
    def test_ipv6(self):
        """IPv6 alone, behind a firewall: no NAT"""
        doctor = self.doctors["ipv6"]
        self.assertEqual(doctor.wait_exit(), 0)
        text = doctor.text("out")
        self.assertRegex(text, r"\nstun by IPv6: seen as \[2001:db8:19::2\]:\d+, open, no NAT; 3 of 3 ")
        self.assertRegex(text, r"\npath mtu: packets of 1500 bytes reach a STUN server\n")
        self.assertRegex(text, r"\nsummary: not behind a NAT: direct to every side that UDP leads out of")

    def test_symmetric(self):
        """a symmetric NAT, by a mapping for each address of one server (RFC 5780)"""
        self.check("symmetric", 1, r"seen as 203\.0\.113\.6:\d+, symmetric NAT",
                   "behind a symmetric NAT: direct only to a side that is open; else by the TURN")

    def test_no_udp(self):
        """UDP blocked: TURN by TLS"""
        self.check("blocked", 1, "UDP is blocked: none of 2 addresses of servers answers",
                   "UDP is blocked, so there is no direct path but in one's own network; else the "
                   "TURN")
