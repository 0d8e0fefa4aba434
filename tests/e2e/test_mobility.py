"""The machine's addresses change under a session: ICE restarts, streams go on."""

import hashlib
import threading
import unittest

from harness import CONNECTED, IS_INSTRUMENTED, Case, pattern
from spaces import SpacesRig, why_not

SIZE = 24 << 20 if IS_INSTRUMENTED else 96 << 20
RESTART = r"looking for another path"
NEW_PATH = r"the path now leads"


class Transfers:
    """A download in mid-body and an upload in mid-body, on connections of
    their own."""

    def __init__(self, rig):
        self.down = rig.connect()
        self.down.request("GET", f"/bytes/{SIZE}")
        self.response = self.down.getresponse()
        self.sum = hashlib.sha256()
        self.left = SIZE
        self.read(SIZE // 4)
        self.up = rig.connect()
        self.up.putrequest("POST", "/digest")
        self.up.putheader("Content-Length", str(SIZE))
        self.up.endheaders()
        self.blocks = list(pattern(SIZE))
        self.send(len(self.blocks) // 4)

    def read(self, size):
        while size > 0:
            data = self.response.read1(min(size, 1 << 16))
            assert data, "the download ended early"
            self.sum.update(data)
            size -= len(data)
            self.left -= len(data)

    def send(self, count):
        for block in self.blocks[:count]:
            self.up.send(block)
        del self.blocks[:count]

    def finish(self, case):
        whole = hashlib.sha256()
        for block in pattern(SIZE):
            whole.update(block)
        upload = threading.Thread(target=self.send, args=(len(self.blocks),))
        upload.start()
        self.read(self.left)
        case.assertEqual(self.sum.hexdigest(), whole.hexdigest())
        upload.join()
        answer = self.up.getresponse().read().decode()
        case.assertIn(whole.hexdigest(), answer)
        self.down.close()
        self.up.close()


@unittest.skipIf(why_not(), why_not() or "")
class Mobility(Case):
    seconds = 240

    def setUp(self):
        self.rig = SpacesRig()
        self.addCleanup(self.rig.close)
        self.addCleanup(self._explain)
        self.rig.start_all()

    def assert_one_session(self):
        for process in (self.rig.serve, self.rig.proxy):
            self.assertEqual(process.count(CONNECTED), 1, process.name)

    def move(self, place):
        """The machine is unplugged from one network and plugged into another."""
        rig = self.rig
        transfers = Transfers(rig)
        number = {"provider": 2, "consumer": 3}[place]
        rig.take(place, "eth0", f"10.77.0.{number}")
        rig.give(place, "eth0", f"10.78.0.{number}")
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
        on the path that works, then the first one goes"""
        rig = self.rig
        transfers = Transfers(rig)
        rig.plug("consumer", "eth1", "10.78.0.9")
        rig.proxy.wait_for(RESTART)
        transfers.read(SIZE // 4)
        mark = rig.proxy.mark()
        rig.inside("consumer", "link", "del", "eth0")
        rig.proxy.wait_for(RESTART, after=mark)
        rig.proxy.wait_for(NEW_PATH, after=mark)
        transfers.finish(self)
        self.assert_one_session()
