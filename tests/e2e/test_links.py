"""Links: one line to paste, an invite for each device, and signal servers that
would like to be in between."""

import calendar
import json
import os
import pty
import re
import signal
import socket
import subprocess
import sys
import time
import unittest
import urllib.request

from harness import CONNECTED, DEADLINE, TUNNEL, WAITING, WRAP, Case, free_port
from hostile_signal import HostileSignal, honest
from link_rig import LinkRig

LINK = re.compile(r"https?://\S+#t1\.[a-z2-7]{55}")
DROPPED = r"dropped one (offer|answer|candidate)"
SERVE, PROXY = 0, 1  # seats at the hostile server


class LinkCase(Case):
    rig_type = LinkRig


class Links(LinkCase):
    """What a person does with them."""

    def start_sides(self):
        rig = self.rig
        rig.start_mock()
        rig.start_signal()
        rig.start_serve()

    def on_terminal(self, *options):
        """The output of `tunnel serve` on a terminal, until it waits."""
        argv = self.rig.argv("serve", {"upstream": self.rig.upstream_url, "room": None,
                                       "state": self.rig.state}) + ["--no-lan"]
        master, slave = pty.openpty()
        child = subprocess.Popen(argv + list(options), stdin=slave, stdout=slave, stderr=slave)
        os.close(slave)
        try:
            text = ""
            while "waiting for the other side" not in text:
                text += os.read(master, 4096).decode(errors="replace")
            child.send_signal(signal.SIGINT)
            self.assertEqual(child.wait(DEADLINE), 0)
            return text
        finally:
            child.kill()
            child.wait()
            os.close(master)

    def test_one_line(self):
        """the line that serve prints on a terminal is all that proxy needs, and stays the same"""
        rig = self.rig
        rig.start_mock()
        rig.start_signal()
        link = LINK.search(self.on_terminal())[0]
        self.assertEqual(LINK.search(self.on_terminal())[0], link)
        rig.start_serve()
        rig.start_linked(link)
        rig.wait_up()

    def test_not_in_a_log(self):
        """elsewhere it says how to get one; no link, no secret is in a log, even in debug"""
        self.start_sides()
        rig = self.rig
        link = rig.invite("default")
        rig.serve.wait_for(f"`tunnel invite NAME --state {rig.state}` prints a link")
        rig.start_linked(link, "--log-level", "debug")
        rig.wait_up()
        secret = link.split("#t1.")[1]
        for process in (rig.serve, rig.proxy, rig.signal):
            self.assertNotIn(secret, process.text())

    @unittest.skipIf(WRAP, "the wrapper has the arguments, too")
    def test_forms(self):
        """as an argument, which is wiped; by variable, by file; ws for http; a room is no match"""
        self.start_sides()
        rig = self.rig
        link = rig.invite("phone")
        name = os.path.join(rig.state, "link")
        with open(name, "w", encoding="utf-8") as file:
            file.write(link + "\n")
        ways = (
            lambda: rig.start_linked(link.replace("http", "ws", 1)),
            lambda: rig.start_proxy(room=None, signal=None,
                                    env={"TUNNEL_LINK": link, "TUNNEL_SIGNAL": "ws://x"}),
            lambda: rig.start_proxy("--link-file", name, room=None, signal=None),
            lambda: rig.start_linked(link, env={"TUNNEL_ROOM": "r"}),
        )
        for start in ways:
            proxy = start()
            with open(f"/proc/{proxy.pid}/cmdline", encoding="utf-8") as cmdline:
                self.assertNotIn("#t1.", cmdline.read())
            rig.wait_up()
            proxy.kill(signal.SIGINT)
            self.assertEqual(proxy.wait_exit(), 0)

    def test_own_signal_server(self):
        """--signal-listen: serve is the signal server of its own room, with the page for browsers;
        a --signal beside it is its name in links; what listens there already is told"""
        rig = self.rig
        rig.start_mock()
        place = f"127.0.0.1:{free_port()}"
        taken = socket.create_server(("127.0.0.1", free_port()))
        self.addCleanup(taken.close)
        serve = ("serve", rig.upstream_url, "--state", rig.state, "--signal-listen")
        said = rig.tunnel(*serve, f"127.0.0.1:{taken.getsockname()[1]}", code=1)
        self.assertIn("something listens there already, perhaps another `signal-server`", said)
        self.assertIn("must name a port", rig.tunnel(*serve, "127.0.0.1:0", code=2))
        rig.start_serve("--signal-listen", place, signal=None)
        link = rig.invite("phone")
        self.assertTrue(link.startswith(f"http://{place}/#t1."), link.split("#")[0])
        rig.start_linked(link)
        rig.wait_up()
        rig.signal_url = f"ws://{place}"
        self.assertEqual(rig.health()[1]["peers"], 2)
        with urllib.request.urlopen(f"http://{place}/") as page:
            self.assertIn(b"<html", page.read())
        stranger = rig.start_proxy("--room", "another", room=None)
        stranger.wait_for("has no room but that one's")
        stranger.kill(signal.SIGINT)
        self.assertEqual(stranger.wait_exit(), 0)
        self.assertNotIn("socket ", rig.serve.text(), "who comes is told by the tunnel")
        rig.serve.kill(signal.SIGINT)
        self.assertEqual(rig.serve.wait_exit(), 0)
        rig.start_serve("--signal-listen", place, signal="https://home.example.org")
        self.assertTrue(rig.invite("phone").startswith("https://home.example.org/#t1."))
        rig.start_linked(link)
        rig.wait_up()

    def test_typos(self):
        """what is wrong with a link is said, and the link is not"""
        link = "http://h/#t1." + "a" * 55
        for bad, words in ((link, "checksum"), (link[:-3], "too short"), (link + "a", "too long"),
                           (link[:-1] + "0", "a 0 is an o")):
            said = self.rig.tunnel("proxy", bad, code=2)
            self.assertIn(words, said)
            self.assertNotIn(bad, said)
        self.rig.tunnel("proxy", link, "--room", "r", code=2)

    def test_another_place(self):
        """a link to where serve does not run is told so; the same place in other words is not"""
        self.start_sides()
        rig = self.rig
        elsewhere = ("invite", "far", "--state", rig.state, "--signal", "wss://signal.example.org")
        said = rig.tunnel(*elsewhere, errors=True)
        self.assertIn("wss://signal.example.org", said)
        self.assertRegex(said, "but `tunnel serve` ran last at http://127.*: who follows it meets nobody")
        for url in (rig.signal_url, rig.signal_url.replace("ws:", "http:")):
            here = ("invite", "near", "--state", rig.state, "--signal", url)
            self.assertEqual(rig.tunnel(*here, errors=True), "")

    def test_link_files(self):
        """a pipe is read while somebody writes to it, and else is empty; a folder is named"""
        pipe = os.path.join(self.rig.state, "pipe")
        os.mkfifo(pipe)
        self.assertIn("is empty", self.rig.tunnel("proxy", "--link-file", pipe, code=2))
        writer = os.open(pipe, os.O_RDWR)
        os.write(writer, b"http://h/#t1." + 55 * b"a" + b"\n")
        self.assertIn("checksum", self.rig.tunnel("proxy", "--link-file", pipe, code=2))
        os.close(writer)
        said = self.rig.tunnel("proxy", "--link-file", "/nowhere", code=2)
        self.assertIn("'/nowhere' is not there; it should hold the link", said)
        said = self.rig.tunnel("proxy", "--link-file", self.rig.state, code=2)
        self.assertIn("is a folder", said)

    def test_copied_links(self):
        """a line is taken as `tunnel serve` prints it, with the command and quotes around the link"""
        path = os.path.join(self.rig.state, "copied")
        bare = "http://h/#t1." + 55 * "a"
        for text in (f"'{bare}'", f"tunnel proxy '{bare}'", f"\ufefftunnel proxy '{bare}'\r"):
            with open(path, "w", encoding="utf-8") as file:
                print(text, file=file)
            self.assertIn("checksum", self.rig.tunnel("proxy", "--link-file", path, code=2))
        # From a letter, or a terminal, that has broken it.
        two = f"{bare} {bare.replace('//h/', '//i/')}"
        for text in (f"<{bare}>.", f"({bare}),", f"{bare[:40]}\n{bare[40:]}", f"{bare[:9]}\r\n  {bare[9:40]}\n{bare[40:]}\n",
                     f"tunnel proxy '{bare[:30]}\n{bare[30:]}'", two):
            self.assertIn("checksum", self.rig.tunnel("proxy", text, code=2), text)
        self.assertIn("too short", self.rig.tunnel("proxy", f"{bare[:40]} -x", code=2))
        said = self.rig.tunnel("proxy", env={"TUNNEL_ROOM": "r", "TUNNEL_LINK": self.rig.invite(
            "x", "--signal", "ws://h")}, code=2)
        self.assertIn("TUNNEL_ROOM '…' is one way to meet, and TUNNEL_LINK another", said)

    def test_reach(self):
        """a code that a browser will not open, and a link that leads to this machine, are said"""
        rig = self.rig
        if "QR codes" not in rig.tunnel("--version"):
            self.skipTest("built without libqrencode")
        made = ("invite", "phone", "--state", rig.state)
        shown = (*made, "--qr", "--signal")
        words = "browsers open links of https alone"
        self.assertIn(words, rig.tunnel(*shown, "http://192.0.2.7:8787", errors=True))
        for where in ("https://signal.example.org", "http://127.0.0.1:1", "tracker:"):
            self.assertNotIn(words, rig.tunnel(*shown, where, errors=True))
        ours, terminal = pty.openpty()
        subprocess.run([TUNNEL, *made, "--signal", "ws://localhost:1"], stdout=subprocess.DEVNULL,
                       stderr=terminal, check=True, timeout=DEADLINE)
        os.close(terminal)
        self.assertIn(b"this link is good on this machine alone", os.read(ours, 4096))
        os.close(ours)

    def test_misplaced(self):
        """a secret is not said whole, wherever it is given"""
        secret = "a" * 55
        link = f"http://h/#t1.{secret}"
        missing = "the address before '#' is missing"
        for argv, words in (
                (["proxy", f"t1.{secret}"], missing), (["proxy", secret], missing),
                (["proxy", f"http://h/%23t1.{secret}"], "%23"),
                (["proxy", "--room", "r", "--listen", link], "here belongs ADDR:PORT"),
                (["proxy", "--room", link], "is a link, for `tunnel proxy LINK`; here belongs NAME"),
                (["proxy", "--control", link], "here belongs PATH"), (["run", link], "here belongs FILE"),
                (["status", link], "`tunnel doctor LINK` tries it"),
                (["proxy", f"--lnk={link}"], "is not known"), 
                ([link], "`tunnel proxy LINK` opens it"), (["serve", link], "here belongs the API"),
                (["invite", link], "here belongs a name, as in phone"), (["proxy", "--link-file", link], "leave out --link-file"),
                (["serve", "1", "--signal", link], "what stands before the '#'"),
                (["invites", "--state", link], "here belongs DIR"),
                (["serve", "11434", link], "one too many; a link is for")):
            said = self.rig.tunnel(*argv, code=2)
            self.assertIn(words, said)
            self.assertNotIn(secret, said)

    def test_invites(self):
        """invite, invites and revoke"""
        rig = self.rig
        self.assertIn("--signal", rig.tunnel("invite", "phone", "--state", rig.state, code=1))
        where = ("--signal", "wss://signal.example.org")
        link = rig.invite("phone", "--expires", "7d", "--allow", "GET /v1/*", *where)
        self.assertTrue(link.startswith("https://signal.example.org/#t1."))
        self.assertEqual(rig.invite("phone", *where), link)
        self.assertNotEqual(rig.invite("laptop", *where), link)
        rig.tunnel("invite", "phone", "--state", rig.state, "--expires", "1d", *where, code=1)
        small = ("--allow", "get /v1/*", *where)
        self.assertIn("in capitals", rig.tunnel("invite", "y", "--state", rig.state, *small, code=2))
        listed = rig.tunnel("invites", "--state", rig.state)
        self.assertRegex(listed, r"(?m)^phone .*\d\d:\d\d .*\d\d:\d\d +-$")
        self.assertIn("allow GET /v1/*", listed)
        rig.tunnel("revoke", "phone", "--state", rig.state)
        self.assertNotIn("phone", rig.tunnel("invites", "--state", rig.state))
        self.assertIn("not there", rig.tunnel("revoke", "phone", "--state", rig.state, code=1))

    def test_json(self):
        """invites --json: an object a line, with neither a secret nor a link in it"""
        rig = self.rig
        where = ("--signal", "wss://signal.example.org")
        rig.invite("pad", *where)
        links = [rig.invite("phone", "--expires", "7d", "--allow", "GET /v1/*", "--allow", "* /health", *where),
                 rig.invite("pad", *where), rig.invite("old", "--expires", "1s", *where)]
        while "has expired" not in rig.tunnel("invites", "--state", rig.state):
            pass
        text = rig.tunnel("invites", "--json", "--state", rig.state)
        pad, phone, old = map(json.loads, text.splitlines())
        moment = "%Y-%m-%dT%H:%M:%SZ"
        made = calendar.timegm(time.strptime(phone.pop("made"), moment))
        self.assertLess(abs(made - time.time()), 600)
        self.assertEqual(calendar.timegm(time.strptime(phone.pop("expires"), moment)) - made, 7 * 86400)
        self.assertEqual(phone, {"name": "phone", "allow": ["GET /v1/*", "* /health"]})
        self.assertEqual(set(pad), {"name", "made"})
        self.assertIs(old["has_expired"], True)
        for link in links:
            self.assertNotIn(link.partition("#t1.")[2][30:], text)
        with open(os.path.join(rig.state, "invites"), encoding="ascii") as file:
            secrets = re.findall(r"(?m)^secret (.*)$", file.read())
        self.assertEqual([secret in text for secret in secrets], [False] * 3)

    def test_expired_is_told(self):
        """who comes with an invite that has expired is told so at once, and waits; another is made"""
        rig = self.rig
        rig.start_mock()
        rig.start_signal()
        link = rig.invite("phone", "--expires", "1s", "--signal", rig.signal_url)
        while "has expired" not in rig.tunnel("invites", "--state", rig.state):
            pass
        serve = rig.start_serve()
        serve.wait_for(WAITING)
        proxy = rig.start_linked(link)
        proxy.wait_for(r"this link has expired; `tunnel invite` there makes another; trying again in [12]\d\d")
        serve.wait_for("it is sealed with an invite that has expired")
        self.assertEqual(proxy.count("within 30 s"), 0)
        # Once it is revoked, nothing is known of it any more.
        rig.tunnel("revoke", "phone", "--state", rig.state)
        rig.start_linked(rig.invite("phone"), name="proxy 2").wait_for(CONNECTED)

    def test_expired(self):
        """the link of an invite that has expired is not shown again, and it is not made anew"""
        rig = self.rig
        rig.invite("phone", "--expires", "1s", "--signal", "ws://h")
        while "has expired" not in rig.tunnel("invites", "--state", rig.state):
            pass
        for more in ([], ["--expires", "7d"], ["--qr"]):
            said = rig.tunnel("invite", "phone", "--state", rig.state, *more, code=1)
            self.assertIn("invite 'phone' has expired; `tunnel revoke` it first", said)
        rig.tunnel("revoke", "phone", "--state", rig.state)
        rig.invite("phone", "--signal", "ws://h")

    def test_nothing_is_made(self):
        """a command that only looks makes neither a folder nor an identity"""
        rig = self.rig
        missing = os.path.join(rig.state, "a")
        for state in (missing, rig.state):
            for argv in (["invites"], ["revoke", "phone"], ["invite", "phone"]):
                said = rig.tunnel(*argv, "--state", state, code=1)
                self.assertIn(f"there are no invites in {state}", said)
        self.assertEqual(os.listdir(rig.state), [])

    def test_revoked(self):
        """a running serve ends a revoked device's session at once, which leaves the room to
        another, and does not end"""
        self.start_sides()
        rig = self.rig
        rig.start_linked(rig.invite("phone"))
        rig.wait_up()
        rig.serve.wait_for(r"phone is connected")
        while "  from " not in (listed := rig.tunnel("invites", "--state", rig.state)):
            pass
        self.assertEqual([line for line in listed.splitlines() if len(line) > 80], [])
        rig.tunnel("revoke", "phone", "--state", rig.state)
        rig.proxy.wait_for("this device's invite was revoked")
        revoked = rig.proxy
        said = revoked.wait_for(r"was revoked, or has expired; trying again in ([12]\d\d)")
        status, fields, body = rig.request("GET", "/health")
        self.assertEqual(status, 503)
        self.assertIn(b"was revoked", body)
        self.assertLess(abs(int(fields["Retry-After"]) - int(said.group(1))), 30)
        rig.start_linked(rig.invite("laptop"))
        rig.wait_up()
        self.assertIsNone(revoked.child.poll())

    def test_full(self):
        """one device too many is told so, in words that go with a link"""
        rig = self.rig
        rig.start_mock()
        rig.start_signal("--max-per-room", "2")
        rig.start_serve()
        rig.start_linked(rig.invite("phone"))
        rig.wait_up()
        rig.start_linked(rig.invite("laptop"), name="laptop")
        rig.proxy.wait_for("all 2 places are taken; stop `tunnel proxy` on another device")
        self.assertNotIn("--room", rig.proxy.text())

    def test_second_serve(self):
        """a second serve with the same state folder ends at once; a killed one leaves nothing"""
        self.start_sides()
        rig = self.rig
        first = rig.serve
        rig.start_linked(rig.invite("phone"))
        rig.wait_up()
        said = rig.tunnel("serve", "--upstream", rig.upstream_url, "--signal", rig.signal_url,
                          "--state", rig.state, code=1)
        self.assertIn("another `tunnel serve` uses the state folder " + rig.state, said)
        self.assertEqual(rig.get_json("/health"), {"status": "ok"})
        first.kill(signal.SIGKILL)
        first.wait_exit()
        rig.start_serve()
        rig.serve.wait_for(WAITING + "|" + CONNECTED)

    def test_rules(self):
        """what an invite does not allow is 403, and the API hears who asks"""
        self.start_sides()
        rig = self.rig
        rig.start_linked(rig.invite("phone", "--allow", "GET /health"))
        rig.wait_up()
        status, _, body = rig.request("GET", "/other")
        self.assertEqual(status, 403)
        self.assertIn(b"the invite 'phone' does not allow this GET", body)
        rig.serve.wait_for("phone: GET /other 403, .*; the invite 'phone' does not allow")
        self.assertEqual(rig.request("GET", "/health")[0], 200)
        rig.serve.wait_for("phone: GET /health 200, ")
        self.assertEqual(rig.proxy.count("phone: "), 0)

    def test_device_in_json(self):
        """whose exchange it was is a field"""
        rig = self.rig
        rig.start_mock()
        rig.start_signal()
        rig.start_serve("--log-format", "json")
        rig.start_linked(rig.invite("phone"))
        rig.wait_up()
        line = rig.serve.wait_for(r'\{.*"event":"exchange".*\}')[0]
        self.assertEqual(json.loads(line)["device"], "phone")

    def test_device(self):
        """the API hears who asks, and not from the client, in a trailer neither"""
        rig = self.rig
        rig.start_mock()
        rig.start_signal()
        rig.start_serve("--header", "X-Key: ours", "--forwarded")
        rig.start_linked(rig.invite("phone"))
        rig.wait_up()
        _, _, body = rig.request("GET", "/inspect", headers={"X-Tunnel-Device": "boss"})
        told = [v for k, v in json.loads(body)["headers"] if k.lower() == "x-tunnel-device"]
        self.assertEqual(told, ["phone"])
        mark = rig.mock.mark()
        with socket.create_connection(rig.proxy_address, DEADLINE) as conn:
            conn.sendall(b"POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
                         b"Connection: close\r\n\r\n1\r\na\r\n0\r\nX-Tunnel-Device: boss\r\n"
                         b"X-Key: theirs\r\nX-Sum: 1\r\n\r\n")
            conn.makefile("rb").read()
        rig.mock.wait_for(r"^trailer X-Sum: 1$", after=mark)
        self.assertEqual(rig.mock.count(r"^trailer ", after=mark), 1)

    def test_damage(self):
        """a damaged file is named and left as it is"""
        rig = self.rig
        rig.invite("phone", "--signal", "ws://h")
        name = os.path.join(rig.state, "identity")
        with open(name, "r+b") as file:
            file.truncate(40)
        self.assertIn(name, rig.tunnel("invites", "--state", rig.state, code=1))
        self.assertEqual(os.path.getsize(name), 40)


