"""--metrics of the three programs: figures, as Prometheus reads them, and health."""

import http.client
import json
import os
import re
import shutil
import subprocess
import tempfile

from cluster_rig import has_clusters
from harness import DEADLINE, ROOT, SIGNAL_SERVER, TUNNEL, WRAP, Case, free_port

OPEN = {"Accept": "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"}
SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$", re.M)
# Parses as strictly as the specification has it; 77 where there is no parser.
PARSE = """
import json, sys
try:
    from prometheus_client.openmetrics.parser import text_string_to_metric_families
except ImportError:
    sys.exit(77)
for text in json.load(sys.stdin):
    for family in text_string_to_metric_families(text):
        print(family.name, family.type, family.unit)
"""


class Metrics(Case):
    shared = True

    @classmethod
    def start(cls, rig):
        at = ("--metrics", "127.0.0.1:0")
        rig.start_mock()
        rig.start_signal(*at, "--max-per-address", "3")
        rig.start_serve(*at)
        rig.start_proxy(*at)
        cls.ports = {process.name: int(process.wait_for(r"metrics: http://127.0.0.1:(\d+)/")[1])
                     for process in (rig.signal, rig.serve, rig.proxy)}
        rig.wait_up()

    def ask(self, name, path, headers=None, method="GET"):
        conn = http.client.HTTPConnection("127.0.0.1", self.ports[name], timeout=DEADLINE)
        try:
            conn.request(method, path, headers=headers or {})
            response = conn.getresponse()
            return response.status, response.headers, response.read().decode()
        finally:
            conn.close()

    def samples(self, name):
        text = self.ask(name, "/metrics")[2]
        return {(m[1], m[2] or ""): float(m[3]) for m in SAMPLE.finditer(text)}

    def test_own_signal_server(self):
        """a serve that is its own signal server has the figures of that, too"""
        state = tempfile.mkdtemp(prefix="tunnel-own-")
        self.addCleanup(shutil.rmtree, state)
        own = self.rig.run("own", [TUNNEL, "serve", self.rig.upstream_url, "--state", state,
                                   "--signal-listen", f"127.0.0.1:{free_port()}", "--stun", "none",
                                   "--metrics", "127.0.0.1:0"])  # fmt: skip
        self.ports["own"] = int(own.wait_for(r"metrics: http://127.0.0.1:(\d+)/")[1])
        own.wait_for("waiting for the other side")
        samples = self.samples("own")
        self.assertEqual(samples["signal_members", ""], 1)
        self.assertEqual(samples["signal_limit_hits_total", 'limit="room"'], 0)
        self.assertNotIn(("signal_members", ""), self.samples("serve"))

    def test_text(self):
        """the text format, as promtool takes it"""
        if not shutil.which("promtool"):
            self.skipTest("there is no promtool (scripts/install-deps.sh test)")
        for name in self.ports:
            with self.subTest(name):
                status, headers, text = self.ask(name, "/metrics")
                self.assertEqual(status, 200)
                self.assertIn("version=0.0.4", headers["Content-Type"])
                done = subprocess.run(["promtool", "check", "metrics"], input=text, text=True,
                                      capture_output=True, check=False, timeout=DEADLINE)
                self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def test_open(self):
        """OpenMetrics, for who asks for it"""
        texts = []
        for name in self.ports:
            _, headers, text = self.ask(name, "/metrics", OPEN)
            self.assertIn("application/openmetrics-text", headers["Content-Type"])
            texts.append(text)
        done = subprocess.run(["/usr/bin/python3", "-c", PARSE], input=json.dumps(texts), text=True,
                              capture_output=True, check=False, timeout=DEADLINE)
        if done.returncode == 77:
            self.skipTest("there is no python3-prometheus-client (scripts/install-deps.sh test)")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout.count("process_cpu_seconds counter seconds\n"), 3)

    def test_figures(self):
        """what goes through is counted at both ends"""
        before = {name: self.samples(name) for name in ("serve", "proxy")}
        body = b"x" * 3000
        self.rig.request("POST", "/echo", body)
        self.rig.request("GET", "/nothing-there")
        for name in before:
            now = self.samples(name)
            grown = {key: now[key] - value for key, value in before[name].items()}
            self.assertGreaterEqual(grown["tunnel_exchanges_total", 'end="complete"'], 2)
            self.assertGreaterEqual(grown["tunnel_responses_total", 'code="4xx"'], 1)
            self.assertGreaterEqual(grown["tunnel_request_bytes_total", ""], 3000)
            self.assertGreaterEqual(grown["tunnel_first_byte_seconds_count", ""], 2)
            self.assertEqual(grown["tunnel_first_byte_seconds_count", ""],
                             grown["tunnel_first_byte_seconds_bucket", 'le="+Inf"'])
            self.assertGreater(grown["tunnel_sent_bytes_total", ""], 0)
            self.assertEqual(now["tunnel_negotiations_total", 'outcome="direct"'], 1)
            self.assertGreaterEqual(now["tunnel_round_trip_seconds_count", ""], 1)
            self.assertEqual(now["tunnel_partners", ""], 1)
            self.assertEqual(now["tunnel_relayed_partners", ""], 0)
            self.assertGreater(now["process_resident_memory_bytes", ""], 1 << 20)

    def test_signal_server(self):
        """rooms, sockets and messages; a limit that is hit"""
        now = self.samples("signal-server")
        self.assertEqual(now["signal_rooms", ""], 1)
        self.assertEqual(now["signal_members", ""], 2)
        self.assertGreaterEqual(now["signal_received_messages_total", ""], 4)
        self.assertGreater(now["signal_sent_bytes_total", ""], 100)
        rig = self.rig
        argv = [TUNNEL, "proxy", "--room", "another-room", "--signal", rig.signal_url, "--stun",
                "none", "--listen", "127.0.0.1:0"]
        rig.run("proxy", argv).wait_for("waiting for")
        rig.run("proxy", argv).wait_for("too many connections from this address")
        now = self.samples("signal-server")
        self.assertEqual(now["signal_rooms", ""], 2)
        self.assertGreaterEqual(now["signal_limit_hits_total", 'limit="address"'], 1)

    def test_health(self):
        """/healthz, /readyz, and what is neither"""
        for name in self.ports:
            self.assertEqual(self.ask(name, "/healthz")[::2], (200, "ok\n"))
            self.assertEqual(self.ask(name, "/readyz?x=1")[::2], (200, "ready\n"))
            self.assertEqual(self.ask(name, "/other")[0], 404)
            self.assertEqual(self.ask(name, "/metrics", method="POST")[0], 405)

    def test_unready(self):
        """one that nobody can find is not ready, and says why"""
        rig = self.rig
        lost = rig.run("lost", [TUNNEL, "serve", "1", "--room", "another-room", "--signal",
                                f"ws://127.0.0.1:{free_port()}", "--stun", "none", "--metrics",
                                "127.0.0.1:0"])
        self.ports = {"lost": int(lost.wait_for(r"metrics: http://127.0.0.1:(\d+)/")[1])}
        lost.wait_for("trying again")
        status, _, why = self.ask("lost", "/readyz")
        self.assertEqual(status, 503)
        self.assertIn("connection refused", why)
        self.assertEqual(self.ask("lost", "/healthz")[0], 200)

    def test_taken(self):
        """a port that is taken is named"""
        at = f"127.0.0.1:{self.ports['serve']}"
        for argv in ([TUNNEL, "serve", "1", "--room", "r", "--signal", self.rig.signal_url],
                     [SIGNAL_SERVER, "--port", "0"]):
            done = subprocess.run([*WRAP, *argv, "--metrics", at], capture_output=True, text=True,
                                  timeout=DEADLINE, check=False)
            self.assertEqual(done.returncode, 1)
            self.assertIn(f"--metrics cannot be at '{at}': something listens there already",
                          done.stderr)

    def start_cluster(self):
        """A signal server of a cluster whose Redis is away."""
        server = self.rig.run("cluster", [SIGNAL_SERVER, "--port", "0", "--metrics", "127.0.0.1:0",
                                          "--cluster", f"redis://127.0.0.1:{free_port()}"])
        port = int(server.wait_for(r"metrics: http://127.0.0.1:(\d+)/")[1])
        self.ports = {**self.ports, "cluster": port}

    def test_dashboard(self):
        """each metric that docs/grafana-dashboard.json names is there"""
        with open(os.path.join(ROOT, "docs", "grafana-dashboard.json"), encoding="utf-8") as file:
            dashboard = json.load(file)
        is_clustered = has_clusters()
        if is_clustered:
            self.start_cluster()
        there = {key[0] for name in self.ports for key in self.samples(name)}
        named = set()
        for panel in dashboard["panels"]:
            for target in panel["targets"]:
                named |= set(re.findall(r"\b(?:tunnel|signal|process)_\w+", target["expr"]))
        self.assertGreater(len(named), 20)
        self.assertEqual(named - there, set())
        with open(os.path.join(ROOT, "docs", "OBSERVING.md"), encoding="utf-8") as file:
            section = file.read().split("\n## Metrics\n")[1]
        told = {name for name in re.findall(r"`((?:tunnel|signal|process)_\w+)`", section)
                if is_clustered or not name.startswith("signal_cluster_")}
        self.assertEqual({re.sub(r"_(bucket|sum|count)$", "", name) for name in there}, told)
