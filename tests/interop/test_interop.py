"""Other WebRTC stacks, speaking the wire contract, against our programs: as
consumers to `tunnel serve` and as a provider to `tunnel proxy`."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import unittest

from harness import CONNECTED, NODE, Case, pattern, why_no_npm
from spaces import SpacesRig, why_not

HERE = os.path.dirname(os.path.abspath(__file__))
ECHO_BYTES = 10 << 20


def json_of(match):
    return json.loads(match[1])


class Scenario:
    """A stack as a consumer, and what it is to show."""

    seconds = 150
    command = None

    def start_peer(self, *flags):
        gate = self.name()
        argv = [*self.command, self.rig.signal_url, self.rig.room, gate, str(ECHO_BYTES), *flags]
        return self.rig.run("consumer", argv, is_product=False), gate

    def meet_as_offerer(self, *flags):
        peer, gate = self.start_peer(*flags)
        peer.wait_for(r"^joined 0")
        self.rig.start_serve()
        return peer, gate

    def meet_as_answerer(self, *flags):
        self.rig.start_serve()
        self.rig.serve.wait_for("waiting for the other side")
        peer, gate = self.start_peer(*flags)
        peer.wait_for(r"^joined 1")
        return peer, gate

    def check(self, peer, gate):
        agreed = json_of(peer.wait_for(r"^agreed (.*)", deadline=60))
        self.assertEqual(agreed["version"], 1)
        self.assertIn("sse", agreed["features"])

        got = json_of(peer.wait_for(r"^get (.*)"))
        self.assertEqual(got["status"], 200)
        fields = {k.lower(): v for k, v in got["headers"].items()}
        self.assertEqual(fields["content-type"], "application/json")
        self.assertEqual(json.loads(got["body"])["data"][0]["id"], "mock-small")

        # The rest is not there yet: it leaves the upstream behind the gate.
        first = json_of(peer.wait_for(r"^stream-first (.*)"))
        self.assertEqual(first["status"], 200)
        self.rig.mock.send(f"open {gate}")
        stream = json_of(peer.wait_for(r"^stream (.*)"))
        fields = {k.lower(): v for k, v in stream["headers"].items()}
        self.assertEqual(fields["content-type"], "text/event-stream")
        self.assertTrue(stream["body"].endswith("data: [DONE]\n\n"), stream["body"][-200:])

        echo = json_of(peer.wait_for(r"^echo (.*)", deadline=90))
        self.assertEqual((echo["status"], echo["bytes"]), (200, ECHO_BYTES))
        self.assertEqual(echo["sent"], echo["received"])
        peer.wait_for(r"^closed")
        self.rig.serve.wait_for("the other side closed the data channel")


class Consumer(Scenario):
    """Each stack first and second in the room."""

    missing = None  # why it cannot run here

    def setUp(self):
        if self.missing:
            self.skipTest(self.missing)
        super().setUp()
        self.rig.start_mock()
        self.rig.start_signal()

    def test_first_in_the_room(self):
        """as offerer: GET, streamed completion, 10 MB echo"""
        self.check(*self.meet_as_offerer())

    def test_second_in_the_room(self):
        """as answerer: GET, streamed completion, 10 MB echo"""
        self.check(*self.meet_as_answerer())


CHROMIUM_CONSUMER = [sys.executable, os.path.join(HERE, "chromium_consumer.py")]
NO_CHROMIUM = None if shutil.which("chromium") else "there is no chromium"


class Chromium(Consumer, Case):
    command = CHROMIUM_CONSUMER
    missing = NO_CHROMIUM

    def check_restart(self, peer, gate):
        """The page's scenario goes on over the new path, in the same session."""
        peer.wait_for(r"^restarted", deadline=60)
        self.check(peer, gate)
        self.assertEqual(self.rig.serve.count(CONNECTED), 1)

    def test_restart_by_offerer(self):
        """as offerer: restarts ICE in mid-stream"""
        self.check_restart(*self.meet_as_offerer("restart"))

    def test_restart_by_answerer(self):
        """as answerer: restarts ICE in mid-stream"""
        self.check_restart(*self.meet_as_answerer("restart"))


class BrowserSpaces(SpacesRig):
    places = {**SpacesRig.places, "consumer": "consumer"}


NO_BROWSER_SPACES = NO_CHROMIUM or why_not()


@unittest.skipIf(NO_BROWSER_SPACES, NO_BROWSER_SPACES)
class ChromiumFollows(Scenario, Case):
    rig_type = BrowserSpaces
    command = CHROMIUM_CONSUMER
    seconds = 240

    def setUp(self):
        super().setUp()
        self.rig.start_mock()
        self.rig.start_signal(listen="10.77.0.1:0")

    def move(self, peer, gate):
        """The provider moves to another network while a response is under way."""
        peer.wait_for(r"^stream-first", deadline=60)
        self.rig.move("provider")
        self.rig.serve.wait_for("looking for another path")
        self.rig.serve.wait_for("the path now leads")
        self.check(peer, gate)
        self.assertEqual(self.rig.serve.count(CONNECTED), 1)

    def test_offerer(self):
        """as offerer: follows when `serve` restarts ICE in mid-stream"""
        self.move(*self.meet_as_offerer())

    def test_answerer(self):
        """as answerer: follows when `serve` restarts ICE in mid-stream"""
        self.move(*self.meet_as_answerer())


class Aiortc(Consumer, Case):
    command = [sys.executable, os.path.join(HERE, "aiortc_consumer.py")]
    if subprocess.run([sys.executable, "-c", "import aiortc"], stderr=subprocess.DEVNULL).returncode:
        missing = "there is no aiortc for this Python"


