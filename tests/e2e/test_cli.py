"""The command line and the environment of both programs."""

import contextlib
import fcntl
import json
import os
import pty
import re
import signal
import socket
import subprocess
import termios
import time
import unittest

from harness import (CONNECTED, DEADLINE, SIGNAL_SERVER, TUNNEL, URL, WAITING, WRAP, Case,
                     free_port, has_ipv6_loopback)
from wsclient import WebSocket

SERVE = ["serve", "--room", "r", "--upstream", "http://127.0.0.1:1"]
PROXY = ["proxy", "--room", "r", "--listen", "127.0.0.1:0"]


def run(argv, env=None):
    clean = {k: v for k, v in os.environ.items() if not k.startswith("TUNNEL_")}
    return subprocess.run(
        WRAP + argv, env={**clean, **(env or {})}, capture_output=True, text=True, timeout=60
    )


class Help(unittest.TestCase):
    def test_help(self):
        """--help goes to stdout and exits 0"""
        for argv in ([TUNNEL, "--help"], [TUNNEL, "serve", "--help"], [TUNNEL, "proxy", "--help"],
                     [SIGNAL_SERVER, "--help"]):
            with self.subTest(argv=argv[1:]):
                result = run(argv)
                self.assertEqual(result.returncode, 0)
                self.assertIn("usage", result.stdout.lower())
                self.assertEqual(result.stderr, "")

    def test_mistyped(self):
        """what is mistyped is named, with what may have been meant"""
        for argv, words in (
                ([TUNNEL, "srve"], "did you mean serve?"),
                ([TUNNEL, "serve", "--singal", "ws://h"], "did you mean --signal?"),
                ([TUNNEL, "proxy", "-listen", "1"], "did you mean --listen?"),
                ([TUNNEL, "proxy", "--upstrea=1"], "'--upstrea=1' is not known; see --help"),
                ([TUNNEL, "connect"], "it must be serve, proxy, run, invite, invites, revoke, status, "
                                      "requests, doctor or completion"),
                ([TUNNEL, "-v"], "option '-v' is not known; did you mean --version?"),
                ([TUNNEL, "serve", "--port", "1"], "stands alone, as in `tunnel serve 11434`"),
                ([TUNNEL, "proxy", "-p", "1"], "did you mean --listen"),
                ([TUNNEL, "proxy", "--verbose"], "did you mean --log-level debug?"),
                ([TUNNEL, "status", "-w"], "did you mean --watch?"),
                ([SIGNAL_SERVER, "--prot", "1"], "did you mean --port?")):
            with self.subTest(argv=argv[1:]):
                result = run(argv)
                self.assertEqual(result.returncode, 2)
                self.assertIn(words, result.stderr)

    def test_help_fits(self):
        """the help fits 80 columns and ends with an example"""
        commands = ([TUNNEL, command, "--help"]
                    for command in ("serve", "proxy", "invite", "invites", "revoke"))
        for argv in ([TUNNEL, "--help"], *commands, [SIGNAL_SERVER, "--help"]):
            with self.subTest(argv=argv[1:]):
                text = run(argv).stdout
                self.assertEqual([line for line in text.splitlines() if len(line) > 80], [])
                example = text[text.rindex("\n\n"):]
                self.assertRegex(example, r"\nexample.*:\n(  .*\n)*  (tunnel|signal-server) ")

    def test_help_begins(self):
        """with the argument that a command is about"""
        for command, name in (("serve", "UPSTREAM"), ("proxy", "LINK"), ("invite", "NAME"),
                              ("revoke", "NAME")):
            self.assertIn(f"\noptions:\n  {name}\n", run([TUNNEL, command, "--help"]).stdout)

    def test_help_names_all(self):
        """the help names every flag and variable"""
        common = """--signal --room --stun --turn --turn-user --turn-pass --relay-only --log-level
            --log-format
            TUNNEL_SIGNAL TUNNEL_ROOM TUNNEL_STUN TUNNEL_TURN TUNNEL_TURN_USER TUNNEL_TURN_PASS
            TUNNEL_RELAY_ONLY TUNNEL_LOG""".split()
        own = {
            "serve": """--upstream --advertise --upstream-insecure --upstream-ca --preserve-host
                --header --forwarded --allow-origin
                TUNNEL_UPSTREAM TUNNEL_UPSTREAM_CA TUNNEL_HEADER""".split(),
            "proxy": "--listen --forwarded --allow-host TUNNEL_LISTEN".split(),
        }
        for command, words in own.items():
            text = run([TUNNEL, command, "--help"]).stdout
            for word in common + words:
                with self.subTest(command=command, word=word):
                    self.assertIn(word, text)

    def test_output_lost(self):
        """what stdout does not take is no success, and not lost in silence"""
        for argv in ([TUNNEL, "--help"], [TUNNEL, "serve", "--help"], [TUNNEL, "--version"],
                     [TUNNEL, "proxy", "--version"], [SIGNAL_SERVER, "--help"],
                     [SIGNAL_SERVER, "--version"]):
            for lost, why in ((">/dev/full", "No space left"), (">&-", "Bad file descriptor")):
                with self.subTest(argv=argv[1:], lost=lost):
                    result = run(["sh", "-c", f'exec "$@" {lost}', "sh", *argv])
                    self.assertEqual(result.returncode, 1)
                    self.assertRegex(result.stderr, f"cannot write to stdout: {why}")

    def test_version(self):
        """--version goes to stdout and exits 0"""
        for argv in ([TUNNEL, "--version"], [TUNNEL, "serve", "--version"],
                     [SIGNAL_SERVER, "--version"]):
            with self.subTest(argv=argv):
                result = run(argv)
                self.assertEqual(result.returncode, 0)
                self.assertRegex(result.stdout, r"\d+\.\d+\.\d+")
        self.assertRegex(run([TUNNEL, "--version"]).stdout,
                         r"\nAES-128-GCM by (OpenSSL|libipsec-mb) \d")


