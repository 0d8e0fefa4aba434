"""The machine's addresses change under a session: ICE restarts, streams go on."""

import re
import unittest

from harness import CONNECTED, Case
from link_rig import LinkSpacesRig
from spaces import SpacesRig, Transfers, why_not

RESTART = r"looking for another path"
NEW_PATH = r"the path now leads"
PATH = r"(?:connected|the path now leads) directly.*: host ([\d.]+):\d+ <->"


@unittest.skipIf(why_not(), why_not() or "")
class Mobility(Case):
    rig_type = SpacesRig
    seconds = 240

    def setUp(self):
        super().setUp()
        self.rig.start_all()

    def assert_one_session(self):
        for process in (self.rig.serve, self.rig.proxy):
            self.assertEqual(process.count(CONNECTED), 1, process.name)

    def move(self, place):
        """It changes networks in mid-transfer."""
        rig = self.rig
        transfers = Transfers(rig)
        rig.move(place)
        mover = rig.serve if place == "provider" else rig.proxy
        mover.wait_for(RESTART)
        mover.wait_for(NEW_PATH)
        transfers.finish(self)
        self.assert_one_session()
        self.assertEqual(rig.get_json("/health"), {"status": "ok"})

    def test_consumer_moves(self):
        """the consumer's address changes in mid-transfer: every byte arrives"""
        self.move("consumer")

    def test_provider_moves(self):
        """the provider's address changes in mid-transfer: every byte arrives"""
        self.move("provider")

    def test_nowhere_for_a_while(self):
        """no address at all, not even to the signal server, then another"""
        rig = self.rig
        transfers = Transfers(rig)
        rig.take("consumer", "eth0", "10.77.0.3")
        rig.proxy.wait_for(r"signal server at \S+ cannot be reached")
        rig.give("consumer", "eth0", "10.78.0.3")
        rig.proxy.wait_for(NEW_PATH)
        transfers.finish(self)
        self.assert_one_session()

    def test_another_interface(self):
        """a second interface comes while streams are open both ways: a restart
        on the path that works, then the one in use goes"""
        rig = self.rig
        transfers = Transfers(rig)
        rig.plug("consumer", "eth1", "10.78.0.9")
        rig.proxy.wait_for(RESTART)
        transfers.read(transfers.left // 3)
        # The restart may still try the new one when it has the old one, too.
        mark = rig.proxy.mark()
        devices = {"10.77.0.3": "eth0", "10.78.0.9": "eth1"}
        used = re.findall(PATH, "\n".join(line for _, line in rig.proxy.lines[:mark]))[-1]
        rig.inside("consumer", "link", "del", devices.pop(used))
        rig.proxy.wait_for(NEW_PATH + ".* host " + re.escape(*devices), after=mark)
        transfers.finish(self)
        self.assert_one_session()


@unittest.skipIf(why_not(), why_not() or "")
class MobilityByLink(Mobility):
    """The same where what is said of it is sealed."""

    rig_type = LinkSpacesRig
