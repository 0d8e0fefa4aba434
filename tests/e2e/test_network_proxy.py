"""Out of a network by its proxy: HTTPS_PROXY, ALL_PROXY and NO_PROXY."""

import os
import shutil
import subprocess
import tempfile
import unittest

from harness import TUNNEL, Case
from network_proxy import NetworkProxy
from test_tls import TlsFront, make_certificates

NAME = "signal.office.test"  # which only the proxies know
LOGIN = ("somebody", "p@ss:word")


class ProxyCase(Case):
    def setUp(self):
        super().setUp()
        self.rig.start_mock()
        self.rig.start_signal()
        host, port = self.rig.signal_url.removeprefix("ws://").split(":")
        self.server = (host, int(port))
        self.signal = f"ws://{NAME}:8787"

    def proxy(self, server=None, **options):
        proxy = NetworkProxy({NAME: server or self.server}, **options)
        self.addCleanup(proxy.close)
        return proxy

    def check(self, proxy, env, port=8787):
        """Both ends by the proxy."""
        self.rig.start_serve(signal=self.signal, env=env)
        self.rig.start_proxy(signal=self.signal, env=env)
        self.rig.wait_up()
        self.assertEqual(proxy.led_to, [(NAME, port)] * 2)


class Clear(ProxyCase):
    def test_http(self):
        """HTTPS_PROXY with http: the signal server by CONNECT, its name left to the proxy"""
        proxy = self.proxy()
        self.check(proxy, {"HTTPS_PROXY": f"http://127.0.0.1:{proxy.port}"})
        self.assertEqual(
            self.rig.proxy.count(rf"reached through the proxy http://127.0.0.1:{proxy.port}"), 1)

    def test_http_login(self):
        """with user and password"""
        proxy = self.proxy(login=LOGIN)
        self.check(proxy, {"https_proxy": f"somebody:p%40ss%3aword@127.0.0.1:{proxy.port}"})
        self.assertNotIn("somebody", self.rig.proxy.text())

    def test_socks(self):
        """ALL_PROXY with socks5h"""
        proxy = self.proxy()
        self.check(proxy, {"ALL_PROXY": f"socks5h://127.0.0.1:{proxy.port}"})

    def test_socks_login(self):
        """socks5h with user and password"""
        proxy = self.proxy(login=LOGIN)
        self.check(proxy, {"all_proxy": f"socks5h://somebody:p%40ss%3aword@127.0.0.1:{proxy.port}"})

    def test_order(self):
        """HTTPS_PROXY beats ALL_PROXY, and lower case beats upper case"""
        proxy = self.proxy()
        self.check(proxy, {"https_proxy": f"http://127.0.0.1:{proxy.port}",
                           "HTTPS_PROXY": "http://127.0.0.1:1", "ALL_PROXY": "http://127.0.0.1:2"})

    def test_exceptions(self):
        """what NO_PROXY names, and what is on this machine, is reached directly"""
        proxy = self.proxy()
        env = {"HTTPS_PROXY": f"http://127.0.0.1:{proxy.port}", "NO_PROXY": "corp, .office.test"}
        serve = self.rig.start_serve(signal=self.signal, env=env)
        serve.wait_for(rf"signal server at {NAME}:8787 cannot be reached: no such host")
        serve.end()
        self.rig.start_serve(env=env)
        self.rig.start_proxy(env=env)
        self.rig.wait_up()
        self.assertEqual(proxy.led_to, [])


