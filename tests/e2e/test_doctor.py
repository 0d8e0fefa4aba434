"""`tunnel doctor`: what keeps a tunnel from connecting."""

import collections
import json
import os
import re
import select
import shutil
import signal
import socket
import struct
import tempfile
import threading
import time

from harness import SIGNAL_SERVER, TUNNEL, URL, Case, free_port


class FarStun:
    """A STUN server at the end of a long and narrow path."""

    ROUND_TRIP, WIDTH, HEADERS = 0.6, 1000, 28

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.url = "stun:127.0.0.1:%d" % self.socket.getsockname()[1]
        self.stopping, self.stopped = socket.socketpair()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        waiting = collections.deque()
        while True:
            wait = max(0, waiting[0][0] - time.monotonic()) if waiting else None
            ready, _, _ = select.select([self.socket, self.stopped], [], [], wait)
            if self.stopped in ready:
                return
            if ready:
                data, (host, port) = self.socket.recvfrom(2048)
                mapped = struct.pack(">HHBBH4s", 1, 8, 0, 1, port, socket.inet_aton(host))
                answer = struct.pack(">HH", 0x0101, len(mapped)) + data[4:20] + mapped
                if len(data) + self.HEADERS <= self.WIDTH:
                    waiting.append((time.monotonic() + self.ROUND_TRIP, answer, (host, port)))
            while waiting and waiting[0][0] <= time.monotonic():
                self.socket.sendto(*waiting.popleft()[1:])

    def close(self):
        self.stopping.close()
        self.thread.join()
        self.stopped.close()
        self.socket.close()


