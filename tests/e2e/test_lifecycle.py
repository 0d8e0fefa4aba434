"""Starting in any order, ending in any way, and coming back."""

import http.client
import json
import signal
import socket
import threading
import time
import unittest

from harness import CONNECTED, DEADLINE, IS_INSTRUMENTED, WAITING, Case, Rig, free_port
from harness import read_exactly
from wsclient import WebSocket

BROKEN = (http.client.IncompleteRead, ConnectionError)
DEAD_AFTER = 45  # s: a peer is dead after 30 s of silence, plus some slack


def own_address():
    """An IPv4 address of this machine beside loopback, or None."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # for documentation; nothing is sent
        except OSError:
            return None
        address = probe.getsockname()[0]
    return None if address.startswith("127.") else address


class LifeRig(Rig):
    """What ends here comes back at its port, which must be nobody's meanwhile:
    none that the kernel gives away."""

    def start_mock(self, *args):
        return super().start_mock(*(args or ("--port", str(free_port()))))

    def start_signal(self, *args, listen=None):
        return super().start_signal(*args, listen=listen or f"127.0.0.1:{free_port()}")

    def start_proxy(self, *args, listen=None, **options):
        listen = listen or f"127.0.0.1:{free_port()}"
        return super().start_proxy(*args, listen=listen, **options)


class LifeCase(Case):
    rig_type = LifeRig

    def begin_gated(self, gate, timeout=None):
        """A response in mid-body; the rest is held back by the upstream."""
        conn = self.rig.connect(timeout)
        self.addCleanup(conn.close)
        conn.request("GET", f"/gated/{gate}")
        response = conn.getresponse()
        read_exactly(response, 6)
        return response

    def assert_breaks(self, response):
        """The client sees that its response is broken, not a clean end."""
        with self.assertRaises(BROKEN):
            response.read()

    def check_closed_upstream(self, path, mark=0):
        number = self.rig.mock.wait_for(rf"^request (\d+) conn \d+ \w+ {path}", after=mark)[1]
        self.rig.mock.wait_for(rf"^closed {number}$", after=mark, deadline=DEAD_AFTER)

    def restart_signal(self):
        """Another signal server on the port of the last one."""
        self.rig.start_signal(listen=self.rig.signal_url.removeprefix("ws://"))

    def restart_proxy(self):
        self.rig.start_proxy(name="proxy again", listen="%s:%d" % self.rig.proxy_address)

    def restart_mock(self):
        port = self.rig.upstream_url.rsplit(":", 1)[1]
        self.rig.start_mock("--port", port)


class Order(LifeCase):
    def test_proxy_first(self):
        """proxy first, then serve; a request that waits meanwhile is answered"""
        rig = self.rig
        rig.start_mock()
        rig.start_signal()
        rig.start_proxy()
        rig.wait_peers(1)
        conn = rig.connect()
        self.addCleanup(conn.close)
        conn.request("POST", "/echo", "sent before serve was there")
        rig.start_serve()
        response = conn.getresponse()
        self.assertEqual((response.status, response.read()), (200, b"sent before serve was there"))

    def test_serve_first(self):
        """serve first, then proxy"""
        rig = self.rig
        rig.start_mock()
        rig.start_signal()
        rig.start_serve().wait_for(WAITING)
        rig.wait_peers(1)
        rig.start_proxy().wait_for(CONNECTED)
        rig.wait_up()

    def test_signal_last(self):
        """both ends first, the signal server last"""
        rig = self.rig
        rig.start_mock()
        listen = f"127.0.0.1:{free_port()}"
        rig.signal_url = f"ws://{listen}"
        rig.start_serve().wait_for(r"trying again")
        rig.start_proxy().wait_for(r"trying again")
        rig.start_signal(listen=listen)
        rig.wait_up()

    def test_upstream_last(self):
        """no upstream: 502 and why in JSON; it comes later: 200"""
        rig = self.rig
        port = free_port()
        rig.upstream_url = f"http://127.0.0.1:{port}"
        rig.start_signal()
        rig.start_serve()
        rig.start_proxy()
        rig.wait_connected()
        status, headers, body = rig.request("GET", "/health")
        self.assertEqual((status, headers["Content-Type"]), (502, "application/json"))
        self.assertIn("refused", json.dumps(json.loads(body)))
        rig.start_mock("--port", str(port))
        self.assertEqual(rig.get_json("/health"), {"status": "ok"})

    @unittest.skipIf(IS_INSTRUMENTED, "measures time")
    def test_deaf_stun(self):
        """a STUN server that does not answer delays nothing"""
        # Loopback is of no use: ICE asks from a socket on another interface.
        if (address := own_address()) is None:
            self.skipTest("there is no network interface but loopback")
        self.rig.start_signal()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
            deaf.bind((address, 0))
            deaf.settimeout(DEADLINE)
            stun = "stun:%s:%d" % deaf.getsockname()
            # To wait for its answer would take far longer (RFC 8489 section
            # 6.2.1), each time. A busy machine may be slow once.
            seconds = [self.time_to_connect(stun)]
            self.assertEqual(deaf.recv(20)[:2], b"\0\1", "no STUN request came")
            while seconds[-1] >= 3 and len(seconds) < 4:
                seconds.append(self.time_to_connect(stun))
        self.assertLess(seconds[-1], 3, seconds)

    def time_to_connect(self, stun):
        serve = self.rig.start_serve(stun=stun, upstream="http://127.0.0.1:9")
        serve.wait_for(WAITING)
        began = time.monotonic()
        proxy = self.rig.start_proxy(stun=stun)
        proxy.wait_for(CONNECTED)
        seconds = time.monotonic() - began
        for process in (proxy, serve):
            self.assertIsNone(process.end())
        return seconds


class KillAtRest(LifeCase):
    def test_provider(self):
        """kill -9 of serve; another one takes its place"""
        self.rig.start_all()
        self.rig.serve.kill()
        self.rig.serve.wait_exit()
        self.rig.start_serve(name="serve again")
        self.rig.wait_up(2 * DEAD_AFTER)

    def test_consumer(self):
        """kill -9 of proxy; another one takes its place and port"""
        self.rig.start_all()
        self.rig.proxy.kill()
        self.rig.proxy.wait_exit()
        self.restart_proxy()
        self.rig.wait_up(2 * DEAD_AFTER)

    def test_upstream(self):
        """kill -9 of the upstream: 502, and 200 when it is back"""
        self.rig.start_all()
        self.rig.mock.kill()
        self.rig.mock.wait_exit()
        self.assertEqual(self.rig.request("GET", "/health")[0], 502)
        self.restart_mock()
        self.assertEqual(self.rig.get_json("/health"), {"status": "ok"})

    def test_signal_server(self):
        """kill -9 of the signal server: requests go on; both come back to it"""
        self.rig.start_all()
        self.rig.signal.kill()
        self.rig.signal.wait_exit()
        self.rig.serve.wait_for(r"signal server|trying again")
        for _ in range(3):
            self.assertEqual(self.rig.get_json("/health"), {"status": "ok"})
        self.restart_signal()
        self.rig.wait_peers(2)
        self.assertEqual(self.rig.get_json("/health"), {"status": "ok"})
        # And they still find each other when one of them goes.
        self.rig.serve.kill()
        self.rig.serve.wait_exit()
        self.rig.start_serve(name="serve again")
        self.rig.wait_up(2 * DEAD_AFTER)


class Doubt(LifeCase):
    def test_requests_wait(self):
        """kill -9 of serve: requests begun after that get 200 when it is back"""
        self.rig.start_mock()
        self.rig.start_signal()
        self.rig.start_serve()
        proxy = self.rig.start_proxy("--log-level", "debug")
        self.rig.wait_up()
        mark = proxy.mark()
        self.rig.serve.kill()
        self.rig.serve.wait_exit()
        proxy.wait_for("the other side may be gone", after=mark)
        begun = []
        for _ in range(7):
            conn = self.rig.connect()
            self.addCleanup(conn.close)
            conn.request("GET", "/health")
            begun.append(conn)
        self.rig.start_serve(name="serve again")
        self.assertEqual([conn.getresponse().status for conn in begun], [200] * 7)


class Way:
    """A way to a TCP port, which can be closed."""

    def __init__(self, url):
        self.to = url.removeprefix("ws://").rsplit(":", 1)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = "ws://127.0.0.1:%d" % self.listener.getsockname()[1]
        self.ends = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        try:
            while True:
                near, _ = self.listener.accept()
                far = socket.create_connection((self.to[0], int(self.to[1])))
                self.ends += [near, far]
                for pair in ((near, far), (far, near)):
                    threading.Thread(target=self.copy, args=pair, daemon=True).start()
        except OSError:
            pass

    def copy(self, source, sink):
        try:
            while data := source.recv(1 << 16):
                sink.sendall(data)
        except OSError:
            pass
        for end in (source, sink):
            end.close()

    def close(self):
        for end in (self.listener, *self.ends):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class Newcomers(LifeCase):
    """A signal server of before rooms were shared is restarted, and a stranger
    is in the room before one of the two that are connected."""

    refused = "refused another process"

    def test_second_serve(self):
        """a second serve is told so, and gets no request"""
        rig = self.rig
        rig.start_mock()
        rig.start_old_signal()
        way = Way(rig.signal_url)
        self.addCleanup(way.close)
        rig.start_serve(signal=way.url)
        first = rig.start_proxy()
        rig.wait_up()
        rig.signal.kill()
        rig.signal.wait_exit()
        way.close()
        rig.start_old_signal(rig.signal_url.removeprefix("ws://"))
        rig.wait_peers(1)
        rig.upstream_url = "http://127.0.0.1:9"
        second = rig.start_serve(name="second serve")
        second.wait_for(r"another `tunnel serve`.* choose another room")
        first.wait_for(self.refused)
        self.assertEqual(rig.get_json("/health"), {"status": "ok"})

    def test_second_proxy(self):
        """a stranger's proxy is told so, and none of its requests is answered"""
        rig = self.rig
        rig.start_mock()
        rig.start_old_signal()
        way = Way(rig.signal_url)
        self.addCleanup(way.close)
        serve = rig.start_serve()
        rig.start_proxy(signal=way.url)
        rig.wait_up()
        rig.signal.kill()
        rig.signal.wait_exit()
        way.close()
        rig.start_old_signal(rig.signal_url.removeprefix("ws://"))
        rig.wait_peers(1)
        address = rig.proxy_address
        second = rig.start_proxy(name="second proxy")
        stranger = rig.connect()
        self.addCleanup(stranger.close)
        stranger.request("GET", "/health?stranger")
        second.wait_for(r"another `tunnel proxy`.* choose another room")
        serve.wait_for(self.refused)
        rig.proxy_address = address
        self.assertEqual(rig.get_json("/health"), {"status": "ok"})
        self.assertEqual(rig.mock.count("stranger"), 0)


