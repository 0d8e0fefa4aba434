"""Ports that a person, or the router, opens."""

import unittest

from lab import Homes
from network import SYMMETRIC


class Published(Homes):
    def test_external(self):
        """one port published in front of the provider, and no server: direct"""
        self.build({"source": SYMMETRIC}, {"source": SYMMETRIC, "dmz": 2})
        rig = self.rig
        rig.start_mock()
        rig.start_signal()
        rig.start_serve("--udp-port", "40000", "--external", "203.0.113.6")
        rig.start_proxy()
        laptop, provider = rig.pairs()
        self.assertEqual((laptop.remote, laptop.remote_address), ("srflx", "203.0.113.6:40000"))
        self.assertEqual(provider.local_address, "203.0.113.6:40000")
        self.check_direct((laptop, provider))


if __name__ == "__main__":
    unittest.main()
