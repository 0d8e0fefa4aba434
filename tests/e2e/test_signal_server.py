"""signal-server as clients see it, good ones and bad ones."""

import base64
import gzip
import hmac
import http.client
import json
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.request
import uuid

from harness import DEADLINE, IS_INSTRUMENTED, ROOT, SIGNAL_SERVER, URL, Case, has_ipv6_loopback
from wsclient import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, Closed, WebSocket

MESSAGE_MAX = 64 << 10


class NamedServers(Case):
    def test_joined(self):
        """--turn and --stun: a joined names them, with a user and password of its own"""
        secret = self.rig_file("the secret\nand a second line\n")
        self.rig.start_signal("--turn", "turn:192.0.2.1", "--stun", "stun:192.0.2.1",
                              "--turn-secret-file", secret)
        client = WebSocket(self.rig.signal_url)
        self.addCleanup(client.socket.close)
        joined = client.join("room")
        turn, stun = joined["iceServers"]
        self.assertEqual(stun, {"urls": "stun:192.0.2.1"})
        expiry, peer = turn["username"].split(":")
        self.assertEqual((turn["urls"], peer), ("turn:192.0.2.1", joined["peerId"]))
        self.assertLess(abs(int(expiry) - time.time() - 24 * 3600), 600)
        mac = hmac.digest(b"the secret", turn["username"].encode(), "sha1")
        self.assertEqual(turn["credential"], base64.b64encode(mac).decode())

    def rig_file(self, text):
        file = tempfile.NamedTemporaryFile("w")
        self.addCleanup(file.close)
        file.write(text)
        file.flush()
        return file.name

    def test_wrong(self):
        """what cannot be is named"""
        empty = self.rig_file("\n")
        for argv, why in (
            (["--turn", "turn:x"], "--turn needs --turn-secret-file"),
            (["--turn", "stun:x"], "'stun:x' must be turn:"),
            (["--stun", "x"], "'x' must be stun:HOST[:PORT]; perhaps stun:x\n"),
            (["--stun", "x:1"], "'x:1' must be stun:HOST[:PORT]; perhaps stun:x:1\n"),
            (["--turn", "192.0.2.1"], " for TLS; perhaps turn:192.0.2.1\n"),
            (["--stun", "turn:x:1"], "'turn:x:1' must be stun:HOST[:PORT]\n"),
            (["--stun", "stun:"], "--stun 'stun:' has no host, or one whose name is longer than 255 bytes\n"),
            (["--stun", "stun:x:y"], "--stun 'stun:x:y' must have a port of 1 to 65535 behind the host's ':'\n"),
            (["--stun", "stun:x?transport=udp"], "must have no '?', which is for turn: URLs\n"),
            (["--turn", "turn:user@x"], "has a host with a character that no name has\n"),
            (["--turn", "turn:x?transport=sctp"], "must have transport=udp or transport=tcp behind its '?'"),
            (["--turn", "turns:x?transport=udp"], "must have transport=tcp behind its '?', since TLS goes by TCP\n"),
            (["--turn", "turns:[::1"], "has a '[' without ']'\n"),
            (["--turn", "x?transport=tcp"], "for TLS; perhaps turn:x?transport=tcp\n"),
            (["--turn", "x?transport=sctp"], "[:PORT] for TLS\n"),
            (["--turn", "a.test b"], "[:PORT] for TLS\n"),
            (["--stun", "http://x.test"], "'http://x.test' must be stun:HOST[:PORT]\n"),
            (["--turn-secret-file", "/proc/nonexistent"], "--turn-secret-file '/proc/nonexistent' is not there\n"),
            (["--turn-secret-file", "/"], "--turn-secret-file '/' is a folder\n"),
            (["--tls-cert", ""], "--tls-cert '' must be a file\n"),
            (["--stun"], "option '--stun' needs a value: it is --stun URL\n"),
            (["--turn-secret-file", empty], "has no secret"),
            (["--stun", ":1"], "':1' must be stun:HOST[:PORT]\n"),
            (["--stun", "stun:x"] * 5, "one server too many"),
            (["--stun", "stun:1"] * 5, "one server too many; 4 are the most\n"),
        ):
            done = subprocess.run([SIGNAL_SERVER, *argv], capture_output=True, text=True)
            self.assertEqual(done.returncode, 2)
            self.assertIn(why, done.stderr)