class KillMidTransfer(LifeCase):
    seconds = 200
    waits = 25

    def test_provider(self):
        """kill -9 of serve in mid-response: the client sees it broken"""
        self.rig.start_all()
        response = self.begin_gated(self.name(), timeout=DEAD_AFTER)
        self.rig.serve.kill()
        self.rig.serve.wait_exit()
        self.assert_breaks(response)
        self.rig.start_serve(name="serve again")
        self.rig.wait_up()

    def test_consumer(self):
        """kill -9 of proxy in mid-response: the upstream's request is closed"""
        self.rig.start_all()
        gate = self.name()
        response = self.begin_gated(gate)
        self.rig.proxy.kill()
        self.rig.proxy.wait_exit()
        self.assert_breaks(response)
        self.check_closed_upstream(f"/gated/{gate}")
        self.restart_proxy()
        self.rig.wait_up()

    def test_upstream(self):
        """kill -9 of the upstream in mid-response: the client sees it broken"""
        self.rig.start_all()
        response = self.begin_gated(self.name())
        self.rig.mock.kill()
        self.assert_breaks(response)
        self.rig.mock.wait_exit()
        self.restart_mock()
        self.rig.wait_up()

    def test_signal_server(self):
        """kill -9 and restart of the signal server: streams stay alive"""
        self.rig.start_all()
        gate = self.name()
        response = self.begin_gated(gate)
        self.rig.signal.kill()
        self.rig.signal.wait_exit()
        self.restart_signal()
        self.rig.wait_peers(2)
        self.rig.wait_up()
        self.rig.mock.send(f"open {gate}")
        self.assertEqual(response.read(), b"second\n")

    def test_provider_at_full_speed(self):
        """kill -9 of serve while bytes flow as fast as they can"""
        self.rig.start_all()
        conn = self.rig.connect(DEAD_AFTER)
        self.addCleanup(conn.close)
        conn.request("GET", "/endless/")
        response = conn.getresponse()
        read_exactly(response, 1 << 20)
        self.rig.serve.kill()
        with self.assertRaises(BROKEN):
            while response.read(1 << 16):
                pass
            raise AssertionError("a clean end")

    def test_consumer_at_full_speed(self):
        """kill -9 of proxy during an upload"""
        self.rig.start_all()
        conn = self.rig.connect(DEAD_AFTER)
        self.addCleanup(conn.close)
        conn.putrequest("POST", "/digest")
        conn.putheader("Content-Length", str(1 << 40))
        conn.endheaders()
        conn.send(b"x" * (4 << 20))
        self.rig.mock.wait_for(r"^body \d+ ")
        self.rig.proxy.kill()
        self.check_closed_upstream("/digest")


