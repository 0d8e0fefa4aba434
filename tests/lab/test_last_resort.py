"""Where nothing else works, and nobody runs a TURN server, the signal server passes
on what the ends say: at the start, and in the middle of transfers."""

import unittest

from lab import DIRECTLY, LAST_RESORT, Pair
from network import NO_UDP, ONLY_HTTPS
from test_changes import Changes


class LastResort(Changes):
    waits = 35

    def setUp(self):
        super().setUp()
        # Rates are told of in signal's tests; here they would only take time.
        self.rig.signal_flags = ("--relay-rate", "1000")

    def connect_by_signal(self, laptop=None, provider=None, turn=()):
        self.build(laptop, provider)
        self.rig.start(turn=turn)
        self.wait_for_signal()

    def wait_for_signal(self):
        for end in (self.rig.proxy, self.rig.serve):
            end.wait_for(Pair.pattern(LAST_RESORT))

    def test_only_https(self):
        """only TCP to port 443 out of the laptop's home, and no TURN"""
        self.connect_by_signal({"outgoing": ONLY_HTTPS})
        self.check_transfers()

    def test_there_and_back(self):
        """the block of UDP is lifted, and comes back: nothing is lost"""
        self.build()
        self.rig.network.part_homes()
        self.rig.start()
        self.wait_for_signal()
        self.check_change(self.rig.network.rejoin_homes, DIRECTLY)
        self.check_change(self.rig.network.part_homes, LAST_RESORT)

    def test_server_restarts(self):
        """the signal server is restarted, and both meet there under other ids"""
        self.connect_by_signal({"outgoing": NO_UDP}, {"outgoing": NO_UDP})

        def act():
            self.rig.signal.kill()
            self.rig.signal.wait_exit()
            self.rig.start_signal(*self.rig.signal_flags)

        self.check_change(act, LAST_RESORT)


if __name__ == "__main__":
    unittest.main()