class Werift(Consumer, Case):
    command = [NODE, os.path.join(HERE, "werift", "consumer.mjs")]
    missing = why_no_npm(os.path.join(HERE, "werift"), "werift")


@unittest.skipIf(Aiortc.missing, Aiortc.missing)
class AiortcProvider(Case):
    def start_provider(self):
        program = os.path.join(HERE, "aiortc_provider.py")
        argv = [sys.executable, program, self.rig.signal_url, self.rig.room, self.rig.upstream_url]
        return self.rig.run("aiortc-provider", argv, is_product=False)

    def check(self, provider):
        provider.wait_for(r'^hello .*"proto": "httptunnel"')
        self.rig.wait_up()
        self.assertEqual(self.rig.get_json("/v1/models")["data"][0]["id"], "mock-small")

        gate = self.name()
        conn = self.rig.connect()
        self.addCleanup(conn.close)
        conn.request("GET", f"/gated/{gate}")
        response = conn.getresponse()
        self.assertEqual(response.read1(), b"first\n")
        self.rig.mock.send(f"open {gate}")
        self.assertEqual(response.read(), b"second\n")

        body = b"".join(pattern(1 << 20))
        status, _, echoed = self.rig.request("POST", "/echo", body)
        self.assertEqual(status, 200)
        self.assertEqual(hashlib.sha256(echoed).digest(), hashlib.sha256(body).digest())

    def test_first_in_the_room(self):
        """as offerer serves `tunnel proxy`"""
        self.rig.start_mock()
        self.rig.start_signal()
        provider = self.start_provider()
        provider.wait_for(r"^joined 0")
        self.rig.start_proxy()
        self.check(provider)

    def test_second_in_the_room(self):
        """as answerer serves `tunnel proxy`"""
        self.rig.start_mock()
        self.rig.start_signal()
        self.rig.start_proxy()
        self.rig.wait_peers(1)
        provider = self.start_provider()
        provider.wait_for(r"^joined 1")
        self.check(provider)


@unittest.skipIf(Aiortc.missing, Aiortc.missing)
class Rogue(Case):
    """A peer that keeps to no rule harms only itself."""

    def start_rogue(self, side):
        program = os.path.join(HERE, "aiortc_rogue.py")
        argv = [sys.executable, program, self.rig.signal_url, self.rig.room, side]
        return self.rig.run(f"rogue-{side}", argv, is_product=False)

    def test_consumer(self):
        """wrong frames are dropped by serve, nothing is smuggled upstream"""
        self.rig.start_mock()
        self.rig.start_signal()
        self.rig.start_serve()
        rogue = self.start_rogue("consumer")
        rogue.wait_for("^done", deadline=60)
        for _, line in rogue.lines:
            event, _, details = line.partition(" ")
            if event == "alive":
                what, status = json.loads(details)
                self.assertEqual(status, 200, f"after {what}")
        self.assertNotRegex(self.rig.mock.text(), "(?i)smuggled|elsewhere|/a b")
        self.rig.serve.kill(2)
        self.assertEqual(self.rig.serve.wait_exit(), 0)

    def test_provider(self):
        """wrong responses become 502 at the proxy, nothing is smuggled to the client"""
        sys.path.insert(0, HERE)
        from aiortc_rogue import RESPONSES

        self.rig.start_signal()
        self.start_rogue("provider").wait_for("^joined 0")
        self.rig.start_proxy()
        self.rig.wait_up()
        for i in range(len(RESPONSES)):
            with self.subTest(response=i):
                status, headers, body = self.rig.request("GET", f"/{i}")
                self.assertEqual(status, 502, body)
                self.assertNotIn("Smuggled", headers)
                self.assertTrue(json.loads(body)["error"]["message"])
        self.rig.wait_up()


@unittest.skipIf(Aiortc.missing, Aiortc.missing)
class Junk(Case):
    """The same with all extensions, and with frames at random."""

    def start_junk(self, side, seed=1):
        program = os.path.join(HERE, "aiortc_junk.py")
        argv = [sys.executable, program, self.rig.signal_url, self.rig.room, side, str(seed)]
        return self.rig.run(f"junk-{side}", argv, is_product=False)

    def test_consumer(self):
        """junk ends streams of its own at most; the log says so in few lines"""
        self.rig.start_mock()
        self.rig.start_signal()
        self.rig.start_serve()
        junk = self.start_junk("consumer")
        junk.wait_for("^done", deadline=60)
        for _, line in junk.lines:
            event, _, details = line.partition(" ")
            if event == "alive":
                what, status = json.loads(details)
                self.assertEqual(status, 200, f"after {what}")
        self.rig.serve.kill(signal.SIGINT)
        self.assertEqual(self.rig.serve.wait_exit(), 0)
        self.assertLess(len(self.rig.serve.lines), 1500)

    def test_provider(self):
        """what no response may be is 502, and others are answered all the same"""
        sys.path.insert(0, HERE)
        from aiortc_junk import ANSWERS

        self.rig.start_signal()
        self.start_junk("provider").wait_for("^joined 0")
        self.rig.start_proxy()
        self.rig.wait_up()
        for i in range(len(ANSWERS)):
            with self.subTest(answer=i):
                status, headers, body = self.rig.request("GET", f"/broken/{i}")
                self.assertEqual(status, 502, body)
                self.assertNotIn("Smuggled", headers)
        for _ in range(20):
            status, _, body = self.rig.request("GET", "/junk")
            self.assertEqual((status, body), (200, b"ok"))
        self.rig.proxy.kill(signal.SIGINT)
        self.assertEqual(self.rig.proxy.wait_exit(), 0)


if __name__ == "__main__":
    unittest.main()