class ServerCase(Case):
    """With a server alone, one for the class."""

    shared = True

    @classmethod
    def start(cls, rig):
        rig.start_signal()

    def client(self, **options):
        ws = WebSocket(self.rig.signal_url, **options)
        self.addCleanup(ws.close)
        return ws

    def pair(self):
        """Two clients in a room of their own."""
        room = self.name()
        first, second = self.client(), self.client()
        first.join(room)
        second.join(room)
        first.receive_type("peer-joined")
        return first, second

    def check_works(self, first, second):
        text = self.name()
        first.send({"type": "offer", "sdp": text})
        self.assertEqual(second.receive_type("offer")["sdp"], text)


class Relay(ServerCase):
    def test_join(self):
        """joined lists who is there; peer-joined tells those who are"""
        room = self.name()
        first, second = self.client(), self.client()
        mine = first.join(room)
        self.assertEqual(mine["peers"], [])
        self.assertEqual(str(uuid.UUID(mine["peerId"])), mine["peerId"])
        theirs = second.join(room)
        self.assertEqual(theirs["peers"], [mine["peerId"]])
        self.assertEqual(first.receive_type("peer-joined")["peerId"], theirs["peerId"])
        self.assertNotEqual(mine["peerId"], theirs["peerId"])

    def test_relay(self):
        """offer, answer and candidate arrive unchanged, with the sender's id"""
        room = self.name()
        first, second = self.client(), self.client()
        first_id = first.join(room)["peerId"]
        second_id = second.join(room)["peerId"]
        first.receive_type("peer-joined")
        sdp = "v=0\r\nno SDP at all: \u20ac \U0001f687 \\ \" \t\r\n"
        candidate = json.dumps({"candidate": "candidate:…", "sdpMid": "0", "sdpMLineIndex": 0})
        first.send({"type": "offer", "sdp": sdp, "added-later": [1, {}]})
        self.assertEqual(second.receive(), {"type": "offer", "peerId": first_id, "sdp": sdp})
        second.send({"type": "answer", "sdp": sdp})
        self.assertEqual(first.receive(), {"type": "answer", "peerId": second_id, "sdp": sdp})
        for text in (candidate, "null", ""):
            second.send({"type": "candidate", "candidate": text})
            wanted = {"type": "candidate", "peerId": second_id, "candidate": text}
            self.assertEqual(first.receive(), wanted)

    def test_leaving(self):
        """bye, a closed socket and a reset one: each a peer-left"""
        for how in ("bye", "close", "fin", "reset"):
            with self.subTest(how=how):
                first, second = self.pair()
                if how == "bye":
                    second.send({"type": "bye"})
                elif how == "close":
                    second.send_frame(CLOSE, b"\x03\xe8")
                elif how == "fin":
                    second.close()
                else:
                    linger = b"\x01\0\0\0\0\0\0\0"
                    second.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                    second.stream.close()
                    second.socket.close()
                first.receive_type("peer-left")

    def test_peer_left_names(self):
        """peer-left names who left; the place is free again"""
        room = self.name()
        first, second, third = self.client(), self.client(), self.client()
        first.join(room)
        left = second.join(room)["peerId"]
        first.receive_type("peer-joined")
        second.close()
        self.assertEqual(first.receive(), {"type": "peer-left", "peerId": left})
        self.assertEqual(len(third.join(room)["peers"]), 1)

    def test_errors(self):
        """each mistake gets an error message, and the connection lives on"""
        ws = self.client()
        room = self.name()
        cases = [
            ("{", "json"),
            ("[1]", ""),
            ('{"type":"dance"}', "type"),
            ('{"no":"type"}', ""),
            ('{"type":"join"}', "room"),
            ('{"type":"join","room":""}', "room"),
            ('{"type":"join","room":7}', "room"),
            ('{"type":"offer","sdp":"x"}', "join"),
            ('{"type":"candidate","candidate":"x"}', "join"),
        ]
        for text, wanted in cases:
            with self.subTest(sent=text):
                ws.send(text)
                message = ws.receive_type("error")["message"]
                self.assertIn(wanted, message.lower())
        ws.join(room)
        ws.send({"type": "join", "room": room})
        self.assertIn("already", ws.receive_type("error")["message"].lower())
        ws.send({"type": "offer"})
        ws.receive_type("error")

    def test_room_full(self):
        """a third peer is told that the room is full and may go elsewhere"""
        room = self.name()
        first, second, third = self.client(), self.client(), self.client()
        first.join(room)
        second.join(room)
        first.receive_type("peer-joined")
        third.send({"type": "join", "room": room})
        self.assertIn("full", third.receive_type("error")["message"].lower())
        self.check_works(first, second)
        third.join(self.name())

    def test_room_names(self):
        """room names of 1 to 128 bytes of UTF-8, and no others"""
        for good in ("x", "y" * 128, "\u00e9" * 64):
            with self.subTest(good=good):
                self.client().join(good)
        for bad in ("z" * 129, "\u00e9" * 64 + "a"):
            with self.subTest(bad=bad):
                ws = self.client()
                ws.send({"type": "join", "room": bad})
                ws.receive_type("error")
                ws.join(self.name())

    def test_rooms_apart(self):
        """rooms hear nothing of each other"""
        first, second = self.pair()
        third, fourth = self.pair()
        third.send({"type": "offer", "sdp": "of another room"})
        fourth.receive_type("offer")
        self.check_works(first, second)

    def test_any_path(self):
        """a WebSocket is served on any path"""
        ws = self.client(path="/some/where?x=1")
        ws.join(self.name())