class Misuse(unittest.TestCase):
    def check(self, argv, *quoted, env=None):
        with self.subTest(argv=argv, env=env):
            result = run(argv, env)
            self.assertEqual(result.returncode, 2, result.stderr)
            self.assertEqual(result.stdout, "")
            for text in quoted:
                self.assertIn(text, result.stderr)

    def test_flags(self):
        """a bad value is quoted on stderr with exit 2"""
        serve, proxy = [TUNNEL] + SERVE, [TUNNEL] + PROXY
        for flag, value in [
            ("--signal", "ftp://x"), ("--signal", "nonsense"), ("--signal", "ws://"), ("--signal", "h:0"),
            ("--signal", "ws://h:99999"), ("--room", ""), ("--room", "x-" * 65),
            ("--stun", "http://x"), ("--stun", "stun:"), ("--stun", "stun:h:0x1"),
            ("--turn", "stun:h"), ("--log-level", "loud"), ("--log-format", "xml"),
        ]:
            self.check(serve + [flag, value], flag, value)
            self.check(proxy + [flag, value], flag, value)
        self.check(serve + ["--stun", "h:3478"], "--stun 'h:3478' must be", "; perhaps stun:h:3478\n")
        self.check(proxy + ["--turn", "h:3478"], "--turn 'h:3478' must be", "; perhaps turn:h:3478\n")
        self.check(serve + ["--signal", "tracker"], "'tracker' must be HOST:PORT", "; or tracker:")
        self.check([TUNNEL, "serve", "abc:def"], "'abc:def' must have a port of 1 to 65535")
        for flag, value in [
            ("--upstream", "ftp://x"), ("--upstream", "localhost"), ("--upstream", "70000"), ("--upstream", "http://"),
            ("--upstream", "http://h:0"), ("--upstream", "http://h:65536"), ("--advertise", "v1"),
            ("--upstream", "unix:api.sock"), ("--upstream", "unix:/" + "x-" * 100),
            ("--allow-origin", "app.example"),
            ("--allow-origin", "https://a/b"),
            ("--upstream-ca", "/proc/nonexistent"), ("--upstream-ca", "/dev/null"),
        ]:
            self.check(serve + [flag, value], flag, value)
        for flag, value in [
            ("--allow-host", "a:80"), ("--allow-host", "http://a"), ("--allow-host", ""),
            ("--listen", "127.0.0.1:65536"), ("--listen", "127.0.0.1:-1"),
            ("--listen", "127.0.0.1:x"), ("--listen", "::1:80:"), ("--listen", "[::1"),
        ]:
            self.check(proxy + [flag, value], flag, value)

    def test_files(self):
        """why a file is of no use is said"""
        serve, proxy = [TUNNEL] + SERVE, [TUNNEL] + PROXY
        self.check(serve + ["--upstream-ca", "/nowhere"], "--upstream-ca '/nowhere' is not there\n")
        self.check(serve + ["--upstream-ca", "/"], "--upstream-ca '/' is a folder\n")
        self.check(serve + ["--upstream-ca", "/dev/null"], "'/dev/null' holds no certificate in PEM form\n")
        self.check([TUNNEL, "proxy", "--link-file", "/dev/null"], "is empty; its first line should be the link\n")
        self.check(proxy + ["--tls-cert", ""], "--tls-cert '' must be a file\n")

    def test_forms(self):
        """an option without its value, one with a value that it has not, and an argument too many"""
        self.check([TUNNEL, "serve", "--signal"], "option '--signal' needs a value: it is --signal URL\n")
        self.check([TUNNEL, "serve", "--relay-only=1"], "takes no value: it is --relay-only alone\n")
        self.check([TUNNEL, "status", "x"], "argument 'x' is not an option; it is `tunnel status [options]`\n")
        self.check([TUNNEL, "run", "--log-format", "json"], "option '--log-format' belongs in the file, as log-format = "
                   "FORMAT: above the first section for all, or in one\n")
        self.check([TUNNEL, "run", "--qr"], "option '--qr' belongs to `tunnel invite`\n")
        self.check([TUNNEL, "run", "a", "b"], "argument 'b' is one too many; it is `tunnel run --config FILE`\n")
        self.check([TUNNEL, "proxy", "--listen", "::1:80"], "needs brackets around its IPv6 address, as in [::1]:8000")

    def test_variables(self):
        """a bad value of a variable is quoted with the variable's name"""
        for name, value in [
            ("TUNNEL_SIGNAL", "nonsense"), ("TUNNEL_UPSTREAM", "ftp://x"), ("TUNNEL_STUN", "x"),
            ("TUNNEL_LOG", "loud"), ("TUNNEL_TURN", "x"), ("TUNNEL_ROOM", "y-" * 65), ("TUNNEL_RELAY_ONLY", "perhaps"),
        ]:
            self.check([TUNNEL, "serve"], name, value, env={name: value})
        value = "nonsense:port"
        self.check([TUNNEL, "proxy"], "TUNNEL_LISTEN", value, env={"TUNNEL_LISTEN": value})

    def test_unknown(self):
        """unknown commands, flags and arguments are quoted"""
        self.check([TUNNEL, "dance"], "dance")
        self.check([TUNNEL] + SERVE + ["--dance"], "--dance")
        self.check([TUNNEL] + PROXY + ["dance"], "dance")
        self.check([TUNNEL] + PROXY + ["--upstream", "http://x"], "--upstream")
        self.check([TUNNEL] + SERVE + ["--listen", "127.0.0.1:0"], "--listen")
        self.check([SIGNAL_SERVER, "--dance"], "--dance")
        self.check([SIGNAL_SERVER, "dance"], "dance")

    def test_misplaced(self):
        """where something listens, and a link is wanted: what to type is said"""
        signal, api = "`, for a signal server there", "`, for an API there"
        for argv, *typed in (
            ("doctor h.lan:87", "doctor --signal h.lan:87" + signal, "doctor --upstream h.lan:87" + api),
            ("doctor wss://s.example", "doctor --signal wss://s.example" + signal),
            ("proxy 8001", "proxy LINK --listen 8001`, for tools to", "serve 8001" + api),
            ("serve wss://s.example", "must be a port, as in 11434", "serve UPSTREAM --signal wss://s.example" + signal),
            ("serve 11434 s.example", "too many; perhaps `tunnel serve UPSTREAM --signal s.example" + signal),
            ("invite h.lan:87", "as in phone; perhaps `tunnel invite NAME --signal h.lan:87" + signal),
            # That flag stands there already.
            ("serve --signal ws://h localhost", "or unix:/PATH\n"),
            ("serve --signal=ws://h 11434 8080", "one too many; it is `tunnel serve UPSTREAM --signal URL [options]`\n"),
            ("proxy --listen 9 8001", "no link, which ends with '#t1.…'; perhaps `tunnel serve 8001" + api),
        ):
            self.check([TUNNEL, *argv.split(" ")], f"'{argv.split(' ')[-1]}'", *typed)
        for argv in ("proxy https://s.example/", "proxy room", "doctor room"):
            self.check([TUNNEL, *argv.split(" ")], "has no '#t1.…': that part is the secret; copy the whole line")
        self.check([TUNNEL, "doctor", "https://u:hunter2@s.example"], "has no '#t1.…'")

    def test_missing(self):
        """what is missing is named"""
        self.check([TUNNEL])
        self.check([TUNNEL, "serve", "--room", "r"], "--upstream")
        self.check([TUNNEL, "serve"], "as in `tunnel serve 11434`")
        self.check([TUNNEL, "serve", "11434"], "--signal URL")
        self.check([TUNNEL, "serve", "--upstream", "http://x"], "--signal")
        self.check([TUNNEL] + SERVE + ["--relay-only"], "--relay-only", "--turn URL")
        self.check([TUNNEL] + PROXY, "--turn URL", env={"TUNNEL_RELAY_ONLY": "1"})
        self.check([TUNNEL, "proxy"], "--room")
        self.check([TUNNEL] + PROXY + ["--signal"], "--signal")
        self.check([SIGNAL_SERVER, "--port"], "--port")

    def test_signal_server(self):
        """signal-server quotes bad values as well"""
        for flag, value in [("--port", "65536"), ("--port", "x"), ("--port", "-1"),
                            ("--listen", "127.0.0.1:x"), ("--listen", "127.0.0.1:99999")]:
            self.check([SIGNAL_SERVER, flag, value], flag, value)
        for value, flag in [("8787", "--port"), ("[::1]:8787", "--listen"),
                            ("127.0.0.1", "--listen")]:
            self.check([SIGNAL_SERVER, value], f"perhaps {flag} {value} is meant")
        self.check([SIGNAL_SERVER, "--no-web", "--web", "."], "--web", "--no-web")

    def test_secrets(self):
        """a password or a header is never quoted"""
        for value in ("Authorization Bearer hunter2", "Host: hunter2\x01", "TE: hunter2"):
            result = run([TUNNEL] + SERVE + ["--header", value])
            self.assertEqual(result.returncode, 2)
            self.assertIn("--header", result.stderr)
            self.assertNotIn("hunter2", result.stderr)
        secret = "a" * 55
        for argv in (["--port", f"http://h/#t1.{secret}"], [f"t1.{secret}"]):
            result = run([SIGNAL_SERVER] + argv)
            self.assertEqual(result.returncode, 2)
            self.assertNotIn(secret, result.stderr)
        result = run([TUNNEL] + SERVE + ["--turn", "turn:h", "--turn-pass", "hunter2-hunter2"])
        self.assertEqual(result.returncode, 2)
        self.assertNotIn("hunter2-hunter2", result.stderr)


