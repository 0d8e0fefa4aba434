"""signal-server --workers: several processes that are one server to clients."""

import os
import re
import shutil
import signal
import ssl
import time
import unittest
import urllib.request

from harness import DEADLINE, Case, free_port
from test_tls import TlsCase, make_certificates
from wsclient import Closed, WebSocket

WORKERS = 3
PAIRS = 32  # so many that each worker has some: one in 100,000 runs has none


class WorkersCase(Case):
    def start_workers(self, *flags):
        self.rig.start_signal("--workers", str(WORKERS), "--log-level", "debug", *flags)
        self.log = self.rig.signal

    def client(self, number=1, **options):
        """From an address of its own for each number."""
        source = f"127.0.{number // 250}.{number % 250 + 1}"
        ws = WebSocket(self.rig.signal_url, source=source, **options)
        self.addCleanup(ws.close)
        return ws

    def refusal(self, number):
        with self.assertRaises(Closed) as got:
            self.client(number)
        return got.exception.reason

    def check_speak(self, first, second):
        """Both ways, in order, also what is sent before the other one reads."""
        for sender, receiver in ((first, second), (second, first)):
            for i in range(20):
                sender.send({"type": "candidate", "candidate": str(i)})
            for i in range(20):
                self.assertEqual(receiver.receive_type("candidate")["candidate"], str(i))

    def pids(self):
        """Of the workers."""
        pid = self.rig.signal.pid
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            return [int(word) for word in file.read().split()]


class Workers(WorkersCase):
    def test_meet(self):
        """members of a room meet, wherever they were accepted; one who is refused goes elsewhere"""
        self.start_workers("--max-per-address", "4")
        rooms = [self.name() for _ in range(PAIRS)]
        first = [self.client(i) for i in range(PAIRS)]
        second = [self.client(100 + i) for i in range(PAIRS)]
        for ws, room in zip(first, rooms):
            ws.join(room)
        for ws, room in zip(second, rooms):
            self.assertEqual(len(ws.join(room)["peers"]), 1)
        for one, other in zip(first, second):
            one.receive_type("peer-joined")
            self.check_speak(one, other)
        went = set(re.findall(r"goes to worker (\d)", self.log.text()))
        self.assertEqual(went, {"0", "1", "2"})
        for i in range(3):  # its way leads by where it was accepted
            third = self.client(50 + i)
            for room in rooms[:5]:
                third.send({"type": "join", "room": room})
                self.assertEqual(third.receive_type("error")["code"], "room-full")
            third.join(self.name())
        self.rig.wait_peers(2 * PAIRS + 3)
        self.assertEqual(self.rig.health()[1]["rooms"], PAIRS + 3)

    def test_behind_join(self):
        """what comes with the join, in one piece, is not lost on the way"""
        self.start_workers()
        for i in range(6):
            room = self.name()
            listener = self.client(i)
            listener.join(room)
            speaker = self.client(50 + i)
            offer = WebSocket.frame(1, b'{"type":"offer","sdp":"' + b"x" * 40000 + b'"}')
            join = WebSocket.frame(1, b'{"type":"join","room":"%s"}' % room.encode())
            ping = WebSocket.frame(9, b"")
            speaker.socket.sendall(ping + join + offer[:3000 * i])
            speaker.socket.sendall(offer[3000 * i:])
            listener.receive_type("peer-joined")
            self.assertEqual(len(listener.receive_type("offer")["sdp"]), 40000)
            speaker.receive_type("joined")

    def test_limits(self):
        """places of an address, and of all, are counted over all workers"""
        self.start_workers("--max-per-address", "3", "--max-connections", "8")
        clients = [self.client(1) for _ in range(3)]
        for ws in clients:
            ws.join(self.name())
        self.assertIn("429", self.refusal(1))
        others = [self.client(i) for i in range(2, 7)]
        for ws in others:
            ws.join(self.name())
        self.assertIn("503", self.refusal(8))
        others.pop().close()
        self.log.wait_for("gone: broken")
        clients += [self.wait_place(9)]
        clients.pop(0).close()
        self.wait_place(1).join(self.name())

    def wait_place(self, number):
        """One that has gone elsewhere is counted until that is known here."""
        while True:
            try:
                return self.client(number)
            except Closed as closed:
                self.assertRegex(closed.reason, "429|503")

    def test_killed(self):
        """a worker that is killed takes its own sockets with it, and another one its place"""
        self.start_workers("--max-per-address", "2")
        rooms = [self.name() for _ in range(PAIRS)]
        pairs = [(self.client(i), self.client(100 + i)) for i in range(PAIRS)]
        for room, (one, other) in zip(rooms, pairs):
            one.join(room)
            other.join(room)
            one.receive_type("peer-joined")
        before = self.pids()
        os.kill(before[1], signal.SIGKILL)
        self.log.wait_for(r"worker \d: process \d+ was killed by signal 9")
        standing = 0
        for i, (one, other) in enumerate(pairs):
            try:
                self.check_speak(one, other)
                standing += 1
            except (Closed, OSError):
                continue
            # Both are counted, also where who accepted them is dead.
            self.client(i).join(self.name())
            self.assertIn("429", self.refusal(i))
        self.assertGreater(standing, 0)
        self.assertLess(standing, PAIRS)
        for i, room in enumerate(rooms):
            self.client(200 + i).send({"type": "join", "room": room})  # is answered
        after = self.pids()
        self.assertEqual(len(after), WORKERS)
        self.assertEqual(len(set(after) & set(before)), WORKERS - 1)

    def test_killed_on_the_way(self):
        """who was handed over by a worker that is dead when it arrives is counted all the same"""
        self.start_workers("--max-per-address", "2")
        clients = [self.client(i) for i in range(200)]  # by 100, less than 15 go there in 3 % of runs
        _, sender, receiver = self.pids()
        os.kill(receiver, signal.SIGSTOP)
        for ws in clients:
            ws.send({"type": "join", "room": self.name()})
        mark = -1
        for _ in range(15):
            mark = self.log.mark_of("goes to worker 2", after=mark + 1)
        os.kill(sender, signal.SIGKILL)
        self.log.wait_for(r"worker 1: process \d+ was killed by signal 9")
        os.kill(receiver, signal.SIGCONT)
        opened = dict(re.findall(r"socket (\d+): open from 127.0.0.(\d+):", self.log.text()))
        for socket in re.findall(r"socket (\d+): goes to worker 2", self.log.text()):
            number = int(opened[socket]) - 1
            clients[number].receive_type("joined")
            self.client(number).join(self.name())
            self.assertIn("429", self.refusal(number))

    def test_ends(self):
        """SIGTERM to the parent closes every socket with 1001; its own end is that of the workers"""
        self.start_workers()
        clients = [self.client(i) for i in range(12)]
        for ws in clients[::2]:
            ws.join(self.name())
        workers = self.pids()
        self.rig.signal.kill(signal.SIGTERM)
        for ws in clients:
            self.assertEqual(ws.wait_closed().code, 1001)
            ws.close()
        self.assertEqual(self.rig.signal.wait_exit(), 0)
        for pid in workers:
            self.assertFalse(os.path.exists(f"/proc/{pid}"))

    def test_orphans(self):
        """workers end with their parent, also when that is killed"""
        self.start_workers()
        clients = [self.client(i) for i in range(6)]
        self.rig.signal.kill(signal.SIGKILL)
        for ws in clients:
            self.assertEqual(ws.wait_closed().code, 1001)
            ws.close()

    def test_metrics(self):
        """the figures are those of all"""
        port = free_port()
        self.start_workers("--metrics", f"127.0.0.1:{port}")
        for i in range(9):
            self.client(i).join(self.name())
        wanted = {"signal_rooms 9", "signal_members 9", "signal_sockets 9",
                  "signal_sockets_opened_total 9", "signal_received_messages_total 9"}
        give_up = time.monotonic() + DEADLINE
        while not wanted <= self.lines_of(f"http://127.0.0.1:{port}/metrics"):
            self.assertLess(time.monotonic(), give_up)  # a figure is as old as a turn

    def lines_of(self, url):
        with urllib.request.urlopen(url, timeout=DEADLINE) as answer:
            return set(answer.read().decode().splitlines())