class Framing(ServerCase):
    def test_fragments(self):
        """a message may come in fragments, with a ping between them"""
        ws = self.client()
        text = json.dumps({"type": "join", "room": self.name()}).encode()
        ws.send_frame(TEXT, text[:5], fin=False)
        ws.send_frame(PING, b"between")
        ws.send_frame(CONTINUATION, text[5:9], fin=False)
        ws.send_frame(CONTINUATION, text[9:])
        self.assertEqual(ws.receive_frame(), (PONG, b"between"))
        ws.receive_type("joined")

    def test_byte_by_byte(self):
        """a message may come byte by byte"""
        ws = self.client()
        text = json.dumps({"type": "join", "room": self.name()}).encode()
        for byte in ws.frame(TEXT, text):
            ws.socket.sendall(bytes([byte]))
        ws.receive_type("joined")

    def test_close(self):
        """a close frame is answered by one"""
        ws = self.client()
        ws.send_frame(CLOSE, b"\x03\xe8bye")
        self.assertEqual(ws.wait_closed().code, 1000)

    def test_protocol_errors(self):
        """frames against the rules end their own connection alone"""
        first, second = self.pair()
        cases = {
            "unmasked": lambda ws: ws.send_frame(TEXT, b"{}", masked=False),
            "reserved opcode": lambda ws: ws.send_frame(3, b""),
            "long ping": lambda ws: ws.send_frame(PING, b"x" * 126),
            "continuation of nothing": lambda ws: ws.send_frame(CONTINUATION, b"x"),
            "not UTF-8": lambda ws: ws.send_frame(TEXT, b'{"type":"\xff\xfe"}'),
        }
        for name, do in cases.items():
            with self.subTest(name):
                ws = self.client()
                do(ws)
                self.assertIn(ws.wait_closed().code, (None, 1002, 1007))
        self.check_works(first, second)

    def test_binary(self):
        """a binary message is refused"""
        ws = self.client()
        ws.send_frame(BINARY, b"\x00\x01")
        try:
            ws.receive_type("error")
        except Closed as closed:
            self.assertIn(closed.code, (1002, 1003))


