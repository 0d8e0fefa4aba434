"""Homes whose hosts have IPv6 and nothing else.

    laptop ── home 1 ──── core
    2001:db8:11::2     2001:db8::1, 2001:db8::2

A home's router knows no translation of addresses, but lets in only what answers
what has gone out. One with NAT64 (RFC 6146; tayga, a masquerade behind it) has
no IPv6 on its other side: hosts reach the internet of IPv4 as a prefix of their
network's own, which is all that a DNS64 would tell them, too.
"""

import os
import shutil

from lab import TURN_NAME
from network import CONE, SIGNAL_IP, TURN_IP, Home

TURN_IP6 = "2001:db8::1"
SIGNAL_IP6 = "2001:db8::2"
PREFIX = "2001:db8:64::"
POOL = "192.168.255"
SIGNAL_NAME = "signal.lab"

WHY_NO_IPV6 = None if os.path.exists("/proc/net/if_inet6") else "this kernel has no IPv6"
WHY_NO_NAT64 = WHY_NO_IPV6
if not shutil.which("tayga", path=f"{os.environ['PATH']}:/usr/sbin"):
    WHY_NO_NAT64 = "there is no tayga"
elif not os.path.exists("/dev/net/tun"):
    WHY_NO_NAT64 = "there is no /dev/net/tun"


def give_core_addresses(core):
    """IPv6, too; what has no way is lost, as in IPv4."""
    core.forward_packets_ipv6()
    core.ip(
        f"addr add {TURN_IP6}/128 dev lo",
        f"addr add {SIGNAL_IP6}/128 dev lo",
        "addr add 2001:db8:ffff::1/64 dev void nodad",
        "neigh add 2001:db8:ffff::2 lladdr 02:00:00:00:00:01 dev void",
        "route add default via 2001:db8:ffff::2",
    )


class Home6(Home):
    """A home with a /64, behind a firewall."""

    def rules(self, source, outgoing, dmz):
        return """
        table inet home {
            chain forward {
                type filter hook forward priority filter; policy drop;
                iif wan ct state established,related accept
                iif lan accept
            }
        }"""

    def number_lan(self, subnet):
        self.subnet = f"2001:db8:1{subnet}"
        self.space.ip(f"addr add {self.subnet}::1/64 dev lan nodad")
        self.space.forward_packets_ipv6()

    def dial_in(self, first):
        outer = f"2001:db8:{self.number}"
        self.network.core.ip(
            f"addr add {outer}::1/64 dev {self.port} nodad",
            f"route add {self.subnet}::/64 via {outer}::2",
        )
        self.space.ip(
            f"addr add {outer}::2/64 dev wan nodad", f"route add default via {outer}::1"
        )

    def give_address(self, host, interface, last, metric=0):
        host.ip(
            f"addr add {self.subnet}::{last}/64 dev {interface} nodad",
            f"route replace default via {self.subnet}::1 dev {interface} metric {metric}",
        )


class HomeNat64(Home6):
    """A home with IPv6 inside, and IPv4 outside."""

    def rules(self, source, outgoing, dmz):
        return f"""
        table inet home {{
            chain out {{
                type nat hook postrouting priority srcnat;
                oif wan {CONE}
            }}
            chain forward {{
                type filter hook forward priority filter; policy drop;
                iif wan ct state established,related accept
                iif lan accept
                iifname nat64 accept
            }}
            chain unasked {{
                type filter hook input priority filter;
                iif wan ct state new drop
            }}
        }}"""

    def dial_in(self, first):
        Home.dial_in(self, first)

    def start_nat64(self, rig):
        """tayga; and a file of hosts, which says what its DNS64 would."""
        conf, hosts = rig.file("tayga.conf"), rig.file("hosts")
        with open(conf, "w") as file:
            file.write(f"""
tun-device nat64
ipv4-addr {POOL}.1
prefix {PREFIX}/96
dynamic-pool {POOL}.0/24
data-dir {rig.folder}
""")
        names = {SIGNAL_NAME: SIGNAL_IP, TURN_NAME: TURN_IP, "ipv4only.arpa": "192.0.0.170"}
        with open(hosts, "w") as file:
            file.writelines(f"{PREFIX}{ip} {name}\n" for name, ip in names.items())
        tayga = ["tayga", "--config", conf]
        self.space.run([*tayga, "--mktun"])
        self.space.ip(
            "link set nat64 up",
            f"route add {POOL}.0/24 dev nat64",
            f"route add {PREFIX}/96 dev nat64",
        )
        nat64 = rig.run("tayga", ["stdbuf", "-oL", *tayga, "-d"], is_product=False, space=self.space)
        nat64.wait_for("^Dynamic pool")
        return hosts