@unittest.skipUnless(shutil.which("openssl"), "there is no openssl program")
class WorkersTls(WorkersCase, TlsCase):
    def test_tls(self):
        """members meet also where TLS holds them; SIGHUP reaches all; 1001 gets through"""
        self.start_workers("--tls-cert", self.pair[0], "--tls-key", self.pair[1])
        self.rig.signal_url = self.rig.signal_url.replace("localhost", "127.0.0.1")
        context = ssl.create_default_context(cafile=self.trust["SSL_CERT_FILE"])
        pairs = [(self.client(i, tls=context), self.client(50 + i, tls=context)) for i in range(6)]
        for one, other in pairs:
            room = self.name()
            one.join(room)
            other.join(room)
            one.receive_type("peer-joined")
            self.check_speak(one, other)
        self.log.wait_for("goes to worker")
        self.rig.signal.kill(signal.SIGHUP)
        mark = -1
        for _ in range(WORKERS):
            mark = self.log.mark_of("read the certificate again", after=mark + 1)
        self.check_speak(*pairs[0])
        self.rig.signal.kill(signal.SIGTERM)
        for ws in (ws for pair in pairs for ws in pair):
            self.assertEqual(ws.wait_closed().code, 1001)
            ws.close()
        self.assertEqual(self.rig.signal.wait_exit(), 0)

    def test_renewed(self):
        """a worker that replaces another has the certificate that was read last"""
        self.start_workers("--tls-cert", self.pair[0], "--tls-key", self.pair[1])
        make_certificates(self.folder)
        self.rig.signal.kill(signal.SIGHUP)
        mark = -1
        for _ in range(WORKERS):
            mark = self.log.mark_of("read the certificate again", after=mark + 1)
        for pid in self.pids():
            os.kill(pid, signal.SIGKILL)
        mark = -1
        for _ in range(WORKERS):
            mark = self.log.mark_of("starting another", after=mark + 1)
        port = int(self.rig.signal_url.rsplit(":", 1)[1])
        with open(self.pair[0]) as file:
            renewed = ssl.PEM_cert_to_DER_cert(re.search("(?s)-----BEGIN.*?-----END CERTIFICATE-----", file.read())[0])
        for _ in range(2 * WORKERS):
            got = ssl.get_server_certificate(("127.0.0.1", port), timeout=DEADLINE)
            self.assertEqual(ssl.PEM_cert_to_DER_cert(got), renewed)