class Rooms(LifeCase):
    def check_told(self, process, *words):
        for word in words:
            process.wait_for(word)

    def test_two_consumers(self):
        """two proxies in one room of before rooms were shared are told so in plain words"""
        self.rig.start_old_signal()
        first = self.rig.start_proxy()
        self.rig.wait_peers(1)
        second = self.rig.start_proxy(name="second proxy")
        self.check_told(second, r"`tunnel proxy`.*one side must run `tunnel (proxy|serve)`")
        self.check_told(first, r"`tunnel proxy`.*one side must run `tunnel (proxy|serve)`")

    def test_two_providers(self):
        """two serves in one room of before rooms were shared are told so; the right other side
        still finds a place"""
        self.rig.start_mock()
        self.rig.start_old_signal()
        first = self.rig.start_serve()
        self.rig.wait_peers(1)
        second = self.rig.start_serve(name="second serve")
        self.check_told(second, r"`tunnel serve`.*one side must run `tunnel (proxy|serve)`")
        self.check_told(first, r"`tunnel serve`.*one side must run `tunnel (proxy|serve)`")
        second.kill(signal.SIGINT)
        self.assertEqual(second.wait_exit(), 0)
        self.rig.start_proxy()
        self.rig.wait_up(2 * DEADLINE)

    def test_room_full(self):
        """one too many is told that the room is full, and its size; the others go on"""
        rig = self.rig
        rig.start_mock()
        rig.start_signal("--max-per-room", "3")
        rig.start_serve()
        rig.start_proxy(name="first")
        rig.wait_up()
        rig.start_proxy(name="second")
        rig.wait_up()
        third = rig.start_proxy(name="third")
        self.check_told(third, r"room full: all 3 places are taken; (stop one|.*another room)")
        third.kill(signal.SIGINT)
        third.wait_exit()
        for process in (rig.serve, *rig.processes[3:5]):
            self.assertIsNone(process.child.poll())

    def test_two_rooms(self):
        """two pairs in two rooms know nothing of each other"""
        rig = self.rig
        rig.start_all()
        rig.room += "-2"
        rig.start_serve("--advertise", "/v2", name="serve 2")
        rig.start_proxy(name="proxy 2")
        rig.wait_up()
        self.assertEqual(rig.get_json("/v2/inspect/")["path"], "/inspect/")
        rig.wait_peers(4)


