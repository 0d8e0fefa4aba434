"""`tunnel run --config FILE`: several tunnels in one process, and a file that changes."""

import fcntl
import http.client
import json
import os
import shutil
import signal
import subprocess
import tempfile
import termios

from harness import DEADLINE, TUNNEL, WRAP, Case, free_port


class Run(Case):
    def setUp(self):
        super().setUp()
        self.folder = tempfile.mkdtemp(prefix="tunnel-run-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.path = os.path.join(self.folder, "tunnels.conf")
        self.env = {"XDG_STATE_HOME": self.folder}

    def write(self, text):
        with open(self.path, "w", encoding="utf-8") as file:
            file.write(text)

    def start(self, text):
        self.write(text)
        return self.rig.run("run", [TUNNEL, "run", "--config", self.path], self.env)

    def pair(self, name, port, more=""):
        """The sections of two that meet in a room."""
        return (f"[serve {name}]\nupstream = {self.rig.upstream_url}\nroom = room-of-{name}\n"
                f"[proxy {name}]\nroom = room-of-{name}\nlisten = {port}\n{more}\n")

    def head(self):
        return f"# for all\nsignal = {self.rig.signal_url}\nstun = none\n\n"

    def ask(self, port, path, method="GET"):
        conn = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE)
        conn.request(method, path)
        response = conn.getresponse()
        body = response.read()
        conn.close()
        return response.status, body

    def test_several(self):
        """two serves and two proxies in one process; status tells of each"""
        rig = self.rig
        rig.start_mock()
        rig.start_signal()
        a, b = free_port(), free_port()
        run = self.start(self.head() + self.pair("a", a) + self.pair("b", b, "forwarded = yes"))
        for name in "ab":
            run.wait_for(f"tunnel: {name}: connected directly")
        self.assertEqual(self.ask(a, "/health")[0], 200)
        fields = dict(json.loads(self.ask(b, "/inspect")[1])["headers"])
        self.assertIn("X-Forwarded-For", fields)
        done = subprocess.run([*WRAP, TUNNEL, "status", "--json"], capture_output=True, text=True,
                              check=True, timeout=DEADLINE, env={**os.environ, **self.env})
        told = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual(sorted((one["name"], one["role"], one["state"]) for one in told),
                         [(name, role, "up") for name in "ab" for role in ("proxy", "serve")])

    def test_reload(self):
        """what did not change is not touched; what did is there anew; the rest is gone"""
        rig = self.rig
        rig.start_mock()
        rig.start_signal()
        a, b, c = free_port(), free_port(), free_port()
        run = self.start(self.head() + self.pair("a", a) + self.pair("b", b))
        for name in "ab":
            run.wait_for(f"tunnel: {name}: connected directly")
        conn = http.client.HTTPConnection("127.0.0.1", a, timeout=DEADLINE)
        conn.request("GET", "/bytes/200000?gate=reload")
        response = conn.getresponse()
        begun = response.read(100)
        self.write(self.head() + self.pair("a", a) + self.pair("c", c) + "[serve wrong]\n")
        run.kill(signal.SIGHUP)
        run.wait_for(r"config: SIGHUP: .*tunnels.conf:\d+: \[serve wrong\] needs upstream = URL, .*; "
                     "all goes on as before")
        self.assertEqual(self.ask(b, "/health")[0], 200)
        self.write(self.head() + self.pair("a", a) + self.pair("c", b))
        run.kill(signal.SIGHUP)
        run.wait_for("config: SIGHUP: read .*: 2 ended, 2 started, 2 go on")
        run.wait_for("tunnel: c: connected directly")
        self.assertEqual(self.ask(b, "/health")[0], 200)
        rig.mock.send("open reload")
        self.assertEqual(len(begun + response.read()), 200000)
        conn.close()
        # One whose port is taken is tried again when the file is read again.
        self.write(self.head() + self.pair("a", a) + self.pair("c", b) +
                   f"[proxy d]\nroom = room-of-c\nlisten = {a}\n")
        run.kill(signal.SIGHUP)
        run.wait_for(f"cannot listen on '127.0.0.1:{a}'")
        run.wait_for("config: 'd' does not run; SIGHUP tries again")
        run.wait_for("config: SIGHUP: read .*: 0 ended, 0 started, 4 go on")
        self.assertEqual(self.ask(a, "/health")[0], 200)
        # One that runs, and is to be where another one is, runs on as it was.
        self.write(self.head() + self.pair("a", a) + self.pair("c", a))
        mark = run.mark()
        run.kill(signal.SIGHUP)
        run.wait_for("config: 'c' runs as before; SIGHUP tries again")
        run.wait_for("config: SIGHUP: read .*: 0 ended, 0 started, 4 go on", after=mark)
        self.assertEqual(self.ask(b, "/health")[0], 200)

    def test_idle_keys(self):
        """a key that changes nothing is said, as it is written"""
        run = self.start("signal = ws://127.0.0.1:1\n[serve a]\nupstream = 1\nroom = room-of-a\n"
                         "allow-origin = https://a.example\n")
        run.wait_for("warn .*a: allow-origin has no effect without a header that adds a field")

    def test_caveats(self):
        """what is unwise, or cannot be, is called as the file has it"""
        port = free_port()
        run = self.start(f"interface = nowhere0\n[proxy a]\nroom = {'x' * 22}\nlisten = tcp:0.0.0.0:{port}\n"
                         f"[serve b]\nupstream = 1\nroom = {'x' * 22}\nsignal = localhost:1\n")
        run.wait_for(f"a: listen = tcp:0.0.0.0:{port} opens the API .*; listen = tcp:{port} keeps it here")
        run.wait_for("b: interface = nowhere0: there is none of that name")
        run.wait_for("a: connecting to .*, which is only the default: signal names yours")
        run.wait_for(r"b: connecting to .* \(what signal means without ws:// or wss://\)")
        self.assertNotRegex(run.text(), "--[a-z]")

    def test_cannot_be(self):
        """what keeps one from starting is, too"""
        port = free_port()
        one = f"[proxy a]\nroom = x\nlisten = {port}\n"
        for more, words in (
                (f"metrics = {port}\n", f"metrics cannot be at '127.0.0.1:{port}': something listens there"),
                ("metrics = nowhere.invalid:0\n", "looking up 'nowhere.invalid', the name in metrics"),
                ("control = /nowhere/x\n", "control '/nowhere/x' cannot be: "),
                ("access-log = /nowhere/x\n", "access-log '/nowhere/x' cannot be opened: "),
                ("listen = tcp:192.0.2.1\n", "cannot listen on '192.0.2.1:8000': that is no address or name of this "
                 "machine; choose another, as in listen = tcp:127.0.0.1:8000\n"),
                ("tls = yes\nstate = /proc/x\n", "tunnel: tls keeps a certificate in the state folder /proc/x, and "
                 "cannot: No such file or directory; state names another folder, and tls-cert and tls-key a")):
            with self.subTest(more):
                self.write(one + more)
                done = subprocess.run([*WRAP, TUNNEL, "run", self.path], capture_output=True, text=True,
                                      timeout=DEADLINE, check=False,
                                      env={**os.environ, "RES_OPTIONS": "timeout:1 attempts:1"})
                self.assertEqual(done.returncode, 1)
                self.assertIn(words, done.stderr)
                self.assertIn("config: 'a' does not run, so nothing does\n", done.stderr)
                self.assertNotRegex(done.stderr, "--[a-z]")

    def test_shared_state(self):
        """of two that serve from one folder, the second is told what to write"""
        self.write("signal = ws://127.0.0.1:1\nstate = state\n[serve a]\nupstream = 1\n[serve b]\nupstream = 2\n")
        done = subprocess.run([*WRAP, TUNNEL, "run", self.path], capture_output=True, text=True, timeout=DEADLINE,
                              cwd=self.folder, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("; stop it, or give this one a folder of its own: state = DIR\n", done.stderr)

    def test_sealed(self):
        """each serve without a room has a state folder of its own; one is its own signal server"""
        rig = self.rig
        rig.start_signal()
        self.start(self.head() + "[serve a]\nupstream = 1\n[serve b]\nupstream = 2\n"
                   f"signal-listen = 127.0.0.1:{free_port()}\n")
        for name in "ab":
            rig.processes[-1].wait_for(f"tunnel: {name}: waiting for the other side")
            self.assertIn("identity", os.listdir(os.path.join(self.folder, "tunnel", name)))

    def test_link_file(self):
        """a file that a section names, and that is another one now, is a change"""
        rig = self.rig
        rig.start_signal()
        link = os.path.join(self.folder, "link")

        def invite(name):
            done = subprocess.run([*WRAP, TUNNEL, "invite", name, "--signal", rig.signal_url],
                                  capture_output=True, text=True, check=True, timeout=DEADLINE,
                                  env={**os.environ, **self.env})
            with open(link, "w", encoding="ascii") as file:
                file.write(done.stdout)

        invite("a")
        run = self.start(self.head() + f"[proxy a]\nlink-file = {link}\nlisten = {free_port()}\n")
        run.wait_for("tunnel: a: waiting for the other side")
        run.kill(signal.SIGHUP)
        run.wait_for("config: SIGHUP: read .*: 0 ended, 0 started, 1 go on")
        invite("b")
        run.kill(signal.SIGHUP)
        run.wait_for("config: SIGHUP: read .*: 1 ended, 1 started, 0 go on")

    def test_taken_port(self):
        """of two with one port the second is named"""
        port = free_port()
        self.write("".join(f"[proxy {name}]\nroom = x\nlisten = {port}\n" for name in "ab"))
        done = subprocess.run([*WRAP, TUNNEL, "run", self.path], capture_output=True, text=True,
                              timeout=DEADLINE, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, f"tunnel: b: cannot listen on '127.0.0.1:{port}': .*as in listen = ")

    def test_stopped_at_start(self):
        """a signal ends it while it waits for what it cannot start without"""
        os.mkfifo(self.path)
        writer = os.open(self.path, os.O_RDWR)
        self.addCleanup(os.close, writer)
        os.write(writer, b"#")
        run = subprocess.Popen([*WRAP, TUNNEL, "run", self.path], stderr=subprocess.PIPE)
        unread = b"?"
        while unread != bytes(4):  # until it has read the one byte, and waits for more
            unread = fcntl.ioctl(writer, termios.FIONREAD, bytes(4))
        run.terminate()
        try:
            self.assertEqual(run.communicate(timeout=DEADLINE), (None, b""))
            self.assertEqual(run.returncode, 0)
        finally:
            run.kill()

    def test_wrong(self):
        """errors name the file and the line"""
        serve = "[serve a]\nupstream = 1\nroom = x\n"
        for text, line, words in (
                ("", 1, "there is no section"),
                ("[serve]\n", 1, "[serve] must be [serve NAME] or [proxy NAME]"),
                ("[relay a]\n", 1, "[relay a] must be [serve NAME] or [proxy NAME]"),
                ("[serve a b]\n", 1, "[serve a b] must be [serve NAME]"),
                ("[serve a\n", 1, "a section must end with ']'"),
                ("\nhello\n" + serve, 2, "must be KEY = VALUE"),
                (serve + serve, 4, "there is a section [serve a] already"),
                ("[serve a]\nroom = x\n", 1, "[serve a] needs upstream = URL, the port or URL of the API, as in "
                                               "upstream = 11434\n"),
                (serve + "signal = tracker:\n", 1, "[serve a]: signal 'tracker:' goes with links alone, "
                                                    "not with room: "),
                ("[proxy a]\n", 1, "[proxy a] needs link = LINK, as `tunnel serve` prints it, or "
                                   "link-file = FILE; or room = NAME\n"),
                ("[serve a]\nupstream = 1\n", 1, "[serve a] needs signal = URL, the signal server"),
                (serve + "turn = turn:h\n", 1, "[serve a] needs turn-user = NAME beside turn\n"),
                (serve + "relay-only = yes\n", 1, "[serve a] needs turn = URL beside relay-only\n"),
                ("\ufeff[serve a]\nupstream = 1 # mine\n", 2, "upstream '1 #…' must be a port, as in 11434, "
                 "HOST:PORT, an http:// or https:// URL, or unix:/PATH; a # comment has a line of its own"),
                (serve + "upstraem = 2\n", 4, "the key 'upstraem' is not known; did you mean upstream?"),
                (serve + "listen = 1\n", 4, "the key 'listen' belongs to a [proxy NAME]"),
                (serve + "log-level = info\n", 4, "the key 'log-level' holds for all"),
                (serve + "forwarded = 1\n", 4, "forwarded '1' must be yes or no"),
                (serve + "turn-pass =\nmax-consumers = x\n", 5, "max-consumers 'x' must be 1 to"),
                (serve + "expires = 7d\n", 4, "the key 'expires' is not known"),
                ("[proxy a]\nroom = x\nlink = https://h/#t1.abc\n", 3, "link '…' "),
                ("[proxy a]\nlink-file = https://h/#t1.abc\n", 2, "link-file 'https://h/#…' is a link, not a file: "
                 "its key is link\n"),
                ("stun = stun:h\n" * 8 + serve, 8, "stun 'stun:h' is one STUN server too many; 7 are the most"),
                ("turn = turn:h\n" * 5 + serve, 5, "turn 'turn:h' is one TURN server too many; 4 are the most"),
                ("stun = none\nheader = x\n" + serve, 2, "header '…' must be")):
            with self.subTest(text):
                self.write(text)
                done = subprocess.run([*WRAP, TUNNEL, "run", self.path], capture_output=True,
                                      text=True, timeout=DEADLINE, check=False)
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertIn(f"tunnel: {self.path}:{line}: {words}", done.stderr)
        done = subprocess.run([*WRAP, TUNNEL, "run", "/nowhere"], capture_output=True, text=True,
                              timeout=DEADLINE, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("--config '/nowhere' is not there", done.stderr)
        done = subprocess.run([*WRAP, TUNNEL, "run"], capture_output=True, text=True,
                              timeout=DEADLINE, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertEqual(done.stderr, "tunnel: run needs --config FILE (or TUNNEL_CONFIG), with a section for each "
                                      "tunnel\n")
