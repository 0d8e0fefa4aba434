"""Without a signal server: both ends meet at WebTorrent trackers, which are told
nothing. The trackers are bittorrent-tracker's, on this machine."""

import json
import os
import signal
import socket
import unittest

from harness import CONNECTED, NODE, ROOT, WAITING, Case, free_port, why_no_npm
from link_rig import LinkRig, LinkSpacesRig
from spaces import why_not

FOLDER = os.path.join(ROOT, "tests", "trackers")
WHY_NOT = why_no_npm(FOLDER, "bittorrent-tracker")


class TrackerRig(LinkRig):
    def start_tracker(self, port=0):
        tracker = self.run("tracker", [NODE, os.path.join(FOLDER, "server.mjs"), str(port)],
                           is_product=False)
        tracker.url = tracker.wait_for(r"^listening (\S+)")[1]
        return tracker

    @staticmethod
    def heard(tracker):
        """What it was told so far, in order."""
        mark = tracker.mark()
        tracker.send("so far")
        tracker.wait_for("^so far$", mark)
        lines = tracker.text("out").splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]


@unittest.skipIf(WHY_NOT, WHY_NOT)
class Trackers(Case):
    rig_type = TrackerRig

    def place(self, *trackers):
        return "tracker:" + ",".join(f"{one.url}/announce" for one in trackers)

    def start_serve(self, place):
        self.rig.start_mock()
        self.rig.start_serve(signal=place)
        self.rig.serve.wait_for(WAITING)

    def test_meet(self):
        """at several, of which one is dead: sealed offers and answers, and no more is said than
        is needed; who has left a tracker comes back to it when it has something to say"""
        rig = self.rig
        one, two = rig.start_tracker(), rig.start_tracker()
        place = f"{self.place(one, two)},ws://127.0.0.1:{free_port()}"
        self.start_serve(place)
        for tracker in (one, two):
            tracker.wait_for('"sdp":"call"')
        link = rig.invite("phone")
        self.assertTrue(link.startswith(place + "#t1."), link.split("#")[0])
        rig.start_linked(link)
        rig.proxy.wait_for(r"connecting to the trackers 127\.0\.0\.1:\d+, 127")
        rig.wait_up()
        rig.wait_connected()
        heard = rig.heard(one) + rig.heard(two)
        kinds = [entry["what"] for entry in heard]
        self.assertNotIn("warning", kinds)
        offers = [entry for entry in heard if entry["what"] == "offer" and entry["left"] == 1]
        self.assertGreaterEqual(len(offers), 1)
        for offer in offers:
            self.assertTrue(offer["sdp"].startswith("x1."))
            self.assertLess(offer["bytes"], 16384)
            self.assertGreaterEqual(offer["numwant"], 2)
        answers = [entry for entry in heard if entry["what"] == "answer"]
        self.assertIn(len(answers), (1, 2))
        self.assertTrue(answers[0]["sdp"].startswith("x1."))
        # Each end says at each tracker that it comes; a consumer then offers.
        self.assertLessEqual(len(heard), 2 * (1 + 2 + 1))

    def test_consumer_first(self):
        """a consumer that waits is called by the provider that comes, and by one that comes back;
        a second device is let in"""
        rig = self.rig
        tracker = rig.start_tracker()
        place = self.place(tracker)
        link = rig.invite("phone", "--signal", place)
        proxy = rig.start_linked(link)
        proxy.wait_for(WAITING)
        self.start_serve(place)
        rig.wait_connected()
        mark = proxy.mark()
        rig.serve.kill(signal.SIGINT)
        self.assertEqual(rig.serve.wait_exit(), 0)
        rig.start_serve(signal=place)
        proxy.wait_for(CONNECTED, mark)
        rig.start_linked(rig.invite("laptop"), name="laptop").wait_for(CONNECTED)
        rig.wait_up()

    def test_tracker_restarts(self):
        """the session goes on while the tracker is away; both come back to it"""
        rig = self.rig
        port = free_port()
        tracker = rig.start_tracker(port)
        self.start_serve(self.place(tracker))
        rig.start_linked(rig.invite("phone"))
        rig.wait_connected()
        mark = rig.serve.mark()
        tracker.kill(signal.SIGKILL)
        tracker.wait_exit()
        rig.serve.wait_for("the tracker at .* stays up without it", mark)
        self.assertEqual(rig.request("GET", "/health")[0], 200)
        rig.start_tracker(port)
        rig.serve.wait_for(rf"back at the tracker 127\.0\.0\.1:{port}$", mark)
        rig.start_linked(rig.invite("laptop"), name="laptop").wait_for(CONNECTED)
        rig.wait_up()

    def test_refused(self):
        """what cannot be is said: a room, another scheme, nobody there"""
        rig = self.rig
        serve = ("serve", "1", "--state", rig.state, "--signal")
        said = rig.tunnel(*serve, "tracker:", "--room", "r", code=2)
        self.assertIn("goes with links alone", said)
        said = rig.tunnel(*serve, "tracker:http://h", code=2)
        self.assertIn("tracker:wss://tracker.example.org/announce", said)
        said = rig.tunnel(*serve, "tracker:" + ",".join(9 * ["ws://h"]), code=2)
        self.assertIn("one tracker too many", said)
        self.assertTrue(rig.invite("phone", "--signal", "tracker:").startswith("tracker:#t1."))
        nobody = socket.create_server(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        nobody.close()
        link = rig.invite("phone", "--signal", f"tracker:ws://127.0.0.1:{port}")
        rig.start_linked(link).wait_for(rf"the tracker at 127\.0\.0\.1:{port} cannot be reached")


class MovingRig(LinkSpacesRig):
    places = {**LinkSpacesRig.places, "tracker": "hub"}

    def start_all(self):
        server = [NODE, os.path.join(FOLDER, "server.mjs"), "0", "10.77.0.1"]
        self.tracker = self.run("tracker", server, is_product=False)
        self.signal_url = "tracker:" + self.tracker.wait_for(r"^listening (\S+)")[1]
        self.start_mock()
        self.start_serve()
        self.start_proxy()
        self.wait_up()


@unittest.skipIf(WHY_NOT or why_not(), WHY_NOT or why_not())
class TrackersMove(Case):
    """ICE restarts, which either end begins, go by trackers, too."""

    rig_type = MovingRig

    def change(self, mover, change):
        rig = self.rig
        rig.start_all()
        change()
        mover().wait_for("the path now leads")
        self.assertEqual(rig.get_json("/health"), {"status": "ok"})
        for process in (rig.serve, rig.proxy):
            self.assertEqual(process.count(CONNECTED), 1, process.name)

    def test_consumer(self):
        """the consumer moves to another network: the same session"""
        self.change(lambda: self.rig.proxy, lambda: self.rig.move("consumer"))

    def test_provider(self):
        """the provider gets a second network, and says so by way of the swarm"""
        plug = ("provider", "eth1", "10.78.0.9")
        self.change(lambda: self.rig.serve, lambda: self.rig.plug(*plug))
        self.rig.tracker.wait_for(r'"left":0,.*"sdp":"call x1\.')
        self.rig.tracker.wait_for(r'"answer","left":1')
