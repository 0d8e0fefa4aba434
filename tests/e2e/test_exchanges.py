"""The line that either end writes of each exchange."""

import json
import os
import pty
import re
import subprocess

from harness import CONNECTED, DEADLINE, Case, free_port

LINE = re.compile(r"(?:tunnel: )?([A-Z]+) (\S+) (\d+|no answer), [\d.]+ (?:ms|s)(.*)")


def lines(process, target):
    """(method, status, rest) of the exchanges with that target."""
    return [(m[1], m[3], m[4]) for m in LINE.finditer(process.text("err")) if m[2] == target]


class Lines(Case):
    def start_all(self, *flags):
        rig = self.rig
        rig.start_mock()
        rig.start_signal()
        rig.start_serve(*flags)
        rig.start_proxy(*flags)
        rig.wait_up()
        return rig

    def test_one_each(self):
        """what was asked, its status, how long, how large; no query, where keys stand"""
        rig = self.start_all()
        body = b"x" * 5000
        rig.request("POST", "/echo?key=sk-secret", body)
        for process in (rig.proxy, rig.serve):
            process.wait_for(r"POST /echo 200, [\d.]+ m?s, first byte [\d.]+ m?s, 5\.0 kB$")
            self.assertNotIn("sk-secret", process.text())
        rig.request("GET", "/nothing-there")
        rig.serve.wait_for("GET /nothing-there 404, ")

    def test_cancelled(self):
        """a client that goes away, and an upstream that is not there, say so"""
        rig = self.start_all()
        conn = rig.connect()
        conn.request("GET", "/slow/never")
        rig.mock.wait_for("GET /slow/never")
        conn.close()
        for process in (rig.proxy, rig.serve):
            process.wait_for(r"GET /slow/never no answer, [\d.]+ m?s; the client went away")
        rig.mock.kill()
        rig.mock.wait_exit()
        self.assertEqual(rig.request("GET", "/late")[0], 502)
        rig.proxy.wait_for(r"info +tunnel: GET /late 502, [\d.]+ m?s; upstream .*refused")
        rig.serve.wait_for(r"warn +tunnel: #1: GET /late no answer, [\d.]+ m?s; upstream .*refused")

    def test_silent(self):
        """--log-level warn writes none"""
        rig = self.rig
        rig.start_mock()
        rig.start_signal()
        rig.start_serve("--log-level", "warn", is_silent=True)
        port = free_port()
        argv = rig.argv("proxy", {"listen": f"127.0.0.1:{port}"}) + ["--log-level", "warn"]
        rig.proxy = rig.run("proxy", argv)
        rig.proxy_address = ("127.0.0.1", port)
        rig.wait_up()
        rig.request("POST", "/echo", b"x")
        for process in (rig.serve, rig.proxy):
            process.kill(15)
            self.assertEqual(process.wait_exit(), 0)
            self.assertFalse(LINE.search(process.text()), process.text())

    def test_json(self):
        """--log-format json has the same as fields"""
        rig = self.start_all("--log-format", "json")
        rig.request("POST", "/echo?key=sk-secret", b"x" * 5000)
        for process in (rig.proxy, rig.serve):
            process.wait_for('"target":"/echo"')
            event = next(e for e in map(json.loads, process.text("err").splitlines())
                         if e.get("target") == "/echo")
            self.assertLessEqual({
                "event": "exchange", "level": "info", "method": "POST", "status": 200,
                "end": "complete", "request_bytes": 5000, "response_bytes": 5000,
            }.items(), event.items())
            self.assertEqual(len(event["room"]), 4)
            self.assertLessEqual(event["head_ms"], event["first_byte_ms"])
            self.assertLessEqual(event["first_byte_ms"], event["duration_ms"])
            self.assertRegex(event["message"], r"^tunnel: (#1: )?POST /echo 200, ")
            self.assertEqual(event.get("consumer"), 1 if process is rig.serve else None)
            self.assertNotIn("sk-secret", process.text())
        rig.proxy.kill(15)
        self.assertEqual(rig.proxy.wait_exit(), 0)
        stop = json.loads(rig.proxy.text("err").splitlines()[-1])
        self.assertLessEqual(
            {"event": "stop", "exchanges": 2, "request_bytes": 5000}.items(), stop.items())
        self.assertLessEqual({"rtt_ms", "sent_packets", "lost_chunks"}, stop.keys())

    def test_many(self):
        """of many at once a part has a line, and the rest is counted"""
        rig = self.start_all()
        conn = rig.connect()
        for _ in range(400):
            conn.request("GET", "/v1/models")
            conn.getresponse().read()
        conn.close()
        for process in (rig.proxy, rig.serve):
            process.kill(15)
            self.assertEqual(process.wait_exit(), 0)
            told = lines(process, "/v1/models") + lines(process, "/health")
            more = sum(map(int, re.findall(r"\(and (\d+) more\)", process.text())))
            self.assertGreaterEqual(len(told), 100)
            self.assertLess(len(told), 401)
            self.assertLessEqual(len(told) + more, 401)
            self.assertRegex(process.text(), r"closing; 401 exchanges, 0 B up, \d+ kB down")

    def test_terminal(self):
        """on a terminal they stand among the plain lines"""
        rig = self.rig
        rig.start_mock()
        rig.start_signal()
        port = free_port()
        master, slave = pty.openpty()
        child = subprocess.Popen(rig.argv("proxy", {"listen": f"127.0.0.1:{port}"}), stdin=slave,
                                 stdout=slave, stderr=slave, env={**os.environ, "NO_COLOR": "1"})
        os.close(slave)
        try:
            rig.start_serve().wait_for(CONNECTED)
            rig.proxy_address = ("127.0.0.1", port)
            rig.request("POST", "/echo", b"x" * 5000)
            text = ""
            while "POST /echo" not in text or not text.endswith("\n"):
                text += os.read(master, 4096).decode()
            self.assertRegex(text, r"\n\d\d:\d\d:\d\d \.\. POST /echo 200, .*, 5\.0 kB\r\n")
            child.terminate()
            self.assertEqual(child.wait(DEADLINE), 0)
        finally:
            child.kill()
            child.wait()
            os.close(master)