class Doctor(Case):
    shared = True

    @classmethod
    def start(cls, rig):
        cls.folder = tempfile.mkdtemp(prefix="tunnel-doctor-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        rig.start_mock()
        rig.start_signal()

    def run_doctor(self, *args, status, state="none", env=None):
        """Its lines by what they are about."""
        doctor = self.rig.run("doctor", [
            TUNNEL, "doctor", "--stun", "none", "--relay-only", "--turn",
            f"turn:127.0.0.1:{free_port()}?transport=tcp", "--turn-user", "u", "--turn-pass", "p",
            "--state", os.path.join(self.folder, state), *args,
        ], env=env)  # fmt: skip
        doctor.expected_exit = (0, 1, 2)
        self.assertEqual(doctor.wait_exit(), status, doctor.text())
        return doctor.text("out")

    def test_nothing_there(self):
        """neither a signal server nor an upstream nor TURN: 2, and words for each"""
        text = self.run_doctor("--signal", f"ws://127.0.0.1:{free_port()}",
                               "--upstream", str(free_port()),
                               "--turn", f"turn:127.0.0.1:{free_port()}?transport=tcp", status=2)
        self.assertEqual(len(re.findall("^turn: ", text, re.M)), 2, text)
        for wanted in (r"signal: ws://\S+ does not answer: connection refused; check the URL",
                       r"turn: turn:\S+ is of no use: connection refused; check --turn",
                       r"upstream: http://\S+ does not answer: connection refused; start it",
                       r"state: there is no \S+/none yet: serve and proxy make it$",
                       "summary: no connection: the two ends meet at the signal server, which is"):
            self.assertTrue(re.search("^" + wanted, text, re.M), (wanted, text))

    def test_consumer(self):
        """the state folder of who has only ever been a consumer has no identity, and needs none"""
        state = os.path.join(self.folder, "consumer")
        proxy = self.rig.start_proxy(room="r" * 22, state=state)
        proxy.wait_for("waiting for the other side")
        bare = f"(?m)^state: no identity in {state}: serve makes one at its first start, proxy needs none$"
        self.assertRegex(self.run_doctor("--signal", self.rig.signal_url, status=2, state="consumer"), bare)
        os.chmod(state, 0o755)
        self.assertIn(f"state: others may look into {state}; chmod 700 it\n",
                      self.run_doctor("--signal", self.rig.signal_url, status=2, state="consumer"))

    def test_no_signal_server(self):
        """what answers there is something else"""
        url = self.rig.upstream_url.replace("http:", "ws:")
        text = self.run_doctor("--signal", url, status=2)
        self.assertIn(f"signal: {url} takes no signalling: answered HTTP ", text)

    def test_fine(self):
        """signal server, upstream and state are there; as JSON"""
        state = os.path.join(self.folder, "state")
        self.rig.start_serve(room=None, state=state)
        text = self.run_doctor("--json", "--upstream", self.rig.upstream_url, status=2,
                               state="state")
        found = {line["what"]: line for line in map(json.loads, text.splitlines())}
        self.assertEqual({what: line["grade"] for what, line in found.items()},
                         {"signal": "good", "clock": "good", "stun": "note", "turn": "poor",
                          "upstream": "good", "state": "good", "summary": "none"})
        # That of the last serve.
        self.assertRegex(found["signal"]["finding"],
                         rf"^{self.rig.signal_url} answers directly in \d+ ms, without TLS$")
        self.assertRegex(found["upstream"]["finding"], r" answers \d+, first byte in \d+ ms$")
        self.assertRegex(found["state"]["finding"], "has 1 invite$")
        self.assertIn("no connection", found["summary"]["finding"])
        # That of a link, where nothing has run.
        invite = self.rig.run("invite", [TUNNEL, "invite", "phone", "--state", state])
        link = invite.wait_for(r"https?://\S+#t1\S+")[0]
        text = self.run_doctor(link, status=2)
        self.assertIn(f"signal: {self.rig.signal_url}/ answers directly", text)
        # Who runs there is asked.
        self.assertRegex(text, r"\nother side: asks no STUN servers, its upstream answers \d+ in \d+ ms\n"
                               "both sides: one side goes through its TURN server alone, and there is no relay;")
        self.rig.serve.wait_for("member .* has asked how this side is connected")
        self.rig.serve.kill(signal.SIGTERM)
        self.rig.serve.wait_exit()
        self.assertIn("\nother side: is not there: nobody is in the room of this link; start",
                      self.run_doctor(link, status=2))
        os.chmod(state, 0o755)
        self.assertIn(f"others may look into {state}; chmod 700 it",
                      self.run_doctor(status=2, state="state"))

    def test_proxy(self):
        """by way of a network's proxy, which is not there"""
        text = self.run_doctor("--signal", "wss://signal.example.org", status=2,
                               env={"HTTPS_PROXY": f"http://127.0.0.1:{free_port()}"})
        self.assertRegex(text, r"signal: wss://signal.example.org does not answer by way of "
                               r"http://127.0.0.1:\d+: \S.*; check HTTPS_PROXY")

    def test_relay(self):
        """the signal server's relay counts where that has one"""
        for flags, rest in ((("--relay-rate", "1"), "by the signal server's relay, or a TURN"),
                            (("--relay-rate", "0"), "by a TURN server (--turn), which there is not")):
            server = self.rig.run("signal", [SIGNAL_SERVER, "--listen", "127.0.0.1:0", *flags])
            doctor = self.rig.run("doctor", [
                TUNNEL, "doctor", "--stun", "none", "--signal", server.wait_for(URL, stream="out")[0],
                "--state", os.path.join(self.folder, "none")])  # fmt: skip
            doctor.expected_exit = (0, 1)
            doctor.wait_exit()
            self.assertIn(rest, doctor.text("out"))

    def test_named_turn(self):
        """each TURN server that the signal server names is told as one, whatever stands before it"""
        secret = os.path.join(self.folder, "secret")
        with open(secret, "w") as file:
            file.write("of both\n")
        host = f"turn:127.0.0.1:{free_port()}"
        server = self.rig.run("signal", [
            SIGNAL_SERVER, "--listen", "127.0.0.1:0", "--turn", f"{host}?transport=udp",
            "--turn", f"{host}?transport=tcp", "--turn-secret-file", secret])  # fmt: skip
        doctor = self.rig.run("doctor", [
            TUNNEL, "doctor", "--stun", "none", "--signal", server.wait_for(URL, stream="out")[0],
            "--state", os.path.join(self.folder, "none")])  # fmt: skip
        doctor.expected_exit = (1,)
        doctor.wait_exit()
        for transport in ("udp", "tcp"):
            self.assertIn(f"turn: {host}?transport={transport}, named by the signal server, is of no use",
                          doctor.text("out"))

    def test_unreached(self):
        """no other side is waited for where the signal server is not reached"""
        state = os.path.join(self.folder, "stopped")
        self.rig.start_serve(room=None, state=state)
        link = self.rig.run("invite", [TUNNEL, "invite", "d", "--state", state]).wait_for(r"https?://\S+#t1\S+")[0]
        self.rig.serve.kill(signal.SIGSTOP)
        self.addCleanup(self.rig.serve.kill, signal.SIGCONT)
        mute = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(mute.close)
        args = [TUNNEL, "doctor", "--stun", "none", "--state", os.path.join(self.folder, "none")]
        waits = self.rig.run("doctor of one that is silent", [*args, link])
        does_not = self.rig.run("doctor", [
            *args, "http://127.0.0.1:%d/#%s" % (mute.getsockname()[1], link.partition("#")[2])])
        for doctor in (waits, does_not):
            doctor.expected_exit = (0, 1, 2)
        does_not.wait_exit()
        self.assertIsNone(waits.child.poll(), waits.text("out"))
        self.assertIn("does not answer: nothing comes", does_not.text("out"))
        waits.wait_exit()
        self.assertIn("other side: ", waits.text("out"))

    def test_far(self):
        """a path of 0.6 s that takes 1000 bytes is measured to the end"""
        far = FarStun()
        self.addCleanup(far.close)
        doctor = self.rig.run("doctor", [
            TUNNEL, "doctor", "--stun", far.url, "--signal", self.rig.signal_url,
            "--state", os.path.join(self.folder, "none")])  # fmt: skip
        doctor.expected_exit = (0, 1)
        doctor.wait_exit()
        self.assertRegex(doctor.text("out"), "\npath mtu: packets of at most 1000 bytes reach")

    def test_misuse(self):
        """half of what TURN needs"""
        doctor = self.rig.run("doctor", [TUNNEL, "doctor", "--turn", "turn:127.0.0.1"])
        doctor.expected_exit = (2,)
        self.assertEqual(doctor.wait_exit(), 2)
        self.assertIn("--turn-user NAME", doctor.text("err"))