class Environment(Case):
    def test_all_by_environment(self):
        """everything can come from the environment"""
        rig = self.rig
        rig.start_mock()
        rig.start_signal()
        common = {"TUNNEL_SIGNAL": rig.signal_url, "TUNNEL_ROOM": rig.room, "TUNNEL_STUN": "none"}
        none = {"signal": None, "room": None, "stun": None}
        rig.start_serve(**none, upstream=None, env={**common, "TUNNEL_UPSTREAM": rig.upstream_url})
        rig.start_proxy(**none, listen=None, env={**common, "TUNNEL_LISTEN": "127.0.0.1:0"})
        rig.wait_up()

    def test_short_urls(self):
        """--upstream takes a port or HOST:PORT, --signal an http:// URL"""
        rig = self.rig
        rig.start_mock()
        rig.start_signal()
        port = URL.match(rig.upstream_url)[3]
        signal_url = rig.signal_url.replace("ws://", "http://")
        for upstream in (port, f"localhost:{port}"):
            serve = rig.start_serve(upstream=upstream, signal=signal_url)
            serve.wait_for(f"serve .*: http://localhost:{port}, ")
            serve.wait_for(WAITING)
            serve.kill(signal.SIGHUP)
            self.assertEqual(serve.wait_exit(), 0)
            rig.wait_peers(0)
        short = rig.signal_url.replace("ws://", "")
        rig.start_serve(upstream=port, signal=short).wait_for(f"{rig.signal_url} \\(what --signal means")
        rig.start_proxy(signal=short.rsplit(":", 1)[1])
        rig.wait_up()

    def test_hangup(self):
        """SIGHUP says goodbye; where it is ignored, as by nohup, it stays ignored"""
        rig = self.rig
        rig.start_mock()
        rig.start_signal()
        rig.start_serve()
        rig.wait_peers(1)
        for process in (rig.serve, rig.signal):
            process.kill(signal.SIGHUP)
            self.assertEqual(process.wait_exit(), 0)
            process.wait_for("closing")
        argv = rig.argv("serve", {"upstream": rig.upstream_url})
        nohup = rig.run("nohup", ["sh", "-c", "trap '' HUP; exec \"$@\"", "sh", *argv])
        nohup.wait_for(r"serve \d")
        with open(f"/proc/{nohup.pid}/status") as status:
            masks = dict(line.split()[:2] for line in status if line.startswith("Sig"))
        self.assertTrue(int(masks["SigIgn:"], 16) & 1)

    @unittest.skipIf(WRAP, "the wrapper has the arguments, too")
    def test_wiped_room(self):
        """the room does not stay in the process list"""
        self.rig.signal_url = "ws://127.0.0.1:1"
        self.rig.upstream_url = "http://127.0.0.1:1"
        serve = self.rig.start_serve()
        with open(f"/proc/{serve.pid}/cmdline") as cmdline:
            argv = cmdline.read()
        self.assertIn("--room", argv)
        self.assertNotIn(self.rig.room, argv)

    def test_flag_beats_variable(self):
        """a flag beats its variable"""
        rig = self.rig
        rig.start_mock()
        rig.start_signal()
        wrong = {
            "TUNNEL_SIGNAL": "ws://127.0.0.1:1",
            "TUNNEL_ROOM": "another-room",
            "TUNNEL_STUN": "stun:127.0.0.1:1",
            "TUNNEL_UPSTREAM": "http://127.0.0.1:1",
            "TUNNEL_LISTEN": f"127.0.0.1:{free_port()}",
            "TUNNEL_LOG": "error",
        }
        rig.start_serve("--log-level", "info", env=wrong)
        proxy = rig.start_proxy("--log-level", "info", env=wrong)
        self.assertNotIn(wrong["TUNNEL_LISTEN"], proxy.text())
        rig.wait_up()

    def test_log_level(self):
        """TUNNEL_LOG=error says nothing when all is well; debug says more"""
        rig = self.rig
        rig.start_mock()
        rig.start_signal()
        serve = rig.start_serve(is_silent=True, env={"TUNNEL_LOG": "error"})
        proxy = rig.start_proxy("--log-level", "debug")
        rig.wait_up()
        self.assertEqual(serve.text(), "")
        self.assertRegex(proxy.text(), r"\bdebug\b")

    def test_log_format(self):
        """--log-format json writes one object a line, with fields for programs"""
        rig = self.rig
        rig.start_mock()
        rig.start_signal("--log-format", "json")
        serve = rig.start_serve("--log-format", "json")
        proxy = rig.start_proxy("--log-format", "json")
        rig.wait_up()
        rig.wait_connected()
        events = {}
        for process in (serve, proxy, rig.signal):
            for line in process.text("err").splitlines():
                event = json.loads(line)
                self.assertLessEqual({"time", "level", "message"}, event.keys())
                events[process, event.get("event")] = event
        for process in (serve, proxy):
            connected = events[process, "connected"]
            self.assertEqual(connected["path"], "direct")
            self.assertGreaterEqual(connected["rtt_ms"], 0)
            # Of the room both know the same, and it is not the name.
            self.assertEqual(connected["room"], events[rig.signal, "join"]["room"])
            self.assertEqual(len(connected["room"]), 4)
        self.assertEqual(events[serve, "start"]["upstream"], rig.upstream_url)

    def test_secrets_unlogged(self):
        """room names, passwords and authorization never appear whole, even in debug"""
        rig = self.rig
        rig.start_mock()
        rig.start_signal()
        flags = ["--log-level", "debug", "--turn", "turn:127.0.0.1:9", "--turn-user", "u",
                 "--turn-pass", "hunter2-hunter2"]
        rig.start_serve(*flags)
        rig.start_proxy(*flags)
        rig.wait_up()
        rig.request("GET", "/health", headers={"Authorization": "Bearer sk-secret-of-mine"})
        for process in (rig.serve, rig.proxy, rig.signal):
            for secret in (rig.room, "hunter2-hunter2", "sk-secret-of-mine"):
                self.assertNotIn(secret, process.text(), process.name)

    def test_taken_port(self):
        """a port that is taken: said with the port, exit 1"""
        self.rig.start_signal()
        self.rig.start_proxy()
        taken = "127.0.0.1:%d" % self.rig.proxy_address[1]
        argv = self.rig.argv("proxy", {"listen": taken})
        result = run(argv)
        self.assertEqual(result.returncode, 1)
        self.assertIn(taken, result.stderr)
        self.assertIn(f"--listen {self.rig.proxy_address[1] + 1}", result.stderr)

    def test_name_to_listen_at(self):
        """a name to listen at is said before it is looked up, an address is not"""
        for option, host, is_said in (("--listen", "nowhere.invalid", True),
                                      ("--listen", "192.0.2.1", False),
                                      ("--metrics", "nowhere.invalid", True)):
            with self.subTest(option=option, host=host):
                result = run([TUNNEL, *PROXY, option, f"{host}:0"],
                             {"RES_OPTIONS": "timeout:1 attempts:1"})
                self.assertEqual(result.returncode, 1)
                said = f"looking up '{host}', the name in {option}"
                self.assertEqual(said in result.stderr, is_said, result.stderr)
                self.assertIn("that is no address or name of this machine", result.stderr)

    def test_open_port(self):
        """--listen 0.0.0.0 warns, and names an address that works here"""
        rig = self.rig
        rig.start_mock()
        rig.start_signal()
        rig.start_serve()
        proxy = rig.start_proxy(listen="0.0.0.0:0")
        port = rig.proxy_address[1]
        proxy.wait_for(f"opens the API to everybody .*--listen {port} keeps it here")
        tools = proxy.wait_for(r"point your tools at http://([\d.]+):")[1]
        self.assertEqual(tools, "127.0.0.1")
        for host in re.findall(rf"http://([\d.]+):{port}", proxy.text()):
            rig.proxy_address = (host, port)
            rig.wait_up()
        private = rig.start_proxy(name="private", env={"HTTP_PROXY": "http://x.test"})
        private.wait_for("HTTP_PROXY is set: .*export NO_PROXY=127.0.0.1,localhost")
        self.assertNotIn("opens the API", private.text())

    @unittest.skipUnless(has_ipv6_loopback(), "there is no IPv6 loopback")
    def test_localhost(self):
        """--listen localhost:PORT is there for clients of either family"""
        rig = self.rig
        rig.start_mock()
        rig.start_signal()
        rig.start_serve()
        port = free_port()
        rig.proxy = rig.run("proxy", rig.argv("proxy", {"listen": f"localhost:{port}"}))
        rig.proxy.wait_for(f"http://localhost:{port}")
        for host in ("127.0.0.1", "::1"):
            rig.proxy_address = (host, port)
            rig.wait_up()

    def test_unwise(self):
        """a weak room and a signal server that is only the default are said"""
        rig = self.rig
        rig.upstream_url = "http://127.0.0.1:1"
        rig.signal_url = "ws://127.0.0.1:1"
        weak = r"!!|room's name is easily guessed"
        serve = rig.start_serve(room="my-llm", signal=None)
        serve.wait_for(weak)
        serve.wait_for("only the default: --signal")
        good = rig.start_serve(name="good")
        good.wait_for("connecting to the signal server")
        self.assertNotRegex(good.text(), weak + "|only the default|no effect")

    def test_idle_flags(self):
        """a flag that changes nothing is said"""
        rig = self.rig
        rig.upstream_url = rig.signal_url = "http://127.0.0.1:1"
        serve = rig.start_serve("--allow-origin", "https://a.example")
        serve.wait_for("warn .*--allow-origin has no effect")

    def test_upstream_probe(self):
        """an upstream where nobody listens is said at the start, one that answers is not"""
        rig = self.rig
        rig.signal_url = "ws://127.0.0.1:1"
        port = free_port()
        serve = rig.start_serve(upstream=str(port))
        serve.wait_for(f"warn .*the upstream http://localhost:{port}: connection refused")
        rig.start_mock()
        good = rig.start_serve(name="good")
        rig.mock.wait_for(r"^done 1$")
        good.kill(signal.SIGTERM)
        self.assertEqual(good.wait_exit(), 0)
        self.assertNotIn("the upstream", good.text())

    @unittest.skipUnless(has_ipv6_loopback(), "there is no IPv6 loopback")
    def test_ipv6(self):
        """IPv6 everywhere: --listen [::1]:0, a [::1] upstream and signal server"""
        rig = self.rig
        rig.start_mock("--host", "::1")
        rig.start_signal(listen="[::1]:0")
        rig.start_serve()
        rig.start_proxy(listen="[::1]:0")
        self.assertEqual(rig.proxy_address[0], "::1")
        rig.wait_up()


