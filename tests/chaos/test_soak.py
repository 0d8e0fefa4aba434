"""A week's worth of requests in one run: half a million with --whole, some
hundreds else. While they go on, a proxy, the upstream and the signal server are
killed, and the network goes away, again and again. Each response is whole to the
byte or visibly broken, where there was no fault all are whole, and what the two
ends hold at rest stays the same: memory, descriptors, threads.

    provider: upstream, serve       consumer: a proxy that stays, and one that
              hub: signal-server              is killed; clients of each

A run is drawn from a seed, as in test_chaos.py."""

import contextlib
import json
import os
import random
import statistics
import sys
import time
import unittest

from harness import CONNECTED, DEADLINE, IS_INSTRUMENTED, IS_WHOLE, SEED, Case, free_port
from link_rig import ByLink
from spaces import SpacesRig, why_not
from test_status import UnixConnection

HERE = os.path.dirname(os.path.abspath(__file__))
ROUNDS, REQUESTS = (25, 20000) if IS_WHOLE else (1, 600)  # and so many in each
WARM = ROUNDS // 5  # rounds, in which buffers and tables get their sizes
CONNECTIONS = 48, 16  # of the clients of either proxy
SHORT = 2  # s that the network is away: nothing is harmed by that
# What one request may leave behind, in bytes of resident memory: a leak of the
# least that malloc() gives is 24.
LEFT_BEHIND = 6
# Descriptors by which one rest may differ from the next: a session's own, and where a
# rest does not wait until the killed proxy is known to be dead, those of its session.
SOME = 4 if IS_WHOLE else 20
THREADS = 1 + 8  # libuv's pool is there from the first use on
MET = CONNECTED + "|connected by way of the signal server"
MB = 1 << 20


class SoakRig(ByLink, SpacesRig):
    places = {**SpacesRig.places, "upstream": "provider", "clients": "consumer"}

    def start_upstream(self, seed, port=0):
        argv = [sys.executable, os.path.join(HERE, "upstream.py"), seed, "week", str(port)]
        self.upstream = self.run("upstream", argv, is_product=False)
        self.upstream_url = self.upstream.wait_for(r"^listening (\S+)")[1]

    def start_end(self, name, link, listen):
        """A proxy with its socket in a folder of its own."""
        env = {"XDG_STATE_HOME": os.path.join(self.state, name.split()[-1])}
        return self.start_linked(link, env=env, name=name, listen=f"127.0.0.1:{listen}")

    def start_clients(self, name, seed, connections):
        host, port = self.proxy_address
        argv = [sys.executable, os.path.join(HERE, "client.py"), host, str(port)]
        return self.run(name, [*argv, seed, "week", str(connections)], is_product=False)


class Sample:
    """What a process holds."""

    def __init__(self, process):
        self.rss = process.rss()
        self.descriptors = len(os.listdir(f"/proc/{process.pid}/fd"))
        self.threads = len(os.listdir(f"/proc/{process.pid}/task"))
        self.name = process.name

    def __str__(self):
        kb = self.rss >> 10
        return f"{self.name}: {kb} KB, {self.descriptors} descriptors, {self.threads} threads"


