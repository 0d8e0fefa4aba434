"""A laptop sleeps, and wakes up."""

import os
import signal
import time
import unittest

from harness import BUILD, CONNECTED, IS_INSTRUMENTED, Case

# Adds a minute to a process's clock at each signal, and so does what a sleep
# does: it is long for the clock, and nothing happens in it.
SLEEPING = os.path.join(BUILD, "tests", "libsleeping.so")
MINUTE = signal.SIGRTMIN
GIVEN_UP = "the other side went silent"


@unittest.skipIf(IS_INSTRUMENTED, "needs LD_PRELOAD")
class Sleep(Case):
    def setUp(self):
        super().setUp()
        env = {"LD_PRELOAD": SLEEPING}
        self.rig.start_mock()
        self.rig.start_signal()
        self.rig.start_serve(env=env)
        self.rig.start_proxy(env=env)
        self.rig.wait_connected()
        self.assertEqual(self.rig.request("GET", "/v1/models")[0], 200)

    def test_wakes_up(self):
        """after a minute's sleep, every request is answered"""
        proxy, serve = self.rig.proxy, self.rig.serve
        mark = proxy.mark()
        proxy.child.send_signal(signal.SIGSTOP)
        serve.child.send_signal(MINUTE)
        serve.wait_for(GIVEN_UP)
        # One is there before the proxy can know that it has slept.
        first = self.rig.connect()
        self.addCleanup(first.close)
        began = time.monotonic()
        first.request("GET", "/v1/models")
        proxy.child.send_signal(MINUTE)
        proxy.child.send_signal(signal.SIGCONT)
        statuses = [self.rig.request("GET", "/v1/models")[0] for _ in range(5)]
        statuses.append(first.getresponse().status)
        self.note = f"within {time.monotonic() - began:.1f} s"
        self.assertEqual(statuses, [200] * 6)
        # By its own clock, or since the other side's farewell was in its socket.
        proxy.wait_for("the connection to the other side ended", after=mark)
        proxy.wait_for(CONNECTED, after=mark)


if __name__ == "__main__":
    unittest.main()
