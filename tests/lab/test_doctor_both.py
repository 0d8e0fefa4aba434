"""`tunnel doctor LINK`: what the other side tells of its network, and what that means with
one's own. The TURN server is the signal server's to name."""

import re
import unittest

from harness import TUNNEL, WRAP
from lab import TURN_UDP, LabCase
from network import CONE, NO_UDP, SIGNAL_IP, SYMMETRIC, TURN_IP

BOTH = f"stun:{TURN_IP},stun:{SIGNAL_IP}"
KINDS = {"cone": {"source": CONE}, "strict": {"source": SYMMETRIC}, "blocked": {"outgoing": NO_UDP}}
SECRET = "secret-of-both"


class DoctorOfBoth(LabCase):
    shared = True

    @classmethod
    def start(cls, rig):
        rig.start_coturn(secret=SECRET, also=[SIGNAL_IP])
        with open(rig.file("secret"), "w") as file:
            file.write(f"{SECRET}\n")
        rig.start_signal("--turn-secret-file", rig.file("secret"), "--turn", TURN_UDP,
                         listen=f"{SIGNAL_IP}:8787")
        links, cls.doctors = {}, {}
        for number, (kind, options) in enumerate(KINDS.items(), 1):
            links[kind] = cls.start_provider(rig, kind, rig.network.add_home(number, **options))
        for number, kind in enumerate(("cone", "strict"), 4):
            host = rig.network.add_home(number, **KINDS[kind]).add_host(f"asks{number}", 2)
            for other, link in links.items():
                cls.ask(rig, kind, other, host, link)

    @classmethod
    def start_provider(cls, rig, kind, home):
        state = rig.file(f"state-{kind}")
        serve = rig.run(f"serve, {kind}", [
            *WRAP, TUNNEL, "serve", "--signal", rig.signal_url, "--state", state, "--stun", BOTH,
            "--upstream", "9", "--no-lan",
        ], space=home.add_host(kind, 2))  # fmt: skip
        serve.wait_for("waiting for the other side")
        invite = rig.run("invite", [*WRAP, TUNNEL, "invite", "phone", "--state", state,
                                    "--signal", rig.signal_url],
                         space=rig.core)  # fmt: skip
        return invite.wait_for(r"https?://\S+#t1\S+")[0]

    @classmethod
    def ask(cls, rig, kind, other, host, link):
        doctor = rig.run(f"doctor, {kind} and {other}", [
            *WRAP, TUNNEL, "doctor", link, "--state", rig.file("state"), "--stun", BOTH, "--no-lan",
        ], is_product=False, space=host)  # fmt: skip
        doctor.expected_exit = (0, 1)
        cls.doctors[kind, other] = doctor

    def check(self, kind, other, *wanted):
        doctor = self.doctors[kind, other]
        self.assertEqual(doctor.wait_exit(), 1)
        text = doctor.text("out")
        for words in wanted:
            self.assertTrue(re.search(f"^{words}", text, re.M), (words, text))
        return text

    def test_cones(self):
        """two cones: directly; TURN as the signal server names it, by UDP and by TCP"""
        self.check("cone", "cone",
                   r"turn: turn:192\.0\.2\.1, named by the signal server, relays as \S+, and carries$",
                   r"turn: turn:192\.0\.2\.1\?transport=tcp, which is not named, relays, too",
                   "other side: behind a cone NAT, its upstream does not answer; there: start it",
                   "both sides: a direct path between the two is to be had$")

    def test_symmetric(self):
        """two symmetric NATs: by a relay"""
        self.check("strict", "strict", "other side: behind a symmetric NAT, ",
                   "both sides: both are behind symmetric NATs: a relay carries all between them; for ")

    def test_cone_and_symmetric(self):
        """a cone and a symmetric NAT, from either side: by a relay"""
        for kind, other in (("cone", "strict"), ("strict", "cone")):
            self.check(kind, other, "both sides: a symmetric NAT at one side and a NAT at the other ")

    def test_blocked(self):
        """no UDP at the other side: by a relay, and nothing of addresses is told"""
        text = self.check("cone", "blocked", "other side: UDP is blocked there, ",
                          "both sides: UDP is blocked there: a relay carries all between them; for ")
        self.assertNotIn("203.0.113.10", text)


if __name__ == "__main__":
    unittest.main()
