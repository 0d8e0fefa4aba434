"""Paths that carry no packets of the usual size: by their first bodies, a
tunnel's two ends find out how large theirs may be."""

import unittest

from lab import MIB, TURN_UDP, Homes
from network import SYMMETRIC

SMALL = r"the path carries datagrams of (\d+) bytes at most, fewer than usual"


class SmallPaths(Homes):
    def build_narrow(self, mtu, **options):
        self.build(**options)
        self.rig.home_1.narrow(mtu)
        self.rig.start(turn=(TURN_UDP,))

    def check_size(self, end, most):
        self.assertIn(int(end.wait_for(SMALL)[1]), range(most - 30, most + 1))

    def test_direct(self):
        """576 bytes, the least that every host takes, and nobody tells: direct"""
        self.build_narrow(576)
        self.check_transfers(MIB)
        for end in (self.rig.proxy, self.rig.serve):
            self.check_size(end, 576 - 28)

    def test_relayed(self):
        """1100 bytes to the relay"""
        home = {"source": SYMMETRIC}
        self.build_narrow(1100, laptop=home, provider=home)
        self.check_relayed(self.rig.pairs())
        # What comes from the relay may be fragmented.
        self.check_size(self.rig.proxy, 1100 - 32)


if __name__ == "__main__":
    unittest.main()
