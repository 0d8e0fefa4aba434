"""Out of an office that lets nothing out but through its proxy."""

import re
import shutil
import unittest

from harness import TUNNEL, WRAP
from lab import SIGNAL_PORT, TURN_NAME, TURN_TCP, TURN_TLS, TURN_UDP, USER, Homes
from network import SIGNAL_IP
from office import NOTHING, SIGNAL_NAME, start_dante, start_squid


class Offices(Homes):
    waits = 35

    def check_out(self, start_proxy, signal, turn):
        """The laptop is in the office, the provider at home."""
        rig = self.rig
        self.build({"outgoing": NOTHING})
        rig.start_mock()
        rig.start_coturn()
        rig.start_signal()
        url = start_proxy(rig, rig.home_1)
        env = {"SSL_CERT_FILE": rig.file("ca.pem"), "TUNNEL_TURN_PASS": rig.password}
        options = {"turn-user": USER}
        rig.start_serve("--turn", TURN_UDP, env=env, **options)
        rig.signal_url = f"ws://{signal}:{SIGNAL_PORT}"
        rig.start_proxy("--turn", turn, env={**env, "HTTPS_PROXY": url}, **options)
        self.check_relayed(rig.pairs())
        self.check_doctor(turn, {**env, "HTTPS_PROXY": url})

    def check_doctor(self, turn, env):
        """It finds the same way out."""
        rig = self.rig
        doctor = rig.run("doctor", [*WRAP, TUNNEL, "doctor", "--signal", rig.signal_url,
                                    "--stun", "none", "--relay-only", "--turn", turn,
                                    "--turn-user", USER, "--state", rig.file("state")],
                         env, is_product=False)  # fmt: skip
        self.assertEqual(doctor.wait_exit(), 0)
        doctor.wait_for(rf"^signal: {rig.signal_url} answers by way of \w+://[\d.]+:\d+ in \d+ ms")
        doctor.wait_for(rf"^turn: {re.escape(turn)} relays as \S+, and carries$")

    @unittest.skipUnless(shutil.which("squid"), "there is no squid")
    def test_squid_tls(self):
        """squid, with a login: the signal server and TURN over TLS by names that only it knows"""
        self.check_out(start_squid, SIGNAL_NAME, f"turns:{TURN_NAME}:443")

    @unittest.skipUnless(shutil.which("squid"), "there is no squid")
    def test_squid_tcp(self):
        """squid, with a login: TURN over TCP"""
        self.check_out(start_squid, SIGNAL_NAME, f"turn:{TURN_NAME}?transport=tcp")

    @unittest.skipUnless(shutil.which("danted"), "there is no danted (dante)")
    def test_dante(self):
        """dante (SOCKS 5): the signal server, and TURN over TLS"""
        self.check_out(start_dante, SIGNAL_IP, TURN_TLS)

    @unittest.skipUnless(shutil.which("danted"), "there is no danted (dante)")
    def test_dante_tcp(self):
        """dante (SOCKS 5): TURN over TCP"""
        self.check_out(start_dante, SIGNAL_IP, TURN_TCP)


if __name__ == "__main__":
    unittest.main()