class Refusals(ProxyCase):
    def check_refused(self, url, words, signal=None):
        serve = self.rig.start_serve(signal=signal or self.signal, env={"HTTPS_PROXY": url})
        serve.wait_for(rf"cannot be reached: the proxy \S+ {words}.*trying again")
        self.assertNotIn("secret", serve.text())
        serve.end()

    def test_refused(self):
        """what the proxy says is told: no login, a wrong one, no such host"""
        port = self.proxy(login=LOGIN).port
        self.check_refused(f"http://127.0.0.1:{port}", r"wants a user and a password")
        for scheme in ("http", "socks5h"):
            self.check_refused(f"{scheme}://x:secret@127.0.0.1:{port}",
                               r"does not know this user or password")
        port = self.proxy().port
        self.check_refused(f"http://127.0.0.1:{port}",
                           r"could not connect us to x.test:1 \(HTTP 502\)", "ws://x.test:1")
        self.check_refused(f"socks5h://127.0.0.1:{port}",
                           r"does not reach the host of x.test:1 \(SOCKS 4\)", "ws://x.test:1")

    def test_no_proxy(self):
        """a proxy that is none, or is not there"""
        self.check_refused("http://127.0.0.1:1", r"cannot be reached: connection refused")
        # The port that refuses is the proxy's, not the signal server's.
        self.check_refused("http://127.0.0.1:1", r"cannot be reached: connection refused;", "ws://x.test")
        host, port = self.server
        self.check_refused(f"socks5h://{host}:{port}", r"ended the connection|does not speak SOCKS")
        self.check_refused(f"https://{host}:{port}", r"there is no TLS at that port; perhaps http:// is")

    def test_wrong_value(self):
        """a value that is wrong ends the program, and is not shown"""
        for url in ("socks4://x:secret@proxy", "http://x:secret@"):
            done = subprocess.run([TUNNEL, "serve", "1", "--room", "r"], capture_output=True,
                                  text=True, env={"HTTPS_PROXY": url})  # fmt: skip
            self.assertEqual(done.returncode, 2)
            self.assertRegex(done.stderr, r"HTTPS_PROXY '…' must (begin with|name a host)")
            self.assertNotIn("secret", done.stderr)


@unittest.skipUnless(shutil.which("openssl"), "there is no openssl program")
class Encrypted(ProxyCase):
    def setUp(self):
        super().setUp()
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)
        make_certificates(folder, f"DNS:{NAME},IP:127.0.0.1")
        self.certificate = [os.path.join(folder, name) for name in ("server.pem", "server.key")]
        self.trust = {"SSL_CERT_FILE": os.path.join(folder, "ca.pem")}

    def front(self):
        """The signal server's address for wss."""
        front = TlsFront(*self.certificate, self.server)
        self.addCleanup(front.listener.close)
        self.signal = f"wss://{NAME}"
        return ("127.0.0.1", front.port)

    def test_secure_server(self):
        """a wss signal server by http and by socks5h: its own certificate is verified"""
        server = self.front()
        for scheme in ("http", "socks5h"):
            proxy = self.proxy(server)
            self.check(proxy, {"HTTPS_PROXY": f"{scheme}://127.0.0.1:{proxy.port}", **self.trust},
                       port=443)
            self.rig.serve.end()
            self.rig.proxy.end()

    def test_secure_proxy(self):
        """a proxy that speaks TLS, to a ws signal server"""
        proxy = self.proxy(certificate=self.certificate, login=LOGIN)
        env = {"HTTPS_PROXY": f"https://somebody:p%40ss%3aword@127.0.0.1:{proxy.port}"}
        self.check(proxy, {**env, **self.trust})

    def test_both(self):
        """TLS in TLS: a proxy that speaks it, to a wss signal server"""
        proxy = self.proxy(self.front(), certificate=self.certificate)
        env = {"HTTPS_PROXY": f"https://127.0.0.1:{proxy.port}"}
        self.check(proxy, {**env, **self.trust}, port=443)

    def test_unknown_proxy(self):
        """a proxy whose certificate nobody knows is not told anything"""
        proxy = self.proxy(certificate=self.certificate)
        env = {"HTTPS_PROXY": f"https://127.0.0.1:{proxy.port}"}
        serve = self.rig.start_serve(signal=self.signal, env=env)
        serve.wait_for(r"the proxy https://127\S+ .*certificate is refused")
        self.assertEqual(proxy.led_to, [])


if __name__ == "__main__":
    unittest.main()
