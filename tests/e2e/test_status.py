"""`tunnel status` and `tunnel requests`: what a tunnel that runs tells of itself."""

import contextlib
import fcntl
import http.client
import json
import os
import pty
import re
import shutil
import signal
import socket
import stat
import struct
import subprocess
import tempfile
import termios
import time
import unittest

from harness import CONNECTED, DEADLINE, SIGNAL_SERVER, TUNNEL, WRAP, Case


def waiting_in(pipe):
    """Bytes that nobody has read."""
    return struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)))[0]


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("tunnel", timeout=DEADLINE)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(DEADLINE)
        self.sock.connect(self.path)


class Page:
    """What stands on a terminal of 80 columns that a program writes to."""

    def __init__(self, argv):
        self.bytes = b""
        pid, self.terminal = pty.fork()
        if pid == 0:
            os.environ.update(TERM="vt100", LC_ALL="C.UTF-8")
            os.execv(argv[0], argv)
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.pid = pid

    def wait_for(self, wanted):
        """The page that holds it: each begins at the home position."""
        while True:
            for page in self.bytes.decode(errors="replace").split("\x1b[H"):
                if page.endswith("\x1b[J") and re.search(wanted, page):
                    return page
            self.bytes += os.read(self.terminal, 65536)

    def interrupt(self):
        os.write(self.terminal, b"\x03")
        while True:
            try:
                if not os.read(self.terminal, 65536):
                    break
            except OSError:
                break
        os.close(self.terminal)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