class Limits(ServerCase):
    def test_message_size(self):
        """64 KiB pass; more is refused with a reason, harming nobody else"""
        first, second = self.pair()
        sdp = "s" * (MESSAGE_MAX - len('{"type": "offer", "sdp": ""}') - 100)
        first.send({"type": "offer", "sdp": sdp})
        self.assertEqual(second.receive_type("offer")["sdp"], sdp)

        ws = self.client()
        ws.join(self.name())
        try:
            ws.send({"type": "offer", "sdp": "s" * (MESSAGE_MAX + 1)})
            self.assertTrue(ws.receive_type("error")["message"])
        except (Closed, ConnectionError) as closed:
            # A reset may overtake the close frame while we still send.
            self.assertIn(getattr(closed, "code", None), (None, 1009))
        self.check_works(first, second)

    def test_endless_message(self):
        """a message that never ends is cut off"""
        first, second = self.pair()
        ws = self.client()
        with self.assertRaises((Closed, ConnectionError)):
            ws.send_frame(TEXT, b"{", fin=False)
            for _ in range(4096):
                ws.send_frame(CONTINUATION, b" " * 1024, fin=False)
            raise ws.wait_closed()
        self.check_works(first, second)

    def test_flood(self):
        """too many messages a second: told so or closed; others are well"""
        first, second = self.pair()
        ws = self.client()
        ws.join(self.name())
        refusal = None
        try:
            for _ in range(20000):
                ws.send('{"type":"candidate","candidate":"x"}')
            while refusal is None:
                message = ws.receive()
                if message["type"] == "error":
                    refusal = message["message"]
        except (Closed, ConnectionError) as closed:
            refusal = closed
        self.assertTrue(refusal)
        self.check_works(first, second)

    def test_who_does_not_read(self):
        """a peer that reads nothing is dropped, not queued for without end"""
        room = self.name()
        sender, deaf = self.client(), self.client(receive_buffer=4096)
        sender.join(room)
        deaf.join(room)
        sender.receive_type("peer-joined")
        before = self.rig.signal.peak_rss()
        try:
            # Whichever limit comes first, memory stays bounded.
            for _ in range(2000):
                sender.send({"type": "offer", "sdp": "s" * 60000})
            sender.wait_closed()
        except ConnectionError:
            pass
        if not IS_INSTRUMENTED:
            self.assertLess(self.rig.signal.peak_rss() - before, 32 << 20)
        self.check_works(*self.pair())

    def test_bad_handshakes(self):
        """requests that are no WebSocket handshake get an HTTP error"""
        host, port = URL.match(self.rig.signal_url).group(2, 3)
        cases = [
            b"GET /nothing-there HTTP/1.1\r\nHost: x\r\n\r\n",
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 12\r\n\r\n",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 a TLS ClientHello\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * (1 << 20) + b"\r\n\r\n",
        ]
        for request in cases:
            with self.subTest(request=request[:60]):
                with socket.create_connection((host, int(port)), timeout=30) as conn:
                    try:
                        conn.sendall(request)
                        answer = conn.recv(4096)
                    except ConnectionError:
                        continue  # closed while we still sent: refused as well
                    self.assertRegex(answer, rb"^(HTTP/1\.1 4\d\d |$)")
        self.check_works(*self.pair())


class LimitPerAddress(ServerCase):
    """By itself: the server may still have all these connections for a while."""

    def test_connections_per_address(self):
        """one address cannot take all connections"""
        clients = []
        refused = None
        try:
            for _ in range(5000):
                clients.append(self.client())
        except (Closed, OSError) as error:
            refused = error
        finally:
            for ws in clients:
                ws.close()
        if refused is None:
            self.fail("5000 connections of one address were taken")


