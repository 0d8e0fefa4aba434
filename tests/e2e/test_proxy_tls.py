"""TLS of a proxy's clients: --tls, --tls-cert and --tls-key."""

import contextlib
import http.client
import json
import os
import shutil
import signal
import ssl
import subprocess
import tempfile

from harness import CONNECTED, DEADLINE, TUNNEL, WRAP, Case


class ProxyTls(Case):
    def setUp(self):
        super().setUp()
        self.folder = tempfile.mkdtemp(prefix="tunnel-proxy-tls-")
        self.addCleanup(shutil.rmtree, self.folder)

    def file(self, name, state="state"):
        return os.path.join(self.folder, state, f"tls-{name}.pem")

    def read(self, name, state="state"):
        with open(self.file(name, state), encoding="ascii") as file:
            return file.read()

    def start_proxy(self, *flags, state="state"):
        rig = self.rig
        argv = rig.argv("proxy", {"listen": "127.0.0.1:0",
                                  "state": os.path.join(self.folder, state)})
        proxy = rig.run("proxy", argv + list(flags))
        proxy.port = int(proxy.wait_for(r"listening on https://127.0.0.1:(\d+)")[1])
        return proxy

    def ask(self, proxy, path, host="localhost", state="state", method="GET", body=None):
        context = ssl.create_default_context(cafile=self.file("ca", state))
        conn = http.client.HTTPSConnection(host, proxy.port, context=context, timeout=DEADLINE)
        try:
            conn.request(method, path, body)
            response = conn.getresponse()
            return response.status, response.read()
        finally:
            conn.close()

    def test_client_without_need(self):
        """a client that speaks TLS to a port of plain HTTP is said, once"""
        self.rig.start_signal()
        self.rig.start_proxy()
        proxy = self.rig.proxy
        port = self.rig.proxy_address[1]
        for _ in range(2):
            with self.assertRaises(ssl.SSLError):
                ssl.get_server_certificate(("127.0.0.1", port), timeout=DEADLINE)
        words = f"port {port}: a client speaks TLS to it, as for https:// or wss://"
        proxy.wait_for(words)
        self.assertEqual(proxy.text().count(words), 1)

    def test_own(self):
        """a certificate is made once, for this machine's names, and trusted by its authority"""
        rig = self.rig
        rig.start_mock()
        rig.start_signal()
        rig.start_serve()
        proxy = self.start_proxy("--tls", "--forwarded")
        proxy.wait_for("made a certificate for this machine")
        told = proxy.wait_for(r"clients trust it by (\S+): NODE_EXTRA_CA_CERTS=(\S+) .*"
                              r"SSL_CERT_FILE=(\S+) .*update-ca-certificates")
        self.assertEqual({told[1], told[2], told[3]}, {self.file("ca")})
        tools = proxy.wait_for(r"point your tools at (\S+) \(OpenAI clients: base URL (\S+)/v1\)")
        self.assertEqual({tools[1], tools[2]}, {f"https://127.0.0.1:{proxy.port}"})
        for host in ("localhost", "127.0.0.1"):
            self.assertEqual(self.ask(proxy, "/health", host)[0], 200)
        body = b"x" * 3_000_000
        self.assertEqual(self.ask(proxy, "/echo", method="POST", body=body), (200, body))
        fields = json.loads(self.ask(proxy, "/inspect")[1])["headers"]
        told = {name.lower(): value for name, value in fields}
        self.assertEqual(told["x-forwarded-proto"], "https")
        self.assertIn("proto=https", told["forwarded"])
        with self.assertRaises(ssl.SSLCertVerificationError):
            context = ssl.create_default_context()
            http.client.HTTPSConnection("localhost", proxy.port, context=context).connect()
        conn = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=DEADLINE)
        conn.request("GET", "/health")
        response = conn.getresponse()
        self.assertEqual(response.status, 400)
        self.assertIn(b"this port speaks TLS", response.read())
        conn.close()
        self.assertEqual(os.stat(self.file("key")).st_mode & 0o777, 0o600)

    def test_kept(self):
        """it is the same at the next start, and another one where a name lacks"""
        self.rig.start_signal()
        made = "made a certificate for this machine"
        self.start_proxy("--tls").wait_for(made)
        first = self.read("cert")
        again = self.start_proxy("--tls")
        again.wait_for("clients trust it by")
        self.assertEqual(again.count(made), 0)
        self.assertEqual(self.read("cert"), first)
        self.start_proxy("--tls", "--allow-host", "box.example").wait_for(made)
        self.assertNotEqual(self.read("cert"), first)
        with open(self.file("cert"), "w", encoding="ascii") as file:
            file.write("damaged")
        self.start_proxy("--tls").wait_for(made)

    def test_told(self):
        """the upstream hears that it is https, and nothing else that was not asked for"""
        rig = self.rig
        rig.start_mock()
        rig.start_signal()
        rig.start_serve()
        proxy = self.start_proxy("--tls")
        proxy.wait_for(CONNECTED)
        fields = json.loads(self.ask(proxy, "/inspect")[1])["headers"]
        told = {name.lower(): value for name, value in fields}
        self.assertEqual(told["x-forwarded-proto"], "https")
        self.assertFalse({"forwarded", "x-forwarded-for", "via"} & set(told))

    def test_abort(self):
        """over TLS nobody half-closes: its end stops the request, though the socket is there"""
        rig = self.rig
        rig.start_mock()
        rig.start_signal()
        rig.start_serve()
        proxy = self.start_proxy("--tls")
        proxy.wait_for(CONNECTED)
        context = ssl.create_default_context(cafile=self.file("ca"))
        conn = http.client.HTTPSConnection("localhost", proxy.port, context=context)
        self.addCleanup(conn.close)
        gate = self.name()
        conn.request("GET", f"/slow/{gate}")
        number = rig.mock.wait_for(rf"request (\d+) .*/slow/{gate}")[1]
        conn.sock.setblocking(False)
        with contextlib.suppress(OSError):  # its end is sent; there is none of the proxy yet
            conn.sock.unwrap()
        rig.mock.wait_for(rf"closed {number}$")

    def test_given(self):
        """one of one's own, read again on SIGHUP"""
        rig = self.rig
        rig.start_mock()
        rig.start_signal()
        rig.start_serve()
        for state in ("a", "b"):
            self.start_proxy("--tls", state=state)
        cert, key = (os.path.join(self.folder, name) for name in ("cert", "key"))
        shutil.copy(self.file("cert", "a"), cert)
        shutil.copy(self.file("key", "a"), key)
        proxy = self.start_proxy("--tls-cert", cert, "--tls-key", key)
        proxy.wait_for(CONNECTED)
        self.assertEqual(self.ask(proxy, "/health", state="a")[0], 200)
        shutil.copy(self.file("cert", "b"), cert)
        proxy.kill(signal.SIGHUP)
        proxy.wait_for("the certificate of before stays in use")
        self.assertEqual(self.ask(proxy, "/health", state="a")[0], 200)
        shutil.copy(self.file("key", "b"), key)
        proxy.kill(signal.SIGHUP)
        proxy.wait_for("read the certificate again")
        self.assertEqual(self.ask(proxy, "/health", state="b")[0], 200)

    def test_wrong(self):
        """what does not go together, and what is no certificate"""
        argv = [*WRAP, TUNNEL, "proxy", "--room", "r", "--listen", "0"]
        for more, code, words in (
                (["--tls-cert", "x"], 2, "proxy needs --tls-key FILE (or TUNNEL_TLS_KEY) beside --tls-cert"),
                (["--tls-key", "x"], 2, "proxy needs --tls-cert FILE (or TUNNEL_TLS_CERT) beside --tls-key"),
                (["--tls", "--tls-cert", "x", "--tls-key", "x"], 2,
                 "proxy needs either --tls, or --tls-cert and --tls-key"),
                (["--tls-cert", __file__, "--tls-key", __file__], 1, "test_proxy_tls.py"),
                (["--tls", "--state", __file__], 1, "--tls keeps a certificate in the state folder")):
            done = subprocess.run([*argv, *more], capture_output=True, text=True, timeout=DEADLINE,
                                  check=False)
            self.assertEqual(done.returncode, code, done.stderr)
            self.assertIn(words, done.stderr)
