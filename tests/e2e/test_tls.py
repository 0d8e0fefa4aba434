"""https upstreams and wss signal servers, with a CA of our own."""

import http.client
import json
import os
import select
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import unittest

from harness import DEADLINE, SIGNAL_SERVER, TUNNEL, Case, read_exactly
from listener import accept_all, stop_listening


def make_certificates(folder, names="DNS:localhost,IP:127.0.0.1"):
    """ca.pem, and server.pem with server.key for these."""

    def openssl(*args):
        subprocess.run(["openssl", *args], cwd=folder, check=True, capture_output=True)

    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "30",
            "-subj", "/CN=a CA of the tests")
    openssl("req", *key, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=localhost")
    with open(os.path.join(folder, "names"), "w") as file:
        file.write(f"subjectAltName={names}\n")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
            "-CAcreateserial", "-days", "30", "-extfile", "names", "-out", "server.pem")


class TlsCase(Case):
    def setUp(self):
        super().setUp()
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        make_certificates(self.folder)
        self.trust = {"SSL_CERT_FILE": os.path.join(self.folder, "ca.pem")}
        self.pair = [os.path.join(self.folder, name) for name in ("server.pem", "server.key")]

    def start(self, *mock_flags, env=None, serve_flags=()):
        self.rig.start_mock("--cert", self.pair[0], "--key", self.pair[1], *mock_flags)
        self.rig.start_signal()
        self.rig.start_serve(*serve_flags, env=env)
        self.rig.start_proxy()
        self.rig.wait_connected()

    def check_refused(self, *words):
        status, _, body = self.rig.request("GET", "/health")
        self.assertEqual(status, 502, body)
        for word in words:
            self.assertIn(word, json.loads(body)["error"]["message"].lower())


@unittest.skipUnless(shutil.which("openssl"), "there is no openssl program")
class HttpsUpstream(TlsCase):
    def test_trusted(self):
        """an upstream whose CA the system trusts; bodies both ways"""
        self.start(env=self.trust)
        self.rig.wait_up()
        body = os.urandom(1 << 20)
        self.assertEqual(self.rig.request("POST", "/echo", body)[::2], (200, body))

    def test_own_ca(self):
        """one whose CA --upstream-ca names, by flag or variable"""
        ca = self.trust["SSL_CERT_FILE"]
        self.start(serve_flags=["--upstream-ca", ca])
        self.rig.wait_up()
        self.rig.serve.end()
        self.rig.start_serve(env={"TUNNEL_UPSTREAM_CA": ca})
        self.rig.wait_up()

    def test_ca_in_a_pipe(self):
        """one that can be read but once is refused, with the reason"""
        command = ('exec "$0" serve https://localhost:1 --room x --signal ws://127.0.0.1:1 '
                   '--upstream-ca <(cat "$1")')
        done = subprocess.run(["bash", "-c", command, TUNNEL, self.trust["SSL_CERT_FILE"]], stderr=subprocess.PIPE,
                              text=True, timeout=DEADLINE, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, "--upstream-ca '/dev/fd/[0-9]+' could be read once, and not again: it must be a file")

    def test_unknown_ca(self):
        """one whose CA nobody knows: 502 that says so, and by what it is trusted"""
        self.start()
        self.check_refused("certificate", "--upstream-ca file makes those in a file trusted")

    def test_wrong_name(self):
        """a certificate for another name: 502 that says so"""
        # 127.0.0.2 is this machine, too, but the certificate does not say so.
        self.start("--host", "127.0.0.2", env=self.trust)
        self.check_refused("certificate")

    def test_insecure(self):
        """--upstream-insecure takes any certificate"""
        self.start(serve_flags=["--upstream-insecure"])
        self.rig.wait_up()

    def test_plain_port(self):
        """https to a port that speaks http: 502"""
        self.rig.start_mock()
        self.rig.start_signal()
        serve = self.rig.start_serve(upstream=self.rig.upstream_url.replace("http:", "https:"))
        serve.wait_for(r"warn .*the upstream https://.*: there is no TLS at that port; perhaps http:// is")
        self.rig.start_proxy()
        self.rig.wait_connected()
        self.check_refused()

    def test_tls_port(self):
        """http to a port that speaks TLS: said at the start, with what to write"""
        self.rig.start_mock("--cert", self.pair[0], "--key", self.pair[1])
        self.rig.signal_url = "ws://127.0.0.1:1"
        serve = self.rig.start_serve(upstream=self.rig.upstream_url.replace("https:", "http:"))
        serve.wait_for(r"warn .*the upstream http://.*its URL must begin with https://")

    def test_abort(self):
        """a client that leaves closes an https upstream's request as well"""
        self.start(env=self.trust)
        gate = self.name()
        conn = self.rig.connect()
        conn.request("GET", f"/gated/{gate}")
        response = conn.getresponse()
        self.assertEqual(read_exactly(response, 6), b"first\n")
        response.close()
        conn.close()
        self.rig.mock.wait_for(r"^closed \d+")

    def test_broken_off(self):
        """an https upstream that is cut off in mid-body: a broken response"""
        self.start(env=self.trust)
        with self.assertRaises((http.client.IncompleteRead, ConnectionError)):
            self.rig.request("GET", "/break/chunked")