class WebFiles(Case):
    """What is served beside WebSockets."""

    def ask(self, path, method="GET", **fields):
        """Status, fields, body."""
        conn = http.client.HTTPConnection(self.rig.signal_url.removeprefix("ws://"), timeout=DEADLINE)
        try:
            conn.request(method, path, headers={k.replace("_", "-"): v for k, v in fields.items()})
            response = conn.getresponse()
            return response.status, response.headers, response.read()
        finally:
            conn.close()

    def test_compiled_in(self):
        """the page and the library: types, policies, gzip, ETag, HEAD, 405"""
        self.rig.start_signal()
        status, fields, page = self.ask("/")
        self.assertEqual((status, fields["Content-Type"]), (200, "text/html; charset=utf-8"))
        self.assertIn("default-src 'none'; script-src 'self'", fields["Content-Security-Policy"])
        self.assertEqual(fields["Referrer-Policy"], "no-referrer")
        self.assertEqual(fields["X-Content-Type-Options"], "nosniff")
        with open(os.path.join(ROOT, "web", "app", "index.html"), "rb") as file:
            self.assertEqual(page, file.read())
        self.assertEqual(self.ask("/index.html?x")[2], page)
        status, fields, script = self.ask("/tunnel/mux.js", Accept_Encoding="br, gzip;q=0.5")
        self.assertEqual((fields["Content-Type"], fields["Content-Encoding"], fields["Vary"]),
                         ("text/javascript; charset=utf-8", "gzip", "Accept-Encoding"))
        with open(os.path.join(ROOT, "web", "tunnel", "mux.js"), "rb") as file:
            self.assertEqual(gzip.decompress(script), file.read())
        self.assertIsNone(self.ask("/tunnel/mux.js", Accept_Encoding="gzip;q=0")[1]["Content-Encoding"])
        status, again, body = self.ask("/tunnel/mux.js", If_None_Match=f'"x", {fields["ETag"]}')
        self.assertEqual((status, body, again["ETag"]), (304, b"", fields["ETag"]))
        status, fields, body = self.ask("/worker.js", "HEAD")
        self.assertEqual((status, body), (200, b""))
        self.assertGreater(int(fields["Content-Length"]), 1000)
        status, fields, _ = self.ask("/worker.js", "POST")
        self.assertEqual((status, fields["Allow"]), (405, "GET, HEAD"))
        for path in ("/nothing.js", "/tunnel", "/tunnel/", "/../tunnel/mux.js", "*"):
            self.assertIn(self.ask(path)[0], (400, 404), path)
        # A handshake whose Upgrade got lost on the way is no request for a page.
        self.assertEqual(self.ask("/", Sec_WebSocket_Key="AAAAAAAAAAAAAAAAAAAAAA==")[0], 426)
        WebSocket(self.rig.signal_url).close()

    def test_none(self):
        """--no-web serves none"""
        self.rig.start_signal("--no-web")
        self.assertEqual(self.ask("/")[0], 426)
        self.assertEqual(self.ask("/tunnel/mux.js")[0], 426)

    def test_folder(self):
        """--web DIR serves that instead, and nothing that is hidden or outside"""
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)
        os.makedirs(os.path.join(folder, "sub", ".git"))
        for name, text in (("index.html", "mine"), ("sub/a.wasm", "a"), (".secret", "no"),
                           ("sub/.git/config", "no")):
            with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                file.write(text)
        os.symlink("..", os.path.join(folder, "sub", "back"))
        os.symlink("nowhere", os.path.join(folder, "sub", "nothing"))
        self.rig.start_signal("--web", folder + "/")
        status, fields, body = self.ask("/")
        self.assertEqual((status, body, fields["Content-Type"]), (200, b"mine", "text/html; charset=utf-8"))
        self.assertEqual(self.ask("/", If_None_Match=fields["ETag"])[0], 304)
        status, fields, body = self.ask("/sub/a.wasm")
        self.assertEqual((status, body, fields["Content-Type"]), (200, b"a", "application/wasm"))
        for path in ("/.secret", "/sub/.git/config", "/tunnel/mux.js", "/sub/../../etc/passwd"):
            self.assertIn(self.ask(path)[0], (400, 404), path)

    def test_folder_that_is_none(self):
        """what is wrong with --web is said"""
        for value, words in (("/nowhere/at/all", "/nowhere/at/all: No such file"),
                             ("/dev/null", "/dev/null: Not a directory"),
                             (__file__, f"{__file__}: Not a directory"), ("", "must be a folder")):
            server = self.rig.run("bad", [SIGNAL_SERVER, "--listen", "127.0.0.1:0", "--web", value])
            server.expected_exit = (1, 2)
            self.assertIn(server.wait_exit(), server.expected_exit)
            self.assertIn(words, server.text("err"))
        server = self.rig.run("bad", [SIGNAL_SERVER, "--no-web=1"])
        server.expected_exit = (2,)
        self.assertEqual(server.wait_exit(), 2)
        self.assertIn("'--no-web=1' takes no value: it is --no-web alone", server.text("err"))


class Health(Case):
    def test_browser(self):
        """without a page, who opens a link in a browser reads what opens it"""
        self.rig.start_signal("--no-web")
        with self.assertRaises(urllib.error.HTTPError) as got:
            urllib.request.urlopen(self.rig.signal_url.replace("ws", "http", 1), timeout=DEADLINE)
        with got.exception as answer:
            self.assertEqual(answer.code, 426)
            self.assertIn(b"`tunnel proxy LINK`", answer.read())

    def test_healthz(self):
        """/healthz counts rooms and peers"""
        self.rig.start_signal()

        def count():
            status, body = self.rig.health()
            self.assertEqual(status, 200)
            self.assertEqual(body["status"], "ok")
            return body["rooms"], body["peers"]

        self.assertEqual(count(), (0, 0))
        ws = [WebSocket(self.rig.signal_url) for _ in range(3)]
        for client in ws:
            self.addCleanup(client.close)
        self.assertEqual(count(), (0, 0))
        ws[0].join("a")
        ws[1].join("a")
        ws[2].join("b")
        self.assertEqual(count(), (2, 3))
        for client in ws:
            client.send({"type": "bye"})
            client.wait_closed()
        self.rig.wait_peers(0)
        self.assertEqual(count(), (0, 0))


