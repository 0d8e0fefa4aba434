"""A small internet of network namespaces: a core with servers in it, homes
behind real NATs (nftables), and hosts in the homes.

    laptop ── home 1 ──┐                ┌── home 2 ── provider
    192.168.1.2    203.0.113.2    203.0.113.6    192.168.2.2
                       └──── core ──────┘
                    192.0.2.1, 192.0.2.2

A namespace here has no name. It is held by a `cat` that waits at a pipe of
ours: when this process ends, however it ends, the pipe closes and the kernel
takes the namespace away with all that was in it. So nothing is left behind,
and labs that run at the same time cannot meet.
"""

import os
import re
import shutil
import subprocess
import types

# Where the servers of the core listen.
TURN_IP = "192.0.2.1"
SIGNAL_IP = "192.0.2.2"

# What a NAT does to the source of what it lets out. Linux keeps the port while
# it is free, so one port of a host is seen as the same port from everywhere;
# with fully-random every destination sees another one.
CONE = "masquerade"
SYMMETRIC = "masquerade fully-random"

# What a home's firewall may forbid.
NO_UDP = ("meta l4proto udp drop",)
ONLY_HTTPS = ("tcp dport 443 accept", "drop")


class Space:
    """A network namespace and what is run in it."""

    def __init__(self, name):
        self.name = name
        self.hosts = None  # a file that stands for /etc/hosts
        self.holder = subprocess.Popen(
            ["unshare", "--net", "cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, bufsize=1,
        )
        # What comes back comes from inside.
        self.holder.stdin.write("ready\n")
        if self.holder.stdout.readline() != "ready\n":
            raise OSError(f"no network namespace: {self.holder.stderr.read().strip()}")
        self.ip("link set lo up")

    @property
    def pid(self):
        return self.holder.pid

    def argv(self, argv):
        """The command that runs this command inside, and ends it with us."""
        with_hosts = ["unshare", "--mount", "sh", "-c",
                      'mount --bind "$0" /etc/hosts && exec "$@"', self.hosts]  # fmt: skip
        return ["nsenter", f"--net=/proc/{self.pid}/ns/net", *(with_hosts if self.hosts else ()),
                "setpriv", "--pdeathsig", "KILL", *argv]

    def run(self, argv, text=None):
        done = subprocess.run(self.argv(argv), input=text, text=True, capture_output=True)
        if done.returncode != 0:
            raise OSError(f"{self.name}: {' '.join(argv)}: {done.stderr.strip()}\n{text or ''}")
        return done.stdout

    def ip(self, *lines):
        self.run(["ip", "-batch", "-"], "\n".join(lines))

    def nft(self, rules):
        self.run(["nft", "-f", "-"], rules)

    def forward_packets(self):
        self.run(["sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward"])

    def forward_packets_ipv6(self):
        """Before its links are up. A router looks for its neighbours from its link-local
        addresses, which are of no use for a second if others are asked about them."""
        self.run(["sh", "-c", "cd /proc/sys/net/ipv6/conf && echo 1 >all/forwarding &&"
                  "for dad in */accept_dad; do echo 0 >$dad; done"])  # fmt: skip

    def close(self):
        self.holder.communicate()


class Home:
    """A home router: a bridge for its LAN, and a NAT to the core.

    source says what becomes of the source of what leaves: CONE or SYMMETRIC.
    outgoing are rules for what may leave, such as "meta l4proto udp drop". dmz
    is the last number of the host that gets what comes in unasked; otherwise
    that is dropped, as home routers do. subnet is the third number of the
    addresses in the LAN. public are the first three numbers of its address in
    the core. hairpin: what hosts send to that address comes back in, to the dmz.
    """

    def __init__(self, network, number, source=CONE, outgoing=(), dmz=None, subnet=None,
                 public="203.0.113", hairpin=False):
        self.network = network
        self.space = network.add_space(f"home {number}")
        self.number = number
        self.port = f"home{number}"  # the core's end
        self.public = public
        self.hairpin = hairpin
        self.space.ip(
            f"link add wan type veth peer name {self.port} netns {network.core.pid}",
            "link set wan up",
            # Without one of its own, its MAC address would change with its ports.
            f"link add lan address 02:00:00:00:01:{number:02} type bridge",
            "link set lan up",
        )
        self.number_lan(subnet or number)
        network.core.ip(f"link set {self.port} up")
        self.dial_in(4 * number - 3)
        self.space.forward_packets()
        self.space.nft(self.rules(source, outgoing, dmz))
        if hairpin:
            own = f"{public}.{4 * number - 2}"
            self.space.nft(f"""
                add rule ip home in iif lan ip daddr {own} meta l4proto udp dnat to {self.subnet}.{dmz}
                add rule ip home out oif lan ct status dnat snat to {own}""")

    def rules(self, source, outgoing, dmz):
        unasked = f"iif wan meta l4proto udp dnat to {self.subnet}.{dmz}" if dmz else ""
        outgoing = "\n".join(outgoing)
        return f"""
        table ip home {{
            chain out {{
                type nat hook postrouting priority srcnat;
                oif wan {source}
            }}
            chain in {{
                type nat hook prerouting priority dstnat;
                {unasked}
            }}
            chain forward {{
                type filter hook forward priority filter; policy drop;
                ct status dnat accept
                iif wan ct state established,related accept
                iif lan jump outgoing
            }}
            chain outgoing {{
                {outgoing}
                accept
            }}
            # A packet from outside that is answered or even taken would occupy
            # the port that the host behind us is about to send from.
            chain unasked {{
                type filter hook input priority filter;
                iif wan ct state new drop
            }}
        }}"""

    def number_lan(self, subnet):
        self.subnet = f"192.168.{subnet}"
        self.space.ip(f"addr add {self.subnet}.1/24 dev lan")

    def dial_in(self, first):
        """The provider gives it PUBLIC.(first + 1), and no other any more."""
        self.network.core.ip(
            f"addr flush dev {self.port}", f"addr add {self.public}.{first}/30 dev {self.port}"
        )
        self.space.ip(
            "addr flush dev wan",
            f"addr add {self.public}.{first + 1}/30 dev wan",
            f"route replace default via {self.public}.{first}",
        )

    def narrow(self, mtu):
        """Larger packets vanish on the way to the core, and nobody is told. TCP
        is spared, as by every router of that kind."""
        self.network.core.ip(f"link set {self.port} mtu {mtu}")
        self.space.ip(f"link set wan mtu {mtu}")
        table = f"""
            table ip narrow {{
                chain forward {{
                    type filter hook forward priority filter
                    tcp flags syn tcp option maxseg size set {mtu - 40}
                }}
                chain output {{
                    type filter hook output priority filter
                    icmp type destination-unreachable drop
                }}
            }}"""
        self.space.nft(table)
        self.network.core.nft(table)

    def add_host(self, name, last):
        """A host with the address that ends in that number."""
        host = self.network.add_space(name)
        self.plug_in(host, "eth0", last)
        return host

    def plug_in(self, host, interface, last, metric=0):
        self.space.ip(
            f"link add {host.name} type veth peer name {interface} netns {host.pid}",
            f"link set {host.name} master lan",
            f"link set {host.name} type bridge_slave hairpin {'on' if self.hairpin else 'off'}",
            f"link set {host.name} up",
        )
        host.ip(f"link set {interface} up")
        self.give_address(host, interface, last, metric)

    def give_address(self, host, interface, last, metric=0):
        host.ip(
            f"addr add {self.subnet}.{last}/24 dev {interface}",
            f"route replace default via {self.subnet}.1 dev {interface} metric {metric}",
        )

    def go_dead(self):
        """Nothing passes any more, and nobody is told."""
        self.space.nft("""
            table ip dead {
                chain forward { type filter hook forward priority -10; policy drop; }
            }""")

    def count_udp(self):
        """From now on, for packets_udp()."""
        self.space.nft("""
            table ip count {
                counter datagrams { }
                chain forward {
                    type filter hook forward priority -10
                    iif lan meta l4proto udp counter name datagrams
                }
            }""")

    def packets_udp(self):
        """How many datagrams its hosts have sent to elsewhere."""
        text = self.space.run(["nft", "list", "counter", "ip", "count", "datagrams"])
        return int(re.search(r"packets (\d+)", text)[1])

    def take_address(self, host, interface, last):
        host.ip(f"addr del {self.subnet}.{last}/24 dev {interface}")


def add_behind_carrier(network, number, source):
    """A home behind another NAT, which it shares with others (RFC 6598)."""
    carrier = network.add_home(number, source=source)
    carrier.space.nft('add rule ip home forward iifname "home*" accept')
    inside = types.SimpleNamespace(core=carrier.space, add_space=network.add_space)
    return Home(inside, 20 + number, CONE, public="100.64.0")


class Network:
    """The core, and every namespace there is."""

    def __init__(self):
        self.spaces = []
        self.lan = None
        self.core = self.add_space("core")
        self.core.forward_packets()
        self.core.ip(
            f"addr add {TURN_IP}/32 dev lo",
            f"addr add {SIGNAL_IP}/32 dev lo",
            # What has no way from here is lost on the way, as on the internet:
            # without a route the sender would be told.
            "link add void type veth peer name void-end",
            "addr add 198.51.100.1/30 dev void",
            "link set void up",
            "link set void-end up",
            "neigh add 198.51.100.2 lladdr 02:00:00:00:00:01 dev void",
            "route add default via 198.51.100.2",
        )

    def add_space(self, name):
        space = Space(name)
        self.spaces.append(space)
        return space

    def add_home(self, number, **options):
        return Home(self, number, **options)

    def plug_into_lan(self, host, address):
        """Into a LAN that has no router. Nobody else has that address, so it
        may be used at once."""
        if not self.lan:
            self.lan = self.add_space("lan")
            self.lan.ip("link add lan type bridge", "link set lan up")
        port = f"port{host.pid}"
        self.lan.ip(
            f"link add {port} type veth peer name lan0 netns {host.pid}",
            f"link set {port} master lan",
            f"link set {port} up",
        )
        host.ip(f"addr add {address} dev lan0 nodad", "link set lan0 up")

    def part_homes(self):
        """No UDP passes between homes any more; what they say to the core does."""
        self.core.nft("""
            table inet wall {
                chain forward {
                    type filter hook forward priority filter
                    iifname "home*" oifname "home*" meta l4proto udp drop
                }
            }""")

    def count_direct(self):
        """From now on, for packets_direct()."""
        self.core.nft("""
            table inet count {
                counter direct { }
                chain forward {
                    type filter hook forward priority filter
                    iifname "home*" oifname "home*" counter name direct
                }
            }""")

    def packets_direct(self):
        """How many have passed between homes."""
        text = self.core.run(["nft", "list", "counter", "inet", "count", "direct"])
        return int(re.search(r"packets (\d+)", text)[1])

    def rejoin_homes(self):
        self.core.run(["nft", "delete", "table", "inet", "wall"])

    def close(self):
        for space in self.spaces:
            space.close()


def why_not():
    """Why there can be no lab here, or None."""
    for program in ("unshare", "nsenter", "setpriv", "ip", "nft", "turnserver", "curl", "openssl"):
        if not shutil.which(program):
            return f"there is no {program}"
    if os.geteuid() != 0:
        return "only root can make network namespaces"
    try:
        network = Network()
    except OSError as error:
        return str(error)
    try:
        home = network.add_home(1)
        home.add_host("host", 2)
    except OSError as error:
        return f"no NAT can be made: {error}"
    finally:
        network.close()
    return None
