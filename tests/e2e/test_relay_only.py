"""--relay-only: nobody but the TURN server learns the machine's addresses."""

import json
import shutil
import tempfile
import unittest

from harness import CONNECTED, WAITING, Case
from spaces import SpacesRig, Transfers, do_inside, why_not
from wsclient import WebSocket

TURN = ["--turn", "turn:10.77.0.1:3478", "--turn-user", "u", "--turn-pass", "p", "--relay-only"]


@unittest.skipIf(why_not(), why_not() or "")
@unittest.skipUnless(shutil.which("turnserver"), "there is no turnserver (coturn)")
class RelayOnly(Case):
    rig_type = SpacesRig

    def setUp(self):
        super().setUp()
        rig = self.rig
        rig.start_mock()
        rig.start_signal(listen="10.77.0.1:0")
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        coturn = rig.run("coturn", [
            "turnserver", "-n", "--log-file=stdout", "--simple-log", "--verbose", "--no-cli",
            "--no-dtls", "--no-tls", "--pidfile", f"{folder.name}/pid",
            "--userdb", f"{folder.name}/db", "--relay-threads=1",
            "--listening-ip=10.77.0.1", "--lt-cred-mech", "--realm=test", "--user=u:p",
        ], is_product=False)  # fmt: skip
        coturn.wait_for(r"UDP listener opened on *: 10.77.0.1:3478")

    def test_signalling_tells_nothing(self):
        """descriptions and candidates name the relay and no address of ours"""
        rig = self.rig
        rig.start_serve(*TURN).wait_for(WAITING)
        reader = do_inside(rig.space("hub"), lambda: WebSocket(rig.signal_url))
        self.addCleanup(reader.socket.close)
        reader.join(rig.room)
        heard = []
        while not heard or heard[-1].get("candidate", "") != "":
            message = reader.receive()
            if message["type"] == "offer":
                self.assertNotIn("10.77.0.2", message["sdp"])
                lines = message["sdp"].split("\r\n")
                heard += [
                    {"candidate": line[2:]} for line in lines if line.startswith("a=candidate:")
                ]
            elif message["type"] == "candidate":
                heard.append(json.loads(message["candidate"]))
        lines = [one["candidate"] for one in heard if one["candidate"]]
        self.assertTrue(lines)
        for line in lines:
            self.assertRegex(line, r" 10\.77\.0\.1 \d+ typ relay raddr 0\.0\.0\.0 rport 0$")

    def test_wrong_password(self):
        """a server that refuses is said at once, not when all else is given up"""
        rig = self.rig
        rig.start_serve()
        wrong = [word if word != "p" else "wrong" for word in TURN]
        rig.start_proxy(*wrong).wait_for(
            r"warn .*ice: the TURN server 10\.77\.0\.1:3478 gives no relay: the server refuses user or password")

    def test_both_ends(self):
        """both ends by relays only: requests go, and no packet goes directly"""
        rig = self.rig
        rig.start_serve(*TURN)
        rig.start_proxy(*TURN)
        path = rig.proxy.wait_for(r"connected through a relay: (.*?),")[1]
        self.assertRegex(path, r"^relay 10\.77\.0\.1:\d+ <-> \w+ 10\.77\.0\.1:\d+$")
        rig.wait_up()
        for place, other in (("consumer", "10.77.0.2"), ("provider", "10.77.0.3")):
            neighbours = rig.inside(place, "neigh", "show", "to", other)
            self.assertEqual(neighbours.strip(), "", "the other side was looked for")

    def test_one_end(self):
        """one end by a relay only: the other one is told of the relay alone"""
        rig = self.rig
        rig.start_serve(*TURN)
        rig.start_proxy()
        path = rig.proxy.wait_for(r"connected through a relay: (.*?),")[1]
        self.assertRegex(path, r" <-> \w+ 10\.77\.0\.1:\d+$")
        rig.wait_up()
        self.assertNotIn("10.77.0.2", rig.proxy.text())

    def test_moves(self):
        """the address changes in mid-transfer: another relay, every byte arrives"""
        rig = self.rig
        rig.start_serve(*TURN)
        rig.start_proxy(*TURN)
        rig.wait_up()
        transfers = Transfers(rig)
        rig.move("consumer")
        rig.proxy.wait_for(r"the path now leads through a relay")
        transfers.finish(self)
        self.assertEqual(rig.proxy.count(CONNECTED), 1)