def retyped(_sender, receiver, message):
    """An offer as an answer, and the reverse."""
    other = {"offer": "answer", "answer": "offer", "candidate": "candidate"}
    return [(receiver, {**message, "type": other[message["type"]]})]


def member_of(message):
    return "candidate" if message["type"] == "candidate" else "sdp"


def flipped(_sender, receiver, message):
    """One character in the middle is another."""
    text = message[member_of(message)]
    middle = len(text) // 2
    text = text[:middle] + ("B" if text[middle] == "A" else "A") + text[middle + 1:]
    return [(receiver, {**message, member_of(message): text})]


def truncated(_sender, receiver, message):
    return [(receiver, {**message, member_of(message): message[member_of(message)][:-40]})]


def reflected(sender, _receiver, message):
    return [(sender, message)]


def plain(_sender, receiver, message):
    """A description of its own, with a fingerprint of its own."""
    sdp = ("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
           "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\n"
           "a=ice-ufrag:aB3x\r\na=ice-pwd:0123456789abcdefghijkl\r\na=fingerprint:sha-256 "
           + ":".join(["AA"] * 32) + "\r\na=setup:actpass\r\na=mid:0\r\na=sctp-port:5000\r\n")
    return [(receiver, {**message, member_of(message): sdp})]


class Hostile(LinkCase):
    """A signal server that attacks: it gets no byte of HTTP, ends no session, and
    both connect once it is honest."""

    seconds = 300
    waits = 25

    def setUp(self):
        super().setUp()
        self.hostile = HostileSignal()
        self.addCleanup(self.hostile.close)
        self.rig.signal_url = self.hostile.url
        self.rig.start_mock()

    def start_victims(self, room=None):
        rig = self.rig
        with_room = {"room": room, "state": None} if room else {}
        self.victim_serve = rig.start_serve("--log-level", "debug", **with_room)
        self.hostile.wait_seats(1, DEADLINE)
        self.victim_proxy = (rig.start_proxy("--log-level", "debug", room=room) if room else
                             rig.start_linked(rig.invite("phone"), "--log-level", "debug"))
        self.hostile.wait_seats(2, DEADLINE)

    def assert_nothing_came(self):
        for victim in (self.victim_serve, self.victim_proxy):
            self.assertEqual(victim.count(CONNECTED), 0, victim.name)

    def check_instead(self, attack):
        """It is all that they hear of each other, until it is honest."""
        self.hostile.attack = attack
        self.start_victims()
        hearer = self.victim_proxy if attack is reflected else self.victim_serve
        hearer.wait_for(DROPPED)
        self.assert_nothing_came()
        self.hostile.behave(honest)
        self.rig.wait_up()

    def test_altered(self):
        """each message has another character in its middle"""
        self.check_instead(flipped)

    def test_truncated(self):
        """each is cut"""
        self.check_instead(truncated)

    def test_retyped(self):
        """an offer is passed on as an answer"""
        self.check_instead(retyped)

    def test_reflected(self):
        """each comes back to its sender"""
        self.check_instead(reflected)

    def test_plain(self):
        """descriptions are plain, with another fingerprint"""
        self.check_instead(plain)

    def check_standing(self, make):
        """A session stands, and is not touched by what is injected then."""
        self.start_victims()
        rig = self.rig
        rig.wait_up()
        answers = self.hostile.said("answer")
        for seat, victim in ((SERVE, self.victim_serve), (PROXY, self.victim_proxy)):
            messages = make(seat, list(self.hostile.record))
            mark = victim.mark()
            self.hostile.inject(seat, messages)
            for _ in messages:
                mark = victim.mark_of(DROPPED, mark) + 1
        self.assertEqual(rig.get_json("/health"), {"status": "ok"})
        self.assertEqual(self.hostile.said("answer"), answers)
        for victim in (self.victim_serve, self.victim_proxy):
            self.assertEqual(victim.count(CONNECTED), 1)
            self.assertEqual(victim.count("connection to the other side ended"), 0)

    def test_replayed(self):
        """all of this session is said once more, in order and backwards"""
        def make(seat, record):
            said = [message for by, message in record if by != seat]
            return said + said[::-1]
        self.check_standing(make)

    def test_reflected_later(self):
        """each hears its own words of before"""
        self.check_standing(lambda seat, record: [m for by, m in record if by == seat])

    def test_plain_later(self):
        """plain offers, answers and candidates come into a session that stands"""
        self.check_standing(lambda seat, record: [plain(None, None, {"type": kind})[0][1]
                                                  for kind in ("offer", "answer", "candidate")])

    def test_older_session(self):
        """a new serve hears what was said to the one before; then both connect"""
        self.start_victims()
        rig = self.rig
        rig.wait_up()
        old = [message for by, message in self.hostile.record if by == PROXY]
        self.victim_serve.kill(signal.SIGINT)
        self.assertEqual(self.victim_serve.wait_exit(), 0)
        self.victim_proxy.kill(signal.SIGINT)
        self.assertEqual(self.victim_proxy.wait_exit(), 0)
        self.hostile.pairs = {2: 3, 3: 2}
        self.victim_serve = rig.start_serve("--log-level", "debug")
        self.hostile.wait_seats(3, DEADLINE)
        self.hostile.inject(2, old)
        rig.start_linked(rig.invite("phone"))
        rig.wait_up()
        self.victim_serve.wait_for(CONNECTED)
        self.assertEqual(self.victim_serve.count(CONNECTED), 1)

    def between(self, room):
        """Real tunnels of the attacker, one with each victim. What they carry, if
        anything, goes through both."""
        rig = self.rig
        self.start_victims(room)
        victim_address = rig.proxy_address
        theirs = room or "of-no-use"
        spy_proxy = rig.start_proxy(name="spy proxy", room=theirs)
        self.hostile.wait_seats(3, DEADLINE)
        spy_url = "http://%s:%d" % rig.proxy_address
        rig.start_serve(name="spy serve", room=theirs, state=None, upstream=spy_url)
        self.hostile.wait_seats(4, DEADLINE)
        spies = (spy_proxy, rig.serve)
        rig.proxy_address = victim_address
        self.hostile.behave(honest, {0: 2, 2: 0, 1: 3, 3: 1})
        return spies

    def test_in_between(self):
        """tunnels of the attacker, with each side one: nothing comes to them"""
        self.hostile.pairs = {}
        spies = self.between(None)
        self.victim_serve.wait_for(DROPPED + "|" + WAITING)
        self.victim_proxy.wait_for("the other side is here")
        for spy in spies:
            spy.wait_for("the other side is here")
        self.assertEqual(self.rig.request("GET", "/health")[0], 503)
        self.assert_nothing_came()
        for spy in spies:
            self.assertEqual(spy.count(CONNECTED), 0)
        self.hostile.behave(honest, {0: 1, 1: 0})
        self.rig.wait_up()

    def test_in_between_of_a_room(self):
        """the same with --room: it is all the attacker's"""
        self.hostile.pairs = {}
        spies = self.between(self.rig.room)
        self.rig.wait_up()
        for spy in spies:
            spy.wait_for(CONNECTED)
            spy.wait_for("GET /health 200")

    def test_replayed_in_a_room(self):
        """the same offer once more, with --room: it is answered"""
        self.start_victims(self.rig.room)
        self.rig.wait_up()
        answers = self.hostile.said("answer")
        offers = [(by, m) for by, m in self.hostile.record if m["type"] == "offer"]
        by, offer = offers[0]
        self.hostile.inject(1 - by, [{**offer, "sdp": offer["sdp"].replace("o=- ", "o=- 1")}])
        with self.hostile.lock:
            self.assertTrue(self.hostile.changed.wait_for(
                lambda: self.hostile.said("answer") > answers, DEADLINE))

    def check_stranger(self, start):
        """Who sits in the other place gets nothing."""
        self.hostile.pairs = {0: 1, 1: 0}
        rig = self.rig
        serve = rig.start_serve("--log-level", "debug")
        self.hostile.wait_seats(1, DEADLINE)
        stranger = start()
        serve.wait_for(DROPPED)
        self.assertEqual(stranger.count(CONNECTED) + serve.count(CONNECTED), 0)
        self.hostile.pairs = {0: 2, 2: 0}
        rig.start_linked(rig.invite("good"))
        self.hostile.behave(honest)
        rig.wait_up()

    def test_revoked(self):
        """a link that is revoked"""
        def start():
            link = self.rig.invite("gone")
            self.rig.tunnel("revoke", "gone", "--state", self.rig.state)
            return self.rig.start_linked(link)
        self.check_stranger(start)

    def test_told_once(self):
        """what is dropped is told once, until it is dropped for another reason"""
        rig = self.rig
        self.hostile.pairs = {0: 1, 1: 0}
        serve = rig.start_serve()
        self.hostile.wait_seats(1, DEADLINE)
        link = rig.invite("gone")
        rig.tunnel("revoke", "gone", "--state", rig.state)
        rig.start_linked(link)
        reason = "from member .*: it is sealed with an invite that is unknown"
        serve.wait_for(reason)
        said = [message for by, message in self.hostile.record if by == PROXY]
        self.hostile.inject(SERVE, 3 * said + [{"type": "offer", "sdp": "v=0"}])
        mark = serve.mark_of("from member .*: it is not sealed")
        self.assertEqual(serve.count(reason) - serve.count(reason, after=mark), 1)
        self.hostile.inject(SERVE, said)
        serve.wait_for(reason, after=mark)

    def test_expired(self):
        """a link that has expired"""
        rig = self.rig

        def start():
            link = rig.invite("short", "--expires", "1s")
            while "has expired" not in rig.tunnel("invites", "--state", rig.state):
                pass
            # A busy serve may never have seen it while it was good. What it is
            # told behind that it knows when it has looked again.
            rig.tunnel("revoke", "default", "--state", rig.state)
            rig.serve.wait_for("the invite 'default' is not good any more")
            return rig.start_linked(link)
        self.check_stranger(start)

    def test_another_provider(self):
        """a link of another provider, at this one's place"""
        other = LinkRig()
        self.addCleanup(other.close)
        other.signal_url = self.rig.signal_url
        self.check_stranger(lambda: self.rig.start_linked(
            other.invite("phone", "--signal", other.signal_url)))

    def test_another_device(self):
        """what one device has said is another's words: to no effect"""
        self.start_victims()
        rig = self.rig
        rig.wait_up()
        said = [message for by, message in self.hostile.record if by == PROXY]
        to_phone = [message for by, message in self.hostile.record if by == SERVE]
        self.hostile.pairs = {0: 1, 1: 0, 2: 0}
        laptop = rig.run("laptop", [TUNNEL, "proxy", rig.invite("laptop"), "--listen",
                                    "127.0.0.1:0", "--stun", "none", "--log-level", "debug"])
        self.hostile.wait_seats(3, DEADLINE)
        mark = laptop.mark()
        self.hostile.inject(2, to_phone + said)
        for _ in to_phone + said:
            mark = laptop.mark_of(DROPPED, mark) + 1
        self.assertEqual(laptop.count(CONNECTED), 0)
        self.assertEqual(rig.get_json("/health"), {"status": "ok"})
        self.assertEqual(self.victim_serve.count("connection to the other side ended"), 0)


if __name__ == "__main__":
    sys.exit(unittest.main())