class TlsFront:
    """Takes TLS off in front of a plain port."""

    def __init__(self, cert, key, target):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(cert, key)
        self.target = target
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        accept_all(self.listener, self.relay)

    def relay(self, raw):
        try:
            with self.context.wrap_socket(raw, server_side=True) as tls:
                with socket.create_connection(self.target) as plain:
                    while True:
                        ready = [tls] if tls.pending() else select.select([tls, plain], [], [])[0]
                        for source in ready:
                            data = source.recv(65536)
                            if not data:
                                return
                            (plain if source is tls else tls).sendall(data)
        except OSError:
            pass


@unittest.skipUnless(shutil.which("openssl"), "there is no openssl program")
class SecureSignal(TlsCase):
    def front(self):
        self.rig.start_mock()
        self.rig.start_signal()
        host, port = self.rig.signal_url.removeprefix("ws://").split(":")
        front = TlsFront(*self.pair, (host, int(port)))
        self.addCleanup(stop_listening, front.listener)
        return f"wss://localhost:{front.port}"

    def test_trusted(self):
        """a wss signal server whose CA the system trusts"""
        url = self.front()
        self.rig.start_serve(signal=url, env=self.trust)
        self.rig.start_proxy(signal=url, env=self.trust)
        self.rig.wait_up()

    def test_unknown_ca(self):
        """one whose CA nobody knows: said so, and tried again"""
        serve = self.rig.start_serve(signal=self.front())
        serve.wait_for("(?i)certificate")
        serve.wait_for("trying again")


@unittest.skipUnless(shutil.which("openssl"), "there is no openssl program")
class OwnTls(TlsCase):
    """signal-server --tls-cert, --tls-key"""

    def start_secure_signal(self):
        flags = ["--tls-cert", self.pair[0], "--tls-key", self.pair[1]]
        self.rig.start_signal(*flags)
        self.port = int(self.rig.signal_url.rsplit(":", 1)[1])

    def serial(self):
        """Of the certificate that a client is shown, which it must trust; and the
        status of /healthz."""
        context = ssl.create_default_context(cafile=self.trust["SSL_CERT_FILE"])
        client = http.client.HTTPSConnection("localhost", self.port, context=context)
        try:
            client.connect()
            serial = client.sock.getpeercert()["serialNumber"]
            client.request("GET", "/healthz")
            return serial, client.getresponse().status
        finally:
            client.close()

    def test_tunnel(self):
        """both ends meet there; it is found by its certificate's name"""
        self.rig.start_mock()
        self.start_secure_signal()
        self.assertEqual(self.rig.signal_url, f"wss://localhost:{self.port}")
        self.rig.signal.wait_for(r"tls: the certificate is good until \d{4}-")
        self.rig.start_serve(env=self.trust)
        self.rig.start_proxy(env=self.trust)
        self.rig.wait_up()

    def test_plain(self):
        """a client without TLS is told so, one of ours too"""
        self.start_secure_signal()
        client = http.client.HTTPConnection("localhost", self.port)
        self.addCleanup(client.close)
        client.request("GET", "/")
        response = client.getresponse()
        self.assertEqual(response.status, 400)
        self.assertIn(b"https://", response.read())
        serve = self.rig.start_serve(upstream="8080", signal=f"ws://localhost:{self.port}")
        serve.wait_for("its port speaks TLS: wss://")

    def test_reload(self):
        """SIGHUP reads both files again; a bad pair is named, and the old one stays"""
        self.start_secure_signal()
        first, status = self.serial()
        self.assertEqual(status, 200)
        stays = http.client.HTTPSConnection(
            "localhost", self.port,
            context=ssl.create_default_context(cafile=self.trust["SSL_CERT_FILE"]))
        self.addCleanup(stays.close)
        stays.request("GET", "/healthz")
        stays.getresponse().read()
        with open(self.pair[1], "rb+") as file:
            good = file.read()
            file.truncate(0)
        self.rig.signal.kill(signal.SIGHUP)
        self.rig.signal.wait_for(r"error .*server\.key: holds no key in PEM; .* stays in use")
        self.assertEqual(self.serial(), (first, 200))
        with open(self.pair[1], "wb") as file:
            file.write(good)
        subprocess.run(["openssl", "x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey",
                        "ca.key", "-CAcreateserial", "-days", "30", "-extfile", "names", "-out",
                        "server.pem"], cwd=self.folder, check=True, capture_output=True)
        self.rig.signal.kill(signal.SIGHUP)
        self.rig.signal.wait_for("read the certificate again")
        second, status = self.serial()
        self.assertEqual(status, 200)
        self.assertNotEqual(second, first)
        stays.request("GET", "/healthz")
        self.assertEqual(stays.getresponse().status, 200)

    def test_wrong(self):
        """what cannot be is named"""
        for argv, code, why in (
            (["--tls-cert", self.pair[0]], 2, "--tls-cert needs --tls-key FILE"),
            (["--tls-key", self.pair[1]], 2, "--tls-key needs --tls-cert FILE"),
            (["--tls-cert", "/proc/nonexistent", "--tls-key", self.pair[1]], 1,
             "/nonexistent: No such file"),
            (["--tls-cert", self.pair[0], "--tls-key", os.path.join(self.folder, "ca.key")], 1,
             "ca.key: is not the key of"),
        ):
            done = subprocess.run([SIGNAL_SERVER, *argv], capture_output=True, text=True)
            self.assertEqual(done.returncode, code, done.stderr)
            self.assertIn(why, done.stderr)


if __name__ == "__main__":
    unittest.main()