class IdleMemory(Case):
    CLIENTS = 2000

    @unittest.skipIf(IS_INSTRUMENTED, "measures memory")
    def test_idle(self):
        """an idle WebSocket costs the server less than 1 KiB"""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard < 2 * self.CLIENTS:
            self.skipTest(f"only {hard} file descriptors are allowed")
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2 * self.CLIENTS), hard))
        self.rig.start_signal("--max-per-address", "0")
        clients = []

        def connect(count):
            for _ in range(count):
                clients.append(WebSocket(self.rig.signal_url))

        try:
            connect(100)  # what comes once, such as buffers of the loop
            before = self.rig.signal.peak_rss()
            connect(self.CLIENTS)
            each = (self.rig.signal.peak_rss() - before) / self.CLIENTS
        finally:
            for ws in clients:
                ws.close()
        self.assertLess(each, 1024)


class Ends(Case):
    def test_sigterm(self):
        """SIGTERM closes every socket with 1001 and exits 0"""
        self.check_signal(signal.SIGTERM)

    def test_sigint(self):
        """SIGINT does the same"""
        self.check_signal(signal.SIGINT)

    def check_signal(self, sig):
        server = self.rig.start_signal()
        clients = [WebSocket(self.rig.signal_url) for _ in range(20)]
        for i, ws in enumerate(clients):
            self.addCleanup(ws.close)
            if i % 2:
                ws.join(f"room {i}")
        server.kill(sig)
        for ws in clients:
            self.assertEqual(ws.wait_closed().code, 1001)
            ws.close()
        self.assertEqual(server.wait_exit(), 0)

    def test_listen(self):
        """--listen HOST:PORT, --listen HOST --port, IPv6, and a taken port"""
        self.rig.start_signal(listen="127.0.0.1:0")
        port = URL.match(self.rig.signal_url)[3]
        second = self.rig.run("second", [SIGNAL_SERVER, "--port", port])
        second.expected_exit = (1,)
        self.assertEqual(second.wait_exit(), 1)
        self.assertIn(port, second.text("err"))

        third = self.rig.run("third", [SIGNAL_SERVER, "--port", "0", "--listen", "127.0.0.1"])
        third.wait_for(r"^ws://127\.0\.0\.1:[1-9]\d*$", stream="out")
        if has_ipv6_loopback():
            fourth = self.rig.run("fourth", [SIGNAL_SERVER, "--listen", "[::1]:0"])
            url = fourth.wait_for(r"^ws://\[::1\]:[1-9]\d*$", stream="out")[0]
            ws = WebSocket(url)
            self.addCleanup(ws.close)
            ws.join("v6")

    def test_urls(self):
        """for a wildcard, the URLs that others can use, and last the one of this machine"""
        for listen, own in (("0.0.0.0:0", "127.0.0.1"), ("[::]:0", "[::1]")):
            if own == "[::1]" and not has_ipv6_loopback():
                continue
            with self.subTest(listen=listen):
                server = self.rig.run(listen, [SIGNAL_SERVER, "--listen", listen])
                server.wait_for(rf"^ws://{re.escape(own)}:", stream="out")
                for url in server.text("out").splitlines():
                    self.assertNotIn(listen.removesuffix(":0"), url)
                    if url.startswith("ws://[") and own != "[::1]":
                        self.fail(url)
                    ws = WebSocket(url)
                    self.addCleanup(ws.close)
                    ws.join(self.name())

    def test_room_names_unlogged(self):
        """room names are not printed whole"""
        self.rig.start_signal()
        room = f"a-secret-room-{self.name()}"
        ws = WebSocket(self.rig.signal_url)
        self.addCleanup(ws.close)
        ws.join(room)
        ws.send({"type": "bye"})
        ws.wait_closed()
        self.rig.wait_peers(0)
        self.assertNotIn(room, self.rig.signal.text())


if __name__ == "__main__":
    unittest.main()
