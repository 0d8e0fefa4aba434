"""Thousands of exchanges at once, of which many go wrong on one side or the
other. Each response is whole to the byte or visibly broken, nobody is harmed by
another's fault, and nothing is left behind.

A run is drawn from a seed, which every result shows; --seed repeats it. --whole
makes it as large as it is meant to be."""

import asyncio
import os
import random
import sys
import time
import unittest

from client import Clients
from harness import CONNECTED, DEADLINE, IS_WHOLE, SEED, Case

HERE = os.path.dirname(os.path.abspath(__file__))
REQUESTS, CONNECTIONS = (10000, 1000) if IS_WHOLE else (2000, 200)
REFUSED = 100  # requests that find nobody listening


class ChaosCase(Case):
    seconds = 900 if IS_WHOLE else 120

    def setUp(self):
        super().setUp()
        self.seed = str(SEED or random.SystemRandom().randrange(1 << 32))
        self.note = f"seed {self.seed}"
        print(f"chaos: --seed {self.seed}", file=sys.stderr)
        argv = [sys.executable, os.path.join(HERE, "upstream.py"), self.seed]
        self.upstream = self.rig.run("upstream", argv, is_product=False)
        self.rig.upstream_url = self.upstream.wait_for(r"^listening (\S+)")[1]

    def start(self, *options):
        self.rig.start_signal()
        self.rig.start_serve("--log-level", "debug", "--max-streams", "2048", *options)
        self.rig.start_proxy("--log-level", "debug", *options)
        self.rig.wait_connected()

    def command(self, command, answer):
        mark = self.upstream.mark()
        self.upstream.send(command)
        return self.upstream.wait_for(answer, after=mark)

    def until(self, look, wanted, what):
        give_up = time.monotonic() + DEADLINE
        while (seen := look()) != wanted:
            if time.monotonic() > give_up:
                self.fail(f"{what}: {seen}, not {wanted}")
            time.sleep(0.02)

    def descriptors(self):
        return [len(os.listdir(f"/proc/{p.pid}/fd")) for p in (self.rig.serve, self.rig.proxy)]

    def streams(self):
        """How many each end has said that it has open, last of all."""
        said = []
        for process in (self.rig.serve, self.rig.proxy):
            lines = [line for line in process.text().split("\n") if "streams are open" in line]
            said.append(int(lines[-1].split()[-4]) if lines else 0)
        return said

    def upstream_load(self):
        match = self.command("count", r"^count (\d+) (\d+)")
        return [int(match[1]), int(match[2])]

    def connections(self):
        """Of serve to the upstream, as long as serve has not closed them."""
        port = ":%04X" % int(self.rig.upstream_url.rpartition(":")[2])
        with open("/proc/net/tcp", encoding="ascii") as table:
            rows = [row.split() for row in table]
        return sum(row[2].endswith(port) and row[3] in ("01", "08") for row in rows)

    def run_clients(self, numbers, connections):
        clients = Clients(self.rig.proxy_address, self.seed)
        asyncio.run(clients.run(numbers, connections))
        return clients

    def check_outcomes(self, clients):
        self.assertFalse(clients.wrong, "\n" + "\n".join(map(str, clients.wrong)))

    def check_chaos(self):
        self.settle()  # serve has connected to the upstream already
        before = self.descriptors()
        began = time.monotonic()
        clients = self.run_clients(range(1, REQUESTS + 1), CONNECTIONS)
        seconds = time.monotonic() - began
        self.check_outcomes(clients)
        outcomes = ", ".join(f"{n} {what}" for what, n in sorted(clients.outcomes.items()))
        self.note = f"seed {self.seed}: {outcomes} in {seconds:.0f} s"
        self.check_refused()
        self.settle()
        self.until(self.descriptors, before, "descriptors of serve and proxy")
        self.assertEqual(self.upstream.count("^wrong"), 0, self.upstream.text())
        for process in (self.rig.serve, self.rig.proxy):
            self.assertEqual(process.count(CONNECTED), 1, "the session was lost")

    def settle(self):
        """Until nothing is under way; then idle connections to the upstream go,
        and there are no others."""
        self.until(self.streams, [0, 0], "streams open at serve and proxy")
        self.until(lambda: self.upstream_load()[1], 0, "exchanges that the upstream still serves")
        self.command("drop", "^dropped")
        self.until(self.upstream_load, [0, 0], "upstream connections")
        self.until(self.connections, 0, "connections of serve to the upstream")

    def check_refused(self):
        """While nobody listens each request is refused; then all is as before."""
        self.command("refuse", "^refusing")
        self.settle()
        numbers = range(REQUESTS + 1, REQUESTS + REFUSED + 1)
        clients = self.run_clients(numbers, REFUSED)
        self.assertEqual(set(clients.outcomes) - {"refused", "aborted"}, set(), clients.wrong)
        self.command("listen", "^listening")
        self.check_outcomes(self.run_clients(numbers, REFUSED))


class Chaos(ChaosCase):
    def test_chaos(self):
        """aborts, half-closes, slow ends and every fault of an upstream, at once"""
        self.start()
        self.check_chaos()


class ChaosVersion1(ChaosCase):
    def test_chaos(self):
        """the same without any extension"""
        self.start("--without", "fields,interim,flow,upgrade,channels")
        self.check_chaos()


if __name__ == "__main__":
    unittest.main()