class Status(Case):
    shared = True

    @classmethod
    def start(cls, rig):
        cls.folder = tempfile.mkdtemp(prefix="tunnel-status-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.serve_state, cls.proxy_state = (os.path.join(cls.folder, name) for name in "sp")
        rig.start_mock()
        rig.start_signal()
        rig.start_serve(state=cls.serve_state)
        rig.start_proxy(state=cls.proxy_state)
        rig.wait_up()

    def run_tunnel(self, *args, exit_status=0):
        done = subprocess.run([*WRAP, TUNNEL, *args], capture_output=True, text=True,
                              timeout=DEADLINE, check=False)
        self.assertEqual(done.returncode, exit_status, done.stderr)
        return done.stdout if exit_status == 0 else done.stderr

    def status(self, state):
        return json.loads(self.run_tunnel("status", "--json", "--state", state))

    def requests(self, *args):
        text = self.run_tunnel("requests", "--json", "--state", self.serve_state, *args)
        return [json.loads(line) for line in text.splitlines()]

    def control(self, state):
        return os.path.join(state, f"control-{self.rig.serve.pid}")

    def test_stopped(self):
        """a tunnel whose process is stopped is told as such, instead of waited for"""
        path = os.path.join(self.folder, "stopped")
        with socket.socket(socket.AF_UNIX) as stopped:  # the kernel lets clients connect to it
            stopped.bind(path)
            stopped.listen()
            said = self.run_tunnel("status", "--control", path, exit_status=1)
            self.assertIn(f"the tunnel at {path} does not answer: it says nothing for 3 s", said)

    def test_json(self):
        """--json: both ends see one session, and the same room"""
        serve, proxy = self.status(self.serve_state), self.status(self.proxy_state)
        self.assertEqual((serve["role"], proxy["role"]), ("serve", "proxy"))
        self.assertEqual(serve["upstream"], self.rig.upstream_url)
        self.assertEqual(proxy["listen"], "%s:%d" % self.rig.proxy_address)
        self.assertEqual(serve["rooms"], proxy["rooms"])
        self.assertEqual(serve["rooms"][0]["signal"], self.rig.signal_url)
        for one in (serve, proxy):
            self.assertEqual((one["state"], one["sessions"]["direct"]), ("up", 1))
            partner, = one["partners"]
            self.assertEqual(partner["path"], "direct")
            self.assertRegex(partner["local"] + partner["remote"], r"host .*host ")
            self.assertGreater(partner["sent_bytes"], 0)
            self.assertGreater(partner["round_trip_ms"], 0)
            self.assertGreaterEqual(one["totals"]["ends"]["complete"], 1)

    def test_page(self):
        """the page, with the rates of half a second"""
        page = self.run_tunnel("status", "--state", self.proxy_state)
        self.assertRegex(page, rf"^tunnel proxy \S+, process {self.rig.proxy.pid}, runs for ")
        self.assertRegex(page, r"\n#1 +direct +\S+ \S+ +0\.0 % +\S+ \w+/s +\S+ \w+/s +\d+\n")

    def test_under_way(self):
        """what is under way, with its age"""
        conn = self.rig.connect()
        conn.request("GET", "/slow/under-way?key=secret")
        self.rig.mock.wait_for("GET /slow/under-way")
        for state in (self.serve_state, self.proxy_state):
            one, = [x for x in self.status(state)["under_way"] if x["target"] == "/slow/under-way"]
            self.assertGreater(one["duration_ms"], 0)
            self.assertNotIn("status", one)
        conn.close()

    def test_watch(self):
        """--watch draws page after page, until Ctrl-C"""
        page = Page([TUNNEL, "status", "--watch", "--state", self.serve_state])
        drawn = page.wait_for(r"(?s)rate.*at most, in 1 s")
        self.assertIn("#1", drawn)
        self.assertEqual(page.interrupt(), 0)

    def test_requests(self):
        """how each ended; chosen by path, and by failure"""
        body = b"x" * 3000
        self.rig.request("POST", "/echo?key=sk-secret", body)
        self.rig.request("GET", "/nothing-there")
        one = self.requests("--path", "/echo")[-1]
        self.assertEqual((one["method"], one["target"], one["status"], one["end"]),
                         ("POST", "/echo", 200, "complete"))
        self.assertEqual((one["request_bytes"], one["response_bytes"]), (3000, 3000))
        self.assertRegex(one["begun"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        self.assertLessEqual(one["first_byte_ms"], one["duration_ms"])
        failed = self.requests("--failed")
        self.assertIn("/nothing-there", [one["target"] for one in failed])
        self.assertNotIn("/echo", [one["target"] for one in failed])
        self.assertEqual(self.requests("--device", "nobody"), [])
        text = self.run_tunnel("requests", "--state", self.serve_state)
        self.assertRegex(text, r"(?m)^\d\d:\d\d:\d\d #1: POST /echo 200, \S+ m?s, first byte ")
        self.assertNotIn("secret", text)

    def test_tokens(self):
        """an LLM's answer has its tokens counted"""
        body = json.dumps({"stream": True, "messages": [{"role": "user", "content": "x"}]})
        self.rig.request("POST", "/v1/chat/completions", body,
                         {"Content-Type": "application/json"})
        one = self.requests("--path", "/v1/chat")[-1]
        self.assertGreater(one["events"], 3)
        self.assertGreater(one["tokens_per_s"], 0)

    def test_follow(self):
        """-f: each as it ends"""
        rig = self.rig
        follower = rig.run("requests", [TUNNEL, "requests", "-f", "--state", self.proxy_state,
                                        "--path", "/digest/"])
        rig.request("POST", "/digest/before", b"x")
        follower.wait_for("POST /digest/before", stream="out")
        rig.request("POST", "/digest/behind", b"x")
        follower.wait_for("POST /digest/behind", stream="out")

    def test_reader_gone(self):
        """what goes on ends with its reader, at once and without a word, and not before"""
        self.rig.request("POST", "/digest/first", b"x")
        self.rig.request("POST", "/digest/second", b"x")
        for argv, words in ((["requests", "-f"], b"digest/second"), (["requests", "-f", "--json"], b"digest/second"),
                            (["status", "--watch"], b"proxy")):
            with self.subTest(argv=argv):
                process = subprocess.Popen([*WRAP, TUNNEL, *argv, "--state", self.proxy_state],
                                           stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                self.addCleanup(process.kill)
                while words not in process.stdout.readline():
                    pass
                self.assertIsNone(process.poll())
                process.stdout.close()
                self.assertEqual(process.wait(DEADLINE), 0)
                self.assertEqual(process.stderr.read(), b"")
                process.stderr.close()

    def test_reader_stuck(self):
        """a signal ends it also while its reader takes nothing"""
        for _ in range(20):
            self.rig.request("POST", "/digest/x", b"x")
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            with self.subTest(signal=number):
                reader, writer = os.pipe()
                self.addCleanup(os.close, reader)
                with contextlib.suppress(BlockingIOError):
                    os.set_blocking(writer, False)
                    while True:
                        os.write(writer, bytes(4096))
                os.set_blocking(writer, True)
                os.read(reader, 4096)  # room for some lines of the twenty
                before = waiting_in(reader)
                process = subprocess.Popen([*WRAP, TUNNEL, "requests", "-f", "--json", "--state", self.proxy_state],
                                           stdout=writer, stderr=subprocess.PIPE)
                self.addCleanup(process.kill)
                os.close(writer)
                while waiting_in(reader) == before:
                    self.assertIsNone(process.poll())
                    time.sleep(0.01)
                process.send_signal(number)
                self.assertEqual(process.wait(DEADLINE), 0)
                self.assertEqual(process.stderr.read(), b"")
                process.stderr.close()

    @unittest.skipUnless(os.path.exists("/dev/full"), "there is no /dev/full")
    def test_full_disk(self):
        """so it ends where nothing can be written, which is said"""
        self.rig.request("POST", "/digest/x", b"x")
        for argv in (["requests", "-f"], ["status", "--watch"]):
            with self.subTest(argv=argv), open("/dev/full", "wb") as full:
                done = subprocess.run([*WRAP, TUNNEL, *argv, "--state", self.proxy_state], stdout=full,
                                      stderr=subprocess.PIPE, text=True, timeout=DEADLINE, check=False)
                self.assertEqual(done.returncode, 1)
                self.assertIn("tunnel: cannot write to stdout: ", done.stderr)

    def test_socket(self):
        """the socket is this user's alone, and speaks HTTP"""
        path = self.control(self.serve_state)
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(os.stat(self.serve_state).st_mode), 0o700)
        conn = UnixConnection(path)
        for method, target, status in (("GET", "/status", 200), ("GET", "/requests", 200),
                                       ("GET", "/other", 404), ("POST", "/status", 405)):
            conn.request(method, target)
            response = conn.getresponse()
            response.read()
            self.assertEqual(response.status, status)
        conn.close()

    def test_choice(self):
        """--control; several at one place; none; what was left behind"""
        rig, other = self.rig, os.path.join(self.folder, "other")
        nobody = os.path.join(self.folder, "nobody")
        more = rig.run("another", [TUNNEL, "serve", "1", "--room", "another-room", "--signal",
                                   rig.signal_url, "--stun", "none", "--control", other])
        more.wait_for("waiting for")
        self.assertIn('"state":"waiting"',
                      self.run_tunnel("status", "--json", "--control", other))
        more.kill()
        more.wait_exit()
        self.assertIn("does not answer: ",
                      self.run_tunnel("status", "--control", other, exit_status=1))
        # One that the next takes over, and one that is found to be nobody's.
        more = rig.run("another", [TUNNEL, "serve", "1", "--room", "another-room", "--signal",
                                   rig.signal_url, "--stun", "none", "--control", other])
        more.wait_for("waiting for")
        self.assertIn("there is no socket of one in " + nobody,
                      self.run_tunnel("status", "--state", nobody, exit_status=1))
        os.mkdir(nobody)
        shutil.copy2(__file__, os.path.join(nobody, "control-file"))
        dead = socket.socket(socket.AF_UNIX)
        dead.bind(os.path.join(nobody, "control-1"))
        dead.close()
        self.run_tunnel("status", "--state", nobody, exit_status=1)
        self.assertEqual(os.listdir(nobody), ["control-file"])
        os.unlink(os.path.join(nobody, "control-file"))
        for _ in range(2):
            one = rig.run("one of two", [TUNNEL, "serve", "1", "--room", "another-room", "--signal",
                                         rig.signal_url, "--stun", "none", "--state", nobody])
            one.wait_for("waiting for")
        pages = self.run_tunnel("status", "--state", nobody)
        self.assertEqual(len(re.findall(r"(?m)^tunnel serve .* runs for", pages)), 2)
        choice = self.run_tunnel("requests", "--state", nobody, exit_status=1)
        self.assertIn("choose one:\n  --control " + nobody, choice)
        self.assertEqual(choice.count("  (serve, http://localhost:1)\n"), 2)

    def test_errors(self):
        """the last errors: an upstream that is not there, a signal server that is gone"""
        rig, folder = self.rig, os.path.join(self.folder, "errors")
        server = rig.run("signal-server", [SIGNAL_SERVER, "--listen", "127.0.0.1:0"])
        url = server.wait_for(r"ws://\S+", stream="out")[0]
        common = ["--room", "room-of-errors", "--signal", url, "--stun", "none"]
        serve = rig.run("serve of errors", [TUNNEL, "serve", "1", *common, "--state", folder])
        rig.run("proxy of errors", [TUNNEL, "proxy", *common, "--listen", "127.0.0.1:0"])
        serve.wait_for(CONNECTED)
        server.kill()
        server.wait_exit()
        serve.wait_for("the connection stays up without it")
        status = self.status(folder)
        self.assertEqual((status["state"], status["sessions"]["signal_losses"]), ("up", 1))
        away, upstream = status["errors"][0], status["errors"][-1]
        self.assertIn(url.removeprefix("ws://"), away["text"])
        self.assertRegex(upstream["text"], "^the upstream: connection refused")
        self.assertEqual(upstream["count"], 1)
        self.assertGreaterEqual(upstream["age_s"], away["age_s"])
        self.assertRegex(self.run_tunnel("status", "--state", folder), r"\n[\d.]+ m?s ago: the upstream: ")

    def test_no_socket(self):
        """a tunnel that cannot have a socket says where, why, and what to write"""
        open_folder, long_folder = (os.path.join(self.folder, name) for name in ("open", "x" * 100))
        os.mkdir(open_folder)
        os.chmod(open_folder, 0o777)
        file = os.path.join(self.folder, "plain")
        with open(file, "wb"):
            pass
        for state, words in (
                (open_folder, f": the state folder {open_folder} cannot be used: it must belong to this user, and nobody "
                 "else may write to it"),
                (file, f": the state folder {file} cannot be used: Not a directory"),
                (long_folder, f" {long_folder}/control-[0-9]+: the path is longer than 107 bytes")):
            with self.subTest(state=state):
                proxy = self.rig.run("proxy", [TUNNEL, "proxy", "--room", "r" * 22, "--listen", "127.0.0.1:0",
                                               "--signal", self.rig.signal_url, "--state", state])
                proxy.wait_for(f"there is no socket{words}; --control PATH names a place for one$")
        env = {name: "" for name in ("HOME", "XDG_STATE_HOME", "STATE_DIRECTORY")}
        proxy = self.rig.run("proxy", [TUNNEL, "proxy", "--room", "r" * 22, "--listen", "127.0.0.1:0",
                                       "--signal", self.rig.signal_url], env)
        proxy.wait_for("there is no socket: there is no state folder, since HOME is not set; --control PATH names")

    def test_locked_folders(self):
        """a folder that this user may not look into, or make, is no folder without a tunnel"""
        folder, fixed = (os.path.join(self.folder, name) for name in ("locked", "fixed"))
        os.chmod(self.folder, 0o755)
        os.mkdir(folder, 0o700)
        os.mkdir(fixed, 0o555)
        is_root = os.geteuid() == 0
        if not is_root:
            os.chmod(folder, 0)
        try:
            for argv, state, words in (
                    (["status"], folder, f"this user may not look into {folder}; ask as the user"),
                    (["serve", "1", "--signal", "ws://h"], os.path.join(folder, "new"),
                     "cannot be used: Permission denied; --state DIR names another folder"),
                    (["doctor", "--no-lan", "--stun", "none"], os.path.join(folder, "new"),
                     "/new cannot be used: Permission denied; mend that"),
                    (["doctor", "--no-lan", "--stun", "none"], os.path.join(fixed, "new"),
                     f"{fixed}/new cannot be made in {fixed}: Permission denied; mend that")):
                done = subprocess.run([TUNNEL, *argv, "--state", state], capture_output=True, text=True,
                                      timeout=DEADLINE, check=False, cwd="/",
                                      user=65534 if is_root else None)
                self.assertIn(words, done.stdout + done.stderr)
        except PermissionError:
            self.skipTest("another user cannot run the program where it was built")
        finally:
            os.chmod(folder, 0o700)

    def test_fixed_folder(self):
        """a folder in which nothing can be written any more: another one is spoken of"""
        fixed = os.path.join(self.folder, "full")
        os.chmod(self.folder, 0o755)
        os.mkdir(fixed, 0o700)
        user = 65534 if os.geteuid() == 0 else None
        if user:
            os.chown(fixed, user, -1)

        def invite(*args):
            return subprocess.run([TUNNEL, "invite", *args, "--state", fixed], capture_output=True, text=True,
                                  timeout=DEADLINE, check=False, cwd="/", user=user)
        try:
            self.assertEqual(invite("first", "--signal", "ws://h").returncode, 0)
            os.chmod(fixed, 0o500)
            self.assertIn("cannot be used: Permission denied; --state DIR names another folder\n",
                          invite("second", "--signal", "ws://h").stderr)
        except PermissionError:
            self.skipTest("another user cannot run the program where it was built")
        finally:
            os.chmod(fixed, 0o700)

    def test_relative_folder(self):
        """a state folder may be named from where one is; others are shown it whole"""
        rig = self.rig
        serve = rig.run("near", ["sh", "-c", 'cd "$0" && exec "$@"', self.folder, TUNNEL, "serve", "1",
                                 "--signal", rig.signal_url, "--stun", "none", "--state", "near"])
        serve.wait_for(f"`tunnel invite NAME --state {self.folder}/near` prints")
        serve.wait_for("waiting for")
        told = self.run_tunnel("status", "--state", os.path.join(self.folder, "near"))
        self.assertIn("tunnel serve", told)
        serve.end()

    def test_wrong(self):
        """a socket that cannot be is named; none is none"""
        rig = self.rig
        wrong = self.run_tunnel("serve", "1", "--room", "another-room", "--signal", rig.signal_url,
                                "--stun", "none", "--control", "/nowhere/x", exit_status=1)
        self.assertIn("--control '/nowhere/x' cannot be: No such file or directory", wrong)
        folder = os.path.join(self.folder, "none")
        silent = rig.run("silent", [TUNNEL, "serve", "1", "--room", "another-room", "--signal",
                                    rig.signal_url, "--stun", "none", "--control", "none",
                                    "--state", folder])
        silent.wait_for("waiting for")
        self.assertFalse(os.path.exists(folder))
