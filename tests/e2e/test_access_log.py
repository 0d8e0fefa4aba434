"""--access-log: a line for each request, in a file that may be moved away."""

import json
import os
import pty
import re
import shutil
import signal
import subprocess
import tempfile
import time

from harness import DEADLINE, TUNNEL, WRAP, Case

COMBINED = re.compile(r'^(\S+) - - \[(\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d \+0000)\] "(\S+) (\S*) HTTP/1.1" '
                      r'(\d{3}|-) (\d+) "-" "-" end=(\w+) request_bytes=(\d+)( .*)?$')


class AccessLog(Case):
    def setUp(self):
        super().setUp()
        self.folder = tempfile.mkdtemp(prefix="tunnel-access-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.path = os.path.join(self.folder, "access.log")

    def start(self, serve=(), proxy=()):
        rig = self.rig
        rig.start_mock()
        rig.start_signal()
        rig.start_serve(*serve)
        rig.start_proxy(*proxy)
        rig.wait_up()
        return rig

    def lines(self, path=None, count=1):
        """Once there are so many: a client may have its answer a moment before."""
        give_up = time.monotonic() + DEADLINE
        while True:
            with open(path or self.path, encoding="utf-8") as file:
                lines = file.read().splitlines()
            if len(lines) >= count or time.monotonic() > give_up:
                return lines
            time.sleep(0.01)

    def test_combined(self):
        """the combined form, and behind it what a tunnel knows; JSON on stdout"""
        rig = self.start(("--access-log", self.path),
                         ("--access-log", "-", "--access-log-format", "json"))
        rig.request("POST", "/echo?key=sk-secret", b"x" * 3000)
        conn = rig.connect()
        conn.request("GET", "/slow/never")
        rig.mock.wait_for("GET /slow/never")
        conn.close()
        lines = self.lines(count=3)
        parts = [COMBINED.match(line) for line in lines]
        self.assertTrue(all(parts), lines)
        self.assertEqual(parts[1].group(1, 3, 4, 5, 6, 7, 8),
                         ("#1", "POST", "/echo", "200", "3000", "complete", "3000"))
        self.assertRegex(parts[1][9], r"^ head_s=\d\.\d{6} first_byte_s=\d\.\d{6} duration_s=\d\.\d{6}$")
        self.assertEqual(parts[2].group(5, 7), ("-", "cancelled"))
        self.assertRegex(parts[2][9], r'^ duration_s=\S+ reason="the client went away"$')
        rig.proxy.wait_for('"target":"/slow/never"', stream="out")
        told = [json.loads(line) for line in rig.proxy.text("out").splitlines()]
        self.assertEqual([one["target"] for one in told], ["/health", "/echo", "/slow/never"])
        self.assertEqual(told[1]["provider"], 1)
        self.assertNotIn("secret", "".join(lines) + rig.proxy.text("out"))

    def test_moved(self):
        """SIGHUP opens the file again; one that cannot be opened is named"""
        rig = self.start(("--access-log", self.path))
        moved = self.path + ".1"
        self.assertEqual(len(self.lines()), 1)
        os.rename(self.path, moved)
        rig.request("GET", "/nothing-1")
        self.assertEqual(len(self.lines(moved, 2)), 2)
        rig.serve.kill(signal.SIGHUP)
        rig.serve.wait_for("access log: SIGHUP: opened .* again")
        rig.request("GET", "/nothing-2")
        self.assertIn("/nothing-2", self.lines()[0])
        self.assertEqual(len(self.lines(moved)), 2)
        os.unlink(self.path)
        os.mkdir(self.path)
        rig.serve.kill(signal.SIGHUP)
        rig.serve.wait_for("access log: SIGHUP: cannot open .*: Is a directory; the file of before")
        rig.request("GET", "/nothing-3")

    def test_full(self):
        """what the disk does not take is counted, and nothing else stops"""
        rig = self.start(("--access-log", "/dev/full"))
        self.assertEqual(rig.request("GET", "/health")[0], 200)
        rig.request("POST", "/echo", b"x")

    def test_terminal(self):
        """a terminal that is closed ends it, as ever"""
        pid, terminal = pty.fork()
        if pid == 0:
            os.execv(TUNNEL, [TUNNEL, "serve", "1", "--room", "r", "--signal", "ws://127.0.0.1:1",
                              "--stun", "none", "--access-log", self.path, "--control", "none"])
        seen = b""
        while b"trying again" not in seen:
            seen += os.read(terminal, 4096)
        os.close(terminal)
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 0)

    def test_wrong(self):
        """a file that cannot be, and a form that is none"""
        argv = [*WRAP, TUNNEL, "serve", "1", "--room", "r", "--signal", "ws://127.0.0.1:1"]
        for more, code, words in (
                (["--access-log", "/nowhere/x"], 1,
                 "--access-log '/nowhere/x' cannot be opened: No such file"),
                (["--access-log-format", "x"], 2,
                 "--access-log-format 'x' must be combined or json"),
                (["--access-log-format", "json"], 2,
                 "serve needs --access-log FILE (or TUNNEL_ACCESS_LOG) beside --access-log-format")):
            done = subprocess.run([*argv, *more], capture_output=True, text=True, timeout=DEADLINE,
                                  check=False)
            self.assertEqual(done.returncode, code)
            self.assertIn(words, done.stderr)