@unittest.skipIf(why_not(), why_not() or "")
class Soak(Case):
    rig_type = SoakRig
    seconds = 4 * 3600 if IS_WHOLE else 120

    def setUp(self):
        super().setUp()
        rig = self.rig
        self.seed = str(SEED or random.SystemRandom().randrange(1 << 32))
        self.faults = {"stays": [], "killed": []}  # spans of time, for each proxy
        self.counts = {}
        rig.start_upstream(self.seed)
        rig.start_signal(listen="10.77.0.1:0")
        log = os.path.join(rig.state, "access.log")
        rig.start_serve("--max-streams", "2048", "--access-log", log)
        self.link = rig.invite("desktop", "--signal", rig.signal_url)
        laptop = rig.invite("laptop", "--signal", rig.signal_url)
        self.stays = rig.start_end("proxy stays", laptop, 0)
        clients = rig.start_clients("clients stays", self.seed, CONNECTIONS[0])
        self.killed_port = free_port()
        self.start_killed()
        self.clients = {"stays": clients,
                        "killed": rig.start_clients("clients killed", self.seed, CONNECTIONS[1])}
        rig.wait_connected()
        self.stays.wait_for(CONNECTED)

    def start_killed(self):
        self.killed = self.rig.start_end("proxy killed", self.link, self.killed_port)

    # ---- faults ----

    @contextlib.contextmanager
    def fault(self, *whose):
        """Requests of these clients that meet with it may break."""
        began = time.monotonic()
        yield
        for name in whose:
            self.faults[name].append((began, time.monotonic()))

    def kill_proxy(self):
        with self.fault("killed"):
            self.killed.kill()
            self.killed.wait_exit()
            self.start_killed()
            self.killed.wait_for(CONNECTED)

    def kill_upstream(self):
        rig = self.rig
        with self.fault("stays", "killed"):
            rig.upstream.kill()
            rig.upstream.wait_exit()
            rig.start_upstream(self.seed, rig.upstream_url.rpartition(":")[2])

    def kill_signal_server(self):
        """No request is harmed by that."""
        rig = self.rig
        marks = {process: process.mark() for process in (rig.serve, self.stays)}
        rig.signal.kill()
        rig.signal.wait_exit()
        rig.start_signal(listen=rig.signal_url.removeprefix("ws://"))
        for process, mark in marks.items():
            process.wait_for("back at the signal server", after=mark)

    def cut(self):
        self.rig.inside("hub", "link", "set", "prov-eth0", "nomaster")

    def mend(self):
        self.rig.inside("hub", "link", "set", "prov-eth0", "master", "lan")

    def go_away_shortly(self):
        self.cut()
        time.sleep(SHORT)
        self.mend()

    def go_away(self):
        """Until both ends have given up the sessions."""
        marks = {process: process.mark() for process in (self.stays, self.killed)}
        with self.fault("stays", "killed"):
            self.cut()
            for process, mark in marks.items():
                process.wait_for("the other side went silent", after=mark, deadline=2 * DEADLINE)
            self.mend()
            # An offer that went out before may be lost: that shows after 30 s,
            # and a link that nobody answers is tried again a minute later.
            for process, mark in marks.items():
                process.wait_for(MET, after=mark, deadline=6 * DEADLINE)

    # ---- at rest ----

    def until(self, look, wanted, what):
        give_up = time.monotonic() + 2 * DEADLINE
        while (seen := look()) != wanted:
            if time.monotonic() > give_up:
                self.fail(f"{what}: {seen}, not {wanted}")
            time.sleep(0.05)

    def status(self, process, state):
        conn = UnixConnection(os.path.join(state, f"control-{process.pid}"))
        conn.request("GET", "/status")
        try:
            return json.loads(conn.getresponse().read())
        finally:
            conn.close()

    def status_of_both(self):
        return (self.status(self.rig.serve, self.rig.state),
                self.status(self.stays, os.path.join(self.rig.state, "stays", "tunnel")))

    def under_way(self):
        return [len(status["under_way"]) for status in self.status_of_both()]

    def partners(self):
        return [len(status["partners"]) for status in self.status_of_both()]

    def upstream_load(self):
        mark = self.rig.upstream.mark()
        self.rig.upstream.send("count")
        match = self.rig.upstream.wait_for(r"^count (\d+) (\d+)", after=mark)
        return [int(match[1]), int(match[2])]

    def rest(self):
        """Until nothing is under way, and there is one session to either proxy;
        idle connections to the upstream go. What both ends hold then."""
        self.until(self.under_way, [0, 0], "exchanges under way at serve and proxy")
        self.until(lambda: self.upstream_load()[1], 0, "exchanges that the upstream serves")
        self.rig.upstream.send("drop")
        self.until(self.upstream_load, [0, 0], "connections of the upstream")
        self.status_of_both()  # comes after the turn in which serve closes its ends of them
        if IS_WHOLE:  # it takes seconds to know that one was killed
            self.until(self.partners, [2, 1], "partners of serve and proxy")
        self.assertEqual(self.rig.upstream.count("^wrong"), 0, self.rig.upstream.text())
        for process in self.rig.processes:
            self.forget(process)
        return Sample(self.rig.serve), Sample(self.stays)

    @staticmethod
    def forget(process):
        """What it has said so far, which would fill this process's memory."""
        with process.changed:
            del process.lines[:]

    # ---- the run ----

    def run_round(self, number):
        """Requests through both proxies, and one fault after another."""
        first = 1 + number * REQUESTS
        middle = first + REQUESTS * CONNECTIONS[0] // sum(CONNECTIONS)
        shares = {"stays": (first, middle), "killed": (middle, first + REQUESTS)}
        marks = {name: self.clients[name].mark() for name in shares}
        for name, share in shares.items():
            self.clients[name].send("run %d %d" % share)
        self.kill_proxy()
        self.kill_upstream()
        self.kill_signal_server()
        if IS_WHOLE:
            self.go_away_shortly()
            self.go_away()
        for name, clients in self.clients.items():
            answer = clients.wait_for(r"^\{.*\}$", after=marks[name], deadline=3600)
            self.forget(clients)
            self.take(name, json.loads(answer[0]))

    def take(self, name, answer):
        """All is as planned, but for what has met with a fault, which shows."""
        for outcome, count in answer["outcomes"].items():
            self.counts[outcome] = self.counts.get(outcome, 0) + count
        bad = []
        for outcome, began, ended, plan in answer["wrong"]:
            has_met = any(began <= to and ended >= since for since, to in self.faults[name])
            if not has_met or outcome not in ("broken", "refused", "away"):
                bad.append(f"{name}: {outcome} from {began:.3f} to {ended:.3f}; {plan}")
        if bad:
            self.fail("\n".join([*bad[:20], f"faults: {self.faults[name][-4:]}"]))

    def check_flat(self, samples):
        """samples: of serve, or of proxy, after each round."""
        seen = [sample.descriptors for sample in samples[WARM:]]
        half = len(seen) // 2
        self.assertLessEqual(max(seen[half:]), max(seen[:half]) + SOME, f"descriptors: {seen}")
        self.assertLessEqual(max(sample.threads for sample in samples), THREADS)
        sizes = [sample.rss for sample in samples]
        if IS_WHOLE and not IS_INSTRUMENTED:
            rounds = range(WARM, len(sizes))
            slope = statistics.linear_regression(rounds, sizes[WARM:]).slope / REQUESTS
            self.assertLess(slope, LEFT_BEHIND, f"bytes a request: {sizes}")
            return f"{sizes[WARM] / MB:.1f} -> {sizes[-1] / MB:.1f} MB, {slope:.2f} bytes a request"
        return f"{sizes[0] / MB:.1f} -> {sizes[-1] / MB:.1f} MB"

    def test_soak(self):
        """requests of a week, with each of its faults"""
        print(f"soak: --seed {self.seed}", file=sys.stderr)
        samples = [self.rest()]
        began = time.monotonic()
        for number in range(ROUNDS):
            self.run_round(number)
            samples.append(self.rest())
            held = "; ".join(map(str, samples[-1]))
            print(f"round {number + 1}: {time.monotonic() - began:.0f} s, {held}, {self.counts}",
                  file=sys.stderr, flush=True)
        flat = [self.check_flat(list(of_one)) for of_one in zip(*samples)]
        outcomes = ", ".join(f"{n} {what}" for what, n in sorted(self.counts.items()))
        self.note = f"seed {self.seed}: {outcomes}; serve {flat[0]}; proxy {flat[1]}"


if __name__ == "__main__":
    unittest.main()
