"""What a person is told when there is no path."""

import json
import unittest

from lab import TURN_TCP, Homes
from network import NO_UDP


class NoPath(Homes):
    # The agent gives up after 23.5 s, or the link after 30 s; a client waits
    # for 10 s.
    given_up_s = 60

    def test_everything_blocked(self):
        """no UDP and a wrong TURN password: 503 for the client, and the reasons"""
        rig = self.rig
        self.build({"outgoing": NO_UDP}, {"outgoing": NO_UDP})
        rig.password = "not the password"
        rig.start(turn=[TURN_TCP])
        for end in (rig.proxy, rig.serve):
            end.wait_for("the other side is here")
        marks = [end.mark() for end in (rig.proxy, rig.serve)]
        self.check_unavailable()
        self.check_reasons(rig.proxy, marks[0], ours="1.2", theirs="2.2")
        self.check_reasons(rig.serve, marks[1], ours="2.2", theirs="1.2")
        self.assertIn("no answer", self.check_unavailable())

    def check_unavailable(self):
        """What the client is told."""
        curl = self.rig.curl("--write-out", "\n%{http_code}", self.rig.url("/health"))
        self.assertEqual(curl.wait_exit(), 0)
        body, status = curl.text("out").rsplit("\n", 1)
        self.assertEqual(status, "503")
        message = json.loads(body)["error"]["message"]
        self.assertIn("the tunnel is not connected", message)
        return message

    def check_reasons(self, end, mark, ours, theirs):
        """The end that gives up second may hear first that the other one has
        left; it gives its reasons then. What the link's patience ends on a slow
        machine has the same reasons."""
        lines = "no connection to the other side.*|left before there was a connection.*"
        text = end.wait_for(lines, after=mark, deadline=self.given_up_s)[0]
        for reason in (
            rf"stun server 192\.0\.2\.1:3478 from 192\.168\.{ours}: no answer",
            r"turn server 192\.0\.2\.1:3478 over tcp: the server refuses user or password",
            rf"host 192\.168\.{ours}:\d+ -> host 192\.168\.{theirs}:\d+: no answer",
        ):
            self.assertRegex(text, reason)


if __name__ == "__main__":
    unittest.main()
