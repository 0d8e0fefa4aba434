"""What a person is told when there is no path."""

import signal
import unittest

from lab import TURN_TCP, Homes
from network import NO_UDP


class NoPath(Homes):
    """Neither waits until it gives up: how long that takes, and what is told
    then, are stories of the rendezvous (tests/tunnel) and of ICE."""

    def test_everything_blocked(self):
        """no UDP and a wrong TURN password: who is left hears what was tried"""
        rig = self.rig
        self.build({"outgoing": NO_UDP}, {"outgoing": NO_UDP})
        rig.password = "not the password"
        rig.start(turn=[TURN_TCP])
        self.check_reasons(rig.proxy, rig.serve, ours="1.2", theirs="2.2")
        rig.start_tunnel(turn=[TURN_TCP])
        self.check_reasons(rig.serve, rig.proxy, ours="2.2", theirs="1.2", after=self.refused)

    def check_reasons(self, end, other, ours, theirs, after=0):
        for one in (end, other):
            one.wait_for("the other side is here")
        self.refused = self.wait_refused(after)
        for one in (other, end):
            one.kill(signal.SIGINT)
            self.assertEqual(one.wait_exit(), 0)
            if one is other:
                self.check_text(end.wait_for("left before there was a connection.*")[0], ours, theirs)

    def wait_refused(self, after):
        """Both have closed their connection to coturn, as they do when they have
        read that it refuses the password."""
        closed = r"session (\d+): TCP socket closed remotely"
        coturn = self.rig.coturn
        first = coturn.wait_for(closed, after)[1]
        return coturn.mark_of(closed.replace(r"\d+", rf"(?!{first})\d+"), after) + 1

    def check_text(self, text, ours, theirs):
        for reason in (
            rf"stun server 192\.0\.2\.1:3478 from 192\.168\.{ours}: no answer",
            r"turn server 192\.0\.2\.1:3478 over tcp: the server refuses user or password",
            rf"host 192\.168\.{ours}:\d+ -> host 192\.168\.{theirs}:\d+: (no answer|not tried) yet",
        ):
            self.assertRegex(text, reason)


if __name__ == "__main__":
    unittest.main()