class Unread(Case):
    """Nobody takes what is written."""

    def join(self, url):
        ws = WebSocket(url)
        self.addCleanup(ws.close)
        ws.join(self.name())
        return ws

    def check_works(self, url):
        """Each message is a line of the log, or more."""
        ws = self.join(url)
        for _ in range(100):
            ws.send({"type": "dance"})
            ws.receive_type("error")
        ws.close()

    def test_unread_pipe(self):
        """a log that nobody reads stops nothing; how much was lost is said later"""
        unread, log = os.pipe()
        fcntl.fcntl(log, fcntl.F_SETPIPE_SZ, 4096)
        server = subprocess.Popen(
            WRAP + [SIGNAL_SERVER, "--listen", "127.0.0.1:0", "--log-level", "debug"],
            stdout=subprocess.PIPE, stderr=log, text=True)
        os.close(log)
        try:
            url = URL.match(server.stdout.readline())[0]
            self.check_works(url)
            os.read(unread, 4096)
            self.check_works(url)
            self.assertRegex(os.read(unread, 4096).decode(), r"log: \d+ lines were lost")
            server.send_signal(signal.SIGTERM)
            self.assertEqual(server.wait(DEADLINE), 0)
        finally:
            server.kill()
            server.wait()
            server.stdout.close()
            os.close(unread)

    def check_urls(self, stdout):
        server = subprocess.Popen(WRAP + [SIGNAL_SERVER, "--listen", "127.0.0.1:0"],
                                  stdout=stdout, stderr=subprocess.PIPE, text=True)
        try:
            line = server.stderr.readline()
            self.assertIn("which stdout does not take", line)
            self.check_works(URL.search(line)[0])
            server.send_signal(signal.SIGTERM)
            self.assertEqual(server.wait(DEADLINE), 0)
        finally:
            server.kill()
            server.wait()
            server.stderr.close()

    def test_unread_urls(self):
        """the signal server's URLs go to the log where stdout does not take them"""
        with open("/dev/full", "w", encoding="ascii") as full:
            self.check_urls(full)
        unread, stdout = os.pipe()
        os.set_blocking(stdout, False)
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(stdout, bytes(4096))
        os.set_blocking(stdout, True)
        self.check_urls(stdout)
        os.close(stdout)
        os.close(unread)

    def test_stopped_terminal(self):
        """Ctrl-S on the terminal stops nothing either"""
        rig = self.rig
        rig.start_mock()
        rig.start_signal()
        rig.start_serve()
        master, slave = pty.openpty()
        termios.tcflow(slave, termios.TCOOFF)
        port = free_port()
        argv = rig.argv("proxy", {"listen": f"127.0.0.1:{port}"})
        child = subprocess.Popen(argv + ["--log-level", "debug"], stdin=slave, stdout=slave,
                                 stderr=slave)
        try:
            rig.serve.wait_for(CONNECTED)
            rig.proxy_address = ("127.0.0.1", port)
            rig.wait_up()
            child.send_signal(signal.SIGTERM)
            self.assertEqual(child.wait(DEADLINE), 0)
        finally:
            child.kill()
            child.wait()
            os.close(slave)
            os.close(master)

    def test_next_step(self):
        """signal-server on a terminal says what to run next; a log does not have it"""
        master, slave = pty.openpty()
        for stderr, is_said in ((slave, True), (subprocess.PIPE, False)):
            child = subprocess.Popen([*WRAP, SIGNAL_SERVER, "--listen", "127.0.0.1:0"],
                                     stdout=subprocess.PIPE, stderr=stderr)
            url = child.stdout.readline().decode().strip()
            if is_said:
                self.assertIn(f"tunnel serve PORT --signal {url}\r\n", os.read(master, 4096).decode())
            child.terminate()
            said = child.communicate(timeout=DEADLINE)[1] or b""
            self.assertNotIn(b"next", said)
        os.close(slave)
        os.close(master)

    def test_closed_streams(self):
        """with stdin, stdout and stderr closed, a connection does not become the log"""
        port = free_port()
        server = subprocess.Popen(
            ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", *WRAP, SIGNAL_SERVER,
             "--listen", f"127.0.0.1:{port}", "--log-level", "debug"])
        try:
            give_up = time.monotonic() + DEADLINE
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port)).close()
                    break
                except ConnectionError:
                    self.assertLess(time.monotonic(), give_up)
            # The first three connections would have had its descriptors.
            url = f"ws://127.0.0.1:{port}"
            clients = [self.join(url) for _ in range(4)]
            self.check_works(url)
            for ws in clients:
                ws.close()
            server.send_signal(signal.SIGTERM)
            self.assertEqual(server.wait(DEADLINE), 0)
        finally:
            server.kill()
            server.wait()


