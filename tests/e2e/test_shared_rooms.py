"""Several consumers and several providers in one room."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import unittest

from harness import CONNECTED, DEADLINE, TUNNEL, WRAP, Case
from link_rig import LinkRig

CONSUMERS = 4


class Consumers(Case):
    """Of one serve, each with a port of its own."""

    def setUp(self):
        super().setUp()
        rig = self.rig
        rig.start_mock()
        rig.start_signal()
        self.serve = rig.start_serve()
        self.proxies = []

    def add(self, *args, **options):
        name = f"proxy {len(self.proxies)}"
        proxy = self.rig.start_proxy(*args, **{"name": name, **options})
        self.proxies.append((proxy, self.rig.proxy_address))
        proxy.wait_for(CONNECTED)
        return proxy

    def ask(self, at):
        """What that one's client gets."""
        self.rig.proxy_address = self.proxies[at][1]
        return self.rig.get_json("/health")

    def test_several(self):
        """each is answered, and named in the log; one that goes leaves the others alone"""
        for _ in range(CONSUMERS):
            self.add()
        for at in range(CONSUMERS):
            self.assertEqual(self.ask(at), {"status": "ok"})
        for _ in range(CONSUMERS):
            self.serve.wait_for(r"#\d+ is connected directly")
        self.rig.wait_peers(CONSUMERS + 1)
        streams = [self.begin(at) for at in range(1, CONSUMERS)]
        gone, _ = self.proxies[0]
        gone.kill()
        gone.wait_exit()
        self.serve.wait_for(r"#\d+ has gone: .*; still connected: %d" % (CONSUMERS - 1))
        for at, (conn, response) in enumerate(streams, 1):
            self.assertEqual(len(response.read()), 1 << 20)
            conn.close()
            self.assertEqual(self.ask(at), {"status": "ok"})

    def begin(self, at):
        self.rig.proxy_address = self.proxies[at][1]
        conn = self.rig.connect()
        self.addCleanup(conn.close)
        conn.request("GET", "/bytes/%d" % (1 << 20))
        return conn, conn.getresponse()

    def test_at_once(self):
        """all come at the same time"""
        threads = [threading.Thread(target=self.rig.start_proxy, kwargs={"name": f"proxy {at}"})
                   for at in range(CONSUMERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for process in self.rig.processes[-CONSUMERS:]:
            process.wait_for(CONNECTED)
        self.assertEqual(self.serve.count(r"no connection|cannot be used"), 0)

    def test_server_is_restarted(self):
        """all sessions stand, and are found again"""
        for _ in range(CONSUMERS):
            self.add()
        self.rig.signal.kill()
        self.rig.signal.wait_exit()
        self.rig.start_signal(listen=self.rig.signal_url.removeprefix("ws://"))
        self.rig.wait_peers(CONSUMERS + 1)
        for at in range(CONSUMERS):
            self.assertEqual(self.ask(at), {"status": "ok"})
        late = self.add()
        self.assertEqual(self.ask(CONSUMERS), {"status": "ok"})
        self.assertIsNone(late.child.poll())
        for proxy, _ in self.proxies:
            self.assertEqual(proxy.count("has gone|no connection|the other side ended"), 0, proxy.name)


class Providers(Case):
    def test_second_serve(self):
        """a second serve is a provider beside the first, and no rival; lines say who had what"""
        rig = self.rig
        rig.start_mock()
        rig.start_signal()
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)
        control = os.path.join(folder, "control")
        first = rig.start_serve()
        rig.start_proxy("--control", control)
        rig.wait_up()
        self.assertEqual(rig.get_json("/health"), {"status": "ok"})
        second = rig.start_serve(name="second serve")
        rig.wait_peers(3)
        rig.proxy.wait_for(r"#\d+ is connected")
        self.assertEqual(rig.get_json("/health"), {"status": "ok"})
        rig.proxy.wait_for(r"#\d+: GET /health 200")
        listed = subprocess.run([*WRAP, TUNNEL, "requests", "--control", control], timeout=DEADLINE,
                                capture_output=True, text=True, check=True).stdout
        self.assertRegex(listed, r"^(\S+ GET /health 200, .*\n)+\S+ #\d+: GET /health 200, .*\n$")
        first.kill()
        first.wait_exit()
        rig.wait_up(2 * DEADLINE)
        second.wait_for(CONNECTED)
        self.assertEqual(rig.get_json("/health"), {"status": "ok"})
        for process in (second, rig.proxy):
            self.assertEqual(process.count("another `tunnel"), 0)


class Devices(Case):
    """By links: each device by its own."""

    rig_type = LinkRig

    def test_several_devices(self):
        """each by the name of its invite; one that is revoked goes, and the other stays"""
        rig = self.rig
        rig.start_mock()
        rig.start_signal()
        serve = rig.start_serve()
        addresses = {}
        for name in ("phone", "laptop"):
            rig.start_linked(rig.invite(name), name=name)
            rig.wait_up()
            serve.wait_for(f"{name} is connected")
            addresses[name] = rig.proxy_address
        for name, rig.proxy_address in addresses.items():
            self.assertEqual(rig.get_json("/health"), {"status": "ok"})
            serve.wait_for(f"{name}: GET /health 200")
        rig.tunnel("revoke", "phone", "--state", rig.state)
        serve.wait_for("phone has gone: .*; still connected: 1")
        rig.proxy_address = addresses["laptop"]
        self.assertEqual(rig.get_json("/health"), {"status": "ok"})

    def test_no_place(self):
        """one more than --max-consumers is named; what it asks is 503, and done by nobody"""
        rig = self.rig
        rig.start_mock()
        rig.start_signal()
        serve = rig.start_serve("--max-consumers", "1")
        phone = rig.start_linked(rig.invite("phone"), name="phone")
        rig.wait_up()
        rig.start_linked(rig.invite("laptop"), name="laptop")
        status, fields, body = rig.request("POST", "/echo", b"once")
        self.assertEqual(status, 503)
        self.assertGreaterEqual(int(fields["Retry-After"]), 5)
        error = json.loads(body)["error"]
        self.assertEqual(error["code"], "tunnel_down")
        self.assertIn("has as many consumers as it takes", error["message"])
        serve.wait_for("turned laptop away: we have as many partners as we take")
        self.assertNotIn("POST /echo", rig.mock.text())
        phone.kill(signal.SIGINT)
        rig.proxy.wait_for(CONNECTED)
        serve.wait_for("laptop is connected")
        self.assertEqual(rig.get_json("/health"), {"status": "ok"})


if __name__ == "__main__":
    unittest.main()
