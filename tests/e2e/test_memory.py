"""Memory stays bounded when one side is slow (docs/ARCHITECTURE.md)."""

import hashlib
import json
import socket
import threading
import unittest

from harness import IS_INSTRUMENTED, Case, pattern, read_exactly

SIZE = 256 << 20
IN_FLIGHT = 64 << 20  # more than all queues on the way together, kernels' included
RSS = 64 << 20
BASE_RSS = 24 << 20  # of a busy end
STREAM_RSS = 300 << 10  # and of each stream whose reader is slow
GRACE = 2  # s that a sender gets to overrun a slow receiver


@unittest.skipIf(IS_INSTRUMENTED, "measures memory")
class Memory(Case):
    seconds = 200

    def check_rss(self):
        for process in (self.rig.serve, self.rig.proxy):
            with self.subTest(process=process.name):
                self.assertLess(process.peak_rss(), RSS)

    def check_held(self, what):
        """The sender must be held back: the line that says it is not does not
        come. (If we look too early this passes wrongly, but never fails so.)"""
        over = "|".join(str(mb) for mb in range(IN_FLIGHT >> 20, SIZE >> 20))
        try:
            self.rig.mock.wait_for(rf"^{what} \d+ ({over})\d{{6}}$", deadline=GRACE)
        except AssertionError:
            return
        self.fail(f"{IN_FLIGHT >> 20} MB went out to somebody who takes nothing")

    def test_slow_client(self):
        """a huge response to a client that reads nothing for a while"""
        self.rig.start_all()
        conn = self.rig.connect(180)
        self.addCleanup(conn.close)
        conn.request("GET", f"/bytes/{SIZE}")
        response = conn.getresponse()
        digest = hashlib.sha256(read_exactly(response, 100))
        self.check_held("sent")
        while block := response.read(1 << 16):
            digest.update(block)
        wanted = hashlib.sha256()
        for block in pattern(SIZE):
            wanted.update(block)
        self.assertEqual(digest.digest(), wanted.digest())
        self.check_rss()

    def test_slow_upstream(self):
        """a huge upload to an upstream that reads nothing for a while"""
        self.rig.start_all()
        gate = self.name()
        conn = self.rig.connect(180)
        self.addCleanup(conn.close)
        conn.putrequest("POST", f"/hold/{gate}")
        conn.putheader("Content-Length", str(SIZE))
        conn.endheaders()
        sent = [0]
        overrun = threading.Event()
        wanted = hashlib.sha256()

        def send():
            for block in pattern(SIZE):
                conn.send(block)
                wanted.update(block)
                sent[0] += len(block)
                if sent[0] > IN_FLIGHT:
                    overrun.set()

        sender = threading.Thread(target=send)
        sender.start()
        self.assertFalse(overrun.wait(GRACE), "an upstream that takes nothing holds back nobody")
        self.rig.mock.send(f"open {gate}")
        sender.join()
        answer = json.loads(conn.getresponse().read())
        self.assertEqual(answer, {"bytes": SIZE, "sha256": wanted.hexdigest()})
        self.check_rss()

    def test_many_slow_clients(self):
        """50 clients that read nothing of 50 huge responses, and leave"""
        self.rig.start_all()
        mark = self.rig.mock.mark()
        clients = []
        for _ in range(50):
            conn = self.rig.connect()
            conn.request("GET", f"/bytes/{SIZE}")
            clients.append(conn)
        self.rig.mock.wait_for(r"^sent \d+ ", after=mark)
        for conn in clients:
            conn.close()
        self.rig.wait_up()
        self.check_rss()

    def test_what_a_slow_client_costs(self):
        """200 clients that read nothing: 300 KB of memory each, and nobody waits"""
        count = 200
        self.rig.start_all()
        mark = self.rig.mock.mark()
        for _ in range(count):
            conn = socket.socket()
            self.addCleanup(conn.close)
            # So that the kernel does not take in what is to be counted.
            conn.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            conn.connect(self.rig.proxy_address)
            conn.sendall(f"GET /bytes/{SIZE} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        for _ in range(count):
            mark = 1 + self.rig.mock.mark_of(r"^sent \d+ 65536$", after=mark)
        status, _, body = self.rig.request("GET", f"/bytes/{SIZE // 8}")
        self.assertEqual((status, len(body)), (200, SIZE // 8))
        for process in (self.rig.serve, self.rig.proxy):
            with self.subTest(process=process.name):
                self.assertLess(process.peak_rss(), BASE_RSS + count * STREAM_RSS)


if __name__ == "__main__":
    unittest.main()