class Terminal(Case):
    """What a person sees on a terminal."""

    def on_terminal(self, env):
        """The output of `tunnel proxy` on a terminal, until it is connected."""
        rig = self.rig
        rig.start_mock()
        rig.start_signal()
        rig.start_serve()
        argv = rig.argv("proxy", {"listen": "127.0.0.1:0"})
        master, slave = pty.openpty()
        clean = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "TERM")}
        child = subprocess.Popen(argv, stdin=slave, stdout=slave, stderr=slave,
                                 env={**clean, "TERM": "xterm", **env})
        os.close(slave)
        try:
            text = ""
            while "point your tools" not in text:
                text += os.read(master, 4096).decode(errors="replace")
            child.send_signal(signal.SIGINT)
            try:
                while data := os.read(master, 4096):
                    text += data.decode(errors="replace")
            except OSError:
                pass  # how Linux tells the end of a terminal
            self.assertEqual(child.wait(30), 0)
            return text
        finally:
            child.kill()
            child.wait()
            os.close(master)

    def test_colour(self):
        """a few plain lines in colour"""
        text = self.on_terminal({})
        self.assertIn("\x1b[", text)
        self.assertRegex(text, CONNECTED)
        self.assertRegex(text, r"http://127\.0\.0\.1:\d+")
        self.assertLess(len(text.splitlines()), 20)

    def test_no_color(self):
        """no colour with NO_COLOR"""
        self.assertNotIn("\x1b", self.on_terminal({"NO_COLOR": "1"}))

    def test_retries(self):
        """a server that stays away rewrites one line"""
        self.rig.signal_url = "ws://127.0.0.1:1"
        master, slave = pty.openpty()
        child = subprocess.Popen(self.rig.argv("proxy", {"listen": "127.0.0.1:0"}), stdin=slave,
                                 stdout=slave, stderr=slave, env={**os.environ, "TERM": "xterm"})
        os.close(slave)
        try:
            text = ""
            while "after 4 tries" not in text:
                text += os.read(master, 4096).decode(errors="replace")
            self.assertEqual(text.count("cannot be reached"), 1)
            self.assertEqual(text.count("connecting to the signal server"), 1)
            self.assertEqual(text.count("\x1b[A\r\x1b[K"), 3)
            self.assertEqual(len(re.findall(r"\x1b\[A\r\x1b\[K.*after \d tries", text)), 3)
        finally:
            child.kill()
            child.wait()
            os.close(master)

    def test_logged_retries(self):
        """in a log it is one line, until something changes"""
        rig = self.rig
        port = free_port()
        rig.signal_url = f"ws://127.0.0.1:{port}"
        serve = rig.start_serve(upstream="http://127.0.0.1:1")
        serve.wait_for("warn .*cannot be reached: connection refused; trying again in")
        # So many more tries that it would have said so.
        with socket.create_server(("127.0.0.1", port)) as server:
            for _ in range(2):
                client = server.accept()[0]
                client.recv(4096)
                client.close()
        serve.wait_for("warn .*ended the connection instead of answering; trying again")
        self.assertEqual(serve.text().count("cannot be reached"), 1)
        self.assertEqual(serve.text().count("instead of answering"), 1)
        self.assertEqual(serve.text().count("connecting to"), 1)

    def test_full_room(self):
        """one that is not let in says so once, and a goodbye is no warning"""
        rig = self.rig
        rig.start_mock()
        rig.start_signal("--max-per-room", "2")
        serve = rig.start_serve()
        proxy = rig.start_proxy()
        rig.wait_up()
        third = rig.start_serve(name="third")
        third.wait_for("warn .*all 2 places are taken.*; trying again")
        rig.signal.wait_for("socket 5: join .*: refused")
        self.assertEqual(third.text().count("places are taken"), 1)
        self.assertEqual(third.text().count("connecting to"), 1)
        third.kill(signal.SIGTERM)
        third.wait_exit()
        serve.kill(signal.SIGTERM)
        self.assertEqual(serve.wait_exit(), 0)
        proxy.wait_for("info .*the connection to the other side ended: ")

    def test_no_terminal(self):
        """no colour where there is no terminal"""
        self.rig.start_all()
        self.assertNotIn("\x1b", self.rig.proxy.text() + self.rig.serve.text())


if __name__ == "__main__":
    unittest.main()
