"""Ports that a person, or the router, opens."""

import shutil
import unittest

from harness import TUNNEL, WRAP
from lab import DIRECTLY, Homes
from network import SYMMETRIC

# miniupnpd maps nothing where its own address is one of documentation.
PUBLIC = "44.0.0"


class Published(Homes):
    def test_external(self):
        """one port published in front of the provider, and no server: direct"""
        self.build({"source": SYMMETRIC}, {"source": SYMMETRIC, "dmz": 2})
        rig = self.rig
        rig.start_mock()
        rig.start_signal()
        rig.start_serve("--udp-port", "40000", "--external", "203.0.113.6")
        rig.start_proxy()
        laptop, provider = rig.pairs()
        self.assertEqual((laptop.remote, laptop.remote_address), ("srflx", "203.0.113.6:40000"))
        self.assertEqual(provider.local_address, "203.0.113.6:40000")
        self.check_direct((laptop, provider))


@unittest.skipUnless(shutil.which("miniupnpd"), "there is no miniupnpd")
class Router(Homes):
    """The provider's router is miniupnpd; both NATs are symmetric, and no server helps."""

    def start_router(self, home, natpmp, upnp):
        home.space.nft("""
            table inet upnp {
                chain forwardUPnP { }
                chain UPnP { }
                chain UPnP-Postrouting { }
                chain prerouting { type nat hook prerouting priority -100; jump UPnP; }
                chain postrouting { type nat hook postrouting priority 90; jump UPnP-Postrouting; }
            }""")
        conf = self.rig.file("miniupnpd.conf")
        with open(conf, "w") as file:
            file.write(f"""
ext_ifname=wan
listening_ip=lan
port=0
enable_natpmp={natpmp}
enable_upnp={upnp}
secure_mode=yes
upnp_table_name=upnp
upnp_nat_table_name=upnp
upnp_forward_chain=forwardUPnP
upnp_nat_chain=UPnP
upnp_nat_postrouting_chain=UPnP-Postrouting
allow 1024-65535 192.168.0.0/16 1024-65535
""")
        router = self.rig.run("miniupnpd", ["miniupnpd", "-d", "-f", conf,
                                            "-P", self.rig.file("miniupnpd.pid")],
                              is_product=False, space=home.space)  # fmt: skip
        router.wait_for("Listening for NAT-PMP" if natpmp == "yes" else "HTTP listening")
        self.router = home.space

    def mappings(self):
        return self.router.run(["nft", "list", "chain", "inet", "upnp", "UPnP"]).count("dnat")

    def check_mapped(self, **protocols):
        self.build({"source": SYMMETRIC}, {"source": SYMMETRIC, "public": PUBLIC})
        rig = self.rig
        self.start_router(rig.home_2, **protocols)
        rig.start_mock()
        rig.start_signal()
        rig.start_serve("--port-mapping")
        rig.start_proxy()
        laptop, provider = rig.pairs(DIRECTLY)
        self.assertTrue(laptop.remote_address.startswith(f"{PUBLIC}.6:"), laptop)
        self.assertEqual(self.mappings(), 1)
        self.check_direct((laptop, provider))
        self.assertIsNone(rig.serve.end())
        self.assertEqual(self.mappings(), 0)
        self.check_doctor()

    def check_doctor(self):
        """It asks for a port, and gives it back."""
        doctor = self.rig.run("doctor", [*WRAP, TUNNEL, "doctor", "--stun", "none", "--state",
                                         self.rig.file("state")],
                              is_product=False, space=self.rig.provider)  # fmt: skip
        self.assertEqual(doctor.wait_exit(), 0)
        doctor.wait_for(rf"^port mapping: the router gives ports, as {PUBLIC}\.6:\d+$")
        self.assertEqual(self.mappings(), 0)

    def test_natpmp(self):
        """a port by NAT-PMP: direct, and taken back at the end"""
        self.check_mapped(natpmp="yes", upnp="no")

    def test_upnp(self):
        """a port by UPnP: direct, and taken back at the end"""
        self.check_mapped(natpmp="no", upnp="yes")


if __name__ == "__main__":
    unittest.main()