class Ending(LifeCase):
    def check_ends(self, process, sig):
        process.kill(sig)
        self.assertEqual(process.wait_exit(), 0)

    def test_at_rest(self):
        """SIGINT and SIGTERM: exit 0, and the other side knows at once"""
        for sig in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(sig=sig.name):
                self.rig.start_all()
                mark = self.rig.proxy.mark()
                self.check_ends(self.rig.serve, sig)
                self.rig.wait_peers(1)
                self.rig.proxy.wait_for(WAITING, after=mark)
                self.check_ends(self.rig.proxy, sig)
                self.rig.wait_peers(0)

    def test_serve_mid_transfer(self):
        """Ctrl-C of serve in mid-response: exit 0, the client sees it broken"""
        self.rig.start_all()
        gate = self.name()
        response = self.begin_gated(gate)
        self.check_ends(self.rig.serve, signal.SIGINT)
        self.assert_breaks(response)
        self.check_closed_upstream(f"/gated/{gate}")

    def test_proxy_mid_transfer(self):
        """Ctrl-C of proxy in mid-response: exit 0, the upstream's request is closed"""
        self.rig.start_all()
        gate = self.name()
        response = self.begin_gated(gate)
        self.check_ends(self.rig.proxy, signal.SIGINT)
        self.assert_breaks(response)
        self.check_closed_upstream(f"/gated/{gate}")

    def test_while_waiting(self):
        """Ctrl-C while waiting for the other side, a request being held"""
        self.rig.start_signal()
        proxy = self.rig.start_proxy()
        proxy.wait_for(WAITING)
        conn = self.rig.connect()
        self.addCleanup(conn.close)
        conn.request("GET", "/health")
        self.check_ends(proxy, signal.SIGINT)

    def test_while_retrying(self):
        """Ctrl-C while the signal server is away"""
        self.rig.signal_url = f"ws://127.0.0.1:{free_port()}"
        proxy = self.rig.start_proxy()
        proxy.wait_for("trying again")
        self.check_ends(proxy, signal.SIGINT)

    def test_frozen_others(self):
        """Ctrl-C ends it even when all others have frozen"""
        self.rig.start_all()
        frozen = (self.rig.serve, self.rig.signal)
        for process in frozen:
            process.kill(signal.SIGSTOP)
        try:
            self.check_ends(self.rig.proxy, signal.SIGINT)
        finally:
            for process in frozen:
                process.kill(signal.SIGCONT)

    def test_twice(self):
        """a second Ctrl-C ends it at once"""
        self.rig.start_all()
        for process in (self.rig.serve, self.rig.proxy):
            process.expected_exit = (0, -signal.SIGINT, 130)
            process.kill(signal.SIGINT)
            process.wait_for("closing")
            process.kill(signal.SIGINT)
            self.assertIn(process.wait_exit(), process.expected_exit)

    def test_bye(self):
        """Ctrl-C says bye: another peer in the room gets peer-left"""
        self.rig.start_signal()
        other = WebSocket(self.rig.signal_url)
        self.addCleanup(other.close)
        other.join(self.rig.room)
        proxy = self.rig.start_proxy()
        other.receive_type("peer-joined")
        self.check_ends(proxy, signal.SIGINT)
        self.assertEqual(other.receive()["type"], "peer-left")


class Comings(LifeCase):
    seconds = 150

    def test_many_times(self):
        """serve leaves and comes back five times; proxy keeps its port"""
        rig = self.rig
        rig.start_all()
        address = rig.proxy_address
        for i in range(5):
            rig.serve.kill(signal.SIGINT)
            self.assertEqual(rig.serve.wait_exit(), 0)
            rig.start_serve(name=f"serve {i}")
            rig.wait_up()
        self.assertEqual(rig.proxy_address, address)
        self.assertIsNone(rig.proxy.child.poll())


if __name__ == "__main__":
    unittest.main()
